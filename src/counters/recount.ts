// Counting anew: limits that are new, or count other things than before, and all of them to verify; while calls begin and end.

import type { ScopedLimit } from '../core/limit.ts'
import { windowOf } from '../core/window.ts'
import type { CountQuestion, CounterDifference, LedgerCounts } from '../core/reservation.ts'
import { WindowCounter } from './counter.ts'
import type { Watch } from './open-calls.ts'
import { SlotsByOwner, type Slot } from './slot.ts'

type Asked = CountQuestion & { readonly slot: Slot; readonly windowStart: number }

/**
 * Asks the ledger while calls go on. What it may or may not have seen of them is known here: calls that were open when it was asked, or
 * began since, are left out of its answer and counted from what they hold and used.
 */
export async function askLedger(
  slots: readonly Slot[],
  at: number,
  from: { readonly ledger: LedgerCounts; readonly watch: Watch },
): Promise<(into: { readonly at: number; readonly attach: boolean }) => void> {
  const asked = slots.flatMap((slot) => questionsOf(slot, at))
  const questions = asked.map(({ scoped, from: start, to }) => ({ scoped, from: start, to }))
  const counts = questions.length === 0 ? [] : await from.ledger(questions, from.watch)
  return (into) => {
    for (const slot of slots) for (const counter of slot.counters()) counter.roll(into.at)
    for (const [index, { slot, windowStart }] of asked.entries()) {
      fill(slot, windowStart, { at: into.at, used: counts[index] ?? new Map() })
    }
    replay(slots, from.watch, into)
  }
}

/** The running window and, where something may be left over, the one before. Buckets and calls at once begin anew. */
function questionsOf(slot: Slot, at: number): readonly Asked[] {
  const { scoped } = slot
  const { limit } = scoped
  if (limit.burst !== null || limit.kind === 'concurrency') return []
  const current = windowOf(limit, at)
  const windows = limit.rolloverCap === null ? [current] : [windowOf(limit, current.start - 1), current]
  return windows
    .map(({ start, end }) => ({ slot, scoped, windowStart: start, from: Math.max(start, limit.resetAt ?? 0), to: end }))
    .filter(({ from, to }) => from < to)
}

/** Where there are more values than are counted each by itself, the largest are. */
function fill(slot: Slot, windowStart: number, counted: { at: number; used: ReadonlyMap<string, bigint> }): void {
  const largestFirst = [...counted.used].sort(([, left], [, right]) => (left < right ? 1 : left > right ? -1 : 0))
  for (const [value, used] of largestFirst) {
    const counter = slot.counterOf(value, counted.at)
    counter.roll(counted.at)
    if (counter instanceof WindowCounter) counter.addUsed(windowStart, used)
  }
}

function replay(slots: readonly Slot[], watch: Watch, into: { readonly at: number; readonly attach: boolean }): void {
  const byOwner = new SlotsByOwner(slots)
  for (const held of watch.calls) {
    for (const slot of byOwner.of(held.call)) {
      const { resetAt } = slot.scoped.limit
      if (resetAt !== null && held.startedAt < resetAt) continue
      const counter = slot.counterFor(held.call, into.at)
      counter?.roll(into.at)
      if (counter !== null) held.countIn(counter, into.attach)
    }
  }
}

/** What the counters say that counted all along, beside what was counted anew; with `repair`, the latter is put into their place. */
export function compareSlots(
  pairs: readonly { readonly slot: Slot; readonly anew: Slot }[],
  at: number,
  repair: boolean,
): readonly CounterDifference[] {
  const differences: CounterDifference[] = []
  for (const { slot, anew } of pairs) {
    const values = new Set([...slot.counters(), ...anew.counters()].map(({ split }) => split ?? ''))
    for (const value of values) {
      const [counter, recounted] = [slot.counterOf(value, at), anew.counterOf(value, at)]
      counter.roll(at)
      recounted.roll(at)
      if (!(counter instanceof WindowCounter) || !(recounted instanceof WindowCounter)) continue
      for (const windowStart of recounted.windowStarts()) {
        const [counted, ledger] = [counter.usedIn(windowStart), recounted.usedIn(windowStart)]
        if (counted === null || ledger === null || counted === ledger) continue
        differences.push({ scoped: slot.scoped, split: counter.split, windowStart, counted, ledger })
        if (repair) counter.setUsed(windowStart, ledger)
      }
    }
  }
  return differences
}

/** Whether one limit's count says something of the other: they may differ in amount, mode and the like. */
export function countsTheSame({ limit: left }: ScopedLimit, { limit: right }: ScopedLimit): boolean {
  return (
    left.kind === right.kind &&
    left.per === right.per &&
    (left.burst === null) === (right.burst === null) &&
    left.counts === right.counts &&
    left.burnDown === right.burnDown &&
    left.timeZone === right.timeZone &&
    left.fiscalStartMonth === right.fiscalStartMonth &&
    left.splitBy === right.splitBy &&
    left.resetAt === right.resetAt &&
    (left.rolloverCap === null) === (right.rolloverCap === null) &&
    (left.scope === right.scope || JSON.stringify(left.scope) === JSON.stringify(right.scope))
  )
}

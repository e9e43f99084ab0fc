// Writes a record of every call to a sink, at least once: beside the calls, again where the sink was away, and from the ledger after a crash.

import type { LedgerEntry, LedgerStore } from '../core/ledger.ts'
import { ALL_TENANTS } from '../core/tenant.ts'
import { usageRecordOf } from '../core/usage-record.ts'

/** Resolves when the lines are taken; each is JSON. */
export type UsageSink = (lines: readonly string[]) => Promise<void>

export type MeteringLogDependencies = {
  readonly ledger: LedgerStore
  readonly state: { get(name: string): Promise<string | null>; set(name: string, value: string): Promise<void> }
  readonly sink: UsageSink
  readonly now: () => number
  /** no call runs longer */
  readonly longestCallMilliseconds: number
  readonly onFailure: (thrown: unknown) => void
}

export type MeteringLog = {
  /** Never on the way of a call: it is put into a list, no more. */
  onEntry(entry: LedgerEntry): void
  start(intervalMilliseconds: number): Promise<void>
  /** Writes what is there, as far as the sink takes it. */
  stop(): Promise<void>
}

export const METERING_LIMITS = {
  /** more are let go, and read from the ledger again when the sink is back */
  waitingEntries: 10_000,
  batchLines: 500,
  /** what ended so long before a crash may have been written or not: it is written again */
  doubtMilliseconds: 3_600_000,
} as const

const STATE = 'metering_log'
/** Everything that was durable before `at` is written. `clean`: the process ended in order, nothing is in doubt. */
type Mark = { readonly at: number; readonly clean: boolean }

export function createMeteringLog(dependencies: MeteringLogDependencies): MeteringLog {
  const { ledger, state, sink, now, longestCallMilliseconds, onFailure } = dependencies
  let waiting: LedgerEntry[] = []
  /** calls that ended then or later are read from the ledger first */
  let missingSince: number | null = null
  let written: Mark = { at: now(), clean: true }
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()

  const write = async (entries: readonly LedgerEntry[]): Promise<void> => {
    const lines = entries.flatMap(linesOf)
    for (let at = 0; at < lines.length; at += METERING_LIMITS.batchLines)
      await sink(lines.slice(at, at + METERING_LIMITS.batchLines))
  }
  const mark = async (next: Mark): Promise<void> => {
    await state.set(STATE, JSON.stringify(next))
    written = next
  }
  const catchUp = async (since: number): Promise<void> => {
    for await (const batch of ledger.scan(ALL_TENANTS, { from: Math.max(0, since - longestCallMilliseconds) }))
      await write(batch.filter((entry) => entry.endedAt >= since))
    missingSince = null
  }
  const flush = async (): Promise<void> => {
    const at = now()
    if (missingSince !== null) await catchUp(missingSince)
    else if (waiting.length === 0) return
    const taken = waiting
    waiting = []
    try {
      await write(taken)
    } catch (thrown) {
      waiting = [...taken, ...waiting]
      throw thrown
    }
    await mark({ at, clean: false })
  }
  const soon = (): Promise<void> => {
    running = running.then(flush).catch(onFailure)
    return running
  }
  return {
    onEntry(entry) {
      if (waiting.length < METERING_LIMITS.waitingEntries) {
        waiting.push(entry)
        return
      }
      missingSince ??= written.at - METERING_LIMITS.doubtMilliseconds
      waiting = [entry]
    },
    async start(intervalMilliseconds) {
      const before = await state.get(STATE)
      if (before === null) await mark({ at: now(), clean: false })
      else {
        written = JSON.parse(before) as Mark
        missingSince = written.clean ? written.at : written.at - METERING_LIMITS.doubtMilliseconds
      }
      timer = setInterval(() => void soon(), intervalMilliseconds)
      timer.unref()
    },
    async stop() {
      if (timer === null) return
      clearInterval(timer)
      await soon()
      if (waiting.length === 0 && missingSince === null) await mark({ at: now(), clean: true }).catch(onFailure)
    },
  }
}

/** As the samples' logger wrote it: the record stands under `message`. */
function linesOf(entry: LedgerEntry): string[] {
  const message = usageRecordOf(entry)
  if (message === null) return []
  const timestamp = new Date(entry.endedAt).toISOString()
  return [JSON.stringify({ level: 'INFO', location: 'weighbridge', message, service: 'weighbridge', timestamp })]
}

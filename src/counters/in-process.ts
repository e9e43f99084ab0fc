// Counters of one process: all limits of a call are taken in one synchronous step, so nothing can come between asking and taking.

import type { ScopedLimit } from '../core/limit.ts'
import type { Consumption, LimitedCall } from '../core/limit-count.ts'
import { decide, type Refusal } from '../core/policy.ts'
import type {
  CountedDirectory,
  CounterDifference,
  Counters,
  LedgerCounts,
  LimitStatus,
  Taken,
  Taking,
} from '../core/reservation.ts'
import { rememberWindows, type Counter, type Windows } from './counter.ts'
import { Held, OpenCalls } from './open-calls.ts'
import { askLedger, compareSlots, countsTheSame } from './recount.ts'
import { Slot, SlotsByOwner } from './slot.ts'

export type InProcessOptions = {
  /** how long a call that never ends keeps its place among the calls at once: longer than any call can run */
  readonly placeMilliseconds: number
  /** Hears of each limit in shadow that would have refused a call. Must not throw. */
  readonly onShadowRefusal?: (scoped: ScopedLimit) => void
}

export const createInProcessCounters = (options: InProcessOptions): Counters => new InProcessCounters(options)

const NOTHING: Consumption = {
  inputTokens: 0,
  cacheReadTokens: 0,
  outputTokens: 0,
  burnRate: 1,
  cost: null,
}

class InProcessCounters implements Counters {
  readonly #options: InProcessOptions
  readonly #windows: Windows = rememberWindows()
  readonly #calls: OpenCalls
  #slots: ReadonlyMap<string, Slot> = new Map()
  #byOwner = new SlotsByOwner([])
  #directory: CountedDirectory = { limits: [], tenantIds: [], tenantIdsOf: (tenantId) => [tenantId] }
  /** the slots of lists of limits, which live as long as the directory that they are of */
  #slotsOfLists = new WeakMap<readonly ScopedLimit[], readonly Slot[]>()
  #latest = 0

  constructor(options: InProcessOptions) {
    this.#options = options
    this.#calls = new OpenCalls(options.placeMilliseconds)
  }

  async adopt(directory: CountedDirectory, ledger: LedgerCounts, now: () => number): Promise<() => void> {
    const at = this.#clock(now())
    const moved = movedOwners(this.#directory, directory)
    const slots = new Map<string, Slot>()
    const fresh: Slot[] = []
    const changes: (() => void)[] = []
    for (const scoped of directory.limits) {
      const known = this.#slots.get(scoped.counterId)
      if (known !== undefined && countsTheSame(known.scoped, scoped) && !moved.has(scoped.ownerTenantId)) {
        slots.set(scoped.counterId, known)
        changes.push(() => known.becomes(scoped))
      } else {
        const slot = new Slot(scoped, this.#windows, at)
        slots.set(scoped.counterId, slot)
        fresh.push(slot)
      }
    }
    const watch = this.#calls.watch(now())
    const fill = await askLedger(fresh, at, { ledger, watch }).catch((thrown: unknown) => {
      watch.end()
      throw thrown
    })
    return () => {
      for (const change of changes) change()
      fill({ at: this.#clock(now()), attach: true })
      watch.end()
      this.#directory = directory
      this.#slots = slots
      this.#byOwner = new SlotsByOwner([...slots.values()])
      this.#slotsOfLists = new WeakMap()
    }
  }

  take(call: LimitedCall, limits: readonly ScopedLimit[], ask: Consumption, now: number): Taking {
    const at = this.#clock(now)
    const counters = this.#countersOf(limits, call, at)
    let verdict = decide(counters, ask)
    if (!verdict.allow && verdict.by.limit.kind === 'concurrency' && this.#calls.expirePlaces(at)) {
      verdict = decide(counters, ask)
    }
    if (!verdict.allow) return { verdict, taken: null }
    for (const state of verdict.shadowed) this.#shadow(state as Counter)
    const taken = new Held(call, ask, { startedAt: now, at, counters, isCorrection: false })
    for (const counter of counters) counter.hold(taken.heldOf(counter.scoped.limit), at)
    this.#calls.begin(taken)
    return { verdict, taken }
  }

  noteRefusal({ by, split, asked, amount }: Refusal, now: number): void {
    if (asked > amount) return
    const at = this.#clock(now)
    const counter = this.#slots.get(by.counterId)?.counterOf(split ?? '', at)
    if (counter !== undefined) counter.refusedAt = at
  }

  takeInstead(before: Taken, call: LimitedCall, limits: readonly ScopedLimit[], ask: Consumption, now: number): Taking {
    const held = before as Held
    if (!held.open) return this.take(call, limits, ask, now)
    held.letGo()
    const taking = this.take(call, limits, ask, now)
    if (taking.taken === null) held.holdAgain()
    else this.#calls.replaced(held)
    return taking
  }

  settle(taken: Taken, actual: Consumption): void {
    this.#calls.end(taken as Held, actual)
  }

  release(taken: Taken): void {
    this.#calls.end(taken as Held, null)
  }

  correct(call: LimitedCall, startedAt: number): (difference: bigint) => void {
    const counters: Counter[] = []
    for (const slot of this.#byOwner.of(call)) {
      const { limit } = slot.scoped
      if (limit.kind !== 'cost' || startedAt < (limit.resetAt ?? 0)) continue
      const counter = slot.counterFor(call, this.#latest)
      counter?.roll(this.#latest)
      if (counter !== null) counters.push(counter)
    }
    const held = new Held(call, NOTHING, { startedAt, at: startedAt, counters, isCorrection: true })
    this.#calls.begin(held)
    return (difference) => this.#calls.end(held, { ...NOTHING, cost: difference })
  }

  async limitStatuses(now: number, tenantId?: string): Promise<readonly LimitStatus[]> {
    const at = this.#clock(now)
    const statuses: LimitStatus[] = []
    for (const slot of this.#slots.values()) {
      if (tenantId !== undefined && slot.scoped.ownerTenantId !== tenantId) continue
      for (const counter of slot.counters()) statuses.push(statusOf(counter, at))
    }
    return statuses
  }

  statusesOf(taken: Taken, now: number): readonly LimitStatus[] {
    const at = this.#clock(now)
    return (taken as Held).counters.map((counter) => statusOf(counter, at))
  }

  async verify(ledger: LedgerCounts, now: () => number, repair: boolean): Promise<readonly CounterDifference[]> {
    const at = this.#clock(now())
    const pairs = [...this.#slots.values()].map((slot) => ({ slot, anew: new Slot(slot.scoped, this.#windows, at) }))
    const watch = this.#calls.watch(now())
    try {
      const fill = await askLedger(
        pairs.map(({ anew }) => anew),
        at,
        { ledger, watch },
      )
      const then = this.#clock(now())
      fill({ at: then, attach: false })
      return compareSlots(
        pairs.filter(
          ({ slot, anew }) => this.#slots.get(slot.scoped.counterId) === slot && slot.scoped === anew.scoped,
        ),
        then,
        repair,
      )
    } finally {
      watch.end()
    }
  }

  #countersOf(limits: readonly ScopedLimit[], call: LimitedCall, at: number): Counter[] {
    const counters: Counter[] = []
    for (const slot of this.#slotsOf(limits, at)) {
      const counter = slot.counterFor(call, at)
      if (counter === null) continue
      counter.roll(at)
      counters.push(counter)
    }
    return counters
  }

  #slotsOf(limits: readonly ScopedLimit[], at: number): readonly Slot[] {
    const known = this.#slotsOfLists.get(limits)
    if (known !== undefined) return known
    const slots = limits.map((scoped) => this.#slots.get(scoped.counterId) ?? this.#unannounced(scoped, at))
    this.#slotsOfLists.set(limits, slots)
    return slots
  }

  /** A limit that no directory spoke of: such as one that was there when its call began to arrive. */
  #unannounced(scoped: ScopedLimit, at: number): Slot {
    const slot = new Slot(scoped, this.#windows, at)
    this.#slots = new Map([...this.#slots, [scoped.counterId, slot]])
    return slot
  }

  #shadow(counter: Counter): void {
    counter.wouldHaveRefused += 1
    this.#options.onShadowRefusal?.(counter.scoped)
  }

  /** A clock that jumps back grants no window twice: for the counters, time stands still until it is caught up with. */
  #clock(now: number): number {
    if (now > this.#latest) this.#latest = now
    return this.#latest
  }
}

function statusOf(counter: Counter, at: number): LimitStatus {
  counter.roll(at)
  const { scoped, split, amount, used, held, window, refusedAt, wouldHaveRefused } = counter
  const windowEnd = Number.isFinite(window.end) ? window.end : null
  return { scoped, split, amount, used, held, windowStart: window.start, windowEnd, refusedAt, wouldHaveRefused }
}

/** Tenants with others below them than before: what these used in the running window is counted where they hang now. */
function movedOwners(before: CountedDirectory, now: CountedDirectory): ReadonlySet<string> {
  const moved = new Set<string>()
  const known = new Set(before.tenantIds)
  for (const tenantId of now.tenantIds) {
    if (!known.has(tenantId)) continue
    const [old, chain] = [before.tenantIdsOf(tenantId), now.tenantIdsOf(tenantId)]
    for (const owner of old) if (!chain.includes(owner)) moved.add(owner)
    for (const owner of chain) if (!old.includes(owner)) moved.add(owner)
  }
  return moved
}

// Reservations: money and tokens set aside while a call runs. held → settled (an entry stands for it) | released (nothing was
// billed) | expired (its process died; recovery writes an estimated entry).

import type { PicoUsd } from './money.ts'
import type { ScopedLimit } from './limit.ts'
import type { Consumption, LimitedCall } from './limit-count.ts'
import type { Refusal, Verdict } from './policy.ts'
import type { Routing, Tier } from './model.ts'

/** A hold as it is made durable before the first byte of an answer is released: enough to write an honest entry after a crash. */
export type Hold = {
  readonly requestId: string
  readonly tenantId: string
  readonly keyId: string
  readonly modelId: string
  readonly baseModel: string | null
  readonly routing: Routing
  readonly region: string
  readonly tier: Tier
  readonly operation: string
  readonly surface: string
  readonly startedAt: number
  readonly metadata: Readonly<Record<string, string>>
  /** the worst case that was priced; null: unpriced */
  readonly heldCost: PicoUsd | null
  /** tokens counted against token limits while it runs */
  readonly heldTokens: number
  /** the input side of the worst case, for the estimated entry */
  readonly inputTokensEstimate: number
}

export interface HoldJournal {
  /**
   * Written when it returns (survives the death of the process), durable soon after (survives the machine's); several in one write.
   * Throws when they cannot be written (disk full), and then none is: the calls must not be sent.
   */
  open(...holds: readonly Hold[]): void
  /**
   * Resolves when the hold is durable; asks the disk now. An answer whose entry is durable before its first byte need not wait for it.
   * Resolves at once for a hold that is closed.
   */
  durable(requestId: string): Promise<void>
  /** The hold's entry is durable, or nothing was billed. */
  close(requestId: string): void
  /** Holds of an earlier process that never were closed. Call once, at start. */
  recover(): readonly Hold[]
  shutdown(): Promise<void>
}

/** What a call has taken from the counters; `open` until it is settled or released, which happens once. */
export type Taken = {
  readonly call: LimitedCall
  readonly ask: Consumption
  readonly startedAt: number
  readonly open: boolean
}

export type Taking =
  | { readonly verdict: Extract<Verdict, { allow: true }>; readonly taken: Taken }
  | { readonly verdict: Refusal; readonly taken: null }

/** What is asked from the ledger: how much calls that began in `from` to `to` (half-open) count for a limit. */
export type CountQuestion = { readonly scoped: ScopedLimit; readonly from: number; readonly to: number }

/** Calls that the counters know better than the ledger. None of them began before `from`, which may move back while one asks. */
export type LeftOut = { readonly from: number; has(requestId: string): boolean }

/** Answers each question, by value of what the limit is split by; without a split, under the empty text. */
export type LedgerCounts = (
  questions: readonly CountQuestion[],
  leftOut: LeftOut,
) => Promise<readonly ReadonlyMap<string, bigint>[]>

/** What the counters must know of a directory: all limits, and who stands above whom. */
export type CountedDirectory = {
  readonly limits: readonly ScopedLimit[]
  readonly tenantIds: Iterable<string>
  /** the tenant, its parent, … up to the root */
  tenantIdsOf(tenantId: string): readonly string[]
}

/** One counter, read out. A split limit has one for each value. */
export type LimitStatus = {
  readonly scoped: ScopedLimit
  readonly split: string | null
  /** what may be used in this window in all, with what was added; of a token bucket, its size */
  readonly amount: bigint
  readonly used: bigint
  readonly held: bigint
  readonly windowStart: number
  /** null: it has no end */
  readonly windowEnd: number | null
  /** when it last refused a call that an untouched window would have taken; null: not since this process counts */
  readonly refusedAt: number | null
  /** calls that a limit in shadow would have refused since this process counts */
  readonly wouldHaveRefused: number
}

/** A counter that is not what the ledger says. */
export type CounterDifference = {
  readonly scoped: ScopedLimit
  readonly split: string | null
  readonly windowStart: number
  readonly counted: bigint
  readonly ledger: bigint
}

export interface Counters {
  /**
   * Takes the directory's limits in the place of those before. What is new, or counts other things than before, is counted from the
   * ledger first, with the calls that run; the rest keeps its counts. The limits hold once the returned function is called, in the same
   * turn in which calls begin to be asked for them.
   */
  adopt(directory: CountedDirectory, ledger: LedgerCounts, now: () => number): Promise<() => void>
  /** Asks all limits and takes from all of them, or from none, in one step. */
  take(call: LimitedCall, limits: readonly ScopedLimit[], ask: Consumption, now: number): Taking | Promise<Taking>
  /** A call was refused for good: the limit that did it remembers when. */
  noteRefusal(refusal: Refusal, now: number): void
  /**
   * Takes for a call in the place of what it took before, in one step: what was taken before is given back only where the new taking is
   * allowed. Of a taking that is not open any more nothing is given back.
   */
  takeInstead(
    before: Taken,
    call: LimitedCall,
    limits: readonly ScopedLimit[],
    ask: Consumption,
    now: number,
  ): Taking | Promise<Taking>
  /** Puts the actual figures in the place of the held ones. A second call for the same taking does nothing. */
  settle(taken: Taken, actual: Consumption): void
  /** The call never ran: everything is given back. */
  release(taken: Taken): void
  /** Announces a correction of a call that began at `startedAt`; the returned function says by how much it changed the cost, 0: not. */
  correct(call: LimitedCall, startedAt: number): (difference: bigint) => void
  /** Of all limits, or of those that stand on one tenant and its keys. */
  limitStatuses(now: number, tenantId?: string): Promise<readonly LimitStatus[]>
  /** Of the limits that a running call has taken from. */
  statusesOf(taken: Taken, now: number): readonly LimitStatus[]
  /** Counts everything anew from the ledger and the calls that run, and says where the counters differ; with `repair`, corrects them. */
  verify(ledger: LedgerCounts, now: () => number, repair: boolean): Promise<readonly CounterDifference[]>
}

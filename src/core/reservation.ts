// Reservations: money and tokens set aside while a call runs. held → settled (an entry stands for it) | released (nothing was
// billed) | expired (its process died; recovery writes an estimated entry).

import type { PicoUsd } from './money.ts'
import type { Ask, CounterReading, PeriodOrEver, ScopedLimit, Verdict } from './policy.ts'
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
  readonly tenantIds: readonly string[]
  readonly limits: readonly ScopedLimit[]
  readonly ask: Ask
  readonly startedAt: number
  open: boolean
}

/** What a tenant had spent in one window before this process started, from the rollups. */
export type SpentSeed = {
  readonly tenantId: string
  readonly period: PeriodOrEver
  readonly windowStart: number
  readonly requests: number
  readonly tokens: number
  readonly cost: bigint
}

export interface Counters {
  seed(seeds: readonly SpentSeed[], now: number): void
  /** Asks all limits and takes from all counters of the tenants, or from none. */
  take(
    tenantIds: readonly string[],
    limits: readonly ScopedLimit[],
    ask: Ask,
    now: number,
  ): { readonly verdict: Verdict; readonly taken: Taken | null }
  /** Puts the actual figures in the place of the held ones. A second call for the same taking does nothing. */
  settle(taken: Taken, actual: { readonly tokens: number; readonly cost: bigint }, now: number): void
  /** Gives back what was held; the request itself stays counted. */
  release(taken: Taken): void
  read(tenantId: string, now: number): CounterReading
}

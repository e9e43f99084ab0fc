// The price book: dated prices, who overrides whom, and the immutable snapshot that calls are rated from.

import type { PicoUsd } from './money.ts'
import type { Routing, Tier } from './model.ts'
import type { Dimension } from './usage.ts'

/**
 * One dated price. It holds from `effectiveFrom` (inclusive) to `effectiveTo` (exclusive; null: open).
 * `region` "*" is any region; `routing` "*" any routing; `variant` "" is any variant; `contextAbove` 0 is the base step, n applies to the
 * whole call when more than n tokens were read. `tenantId` null is the list price; else that tenant's own.
 */
export type Price = {
  readonly baseModel: string
  readonly region: string
  readonly routing: Routing | '*'
  readonly tier: Tier
  readonly contextAbove: number
  readonly dimension: Dimension
  readonly variant: string
  readonly tenantId: string | null
  /** pico-USD for one unit (one token, one image, one second) */
  readonly unitPrice: PicoUsd
  readonly effectiveFrom: string
  readonly effectiveTo: string | null
  readonly source: string
}

/** A percentage on list prices for one tenant: 9000 basis points is ten percent off. Own prices of the tenant go before it. */
export type PriceAdjustment = {
  readonly tenantId: string
  readonly basisPoints: number
  readonly effectiveFrom: string
  readonly effectiveTo: string | null
}

/** A change to the book: stored whole, never edited. `version` counts up from 1 without gaps. */
export type PriceVersion = {
  readonly version: number
  readonly createdAt: string
  readonly author: string
  readonly note: string
  readonly prices: readonly Price[]
  readonly adjustments: readonly PriceAdjustment[]
}

export interface PriceStore {
  /** Appends a version holding these changes and returns its number. A price with the key and effectiveFrom of an older one replaces it. */
  appendVersion(change: Omit<PriceVersion, 'version'>): Promise<number>
  /** All versions with number > after, in order. */
  versionsAfter(after: number): Promise<readonly PriceVersion[]>
}

/** What a price is looked up by. `at` is when the call began (milliseconds since the epoch). */
export type PriceQuestion = {
  readonly baseModel: string
  readonly routing: Routing
  readonly region: string
  readonly tier: Tier
  readonly contextTokens: number
  readonly variant: string
  readonly tenantId: string
  readonly at: number
}

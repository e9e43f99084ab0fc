// What a set of list prices would change in a price book: shown before it is applied.

import type { PicoUsd } from './money.ts'
import { findPrice, periodOf, type Price, type PriceBook } from './price-book.ts'

/** `ratio` is new to old, for people; null where the old one was free */
export type PriceDifference = { readonly price: Price; readonly old: PicoUsd; readonly ratio: number | null }

export type PriceDifferences = {
  /** things that had no price */
  readonly added: readonly Price[]
  readonly changed: readonly PriceDifference[]
  readonly unchanged: number
}

/** What prices would change for calls that begin at `at`, or when the price begins if that is later. Tenants' own prices play no part. */
export function diffPrices(book: PriceBook, prices: readonly Price[], at: number): PriceDifferences {
  const added: Price[] = []
  const changed: PriceDifference[] = []
  for (const price of prices) {
    const { baseModel, region, tier, variant, contextAbove, dimension } = price
    const question = {
      baseModel,
      region,
      tier,
      variant,
      routing: price.routing === 'global' ? ('global' as const) : ('regional' as const),
      contextTokens: contextAbove === 0 ? 0 : contextAbove + 1,
      tenantId: '',
      at: Math.max(at, periodOf(price).from),
    }
    const old = findPrice(book, question, dimension)?.unitPrice ?? null
    if (old === null) added.push(price)
    else if (old !== price.unitPrice) {
      changed.push({ price, old, ratio: old === 0n ? null : Number(price.unitPrice) / Number(old) })
    }
  }
  return { added, changed, unchanged: prices.length - added.length - changed.length }
}

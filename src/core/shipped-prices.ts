// What a newer version ships that a price book does not know yet, without a word about anything that its operators have priced.

import { priceKey, type Price, type PriceVersion } from './price-book.ts'

/** Author of versions that came with the gateway; nobody else may be. */
export const SHIPPING_AUTHOR = 'weighbridge'

/**
 * The facts among `shipped` that no shipped version of the book holds already. A thing that operators have a list price for is theirs
 * from then on: a shipped price for it, however much more exactly it names region or routing, would charge against what they decided.
 */
export function newlyShipped(versions: readonly PriceVersion[], shipped: readonly Price[]): readonly Price[] {
  const known = new Map<string, Price>()
  const decided = new Set<string>()
  for (const { author, prices } of versions) {
    for (const price of prices) {
      if (author === SHIPPING_AUTHOR) known.set(factOf(price), price)
      else if (price.tenantId === null) decided.add(thingOf(price))
    }
  }
  return shipped.filter((price) => !decided.has(thingOf(price)) && !isSame(known.get(factOf(price)), price))
}

const factOf = (price: Price): string => `${priceKey(price)}|${price.effectiveFrom}`

const thingOf = ({ baseModel, tier, dimension }: Price): string => JSON.stringify([baseModel, tier, dimension])

const isSame = (known: Price | undefined, price: Price): boolean =>
  known !== undefined && known.unitPrice === price.unitPrice && known.effectiveTo === price.effectiveTo

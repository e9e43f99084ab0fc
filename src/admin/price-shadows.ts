// Finds prices of a change that calls would not be charged by, because the book holds one that names region or routing more exactly.

import { ROUTINGS } from '../core/model.ts'
import {
  extendPriceBook,
  findPrice,
  formatUnitPrice,
  periodOf,
  type Price,
  type PriceBook,
} from '../core/price-book.ts'

/** One sentence for each price and routing that would go on being charged otherwise; by index of the price. */
export function shadowsOf(
  prices: readonly Price[],
  book: PriceBook,
): readonly { readonly index: number; readonly message: string }[] {
  const change = { version: book.version + 1, createdAt: '', author: '', note: '', prices, adjustments: [] }
  const changed = extendPriceBook(book, [change])
  return prices.flatMap((price, index) => {
    const routings = price.routing === '*' ? ROUTINGS : [price.routing]
    return routings.flatMap((routing) => {
      const { baseModel, region, tier, variant, contextAbove, dimension } = price
      const contextTokens = contextAbove === 0 ? 0 : contextAbove + 1
      const question = { baseModel, region, tier, variant, routing, contextTokens, tenantId: price.tenantId ?? '' }
      const found = findPrice(changed, { ...question, at: periodOf(price).from }, dimension)?.price
      if (found === undefined || found === price || found.unitPrice === price.unitPrice) return []
      const message =
        `${baseModel} ${dimension} at ${formatUnitPrice(price.unitPrice, dimension)} USD would not be charged for ${routing} calls: ` +
        `they have a price of their own, ${formatUnitPrice(found.unitPrice, dimension)} USD ` +
        `(region ${found.region}, routing ${found.routing}). To change that one, name its region and routing.`
      return [{ index, message }]
    })
  })
}

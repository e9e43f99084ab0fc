// Checks a change to the price book before it is stored: what contradicts itself is refused, what looks like a slip asks for a yes.

import { parseModelId } from './model.ts'
import {
  formatUnitPrice,
  listPrices,
  parseInstant,
  periodOf,
  priceKey,
  type Price,
  type PriceAdjustment,
  type PriceBook,
} from './price-book.ts'
import { DIMENSIONS, type Dimension } from './usage.ts'

/** refused: may not be stored · confirm: may be stored when someone says that it is meant. */
export type PriceProblem = {
  readonly kind: 'refused' | 'confirm'
  /** index of the price in the change; null: the problem is of an adjustment or of the change as a whole */
  readonly index: number | null
  readonly message: string
}

export type PriceChange = { readonly prices: readonly Price[]; readonly adjustments: readonly PriceAdjustment[] }

/** Most rows that one change may hold. The AWS Price List of one service and all regions has under 40,000. */
export const PRICE_CHANGE_ROWS_LIMIT = 100_000

/** A price so many times off what it is compared with is taken for a slip (per 1K typed as per 1M is a thousand times off). */
const SUSPICIOUS_RATIO = 20

/** All problems of a change, in the order of its rows; none: it may be stored. */
export function checkPrices(change: PriceChange, book: PriceBook): readonly PriceProblem[] {
  const { prices, adjustments } = change
  if (prices.length > PRICE_CHANGE_ROWS_LIMIT) {
    return [
      refused(null, `The change has ${prices.length} prices; at most ${PRICE_CHANGE_ROWS_LIMIT} may come at once.`),
    ]
  }
  const problems = prices.flatMap((price, index) => contradictionsOf(price).map((message) => refused(index, message)))
  problems.push(...adjustments.flatMap(adjustmentProblems).map((message) => refused(null, message)))
  // What follows compares periods and amounts, which the rows must have first.
  if (problems.length > 0) return problems
  const neighbours = neighboursOf(prices, book)
  for (const [index, price] of prices.entries()) {
    const siblings = neighbours.sameKey.get(priceKey(price)) ?? []
    problems.push(...overlaps(price, siblings, prices).map((message) => refused(index, message)))
    problems.push(
      ...slips(price, siblings, neighbours).map((message) => ({ kind: 'confirm' as const, index, message })),
    )
  }
  return problems
}

const refused = (index: number | null, message: string): PriceProblem => ({ kind: 'refused', index, message })

function contradictionsOf(price: Price): readonly string[] {
  const found: string[] = []
  const model = parseModelId(price.baseModel)
  if (model?.kind === 'system_profile') {
    found.push(
      `"${price.baseModel}" is an inference profile: price "${model.baseModel}" with routing ${model.routing}.`,
    )
  } else if (model?.baseModel !== price.baseModel) {
    found.push(`"${price.baseModel.slice(0, 80)}" is not a base model id.`)
  }
  if (price.region !== '*' && !/^[a-z]{2,6}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/.test(price.region)) {
    found.push(`"${price.region.slice(0, 40)}" is not a region; "*" is any.`)
  }
  if (price.unitPrice < 0n) found.push('A price is not negative.')
  if (!Number.isSafeInteger(price.contextAbove) || price.contextAbove < 0) {
    found.push('A long-context step is a whole number of tokens.')
  }
  return [...found, ...periodProblems(price)]
}

function adjustmentProblems(adjustment: PriceAdjustment): readonly string[] {
  const { basisPoints, tenantId } = adjustment
  const found = periodProblems(adjustment).map((message) => `Percentage of "${tenantId}": ${message}`)
  if (!Number.isSafeInteger(basisPoints) || basisPoints < 0 || basisPoints > 1_000_000) {
    found.push(
      `Percentage of "${tenantId}": ${basisPoints} is not between 0 and 1,000,000 basis points (10000 changes nothing).`,
    )
  }
  return found
}

function periodProblems(dated: {
  readonly effectiveFrom: string
  readonly effectiveTo: string | null
}): readonly string[] {
  const from = parseInstant(dated.effectiveFrom)
  const to = dated.effectiveTo === null ? Number.POSITIVE_INFINITY : parseInstant(dated.effectiveTo)
  if (from === null) return [`"${dated.effectiveFrom.slice(0, 40)}" is not an ISO 8601 UTC date.`]
  if (to === null) return [`"${dated.effectiveTo?.slice(0, 40)}" is not an ISO 8601 UTC date.`]
  return to > from
    ? []
    : [`A price that ends (${dated.effectiveTo}) when it begins or before (${dated.effectiveFrom}) never holds.`]
}

/** Everything in the book and in the change that a price of the change is compared with. */
type Neighbours = {
  readonly sameKey: ReadonlyMap<string, readonly Price[]>
  readonly replaced: ReadonlyMap<string, Price>
  /** list prices by model, dimension and variant: other regions, routings, tiers, steps and times */
  readonly sameDimension: ReadonlyMap<string, readonly Price[]>
}

const dimensionKey = (price: Price, dimension: Dimension): string =>
  JSON.stringify([price.baseModel, dimension, price.variant])

const datedKey = (price: Price): string => `${priceKey(price)}|${periodOf(price).from}`

function neighboursOf(prices: readonly Price[], book: PriceBook): Neighbours {
  const changed = new Set(prices.map(datedKey))
  const models = new Set(prices.map((price) => price.baseModel))
  const replaced = new Map<string, Price>()
  const all: Price[] = [...prices]
  for (const baseModel of models) {
    for (const { price } of listPrices(book, { baseModel })) {
      if (changed.has(datedKey(price))) replaced.set(datedKey(price), price)
      else all.push(price)
    }
  }
  const sameDimension = all.filter((price) => price.tenantId === null)
  return {
    sameKey: Map.groupBy(all, priceKey),
    replaced,
    sameDimension: Map.groupBy(sameDimension, (price) => dimensionKey(price, price.dimension)),
  }
}

function overlaps(price: Price, siblings: readonly Price[], change: readonly Price[]): readonly string[] {
  const own = periodOf(price)
  return siblings.flatMap((sibling) => {
    if (sibling === price) return []
    const other = periodOf(sibling)
    if (other.from === own.from) {
      // Of two equal ones in a change, only the later is reported.
      return change.indexOf(sibling) < change.indexOf(price)
        ? [`The change has this price twice, from ${price.effectiveFrom}.`]
        : []
    }
    const [earlier, later] = own.from < other.from ? [price, sibling] : [sibling, price]
    if (earlier.effectiveTo === null || periodOf(earlier).to <= periodOf(later).from) return []
    return [
      `It overlaps another: the one from ${earlier.effectiveFrom} ends on ${earlier.effectiveTo}, after ${later.effectiveFrom}.`,
    ]
  })
}

function slips(price: Price, siblings: readonly Price[], neighbours: Neighbours): readonly string[] {
  const checks = [slipFromPredecessor, slipFromOtherRows, slipFromOtherDimension, slipFromAllThereIs]
  for (const check of checks) {
    const message = check(price, siblings, neighbours)
    if (message !== null) return [message]
  }
  return []
}

function slipFromPredecessor(price: Price, siblings: readonly Price[], { replaced }: Neighbours): string | null {
  const { from } = periodOf(price)
  const earlier = siblings.filter((sibling) => periodOf(sibling).from < from)
  const latest = earlier.toSorted((a, b) => periodOf(b).from - periodOf(a).from)[0]
  const old = replaced.get(datedKey(price)) ?? latest
  if (old === undefined) return null
  if ((old.unitPrice === 0n) !== (price.unitPrice === 0n)) {
    return `${named(price)} ${price.unitPrice === 0n ? 'becomes free' : 'was free'} (before: ${shown(old)}).`
  }
  return isFarOff(price.unitPrice, old.unitPrice) ? `${named(price)} is far off what it was: ${shown(old)}.` : null
}

function slipFromOtherRows(price: Price, _: readonly Price[], { sameDimension }: Neighbours): string | null {
  const others = (sameDimension.get(dimensionKey(price, price.dimension)) ?? []).filter((other) => other !== price)
  const median = medianOf(others)
  if (median === null || !isFarOff(price.unitPrice, median)) return null
  return `${named(price)} is far off this model's prices elsewhere: ${formatUnitPrice(median as Price['unitPrice'], price.dimension)}.`
}

/** How many times the price of an input token the other kinds of tokens usually cost, in hundredths (Bedrock pricing page, 2026). */
const USUAL_PERCENT_OF_INPUT: { readonly [dimension in Dimension]?: bigint } = {
  output_tokens: 400n,
  cache_read_tokens: 10n,
  cache_write_5m_tokens: 125n,
  cache_write_1h_tokens: 200n,
  cache_write_30m_tokens: 125n,
}

function slipFromOtherDimension(price: Price, _: readonly Price[], { sameDimension }: Neighbours): string | null {
  const against = price.dimension === 'input_tokens' ? 'output_tokens' : 'input_tokens'
  const percent = USUAL_PERCENT_OF_INPUT[price.dimension === 'input_tokens' ? against : price.dimension]
  const reference = medianOf(sameDimension.get(dimensionKey(price, against)) ?? [])
  if (percent === undefined || reference === null) return null
  const usual = price.dimension === 'input_tokens' ? (reference * 100n) / percent : (reference * percent) / 100n
  if (!isFarOff(price.unitPrice, usual)) return null
  return `${named(price)} is far off what this model's ${against} cost: ${formatUnitPrice(reference as Price['unitPrice'], against)}.`
}

function slipFromAllThereIs(price: Price): string | null {
  const perMillion = DIMENSIONS[price.dimension].per === 'million'
  const [least, most] = perMillion ? [500n, 1_000_000_000n] : [1_000_000n, 1_000_000_000_000_000n]
  if (price.unitPrice === 0n || (price.unitPrice >= least && price.unitPrice <= most)) return null
  return `${named(price)} is outside of all that Bedrock asks for anything; is it per ${perMillion ? '1M tokens' : 'unit'}?`
}

/** Free things are nobody's neighbours. */
function isFarOff(amount: bigint, reference: bigint): boolean {
  if (amount === 0n || reference === 0n) return false
  return amount >= reference * BigInt(SUSPICIOUS_RATIO) || reference >= amount * BigInt(SUSPICIOUS_RATIO)
}

function medianOf(prices: readonly Price[]): bigint | null {
  const amounts = prices.map((price) => price.unitPrice).filter((amount) => amount > 0n)
  return amounts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))[Math.floor(amounts.length / 2)] ?? null
}

const shown = (price: Price): string => formatUnitPrice(price.unitPrice, price.dimension)

function named(price: Price): string {
  const unit = DIMENSIONS[price.dimension].per === 'million' ? ' per 1M' : ''
  return `${price.baseModel} ${price.dimension} (${price.region}, ${price.routing}, ${price.tier}) at ${shown(price)} USD${unit}`
}

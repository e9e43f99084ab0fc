// Rating: usage × price → cost by dimension, exact; and the worst case of a call before it is made.

import { picoUsd, ZERO_USD, type PicoUsd } from './money.ts'
import { findPrice, type FoundPrice, type PriceBook, type PriceQuestion, type UnitBounds } from './price-book.ts'
import { askedBy, unitBoundsOf, type RatingQuestion } from './unit-bounds.ts'
import {
  CONTEXT_DIMENSIONS,
  DIMENSION_NAMES,
  DIMENSIONS,
  isDimension,
  type Dimension,
  type Quantities,
  type Usage,
} from './usage.ts'

export type { RatingQuestion } from './unit-bounds.ts'

export type RatedLine = {
  readonly dimension: Dimension
  readonly quantity: number
  readonly unitPrice: PicoUsd
  readonly cost: PicoUsd
  /** where the price is from and since when it holds; null: free, no price needed */
  readonly source: string | null
  readonly effectiveFrom: string | null
}

/** `cost`, `inputCost` and `outputCost` are known together or not at all; `missing` names the dimensions that stand in the way. */
export type Rating = {
  readonly cost: PicoUsd | null
  readonly inputCost: PicoUsd | null
  readonly outputCost: PicoUsd | null
  readonly lines: readonly RatedLine[]
  /** version of the book that the cost was computed from; null with a null cost */
  readonly priceVersion: number | null
  readonly missing: readonly Dimension[]
}

const UNKNOWN: Rating = { cost: null, inputCost: null, outputCost: null, lines: [], priceVersion: null, missing: [] }

/** Units that AWS counts and does not bill (sensitive information by pattern; Bedrock pricing page, guardrails). */
const FREE: ReadonlySet<Dimension> = new Set(['guardrail_sensitive_free_units'])

/** Priced where a price stands, otherwise no part of the cost: nearly no model bills a call as such. */
const OPTIONAL: ReadonlySet<Dimension> = new Set(['requests'])

/**
 * The cost of one call. A quantity that nobody knows, or a dimension without a price, makes the cost unknown (null), never less; a
 * quantity of zero costs zero without a price. A long-context step prices the whole call by everything that the model read.
 */
export function rate(book: PriceBook, question: RatingQuestion, usage: Usage | null): Rating {
  if (usage === null) return UNKNOWN
  const asked = askedBy(question, contextTokensOf(usage.quantities), usage.variant ?? '')
  const lines: RatedLine[] = []
  const missing: Dimension[] = []
  const skipped: Dimension[] = []
  let inputCost = 0n
  let outputCost = 0n
  for (const [name, quantity] of Object.entries(usage.quantities)) {
    if (!isDimension(name)) continue
    const line = rateDimension(book, asked, name, quantity)
    if (line === 'missing') missing.push(name)
    else if (line === null) skipped.push(name)
    else {
      lines.push(line)
      if (DIMENSIONS[name].side === 'input') inputCost += line.cost
      else outputCost += line.cost
    }
  }
  // What is usually no part of the cost is all that there is: then a model without a price is not free.
  if (lines.length === 0) missing.push(...skipped)
  if (missing.length > 0) return { ...UNKNOWN, lines, missing }
  return {
    cost: picoUsd(inputCost + outputCost),
    inputCost: picoUsd(inputCost),
    outputCost: picoUsd(outputCost),
    lines,
    priceVersion: book.version,
    missing,
  }
}

/** Upper bounds of one call, known before it is made. `variant` "" where it is not known: the dearest is taken. */
export type WorstCaseAsk = {
  /** everything that the model may read, however it will be split among plain, cached and cache-writing tokens */
  readonly inputTokens: number
  /** what the input may be billed as; missing: any of the ways in which models read */
  readonly inputDimensions?: readonly Dimension[]
  readonly outputTokens: number
  readonly images?: number | null
  readonly seconds?: number | null
  /** bounds of further dimensions; token dimensions belong in inputTokens and outputTokens */
  readonly quantities?: Quantities
  readonly variant?: string
}

/**
 * The most that a call within these bounds can cost, or null: no price is known. Never below what `rate` says of any usage within the
 * bounds, at any long-context step. Images, seconds and the like count only where the model bills them at all.
 */
export function worstCase(book: PriceBook, question: RatingQuestion, ask: WorstCaseAsk): PicoUsd | null {
  const bounds = unitBoundsOf(book, question)
  const reach = { tokens: ask.inputTokens, variant: ask.variant ?? '' }
  const input = boundOf(bounds, reach, ask.inputDimensions ?? CONTEXT_DIMENSIONS, ask.inputTokens)
  const output = boundOf(bounds, reach, OUTPUT_ONLY, ask.outputTokens)
  if (input === null || output === null) return null
  let total = input + output
  for (const dimensions of OTHER_DIMENSIONS) {
    const quantity = boundFor(ask, dimensions[0])
    if (quantity === 0 || !bounds.isBilled(dimensions[0])) continue
    const cost = boundOf(bounds, reach, dimensions, quantity)
    if (cost === null) return null
    total += cost
  }
  return total === 0n && isBareCall(ask, bounds) ? null : picoUsd(total)
}

/** Billed as a call or not at all: only a price says which, and without one it is not free. */
const isBareCall = ({ quantities }: WorstCaseAsk, bounds: UnitBounds): boolean =>
  quantities?.requests !== undefined && !bounds.isBilled('requests')

const OUTPUT_ONLY: readonly Dimension[] = ['output_tokens']
/** Each in a list of its own, as `boundOf` takes them. */
const OTHER_DIMENSIONS: readonly (readonly [Dimension])[] = DIMENSION_NAMES.filter(
  (name) => name !== 'output_tokens' && !CONTEXT_DIMENSIONS.includes(name) && !FREE.has(name),
).map((name) => [name])

/** A bound that is missing is none of it; one that is null is unknown, which matters where the model bills by it. */
function boundFor(ask: WorstCaseAsk, dimension: Dimension): number | null {
  const stated = ask.quantities?.[dimension]
  if (stated !== undefined) return stated
  if (dimension === 'requests') return 1
  const own = dimension === 'images' ? ask.images : dimension === 'seconds' ? ask.seconds : 0
  return own === undefined ? 0 : own
}

type Reach = { readonly tokens: number; readonly variant: string }

/** So many units at the highest price that any of the dimensions may have; null when none has one. */
function boundOf(
  bounds: UnitBounds,
  reach: Reach,
  dimensions: readonly Dimension[],
  quantity: number | null,
): bigint | null {
  if (quantity === 0) return 0n
  if (quantity === null || !isCount(quantity)) return null
  const dearest = bounds.dearest(dimensions, reach.tokens, reach.variant)
  return dearest === null ? null : BigInt(quantity) * dearest
}

function rateDimension(
  book: PriceBook,
  asked: PriceQuestion,
  dimension: Dimension,
  quantity: number | null,
): RatedLine | 'missing' | null {
  if (quantity !== null && FREE.has(dimension)) return freeLine(dimension, quantity)
  const found = quantity === 0 ? null : findPrice(book, asked, dimension)
  if (found === null && OPTIONAL.has(dimension)) return null
  if (quantity === 0) return freeLine(dimension, 0)
  if (found === null || quantity === null || !isCount(quantity)) return 'missing'
  return pricedLine(dimension, quantity, found)
}

const pricedLine = (dimension: Dimension, quantity: number, { price, unitPrice }: FoundPrice): RatedLine => ({
  dimension,
  quantity,
  unitPrice,
  cost: picoUsd(BigInt(quantity) * unitPrice),
  source: price.source,
  effectiveFrom: price.effectiveFrom,
})

const freeLine = (dimension: Dimension, quantity: number): RatedLine => ({
  dimension,
  quantity,
  unitPrice: ZERO_USD,
  cost: ZERO_USD,
  source: null,
  effectiveFrom: null,
})

const isCount = (quantity: number): boolean => Number.isSafeInteger(quantity) && quantity >= 0

/** Everything that the model read. A part that nobody knows leaves the cost unknown anyway. */
function contextTokensOf(quantities: Quantities): number {
  let total = 0
  for (const dimension of CONTEXT_DIMENSIONS) total += quantities[dimension] ?? 0
  return total
}

// The most that a unit can cost a kind of call: worked out once, and right until one of its prices begins or ends.

import {
  contextStops,
  findPrice,
  paysListPrices,
  steadyPeriod,
  variantsOf,
  type PriceBook,
  type PriceQuestion,
  type UnitBounds,
} from './price-book.ts'
import type { Dimension } from './usage.ts'

/** What a call is priced by, beside its usage. `at` is when it began. */
export type RatingQuestion = Omit<PriceQuestion, 'contextTokens' | 'variant'>

/** Kinds of calls come from outside, by model and tenant: a book keeps so many, and begins anew. */
const MOST_KEPT = 4_096

/** Of one kind of call: model, routing, region, tier, and the tenant where it has prices of its own. */
class KeptBounds implements UnitBounds {
  readonly from: number
  readonly to: number
  readonly #book: PriceBook
  readonly #question: RatingQuestion
  readonly #stops: readonly number[]
  /** by how many long-context steps are within reach; any variant */
  readonly #known: Map<readonly Dimension[], bigint | null>[] = []
  readonly #billed = new Map<Dimension, boolean>()

  constructor(book: PriceBook, question: RatingQuestion) {
    this.#book = book
    this.#question = question
    this.#stops = [...contextStops(book, askedBy(question, 0, ''))].toSorted((left, right) => left - right)
    const { from, to } = steadyPeriod(book, question)
    this.from = from
    this.to = to
  }

  isBilled(dimension: Dimension): boolean {
    let billed = this.#billed.get(dimension)
    if (billed === undefined) {
      billed = variantsOf(this.#book, askedBy(this.#question, 0, ''), dimension).size > 0
      this.#billed.set(dimension, billed)
    }
    return billed
  }

  dearest(dimensions: readonly Dimension[], tokens: number, variant: string): bigint | null {
    const reach = this.#reach(tokens)
    if (variant !== '') return this.#work(dimensions, reach, variant)
    const known = (this.#known[reach] ??= new Map())
    let price = known.get(dimensions)
    if (price === undefined) {
      price = this.#work(dimensions, reach, variant)
      known.set(dimensions, price)
    }
    return price
  }

  #reach(tokens: number): number {
    const stops = this.#stops
    let reach = 0
    while (reach < stops.length && (stops[reach] as number) <= tokens) reach += 1
    return reach
  }

  /** Over the long-context steps within reach and the variants that the call may turn out to have. */
  #work(dimensions: readonly Dimension[], reach: number, variant: string): bigint | null {
    let dearest: bigint | null = null
    for (const dimension of dimensions) {
      for (const known of variantsOf(this.#book, askedBy(this.#question, 0, ''), dimension)) {
        if (variant !== '' && known !== '' && known !== variant) continue
        for (const stop of this.#stops.slice(0, reach)) {
          const found = findPrice(this.#book, askedBy(this.#question, stop, known), dimension)
          if (found !== null && (dearest === null || found.unitPrice > dearest)) dearest = found.unitPrice
        }
      }
    }
    return dearest
  }
}

export function unitBoundsOf(book: PriceBook, question: RatingQuestion): UnitBounds {
  const { baseModel, routing, region, tier, tenantId, at } = question
  const payer = paysListPrices(book, tenantId) ? '' : tenantId
  const id = `${baseModel} ${routing} ${region} ${tier} ${payer}`
  const known = book.unitBounds.get(id)
  if (known !== undefined && known.from <= at && at < known.to) return known
  if (book.unitBounds.size >= MOST_KEPT) book.unitBounds.clear()
  const made = new KeptBounds(book, question)
  book.unitBounds.set(id, made)
  return made
}

export const askedBy = (question: RatingQuestion, contextTokens: number, variant: string): PriceQuestion => ({
  baseModel: question.baseModel,
  routing: question.routing,
  region: question.region,
  tier: question.tier,
  tenantId: question.tenantId,
  at: question.at,
  contextTokens,
  variant,
})

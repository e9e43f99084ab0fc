// What a call may cost at most, by its price or by the plan's fallback for models without one, and how that depends on its answer.

import { fallbackCost, type FallbackPrice } from '../core/budgeting.ts'
import { isChargedByHour, type HourlyQuestion } from '../core/hourly-price.ts'
import type { Tier } from '../core/model.ts'
import { ZERO_USD, type PicoUsd } from '../core/money.ts'
import type { Tariff } from '../core/output-room.ts'
import type { PriceBook } from '../core/price-book.ts'
import { worstCase, type WorstCaseAsk } from '../core/rating.ts'
import { priceBounds } from './bounds.ts'

export type CallPriceQuestion = {
  readonly book: PriceBook
  readonly asked: HourlyQuestion
  readonly bounds: WorstCaseAsk
  readonly tiers: readonly Tier[]
  readonly fallbackPrice: FallbackPrice | null
}

export type CallPrice = {
  /** null: no price is known, and no fallback fits */
  readonly cost: PicoUsd | null
  /** what stood in for the price; null: nothing had to */
  readonly fallback: FallbackPrice | null
  /** its cost is a share of its hour, known when that is over */
  readonly isByHour: boolean
}

export function priceCall(question: CallPriceQuestion): CallPrice {
  const { book, asked, bounds, tiers, fallbackPrice } = question
  const isByHour = isChargedByHour(book, asked)
  const cost = isByHour ? null : priceBounds(book, asked, bounds, tiers)
  if (cost !== null) return { cost, fallback: null, isByHour }
  // What is billed by images or seconds has no bound in tokens.
  if (fallbackPrice === null || (bounds.outputTokens === 0 && !isByHour))
    return { cost: null, fallback: null, isByHour }
  const standIn = fallbackCost(fallbackPrice, bounds.inputTokens, bounds.outputTokens)
  return { cost: standIn, fallback: fallbackPrice, isByHour }
}

/** One for each tier that may be served; guardrails that read the answer count as for the whole of it. Empty: no price is known. */
export function tariffsOf({ book, asked, bounds, tiers }: CallPriceQuestion, fallback: FallbackPrice | null): Tariff[] {
  const { baseModel } = asked
  const { inputTokens, outputTokens } = bounds
  if (fallback !== null) return [{ fixed: fallbackCost(fallback, inputTokens, 0), perToken: fallback.outputToken }]
  if (baseModel === null || outputTokens === 0) return []
  return tiers.flatMap((tier) => {
    const whole = worstCase(book, { ...asked, baseModel, tier }, bounds)
    const fixed = worstCase(book, { ...asked, baseModel, tier }, { ...bounds, outputTokens: 0 }) ?? ZERO_USD
    return whole === null ? [] : [{ fixed, perToken: (whole - fixed) / BigInt(outputTokens) }]
  })
}

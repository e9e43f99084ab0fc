// How a plan's budgets hold: what its calls are assumed to read, and what happens where the worst case does not fit.

import { picoUsd, type PicoUsd } from './money.ts'
import { CONTEXT_DIMENSIONS, type Quantities } from './usage.ts'

export const INPUT_BOUNDS = ['strict', 'estimate'] as const
export type InputBoundMode = (typeof INPUT_BOUNDS)[number]

/** What a token of a model without a price is assumed to cost, in pico-USD. */
export type FallbackPrice = { readonly inputToken: PicoUsd; readonly outputToken: PicoUsd }

export const fallbackCost = (price: FallbackPrice, inputTokens: number, outputTokens: number): PicoUsd =>
  picoUsd(BigInt(inputTokens) * price.inputToken + BigInt(outputTokens) * price.outputToken)

/** What budgets count for a call of which the cost is not known; null: nobody knows what it used, or nothing stands in for its price. */
export function standInCost(price: FallbackPrice | null, quantities: Quantities | null): PicoUsd | null {
  if (price === null || quantities === null || Object.values(quantities).includes(null)) return null
  const read = CONTEXT_DIMENSIONS.reduce((sum, dimension) => sum + (quantities[dimension] ?? 0), 0)
  return fallbackCost(price, read, quantities.output_tokens ?? 0)
}

export type Budgeting = {
  /** strict: what a request can be at most, told from its bytes; estimate: what such requests have been, with a margin */
  readonly inputBound: InputBoundMode
  /** a call that does not fit gets a lower output cap instead of a refusal */
  readonly capOutput: boolean
  /** an answer shorter than this is not worth asking for: then the call is refused all the same */
  readonly minOutputTokens: number
  /** an answer that outgrows what was held for it is ended */
  readonly cutStream: boolean
  /** answers say what is left of the limits of their call */
  readonly limitHeaders: boolean
  /** null: a model without a price has none */
  readonly fallbackPrice: FallbackPrice | null
}

export const USUAL_BUDGETING: Budgeting = {
  inputBound: 'strict',
  capOutput: false,
  minOutputTokens: 1,
  cutStream: false,
  limitHeaders: false,
  fallbackPrice: null,
}

/**
 * Of the plans of a tenant and its ancestors, nearest first. The nearest decides, except that estimating must suit all of them: it is
 * the ancestor's budget that would be overshot.
 */
export function budgetingOf(plans: readonly Budgeting[]): Budgeting {
  const [nearest] = plans
  if (nearest === undefined) return USUAL_BUDGETING
  const agreed = plans.every(({ inputBound }) => inputBound === 'estimate') ? 'estimate' : 'strict'
  return agreed === nearest.inputBound ? nearest : { ...nearest, inputBound: agreed }
}

// How a plan's budgets hold, as the JSON text that is kept in its row; what is not written is as usual.

import { USUAL_BUDGETING, type Budgeting } from '../../core/budgeting.ts'
import { picoUsd } from '../../core/money.ts'

type Kept = Omit<Partial<Budgeting>, 'fallbackPrice'> & { readonly fallbackPrice?: readonly [string, string] }

export function budgetingToText({ fallbackPrice, ...rest }: Budgeting): string {
  const kept: Kept =
    fallbackPrice === null
      ? rest
      : { ...rest, fallbackPrice: [String(fallbackPrice.inputToken), String(fallbackPrice.outputToken)] }
  return JSON.stringify(kept)
}

export function budgetingFromText(text: string): Budgeting {
  const { fallbackPrice, ...rest } = JSON.parse(text) as Kept
  if (fallbackPrice === undefined) return { ...USUAL_BUDGETING, ...rest }
  const [inputToken, outputToken] = fallbackPrice
  return {
    ...USUAL_BUDGETING,
    ...rest,
    fallbackPrice: { inputToken: picoUsd(BigInt(inputToken)), outputToken: picoUsd(BigInt(outputToken)) },
  }
}

// How much of an answer is paid for by what was held: known before it begins, and less where the call read more than was assumed.

import { mostTokensWithin, type Tariff } from './output-room.ts'

export type HeldAnswer = {
  readonly inputTokens: number
  readonly outputTokens: number
  /** null: no price is known, and only tokens are held */
  readonly cost: bigint | null
  readonly tariffs: readonly Tariff[]
}

/** Tokens of output that are paid for when so many were read. */
export function paidOutput(held: HeldAnswer, inputTokens: number): number {
  const { inputTokens: assumed, outputTokens, cost, tariffs } = held
  if (inputTokens <= assumed) return outputTokens
  if (cost === null || tariffs.length === 0) return Math.max(0, outputTokens - (inputTokens - assumed))
  // What was read beyond the assumption is paid out of what was held for the answer.
  const dearer = tariffs.map(({ fixed, perToken }) => ({
    fixed: (fixed * BigInt(inputTokens)) / BigInt(Math.max(1, assumed)),
    perToken,
  }))
  return mostTokensWithin(dearer, cost, outputTokens) ?? 0
}

// An answer may go on as long as what was held pays for it.

import { expect, it } from 'vitest'
import { paidOutput, type HeldAnswer } from './held-answer.ts'

const held: HeldAnswer = {
  inputTokens: 1_000,
  outputTokens: 100,
  cost: 1_000n + 100n * 5n,
  tariffs: [{ fixed: 1_000n, perToken: 5n }],
}

it.each([
  ['as long as it was held for, while the input keeps to what was assumed', held, 1_000, 100],
  ['no longer because the input was shorter', held, 10, 100],
  ['shorter by what was read beyond', held, 1_100, 80],
  ['not at all where the input alone costs more than was held', held, 2_000, 0],
  ['by tokens alone where there is no price', { ...held, cost: null, tariffs: [] }, 1_040, 60],
])('%s', (_words, asked, inputTokens, expected) => {
  expect(paidOutput(asked, inputTokens)).toBe(expected)
})

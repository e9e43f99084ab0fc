// What is learned of one kind of call says nothing of another, and the table stays bounded.

import { expect, it } from 'vitest'
import { InputEstimates, type InputKind } from './input-estimates.ts'

const KIND: InputKind = { tenantId: 'a', baseModel: 'm.x', operation: 'Converse', hasMedia: false, bound: 4_000 }

it('is learned for the kind of call only', () => {
  const estimates = new InputEstimates()
  for (let count = 0; count < 30; count += 1) estimates.learn(KIND, 1_000)
  expect(estimates.estimate(KIND)).toBe(1_125)
  expect(estimates.estimate({ ...KIND, bound: 3_000 })).toBe(844)
  const others = [{ tenantId: 'b' }, { baseModel: 'm.y' }, { operation: 'InvokeModel' }, { hasMedia: true }]
  for (const other of others) expect(estimates.estimate({ ...KIND, ...other })).toBe(4_000)
  expect(estimates.estimate({ ...KIND, bound: 40_000 })).toBe(40_000)
})

it('forgets the kind that was learned longest ago', () => {
  const estimates = new InputEstimates()
  for (let count = 0; count < 30; count += 1) estimates.learn(KIND, 1_000)
  for (let count = 0; count < 19_999; count += 1) estimates.learn({ ...KIND, tenantId: `t${count}` }, 1)
  expect(estimates.estimate(KIND)).toBe(1_125)
  estimates.learn({ ...KIND, tenantId: 'one-more' }, 1)
  expect(estimates.estimate(KIND)).toBe(4_000)
})

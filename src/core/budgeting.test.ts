// Which plan's way of holding budgets a tenant has.

import { expect, it } from 'vitest'
import { budgetingOf, USUAL_BUDGETING, type Budgeting } from './budgeting.ts'

const capping: Budgeting = { ...USUAL_BUDGETING, capOutput: true }
const estimating: Budgeting = { ...capping, inputBound: 'estimate' }

it.each<[string, readonly Budgeting[], Budgeting]>([
  ['without a plan it is strict', [], USUAL_BUDGETING],
  ['the nearest plan decides', [capping, USUAL_BUDGETING], capping],
  ['all may estimate', [estimating, { ...USUAL_BUDGETING, inputBound: 'estimate' }], estimating],
  ['an ancestor that is strict is not overshot', [estimating, USUAL_BUDGETING], capping],
  ['who is strict does not estimate because an ancestor would', [capping, estimating], capping],
])('%s', (_words, plans, expected) => {
  expect(budgetingOf(plans)).toEqual(expected)
})

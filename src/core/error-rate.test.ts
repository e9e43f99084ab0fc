// The share of upstream errors in a window, counted in bounded memory.

import { expect, it } from 'vitest'
import { createErrorRates } from './error-rate.ts'
import type { Ending } from './ledger.ts'

const NOW = Date.UTC(2026, 10, 20, 12)
const call = (ending: Ending, status: number, modelId = 'm', region = 'r') => ({ ending, status, modelId, region })

it.each<[Ending, number, number]>([
  ['completed', 200, 0],
  ['client_aborted', 0, 0],
  ['upstream_refused', 400, 0],
  ['upstream_refused', 404, 0],
  ['upstream_refused', 429, 1],
  ['upstream_refused', 500, 1],
  ['upstream_refused', 503, 1],
  ['upstream_failed', 200, 1],
  ['upstream_failed', 504, 1],
  ['gateway_stopped', 200, 0],
])('%s with %i counts as %i errors', (ending, status, errors) => {
  const rates = createErrorRates()
  rates.add(call(ending, status), NOW)
  expect(rates.within(60_000, NOW)).toEqual([{ modelId: 'm', region: 'r', calls: 1, errors }])
})

it('counts each model and region for itself, and only what ended within the window', () => {
  const rates = createErrorRates()
  rates.add(call('completed', 200), NOW - 3_000_000)
  rates.add(call('upstream_failed', 0), NOW - 100_000)
  rates.add(call('completed', 200), NOW)
  rates.add(call('completed', 200, 'm', 'other'), NOW)
  const sums = (milliseconds: number, now = NOW) =>
    rates.within(milliseconds, now).map(({ region, calls, errors }) => [region, calls, errors])
  expect(sums(60_000)).toEqual([
    ['r', 1, 0],
    ['other', 1, 0],
  ])
  expect(sums(300_000)).toEqual([
    ['r', 2, 1],
    ['other', 1, 0],
  ])
  expect(sums(3_600_000)[0]).toEqual(['r', 3, 1])
  expect(sums(300_000, NOW + 400_000)).toEqual([])
})

it('forgets a slot when its place is taken again an hour later', () => {
  const rates = createErrorRates()
  for (let minute = 0; minute < 180; minute += 1) rates.add(call('upstream_failed', 0), NOW + minute * 60_000)
  expect(rates.within(3_600_000, NOW + 179 * 60_000)[0]?.calls).toBe(60)
})

it('stays bounded when callers invent models, and takes new ones once the invented are an hour old', () => {
  const rates = createErrorRates()
  for (let index = 0; index < 5_000; index += 1) rates.add(call('upstream_refused', 404, `invented-${index}`), NOW)
  expect(rates.within(60_000, NOW)).toHaveLength(2_000)
  rates.add(call('completed', 200, 'real'), NOW + 2 * 3_600_000)
  expect(rates.within(60_000, NOW + 2 * 3_600_000).map(({ modelId }) => modelId)).toEqual(['real'])
})

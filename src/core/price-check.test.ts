// The check of a price change: contradictions are refused, slips ask for a yes, and honest changes pass.

import { describe, expect, it } from 'vitest'
import { buildPriceBook, parseUnitPrice, type Price, type PriceAdjustment, type PriceBook } from './price-book.ts'
import { checkPrices, PRICE_CHANGE_ROWS_LIMIT } from './price-check.ts'
import type { PicoUsd } from './money.ts'

const price = (usd: string, changes: Partial<Price> = {}): Price => ({
  baseModel: 'maker.model-v1:0',
  region: '*',
  routing: '*',
  tier: 'standard',
  contextAbove: 0,
  dimension: 'input_tokens',
  variant: '',
  tenantId: null,
  unitPrice: parseUnitPrice(usd, changes.dimension ?? 'input_tokens'),
  effectiveFrom: '2026-01-01',
  effectiveTo: null,
  source: 'test',
  ...changes,
})

const bookOf = (...prices: Price[]): PriceBook =>
  buildPriceBook([{ version: 1, createdAt: '2026-01-01', author: 'test', note: '', prices, adjustments: [] }])

const EMPTY = buildPriceBook([])

function problems(prices: Price[], book = EMPTY, adjustments: PriceAdjustment[] = []): string[] {
  return checkPrices({ prices, adjustments }, book).map(({ kind, index, message }) => `${kind} ${index}: ${message}`)
}

describe('what contradicts itself', () => {
  it.each<[string, Partial<Price>, RegExp]>([
    ['a negative price', { unitPrice: -1n as PicoUsd }, /not negative/],
    ['an empty period', { effectiveTo: '2026-01-01' }, /never holds/],
    ['a period that runs backwards', { effectiveTo: '2025-01-01' }, /never holds/],
    ['a date that is none', { effectiveFrom: '2026-02-30' }, /not an ISO 8601/],
    ['an end that is none', { effectiveTo: 'never' }, /not an ISO 8601/],
    ['a step that is not whole', { contextAbove: 0.5 }, /whole number/],
    ['a step below zero', { contextAbove: -1 }, /whole number/],
    ['a step that is NaN', { contextAbove: Number.NaN }, /whole number/],
    [
      'a profile in the place of a model',
      { baseModel: 'us.maker.model-v1:0' },
      /price "maker.model-v1:0" with routing regional/,
    ],
    ['a global profile', { baseModel: 'global.maker.model' }, /with routing global/],
    ['a display name', { baseModel: 'Claude Opus 5' }, /not a base model id/],
    ['an ARN', { baseModel: 'arn:aws:bedrock:us-east-1::foundation-model/maker.model' }, /not a base model id/],
    ['a place that is no region', { region: 'US East (Ohio)' }, /not a region/],
  ])('%s is refused', (_, changes, message) => {
    const found = problems([price('3'), price('3', { region: 'us-east-1', ...changes })])
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^refused 1: /)
    expect(found[0]).toMatch(message)
  })

  it('a price that the change has twice is refused, once', () => {
    expect(problems([price('3'), price('4')])).toEqual(['refused 1: The change has this price twice, from 2026-01-01.'])
    expect(problems([price('3'), price('4', { effectiveFrom: '2026-01-01T00:00:00Z' })])).toHaveLength(1)
  })

  it('an explicit end after the next start is refused, within a change and against the book', () => {
    const ending = price('3', { effectiveTo: '2026-06-01' })
    const next = price('4', { effectiveFrom: '2026-05-31' })
    expect(problems([ending, next])[0]).toMatch(/^refused 0: It overlaps/)
    expect(problems([next], bookOf(ending))[0]).toMatch(/^refused 0: It overlaps/)
    expect(problems([ending], bookOf(next))[0]).toMatch(/^refused 0: It overlaps/)
  })

  it('half-open periods that touch, an open price and its successor, and replacing a price are fine', () => {
    expect(problems([price('3', { effectiveTo: '2026-06-01' }), price('4', { effectiveFrom: '2026-06-01' })])).toEqual(
      [],
    )
    expect(problems([price('4', { effectiveFrom: '2026-06-01' })], bookOf(price('3')))).toEqual([])
    expect(
      problems([price('3', { effectiveTo: '2026-05-01' })], bookOf(price('3', { effectiveTo: '2026-09-01' }))),
    ).toEqual([])
    const offer = price('2', { effectiveFrom: '2026-03-01', effectiveTo: '2026-04-01' })
    expect(problems([offer], bookOf(price('3')))).toEqual([])
  })

  it('a percentage out of range or without a period is refused', () => {
    const adjustment = { tenantId: 'acme', basisPoints: 9_000, effectiveFrom: '2026-01-01', effectiveTo: null }
    expect(problems([], EMPTY, [adjustment])).toEqual([])
    for (const changes of [
      { basisPoints: -1 },
      { basisPoints: 0.5 },
      { basisPoints: Number.NaN },
      { effectiveTo: '2026-01-01' },
    ]) {
      expect(problems([], EMPTY, [{ ...adjustment, ...changes }])).toEqual([
        expect.stringMatching(/^refused null: Percentage of "acme"/),
      ])
    }
  })

  it('more rows than the limit are refused at once', () => {
    const rows = Array.from({ length: PRICE_CHANGE_ROWS_LIMIT + 1 }, () => price('3'))
    expect(problems(rows)).toEqual([expect.stringMatching(/at most 100000/)])
  })
})

describe('what looks like a slip', () => {
  const output = (usd: string, changes: Partial<Price> = {}) => price(usd, { dimension: 'output_tokens', ...changes })

  it('twenty times off its predecessor asks for a yes, either way; nineteen times does not', () => {
    const later = { effectiveFrom: '2026-06-01' }
    expect(problems([price('60', later)], bookOf(price('3')))).toEqual([
      expect.stringMatching(/^confirm 0: .*what it was: 3/),
    ])
    expect(problems([price('0.15', later)], bookOf(price('3')))).toHaveLength(1)
    expect(problems([price('57', later)], bookOf(price('3')))).toEqual([])
  })

  it('so does a price that replaces one, and one that becomes free or stops being free', () => {
    expect(problems([price('3000')], bookOf(price('3')))).toEqual([expect.stringMatching(/what it was/)])
    expect(problems([price('0')], bookOf(price('3')))).toEqual([expect.stringMatching(/becomes free/)])
    expect(problems([price('3')], bookOf(price('0')))).toEqual([expect.stringMatching(/was free/)])
  })

  it('per 1,000 typed as per 1M is found by the price of another region', () => {
    const book = bookOf(price('3', { region: 'us-east-1' }), price('3.3', { region: 'eu-west-1' }))
    expect(problems([price('0.003', { region: 'ap-south-1' })], book)).toEqual([
      expect.stringMatching(/elsewhere: 3.3/),
    ])
  })

  it('and by the price of the other tokens', () => {
    expect(problems([price('3'), output('15000')])).toHaveLength(2)
    expect(problems([price('3'), price('0.0003', { dimension: 'cache_read_tokens' })])).toHaveLength(1)
    expect(problems([output('0.015')], bookOf(price('3')))).toEqual([expect.stringMatching(/input_tokens cost: 3/)])
  })

  it('and, where there is nothing to compare, by what anything ever cost', () => {
    expect(problems([price('3000'), output('15000')])).toHaveLength(2)
    expect(problems([price('0.0001')])).toHaveLength(1)
    expect(problems([price('40000', { dimension: 'images' })])).toEqual([expect.stringMatching(/per unit/)])
  })

  it('real price tables pass', () => {
    const table: [Price['dimension'], string][] = [
      ['input_tokens', '10'],
      ['output_tokens', '50'],
      ['cache_read_tokens', '0.25'],
      ['cache_write_5m_tokens', '12.5'],
      ['cache_write_1h_tokens', '20'],
    ]
    expect(problems(table.map(([dimension, usd]) => price(usd, { dimension })))).toEqual([])
    expect(problems([price('0.06'), output('0.24'), price('0', { dimension: 'cache_write_5m_tokens' })])).toEqual([])
  })
})

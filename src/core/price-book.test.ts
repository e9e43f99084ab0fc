// The price book: which price applies is decided by the documented precedence and by nothing else.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PicoUsd } from './money.ts'
import {
  buildPriceBook,
  extendPriceBook,
  findPrice,
  formatUnitPrice,
  GUARDRAIL_BASE_MODEL,
  listPrices,
  parseInstant,
  parseUnitPrice,
  type Price,
  type PriceAdjustment,
  type PriceQuestion,
  type PriceVersion,
} from './price-book.ts'

const MODEL = 'maker.model-v1:0'
const at = (date: string): number => Date.parse(date)

const price = (usd: string, changes: Partial<Price> = {}): Price => ({
  baseModel: MODEL,
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

const version = (number: number, prices: Price[], adjustments: PriceAdjustment[] = []): PriceVersion => ({
  version: number,
  createdAt: '2026-01-01T00:00:00Z',
  author: 'test',
  note: '',
  prices,
  adjustments,
})

const question = (changes: Partial<PriceQuestion> = {}): PriceQuestion => ({
  baseModel: MODEL,
  routing: 'regional',
  region: 'us-east-1',
  tier: 'standard',
  contextTokens: 1_000,
  variant: '',
  tenantId: 'acme',
  at: at('2026-06-01'),
  ...changes,
})

/** The price per 1M that answers, as text. */
function answer(prices: Price[], changes: Partial<PriceQuestion> = {}, adjustments: PriceAdjustment[] = []) {
  const found = findPrice(buildPriceBook([version(1, prices, adjustments)]), question(changes), 'input_tokens')
  return found === null ? null : formatUnitPrice(found.unitPrice, 'input_tokens')
}

describe('findPrice', () => {
  it('knows nothing of an empty book', () => {
    expect(findPrice(buildPriceBook([]), question(), 'input_tokens')).toBeNull()
    expect(buildPriceBook([]).version).toBe(0)
  })

  it('takes the exact region, then any', () => {
    const prices = [price('1'), price('2', { region: 'us-east-1' })]
    expect(answer(prices)).toBe('2')
    expect(answer(prices, { region: 'eu-west-1' })).toBe('1')
    expect(answer([price('2', { region: 'us-east-1' })], { region: 'eu-west-1' })).toBeNull()
  })

  it('takes the exact routing, then any', () => {
    const prices = [price('1'), price('2', { routing: 'global' })]
    expect(answer(prices, { routing: 'global' })).toBe('2')
    expect(answer(prices, { routing: 'regional' })).toBe('1')
    expect(answer([price('2', { routing: 'global' })])).toBeNull()
  })

  it('takes the exact variant, then the price of any', () => {
    const prices = [price('1'), price('2', { variant: '1024x1024/premium' })]
    expect(answer(prices, { variant: '1024x1024/premium' })).toBe('2')
    expect(answer(prices, { variant: '512x512/standard' })).toBe('1')
    expect(answer([price('2', { variant: 'a' })])).toBeNull()
  })

  it('takes the highest long-context step that the tokens read are above', () => {
    const prices = [price('1'), price('2', { contextAbove: 200_000 }), price('5', { contextAbove: 500_000 })]
    expect(answer(prices, { contextTokens: 0 })).toBe('1')
    expect(answer(prices, { contextTokens: 200_000 })).toBe('1')
    expect(answer(prices, { contextTokens: 200_001 })).toBe('2')
    expect(answer(prices, { contextTokens: 500_001 })).toBe('5')
  })

  it('never trades one tier for another', () => {
    for (const tier of ['priority', 'flex', 'batch', 'reserved', 'latency_optimized'] as const) {
      expect(answer([price('1')], { tier })).toBeNull()
      expect(answer([price('1'), price('1.75', { tier })], { tier })).toBe('1.75')
    }
  })

  it('takes the latest start that is not after the call, from inclusive to exclusive', () => {
    const prices = [price('1'), price('2', { effectiveFrom: '2026-08-21' })]
    expect(answer(prices, { at: at('2025-12-31T23:59:59.999Z') })).toBeNull()
    expect(answer(prices, { at: at('2026-01-01') })).toBe('1')
    expect(answer(prices, { at: at('2026-08-20T23:59:59.999Z') })).toBe('1')
    expect(answer(prices, { at: at('2026-08-21') })).toBe('2')
    const ended = [price('1', { effectiveTo: '2026-03-01' })]
    expect(answer(ended, { at: at('2026-02-28T23:59:59.999Z') })).toBe('1')
    expect(answer(ended, { at: at('2026-03-01') })).toBeNull()
  })

  it('goes back to an open price when one with an end is over, and to the list when an own price is', () => {
    const offer = { effectiveFrom: '2026-02-01', effectiveTo: '2026-03-01' }
    const prices = [price('4'), price('3', offer), price('2', { ...offer, tenantId: 'acme' })]
    expect(answer(prices, { at: at('2026-01-15') })).toBe('4')
    expect(answer(prices, { at: at('2026-02-15') })).toBe('2')
    expect(answer(prices, { at: at('2026-02-15'), tenantId: 'other' })).toBe('3')
    expect(answer(prices, { at: at('2026-03-01') })).toBe('4')
  })

  it("takes the tenant's own price before any list price, however exact", () => {
    const prices = [price('9', { region: 'us-east-1', routing: 'regional' }), price('2', { tenantId: 'acme' })]
    expect(answer(prices)).toBe('2')
    expect(answer(prices, { tenantId: 'other' })).toBe('9')
  })

  it("scales the list price, not the tenant's own, by the tenant's percentage in its period", () => {
    const adjustment = { tenantId: 'acme', basisPoints: 9_000, effectiveFrom: '2026-05-01', effectiveTo: '2026-07-01' }
    expect(answer([price('3')], {}, [adjustment])).toBe('2.7')
    expect(answer([price('3')], { tenantId: 'other' }, [adjustment])).toBe('3')
    expect(answer([price('3')], { at: at('2026-07-01') }, [adjustment])).toBe('3')
    expect(answer([price('3'), price('2', { tenantId: 'acme' })], {}, [adjustment])).toBe('2')
  })

  it('weighs region before routing before variant before step before start', () => {
    // Each row is named by how many of the levels it has; the most binding level wins over all lower ones together.
    const rows = [
      price('1', { effectiveFrom: '2026-05-01' }),
      price('2', { contextAbove: 500 }),
      price('3', { variant: 'v' }),
      price('4', { routing: 'regional' }),
      price('5', { region: 'us-east-1' }),
      price('6', { tenantId: 'acme' }),
    ]
    for (let count = 1; count <= rows.length; count++) {
      expect(answer(rows.slice(0, count), { variant: 'v' })).toBe(String(count))
      expect(answer(rows.slice(0, count).toReversed(), { variant: 'v' })).toBe(String(count))
    }
  })

  it('finds guardrail units under their own name, whatever the model and tier', () => {
    const rows = [price('0.00015', { baseModel: GUARDRAIL_BASE_MODEL, dimension: 'guardrail_content_units' })]
    const book = buildPriceBook([version(1, rows)])
    const found = findPrice(book, question({ tier: 'flex', contextTokens: 0 }), 'guardrail_content_units')
    expect(found?.unitPrice).toBe(150_000_000n)
  })
})

describe('buildPriceBook', () => {
  it('lets a later version replace the price with the same key and start, and says which version a price is from', () => {
    const first = buildPriceBook([version(1, [price('1')])])
    const second = extendPriceBook(first, [version(2, [price('2'), price('7', { region: 'eu-west-1' })])])
    expect(findPrice(first, question(), 'input_tokens')).toMatchObject({ version: 1, unitPrice: 1_000_000n })
    expect(findPrice(second, question(), 'input_tokens')).toMatchObject({ version: 2, unitPrice: 2_000_000n })
    expect(second.version).toBe(2)
    expect(listPrices(second)).toHaveLength(2)
  })

  it('treats a date and the same midnight as one start', () => {
    const book = buildPriceBook([
      version(1, [price('1', { effectiveFrom: '2026-01-01' })]),
      version(2, [price('2', { effectiveFrom: '2026-01-01T00:00:00Z' })]),
    ])
    expect(listPrices(book)).toHaveLength(1)
  })

  it('refuses versions out of order and periods that are none', () => {
    expect(() => buildPriceBook([version(2, []), version(1, [])])).toThrow(RangeError)
    expect(() => buildPriceBook([version(1, []), version(1, [])])).toThrow(RangeError)
    expect(() => buildPriceBook([version(1, [price('1', { effectiveFrom: 'soon' })])])).toThrow(RangeError)
  })

  it('is not changed by what it was built from', () => {
    const versions = [version(1, [price('1')])]
    const book = buildPriceBook(versions)
    versions.push(version(2, [price('2')]))
    expect(extendPriceBook(book, []).version).toBe(1)
  })

  it('answers as a plain search through all rows does', () => {
    const row = fc.record({
      region: fc.constantFrom('*', 'us-east-1', 'eu-west-1'),
      routing: fc.constantFrom<Price['routing']>('*', 'global', 'regional'),
      contextAbove: fc.constantFrom(0, 200, 500),
      variant: fc.constantFrom('', 'v'),
      tenantId: fc.constantFrom(null, 'acme'),
      effectiveFrom: fc.constantFrom('2026-01-01', '2026-03-01'),
      effectiveTo: fc.constantFrom(null, '2026-05-01'),
      unitPrice: fc.bigInt(1n, 99n).map((value) => value as PicoUsd),
    })
    const asked = fc.record({
      region: fc.constantFrom('us-east-1', 'eu-west-1', 'ap-south-1'),
      routing: fc.constantFrom<PriceQuestion['routing']>('global', 'regional'),
      contextTokens: fc.constantFrom(0, 200, 201, 501),
      variant: fc.constantFrom('', 'v', 'w'),
      at: fc.constantFrom(at('2025-06-01'), at('2026-02-01'), at('2026-04-01'), at('2026-06-01')),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), asked, (rows, changes) => {
        const prices = rows.map((changed) => price('1', changed))
        const found = findPrice(buildPriceBook([version(1, prices)]), question(changes), 'input_tokens')
        expect(found?.unitPrice ?? null).toBe(plainSearch(prices, question(changes)))
      }),
      { numRuns: 2_000 },
    )
  })
})

/** Written differently on purpose: every row gets a score, the highest score wins, later rows replace equal ones. */
function plainSearch(prices: Price[], asked: PriceQuestion): bigint | null {
  const fits = (wildcard: string | null, own: string | null, wanted: string): boolean =>
    own === wildcard || own === wanted
  const applies = (row: Price): boolean =>
    fits(null, row.tenantId, asked.tenantId) &&
    fits('*', row.region, asked.region) &&
    fits('*', row.routing, asked.routing) &&
    fits('', row.variant, asked.variant) &&
    (row.contextAbove === 0 || row.contextAbove < asked.contextTokens) &&
    Date.parse(row.effectiveFrom) <= asked.at &&
    asked.at < Date.parse(row.effectiveTo ?? '9999-12-31')
  const identity = (row: Price): string =>
    [row.tenantId, row.region, row.routing, row.variant, row.contextAbove, row.effectiveFrom].join('|')
  const score = (row: Price): number =>
    (row.tenantId === null ? 0 : 1e9) +
    (row.region === '*' ? 0 : 1e8) +
    (row.routing === '*' ? 0 : 1e7) +
    (row.variant === '' ? 0 : 1e6) +
    row.contextAbove * 1e2 +
    (row.effectiveFrom === '2026-03-01' ? 1 : 0)
  const kept = new Map(prices.map((row) => [identity(row), row]))
  const best = [...kept.values()].filter(applies).toSorted((a, b) => score(b) - score(a))[0]
  return best?.unitPrice ?? null
}

describe('listPrices', () => {
  it('lists what is in effect, one row for each step', () => {
    const book = buildPriceBook([
      version(1, [
        price('1'),
        price('2', { effectiveFrom: '2026-03-01' }),
        price('4', { contextAbove: 200_000 }),
        price('9', { baseModel: 'maker.other' }),
      ]),
    ])
    const shown = (filter: Parameters<typeof listPrices>[1]): string[] =>
      listPrices(book, filter).map((found) => formatUnitPrice(found.unitPrice, 'input_tokens'))
    expect(shown({ baseModel: MODEL, at: at('2026-06-01') })).toEqual(['4', '2'])
    expect(shown({ baseModel: MODEL, at: at('2026-02-01') })).toEqual(['4', '1'])
    expect(shown({})).toHaveLength(4)
  })
})

describe('unit prices as people write them', () => {
  it.each([
    ['3', 'input_tokens', 3_000_000n],
    ['0.0375', 'cache_read_tokens', 37_500n],
    ['0.000001', 'input_tokens', 1n],
    ['0', 'input_tokens', 0n],
    ['0.04', 'images', 40_000_000_000n],
    ['0.00000000001', 'images', 10n],
  ] as const)('%s for %s', (text, dimension, expected) => {
    expect(parseUnitPrice(text, dimension)).toBe(expected)
    expect(formatUnitPrice(parseUnitPrice(text, dimension), dimension)).toBe(text)
  })

  it.each(['0.0000001', '0.0000015', '3e-6', '', ' 3', '$3', '1,000', 'NaN'])('refuses %j per 1M tokens', (text) => {
    expect(() => parseUnitPrice(text, 'input_tokens')).toThrow(RangeError)
  })

  it('reads back every unit price exactly', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 18n), fc.constantFrom('input_tokens', 'images'), (value, dimension) => {
        const known = dimension === 'images' ? 'images' : 'input_tokens'
        expect(parseUnitPrice(formatUnitPrice(value as PicoUsd, known), known)).toBe(value)
      }),
    )
  })
})

describe('parseInstant', () => {
  it('reads ISO 8601 UTC and nothing else', () => {
    expect(parseInstant('2026-08-21')).toBe(Date.UTC(2026, 7, 21))
    expect(parseInstant('2026-08-21T10:30Z')).toBe(Date.UTC(2026, 7, 21, 10, 30))
    expect(parseInstant('2026-08-21T10:30:15.250Z')).toBe(Date.UTC(2026, 7, 21, 10, 30, 15, 250))
    const wrong = ['', '2026', '2026-8-1', '2026-02-30', '2026-13-01', '21.08.2026', '2026-08-21T10:30:00+02:00', 'now']
    expect(wrong.map(parseInstant)).toEqual(wrong.map(() => null))
  })
})

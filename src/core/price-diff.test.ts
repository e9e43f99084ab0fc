// The difference that prices would make: by what a call would be charged today, not by how the book's rows are written.

import { describe, expect, it } from 'vitest'
import { buildPriceBook, parseUnitPrice, type Price } from './price-book.ts'
import { diffPrices } from './price-diff.ts'

const price = (usd: string, changes: Partial<Price> = {}): Price => ({
  baseModel: 'maker.one',
  region: '*',
  routing: '*',
  tier: 'standard',
  contextAbove: 0,
  dimension: 'input_tokens',
  variant: '',
  tenantId: null,
  unitPrice: parseUnitPrice(usd, 'input_tokens'),
  effectiveFrom: '2026-01-01',
  effectiveTo: null,
  source: 'test',
  ...changes,
})

const version = (number: number, prices: Price[]) => ({
  version: number,
  createdAt: '2026-01-01',
  author: 'test',
  note: '',
  adjustments: [],
  prices,
})

const FIRST = version(1, [
  price('3'),
  price('6', { contextAbove: 1_000 }),
  price('0', { dimension: 'cache_write_5m_tokens' }),
  price('1', { tenantId: 'acme' }),
])
const BOOK = buildPriceBook([FIRST])
const NOW = Date.parse('2026-06-01')

describe('diffPrices', () => {
  it('tells new, changed and unchanged apart', () => {
    const here = { region: 'us-east-1', routing: 'regional' as const }
    const same = price('3', here)
    const dearer = price('4.5', here)
    const added = price('9', { ...here, tier: 'priority' })
    expect(diffPrices(BOOK, [same, dearer, added], NOW)).toEqual({
      added: [added],
      changed: [{ price: dearer, old: 3_000_000n, ratio: 1.5 }],
      unchanged: 1,
    })
  })

  it('compares a long-context step with that step', () => {
    const step = price('6', { region: 'us-east-1', contextAbove: 1_000 })
    expect(diffPrices(BOOK, [step], NOW)).toMatchObject({ added: [], changed: [], unchanged: 1 })
    const beyond = price('7', { region: 'us-east-1', contextAbove: 2_000 })
    expect(diffPrices(BOOK, [beyond], NOW).changed).toEqual([{ price: beyond, old: 6_000_000n, ratio: 7 / 6 }])
  })

  it('has no ratio for what was free', () => {
    const write = price('3.75', { dimension: 'cache_write_5m_tokens' })
    expect(diffPrices(BOOK, [write], NOW).changed).toEqual([{ price: write, old: 0n, ratio: null }])
  })

  it('looks at when a price begins, if that is later than now', () => {
    const early = price('3', { effectiveFrom: '2025-01-01' })
    const late = price('2', { effectiveFrom: '2027-01-01' })
    const book = buildPriceBook([FIRST, version(2, [late])])
    expect(diffPrices(book, [early, late], NOW)).toMatchObject({ added: [], changed: [], unchanged: 2 })
    expect(diffPrices(BOOK, [late], NOW).changed).toHaveLength(1)
  })
})

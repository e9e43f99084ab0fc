// The reader of price tables: exact or refused, with the line named.

import { describe, expect, it } from 'vitest'
import { formatUnitPrice, type Price } from '../core/price-book.ts'
import { EARLIEST, priceTable } from './price-table.ts'

const shown = (prices: readonly Price[]): string[] =>
  prices.map((price) => {
    const { region, routing, tier, dimension, unitPrice } = price
    return `${price.baseModel} ${region} ${routing} ${tier} ${dimension} ${formatUnitPrice(unitPrice, dimension)}`
  })

describe('priceTable', () => {
  it('makes one price of each cell', () => {
    const prices = priceTable`
      model    routing  in   out  read  source
      a.model  global   3    15   -     page
    `
    expect(shown(prices)).toEqual([
      'a.model * global standard input_tokens 3',
      'a.model * global standard output_tokens 15',
    ])
    expect(prices[0]).toMatchObject({
      effectiveFrom: EARLIEST,
      effectiveTo: null,
      contextAbove: 0,
      variant: '',
      tenantId: null,
    })
    expect(prices[0]?.source).toMatch(/pricing page/)
  })

  it('reads lists of models and regions, groups of regions, steps, dates and variants', () => {
    const prices = priceTable`
      model    region         above  from        variant  image  source
      # a comment
      a.b,a.c  us,eu-north-1  100    2026-01-02  hd       0.5    page
    `
    expect(prices).toHaveLength(8)
    expect(prices.at(-1)).toMatchObject({
      baseModel: 'a.c',
      region: 'eu-north-1',
      contextAbove: 100,
      effectiveFrom: '2026-01-02',
      variant: 'hd',
      unitPrice: 500_000_000_000n,
    })
  })

  it('works out the tiers that cost their usual part, without caches in batch', () => {
    const prices = priceTable`
      model    in    read  also                 source
      a.model  0.15  0.02  batch,flex,priority  page
    `
    expect(shown(prices)).toEqual([
      'a.model * * standard input_tokens 0.15',
      'a.model * * standard cache_read_tokens 0.02',
      'a.model * * batch input_tokens 0.075',
      'a.model * * flex input_tokens 0.075',
      'a.model * * flex cache_read_tokens 0.01',
      'a.model * * priority input_tokens 0.2625',
      'a.model * * priority cache_read_tokens 0.035',
    ])
  })

  it.each([
    ['an unknown column', () => priceTable`model inn source\na.b 1 page`],
    ['a missing cell', () => priceTable`model in source\na.b page`],
    ['an unknown source', () => priceTable`model in source\na.b 1 hearsay`],
    ['no source', () => priceTable`model in\na.b 1`],
    ['an unknown routing', () => priceTable`model routing in source\na.b world 1 page`],
    ['an unknown tier', () => priceTable`model tier in source\na.b fast 1 page`],
    ['an unknown tier beside', () => priceTable`model in also source\na.b 1 reserved page`],
    ['a price finer than is kept', () => priceTable`model in source\na.b 0.0000001 page`],
    ['a part that is not exact', () => priceTable`model in also source\na.b 0.000001 flex page`],
    ['a price that is none', () => priceTable`model in source\na.b free page`],
  ])('refuses %s', (_, read) => {
    expect(read).toThrow(RangeError)
  })
})

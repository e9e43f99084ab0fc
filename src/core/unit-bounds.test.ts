// Unit bounds: kept for every call of a kind, and never beyond the moment in which one of its prices begins or ends.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bookOf, pricesOf, question } from './prices-for-tests.ts'
import { buildPriceBook, type Price, type PriceBook } from './price-book.ts'
import { worstCase } from './rating.ts'

const ASK = { inputTokens: 300_000, outputTokens: 1_000 }
const DAYS = ['2026-01-01', '2026-02-01', '2026-03-01', '2026-04-01']
/** Days on which no price begins or ends. */
const QUIET_DAYS = ['2026-01-15', '2026-02-15', '2026-03-15']

/** The same prices, with nothing worked out yet. */
const fresh = (book: PriceBook): PriceBook => buildPriceBook(book.versions)

const dated = (price: Price, from: number, to: number | null, unitPrice: number): Price => ({
  ...price,
  effectiveFrom: DAYS[from] as string,
  effectiveTo: to === null ? null : (DAYS[to] as string),
  unitPrice: BigInt(unitPrice) as Price['unitPrice'],
})

const [input, output] = pricesOf('m.one', { input_tokens: '3', output_tokens: '15' }) as [Price, Price]

const anyPrice = fc
  .record({
    price: fc.constantFrom(input, output),
    from: fc.nat(2),
    length: fc.option(fc.integer({ min: 1, max: 2 })),
    unitPrice: fc.integer({ min: 1, max: 50 }),
    contextAbove: fc.constantFrom(0, 0, 200_000),
    tenantId: fc.constantFrom(null, null, 'acme'),
  })
  .map(({ price, from, length, unitPrice, contextAbove, tenantId }) => ({
    ...dated(price, from, length === null || from + length > 3 ? null : from + length, unitPrice),
    contextAbove,
    tenantId,
  }))

const anyMoment = fc.record({
  at: fc.constantFrom(...[...DAYS, ...QUIET_DAYS].flatMap((day) => [Date.parse(day) - 1, Date.parse(day)])),
  tenantId: fc.constantFrom('acme', 'other'),
  inputTokens: fc.constantFrom(1, 200_000, 200_001),
})

describe('unit bounds', () => {
  it('are of the moment that is asked about, whatever was asked before', () => {
    const before = Date.parse('2026-02-01') - 1
    const book = bookOf([dated(input, 0, null, 2), dated(input, 1, null, 5), dated(output, 0, null, 7)])
    const at = (moment: number) => worstCase(book, { ...question('m.one'), at: moment }, ASK)
    expect([at(before), at(before + 1), at(before)]).toEqual([607_000n, 1_507_000n, 607_000n])
  })

  it('say what a book says that was never asked before, for any prices in any order of questions', () => {
    fc.assert(
      fc.property(
        fc.array(anyPrice, { minLength: 1, maxLength: 8 }),
        fc.option(fc.record({ from: fc.nat(2), basisPoints: fc.constantFrom(5_000, 9_000, 12_000) })),
        fc.array(anyMoment, { minLength: 2, maxLength: 12 }),
        (prices, adjustment, moments) => {
          const adjustments =
            adjustment === null
              ? []
              : [
                  {
                    tenantId: 'acme',
                    basisPoints: adjustment.basisPoints,
                    effectiveFrom: QUIET_DAYS[adjustment.from] as string,
                    effectiveTo: null,
                  },
                ]
          const version = {
            version: 1,
            createdAt: '2026-01-01T00:00:00Z',
            author: 'test',
            note: '',
            prices,
            adjustments,
          }
          const book = buildPriceBook([version])
          for (const { at, tenantId, inputTokens } of moments) {
            const asked = { ...question('m.one'), at, tenantId }
            const ask = { inputTokens, outputTokens: 1_000 }
            expect(worstCase(book, asked, ask)).toBe(worstCase(fresh(book), asked, ask))
          }
        },
      ),
    )
  })
})

// Rating: exact sums by dimension; unknown stays unknown; the worst case is never below what a call turns out to cost.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPicoUsd, type PicoUsd } from './money.ts'
import { bookOf, pricesOf, question, rated, usd, type PriceTable } from './prices-for-tests.ts'
import { rate, worstCase } from './rating.ts'
import { CONTEXT_DIMENSIONS, type Dimension, type Quantities } from './usage.ts'

describe('rate', () => {
  const book = bookOf(pricesOf('m.one', { input_tokens: '3', output_tokens: '15', cache_read_tokens: '0.3' }))

  it('says where each line is from and which book it used', () => {
    expect(rated(book, 'm.one', { input_tokens: 2 })).toMatchObject({
      priceVersion: 3,
      missing: [],
      lines: [
        {
          dimension: 'input_tokens',
          quantity: 2,
          unitPrice: 3_000_000n,
          cost: 6_000_000n,
          source: 'test',
          effectiveFrom: '2024-01-01',
        },
      ],
    })
  })

  it('knows no cost of unknown usage', () => {
    expect(rate(book, question('m.one'), null)).toEqual({
      cost: null,
      inputCost: null,
      outputCost: null,
      lines: [],
      priceVersion: null,
      missing: [],
    })
  })

  it.each<[string, Quantities, Dimension[]]>([
    ['m.one', { input_tokens: 5, output_tokens: null }, ['output_tokens']],
    ['m.one', { input_tokens: 5, images: 1 }, ['images']],
    ['m.unknown', { input_tokens: 5, output_tokens: 1 }, ['input_tokens', 'output_tokens']],
    ['m.one', { input_tokens: 0.5 }, ['input_tokens']],
    ['m.one', { input_tokens: -1 }, ['input_tokens']],
    ['m.one', { input_tokens: Number.NaN }, ['input_tokens']],
    ['m.one', { cache_write_1h_tokens: 1 }, ['cache_write_1h_tokens']],
  ])('%s with %j is unknown, not zero', (model, quantities, missing) => {
    const rating = rated(book, model, quantities)
    expect([rating.cost, rating.inputCost, rating.outputCost, rating.priceVersion]).toEqual([null, null, null, null])
    expect(rating.missing).toEqual(missing)
  })

  it('charges nothing for zero, without needing a price', () => {
    expect(usd(rated(book, 'm.unknown', { input_tokens: 0, output_tokens: 0 }).cost)).toBe('0')
    expect(usd(rated(book, 'm.one', { input_tokens: 1, cache_write_1h_tokens: 0 }).cost)).toBe('0.000003')
    expect(usd(rated(book, 'm.unknown', {}).cost)).toBe('0')
  })

  it('counts calls only where a call as such has a price', () => {
    const perCall = bookOf(pricesOf('m.two', { input_tokens: '1', requests: '0.001' }))
    expect(usd(rated(book, 'm.one', { requests: 1, input_tokens: 1 }).cost)).toBe('0.000003')
    expect(usd(rated(perCall, 'm.two', { requests: 1, input_tokens: 1 }).cost)).toBe('0.001001')
  })

  it('never bills the free guardrail units', () => {
    const rating = rated(book, 'm.one', { guardrail_sensitive_free_units: 9 })
    expect([usd(rating.cost), rating.missing]).toEqual(['0', []])
    expect(rated(book, 'm.one', { guardrail_sensitive_units: 9 }).missing).toEqual(['guardrail_sensitive_units'])
  })

  it('prices the whole call by the long-context step, cached tokens counted', () => {
    const stepped = bookOf(
      pricesOf('m.long', { input_tokens: '2', output_tokens: '10', cache_read_tokens: '0.1' }),
      pricesOf(
        'm.long',
        { input_tokens: '4', output_tokens: '15', cache_read_tokens: '0.2' },
        { contextAbove: 272_000 },
      ),
    )
    const call = (read: number) =>
      usd(rated(stepped, 'm.long', { input_tokens: 1_000, cache_read_tokens: read, output_tokens: 1_000 }).cost)
    expect(call(271_000)).toBe('0.0391') // 1,000 × 2 + 271,000 × 0.1 + 1,000 × 10, per million
    expect(call(271_001)).toBe('0.0732002') // 1,000 × 4 + 271,001 × 0.2 + 1,000 × 15, per million
  })

  it('charges the tier that was served and no other', () => {
    expect(
      rate(book, question('m.one', { tier: 'flex' }), { quantities: { input_tokens: 1 }, estimated: false }),
    ).toMatchObject({ cost: null, missing: ['input_tokens'] })
  })
})

const QUANTITY = fc.integer({ min: 0, max: 2_000_000 })
const MICRO_USD = fc.integer({ min: 0, max: 100_000_000 })

/** Any model: each dimension priced or not, with a long-context step or without, cheaper above it or dearer. */
const ANY_BOOK = fc
  .record({
    base: fc.record({
      input_tokens: MICRO_USD,
      output_tokens: MICRO_USD,
      cache_read_tokens: fc.option(MICRO_USD),
      cache_write_5m_tokens: fc.option(MICRO_USD),
      cache_write_1h_tokens: fc.option(MICRO_USD),
      cache_write_30m_tokens: fc.option(MICRO_USD),
    }),
    step: fc.option(
      fc.record({ above: fc.integer({ min: 1, max: 500_000 }), input_tokens: MICRO_USD, output_tokens: MICRO_USD }),
    ),
    images: fc.dictionary(fc.constantFrom('small', 'large', ''), MICRO_USD),
  })
  .map(({ base, step, images }) => {
    const table = (prices: Record<string, number | null>): PriceTable =>
      Object.fromEntries(
        Object.entries(prices).flatMap(([name, price]) =>
          price === null ? [] : [[name, formatPicoUsd((BigInt(price) * 1_000_000n) as PicoUsd)]],
        ),
      )
    const stepped =
      step === null ? [] : pricesOf('m.any', table({ ...step, above: null }), { contextAbove: step.above })
    const pictures = Object.entries(images).map(([variant, price]) =>
      pricesOf('m.any', table({ images: price }), { variant }),
    )
    return bookOf(pricesOf('m.any', table(base)), stepped, ...pictures)
  })

describe('properties', () => {
  it('the cost is the sum of its lines, and each line is quantity × unit price', () => {
    fc.assert(
      fc.property(ANY_BOOK, QUANTITY, QUANTITY, QUANTITY, (book, input, output, cached) => {
        const quantities = { input_tokens: input, output_tokens: output, cache_read_tokens: cached }
        const rating = rated(book, 'm.any', quantities)
        if (rating.cost === null) {
          expect(rating.missing.length).toBeGreaterThan(0)
          return
        }
        const sum = rating.lines.reduce((total, line) => total + line.cost, 0n)
        expect(rating.cost).toBe(sum)
        expect((rating.inputCost ?? 0n) + (rating.outputCost ?? 0n)).toBe(sum)
        for (const line of rating.lines) expect(line.cost).toBe(BigInt(line.quantity) * line.unitPrice)
      }),
    )
  })

  it('two usages rated apart cost what they cost together, where no step lies between them', () => {
    const book = bookOf(
      pricesOf('m.flat', { input_tokens: '0.035', output_tokens: '0.14', cache_read_tokens: '0.00875' }),
    )
    const any = fc.record({ input_tokens: QUANTITY, output_tokens: QUANTITY, cache_read_tokens: QUANTITY })
    fc.assert(
      fc.property(any, any, (left, right) => {
        const together = {
          input_tokens: left.input_tokens + right.input_tokens,
          output_tokens: left.output_tokens + right.output_tokens,
          cache_read_tokens: left.cache_read_tokens + right.cache_read_tokens,
        }
        const apart = (rated(book, 'm.flat', left).cost ?? 0n) + (rated(book, 'm.flat', right).cost ?? 0n)
        expect(rated(book, 'm.flat', together).cost).toBe(apart)
      }),
    )
  })

  it('the worst case is never below any way in which the call may turn out', () => {
    const split = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(
        ANY_BOOK,
        fc.record({ input: QUANTITY, output: QUANTITY, images: fc.integer({ min: 0, max: 5 }) }),
        split,
        fc.constantFrom('', 'small', 'large'),
        fc.constantFrom('', 'small', 'large'),
        (book, bounds, shares, askedVariant, servedVariant) => {
          const ask = {
            inputTokens: bounds.input,
            outputTokens: bounds.output,
            images: bounds.images,
            variant: askedVariant,
          }
          const worst = worstCase(book, question('m.any'), ask)
          const quantities = splitOf(bounds, shares)
          const variant = askedVariant === '' ? servedVariant : askedVariant
          const actual = rated(book, 'm.any', quantities, variant).cost
          if (worst === null || actual === null) return
          expect(worst).toBeGreaterThanOrEqual(actual)
        },
      ),
      { numRuns: 3_000 },
    )
  })
})

/** A usage within bounds: the input split among the context dimensions by share, some of it unused. */
function splitOf(bounds: { input: number; output: number; images: number }, shares: readonly number[]): Quantities {
  const total = Math.max(
    1,
    shares.reduce((sum, share) => sum + share, 0),
  )
  const context = CONTEXT_DIMENSIONS.map((dimension, index) => {
    return [dimension, Math.floor((bounds.input * (shares[index] ?? 0)) / total)]
  })
  return { ...Object.fromEntries(context), output_tokens: bounds.output, images: bounds.images }
}

describe('worstCase', () => {
  const claude = pricesOf('m.claude', {
    input_tokens: '3',
    output_tokens: '15',
    cache_read_tokens: '0.3',
    cache_write_5m_tokens: '3.75',
    cache_write_1h_tokens: '6',
  })
  const ask = (inputTokens: number, outputTokens: number) => ({ inputTokens, outputTokens })

  it('takes the dearest way to read the input', () => {
    expect(usd(worstCase(bookOf(claude), question('m.claude'), ask(1_000, 100)))).toBe('0.0075') // 1,000 × 6 + 100 × 15
  })

  it('takes the long-context step once the input can reach it', () => {
    const book = bookOf(
      claude,
      pricesOf('m.claude', { input_tokens: '12', output_tokens: '30' }, { contextAbove: 1_000 }),
    )
    expect(usd(worstCase(book, question('m.claude'), ask(1_000, 100)))).toBe('0.0075')
    expect(usd(worstCase(book, question('m.claude'), ask(1_001, 100)))).toBe('0.015012')
  })

  it('knows none without a price for what the call needs', () => {
    expect(worstCase(bookOf(claude), question('m.other'), ask(1, 1))).toBeNull()
    expect(worstCase(bookOf(claude), question('m.claude', { tier: 'flex' }), ask(1, 1))).toBeNull()
    const inputOnly = bookOf(pricesOf('m.embed', { input_tokens: '0.1' }))
    expect(worstCase(inputOnly, question('m.embed'), ask(10, 1))).toBeNull()
    expect(usd(worstCase(inputOnly, question('m.embed'), ask(10, 0)))).toBe('0.000001')
    expect(worstCase(bookOf(claude), question('m.claude'), ask(Number.NaN, 1))).toBeNull()
    expect(worstCase(bookOf(claude), question('m.claude'), ask(1e300, 1))).toBeNull()
  })

  it('counts images where the model bills them, and ignores the figure where it does not', () => {
    const canvas = bookOf(
      pricesOf('m.canvas', { images: '0.04' }, { variant: '1024x1024/standard' }),
      pricesOf('m.canvas', { images: '0.08' }, { variant: '2048x2048/premium' }),
      claude,
    )
    const worst = (model: string, variant?: string) =>
      usd(
        worstCase(canvas, question(model), {
          ...ask(0, 0),
          images: 3,
          seconds: null,
          ...(variant === undefined ? {} : { variant }),
        }),
      )
    expect(worst('m.canvas', '1024x1024/standard')).toBe('0.12')
    expect(worst('m.canvas')).toBe('0.24')
    expect(worst('m.canvas', 'unheard/of')).toBeNull()
    expect(worst('m.claude')).toBe('0')
  })

  it('adds guardrail units and a price per call', () => {
    const book = bookOf(
      claude,
      pricesOf('m.claude', { requests: '0.01' }),
      pricesOf('amazon.bedrock-guardrails', { guardrail_content_units: '0.00015' }),
    )
    const worst = worstCase(book, question('m.claude'), {
      ...ask(0, 0),
      quantities: { guardrail_content_units: 2, guardrail_sensitive_free_units: 5 },
    })
    expect(usd(worst)).toBe('0.0103')
  })
})

// Re-rating: before + corrections = as if the new price had always stood; twice is once; unknown stays unknown.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LedgerEntry } from '../core/ledger.ts'
import { formatPicoUsd, ZERO_USD, type PicoUsd } from '../core/money.ts'
import { buildPriceBook, extendPriceBook, parseUnitPrice, type Price, type PriceBook } from '../core/price-book.ts'
import { rate } from '../core/rating.ts'
import { fold } from '../core/rollup.ts'
import type { Quantities } from '../core/usage.ts'
import { ledgerInMemory } from './ledger-for-tests.ts'
import { rateUnpriced } from './rate-unpriced.ts'
import { rerate, type RerateOptions } from './rerate.ts'

const AT = (date: string): number => Date.parse(date)
const NOW = AT('2026-11-20T12:00:00Z')
const EVERYTHING: RerateOptions = { from: 0, to: NOW, dryRun: false }

const price = (usd: string, changes: Partial<Price> = {}): Price => ({
  baseModel: 'maker.one',
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

const both = (input: string, output: string, changes: Partial<Price> = {}): Price[] => [
  price(input, changes),
  price(output, { dimension: 'output_tokens', ...changes }),
]

const version = (number: number, prices: Price[]) => ({
  version: number,
  createdAt: '2026-01-01',
  author: 'test',
  note: '',
  prices,
  adjustments: [],
})

/** An entry as the gateway writes it: rated by the book of its time. */
function call(
  requestId: string,
  book: PriceBook,
  quantities: Quantities | null,
  changes: Partial<LedgerEntry> = {},
): LedgerEntry {
  const entry: LedgerEntry = {
    requestId,
    upstreamRequestId: 'aws-1',
    tenantId: 'acme',
    keyId: 'key',
    modelId: 'us.maker.one',
    baseModel: 'maker.one',
    routing: 'regional',
    region: 'us-east-1',
    tier: 'standard',
    operation: 'Converse',
    surface: 'bedrock',
    startedAt: AT('2026-06-01T10:20:30Z'),
    endedAt: AT('2026-06-01T10:20:31Z'),
    ending: 'completed',
    status: 200,
    attempts: 1,
    usage: quantities === null ? null : { quantities, estimated: false },
    cost: null,
    inputCost: null,
    priceVersion: null,
    estimated: quantities === null,
    deliveredBytes: 100,
    metadata: { team: 'a' },
    notes: [],
    corrects: null,
    ratesUnpriced: false,
    ...changes,
  }
  const { cost, inputCost, priceVersion } = costOf(book, entry)
  return { ...entry, cost, inputCost, priceVersion }
}

const costOf = (book: PriceBook, { baseModel, routing, region, tier, tenantId, startedAt, usage }: LedgerEntry) =>
  rate(book, { baseModel: baseModel ?? '', routing, region, tier, tenantId, at: startedAt }, usage)

/** What the rollups make of these entries. */
function totals(entries: readonly LedgerEntry[]): { cost: string; input: string; unpriced: number; calls: number } {
  const buckets = fold(entries)
  const sum = (amounts: readonly bigint[]): string => formatPicoUsd(amounts.reduce((a, b) => a + b, 0n) as PicoUsd)
  return {
    cost: sum(buckets.flatMap((bucket) => [bucket.inputCost, bucket.outputCost])),
    input: sum(buckets.map((bucket) => bucket.inputCost)),
    unpriced: buckets.reduce((count, bucket) => count + bucket.unpricedCalls, 0),
    calls: buckets.reduce((count, bucket) => count + bucket.calls, 0),
  }
}

describe('rerate', () => {
  const first = buildPriceBook([version(1, both('3', '15'))])
  const tokens = { input_tokens: 1_000, output_tokens: 100 }

  it('writes the difference as an entry that names what it corrects', async () => {
    const ledger = ledgerInMemory([call('r1', first, tokens)])
    const book = extendPriceBook(first, [version(2, both('2', '10'))])
    const outcome = await rerate({ ledger, book, now: () => NOW }, EVERYTHING)
    expect(outcome).toEqual({
      entriesRead: 1,
      corrections: 1,
      rated: 0,
      difference: -1_500_000_000n,
      priceVersion: 2,
      stillUnpriced: 0,
    })
    expect(ledger.entries[1]).toEqual({
      ...ledger.entries[0],
      requestId: 'r1.c2',
      upstreamRequestId: null,
      endedAt: NOW,
      ending: 'correction',
      status: 0,
      attempts: 0,
      usage: { quantities: {}, estimated: false },
      cost: -1_500_000_000n,
      inputCost: -1_000_000_000n,
      priceVersion: 2,
      deliveredBytes: 0,
      corrects: 'r1',
    })
  })

  it('writes nothing the second time, and nothing where the new version says the same', async () => {
    const ledger = ledgerInMemory([call('r1', first, tokens), call('r2', first, tokens, { baseModel: 'maker.two' })])
    const unrelated = extendPriceBook(first, [version(2, both('9', '9', { baseModel: 'maker.three' }))])
    expect(await rerate({ ledger, book: unrelated, now: () => NOW }, EVERYTHING)).toMatchObject({ corrections: 0 })
    const book = extendPriceBook(unrelated, [version(3, both('2', '10'))])
    expect(await rerate({ ledger, book, now: () => NOW }, EVERYTHING)).toMatchObject({ corrections: 1 })
    expect(await rerate({ ledger, book, now: () => NOW + 1 }, EVERYTHING)).toMatchObject({
      corrections: 0,
      difference: 0n,
    })
    expect(ledger.entries).toHaveLength(3)
  })

  it('corrects corrected calls again, by the difference to all that stands', async () => {
    const ledger = ledgerInMemory([call('r1', first, tokens)])
    const second = extendPriceBook(first, [version(2, both('2', '10'))])
    const third = extendPriceBook(second, [version(3, both('3', '15'))])
    await rerate({ ledger, book: second, now: () => NOW }, EVERYTHING)
    await rerate({ ledger, book: third, now: () => NOW }, EVERYTHING)
    expect(ledger.entries.map((entry) => entry.requestId)).toEqual(['r1', 'r1.c2', 'r1.c3'])
    expect(totals(ledger.entries)).toEqual({ ...totals([call('r1', first, tokens)]) })
  })

  it('says what it would do, and does not, on a dry run', async () => {
    const ledger = ledgerInMemory([call('r1', first, tokens)])
    const book = extendPriceBook(first, [version(2, both('2', '10'))])
    const dry = await rerate({ ledger, book, now: () => NOW }, { ...EVERYTHING, dryRun: true })
    expect(ledger.entries).toHaveLength(1)
    expect(await rerate({ ledger, book, now: () => NOW }, EVERYTHING)).toEqual(dry)
  })

  it('rates by when the call began: a later price changes nothing, a backdated one does from its date', async () => {
    const early = call('r1', first, tokens)
    const late = call('r2', first, tokens, { startedAt: AT('2026-07-01'), endedAt: AT('2026-07-01') })
    const ledger = ledgerInMemory([early, late])
    const book = extendPriceBook(first, [version(2, both('2', '10', { effectiveFrom: '2026-07-01' }))])
    await rerate({ ledger, book, now: () => NOW }, EVERYTHING)
    expect(ledger.entries.map((entry) => entry.requestId)).toEqual(['r1', 'r2', 'r2.c2'])
  })

  it('touches only what was chosen', async () => {
    const started = { startedAt: AT('2026-05-01'), endedAt: AT('2026-05-01') }
    const ledger = ledgerInMemory([
      call('old', first, tokens, started),
      call('other-tenant', first, tokens, { tenantId: 'umbrella' }),
      call('other-model', first, tokens, { modelId: 'eu.maker.one' }),
      call('chosen', first, tokens),
    ])
    const book = extendPriceBook(first, [version(2, both('2', '10'))])
    const options = {
      from: AT('2026-06-01'),
      to: AT('2026-06-02'),
      modelGlob: 'us.maker.*',
      tenantId: 'acme',
      dryRun: false,
    }
    expect(await rerate({ ledger, book, now: () => NOW }, options)).toMatchObject({ corrections: 1 })
    expect(ledger.entries.at(-1)?.corrects).toBe('chosen')
    const byBaseModel = { ...EVERYTHING, modelGlob: 'maker.one' }
    expect(await rerate({ ledger, book, now: () => NOW }, byBaseModel)).toMatchObject({ corrections: 3 })
  })

  it('leaves a cost alone that the book no longer knows', async () => {
    const ledger = ledgerInMemory([call('r1', first, tokens)])
    const ended = extendPriceBook(first, [version(2, both('3', '15', { effectiveTo: '2026-02-01' }))])
    expect(await rerate({ ledger, book: ended, now: () => NOW }, EVERYTHING)).toMatchObject({
      corrections: 0,
      stillUnpriced: 0,
    })
  })

  it('finishes what a run that broke off has begun', async () => {
    const calls = Array.from({ length: 20 }, (_, index) => call(`r${index}`, first, tokens))
    const book = extendPriceBook(first, [version(2, both('2', '10'))])
    const ledger = ledgerInMemory(calls, { failAfter: 7 })
    await expect(rerate({ ledger, book, now: () => NOW }, EVERYTHING)).rejects.toThrow('disk full')
    expect(ledger.entries.length).toBeGreaterThan(20)
    ledger.repair()
    await rerate({ ledger, book, now: () => NOW + 5 }, EVERYTHING)
    expect(ledger.entries).toHaveLength(40)
    expect(totals(ledger.entries).cost).toBe(totals(calls.map((one) => call(one.requestId, book, tokens))).cost)
  })

  it('counts each call once when two runs race', async () => {
    const book = extendPriceBook(first, [version(2, both('2', '10'))])
    const ledger = ledgerInMemory(Array.from({ length: 30 }, (_, index) => call(`r${index}`, first, tokens)))
    await Promise.all([
      rerate({ ledger, book, now: () => NOW }, EVERYTHING),
      rerate({ ledger, book, now: () => NOW + 1 }, EVERYTHING),
    ])
    expect(ledger.entries).toHaveLength(60)
  })
})

describe('rateUnpriced', () => {
  const empty = buildPriceBook([])
  const tokens = { input_tokens: 1_000, output_tokens: 100 }

  it('rates calls that had no price once one covers their time, and says how many still have none', async () => {
    const ledger = ledgerInMemory([
      call('r1', empty, tokens),
      call('r2', empty, null),
      call('r3', empty, tokens, { baseModel: null, modelId: 'arn:aws:bedrock:us-east-1:1:imported-model/x' }),
      call('r4', empty, tokens, { startedAt: AT('2025-12-31'), endedAt: AT('2025-12-31') }),
    ])
    expect(totals(ledger.entries)).toMatchObject({ calls: 4, unpriced: 4, cost: '0' })
    const book = buildPriceBook([version(1, both('3', '15'))])
    expect(await rateUnpriced({ ledger, book, now: () => NOW })).toMatchObject({ rated: 1, stillUnpriced: 3 })
    expect(ledger.entries.at(-1)).toMatchObject({ requestId: 'r1.c1', corrects: 'r1', ratesUnpriced: true })
    expect(totals(ledger.entries)).toMatchObject({ calls: 4, unpriced: 3, cost: '0.0045' })
    expect(await rateUnpriced({ ledger, book, now: () => NOW })).toMatchObject({
      rated: 0,
      corrections: 0,
      stillUnpriced: 3,
    })
  })

  it('rates a call that turns out to be free', async () => {
    const ledger = ledgerInMemory([call('r1', empty, tokens)])
    const book = buildPriceBook([version(1, both('0', '0'))])
    expect(await rateUnpriced({ ledger, book, now: () => NOW })).toMatchObject({ rated: 1, difference: 0n })
    expect(totals(ledger.entries)).toMatchObject({ unpriced: 0, cost: '0' })
    expect(await rateUnpriced({ ledger, book, now: () => NOW })).toMatchObject({ rated: 0 })
  })

  it('leaves calls alone that have a cost', async () => {
    const first = buildPriceBook([version(1, both('3', '15'))])
    const ledger = ledgerInMemory([call('r1', first, tokens)])
    const book = extendPriceBook(first, [version(2, both('2', '10'))])
    expect(await rateUnpriced({ ledger, book, now: () => NOW })).toMatchObject({ corrections: 0 })
  })
})

describe('properties', () => {
  const usd = fc.integer({ min: 0, max: 50_000 }).map((cents) => `${cents / 100}`)
  const row = fc.record({
    baseModel: fc.constantFrom('maker.one', 'maker.two'),
    dimension: fc.constantFrom<Price['dimension']>('input_tokens', 'output_tokens', 'cache_read_tokens'),
    contextAbove: fc.constantFrom(0, 500),
    effectiveFrom: fc.constantFrom('2026-01-01', '2026-04-01', '2026-07-01'),
    tenantId: fc.constantFrom(null, 'acme'),
    usd,
  })
  const anyPrices = fc.array(
    row.map(({ usd: text, ...changes }) => price(text, changes)),
    { maxLength: 8 },
  )
  const anyCall = fc.record({
    baseModel: fc.constantFrom('maker.one', 'maker.two', null),
    tenantId: fc.constantFrom('acme', 'umbrella'),
    startedAt: fc.constantFrom(AT('2025-06-01'), AT('2026-02-01'), AT('2026-05-01'), AT('2026-08-01')),
    quantities: fc.option(
      fc.record(
        {
          input_tokens: fc.option(fc.integer({ min: 0, max: 1_000 })),
          output_tokens: fc.integer({ min: 0, max: 1_000 }),
          cache_read_tokens: fc.integer({ min: 0, max: 1_000 }),
        },
        { requiredKeys: [] },
      ),
    ),
  })

  it('whatever prices came and went, the ledger sums up to what the newest book says', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyPrices, { minLength: 1, maxLength: 4 }),
        fc.array(anyCall, { minLength: 1, maxLength: 10 }),
        fc.nat(3),
        async (changes, calls, appears) => {
          const versions = changes.map((prices, index) => version(index + 1, prices))
          const books = versions.map((_, index) => buildPriceBook(versions.slice(0, index + 1)))
          const atCall = books[Math.min(appears, books.length - 1)] ?? buildPriceBook([])
          const entries = calls.map(({ quantities, ...rest }, index) =>
            call(`r${index}`, atCall, quantities, { ...rest, endedAt: rest.startedAt }),
          )
          const ledger = ledgerInMemory(entries)
          for (const book of books) {
            if (book.version < atCall.version) continue
            await rerate({ ledger, book, now: () => NOW }, EVERYTHING)
            const before = ledger.entries.length
            await rerate({ ledger, book, now: () => NOW + 1 }, EVERYTHING)
            expect(ledger.entries).toHaveLength(before)
          }
          const newest = books.at(-1) ?? atCall
          for (const entry of entries) {
            const family = ledger.entries.filter(
              (one) => one.requestId === entry.requestId || one.corrects === entry.requestId,
            )
            const said = costOf(newest, entry)
            if (said.cost === null) continue
            expect(family.reduce((sum, one) => sum + (one.cost ?? ZERO_USD), 0n)).toBe(said.cost)
            expect(family.reduce((sum, one) => sum + (one.inputCost ?? ZERO_USD), 0n)).toBe(said.inputCost)
            expect(totals(family).unpriced).toBe(0)
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})

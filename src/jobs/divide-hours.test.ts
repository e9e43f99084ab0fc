// Hours that are paid for, used or not: divided to the last pico-USD, again after late calls and new prices, and nothing twice.

import { describe, expect, it } from 'vitest'
import { anEntry } from '../../test/contract/entries.ts'
import type { LedgerEntry } from '../core/ledger.ts'
import { parsePicoUsd, picoUsd } from '../core/money.ts'
import { buildPriceBook, type HourlyPrice } from '../core/price-book.ts'
import { HOUR_MILLISECONDS } from '../core/rollup.ts'
import { fakeRollups } from '../../test/fakes/stores.ts'
import { divideHours } from './divide-hours.ts'
import { ledgerInMemory } from './ledger-for-tests.ts'
import { rerate } from './rerate.ts'

const MODEL = 'sagemaker.mixtral'
const HOUR = Date.parse('2026-11-20T10:00:00Z')
const RANGE = { from: HOUR, to: HOUR + 2 * HOUR_MILLISECONDS }

const call = (requestId: string, milliseconds: number, over: Partial<LedgerEntry> = {}): LedgerEntry =>
  anEntry({
    requestId,
    modelId: MODEL,
    baseModel: MODEL,
    startedAt: HOUR + 60_000,
    endedAt: HOUR + 60_000 + milliseconds,
    cost: null,
    inputCost: null,
    priceVersion: null,
    ...over,
  })

const price = (over: Partial<HourlyPrice> = {}): HourlyPrice => ({
  modelId: MODEL,
  unitPrice: parsePicoUsd('0.00000000001'),
  units: 1,
  idleTenantId: null,
  effectiveFrom: '2026-11-20T10:00:00Z',
  effectiveTo: null,
  source: 'test',
  ...over,
})

const bookOf = (...hourly: HourlyPrice[]) =>
  buildPriceBook([{ version: 1, createdAt: '2026-11-01', author: 'a', note: '', prices: [], adjustments: [], hourly }])

function world(entries: readonly LedgerEntry[], at = HOUR + 3 * HOUR_MILLISECONDS) {
  const ledger = ledgerInMemory(entries)
  const run = (book = bookOf(price()), now = at) =>
    divideHours(
      { ledger, rollups: fakeRollups(ledger.entries), book, now: () => now, delayMilliseconds: 60_000 },
      RANGE,
    )
  const costOf = (id: string): bigint =>
    ledger.entries
      .filter(({ requestId, corrects }) => requestId === id || corrects === id)
      .reduce((sum, { cost }) => sum + (cost ?? 0n), 0n)
  const total = (): bigint => ledger.entries.reduce((sum, { cost }) => sum + (cost ?? 0n), 0n)
  return { ledger, run, costOf, total }
}

describe('an hour', () => {
  it('is divided once it is over, by time and to the last pico-USD, and then not again', async () => {
    const { run, costOf, total, ledger } = world([call('a', 1_000), call('b', 2_000), call('c', 4_000)])
    expect(await run(undefined, HOUR + HOUR_MILLISECONDS + 59_000)).toBe(0)
    expect(await run()).toBe(3)
    expect(['a', 'b', 'c'].map(costOf)).toEqual([1n, 3n, 6n])
    expect(total()).toBe(10n)
    expect(ledger.entries.slice(3).every(({ ratesUnpriced, inputCost }) => ratesUnpriced && inputCost === 0n)).toBe(
      true,
    )
    expect(await run()).toBe(0)
  })

  it('is divided again when a call comes late, and when its price was wrong', async () => {
    const { run, costOf, total, ledger } = world([call('a', 1_000)])
    await run()
    expect(costOf('a')).toBe(10n)
    await ledger.append(call('late', 1_000, { ending: 'recovered' }))
    expect(await run()).toBe(2)
    expect([costOf('a'), costOf('late'), total()]).toEqual([5n, 5n, 10n])
    expect(await run(bookOf(price({ units: 3 })))).toBe(2)
    expect([costOf('a'), costOf('late'), total()]).toEqual([15n, 15n, 30n])
  })

  it('goes on where a run broke off', async () => {
    const entries = [call('a', 1_000), call('b', 1_000)]
    const ledger = ledgerInMemory(entries, { failAfter: 1 })
    const run = () =>
      divideHours(
        {
          ledger,
          rollups: fakeRollups(ledger.entries),
          book: bookOf(price()),
          now: () => HOUR * 2,
          delayMilliseconds: 0,
        },
        RANGE,
      )
    await expect(run()).rejects.toThrow('disk full')
    ledger.repair()
    expect(await run()).toBe(1)
    expect(await run()).toBe(0)
    expect(ledger.entries.reduce((sum, { cost }) => sum + (cost ?? 0n), 0n)).toBe(10n)
  })

  it('without calls is paid by who is named for it, and given back to when a call comes late', async () => {
    const { run, total, ledger } = world([])
    expect(await run()).toBe(0)
    const book = bookOf(price({ idleTenantId: 'ops', effectiveTo: '2026-11-20T11:00:00Z' }))
    expect(await run(book)).toBe(1)
    expect(await run(book)).toBe(0)
    expect(ledger.entries).toMatchObject([{ tenantId: 'ops', cost: 10n, ending: 'correction', corrects: null }])
    await ledger.append(call('late', 1_000))
    expect(await run(book)).toBe(2)
    expect(total()).toBe(10n)
  })

  it('leaves calls alone that are charged by use or that cost nothing, and re-rating leaves its calls alone', async () => {
    const refused = call('refused', 1_000, { cost: picoUsd(0n), inputCost: picoUsd(0n) })
    const { run, costOf, ledger } = world([refused, call('a', 1_000), call('other', 1_000, { modelId: 'sagemaker.x' })])
    expect(await run()).toBe(1)
    expect([costOf('refused'), costOf('a'), costOf('other')]).toEqual([0n, 10n, 0n])
    const book = bookOf(price())
    const outcome = await rerate({ ledger, book, now: () => HOUR * 2 }, { ...RANGE, dryRun: false })
    expect(outcome).toMatchObject({ corrections: 0 })
  })
})

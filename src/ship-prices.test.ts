// Prices that come with a version reach an existing book, and change nothing that an operator set.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { entry, NOW } from '../test/fakes/admin.ts'
import { shippedPrices } from './catalogue/prices/index.ts'
import { picoUsd } from './core/money.ts'
import type { Price, PriceVersion } from './core/price-book.ts'
import { ALL_TENANTS } from './core/tenant.ts'
import { shipPrices } from './ship-prices.ts'
import { openSqliteStore } from './stores/sql/sqlite.ts'
import type { Store } from './stores/sql/store.ts'

let dir: string
let store: Store
let logged: { level: string; fields: Readonly<Record<string, unknown>> }[]
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'weighbridge-ship-'))
  store = await openSqliteStore({ dataDir: dir, now: () => NOW })
  logged = []
})
afterEach(async () => {
  await store.close()
  rmSync(dir, { recursive: true })
})

const price = (changed: Partial<Price> = {}): Price => ({
  baseModel: 'anthropic.claude-sonnet-5',
  region: '*',
  routing: '*',
  tier: 'standard',
  contextAbove: 0,
  dimension: 'input_tokens',
  variant: '',
  tenantId: null,
  unitPrice: picoUsd(3_000_000n),
  effectiveFrom: '2026-01-01',
  effectiveTo: null,
  source: 'test',
  ...changed,
})

const OUTPUT = price({ dimension: 'output_tokens', unitPrice: picoUsd(15_000_000n) })
const CACHE = price({ dimension: 'cache_read_tokens', unitPrice: picoUsd(300_000n) })

const ship = (day: string, ...prices: Price[]): Promise<void> =>
  shipPrices({
    store,
    shipped: { createdAt: `${day}T00:00:00Z`, author: 'weighbridge', note: 'shipped', prices, adjustments: [] },
    log: (level, fields) => void logged.push({ level, fields }),
    now: () => NOW,
  })
const decide = (...prices: Price[]): Promise<number> =>
  store.prices.appendVersion({ createdAt: '', author: 'admin', note: '', prices, adjustments: [] })
const versions = async (): Promise<(readonly [string, PriceVersion['prices']])[]> =>
  (await store.prices.versionsAfter(0)).map(({ author, prices }) => [author, prices])

describe('the prices that come with the gateway', () => {
  it('fill an empty book, once', async () => {
    await ship('2026-11-20', price(), OUTPUT)
    await ship('2026-11-20', price(), OUTPUT)
    expect(await versions()).toEqual([['weighbridge', [price(), OUTPUT]]])
    expect(logged).toEqual([])
  })

  it('of a newer version add only what is new, and one line to the log', async () => {
    await ship('2026-11-20', price(), OUTPUT)
    const corrected = { ...OUTPUT, unitPrice: picoUsd(16_000_000n) }
    await ship('2026-11-21', price(), corrected, CACHE)
    expect((await versions()).slice(1)).toEqual([['weighbridge', [corrected, CACHE]]])
    expect(logged).toMatchObject([{ level: 'info', fields: { price_version: 2, prices: 2 } }])
    await ship('2026-11-21', price(), corrected, CACHE)
    expect(await versions()).toHaveLength(2)
  })

  it('never go before what operators have priced, however exactly they name it', async () => {
    await ship('2026-11-20', price())
    await decide(price({ unitPrice: picoUsd(2_000_000n), effectiveFrom: '2026-06-01' }))
    await ship(
      '2026-11-21',
      price({ region: 'us-east-1', routing: 'regional', unitPrice: picoUsd(4_000_000n) }),
      OUTPUT,
    )
    expect((await versions()).slice(2)).toEqual([['weighbridge', [OUTPUT]]])
  })

  it("are not stopped by a tenant's own price", async () => {
    await ship('2026-11-20', price())
    await decide({ ...OUTPUT, tenantId: 'alpha' })
    await ship('2026-11-21', price(), OUTPUT)
    expect((await versions()).slice(2)).toEqual([['weighbridge', [OUTPUT]]])
  })

  it('of an older version that is started again take nothing back', async () => {
    await ship('2026-11-20', price())
    await ship('2026-11-21', price({ unitPrice: picoUsd(4_000_000n) }))
    await ship('2026-11-20', price())
    expect(await versions()).toHaveLength(2)
  })

  it('reach a book from before this was remembered', async () => {
    await ship('2026-11-20', price())
    await store.settings.set('shipped_prices', '')
    await ship('2026-11-20', price(), OUTPUT)
    expect((await versions()).slice(1)).toEqual([['weighbridge', [OUTPUT]]])
  })

  it('that contradict the book are not taken, and the log says why', async () => {
    await ship('2026-11-20', price({ effectiveTo: '2026-06-01' }))
    await ship('2026-11-21', price({ effectiveTo: '2026-06-01' }), price({ effectiveFrom: '2026-05-01' }))
    expect(await versions()).toHaveLength(1)
    expect(logged).toMatchObject([{ level: 'error', fields: { reason: expect.any(String) as string } }])
  })

  it('rate the calls that had none', async () => {
    await ship('2026-11-20', price())
    await store.ledger.append(entry({ cost: null, inputCost: null, priceVersion: null }))
    await ship('2026-11-21', price(), OUTPUT)
    const [correction] = await store.ledger.correctionsOf(ALL_TENANTS, 'request-a')
    expect(correction).toMatchObject({ cost: picoUsd(10_500_000_000n), ratesUnpriced: true })
    expect(logged).toMatchObject([{ fields: { rated_calls: 1 } }])
    const { rows } = await store.audit.page({ resource: 'ledger' }, { cursor: null, limit: 10 })
    expect(rows.map(({ outcome }) => outcome)).toEqual(['finished', 'started'])
  })

  it('are, as they are today, a change that the book takes', async () => {
    const { prices, createdAt } = shippedPrices()
    await ship('2020-01-01', prices[0] ?? price())
    await ship(createdAt.slice(0, 10), ...prices)
    expect(logged).toMatchObject([{ level: 'info', fields: { prices: prices.length - 1 } }])
  })
})

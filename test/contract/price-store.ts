// What every PriceStore must do.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { picoUsd } from '../../src/core/money.ts'
import type { HourlyPrice, Price, PriceStore, PriceVersion } from '../../src/core/price-book.ts'

export type OpenedPrices = {
  readonly prices: PriceStore
  readonly changeCounter: () => Promise<number>
  readonly close: () => Promise<void>
}

const aPrice = (changes: Partial<Price> = {}): Price => ({
  baseModel: 'amazon.nova-pro-v1:0',
  region: '*',
  routing: '*',
  tier: 'standard',
  contextAbove: 0,
  dimension: 'input_tokens',
  variant: '',
  tenantId: null,
  unitPrice: picoUsd(800_000n),
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  effectiveTo: null,
  source: 'price list',
  ...changes,
})

const aChange = (note: string, prices: readonly Price[]): Omit<PriceVersion, 'version'> => ({
  createdAt: '2026-10-01T00:00:00.000Z',
  author: 'admin',
  note,
  prices,
  adjustments: [
    { tenantId: 'team-a', basisPoints: 9_000, effectiveFrom: '2026-01-01T00:00:00.000Z', effectiveTo: null },
  ],
})

export function priceStoreContract(name: string, open: () => Promise<OpenedPrices>): void {
  describe(`${name}: price versions`, () => {
    let opened: OpenedPrices
    let prices: PriceStore
    beforeEach(async () => {
      opened = await open()
      prices = opened.prices
    })
    afterEach(() => opened.close())

    it('are numbered from 1 and come back as they were stored', async () => {
      const first = aChange('first', [aPrice(), aPrice({ unitPrice: picoUsd(2n ** 70n), tenantId: 'team-a' })])
      const hourly: HourlyPrice = {
        modelId: 'sagemaker.mixtral',
        unitPrice: picoUsd(2n ** 70n),
        units: 2,
        idleTenantId: 'team-a',
        effectiveFrom: '2026-01-01T00:00:00Z',
        effectiveTo: null,
        source: 'quote',
      }
      const second = { ...aChange('', []), hourly: [hourly] }
      expect(await prices.versionsAfter(0)).toEqual([])
      expect(await prices.appendVersion(first)).toBe(1)
      expect(await prices.appendVersion(second)).toBe(2)
      expect(await prices.versionsAfter(0)).toEqual([
        { version: 1, ...first },
        { version: 2, ...second },
      ])
      expect(await prices.versionsAfter(1)).toEqual([{ version: 2, ...second }])
      expect(await prices.versionsAfter(2)).toEqual([])
    })

    it('have no gaps when many append at once', async () => {
      const numbers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => prices.appendVersion(aChange(`${index}`, [aPrice()]))),
      )
      expect(numbers.toSorted((left, right) => left - right)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      )
    })

    it('may be large', async () => {
      const many = Array.from({ length: 5_000 }, (_, index) => aPrice({ baseModel: `model-${index}` }))
      await prices.appendVersion(aChange('all', many))
      expect((await prices.versionsAfter(0))[0]?.prices).toEqual(many)
    })

    it('move the change counter', async () => {
      const before = await opened.changeCounter()
      await prices.appendVersion(aChange('first', [aPrice()]))
      expect(await opened.changeCounter()).toBe(before + 1)
    })
  })
}

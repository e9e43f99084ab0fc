// Hours are divided to the last pico-USD, whatever the calls; and only calls of what is paid for by the hour are charged so.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOfHour, hourlyPriceAt, isChargedByHour, shareHour, type HourCall } from './hourly-price.ts'
import { parsePicoUsd, picoUsd } from './money.ts'
import { buildPriceBook, type HourlyPrice, type Price, type PriceVersion } from './price-book.ts'

const hourly = (over: Partial<HourlyPrice> = {}): HourlyPrice => ({
  modelId: 'sagemaker.mixtral',
  unitPrice: parsePicoUsd('1.408'),
  units: 2,
  idleTenantId: null,
  effectiveFrom: '2026-11-01T00:00:00Z',
  effectiveTo: null,
  source: 'test',
  ...over,
})

const version = (number: number, over: Partial<PriceVersion>): PriceVersion => ({
  version: number,
  createdAt: '2026-11-01T00:00:00Z',
  author: 'test',
  note: '',
  prices: [],
  adjustments: [],
  ...over,
})

const calls = (...milliseconds: (number | null)[]): HourCall[] =>
  milliseconds.map((one, index) => ({ requestId: `r${index}`, milliseconds: one }))

const shared = (cost: bigint, given: readonly HourCall[]): bigint[] => [...shareHour(picoUsd(cost), given).values()]

describe('an hour', () => {
  it.each<[string, bigint, (number | null)[], bigint[]]>([
    ['by time', 100n, [1_000, 3_000], [25n, 75n]],
    ['to the last pico, the largest remainders first', 10n, [1, 2, 4], [1n, 3n, 6n]],
    ['of equal remainders to the first', 10n, [1, 1, 1], [4n, 3n, 3n]],
    ['to one call alone', 7n, [12], [7n]],
    ['a call of no time as one millisecond', 4n, [0, 3], [1n, 3n]],
    ['a call of unknown time as the mean of the others', 60n, [100, 200, null], [13n, 27n, 20n]],
    ['calls of which none is known, alike', 9n, [null, null], [5n, 4n]],
    ['a call of many hours as one of an hour', 2n, [9_000_000, 3_600_000], [1n, 1n]],
    ['that costs nothing', 0n, [5, 6], [0n, 0n]],
    ['among nobody', 5n, [], []],
  ])('is divided %s', (_, cost, milliseconds, expected) => {
    expect(shared(cost, calls(...milliseconds))).toEqual(expected)
  })

  it('loses and invents nothing, and does not depend on the order of its calls', () => {
    const times = fc.array(fc.option(fc.integer({ min: 0, max: 4_000_000 })), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), times, (cost, given) => {
        const all = calls(...given)
        const shares = shareHour(picoUsd(cost), all)
        expect([...shares.values()].reduce((sum, share) => sum + share, 0n)).toBe(cost)
        expect([...shares.values()].every((share) => share >= 0n)).toBe(true)
        const reversed = shareHour(picoUsd(cost), all.toReversed())
        expect(all.map(({ requestId }) => reversed.get(requestId))).toEqual([...shares.values()])
      }),
    )
  })

  it('costs its units, by the price that holds when it begins; one with an end lies over an open one', () => {
    const book = buildPriceBook([
      version(1, { hourly: [hourly()] }),
      version(2, {
        hourly: [hourly({ units: 3, effectiveFrom: '2026-11-10T05:00:00Z', effectiveTo: '2026-11-10T07:00:00Z' })],
      }),
    ])
    const at = (time: string) => hourlyPriceAt(book, 'sagemaker.mixtral', Date.parse(time))
    const costs = ['2026-10-31T23:59:59Z', '2026-11-10T04:59:59Z', '2026-11-10T05:00:00Z', '2026-11-10T07:00:00Z'].map(
      (time) => {
        const row = at(time)
        return row === null ? null : costOfHour(row)
      },
    )
    expect(costs).toEqual([null, parsePicoUsd('2.816'), parsePicoUsd('4.224'), parsePicoUsd('2.816')])
  })
})

describe('a call', () => {
  const provisioned = 'arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl'
  const nova: Price = {
    baseModel: 'amazon.nova-lite-v1:0',
    region: '*',
    routing: '*',
    tier: 'standard',
    contextAbove: 0,
    dimension: 'input_tokens',
    variant: '',
    tenantId: null,
    unitPrice: picoUsd(60_000n),
    effectiveFrom: '2026-01-01',
    effectiveTo: null,
    source: 'test',
  }
  const byUse: Price = { ...nova, baseModel: 'sagemaker.mixtral', tenantId: 'own', effectiveFrom: '2026-11-20' }
  const book = buildPriceBook([
    version(1, { prices: [nova, byUse], hourly: [hourly(), hourly({ modelId: provisioned })] }),
  ])
  const asked = { routing: 'regional', region: 'us-east-1', tier: 'standard' } as const

  it.each([
    ['of an endpoint', 'sagemaker.mixtral', 'sagemaker.mixtral', 'any', '2026-11-25', true],
    ['before its price', 'sagemaker.mixtral', 'sagemaker.mixtral', 'any', '2026-10-01', false],
    ['of who pays by use', 'sagemaker.mixtral', 'sagemaker.mixtral', 'own', '2026-11-25', false],
    ['of who pays by use later', 'sagemaker.mixtral', 'sagemaker.mixtral', 'own', '2026-11-19', true],
    ['of provisioned throughput, whatever its model costs', provisioned, nova.baseModel, 'any', '2026-11-25', true],
    ['of provisioned throughput of an unknown model', provisioned, null, 'any', '2026-11-25', true],
    ['of the model itself', nova.baseModel, nova.baseModel, 'any', '2026-11-25', false],
  ])('%s is charged by the hour: %s', (_, modelId, baseModel, tenantId, at, expected) => {
    expect(isChargedByHour(book, { ...asked, modelId, baseModel, tenantId, at: Date.parse(at) })).toBe(expected)
  })
})

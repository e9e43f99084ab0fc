// What limits count, read from the ledger: sums and entries together say what adding up all entries says.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entry } from '../../test/fakes/admin.ts'
import { fakeStores } from '../../test/fakes/stores.ts'
import { limitOf, scopedLimit, type Limit } from '../core/limit.ts'
import { picoUsd } from '../core/money.ts'
import type { LeftOut } from '../core/reservation.ts'
import { countingCorrections } from './count-corrections.ts'
import { countLedger } from './count-ledger.ts'

const START = Date.UTC(2026, 10, 20, 0, 15)
const HOUR = 3_600_000
const NOBODY: LeftOut = { from: START + 100 * HOUR, has: () => false }
const directory = {
  tenantIds: ['team', 'company', 'other'],
  tenantIdsOf: (id: string): string[] => (id === 'team' ? ['team', 'company'] : [id]),
  firstKeyId: (id: string): string => (id === 'key-new' ? 'key-old' : id),
  fallbackPriceOf: () => null,
}

const on = (over: Partial<Limit>, keyId?: string) => {
  const limit = limitOf({ kind: 'cost', per: 'day', amount: 1n, ...over })
  return scopedLimit(limit, keyId === undefined ? OWNER : { source: 'key', tenantId: 'company', keyId })
}
const OWNER = { source: 'tenant', tenantId: 'company' } as const

describe('countLedger', () => {
  it('says what adding up all entries says, however windows and sums are cut', async () => {
    const call = fc.record({
      minutes: fc.integer({ min: 0, max: 6_000 }),
      cost: fc.integer({ min: 0, max: 99 }),
      tenantId: fc.constantFrom('team', 'company', 'other'),
      keyId: fc.constantFrom('key-old', 'key-new', 'key-3'),
      project: fc.constantFrom('red', 'blue'),
    })
    const cut = fc.integer({ min: 0, max: 6_000 })
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 30 }), cut, cut, cut, async (calls, first, last, sums) => {
        const { ledger, rollups } = fakeStores()
        for (const [index, { minutes, cost, project, ...who }] of calls.entries()) {
          await ledger.append(
            entry({
              ...who,
              requestId: `request-${index}`,
              startedAt: START + minutes * 60_000,
              endedAt: START + minutes * 60_000,
              cost: picoUsd(BigInt(cost)),
              inputCost: picoUsd(0n),
              metadata: { project },
            }),
          )
        }
        const [from, to] = [START + Math.min(first, last) * 60_000, START + Math.max(first, last) * 60_000]
        const limits = [on({}), on({ kind: 'requests', splitBy: 'project' }), on({}, 'key-old')]
        const questions = limits.map((scoped) => ({ scoped, from, to }))
        const counts = countLedger({ ledger, rollups, directory, burnRateOf: () => 1, idle: false })
        const found = await counts(questions, { ...NOBODY, from: START + sums * 60_000 })
        const inside = calls.filter(({ minutes }) => START + minutes * 60_000 >= from && START + minutes * 60_000 < to)
        const below = inside.filter(({ tenantId }) => tenantId !== 'other')
        const ofLine = inside.filter(({ keyId }) => keyId !== 'key-3')
        const sum = (list: typeof calls): bigint => list.reduce((total, { cost }) => total + BigInt(cost), 0n)
        expect(found[0]?.get('') ?? 0n).toBe(sum(below))
        expect(found[1]?.get('red') ?? 0n).toBe(BigInt(below.filter(({ project }) => project === 'red').length))
        expect(found[2]?.get('') ?? 0n).toBe(sum(ofLine))
      }),
      { numRuns: 60 },
    )
  })

  it('leaves out the calls that the counters know better', async () => {
    const { ledger, rollups } = fakeStores()
    const about = { tenantId: 'team', startedAt: START, endedAt: START, cost: picoUsd(5n), inputCost: picoUsd(0n) }
    for (const requestId of ['ended', 'runs']) await ledger.append(entry({ ...about, requestId }))
    const counts = countLedger({ ledger, rollups, directory, burnRateOf: () => 1, idle: false })
    const questions = [{ scoped: on({ per: null }), from: 0, to: Number.POSITIVE_INFINITY }]
    const [found] = await counts(questions, { from: START, has: (id) => id === 'runs' })
    expect(found?.get('')).toBe(5n)
  })

  it('counts what was held for a call of which nobody knows the cost, until a correction rates it', async () => {
    const { ledger, rollups } = fakeStores()
    const unknown = { tenantId: 'team', startedAt: START, endedAt: START, usage: null, cost: null, inputCost: null }
    await ledger.append(entry({ ...unknown, requestId: 'lost', priceVersion: null, heldCost: picoUsd(40n) }))
    await ledger.append(entry({ ...unknown, requestId: 'never priced', priceVersion: null }))
    const counts = countLedger({ ledger, rollups, directory, burnRateOf: () => 1, idle: true })
    const questions = [{ scoped: on({}), from: START - HOUR, to: START + HOUR }]
    expect((await counts(questions, NOBODY))[0]?.get('')).toBe(40n)
    const rated = { ending: 'correction', corrects: 'lost', ratesUnpriced: true, cost: picoUsd(7n) } as const
    await ledger.append(entry({ ...rated, tenantId: 'team', requestId: 'lost.c1', startedAt: START, endedAt: START }))
    expect((await counts(questions, NOBODY))[0]?.get('')).toBe(7n)
  })
})

describe('countingCorrections', () => {
  const correction = entry({
    requestId: 'request-1.c2',
    tenantId: 'team',
    ending: 'correction',
    corrects: 'request-1',
    cost: picoUsd(-3n),
    inputCost: picoUsd(0n),
  })

  it('tells the counters of a correction once, when it is durable, and that it failed where it does', async () => {
    const { ledger } = fakeStores()
    const heard: unknown[] = []
    const counters = {
      correct:
        ({ requestId, tenantIds }: { requestId: string; tenantIds: readonly string[] }, startedAt: number) =>
        (difference: bigint) =>
          void heard.push([requestId, tenantIds, startedAt, difference]),
    }
    const world = { ...directory } as never
    const counting = countingCorrections(ledger, { counters, directory: () => world })
    const said = ['request-1.c2', ['team', 'company'], correction.startedAt]
    expect(await counting.append(correction)).toBe('created')
    expect(await counting.append(correction)).toBe('exists')
    expect(heard).toEqual([
      [...said, -3n],
      [...said, 0n],
    ])
    const broken = countingCorrections(
      { ...ledger, append: () => Promise.reject(new Error('full')) },
      { counters, directory: () => world },
    )
    await expect(broken.append(correction)).rejects.toThrow('full')
    expect(heard.at(-1)).toEqual([...said, 0n])
  })
})

// What every RollupStore must do, with the ledger whose entries it sums.

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LedgerEntry, LedgerStore } from '../../src/core/ledger.ts'
import { picoUsd } from '../../src/core/money.ts'
import { fold, ROLLUP_KEYS } from '../../src/core/rollup.ts'
import type { RollupQuestion, RollupRow, RollupStore } from '../../src/core/rollup.ts'
import { ALL_TENANTS } from '../../src/core/tenant.ts'
import { anEntry, arbitraryLedger, correctionOf, HOUR, manyEntries, NOON, unpriced } from './entries.ts'

export type OpenedRollups = {
  readonly ledger: LedgerStore
  readonly rollups: RollupStore
  readonly close: () => Promise<void>
}

const DAY = 24 * HOUR
const ALL_TIME = { from: 0, to: NOON + 1000 * DAY }
const EVERY_BUCKET: RollupQuestion = { ...ALL_TIME, groupBy: ['hour', ...ROLLUP_KEYS] }

export function rollupStoreContract(name: string, open: () => Promise<OpenedRollups>): void {
  describe(`${name}: rollups`, () => {
    let opened: OpenedRollups
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(() => opened.close())

    const append = async (entries: readonly LedgerEntry[]): Promise<void> => {
      await Promise.all(entries.map((entry) => opened.ledger.append(entry)))
    }
    const ask = (question: Partial<RollupQuestion>): Promise<readonly RollupRow[]> =>
      opened.rollups.query(ALL_TENANTS, { ...ALL_TIME, groupBy: [], ...question })

    it('are what folding the entries gives, for any entries and corrections, and rebuilding changes nothing', async () => {
      await fc.assert(
        fc.asyncProperty(arbitraryLedger, async (entries) => {
          const scratch = await open()
          try {
            await Promise.all(entries.map((entry) => scratch.ledger.append(entry)))
            const incremental = await scratch.rollups.query(ALL_TENANTS, EVERY_BUCKET)
            expect(incremental).toEqual(rowsOf(entries))
            expect((await scratch.rollups.rebuild({ verifyOnly: true })).differences).toEqual([])
            const rebuilt = await scratch.rollups.rebuild({ verifyOnly: false })
            expect(rebuilt).toEqual({ entries: entries.length, buckets: fold(entries).length, differences: [] })
            expect(await scratch.rollups.query(ALL_TENANTS, EVERY_BUCKET)).toEqual(incremental)
          } finally {
            await scratch.close()
          }
        }),
        { numRuns: 25 },
      )
    })

    it('count an entry once, however often it comes', async () => {
      await append(Array.from({ length: 50 }, () => anEntry()))
      await append([anEntry()])
      await opened.ledger.append(anEntry({ status: 500 })).catch(() => undefined)
      expect(await ask({})).toMatchObject([{ calls: 1n, inputCost: 3_600_000_000n, outputCost: 5_100_000_000n }])
    })

    it('group by hour, day and month in UTC', async () => {
      const times = [NOON, NOON + HOUR - 1, NOON + HOUR, NOON + 12 * HOUR - 1, NOON + 12 * HOUR, NOON + 36 * HOUR]
      await append(manyEntries(times.length, (index) => ({ startedAt: times[index] ?? 0 })))
      const calls = async (time: 'hour' | 'day' | 'month'): Promise<unknown[]> =>
        (await ask({ groupBy: [time] })).map((row) => [row.group[time], row.calls])
      expect(await calls('hour')).toEqual([
        ['2026-10-30T12:00:00Z', 2n],
        ['2026-10-30T13:00:00Z', 1n],
        ['2026-10-30T23:00:00Z', 1n],
        ['2026-10-31T00:00:00Z', 1n],
        ['2026-11-01T00:00:00Z', 1n],
      ])
      expect(await calls('day')).toEqual([
        ['2026-10-30', 4n],
        ['2026-10-31', 1n],
        ['2026-11-01', 1n],
      ])
      expect(await calls('month')).toEqual([
        ['2026-10', 5n],
        ['2026-11', 1n],
      ])
    })

    it('sort by the groups in the order asked', async () => {
      await append(
        manyEntries(4, (index) => ({ tenantId: index % 2 ? 'team-b' : 'team-a', modelId: index < 2 ? 'z' : 'm' })),
      )
      const groups = async (groupBy: RollupQuestion['groupBy']): Promise<unknown[]> =>
        (await ask({ groupBy })).map((row) => groupBy.map((column) => row.group[column]))
      expect(await groups(['tenant', 'model'])).toEqual([
        ['team-a', 'm'],
        ['team-a', 'z'],
        ['team-b', 'm'],
        ['team-b', 'z'],
      ])
      expect(await groups(['model', 'tenant'])).toEqual([
        ['m', 'team-a'],
        ['m', 'team-b'],
        ['z', 'team-a'],
        ['z', 'team-b'],
      ])
      expect(
        await groups(['base_model', 'tier', 'routing', 'operation', 'surface', 'region', 'metadata', 'key']),
      ).toEqual([
        [
          'anthropic.claude-sonnet-4-5-20250929-v1:0',
          'standard',
          'regional',
          'Converse',
          'bedrock',
          'eu-central-1',
          '{}',
          'key-a',
        ],
      ])
    })

    it('answer for a time, a tenant, a model and a scope only', async () => {
      await append([
        anEntry({ requestId: 'a' }),
        anEntry({ requestId: 'b', tenantId: 'team-b' }),
        anEntry({ requestId: 'c', modelId: 'm', startedAt: NOON + HOUR }),
      ])
      const calls = async (question: Partial<RollupQuestion>): Promise<bigint | undefined> =>
        (await ask(question))[0]?.calls
      expect(await calls({})).toBe(3n)
      expect(await calls({ tenantId: 'team-a' })).toBe(2n)
      expect(await calls({ modelId: 'm' })).toBe(1n)
      expect(await calls({ from: NOON, to: NOON + HOUR })).toBe(2n)
      expect(await calls({ from: NOON + 1, to: NOON + HOUR + 1 })).toBe(1n)
      expect(await calls({ from: NOON + 2 * HOUR })).toBeUndefined()
      expect(await calls({ tenantId: 'nobody' })).toBeUndefined()
      const scoped = (tenantIds: string[], question: Partial<RollupQuestion> = {}): Promise<readonly RollupRow[]> =>
        opened.rollups.query({ kind: 'tenants', tenantIds }, { ...ALL_TIME, groupBy: ['tenant'], ...question })
      expect((await scoped(['team-b'])).map((row) => [row.group['tenant'], row.calls])).toEqual([['team-b', 1n]])
      expect(await scoped(['team-b'], { tenantId: 'team-a' })).toEqual([])
      expect(await scoped([])).toEqual([])
      expect(await scoped(['team-a', 'team-b'])).toHaveLength(2)
    })

    it('keep unknown apart from zero, and count what has no price until a correction rates it', async () => {
      const call = unpriced({
        usage: { quantities: { input_tokens: 0, output_tokens: null }, estimated: true },
        estimated: true,
      })
      await append([call, unpriced({ requestId: 'request-2', usage: null })])
      expect(await ask({})).toEqual([
        {
          group: {},
          calls: 2n,
          unpricedCalls: 2n,
          estimatedCalls: 1n,
          quantities: { input_tokens: 0n },
          inputCost: 0n,
          outputCost: 0n,
        },
      ])
      await append([correctionOf(call, 'request-1/1', 10n)])
      expect(await ask({})).toMatchObject([
        { calls: 2n, unpricedCalls: 1n, estimatedCalls: 1n, inputCost: 5n, outputCost: 5n },
      ])
    })

    it('put a correction into the hour of the call', async () => {
      const call = anEntry()
      await append([call, correctionOf(call, 'request-1/1', -8_700_000_000n)])
      expect(await ask({ groupBy: ['hour'] })).toMatchObject([
        { group: { hour: '2026-10-30T12:00:00Z' }, calls: 1n, inputCost: -750_000_000n, outputCost: 750_000_000n },
      ])
    })

    it('sum beyond 64 bits', async () => {
      const most = picoUsd(2n ** 63n - 1n)
      const least = picoUsd(-(2n ** 63n) + 1n)
      await append([
        ...manyEntries(20, () => ({ cost: most, inputCost: most })),
        ...manyEntries(30, (index) => ({
          requestId: `less-${index}`,
          tenantId: 'less',
          cost: least,
          inputCost: least,
        })),
        ...manyEntries(10, (index) => ({ requestId: `both-${index}`, cost: picoUsd(0n), inputCost: most })),
      ])
      expect(await ask({ groupBy: ['tenant'] })).toMatchObject([
        { group: { tenant: 'less' }, inputCost: 30n * least, outputCost: 0n },
        { group: { tenant: 'team-a' }, inputCost: 30n * most, outputCost: 10n * least },
      ])
      expect(await ask({})).toMatchObject([{ inputCost: 0n, outputCost: 10n * least }])
      expect((await opened.rollups.rebuild({ verifyOnly: true })).differences).toEqual([])
    })

    it('stay equal while they are verified and rebuilt under load', async () => {
      await append(manyEntries(20_000, (index) => ({ startedAt: NOON + 1000 + index })))
      const running = new AbortController()
      // behind and before what the rebuild has reached, in the hour that it is at
      const load = (async () => {
        for (let index = 20_000; !running.signal.aborted; index += 1) {
          const startedAt = NOON + (index % 2 === 0 ? 0 : HOUR - 1)
          await opened.ledger.append(anEntry({ requestId: `request-${index}`, startedAt }))
        }
      })()
      const verified = await opened.rollups.rebuild({ verifyOnly: true })
      const rebuilt = await opened.rollups.rebuild({ verifyOnly: false })
      running.abort()
      await load
      expect([verified.differences, rebuilt.differences]).toEqual([[], []])
      expect(rebuilt.entries).toBeGreaterThanOrEqual(20_000)
      expect((await opened.rollups.rebuild({ verifyOnly: true })).differences).toEqual([])
    })

    it('tell how far a rebuild is', async () => {
      await append(manyEntries(3_000, () => ({})))
      const told: number[] = []
      await opened.rollups.rebuild({ verifyOnly: true, onProgress: (entries) => told.push(entries) })
      expect(told.at(-1)).toBe(3_000)
    })

    it('sum many buckets exactly', async () => {
      await append(
        manyEntries(12_000, (index) => ({
          keyId: `key-${index % 3000}`,
          startedAt: NOON + Math.floor(index / 3000) * HOUR,
        })),
      )
      expect(await ask({})).toMatchObject([{ calls: 12_000n, quantities: { input_tokens: 14_400_000n } }])
      expect(await ask({ groupBy: ['key'] })).toHaveLength(3_000)
    })
  })
}

/** The answer to EVERY_BUCKET, folded without a store. */
function rowsOf(entries: readonly LedgerEntry[]): RollupRow[] {
  const rows = fold(entries).map(({ hour, key, calls, unpricedCalls, estimatedCalls, ...sums }) => ({
    group: { hour: `${new Date(hour).toISOString().slice(0, 19)}Z`, ...key },
    calls: BigInt(calls),
    unpricedCalls: BigInt(unpricedCalls),
    estimatedCalls: BigInt(estimatedCalls),
    ...sums,
  }))
  const columns = EVERY_BUCKET.groupBy
  const order = (row: RollupRow): string[] => columns.map((column) => row.group[column] ?? '')
  return rows.toSorted((left, right) => compare(order(left), order(right)))
}

function compare(left: readonly string[], right: readonly string[]): number {
  const index = left.findIndex((value, at) => value !== right[at])
  return index === -1 ? 0 : (left[index] ?? '') < (right[index] ?? '') ? -1 : 1
}

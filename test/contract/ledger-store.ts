// What every LedgerStore must do.

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LedgerConflict } from '../../src/core/ledger.ts'
import type { LedgerEntry, LedgerFilter, LedgerStore } from '../../src/core/ledger.ts'
import { picoUsd } from '../../src/core/money.ts'
import { ALL_TENANTS } from '../../src/core/tenant.ts'
import type { TenantScope } from '../../src/core/tenant.ts'
import { anEntry, arbitraryEntry, correctionOf, manyEntries, NOON, unpriced } from './entries.ts'

export type OpenedLedger = { readonly ledger: LedgerStore; readonly close: () => Promise<void> }

const ONLY_A: TenantScope = { kind: 'tenants', tenantIds: ['team-a'] }
const NOBODY: TenantScope = { kind: 'tenants', tenantIds: [] }

export function ledgerStoreContract(name: string, open: () => Promise<OpenedLedger>): void {
  describe(`${name}: a ledger`, () => {
    let opened: OpenedLedger
    let ledger: LedgerStore

    beforeEach(async () => {
      opened = await open()
      ledger = opened.ledger
    })
    afterEach(() => opened.close())

    const ids = async (scope: TenantScope, filter: LedgerFilter = {}, limit = 1000): Promise<string[]> =>
      (await ledger.page(scope, filter, { cursor: null, limit })).entries.map((entry) => entry.requestId)
    const scanned = async (scope: TenantScope, filter: LedgerFilter = {}): Promise<LedgerEntry[]> => {
      const entries: LedgerEntry[] = []
      for await (const batch of ledger.scan(scope, filter)) entries.push(...batch)
      return entries
    }
    const appendAll = async (entries: readonly LedgerEntry[]): Promise<void> => {
      await Promise.all(entries.map((entry) => ledger.append(entry)))
    }

    it('gives back any entry as it was appended', async () => {
      await fc.assert(
        fc.asyncProperty(arbitraryEntry(), async (entry) => {
          expect(await ledger.append(entry)).toBe('created')
          expect(await ledger.get(ALL_TENANTS, entry.requestId)).toEqual(entry)
        }),
        { numRuns: 200 },
      )
    })

    it('tells a retry from a conflict', async () => {
      expect(await ledger.append(anEntry())).toBe('created')
      expect(await ledger.append(anEntry())).toBe('exists')
      await expect(ledger.append(anEntry({ cost: picoUsd(1n), inputCost: picoUsd(0n) }))).rejects.toThrow(
        LedgerConflict,
      )
      await expect(ledger.append(anEntry({ startedAt: NOON + 1 }))).rejects.toThrow(LedgerConflict)
      await expect(ledger.append(anEntry({ tenantId: 'team-b' }))).rejects.toThrow(LedgerConflict)
      expect(await scanned(ALL_TENANTS)).toEqual([anEntry()])
    })

    it('takes the order of quantities and metadata for no difference', async () => {
      const usage = { quantities: { output_tokens: 2, input_tokens: 1 }, estimated: false }
      const turned = { quantities: { input_tokens: 1, output_tokens: 2 }, estimated: false }
      await ledger.append(anEntry({ usage, metadata: { b: '2', a: '1' } }))
      expect(await ledger.append(anEntry({ usage: turned, metadata: { a: '1', b: '2' } }))).toBe('exists')
    })

    it('keeps one row of an entry that is delivered a hundred times at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => ledger.append(anEntry())))
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1)
      expect(await scanned(ALL_TENANTS)).toHaveLength(1)
    })

    it('lets a conflict, and an entry that cannot be stored, harm no other of the same moment', async () => {
      await ledger.append(anEntry({ requestId: 'request-5', status: 500 }))
      const entries = manyEntries(40, () => ({}))
      const bad = anEntry({ requestId: 'bad', modelId: 'a\u001fb' })
      const outcomes = await Promise.allSettled([...entries, bad].map((entry) => ledger.append(entry)))
      expect(outcomes.map((outcome) => outcome.status === 'fulfilled')).toEqual(
        [...entries, bad].map((_, index) => index !== 5 && index !== 40),
      )
      expect(outcomes[5]).toMatchObject({ reason: expect.any(LedgerConflict) })
      expect(outcomes[40]).toMatchObject({ reason: expect.any(RangeError) })
      expect(await scanned(ALL_TENANTS)).toHaveLength(40)
    })

    it.each([
      ['a cost beyond 64 bits', { cost: picoUsd(2n ** 63n), inputCost: picoUsd(0n) }],
      ['a cost without its input side', { inputCost: null }],
      ['an input side without a cost', { cost: null }],
      ['an absurd quantity', { usage: { quantities: { input_tokens: 2 ** 53 - 1 }, estimated: false } }],
      ['a negative quantity', { usage: { quantities: { input_tokens: -1 }, estimated: false } }],
      ['half a token', { usage: { quantities: { input_tokens: 0.5 }, estimated: false } }],
      ['no time', { startedAt: Number.NaN }],
      ['a time before 1970', { startedAt: -1 }],
      ['control characters', { requestId: 'a\u001db' }],
    ] satisfies [string, Partial<LedgerEntry>][])('refuses %s', async (_, changes) => {
      await expect(ledger.append(anEntry(changes))).rejects.toThrow(RangeError)
      expect(await scanned(ALL_TENANTS)).toEqual([])
    })

    it('takes the largest cost exactly, and unknown as unknown', async () => {
      const large = anEntry({
        requestId: 'large',
        cost: picoUsd(2n ** 63n - 1n),
        inputCost: picoUsd(-(2n ** 63n) + 1n),
      })
      const unknown = unpriced({
        requestId: 'unknown',
        usage: { quantities: { input_tokens: null, output_tokens: 0 }, estimated: true },
      })
      await appendAll([large, unknown])
      expect(await ledger.get(ALL_TENANTS, 'large')).toEqual(large)
      expect(await ledger.get(ALL_TENANTS, 'unknown')).toEqual(unknown)
    })

    it('pages newest first and scans oldest first', async () => {
      await appendAll(manyEntries(30, (index) => ({ startedAt: NOON + ((index * 7) % 30) })))
      const oldest = (await scanned(ALL_TENANTS)).map((entry) => entry.startedAt - NOON)
      expect(oldest).toEqual(Array.from({ length: 30 }, (_, index) => index))
      const newest = (await ledger.page(ALL_TENANTS, {}, { cursor: null, limit: 100 })).entries
      expect(newest.map((entry) => entry.startedAt - NOON)).toEqual(oldest.toReversed())
    })

    it('walks all pages once, whatever is appended meanwhile', async () => {
      await appendAll(manyEntries(25, (index) => ({ startedAt: NOON + Math.floor(index / 5) })))
      const seen: string[] = []
      let cursor: string | null = null
      for (let turn = 0; turn === 0 || cursor !== null; turn += 1) {
        const page = await ledger.page(ALL_TENANTS, {}, { cursor, limit: 4 })
        seen.push(...page.entries.map((entry) => entry.requestId))
        cursor = page.nextCursor
        await ledger.append(anEntry({ requestId: `late-${turn}`, startedAt: NOON + 100 + turn }))
      }
      expect(seen.toSorted()).toEqual(
        manyEntries(25, () => ({}))
          .map((entry) => entry.requestId)
          .toSorted(),
      )
    })

    it.each(['', 'not a cursor', 'zzzzzzzzzzzzz', '-1', '1'.repeat(40)])('refuses the cursor "%s"', async (cursor) => {
      await expect(ledger.page(ALL_TENANTS, {}, { cursor, limit: 4 })).rejects.toThrow(RangeError)
    })

    it('shows a tenant nothing of another', async () => {
      const entryOfB = unpriced({ requestId: 'of-b', tenantId: 'team-b' })
      await appendAll([anEntry({ requestId: 'of-a' }), entryOfB, correctionOf(entryOfB, 'of-b/1', 5n)])
      expect(await ids(ONLY_A)).toEqual(['of-a'])
      expect((await scanned(ONLY_A)).map((entry) => entry.requestId)).toEqual(['of-a'])
      expect(await ids(ONLY_A, { tenantId: 'team-b' })).toEqual([])
      expect(await ids(ONLY_A, { unpricedOnly: true })).toEqual([])
      expect(await ledger.get(ONLY_A, 'of-b')).toBeNull()
      expect(await ledger.correctionsOf(ONLY_A, 'of-b')).toEqual([])
      expect(await ids(NOBODY)).toEqual([])
      expect(await scanned(NOBODY)).toEqual([])
      expect(await ledger.get(NOBODY, 'of-a')).toBeNull()
      expect(await ids({ kind: 'tenants', tenantIds: ['team-a', 'team-b'] }, { tenantId: 'team-b' })).toHaveLength(2)
      expect(await ids({ kind: 'tenants', tenantIds: ['team-a', 'team-b'] })).toHaveLength(3)
      expect(await ids(ALL_TENANTS)).toHaveLength(3)
    })

    it.each([
      [{ from: NOON + 10 }, ['later', 'other']],
      [{ to: NOON + 10 }, ['plain']],
      [{ from: NOON, to: NOON + 20 }, ['plain', 'later']],
      [{ tenantId: 'team-b' }, ['other']],
      [{ keyId: 'key-b' }, ['later']],
      [{ modelId: 'amazon.nova-pro-v1:0' }, ['other']],
      [{ baseModel: 'amazon.nova-pro-v1:0' }, ['other']],
      [{ estimatedOnly: true }, ['later']],
      [{ tenantId: 'team-a', keyId: 'key-b', from: NOON + 20 }, []],
      [{ from: NOON + 20, to: NOON }, []],
    ] satisfies [LedgerFilter, string[]][])('filters by %o', async (filter, expected) => {
      await appendAll([
        anEntry({ requestId: 'plain' }),
        anEntry({ requestId: 'later', startedAt: NOON + 10, keyId: 'key-b', estimated: true }),
        anEntry({
          requestId: 'other',
          startedAt: NOON + 20,
          tenantId: 'team-b',
          modelId: 'amazon.nova-pro-v1:0',
          baseModel: 'amazon.nova-pro-v1:0',
        }),
      ])
      expect((await scanned(ALL_TENANTS, filter)).map((entry) => entry.requestId)).toEqual(expected)
      expect(await ids(ALL_TENANTS, filter)).toEqual(expected.toReversed())
    })

    it('lists what has no cost until a correction rates it', async () => {
      const first = unpriced({ requestId: 'first' })
      await appendAll([first, unpriced({ requestId: 'second', startedAt: NOON + 1 }), anEntry({ requestId: 'priced' })])
      expect(await ids(ALL_TENANTS, { unpricedOnly: true })).toEqual(['second', 'first'])
      await ledger.append(correctionOf(first, 'first/1', 7n))
      expect(await ids(ALL_TENANTS, { unpricedOnly: true })).toEqual(['second'])
      expect((await scanned(ALL_TENANTS, { unpricedOnly: true })).map((entry) => entry.requestId)).toEqual(['second'])
    })

    it('gives the corrections of an entry, oldest first', async () => {
      const entry = anEntry()
      const corrections = [1, 2, 3].map((turn) => ({
        ...correctionOf(entry, `request-1/${turn}`, BigInt(turn)),
        endedAt: NOON + 1000 * turn,
      }))
      for (const correction of corrections.toReversed()) await ledger.append(correction)
      expect(await ledger.correctionsOf(ALL_TENANTS, 'request-1')).toEqual(corrections)
      expect(await ledger.correctionsOf(ALL_TENANTS, 'request-1/1')).toEqual([])
    })

    it('finds few among many without missing any', async () => {
      await appendAll(
        manyEntries(12_000, (index) => ({ startedAt: NOON + index, keyId: index % 4000 === 1 ? 'rare' : 'key-a' })),
      )
      expect(await ids(ALL_TENANTS, { keyId: 'rare' }, 2)).toEqual(['request-8001', 'request-4001'])
      const found = (await scanned(ALL_TENANTS, { keyId: 'rare' })).map((entry) => entry.requestId)
      expect(found).toEqual(['request-1', 'request-4001', 'request-8001'])
      expect(await scanned(ALL_TENANTS)).toHaveLength(12_000)
    })

    it('takes thousands that started in one millisecond', async () => {
      await appendAll(manyEntries(5_000, () => ({ startedAt: NOON })))
      expect(await scanned(ALL_TENANTS)).toHaveLength(5_000)
    })
  })
}

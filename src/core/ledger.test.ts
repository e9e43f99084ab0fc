// What of an entry counts as its content: the retry is told from the conflict.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anEntry, arbitraryEntry } from '../../test/contract/entries.ts'
import { CONTENT_FIELDS, CONTENT_PART, CONTENT_UNIT, entryContent } from './ledger.ts'
import type { LedgerEntry } from './ledger.ts'
import { picoUsd } from './money.ts'

describe('the content of an entry', () => {
  it('is equal for equal entries and differs for different ones', () => {
    fc.assert(
      fc.property(arbitraryEntry(), arbitraryEntry(), (left, right) => {
        expect(entryContent(structuredClone(left))).toBe(entryContent(left))
        expect(entryContent({ ...right, requestId: left.requestId }) === entryContent(left)).toBe(
          same({ ...right, requestId: left.requestId }, left),
        )
      }),
    )
  })

  it.each([
    { requestId: 'x' },
    { upstreamRequestId: null },
    { upstreamRequestId: '' },
    { upstreamRequestId: 'null' },
    { tenantId: 'x' },
    { keyId: 'x' },
    { modelId: 'x' },
    { baseModel: null },
    { routing: 'global' },
    { region: 'x' },
    { tier: 'flex' },
    { operation: 'x' },
    { surface: 'x' },
    { startedAt: 1 },
    { endedAt: 1 },
    { ending: 'client_aborted' },
    { status: 500 },
    { attempts: 2 },
    { usage: null },
    { usage: { quantities: {}, estimated: false } },
    { usage: { quantities: { input_tokens: 1200, output_tokens: null }, estimated: false } },
    { usage: { quantities: { input_tokens: 1200, output_tokens: 340 }, estimated: true } },
    { usage: { quantities: { input_tokens: 1200, output_tokens: 340 }, estimated: false, reasoningTokens: 0 } },
    { usage: { quantities: { input_tokens: 1200, output_tokens: 340 }, estimated: false, variant: '' } },
    { cost: null },
    { cost: picoUsd(1n) },
    { inputCost: null },
    { priceVersion: null },
    { priceVersion: 0 },
    { estimated: true },
    { deliveredBytes: 0 },
    { metadata: { a: '' } },
    { notes: [''] },
    { corrects: 'x' },
    { ratesUnpriced: true },
  ] satisfies Partial<LedgerEntry>[])('tells %o', (change) => {
    expect(entryContent(anEntry(change))).not.toBe(entryContent(anEntry()))
  })

  it('has its fields in order, behind what its bucket is keyed by', () => {
    const [key = '', rest = ''] = entryContent(anEntry()).split(CONTENT_PART)
    expect(key.split(CONTENT_UNIT)).toHaveLength(10)
    expect(rest.split(CONTENT_UNIT)).toHaveLength(CONTENT_FIELDS.length)
    expect(rest.split(CONTENT_UNIT).slice(0, 2)).toEqual(['request-1', String(anEntry().startedAt)])
  })

  it('refuses what would tear a batch apart', () => {
    expect(() => entryContent(anEntry({ modelId: 'a\u001db' }))).toThrow(RangeError)
    expect(entryContent(anEntry({ notes: ['a\u001db'], metadata: { a: '\u001d' } }))).not.toContain('\u001d')
  })
})

/** By JSON with sorted keys, which is slow and plainly right. */
function same(left: LedgerEntry, right: LedgerEntry): boolean {
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === 'bigint') return `${part}n`
      if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
      return Object.fromEntries(Object.entries(part).toSorted(([first], [second]) => (first < second ? -1 : 1)))
    })
  return plain(left) === plain(right)
}

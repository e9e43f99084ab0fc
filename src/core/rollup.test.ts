// Entries folded into hours give the same sums in any order.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anEntry, arbitraryLedger, correctionOf, HOUR, NOON, unpriced } from '../../test/contract/entries.ts'
import { picoUsd } from './money.ts'
import { emptySums, fold, foldSums, hourOf } from './rollup.ts'
import type { RollupSums } from './rollup.ts'

const only = (...entries: Parameters<typeof fold>[0] extends Iterable<infer E> ? E[] : never) => {
  const buckets = fold(entries)
  expect(buckets).toHaveLength(1)
  return buckets[0]
}

describe('folding entries', () => {
  it('sums a call into the hour in which it began', () => {
    expect(fold([anEntry({ startedAt: NOON + HOUR - 1, endedAt: NOON + HOUR + 5 })])).toEqual([
      {
        hour: NOON,
        key: {
          tenant: 'team-a',
          key: 'key-a',
          model: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
          base_model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
          routing: 'regional',
          tier: 'standard',
          region: 'eu-central-1',
          operation: 'Converse',
          surface: 'bedrock',
          metadata: '{}',
        },
        calls: 1,
        unpricedCalls: 0,
        estimatedCalls: 0,
        quantities: { input_tokens: 1200n, output_tokens: 340n },
        inputCost: 3_600_000_000n,
        outputCost: 5_100_000_000n,
      },
    ])
  })

  it('leaves what nobody knows out of the sums, and keeps a zero', () => {
    const usage = { quantities: { input_tokens: null, output_tokens: 0 }, estimated: false }
    const buckets = fold([unpriced({ usage }), unpriced({ usage: null })])
    expect(buckets).toMatchObject([{ calls: 2, unpricedCalls: 2, inputCost: 0n, outputCost: 0n }])
    expect(buckets[0]?.quantities).toEqual({ output_tokens: 0n })
  })

  it('adds the cost of a correction, and nothing else of it', () => {
    const call = anEntry({ estimated: true })
    const correction = { ...correctionOf(call, 'correction', -1000n), usage: call.usage }
    expect(only(call, correction)).toMatchObject({
      calls: 1,
      unpricedCalls: 0,
      estimatedCalls: 1,
      quantities: { input_tokens: 1200n, output_tokens: 340n },
      inputCost: 3_600_000_000n - 500n,
      outputCost: 5_100_000_000n - 500n,
    })
  })

  it('takes a call out of the unpriced ones when a correction rates it', () => {
    const call = unpriced()
    expect(only(call)).toMatchObject({ calls: 1, unpricedCalls: 1 })
    expect(only(call, correctionOf(call, 'correction', 10n))).toMatchObject({
      calls: 1,
      unpricedCalls: 0,
      inputCost: 5n,
      outputCost: 5n,
    })
  })

  it('takes metadata for the same in whatever order its keys come', () => {
    const buckets = fold([anEntry({ metadata: { a: '1', b: '"' } }), anEntry({ metadata: { b: '"', a: '1' } })])
    expect(buckets.map((bucket) => [bucket.calls, bucket.key.metadata])).toEqual([[2, '{"a":"1","b":"\\""}']])
  })

  it('keeps apart what differs in any part of the key', () => {
    const others = [
      { tenantId: 'x' },
      { keyId: 'x' },
      { modelId: 'x' },
      { baseModel: 'x' },
      { baseModel: null },
      { routing: 'global' },
      { tier: 'flex' },
      { region: 'x' },
      { operation: 'x' },
      { surface: 'x' },
      { metadata: { x: '' } },
      { startedAt: NOON + HOUR },
    ] as const
    expect(fold([anEntry(), ...others.map((change) => anEntry(change))])).toHaveLength(others.length + 1)
  })

  it('gives the same in any order, and cut anywhere', () => {
    fc.assert(
      fc.property(arbitraryLedger, fc.nat(), (entries, cut) => {
        const whole = fold(entries)
        expect(fold(entries.toReversed())).toEqual(whole)
        const at = entries.length === 0 ? 0 : cut % entries.length
        const parts = [...fold(entries.slice(0, at)), ...fold(entries.slice(at))]
        const total = (buckets: readonly RollupSums[]): RollupSums => {
          const sums = emptySums()
          for (const bucket of buckets) foldSums(sums, bucket)
          return sums
        }
        expect(total(parts)).toEqual(total(whole))
      }),
      { numRuns: 50 },
    )
  })

  it('sums beyond 64 bits', () => {
    const most = picoUsd(2n ** 63n - 1n)
    expect(only(anEntry({ cost: most, inputCost: most }), anEntry({ cost: most, inputCost: most }))).toMatchObject({
      inputCost: 2n * most,
      outputCost: 0n,
    })
  })

  it('knows hours from the epoch on', () => {
    expect([0, HOUR - 1, HOUR, NOON + 1].map(hourOf)).toEqual([0, 0, HOUR, NOON])
  })
})

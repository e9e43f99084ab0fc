// The decision about limits, as a table of rows.

import { describe, expect, it } from 'vitest'
import { picoUsd } from './money.ts'
import { limitOf, type Limit } from './limit.ts'
import {
  decide,
  refusalOf,
  scopedLimit,
  windowEnd,
  windowStart,
  type CounterReading,
  type ScopedLimit,
} from './policy.ts'

const NOW = Date.UTC(2026, 10, 20, 13, 30, 15)

const limit = (over: Partial<Limit>, tenantId = 'team-a'): ScopedLimit =>
  scopedLimit(limitOf({ kind: 'requests', per: 'day', amount: 10n, ...over }), { source: 'tenant', tenantId })

const counter = (over: {
  requests?: number
  tokens?: number
  cost?: bigint
  held?: Partial<CounterReading>
}): CounterReading => ({
  spent: () => ({ requests: over.requests ?? 0, tokens: over.tokens ?? 0, cost: over.cost ?? 0n }),
  heldTokens: 0,
  heldCost: 0n,
  concurrent: 0,
  ...over.held,
})

const noBuckets = (): number => {
  throw new Error('no bucket was asked for')
}

describe('decide', () => {
  const rows: [string, ScopedLimit, CounterReading, { tokens: number; cost: bigint | null }, boolean][] = [
    ['the last request of the window fits', limit({}), counter({ requests: 9 }), { tokens: 1, cost: 0n }, true],
    ['the next one does not', limit({}), counter({ requests: 10 }), { tokens: 1, cost: 0n }, false],
    [
      'held tokens count',
      limit({ kind: 'tokens', amount: 100n }),
      counter({ tokens: 40, held: { heldTokens: 50 } }),
      { tokens: 10, cost: 0n },
      true,
    ],
    [
      'held tokens count to the last',
      limit({ kind: 'tokens', amount: 100n }),
      counter({ tokens: 40, held: { heldTokens: 50 } }),
      { tokens: 11, cost: 0n },
      false,
    ],
    [
      'a budget takes the worst case that just fits',
      limit({ kind: 'cost', amount: 100n }),
      counter({ cost: 60n, held: { heldCost: 30n } }),
      { tokens: 1, cost: 10n },
      true,
    ],
    [
      'a budget refuses one pico-USD more',
      limit({ kind: 'cost', amount: 100n }),
      counter({ cost: 60n, held: { heldCost: 30n } }),
      { tokens: 1, cost: 11n },
      false,
    ],
    [
      'concurrency counts running calls',
      limit({ kind: 'concurrency', per: null, amount: 2n }),
      counter({ held: { concurrent: 2 } }),
      { tokens: 1, cost: 0n },
      false,
    ],
    [
      'a soft limit never refuses',
      limit({ mode: 'soft', amount: 0n }),
      counter({ requests: 99 }),
      { tokens: 1, cost: 0n },
      true,
    ],
  ]
  it.each(rows)('%s', (_name, scoped, reading, ask, allowed) => {
    const cost = ask.cost === null ? null : picoUsd(ask.cost)
    expect(decide([scoped], () => reading, noBuckets, { tokens: ask.tokens, cost }, NOW).allow).toBe(allowed)
  })

  it('a full bucket grants its burst and says when the next call fits', () => {
    const bucket = limit({ per: 'minute', amount: 60n, burst: 5n })
    const empty = decide(
      [bucket],
      () => counter({}),
      () => 0.25,
      { tokens: 1, cost: picoUsd(0n) },
      NOW,
    )
    expect(empty).toMatchObject({ allow: false, left: 0n, endsAt: NOW + 1_000 })
    expect(
      decide(
        [bucket],
        () => counter({}),
        () => 1,
        { tokens: 1, cost: picoUsd(0n) },
        NOW,
      ).allow,
    ).toBe(true)
  })

  it('asks every tenant of the chain: an ancestor refuses for its children', () => {
    const parent: ScopedLimit = limit({ kind: 'cost', amount: 5n }, 'company')
    const read = (tenantId: string) => counter({ cost: tenantId === 'company' ? 5n : 0n })
    const verdict = decide([limit({}), parent], read, noBuckets, { tokens: 1, cost: picoUsd(1n) }, NOW)
    expect(verdict).toMatchObject({ allow: false, by: { ownerTenantId: 'company' } })
  })
})

describe('refusalOf', () => {
  it('says which limit, of whom, how much is used, held and left, and when it ends', () => {
    const budget = limit({ kind: 'cost', per: 'month', amount: 2_000_000_000_000n })
    const reading = counter({ cost: 1_500_000_000_000n, held: { heldCost: 250_000_000_000n } })
    const verdict = decide([budget], () => reading, noBuckets, { tokens: 1, cost: picoUsd(300_000_000_000n) }, NOW)
    if (verdict.allow) throw new Error('the budget should refuse')
    const refusal = refusalOf(verdict, NOW)
    expect(refusal.code).toBe('budget_exceeded')
    expect(refusal.message).toBe(
      'The budget of $2 per month of tenant "team-a" is used up: $1.5 used, $0.25 held by running calls, $0.25 left; ' +
        'this call could cost up to $0.300000; it resets 2026-12-01T00:00:00.000Z.',
    )
  })
  it('asks to retry a rate limit after whole seconds', () => {
    const verdict = decide(
      [limit({ per: 'minute', amount: 1n })],
      () => counter({ requests: 1 }),
      noBuckets,
      { tokens: 1, cost: null },
      NOW,
    )
    if (verdict.allow) throw new Error('the limit should refuse')
    expect(refusalOf(verdict, NOW)).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 45 })
  })
})

describe('windows', () => {
  it('are UTC calendar windows; weeks begin on Monday, leap days belong to February', () => {
    expect(windowStart('week', NOW)).toBe(Date.UTC(2026, 10, 16))
    expect(windowEnd('week', NOW)).toBe(Date.UTC(2026, 10, 23))
    expect(windowStart('month', Date.UTC(2028, 1, 29, 23))).toBe(Date.UTC(2028, 1, 1))
    expect(windowEnd('month', Date.UTC(2028, 1, 29, 23))).toBe(Date.UTC(2028, 2, 1))
    expect(windowEnd('ever', NOW)).toBe(Number.POSITIVE_INFINITY)
  })
})

// What the headers of an answer say of the limits that were asked.

import { describe, expect, it } from 'vitest'
import { dialectLimitHeaders, hasRateLimits, limitHeaders } from './limit-headers.ts'
import { limitOf, scopedLimit, type Limit } from './limit.ts'
import type { LimitStatus } from './reservation.ts'

const NOW = Date.UTC(2026, 10, 20)

function status(limit: Pick<Limit, 'kind'> & Partial<Limit>, counted: Partial<LimitStatus>): LimitStatus {
  const scoped = scopedLimit(limitOf({ amount: 0n, ...limit }), { source: 'tenant', tenantId: 'alpha' })
  const nothing = {
    split: null,
    amount: 100n,
    used: 0n,
    held: 0n,
    windowStart: 0,
    windowEnd: null,
    refusedAt: null,
    wouldHaveRefused: 0,
  }
  return { scoped, ...nothing, ...counted }
}

describe('what an answer says of its limits', () => {
  it('is the tightest hard limit of each kind, and the first that begins anew', () => {
    const statuses = [
      status(
        { kind: 'cost', per: 'month' },
        { amount: 2_500_000_000_000n, used: 1_000_000_000_000n, windowEnd: NOW + 90_000 },
      ),
      status({ kind: 'cost', per: 'day' }, { amount: 9_000_000_000_000n, windowEnd: NOW + 1_000 }),
      status({ kind: 'tokens', per: 'day' }, { amount: 1_000n, used: 300n, held: 200n, windowEnd: NOW + 60_500 }),
      status({ kind: 'requests', per: null }, { amount: 10n, used: 12n }),
      status({ kind: 'requests', per: 'day', mode: 'soft' }, { amount: 1n, used: 1n }),
      status({ kind: 'concurrency' }, { amount: 3n, held: 1n }),
    ]
    expect(limitHeaders(statuses, NOW)).toEqual([
      'x-weighbridge-remaining-requests',
      '0',
      'x-weighbridge-remaining-tokens',
      '500',
      'x-weighbridge-remaining-budget-usd',
      '1.5',
      'x-weighbridge-reset',
      '61',
    ])
  })

  it('is nothing where no limit refuses', () => {
    expect(limitHeaders([], NOW)).toEqual([])
    expect(limitHeaders([status({ kind: 'cost', per: 'month', mode: 'shadow' }, {})], NOW)).toEqual([])
  })
})

describe('what an answer says of its rate limits in its dialect', () => {
  const statuses = [
    status({ kind: 'requests', per: 'minute' }, { amount: 10n, used: 3n, held: 1n, windowEnd: NOW + 30_000 }),
    status({ kind: 'requests', per: 'day' }, { amount: 100n, used: 99n, windowEnd: NOW + 3_690_000 }),
    status({ kind: 'tokens', per: 'minute', counts: 'input' }, { amount: 1_000n, used: 400n, windowEnd: NOW + 30_000 }),
    status({ kind: 'tokens', per: 'minute', counts: 'output' }, { amount: 500n, used: 600n, windowEnd: NOW + 30_000 }),
    status({ kind: 'tokens', per: null }, { amount: 9_000n, used: 1n }),
    status({ kind: 'requests', per: 'day', mode: 'soft' }, { amount: 1n, used: 1n, windowEnd: NOW }),
    status({ kind: 'cost', per: 'month' }, { amount: 1n, windowEnd: NOW }),
  ]

  it('is of each kind the limit that leaves the least, in OpenAI’s words', () => {
    expect(dialectLimitHeaders('openai', statuses, NOW).join(' ')).toBe(
      'x-ratelimit-limit-requests 100 x-ratelimit-remaining-requests 1 x-ratelimit-reset-requests 1h1m30s ' +
        'x-ratelimit-limit-tokens 500 x-ratelimit-remaining-tokens 0 x-ratelimit-reset-tokens 30s',
    )
  })

  it('is told apart by what it counts in Anthropic’s', () => {
    const said = dialectLimitHeaders('anthropic', statuses, NOW).join(' ')
    expect(said.replaceAll('anthropic-ratelimit-', '')).toBe(
      'requests-limit 100 requests-remaining 1 requests-reset 2026-11-20T01:01:30Z ' +
        'input-tokens-limit 1000 input-tokens-remaining 600 input-tokens-reset 2026-11-20T00:00:30Z ' +
        'output-tokens-limit 500 output-tokens-remaining 0 output-tokens-reset 2026-11-20T00:00:30Z ' +
        'tokens-limit 9000 tokens-remaining 8999',
    )
  })

  it('is asked for only where a hard limit of requests or tokens stands', () => {
    expect(hasRateLimits(statuses.map(({ scoped }) => scoped))).toBe(true)
    expect(hasRateLimits(statuses.slice(5).map(({ scoped }) => scoped))).toBe(false)
  })
})

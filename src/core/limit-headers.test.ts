// What the headers of an answer say of the limits that were asked.

import { describe, expect, it } from 'vitest'
import { limitHeaders } from './limit-headers.ts'
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

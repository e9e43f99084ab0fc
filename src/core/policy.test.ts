// The decision about limits, as a table of rows.

import { describe, expect, it } from 'vitest'
import { limitOf, scopedLimit, type Limit } from './limit.ts'
import type { Consumption } from './limit-count.ts'
import { decide, durationWords, refusalOf, type LimitState, type Refusal } from './policy.ts'

const NOW = Date.UTC(2026, 10, 20, 13, 30, 15)
const MONTH_END = Date.UTC(2026, 11, 1)

type Count = { amount?: bigint; used?: bigint; held?: bigint; endsAt?: number | null; split?: string }

function state(over: Partial<Limit>, count: Count = {}, tenantId = 'team-a'): LimitState {
  const limit = limitOf({ kind: 'requests', per: 'day', amount: 10n, ...over })
  const { amount = limit.amount, used = 0n, held = 0n, endsAt = null, split = null } = count
  return { scoped: scopedLimit(limit, { source: 'tenant', tenantId }), split, amount, used, held, endsAt: () => endsAt }
}

const ask = (over: Partial<Consumption>): Consumption => ({
  inputTokens: 1,
  cacheReadTokens: 0,
  outputTokens: 0,
  burnRate: 1,
  cost: 0n,
  ...over,
})

function refused(states: readonly LimitState[], asked: Consumption): Refusal {
  const verdict = decide(states, asked)
  if (verdict.allow) throw new Error('it should be refused')
  return verdict
}

describe('decide', () => {
  const rows: [string, LimitState, Partial<Consumption>, boolean][] = [
    ['the last request of the window fits', state({}, { used: 9n }), {}, true],
    ['the next one does not', state({}, { used: 10n }), {}, false],
    [
      'held tokens count',
      state({ kind: 'tokens', amount: 100n }, { used: 40n, held: 50n }),
      { inputTokens: 4, outputTokens: 6 },
      true,
    ],
    [
      'held tokens count to the last',
      state({ kind: 'tokens', amount: 100n }, { used: 40n, held: 50n }),
      { inputTokens: 4, outputTokens: 7 },
      false,
    ],
    [
      'input alone, where that is counted',
      state({ kind: 'tokens', amount: 5n, counts: 'input' }),
      { inputTokens: 5, outputTokens: 99 },
      true,
    ],
    [
      'output alone, where that is counted',
      state({ kind: 'tokens', amount: 5n, counts: 'output' }),
      { inputTokens: 99, outputTokens: 6 },
      false,
    ],
    [
      "output as Bedrock's quotas weigh it",
      state({ kind: 'tokens', amount: 51n, burnDown: true }),
      { inputTokens: 2, outputTokens: 5, burnRate: 10 },
      false,
    ],
    [
      'a budget takes the worst case that just fits',
      state({ kind: 'cost', amount: 100n }, { used: 60n, held: 30n }),
      { cost: 10n },
      true,
    ],
    [
      'a budget refuses one pico-USD more',
      state({ kind: 'cost', amount: 100n }, { used: 60n, held: 30n }),
      { cost: 11n },
      false,
    ],
    [
      'what was added to the amount counts',
      state({ kind: 'cost', amount: 100n }, { amount: 150n, used: 60n, held: 30n }),
      { cost: 60n },
      true,
    ],
    [
      'concurrency counts running calls',
      state({ kind: 'concurrency', per: null, amount: 2n }, { held: 2n }),
      {},
      false,
    ],
    ['a soft limit never refuses', state({ mode: 'soft', amount: 0n }, { used: 99n }), {}, true],
    ['a limit in shadow never refuses', state({ mode: 'shadow', amount: 0n }, { used: 99n }), {}, true],
  ]
  it.each(rows)('%s', (_name, one, asked, allowed) => {
    expect(decide([one], ask(asked)).allow).toBe(allowed)
  })

  it('names the limits in shadow that would have refused, and only those', () => {
    const [full, free] = [state({ mode: 'shadow' }, { used: 10n }), state({ mode: 'shadow' })]
    expect(decide([full, free], ask({}))).toEqual({ allow: true, shadowed: [full] })
  })

  it('asks every tenant of the chain: an ancestor refuses for its children', () => {
    const parent = state({ kind: 'cost', amount: 5n }, { used: 5n }, 'company')
    expect(decide([state({}), parent], ask({ cost: 1n }))).toMatchObject({
      allow: false,
      by: { ownerTenantId: 'company', counterId: 'tenant:company:cost-day' },
    })
  })
})

describe('refusalOf', () => {
  const budget = { kind: 'cost', per: 'month', amount: 2_000_000_000_000n } as const
  const spent = { used: 1_500_000_000_000n, held: 250_000_000_000n, endsAt: MONTH_END }
  const asked = ask({ cost: 300_000_000_000n })

  it('says which limit, of whom, how much is used, held and left, and when it ends', () => {
    const refusal = refusalOf(refused([state(budget, spent)], asked), NOW)
    expect(refusal.code).toBe('budget_exceeded')
    expect(refusal.message).toBe(
      'The budget of $2 per month of tenant "team-a" is used up: $1.5 used, $0.25 held by running calls, $0.25 left; ' +
        'this call could cost up to $0.300000; it resets 2026-12-01T00:00:00.000Z, in 10 d 10 h.',
    )
  })

  it('says whose value, and whose midnight, where these are not as usual', () => {
    const one = state({ ...budget, splitBy: 'project', timeZone: 'Europe/Berlin' }, { ...spent, split: 'apollo' })
    const { message } = refusalOf(refused([one], asked), NOW)
    expect(message).toContain('of tenant "team-a" for project "apollo" is used up')
    expect(message).toContain('it resets 2026-12-01T00:00:00.000Z (midnight in Europe/Berlin), in 10 d 10 h.')
  })

  it('does not send a call away to wait that never fits', () => {
    const one = state({ kind: 'tokens', per: 'minute', amount: 10n }, { endsAt: NOW + 44_500 })
    const refusal = refusalOf(refused([one], ask({ inputTokens: 11 })), NOW)
    expect(refusal.message).toContain('is too small for this call of 11: 0 used, 10 left; it resets 20')
    expect(refusal.retryAfterSeconds).toBeNull()
  })

  it('asks to retry a rate limit after whole seconds', () => {
    const one = state({ per: 'minute', amount: 1n }, { used: 1n, endsAt: NOW + 44_500 })
    expect(refusalOf(refused([one], ask({})), NOW)).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 45 })
  })
})

describe('durationWords', () => {
  it.each([
    [1, '1 s'],
    [59_001, '1 min'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [(3 * 86_400 + 4 * 3_600 + 59) * 1_000, '3 d 4 h'],
    [86_400_000 + 1_000, '1 d'],
  ])('%d ms are %s', (milliseconds, words) => {
    expect(durationWords(milliseconds)).toBe(words)
  })
})

// What an alert says, also when names in it are hostile, and when it is tried again.

import { describe, expect, it } from 'vitest'
import type { AlertFacts } from './alert.ts'
import type { RaisedAlert } from './alert-delivery.ts'
import { retryDelay } from './alert-delivery.ts'
import { neutralised, notificationOf, testNotification } from './alert-message.ts'

const AT = Date.UTC(2026, 10, 20, 12)
const facts = {
  kind: 'threshold',
  limitId: 'own:cost/month',
  split: null,
  limitKind: 'cost',
  percent: 80.5,
  amount: 100_000_000_000_000n,
  used: 80_500_000_000_001n,
  held: 1_000_000_000_000n,
  forecast: null,
  resetsAt: Date.UTC(2026, 11, 1),
} as const

const alert = (changed: AlertFacts): RaisedAlert => ({
  id: 'alert_1',
  identity: 'identity',
  ruleId: 'rule',
  tenantId: 'team',
  raisedAt: AT,
  windowStart: Date.UTC(2026, 10, 1),
  windowEnd: Date.UTC(2026, 11, 1),
  facts: changed,
})

describe('a budget in words', () => {
  it('says who, which limit, what is used, held and left, and when it resets, to the last pico-USD', () => {
    const { title, lines, data, id, type } = notificationOf(alert(facts))
    expect(title).toBe('Weighbridge: tenant team has reached 80.5% of its budget of $100')
    expect(lines).toEqual([
      'tenant team has reached 80.5% of its budget of $100 (limit own:cost/month).',
      'Used $80.500000000001, held by running calls $1, left $18.499999999999.',
      'It resets 2026-12-01T00:00:00.000Z.',
      'Rule rule, raised 2026-11-20T12:00:00.000Z, id alert_1.',
    ])
    expect([id, type]).toEqual(['alert_1', 'alert.threshold'])
    expect(data).toMatchObject({
      tenant_id: 'team',
      unit: 'USD',
      amount: '100',
      used: '80.500000000001',
      left: '18.499999999999',
      resets_at: '2026-12-01T00:00:00.000Z',
    })
  })

  it('says of a hard budget that it refuses calls, though not all of it is used', () => {
    const said = notificationOf(alert({ ...facts, percent: 100, refuses: true }))
    expect(said.title).toBe('Weighbridge: tenant team has calls refused by its budget of $100')
    expect(said.lines[2]).toBe('A call was refused: what it could use at most is more than what is left.')
    expect(said.data).toMatchObject({ percent: 100, reached_by: 'refusal' })
  })

  it('never has less than nothing left', () => {
    expect(notificationOf(alert({ ...facts, used: 10n ** 20n })).data.left).toBe('0')
  })

  it('says what a forecast expects', () => {
    const said = notificationOf(alert({ ...facts, kind: 'forecast', percent: 100, forecast: 120_000_000_000_000n }))
    expect(said.title).toContain('is on course for 100% of its budget')
    expect(said.lines).toContain('At the pace so far $120 will be used by then.')
  })

  it('names the part of a split limit, also the one without a value', () => {
    const titleOf = (split: string) => notificationOf(alert({ ...facts, split })).title
    expect(titleOf('apollo')).toContain(': "apollo" of tenant team has')
    expect(titleOf('')).toContain(': (no value) of tenant team has')
  })

  it('counts tokens as tokens', () => {
    const said = notificationOf(alert({ ...facts, limitKind: 'tokens', amount: 1_000n, used: 805n, held: 0n }))
    expect(said.title).toBe('Weighbridge: tenant team has reached 80.5% of its limit of 1000 tokens')
    expect(said.lines[1]).toBe('Used 805 tokens, held by running calls 0 tokens, left 195 tokens.')
  })
})

it('tells of models without a price, and of errors', () => {
  expect(notificationOf(alert({ kind: 'unpriced', modelId: 'some.model', calls: 3n })).lines[0]).toContain('3 calls')
  const errors = {
    kind: 'errors',
    modelId: 'm',
    region: 'r',
    percent: 5,
    windowMinutes: 5,
    calls: 20,
    errors: 2,
  } as const
  expect(notificationOf(alert(errors)).lines[0]).toContain('2 of 20 calls to m in r')
  expect(testNotification('t', 'ops', AT)).toMatchObject({ id: 't', type: 'alert.test' })
})

describe('hostile text', () => {
  const HOSTILE = 'a\r\nBcc: x@evil.example\u0000\u001b[2J\u202Eexe\u2028\u0085<!channel>'

  it('becomes one harmless line wherever it stands', () => {
    for (const said of [
      notificationOf(alert({ ...facts, split: HOSTILE })),
      notificationOf(alert({ kind: 'unpriced', modelId: HOSTILE, calls: 1n })),
      testNotification('t', HOSTILE, AT),
    ]) {
      expect([said.title, ...said.lines].join('')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
      expect(said.title).toContain('Bcc: x@evil.example')
    }
  })

  it('is bounded', () => {
    expect(neutralised('x'.repeat(10_000))).toHaveLength(300)
    expect(neutralised('\ud800')).toBe('?')
  })
})

describe('the delay until the next attempt', () => {
  const delay = (attempt: number, random: number) => retryDelay(attempt, { firstMilliseconds: 5_000, random })

  it('grows threefold, and ends at six hours', () => {
    expect([1, 2, 3, 4, 20, 1_000].map((attempt) => delay(attempt, 0.5))).toEqual([
      5_000, 15_000, 45_000, 135_000, 21_600_000, 21_600_000,
    ])
  })

  it('is spread by a fifth to either side', () => {
    expect([delay(1, 0), delay(1, 1)]).toEqual([4_000, 6_000])
  })
})

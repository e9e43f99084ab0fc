// When a rule raises an alert: thresholds, forecasts, missing prices, upstream errors.

import { describe, expect, it } from 'vitest'
import {
  errorAlerts,
  limitAlerts,
  unpricedAlerts,
  type AlertContext,
  type AlertRule,
  type ForecastRule,
  type WatchedLimit,
  type ThresholdRule,
} from './alert.ts'

const MONTH_START = Date.UTC(2026, 10, 1)
const MONTH_END = Date.UTC(2026, 11, 1)
const NOW = Date.UTC(2026, 10, 16)
const DAY = 86_400_000

const context = (changes: Partial<AlertContext> = {}): AlertContext => ({
  now: NOW,
  isWithin: (tenantId, rootId) => tenantId === rootId || tenantId.startsWith(`${rootId}.`),
  fired: () => false,
  ...changes,
})

const base = { tenantId: null, targetIds: [], createdAt: '2026-01-01' } as const
const threshold = (changes: Partial<ThresholdRule> = {}): ThresholdRule => ({
  ...base,
  id: 'rule',
  kind: 'threshold',
  percents: [50, 80, 100],
  limitKinds: null,
  counting: 'used',
  ...changes,
})
const forecast = (changes: Partial<ForecastRule> = {}): ForecastRule => ({
  ...base,
  id: 'pace',
  kind: 'forecast',
  percents: [100],
  limitKinds: null,
  minimumElapsedPercent: 10,
  ...changes,
})
const status = (changes: Partial<WatchedLimit> = {}): WatchedLimit => ({
  ownerTenantId: 'team',
  limitId: 'own:cost/month',
  split: null,
  limitKind: 'cost',
  amount: 1_000n,
  used: 0n,
  held: 0n,
  refusedAt: null,
  windowStart: MONTH_START,
  windowEnd: MONTH_END,
  ...changes,
})

const percentsOf = (rules: readonly AlertRule[], one: WatchedLimit, changed: Partial<AlertContext> = {}) =>
  limitAlerts(rules, [one], context(changed)).map(({ facts }) => ('percent' in facts ? facts.percent : null))

describe('thresholds', () => {
  it.each<[string, Partial<WatchedLimit>, Partial<ThresholdRule>, number[]]>([
    ['nothing used', {}, {}, []],
    ['just below', { used: 499n }, {}, []],
    ['exactly reached', { used: 500n }, {}, [50]],
    ['a jump over two', { used: 900n }, {}, [50, 80]],
    ['more than all', { used: 5_000n }, {}, [50, 80, 100]],
    ['beyond the whole', { used: 1_500n }, { percents: [150, 151] }, [150]],
    ['held does not count', { used: 400n, held: 600n }, {}, []],
    ['unless asked to', { used: 400n, held: 600n }, { counting: 'used_and_held' }, [50, 80, 100]],
    [
      'calls at once are all held',
      { limitKind: 'concurrency', held: 500n, windowStart: null, windowEnd: null },
      {},
      [50],
    ],
    ['decimals, reached', { amount: 10_000n, used: 3_334n }, { percents: [33.33, 33.34] }, [33.33, 33.34]],
    ['decimals, not reached', { amount: 10_000n, used: 3_333n }, { percents: [33.33, 33.34] }, [33.33]],
    ['amounts beyond 2^53', { amount: 10n ** 30n, used: 8n * 10n ** 29n - 1n }, {}, [50]],
    ['an amount of nothing has no parts', { amount: 0n, used: 7n }, {}, []],
    ['a refusal in this window is all of it', { used: 700n, refusedAt: MONTH_START }, {}, [50, 100]],
    ['a refusal in the window before', { used: 700n, refusedAt: MONTH_START - 1 }, {}, [50]],
    ['a refusal is 100 percent, no more and no less', { refusedAt: NOW }, { percents: [99, 101] }, []],
    ['another kind of limit', { used: 900n }, { limitKinds: ['tokens'] }, []],
    ['the kind asked for', { used: 900n }, { limitKinds: ['tokens', 'cost'], percents: [90] }, [90]],
    ['the tenant itself', { used: 900n }, { tenantId: 'team', percents: [90] }, [90]],
    ['a tenant below', { ownerTenantId: 'team.a', used: 900n }, { tenantId: 'team', percents: [90] }, [90]],
    ['a tenant elsewhere', { ownerTenantId: 'other', used: 900n }, { tenantId: 'team', percents: [90] }, []],
  ])('%s', (_, one, rule, expected) => {
    expect(percentsOf([threshold(rule)], status(one))).toEqual(expected)
  })

  const identityOf = (one: Partial<WatchedLimit>, rule: Partial<ThresholdRule> = {}, now = NOW) =>
    limitAlerts([threshold({ percents: [50], ...rule })], [status({ used: 900n, ...one })], context({ now }))[0]
      ?.identity

  it('have one identity for each rule, owner, limit, split, window and percentage, whatever else changes', () => {
    const first = identityOf({})
    expect(first).toBeDefined()
    expect(identityOf({ used: 901n, held: 5n, amount: 990n }, {}, NOW + DAY)).toBe(first)
    const others = [
      identityOf({}, { id: 'rule2' }),
      identityOf({ ownerTenantId: 'other' }),
      identityOf({ limitId: 'own:cost/day' }),
      identityOf({ split: 'a' }),
      identityOf({ split: 'b' }),
      identityOf({ windowStart: MONTH_END, windowEnd: MONTH_END + DAY }),
      identityOf({}, { percents: [51] }),
      identityOf({ limitId: 'own:cost/month","' }),
    ]
    expect(new Set([first, ...others]).size).toBe(others.length + 1)
  })

  it('of the whole are raised once, by a refusal or by use', () => {
    const rule = threshold({ percents: [100] })
    const [refused] = limitAlerts([rule], [status({ used: 900n, refusedAt: NOW })], context())
    const [used] = limitAlerts([rule], [status({ used: 1_000n, refusedAt: NOW })], context())
    expect(refused?.identity).toBe(used?.identity)
    expect([refused?.facts, used?.facts]).toEqual([
      expect.objectContaining({ refuses: true, used: 900n }),
      expect.not.objectContaining({ refuses: true }),
    ])
  })

  it('of a limit for ever are raised once and never again', () => {
    const alert = limitAlerts([threshold()], [status({ used: 900n, windowStart: 0, windowEnd: null })], context())[0]
    expect(alert).toMatchObject({ windowStart: 0, windowEnd: null })
  })

  it.each([
    ['a minute', { windowStart: NOW, windowEnd: NOW + 60_000 }],
    ['calls at once', { limitKind: 'concurrency' as const, windowStart: null, windowEnd: null }],
  ])('of %s are raised once a UTC day', (_, one) => {
    const at = (now: number) => identityOf(one, {}, now)
    expect(at(NOW + 1)).toBe(at(NOW + DAY - 1))
    expect(at(NOW)).not.toBe(at(NOW + DAY))
  })

  it('leave out what is known to be raised', () => {
    const known = identityOf({})
    expect(percentsOf([threshold()], status({ used: 900n }), { fired: (identity) => identity === known })).toEqual([80])
  })
})

describe('forecasts', () => {
  it.each<[string, Partial<WatchedLimit>, Partial<ForecastRule>, number, number[]]>([
    ['half the month, half used', { used: 500n }, {}, NOW, [100]],
    ['half the month, a little less', { used: 499n }, {}, NOW, []],
    ['held is no pace', { used: 400n, held: 500n }, {}, NOW, []],
    ['too early to say', { used: 999n }, {}, MONTH_START + DAY, []],
    ['early enough when asked', { used: 34n }, { minimumElapsedPercent: 1 }, MONTH_START + DAY, [100]],
    ['the very start', { used: 999n }, { minimumElapsedPercent: 0 }, MONTH_START, []],
    ['a clock behind', { used: 999n }, { minimumElapsedPercent: 0 }, MONTH_START - 1, []],
    ['a clock beyond the end', { used: 1_000n }, {}, MONTH_END + DAY, [100]],
    ['no end', { used: 999n, windowStart: 0, windowEnd: null }, {}, NOW, []],
    ['no window', { used: 999n, windowStart: null, windowEnd: null }, {}, NOW, []],
    ['a minute is none to forecast', { used: 999n, windowStart: NOW - 30_000, windowEnd: NOW + 30_000 }, {}, NOW, []],
    ['other percentages', { used: 600n }, { percents: [110, 120, 121] }, NOW, [110, 120]],
  ])('%s', (_, one, rule, now, expected) => {
    expect(percentsOf([forecast(rule)], status(one), { now })).toEqual(expected)
  })

  it('say what they expect', () => {
    const [alert] = limitAlerts([forecast()], [status({ used: 700n })], context())
    expect(alert?.facts).toMatchObject({ kind: 'forecast', used: 700n, forecast: 1_400n, resetsAt: MONTH_END })
  })
})

describe('unpriced usage', () => {
  const rule = (tenantId: string | null): AlertRule => ({ ...base, id: 'prices', kind: 'unpriced', tenantId })
  const usage = [
    { tenantId: 'team', modelId: 'm', dayStart: NOW, calls: 1n },
    { tenantId: 'other', modelId: 'm', dayStart: NOW, calls: 2n },
    { tenantId: 'other', modelId: 'n', dayStart: NOW - DAY, calls: 4n },
    { tenantId: 'other', modelId: 'none', dayStart: NOW, calls: 0n },
  ]

  it('is one alert for each model and day, over all tenants of the rule', () => {
    const alerts = unpricedAlerts([rule(null), threshold()], usage, context())
    expect(alerts.map(({ facts, windowStart }) => [facts, windowStart])).toEqual([
      [{ kind: 'unpriced', modelId: 'm', calls: 3n }, NOW],
      [{ kind: 'unpriced', modelId: 'n', calls: 4n }, NOW - DAY],
    ])
    const [own] = unpricedAlerts([rule('team')], usage, context())
    expect(own).toMatchObject({ tenantId: 'team', facts: { modelId: 'm', calls: 1n } })
  })

  it('leaves out what is known to be raised', () => {
    const first = unpricedAlerts([rule(null)], usage, context())[0]?.identity
    expect(unpricedAlerts([rule(null)], usage, context({ fired: (identity) => identity === first }))).toHaveLength(1)
  })
})

describe('upstream errors', () => {
  const rule: AlertRule = {
    ...base,
    id: 'errors',
    kind: 'errors',
    percents: [5, 50],
    windowMinutes: 5,
    minimumCalls: 20,
  }
  const rate = (calls: number, errors: number) => [{ modelId: 'm', region: 'r', calls, errors }]

  it.each([
    ['none', 100, 0, []],
    ['too few calls to tell', 19, 19, []],
    ['below', 100, 4, []],
    ['reached', 20, 1, [5]],
    ['far beyond', 20, 20, [5, 50]],
  ])('%s', (_, calls, errors, expected) => {
    const alerts = errorAlerts([rule], () => rate(calls, errors), context())
    expect(alerts.map(({ facts }) => ('percent' in facts ? facts.percent : null))).toEqual(expected)
  })

  it('are asked for within the minutes of the rule, and raised once an hour', () => {
    const asked: number[] = []
    const at = (now: number) =>
      errorAlerts(
        [rule],
        (milliseconds) => {
          asked.push(milliseconds)
          return rate(20, 1)
        },
        context({ now }),
      )[0]?.identity
    expect(at(NOW + 1)).toBe(at(NOW + 3_599_999))
    expect(at(NOW)).not.toBe(at(NOW + 3_600_000))
    expect(new Set(asked)).toEqual(new Set([300_000]))
  })
})

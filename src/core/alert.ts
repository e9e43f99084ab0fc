// Alerts: which rules are reached by what is counted now, each named by an identity so that it is raised once and never again.

import type { LimitKind } from './limit.ts'

/** used: what was consumed · used_and_held: with what running calls could still cost, as a hard limit counts */
export const ALERT_COUNTINGS = ['used', 'used_and_held'] as const
export type AlertCounting = (typeof ALERT_COUNTINGS)[number]

type RuleBase = {
  readonly id: string
  /** the root of the part of the tenant tree that it watches; null: all */
  readonly tenantId: string | null
  readonly targetIds: readonly string[]
  readonly createdAt: string
}

/** Percentages have at most two decimals. */
type OfLimits = {
  readonly percents: readonly number[]
  /** null: limits of every kind */
  readonly limitKinds: readonly LimitKind[] | null
}

export type ThresholdRule = RuleBase & OfLimits & { readonly kind: 'threshold'; readonly counting: AlertCounting }
export type ForecastRule = RuleBase &
  OfLimits & {
    readonly kind: 'forecast'
    /** share of the window that must have passed: one call in the first minute of a month forecasts nothing */
    readonly minimumElapsedPercent: number
  }
export type UnpricedRule = RuleBase & { readonly kind: 'unpriced' }
export type ErrorRule = RuleBase & {
  readonly kind: 'errors'
  readonly percents: readonly number[]
  readonly windowMinutes: number
  readonly minimumCalls: number
}
export type AlertRule = ThresholdRule | ForecastRule | UnpricedRule | ErrorRule

/** One limit with what is counted for it now. */
export type WatchedLimit = {
  readonly ownerTenantId: string
  /** tells the limit from the owner's others, and stays the same when only its amount changes */
  readonly limitId: string
  /** which part of a limit that is split by a value; null: it is not */
  readonly split: string | null
  readonly limitKind: LimitKind
  readonly amount: bigint
  readonly used: bigint
  readonly held: bigint
  /** when it last refused a call that an untouched window would have taken; null: never that is known of */
  readonly refusedAt: number | null
  /** null: it is counted without windows, as calls at once and token buckets are */
  readonly windowStart: number | null
  /** null: it has no end */
  readonly windowEnd: number | null
}

/** Calls of one tenant to one model on one UTC day that have no cost. */
export type UnpricedUsage = {
  readonly tenantId: string
  readonly modelId: string
  readonly dayStart: number
  readonly calls: bigint
}

/** What came of the calls to a model in a region during the last minutes. */
export type ErrorRate = {
  readonly modelId: string
  readonly region: string
  readonly calls: number
  readonly errors: number
}

export type AlertFacts =
  | {
      readonly kind: 'threshold' | 'forecast'
      readonly limitId: string
      readonly split: string | null
      readonly limitKind: LimitKind
      readonly percent: number
      readonly amount: bigint
      readonly used: bigint
      readonly held: bigint
      /** calls are refused although the percentage itself is not reached: what is left takes none of them */
      readonly refuses?: true
      /** what will be used at the end of the window at the pace so far; null for a threshold */
      readonly forecast: bigint | null
      /** when the limit begins anew; null: never by itself */
      readonly resetsAt: number | null
    }
  | { readonly kind: 'unpriced'; readonly modelId: string; readonly calls: bigint }
  | {
      readonly kind: 'errors'
      readonly modelId: string
      readonly region: string
      readonly percent: number
      readonly windowMinutes: number
      readonly calls: number
      readonly errors: number
    }

export type Alert = {
  /** rule, scope, window and threshold as one text: whoever sees the same thing, now or later, makes the same text */
  readonly identity: string
  readonly ruleId: string
  /** whose it is; null: the whole installation's */
  readonly tenantId: string | null
  readonly raisedAt: number
  /** the window in which it is raised once; null: it never is again */
  readonly windowStart: number
  readonly windowEnd: number | null
  readonly facts: AlertFacts
}

export type AlertContext = {
  readonly now: number
  readonly isWithin: (tenantId: string, rootId: string) => boolean
  /** what is known to have been raised: left out. Need not be complete. */
  readonly fired: (identity: string) => boolean
}

const HOUR_MILLISECONDS = 3_600_000
const DAY_MILLISECONDS = 86_400_000

const dayOf = (at: number): number => at - (at % DAY_MILLISECONDS)

/** Thresholds and forecasts that are reached and not known to have been raised. */
export function limitAlerts(
  rules: readonly AlertRule[],
  statuses: Iterable<WatchedLimit>,
  context: AlertContext,
): readonly Alert[] {
  const alerts: Alert[] = []
  const watching = rules.filter((rule) => rule.kind === 'threshold' || rule.kind === 'forecast')
  for (const status of statuses) {
    // of nothing there are no parts: such a limit refuses from its first call on
    if (status.amount <= 0n) continue
    for (const rule of watching) {
      if (!watches(rule, status, context)) continue
      for (const percent of rule.percents) {
        const found = foundAt(percent, rule, status, context.now)
        const alert = found === null ? null : alertOf(rule, status, { percent, ...found }, context.now)
        if (alert !== null && !context.fired(alert.identity)) alerts.push(alert)
      }
    }
  }
  return alerts
}

type Found = { readonly forecast: bigint | null; readonly refuses: boolean }

/** Null: the percentage is not reached. */
function foundAt(percent: number, rule: ThresholdRule | ForecastRule, status: WatchedLimit, now: number): Found | null {
  if (rule.kind === 'forecast') {
    const forecast = forecastOf(rule, status, now)
    return forecast !== null && reaches(forecast, status.amount, percent) ? { forecast, refuses: false } : null
  }
  const isReached = reaches(countedFor(rule, status), status.amount, percent)
  return isReached || refusesAt(percent, status, now) ? { forecast: null, refuses: !isReached } : null
}

function watches(rule: ThresholdRule | ForecastRule, status: WatchedLimit, context: AlertContext): boolean {
  if (rule.limitKinds !== null && !rule.limitKinds.includes(status.limitKind)) return false
  return rule.tenantId === null || context.isWithin(status.ownerTenantId, rule.tenantId)
}

/** Calls at once are all held: nothing of them is ever used up. */
const countedFor = ({ counting }: ThresholdRule, { limitKind, used, held }: WatchedLimit): bigint =>
  counting === 'used_and_held' || limitKind === 'concurrency' ? used + held : used

/** At the pace so far; null: too early to say, or the limit's window is none to forecast. */
function forecastOf(rule: ForecastRule, status: WatchedLimit, now: number): bigint | null {
  const { windowStart, windowEnd, used } = status
  if (windowStart === null || windowEnd === null || windowEnd - windowStart < HOUR_MILLISECONDS) return null
  const elapsed = now - windowStart
  const length = windowEnd - windowStart
  if (elapsed <= 0 || elapsed * 100 < length * rule.minimumElapsedPercent) return null
  return elapsed >= length ? used : (used * BigInt(length)) / BigInt(elapsed)
}

const reaches = (value: bigint, amount: bigint, percent: number): boolean =>
  value * 10_000n >= amount * BigInt(Math.round(percent * 100))

/**
 * A hard limit refuses a call whose worst case does not fit, so a budget is seldom used to the last cent: all of it is gone when the
 * first call is refused.
 */
function refusesAt(percent: number, status: WatchedLimit, now: number): boolean {
  const { refusedAt } = status
  return percent === WHOLE_PERCENT && refusedAt !== null && refusedAt >= alertWindow(status, now).windowStart
}

const WHOLE_PERCENT = 100

function alertOf(
  rule: ThresholdRule | ForecastRule,
  status: WatchedLimit,
  found: Found & { readonly percent: number },
  now: number,
): Alert {
  const { ownerTenantId, limitId, split, limitKind, amount, used, held, windowEnd } = status
  const { percent, forecast, refuses } = found
  const window = alertWindow(status, now)
  return {
    identity: JSON.stringify([rule.id, rule.kind, ownerTenantId, limitId, split, window.windowStart, percent]),
    ruleId: rule.id,
    tenantId: ownerTenantId,
    raisedAt: now,
    ...window,
    facts: {
      kind: rule.kind,
      limitId,
      split,
      limitKind,
      percent,
      amount,
      used,
      held,
      ...(refuses ? { refuses } : {}),
      forecast,
      resetsAt: windowEnd,
    },
  }
}

/** Limits that come and go within an hour would alert all day long: they do so once a UTC day. */
function alertWindow({ windowStart, windowEnd }: WatchedLimit, now: number): Pick<Alert, 'windowStart' | 'windowEnd'> {
  if (windowStart === null) return dayWindow(dayOf(now))
  const isShort = windowEnd !== null && windowEnd - windowStart < HOUR_MILLISECONDS
  return isShort ? dayWindow(dayOf(now)) : { windowStart, windowEnd }
}

const dayWindow = (windowStart: number) => ({ windowStart, windowEnd: windowStart + DAY_MILLISECONDS })

/** One alert for each rule, model and day on which calls have no cost. */
export function unpricedAlerts(
  rules: readonly AlertRule[],
  usage: readonly UnpricedUsage[],
  context: AlertContext,
): readonly Alert[] {
  return rules.flatMap((rule) => {
    if (rule.kind !== 'unpriced') return []
    const { tenantId } = rule
    const sums = new Map<string, UnpricedUsage>()
    for (const one of usage) {
      if (one.calls <= 0n || (tenantId !== null && !context.isWithin(one.tenantId, tenantId))) continue
      const id = JSON.stringify([rule.id, rule.kind, one.modelId, one.dayStart])
      sums.set(id, { ...one, calls: one.calls + (sums.get(id)?.calls ?? 0n) })
    }
    return [...sums].flatMap(([identity, { modelId, dayStart, calls }]): Alert[] => {
      if (context.fired(identity)) return []
      const facts = { kind: 'unpriced', modelId, calls } as const
      return [{ identity, ruleId: rule.id, tenantId, raisedAt: context.now, ...dayWindow(dayStart), facts }]
    })
  })
}

/** One alert for each rule, model, region, threshold and UTC hour in which too many of the last calls failed upstream. */
export function errorAlerts(
  rules: readonly AlertRule[],
  ratesWithin: (milliseconds: number) => readonly ErrorRate[],
  context: AlertContext,
): readonly Alert[] {
  const windowStart = context.now - (context.now % HOUR_MILLISECONDS)
  const window = { windowStart, windowEnd: windowStart + HOUR_MILLISECONDS }
  return rules.flatMap((rule) => {
    if (rule.kind !== 'errors') return []
    const { windowMinutes } = rule
    return ratesWithin(windowMinutes * 60_000).flatMap(({ modelId, region, calls, errors }) => {
      if (calls < rule.minimumCalls || errors === 0) return []
      return rule.percents.flatMap((percent): Alert[] => {
        if (!reaches(BigInt(errors), BigInt(calls), percent)) return []
        const identity = JSON.stringify([rule.id, rule.kind, modelId, region, windowStart, percent])
        if (context.fired(identity)) return []
        const facts = { kind: 'errors', modelId, region, percent, windowMinutes, calls, errors } as const
        return [{ identity, ruleId: rule.id, tenantId: null, raisedAt: context.now, ...window, facts }]
      })
    })
  })
}

// The one decision about limits: given what is counted, may this call run, and if not, which limit says so and when does it end.

import { GatewayError } from './errors.ts'
import { displayUsd, formatPicoUsd, picoUsd, type PicoUsd } from './money.ts'
import type { Limit, LimitPeriod } from './limit.ts'
import { windowOf } from './window.ts'

export const LIMIT_SOURCES = ['key', 'tenant', 'plan'] as const
export type LimitSource = (typeof LIMIT_SOURCES)[number]

/** A limit as it applies to a call: whom it stands on. */
export type ScopedLimit = {
  readonly ownerTenantId: string
  /** the key that it stands on, or the first of those that this key replaced; null: it stands on the tenant */
  readonly ownerKeyId: string | null
  readonly source: LimitSource
  /** names its counter: source, owner and id of the limit */
  readonly counterId: string
  readonly limit: Limit
}

export function scopedLimit(
  limit: Limit,
  owner: { readonly source: LimitSource; readonly tenantId: string; readonly keyId?: string },
): ScopedLimit {
  const { source, tenantId, keyId = null } = owner
  const counterId = `${source}:${keyId ?? tenantId}:${limit.id}`
  return { ownerTenantId: tenantId, ownerKeyId: keyId, source, counterId, limit }
}

/** The worst case of one call. `cost` null: no price is known. */
export type Ask = { readonly tokens: number; readonly cost: PicoUsd | null }

export type PeriodOrEver = LimitPeriod | 'ever'

/** What one tenant's counters say now; `spent` is of the window that holds `now`. */
export type CounterReading = {
  spent(period: PeriodOrEver): { readonly requests: number; readonly tokens: number; readonly cost: bigint }
  readonly heldTokens: number
  readonly heldCost: bigint
  readonly concurrent: number
}

/** Level of a token bucket: how many units are in it now. */
export type BucketReading = (limit: ScopedLimit) => number

export type Verdict =
  | { readonly allow: true }
  | {
      readonly allow: false
      readonly by: ScopedLimit
      readonly used: bigint
      readonly held: bigint
      readonly asked: bigint
      readonly left: bigint
      /** milliseconds since the epoch when the same call could pass; null: not by waiting */
      readonly endsAt: number | null
    }

/** Asks every hard limit, in order; the first that does not fit refuses. */
export function decide(
  limits: readonly ScopedLimit[],
  counters: (tenantId: string) => CounterReading,
  buckets: BucketReading,
  ask: Ask,
  now: number,
): Verdict {
  for (const scoped of limits) {
    if (scoped.limit.mode !== 'hard') continue
    const verdict = askOne(scoped, counters(scoped.ownerTenantId), buckets, ask, now)
    if (!verdict.allow) return verdict
  }
  return { allow: true }
}

function askOne(scoped: ScopedLimit, counter: CounterReading, buckets: BucketReading, ask: Ask, now: number): Verdict {
  const { limit } = scoped
  const asked = askedOf(limit, ask)
  if (limit.burst !== null) {
    const level = BigInt(Math.floor(buckets(scoped)))
    if (level >= asked) return { allow: true }
    const millisecondsPerUnit = periodMilliseconds(limit.per) / Number(limit.amount)
    const possible = asked <= limit.burst
    const endsAt = possible ? now + Math.ceil(Number(asked - level) * millisecondsPerUnit) : null
    return { allow: false, by: scoped, used: limit.burst - level, held: 0n, asked, left: level, endsAt }
  }
  const { used, held } = usedOf(limit, counter)
  if (used + held + asked <= limit.amount) return { allow: true }
  const left = limit.amount - used - held
  const endsAt = limit.kind === 'concurrency' || limit.per === null ? null : windowEnd(limit.per, now)
  return { allow: false, by: scoped, used, held, asked, left: left > 0n ? left : 0n, endsAt }
}

function askedOf(limit: Limit, ask: Ask): bigint {
  if (limit.kind === 'tokens') return BigInt(ask.tokens)
  if (limit.kind === 'cost') return ask.cost ?? 0n
  return 1n
}

function usedOf(limit: Limit, counter: CounterReading): { used: bigint; held: bigint } {
  if (limit.kind === 'concurrency') return { used: 0n, held: BigInt(counter.concurrent) }
  const spent = counter.spent(limit.per ?? 'ever')
  if (limit.kind === 'requests') return { used: BigInt(spent.requests), held: 0n }
  if (limit.kind === 'tokens') return { used: BigInt(spent.tokens), held: BigInt(counter.heldTokens) }
  return { used: spent.cost, held: counter.heldCost }
}

const PERIOD_MILLISECONDS = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_592_000_000,
  quarter: 7_776_000_000,
  year: 31_536_000_000,
}

/** Length of a period for refill rates; a month counts as thirty days there, and only there. */
export const periodMilliseconds = (period: LimitPeriod | null): number => PERIOD_MILLISECONDS[period ?? 'month']

const utc = (period: PeriodOrEver) => ({
  per: period === 'ever' ? null : period,
  timeZone: 'UTC',
  fiscalStartMonth: 1,
})

/** Start of the UTC calendar window that holds `at`; weeks start on Monday (ISO 8601). */
export const windowStart = (period: PeriodOrEver, at: number): number => windowOf(utc(period), at).start

/** End (exclusive) of the UTC calendar window that holds `at`. */
export const windowEnd = (period: PeriodOrEver, at: number): number => windowOf(utc(period), at).end

type Refused = Extract<Verdict, { allow: false }>

/** The refusal in one sentence: which limit, of whom, how much is used, held and left, and when it ends. */
export function refusalOf(verdict: Refused, now: number): GatewayError {
  const { by, endsAt } = verdict
  const { limit } = by
  const isCost = limit.kind === 'cost'
  const show = (amount: bigint): string => (isCost ? `$${formatPicoUsd(picoUsd(amount))}` : amount.toString())
  const held = verdict.held > 0n ? `, ${show(verdict.held)} held by running calls` : ''
  const worst = isCost ? `; this call could cost up to $${displayUsd(picoUsd(verdict.asked), 6)}` : ''
  const message =
    `The ${isCost ? 'budget' : 'limit'} of ${show(limit.amount)}${UNITS[limit.kind]} ${periodWords(limit)} of tenant ` +
    `"${by.ownerTenantId}" is used up: ${show(verdict.used)} used${held}, ${show(verdict.left)} left${worst}; ` +
    `it ${endWords(limit, endsAt)}.`
  return new GatewayError(isCost ? 'budget_exceeded' : 'rate_limited', {
    message,
    retryAfterSeconds: secondsUntil(limit, endsAt, now),
    ...(isCost ? { spent: { per: limit.per, endsAt } } : {}),
  })
}

const UNITS = { requests: ' requests', tokens: ' tokens', concurrency: ' calls', cost: '' } as const

function periodWords(limit: Limit): string {
  if (limit.kind === 'concurrency') return 'at once'
  return limit.per === null ? 'in total' : `per ${limit.per}`
}

function endWords(limit: Limit, endsAt: number | null): string {
  if (limit.kind === 'concurrency') return 'ends when a call ends'
  return endsAt === null ? 'does not reset by itself' : `resets ${new Date(endsAt).toISOString()}`
}

function secondsUntil(limit: Limit, endsAt: number | null, now: number): number | null {
  if (endsAt !== null) return Math.max(1, Math.ceil((endsAt - now) / 1_000))
  return limit.kind === 'concurrency' ? 1 : null
}

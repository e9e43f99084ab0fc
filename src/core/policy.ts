// The one decision about limits: given what is counted, may this call run, and if not, which limit says so and when does it end.

import { GatewayError } from './errors.ts'
import type { Limit, LimitPeriod, ScopedLimit } from './limit.ts'
import { askedOf, type Consumption } from './limit-count.ts'
import { displayUsd, formatPicoUsd, picoUsd } from './money.ts'

/** What one limit says now to a call. */
export type LimitState = {
  readonly scoped: ScopedLimit
  /** the value of the metadata that is counted by itself; null: the limit is not split */
  readonly split: string | null
  /** what may be used in all: the limit's amount, with what was added to it; of a token bucket, its size */
  readonly amount: bigint
  readonly used: bigint
  readonly held: bigint
  /** when that much more may fit, in milliseconds since the epoch; null: not by waiting */
  endsAt(asked: bigint): number | null
}

export type Verdict =
  /** `shadowed`: what limits in shadow would have refused */
  { readonly allow: true; readonly shadowed: readonly LimitState[] } | Refusal

export type Refusal = {
  readonly allow: false
  readonly by: ScopedLimit
  readonly split: string | null
  readonly amount: bigint
  readonly used: bigint
  readonly held: bigint
  readonly asked: bigint
  readonly left: bigint
  readonly endsAt: number | null
}

/** Asks every limit, in order; the first hard one that the call does not fit in refuses. */
export function decide(states: readonly LimitState[], ask: Consumption): Verdict {
  let shadowed: LimitState[] | null = null
  for (const state of states) {
    const { limit } = state.scoped
    if (limit.mode === 'soft') continue
    const asked = askedOf(limit, ask)
    if (state.used + state.held + asked <= state.amount) continue
    if (limit.mode === 'hard') return refusal(state, asked)
    shadowed ??= []
    shadowed.push(state)
  }
  return shadowed === null ? ALLOWED : { allow: true, shadowed }
}

const ALLOWED: Verdict = { allow: true, shadowed: [] }

function refusal(state: LimitState, asked: bigint): Refusal {
  const { scoped, split, amount, used, held } = state
  const left = amount - used - held
  return {
    allow: false,
    by: scoped,
    split,
    amount,
    used,
    held,
    asked,
    left: left > 0n ? left : 0n,
    endsAt: state.endsAt(asked),
  }
}

const PERIOD_MILLISECONDS: Readonly<Record<LimitPeriod, number>> = {
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

/** The refusal in one sentence: which limit, of whom, how much is used, held and left, and when it ends. */
export function refusalOf(refused: Refusal, now: number): GatewayError {
  const { by, amount, asked } = refused
  const { limit } = by
  const isCost = limit.kind === 'cost'
  const show = (shown: bigint): string => (isCost ? `$${formatPicoUsd(picoUsd(shown))}` : shown.toString())
  const held = refused.held > 0n ? `, ${show(refused.held)} held by running calls` : ''
  const worst = isCost ? `; this call could cost up to $${displayUsd(picoUsd(asked), 6)}` : ''
  const message =
    `The ${isCost ? 'budget' : 'limit'} of ${show(amount)}${UNITS[limit.kind]} ${periodWords(limit)} of ${ownerWords(refused)} ` +
    `${asked > amount ? `is too small for this call of ${show(asked)}` : 'is used up'}: ${show(refused.used)} used${held}, ` +
    `${show(refused.left)} left${worst}; it ${endWords(refused, now)}.`
  return new GatewayError(isCost ? 'budget_exceeded' : 'rate_limited', {
    message,
    retryAfterSeconds: secondsUntil(refused, now),
    ...(isCost ? { spent: { per: limit.per, endsAt: refused.endsAt } } : {}),
  })
}

const UNITS = { requests: ' requests', tokens: ' tokens', concurrency: ' calls', cost: '' } as const

function periodWords(limit: Limit): string {
  if (limit.kind === 'concurrency') return 'at once'
  return limit.per === null ? 'in total' : `per ${limit.per}`
}

function ownerWords({ by, split }: Refusal): string {
  const { limit } = by
  const owner = whose(by)
  return split === null ? owner : `${owner} for ${limit.splitBy} "${split.slice(0, 64)}"`
}

function whose({ ownerRouter, ownerKeyId, ownerTenantId }: ScopedLimit): string {
  if (ownerRouter !== undefined) return `the router "${ownerRouter}"`
  return ownerKeyId === null ? `tenant "${ownerTenantId}"` : `the key "${ownerKeyId}" of tenant "${ownerTenantId}"`
}

function endWords({ by, endsAt }: Refusal, now: number): string {
  if (by.limit.kind === 'concurrency') return 'ends when a call ends'
  if (endsAt === null) return 'does not reset by itself'
  const zone = by.limit.timeZone === 'UTC' ? '' : ` (midnight in ${by.limit.timeZone})`
  return `resets ${new Date(endsAt).toISOString()}${zone}, in ${durationWords(endsAt - now)}`
}

const UNIT_SECONDS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const

/** "3 d 4 h", "12 min", "45 s": the two largest units, rounded up to a whole second. */
export function durationWords(milliseconds: number): string {
  let seconds = Math.max(1, Math.ceil(milliseconds / 1_000))
  const parts: string[] = []
  for (const [unit, length] of UNIT_SECONDS) {
    const count = Math.floor(seconds / length)
    seconds -= count * length
    if (count > 0) parts.push(`${count} ${unit}`)
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break
  }
  return parts.join(' ')
}

/** Null: waiting does not help. */
function secondsUntil({ by, endsAt, asked, amount }: Refusal, now: number): number | null {
  if (asked > amount) return null
  if (endsAt !== null) return Math.max(1, Math.ceil((endsAt - now) / 1_000))
  return by.limit.kind === 'concurrency' ? 1 : null
}

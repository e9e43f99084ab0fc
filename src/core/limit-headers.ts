// What an answer says of what is left: of each kind the tightest hard limit of its call, and when the first of them begins anew.

import type { LimitKind, ScopedLimit } from './limit.ts'
import { formatPicoUsd, picoUsd } from './money.ts'
import type { LimitStatus } from './reservation.ts'

const REMAINING: Partial<Record<LimitKind, string>> = {
  requests: 'x-weighbridge-remaining-requests',
  tokens: 'x-weighbridge-remaining-tokens',
  cost: 'x-weighbridge-remaining-budget-usd',
}
const RESET = 'x-weighbridge-reset'

/** In whose words an answer says what is left of rate limits and quotas. */
export type LimitDialect = 'openai' | 'anthropic'

type Words = { readonly limit: string; readonly remaining: string; readonly reset: string }

const openai = (what: string): Words => ({
  limit: `x-ratelimit-limit-${what}`,
  remaining: `x-ratelimit-remaining-${what}`,
  reset: `x-ratelimit-reset-${what}`,
})
const anthropic = (what: string): Words => ({
  limit: `anthropic-ratelimit-${what}-limit`,
  remaining: `anthropic-ratelimit-${what}-remaining`,
  reset: `anthropic-ratelimit-${what}-reset`,
})

/** By what a limit counts; OpenAI has one word for all tokens (OpenAI's page "Rate limits", Anthropic's page "Rate limits", 2026-11). */
const DIALECTS: Readonly<Record<LimitDialect, Readonly<Record<string, Words>>>> = {
  openai: {
    requests: openai('requests'),
    'tokens both': openai('tokens'),
    'tokens input': openai('tokens'),
    'tokens output': openai('tokens'),
  },
  anthropic: {
    requests: anthropic('requests'),
    'tokens both': anthropic('tokens'),
    'tokens input': anthropic('input-tokens'),
    'tokens output': anthropic('output-tokens'),
  },
}

const DIALECT_NAMES = Object.values(DIALECTS).flatMap((words) =>
  Object.values(words).flatMap(({ limit, remaining, reset }) => [limit, remaining, reset]),
)

export const LIMIT_HEADERS: readonly string[] = [...new Set([...Object.values(REMAINING), RESET, ...DIALECT_NAMES])]

/** A hard limit of requests or tokens is among them: only then an answer has anything to say of limits in its dialect. */
export const hasRateLimits = (limits: readonly ScopedLimit[]): boolean =>
  limits.some(({ limit: { mode, kind } }) => mode === 'hard' && (kind === 'requests' || kind === 'tokens'))

/** Flat. Of each kind the hard limit of which the least is left, as clients of the dialect look for it. */
export function dialectLimitHeaders(dialect: LimitDialect, statuses: readonly LimitStatus[], now: number): string[] {
  const tightest = new Map<Words['limit'], { readonly words: Words; readonly status: LimitStatus }>()
  for (const status of statuses) {
    const { limit } = status.scoped
    const words = DIALECTS[dialect][limit.kind === 'tokens' ? `tokens ${limit.counts}` : limit.kind]
    if (words === undefined || limit.mode !== 'hard') continue
    const known = tightest.get(words.limit)
    if (known === undefined || isTighter(status, known.status)) tightest.set(words.limit, { words, status })
  }
  return [...tightest.values()].flatMap(({ words, status }) => {
    const { amount, windowEnd } = status
    const reset = windowEnd === null ? [] : [words.reset, resetIn(dialect, windowEnd, now)]
    return [words.limit, amount.toString(), words.remaining, leftOf(status).toString(), ...reset]
  })
}

const isTighter = (one: LimitStatus, other: LimitStatus): boolean => leftOf(one) < leftOf(other)

/** OpenAI says how long, as "1m30s"; Anthropic says when. */
function resetIn(dialect: LimitDialect, at: number, now: number): string {
  if (dialect === 'anthropic') return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
  const seconds = Math.max(0, Math.ceil((at - now) / 1_000))
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)]
  const parts = [hours > 0 ? `${hours}h` : '', hours > 0 || minutes > 0 ? `${minutes}m` : '', `${seconds % 60}s`]
  return parts.join('')
}

/** Flat: name, value, name, value. What running calls hold, this one among them, is not left. Seconds until the reset. */
export function limitHeaders(statuses: readonly LimitStatus[], now: number): string[] {
  const headers: string[] = []
  let reset: number | null = null
  for (const [kind, name] of Object.entries(REMAINING)) {
    const tightest = statuses
      .filter(({ scoped: { limit } }) => limit.mode === 'hard' && limit.kind === kind)
      .reduce<LimitStatus | null>((found, one) => (found === null || leftOf(one) < leftOf(found) ? one : found), null)
    if (tightest === null) continue
    const left = leftOf(tightest)
    headers.push(name, kind === 'cost' ? formatPicoUsd(picoUsd(left)) : left.toString())
    const { windowEnd } = tightest
    if (windowEnd !== null && (reset === null || windowEnd < reset)) reset = windowEnd
  }
  if (reset !== null) headers.push(RESET, String(Math.max(0, Math.ceil((reset - now) / 1_000))))
  return headers
}

function leftOf({ amount, used, held }: LimitStatus): bigint {
  const left = amount - used - held
  return left < 0n ? 0n : left
}

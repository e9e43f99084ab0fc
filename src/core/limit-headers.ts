// What an answer says of what is left: of each kind the tightest hard limit of its call, and when the first of them begins anew.

import type { LimitKind } from './limit.ts'
import { formatPicoUsd, picoUsd } from './money.ts'
import type { LimitStatus } from './reservation.ts'

const REMAINING: Partial<Record<LimitKind, string>> = {
  requests: 'x-weighbridge-remaining-requests',
  tokens: 'x-weighbridge-remaining-tokens',
  cost: 'x-weighbridge-remaining-budget-usd',
}
const RESET = 'x-weighbridge-reset'

export const LIMIT_HEADERS: readonly string[] = [...Object.values(REMAINING), RESET]

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

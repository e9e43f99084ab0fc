// When a refused attempt may be tried again, and after how long; and what the client hears when it is not.

import { GatewayError } from '../core/errors.ts'
import type { UpstreamFailure } from '../core/upstream.ts'

const RETRYABLE = new Set([429, 500, 502, 503, 504])
const BASE_MILLISECONDS = 100
const LONGEST_MILLISECONDS = 20_000

/** Throttling and server errors: Bedrock bills nothing for them. */
export const isRetryableStatus = (status: number): boolean => RETRYABLE.has(status)

/** Full jitter between half and whole of a doubling delay; never earlier than a retry-after of whole seconds asks for. */
export function retryDelayMilliseconds(attempt: number, retryAfter: string | null, random: () => number): number {
  const doubling = Math.min(LONGEST_MILLISECONDS, BASE_MILLISECONDS * 2 ** (attempt - 1))
  const jittered = doubling * (0.5 + random() / 2)
  const asked = retryAfter !== null && /^\d{1,4}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : 0
  return Math.max(jittered, asked)
}

/** The upstream's refusal was not kept, because it was to be retried. */
export function errorOfRefusal(status: number, retryAfter: string | null): GatewayError {
  const seconds = Number(retryAfter ?? Number.NaN)
  const retryAfterSeconds = Number.isFinite(seconds) ? Math.ceil(seconds) : null
  return status === 429
    ? new GatewayError('rate_limited', { message: 'Bedrock throttled the call.', retryAfterSeconds })
    : new GatewayError('upstream_unreachable', { retryAfterSeconds })
}

const OUTGROWN = 'The answer grew beyond what its budget held for it, and was ended.'

/** `stopped`: by the gateway, `cut`: because its budget held no more */
export function errorOfFailure(
  { kind }: UpstreamFailure,
  { stopped, cut }: { readonly stopped: boolean; readonly cut: boolean },
): GatewayError {
  if (stopped) return new GatewayError('upstream_timeout', { message: 'The call ran longer than the gateway allows.' })
  if (cut) return new GatewayError('budget_exceeded', { message: OUTGROWN })
  if (kind === 'unreachable') return new GatewayError('upstream_unreachable', { retryAfterSeconds: 1 })
  if (kind === 'credentials') return new GatewayError('upstream_credentials')
  return new GatewayError(kind === 'timeout' ? 'upstream_timeout' : 'upstream_failed')
}

// The error catalogue: every way in which the gateway refuses or fails, with the words a caller may read.

export const ERRORS = {
  missing_credential: { status: 403, retryable: false, message: 'The request carries no credential.' },
  invalid_credential: { status: 403, retryable: false, message: 'The credential is not valid.' },
  invalid_signature: { status: 403, retryable: false, message: 'The request signature does not match.' },
  model_not_allowed: { status: 403, retryable: false, message: 'This tenant may not call that model.' },
  tenant_disabled: { status: 403, retryable: false, message: 'This tenant is disabled.' },
  may_not_act_for: { status: 403, retryable: false, message: 'This key may not act for that tenant.' },
  origin_not_allowed: { status: 403, retryable: false, message: 'Pages of this origin may not call the gateway.' },
  unknown_model: { status: 404, retryable: false, message: 'There is no such model.' },
  unknown_answer: { status: 404, retryable: false, message: 'There is no such answer.' },
  unknown_route: { status: 404, retryable: false, message: 'There is no such operation.' },
  rate_limited: { status: 429, retryable: true, message: 'A rate limit or quota is used up.' },
  budget_exceeded: { status: 400, retryable: false, message: 'The budget is used up.' },
  price_unknown: {
    status: 400,
    retryable: false,
    message: 'The model has no price and this plan refuses unpriced calls.',
  },
  invalid_request: { status: 400, retryable: false, message: 'The request is not valid.' },
  body_too_large: { status: 413, retryable: false, message: 'The request body is too large.' },
  unsupported_encoding: { status: 415, retryable: false, message: 'Compressed request bodies are not accepted.' },
  request_timeout: { status: 408, retryable: true, message: 'The request took too long to arrive.' },
  not_supported: { status: 501, retryable: false, message: 'The gateway does not support this operation.' },
  ledger_unavailable: { status: 503, retryable: true, message: 'The ledger cannot take entries; no call was made.' },
  overloaded: { status: 503, retryable: true, message: 'The gateway is overloaded; try again shortly.' },
  draining: { status: 503, retryable: true, message: 'The gateway is shutting down; try again.' },
  upstream_unreachable: { status: 503, retryable: true, message: 'The upstream could not be reached.' },
  upstream_timeout: { status: 504, retryable: true, message: 'The upstream did not answer in time.' },
  upstream_failed: { status: 502, retryable: true, message: 'The upstream failed before it had answered completely.' },
  upstream_credentials: {
    status: 503,
    retryable: true,
    message: 'The gateway has no valid credentials for the upstream.',
  },
  internal: { status: 500, retryable: false, message: 'The gateway failed. Quote the request id.' },
} as const satisfies Record<string, { status: number; retryable: boolean; message: string }>

export type ErrorCode = keyof typeof ERRORS

export type SpentBudget = { readonly per: string | null; readonly endsAt: number | null }

type GatewayErrorOptions = {
  readonly message?: string
  readonly detail?: string | null
  readonly retryAfterSeconds?: number | null
  readonly spent?: SpentBudget
  readonly cause?: unknown
}

/** A refusal or failure with words for the caller; `detail` is for the log only. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly detail: string | null
  /** whole seconds after which a retry can succeed; null when unknown */
  readonly retryAfterSeconds: number | null
  /** of the budget that is used up: its period (null: it has none) and when the next one begins; null: it is not about a budget */
  readonly spent: SpentBudget | null

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    super(options.message ?? ERRORS[code].message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.detail = options.detail ?? null
    this.retryAfterSeconds = options.retryAfterSeconds ?? null
    this.spent = options.spent ?? null
  }
}

/** The one door from anything thrown to what a caller may read: unknown failures become `internal`, their detail stays inside. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return new GatewayError('internal', { detail, cause: thrown })
}

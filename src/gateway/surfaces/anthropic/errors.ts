// Refusals and failures as Anthropic's clients know them, whole and in the middle of a stream; Bedrock's own words are kept.

import { ERRORS, type ErrorCode, type GatewayError, type SpentBudget } from '../../../core/errors.ts'
import { sseEvent } from '../../../http/sse.ts'
import type { RenderedAnswer } from '../surface.ts'

/** The types of Anthropic's page "Errors" and the statuses that belong to them (read 2026-11). */
const STATUSES = {
  invalid_request_error: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  billing_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
} as const satisfies Record<string, number>

type ErrorType = keyof typeof STATUSES

const TYPES: Record<ErrorCode, ErrorType> = {
  missing_credential: 'authentication_error',
  invalid_credential: 'authentication_error',
  invalid_signature: 'authentication_error',
  model_not_allowed: 'permission_error',
  tenant_disabled: 'permission_error',
  may_not_act_for: 'permission_error',
  origin_not_allowed: 'permission_error',
  unknown_model: 'not_found_error',
  unknown_answer: 'not_found_error',
  unknown_route: 'not_found_error',
  rate_limited: 'rate_limit_error',
  budget_exceeded: 'billing_error',
  price_unknown: 'invalid_request_error',
  invalid_request: 'invalid_request_error',
  body_too_large: 'request_too_large',
  unsupported_encoding: 'invalid_request_error',
  request_timeout: 'timeout_error',
  not_supported: 'invalid_request_error',
  ledger_unavailable: 'overloaded_error',
  overloaded: 'overloaded_error',
  draining: 'overloaded_error',
  upstream_unreachable: 'overloaded_error',
  upstream_timeout: 'timeout_error',
  upstream_failed: 'api_error',
  upstream_credentials: 'overloaded_error',
  internal: 'api_error',
}

export function renderAnthropicError(error: GatewayError, requestId: string): RenderedAnswer {
  const type = TYPES[error.code]
  const headers: string[] = []
  if (error.retryAfterSeconds !== null) headers.push('retry-after', String(error.retryAfterSeconds))
  // Anthropic's clients try every 429 again unless they are told not to, and sleep for as long as they are told, if it be till midnight.
  const waitsLong = (error.retryAfterSeconds ?? 0) > LONGEST_WAIT_SECONDS
  if (waitsLong || !ERRORS[error.code].retryable) headers.push('x-should-retry', 'false')
  const words = error.spent === null ? error.message : `${spendWords(error.spent)}: ${error.message}`
  return answerOf(type, words, requestId, headers)
}

/** A client that waits longer looks as if it hung; its other clients give up there by themselves. */
const LONGEST_WAIT_SECONDS = 60

const PERIODS: Readonly<Record<string, string>> = { hour: 'hourly', day: 'daily', week: 'weekly', month: 'monthly' }

/** How Claude Code knows a spent budget from other refusals, and what it tells of it (contract of its own gateway, 2026-08). */
function spendWords({ per, endsAt }: SpentBudget): string {
  const period = per === null ? 'total' : (PERIODS[per] ?? `per ${per}`)
  if (endsAt === null) return `spend limit reached (${period}; does not reset by itself)`
  const at = new Date(endsAt).toISOString()
  return `spend limit reached (${period}; resets ${at.slice(0, 10)} ${at.slice(11, 16)} UTC)`
}

export const renderAnthropicStreamError = (error: GatewayError): Buffer => errorEvent(TYPES[error.code], error.message)

/** What Bedrock refused a call with; its exception's name is not here, so the status alone tells the type. */
const TYPES_BY_STATUS: Readonly<Record<number, ErrorType>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

/** The model itself has failed: Bedrock's own clients do not try that again, and Anthropic's would. */
const MODEL_FAILED = 424

export function renderBedrockRefusal(status: number, words: string, requestId: string): RenderedAnswer {
  const headers = status === MODEL_FAILED ? ['x-should-retry', 'false'] : []
  return answerOf(TYPES_BY_STATUS[status] ?? 'api_error', words, requestId, headers)
}

const TYPES_BY_EXCEPTION: Readonly<Record<string, ErrorType>> = {
  throttlingException: 'rate_limit_error',
  validationException: 'invalid_request_error',
  serviceUnavailableException: 'overloaded_error',
  modelTimeoutException: 'timeout_error',
}

/** An exception that Bedrock ended a stream with. */
export const bedrockExceptionEvent = (exception: string, words: string): Buffer =>
  errorEvent(TYPES_BY_EXCEPTION[exception] ?? 'api_error', words)

function answerOf(type: ErrorType, message: string, requestId: string, headers: readonly string[]): RenderedAnswer {
  return {
    status: STATUSES[type],
    headers: ['content-type', 'application/json', 'request-id', requestId, ...headers],
    body: Buffer.from(JSON.stringify({ type: 'error', error: { type, message }, request_id: requestId })),
  }
}

const errorEvent = (type: ErrorType, message: string): Buffer =>
  Buffer.from(sseEvent('error', { type: 'error', error: { type, message } }))

// Refusals and failures as OpenAI's clients know them, whole and in the middle of a stream; Bedrock's own words are kept.

import { ERRORS, type ErrorCode, type GatewayError } from '../../../core/errors.ts'
import { sseEvent } from '../../../http/sse.ts'
import { refusalWords } from '../converse/call.ts'
import { InvalidField } from '../converse/fields.ts'
import type { RenderedAnswer } from '../surface.ts'

type Named = { readonly status?: number; readonly type: string; readonly code: string | null }

const INVALID = 'invalid_request_error'
const SERVER: Named = { type: 'server_error', code: null }
const KEY: Named = { status: 401, type: INVALID, code: 'invalid_api_key' }
const REJECTED: Named = { type: INVALID, code: null }

/** Types and codes of OpenAI's page "Error codes" (read 2026-11), with the gateway's own where OpenAI has none. */
const NAMES: Record<ErrorCode, Named> = {
  missing_credential: KEY,
  invalid_credential: KEY,
  invalid_signature: KEY,
  model_not_allowed: { type: INVALID, code: 'model_not_allowed' },
  tenant_disabled: { type: INVALID, code: 'tenant_disabled' },
  may_not_act_for: { type: INVALID, code: 'may_not_act_for' },
  origin_not_allowed: { type: INVALID, code: 'origin_not_allowed' },
  unknown_model: { type: INVALID, code: 'model_not_found' },
  unknown_answer: { type: INVALID, code: 'not_found' },
  unknown_route: { type: INVALID, code: 'unknown_url' },
  rate_limited: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  budget_exceeded: { status: 429, type: 'insufficient_quota', code: 'insufficient_quota' },
  price_unknown: { type: INVALID, code: 'price_unknown' },
  invalid_request: REJECTED,
  body_too_large: REJECTED,
  unsupported_encoding: REJECTED,
  request_timeout: { type: 'timeout_error', code: null },
  not_supported: { type: INVALID, code: 'not_supported' },
  ledger_unavailable: SERVER,
  overloaded: SERVER,
  draining: SERVER,
  upstream_unreachable: SERVER,
  upstream_timeout: SERVER,
  upstream_failed: SERVER,
  upstream_credentials: SERVER,
  internal: SERVER,
}

export function renderOpenaiError(error: GatewayError, requestId: string): RenderedAnswer {
  const { retryable, status } = ERRORS[error.code]
  const headers = [...JSON_HEADERS, 'x-request-id', requestId]
  if (error.retryAfterSeconds !== null) headers.push('retry-after', String(error.retryAfterSeconds))
  // OpenAI's clients try every 429 and 5xx again unless they are told not to
  if (!retryable) headers.push('x-should-retry', 'false')
  return { status: NAMES[error.code].status ?? status, headers, body: Buffer.from(JSON.stringify(bodyOf(error))) }
}

export const renderOpenaiStreamError = (error: GatewayError): Buffer => Buffer.from(sseEvent(null, bodyOf(error)))

export const JSON_HEADERS: readonly string[] = ['content-type', 'application/json', 'cache-control', 'no-store']

export type ErrorBody = {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
}

const bodyOf = (error: GatewayError): { readonly error: ErrorBody } => ({ error: namedError(error) })

export function namedError(error: GatewayError): ErrorBody {
  const { type, code } = NAMES[error.code]
  return { message: error.message, type, param: error instanceof InvalidField ? error.field : null, code }
}

/**
 * Responses have an event for it, which OpenAI describes with its members beside each other and sends with them in an object: clients
 * look in either place.
 */
export const failureEvent = (error: ErrorBody, sequence: number): string => {
  const { message, code, param } = error
  return sseEvent('error', { type: 'error', sequence_number: sequence, code, message, param, error })
}

/** By the status of Bedrock's refusal: the name of its exception says no more. */
const REFUSALS: Readonly<Record<number, Named>> = {
  400: REJECTED,
  403: { type: INVALID, code: 'model_not_allowed' },
  404: { type: INVALID, code: 'model_not_found' },
  429: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
}

export function renderBedrockRefusal(status: number, body: Buffer): RenderedAnswer {
  const { type, code } = REFUSALS[status] ?? SERVER
  const error = { message: refusalWords(body), type, param: null, code }
  return jsonAnswer(status, { error })
}

export const jsonAnswer = (status: number, value: unknown): RenderedAnswer => ({
  status,
  headers: JSON_HEADERS,
  body: Buffer.from(JSON.stringify(value)),
})

const EXCEPTIONS: Readonly<Record<string, Named>> = {
  throttlingException: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  validationException: REJECTED,
}

/** An exception of Bedrock inside a running stream. */
export const exceptionEvent = (exception: string, message: string): string =>
  sseEvent(null, { error: namedException(exception, message) })

export function namedException(exception: string, message: string): ErrorBody {
  const { type, code } = (Object.hasOwn(EXCEPTIONS, exception) ? EXCEPTIONS[exception] : undefined) ?? SERVER
  return { message, type, param: null, code }
}

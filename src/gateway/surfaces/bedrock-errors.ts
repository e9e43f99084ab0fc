// Refusals as Bedrock's own clients know them: the error type in a header, one sentence in the body.

import { ERRORS, type ErrorCode, type GatewayError } from '../../core/errors.ts'
import { encodeEventStreamMessage } from '../../http/event-stream.ts'
import type { RenderedAnswer } from './surface.ts'

/**
 * Error names that every AWS SDK has as a type. A spent budget is ServiceQuotaExceededException with status 400, because the SDKs try
 * a 429 three times and this one once (probed with the AWS SDK for JavaScript 3.1162, 2026-11-20).
 */
export const BEDROCK_NAMES: ErrorNames = {
  missing_credential: { name: 'UnrecognizedClientException' },
  invalid_credential: { name: 'UnrecognizedClientException' },
  invalid_signature: { name: 'InvalidSignatureException' },
  model_not_allowed: { name: 'AccessDeniedException' },
  tenant_disabled: { name: 'AccessDeniedException' },
  may_not_act_for: { name: 'AccessDeniedException' },
  origin_not_allowed: { name: 'AccessDeniedException' },
  unknown_model: { name: 'ResourceNotFoundException' },
  unknown_answer: { name: 'ResourceNotFoundException' },
  unknown_route: { name: 'ResourceNotFoundException' },
  rate_limited: { name: 'ThrottlingException' },
  budget_exceeded: { name: 'ServiceQuotaExceededException' },
  price_unknown: { name: 'ValidationException' },
  invalid_request: { name: 'ValidationException' },
  body_too_large: { name: 'ValidationException', status: 413 },
  unsupported_encoding: { name: 'ValidationException', status: 415 },
  request_timeout: { name: 'ModelTimeoutException' },
  not_supported: { name: 'ValidationException', status: 501 },
  ledger_unavailable: { name: 'ServiceUnavailableException' },
  overloaded: { name: 'ServiceUnavailableException' },
  draining: { name: 'ServiceUnavailableException' },
  upstream_unreachable: { name: 'ServiceUnavailableException' },
  upstream_timeout: { name: 'ServiceUnavailableException', status: 504 },
  upstream_failed: { name: 'InternalServerException', status: 502 },
  upstream_credentials: { name: 'ServiceUnavailableException' },
  internal: { name: 'InternalServerException' },
}

export type ErrorNames = Readonly<Record<ErrorCode, { readonly name: string; readonly status?: number }>>

export const renderBedrockError = (error: GatewayError, requestId: string): RenderedAnswer =>
  renderAwsError(error, requestId, { names: BEDROCK_NAMES, member: 'message' })

/** `member`: how the service model spells the one that holds the sentence. */
export function renderAwsError(
  error: GatewayError,
  requestId: string,
  { names, member }: { readonly names: ErrorNames; readonly member: 'message' | 'Message' },
): RenderedAnswer {
  const { name, status } = names[error.code]
  const headers = ['content-type', 'application/json', 'x-amzn-errortype', name, 'x-amzn-requestid', requestId]
  if (error.retryAfterSeconds !== null) headers.push('retry-after', String(error.retryAfterSeconds))
  return {
    status: status ?? ERRORS[error.code].status,
    headers,
    body: Buffer.from(JSON.stringify({ [member]: error.message })),
  }
}

/** An exception frame. Only exceptions that the stream's model names keep their message in the SDKs. */
export function renderBedrockStreamError(error: GatewayError): Buffer {
  const type = STREAM_EXCEPTIONS[error.code] ?? 'internalServerException'
  const payload = Buffer.from(JSON.stringify({ message: error.message }))
  return encodeEventStreamMessage(
    { ':message-type': 'exception', ':exception-type': type, ':content-type': 'application/json' },
    payload,
  )
}

const STREAM_EXCEPTIONS: Partial<Record<ErrorCode, string>> = {
  upstream_failed: 'modelStreamErrorException',
  upstream_timeout: 'serviceUnavailableException',
  upstream_unreachable: 'serviceUnavailableException',
  ledger_unavailable: 'serviceUnavailableException',
  overloaded: 'serviceUnavailableException',
  draining: 'serviceUnavailableException',
  rate_limited: 'throttlingException',
  invalid_request: 'validationException',
  // the one among them that no client tries again
  budget_exceeded: 'validationException',
}

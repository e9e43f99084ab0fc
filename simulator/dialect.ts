// The three dialects of bedrock-runtime's one host: which path speaks which, and how each says a refusal and a failure in a stream.
import { API_ERRORS, type ApiError, type ApiErrorName } from './errors.ts'
import { errorEvent, exceptionEvent } from './event-stream-writer.ts'
import type { JsonObject } from './family.ts'

export type Dialect = 'aws' | 'openai' | 'anthropic'

/** OpenAI's and Anthropic's own paths stand under their names (AWS user guide, "Endpoints supported by Bedrock", October 2026). */
export function dialectOf(target: string): Dialect {
  if (target.startsWith('/openai/')) return 'openai'
  return target.startsWith('/anthropic/') ? 'anthropic' : 'aws'
}

export type Refusal = { status: number; headers: Record<string, string>; body: JsonObject }

export function refusalOf(error: ApiError, target: string, requestId: string): Refusal {
  switch (dialectOf(target)) {
    case 'openai':
      return openaiRefusal(error, requestId)
    case 'anthropic':
      return anthropicRefusal(error, requestId)
    case 'aws':
      return awsRefusal(error, target, requestId)
  }
}

/** One event that ends a stream: a modelled exception by its name, or (null) an error without one. */
export function failureIn(dialect: Dialect, exceptionType: string | null, message: string): Buffer {
  if (dialect === 'aws') {
    return exceptionType === null
      ? errorEvent('InternalFailure', message)
      : exceptionEvent(exceptionType, JSON.stringify({ message }))
  }
  const name = errorNameOf(exceptionType ?? 'internalServerException')
  if (dialect === 'openai') return Buffer.from(`data: ${JSON.stringify({ error: openaiError(name, message) })}\n\n`)
  const error = { type: ANTHROPIC[name]?.type ?? 'api_error', message }
  return Buffer.from(`event: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`)
}

/** A member name of a stream's union, throttlingException, as the error's own name. */
function errorNameOf(member: string): ApiErrorName {
  const name = `${member.slice(0, 1).toUpperCase()}${member.slice(1)}`
  return Object.hasOwn(API_ERRORS, name) ? (name as ApiErrorName) : 'InternalServerException'
}

function awsRefusal(error: ApiError, target: string, requestId: string): Refusal {
  // SageMaker's service model spells the member with a capital letter.
  const name = target.startsWith('/endpoints/') ? 'Message' : 'message'
  return {
    status: error.status,
    headers: {
      'x-amzn-errortype': `${error.errorType}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
      'x-amzn-requestid': requestId,
    },
    body: { [name]: error.message, ...error.members },
  }
}

type Words = { status: number; type: string; code: string }

/** Where OpenAI's clients expect something else than the status of AWS's error and `validation_error`. */
const OPENAI: Partial<Record<ApiErrorName, Words>> = {
  AccessDeniedException: { status: 403, type: 'permission_error', code: 'access_denied' },
  IncompleteSignatureException: { status: 401, type: 'invalid_request_error', code: 'invalid_api_key' },
  InvalidSignatureException: { status: 401, type: 'invalid_request_error', code: 'invalid_api_key' },
  MissingAuthenticationTokenException: { status: 401, type: 'invalid_request_error', code: 'invalid_api_key' },
  UnrecognizedClientException: { status: 401, type: 'invalid_request_error', code: 'invalid_api_key' },
  ResourceNotFoundException: { status: 404, type: 'invalid_request_error', code: 'not_found' },
  UnknownOperationException: { status: 404, type: 'invalid_request_error', code: 'unknown_url' },
  ThrottlingException: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  ModelNotReadyException: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
}

function openaiError(name: ApiErrorName, message: string): JsonObject {
  // what the model itself failed at has a status of its own below 500
  const failed = API_ERRORS[name] >= 424
  const { type, code } = OPENAI[name] ?? {
    type: failed ? 'server_error' : 'invalid_request_error',
    code: failed ? 'server_error' : 'validation_error',
  }
  return { code, message, param: null, type }
}

function openaiRefusal(error: ApiError, requestId: string): Refusal {
  return {
    status: OPENAI[error.errorType]?.status ?? error.status,
    headers: { 'x-request-id': requestId, 'x-amzn-requestid': requestId },
    body: { error: openaiError(error.errorType, error.message) },
  }
}

/** Anthropic's own types of error and their statuses (Anthropic's page "Errors", October 2026). */
const ANTHROPIC: Partial<Record<ApiErrorName, { status: number; type: string }>> = {
  ValidationException: { status: 400, type: 'invalid_request_error' },
  SerializationException: { status: 400, type: 'invalid_request_error' },
  ServiceQuotaExceededException: { status: 400, type: 'invalid_request_error' },
  AccessDeniedException: { status: 403, type: 'permission_error' },
  IncompleteSignatureException: { status: 401, type: 'authentication_error' },
  InvalidSignatureException: { status: 401, type: 'authentication_error' },
  MissingAuthenticationTokenException: { status: 401, type: 'authentication_error' },
  UnrecognizedClientException: { status: 401, type: 'authentication_error' },
  ResourceNotFoundException: { status: 404, type: 'not_found_error' },
  UnknownOperationException: { status: 404, type: 'not_found_error' },
  RequestEntityTooLargeException: { status: 413, type: 'request_too_large' },
  ThrottlingException: { status: 429, type: 'rate_limit_error' },
  ModelNotReadyException: { status: 429, type: 'rate_limit_error' },
  ModelTimeoutException: { status: 504, type: 'timeout_error' },
  ServiceUnavailableException: { status: 529, type: 'overloaded_error' },
}

function anthropicRefusal(error: ApiError, requestId: string): Refusal {
  const { status, type } = ANTHROPIC[error.errorType] ?? { status: 500, type: 'api_error' }
  return {
    status,
    headers: { 'request-id': requestId, 'x-amzn-requestid': requestId },
    body: { type: 'error', error: { type, message: error.message }, request_id: requestId },
  }
}

// SageMaker's own dialect: InvokeEndpoint and its streaming twin for the endpoints that are configured, bytes passed untouched.

import { GatewayError } from '../../core/errors.ts'
import { encodeEventStreamMessage } from '../../http/event-stream.ts'
import { BEDROCK_NAMES, renderAwsError, type ErrorNames } from './bedrock-errors.ts'
import { COMPONENT_HEADER, outgoingEndpointCall, STREAMED, WHOLE } from './endpoint-call.ts'
import type { Prepared, Route, Surface } from './surface.ts'

export const sagemakerSurface: Surface = {
  name: 'sagemaker',
  callsEndpoints: 'only',
  signingService: 'sagemaker',
  match: matchSagemaker,
  prepare: prepareSagemaker,
  renderError: (error, requestId) => renderAwsError(error, requestId, { names: SAGEMAKER_NAMES, member: 'Message' }),
  renderStreamError,
}

/** What stands behind /endpoints/{EndpointName}/ (service model of sagemaker-runtime, read 2026-11). */
const OPERATIONS: Readonly<Record<string, string>> = {
  [WHOLE]: 'InvokeEndpoint',
  [STREAMED]: 'InvokeEndpointWithResponseStream',
  'async-invocations': 'InvokeEndpointAsync',
}

/** Clients keep a base path in front; anchored at the end, no nested repetition. */
const PATH = /\/endpoints\/([^/?]{1,200})\/([a-z-]{1,40})(?:\?.*)?$/

function matchSagemaker(method: string, path: string): Route | null {
  // most paths are none of these: a search for letters is all that they pay
  if (method !== 'POST' || !path.includes('/endpoints/')) return null
  const [, named, last = ''] = PATH.exec(path) ?? []
  const operation = OPERATIONS[last]
  if (named === undefined || operation === undefined) return null
  return {
    operation,
    modelId: decoded(named),
    service: 'sagemaker-runtime',
    upstreamPath: path,
    kind: 'call',
    streams: last === STREAMED,
  }
}

/** A name of SageMaker's, or one that is configured, which may have spaces; what else it is, nobody has. */
function decoded(segment: string): string {
  try {
    const name = decodeURIComponent(segment)
    if (/^[\w ().:+'-]+$/.test(name) && !/^\.{1,2}$/.test(name)) return name
  } catch {
    // not an escape
  }
  throw new GatewayError('invalid_request', {
    message: 'The path names no endpoint: it holds characters that no name has.',
  })
}

/** Headers of a call that SageMaker has a meaning for; everything else, Authorization first, stays here. */
const HEADERS = [
  'content-type',
  'accept',
  'x-amzn-sagemaker-accept',
  'x-amzn-sagemaker-custom-attributes',
  'x-amzn-sagemaker-target-model',
  'x-amzn-sagemaker-target-variant',
  'x-amzn-sagemaker-target-container-hostname',
  'x-amzn-sagemaker-inference-id',
  'x-amzn-sagemaker-enable-explanations',
  'x-amzn-sagemaker-session-id',
  'x-amzn-sagemaker-prefix-aware-id',
] as const

function prepareSagemaker(route: Route, header: (name: string) => string | undefined, body: Buffer): Prepared {
  if (route.operation === 'InvokeEndpointAsync') throw new GatewayError('not_supported', { message: NO_ASYNC })
  return {
    facts: { modelId: route.modelId },
    translate({ endpoint }) {
      if (endpoint === null) throw new GatewayError('internal', { detail: 'a call of SageMaker without an endpoint' })
      return outgoingEndpointCall({
        endpoint,
        streams: route.streams,
        body,
        headers: HEADERS.flatMap((name) => {
          const value = header(name)
          return value === undefined ? [] : [name, value]
        }),
        inferenceComponent: header(COMPONENT_HEADER) ?? null,
        answer: null,
      })
    },
  }
}

const NO_ASYNC =
  'InvokeEndpointAsync is not supported by this gateway: its answer goes to S3, where nobody meters it. Use InvokeEndpoint.'

/** SageMaker's own names where it has them (InvokeEndpoint, "Errors", 2026-11); an endpoint that is none is a ValidationError there. */
const SAGEMAKER_NAMES: ErrorNames = {
  ...BEDROCK_NAMES,
  unknown_model: { name: 'ValidationError', status: 400 },
  price_unknown: { name: 'ValidationError' },
  invalid_request: { name: 'ValidationError' },
  body_too_large: { name: 'ValidationError', status: 413 },
  unsupported_encoding: { name: 'ValidationError', status: 415 },
  request_timeout: { name: 'ValidationError' },
  not_supported: { name: 'ValidationError', status: 501 },
  ledger_unavailable: { name: 'ServiceUnavailable' },
  overloaded: { name: 'ServiceUnavailable' },
  draining: { name: 'ServiceUnavailable' },
  upstream_unreachable: { name: 'ServiceUnavailable' },
  upstream_timeout: { name: 'ServiceUnavailable', status: 504 },
  upstream_failed: { name: 'InternalFailure', status: 502 },
  upstream_credentials: { name: 'ServiceUnavailable' },
  internal: { name: 'InternalFailure' },
}

/** The stream has two exceptions (ResponseStream, 2026-11); of them, ModelStreamError is the one that says a code. */
function renderStreamError(error: GatewayError): Buffer {
  const content = { Message: error.message, ErrorCode: SAGEMAKER_NAMES[error.code].name }
  return encodeEventStreamMessage(
    { ':message-type': 'exception', ':exception-type': 'ModelStreamError', ':content-type': 'application/json' },
    Buffer.from(JSON.stringify(content)),
  )
}

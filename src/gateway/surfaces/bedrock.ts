// Bedrock's native dialect: every runtime path of bedrock-runtime and the model lists of bedrock, bytes passed untouched.

import { GatewayError } from '../../core/errors.ts'
import { renderBedrockError, renderBedrockStreamError } from './bedrock-errors.ts'
import { readBedrockFacts } from './bedrock-facts.ts'
import type { Route, Surface } from './surface.ts'

export const bedrockSurface: Surface = {
  name: 'bedrock',
  match: matchBedrock,
  prepare: (_route, header, body) => ({ facts: readBedrockFacts(header, body), translate: null }),
  renderError: renderBedrockError,
  renderStreamError: renderBedrockStreamError,
}

/** What stands behind /model/{modelId}/ — operation names of the service model of bedrock-runtime, read 2026-11-20. */
const MODEL_OPERATIONS: Readonly<Record<string, string>> = {
  converse: 'Converse',
  'converse-stream': 'ConverseStream',
  invoke: 'InvokeModel',
  'invoke-with-response-stream': 'InvokeModelWithResponseStream',
  'invoke-with-bidirectional-stream': 'InvokeModelWithBidirectionalStream',
  'count-tokens': 'CountTokens',
}

const MODEL_PREFIX = '/model/'
const LONGEST_PATH = 8_192

/** Clients keep a base path in front ("/bedrock", "/rt"): what stands before the first known segment is ignored. */
function matchBedrock(method: string, path: string): Route | null {
  const queryAt = path.indexOf('?')
  const pathOnly = queryAt === -1 ? path : path.slice(0, queryAt)
  const query = queryAt === -1 ? '' : path.slice(queryAt)
  const modelAt = pathOnly.indexOf(MODEL_PREFIX)
  if (modelAt !== -1) return matchModelPath(method, pathOnly.slice(modelAt), query)
  return matchOther(method, pathOnly, query)
}

function matchModelPath(method: string, path: string, query: string): Route | null {
  const operationAt = path.lastIndexOf('/')
  const operation = MODEL_OPERATIONS[path.slice(operationAt + 1)]
  if (operation === undefined || method !== 'POST' || operationAt <= MODEL_PREFIX.length) return null
  const modelId = decodeSegment(path.slice(MODEL_PREFIX.length, operationAt))
  return {
    operation,
    modelId,
    service: 'bedrock-runtime',
    upstreamPath: path + query,
    kind: 'call',
    streams: operation.endsWith('Stream'),
  }
}

type OtherPath = {
  readonly method: string
  readonly pattern: RegExp
  readonly operation: string
  readonly service: Route['service']
  readonly kind: Route['kind']
}

const GET = 'GET'
const POST = 'POST'

/** Anchored at both ends, no nested repetition: linear time on any path. */
const OTHER_PATHS: readonly OtherPath[] = [
  {
    method: POST,
    pattern: /^\/guardrail\/[^/]+\/version\/[^/]+\/apply$/,
    operation: 'ApplyGuardrail',
    service: 'bedrock-runtime',
    kind: 'call',
  },
  {
    method: POST,
    pattern: /^\/guardrail-checks\/invoke$/,
    operation: 'InvokeGuardrailChecks',
    service: 'bedrock-runtime',
    kind: 'call',
  },
  {
    method: POST,
    pattern: /^\/async-invoke$/,
    operation: 'StartAsyncInvoke',
    service: 'bedrock-runtime',
    kind: 'call',
  },
  {
    method: GET,
    pattern: /^\/async-invoke\/[^/]+$/,
    operation: 'GetAsyncInvoke',
    service: 'bedrock-runtime',
    kind: 'read',
  },
  { method: GET, pattern: /^\/async-invoke$/, operation: 'ListAsyncInvokes', service: 'bedrock-runtime', kind: 'list' },
  {
    method: GET,
    pattern: /^\/foundation-models$/,
    operation: 'ListFoundationModels',
    service: 'bedrock',
    kind: 'list',
  },
  {
    method: GET,
    pattern: /^\/foundation-models\/[^/]+$/,
    operation: 'GetFoundationModel',
    service: 'bedrock',
    kind: 'list',
  },
  {
    method: GET,
    pattern: /^\/inference-profiles$/,
    operation: 'ListInferenceProfiles',
    service: 'bedrock',
    kind: 'list',
  },
  {
    method: GET,
    pattern: /^\/inference-profiles\/[^/]+$/,
    operation: 'GetInferenceProfile',
    service: 'bedrock',
    kind: 'list',
  },
]

/** Longest paths of all patterns begin here; what stands before is a client's base path. */
const FIRST_SEGMENTS = [
  '/guardrail/',
  '/guardrail-checks/',
  '/async-invoke',
  '/foundation-models',
  '/inference-profiles',
]

function matchOther(method: string, pathOnly: string, query: string): Route | null {
  const start = FIRST_SEGMENTS.map((segment) => pathOnly.indexOf(segment)).find((at) => at !== -1)
  if (start === undefined) return null
  const path = pathOnly.slice(start)
  const found = OTHER_PATHS.find((other) => other.method === method && other.pattern.test(path))
  if (found === undefined) return null
  const segments = path.slice(1).split('/').map(decodeSegment)
  const named = found.pattern.source.endsWith('[^/]+$')
  const modelId = named ? (segments.at(-1) ?? null) : null
  return {
    operation: found.operation,
    modelId,
    service: found.service,
    upstreamPath: path + query,
    kind: found.kind,
    streams: false,
  }
}

/**
 * Decodes a path segment exactly once. What decodes to a control character, a traversal or another escape is refused: the router, the
 * policy and the upstream must all read the same model id.
 */
function decodeSegment(segment: string): string {
  if (segment.length > LONGEST_PATH) throw invalidPath()
  let decoded: string
  try {
    decoded = decodeURIComponent(segment)
  } catch {
    throw invalidPath()
  }
  if (/[^\x21-\x7e]|[%;?#\\]|\/\/|\/\.{1,2}(?:\/|$)|^\.{0,2}$/.test(decoded)) throw invalidPath()
  return decoded
}

const invalidPath = (): GatewayError =>
  new GatewayError('invalid_request', {
    message: 'The provided identifier is invalid: the path holds characters that no identifier has.',
  })

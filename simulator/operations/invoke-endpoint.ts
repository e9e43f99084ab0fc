// SageMaker's InvokeEndpoint, InvokeEndpointAsync and InvokeEndpointWithResponseStream: a text-generation container behind an endpoint.
// AWS bills an endpoint by the hour of its instances, so the bill counts requests, for allocation.
import type { Billing, Call, Operation, PlainAnswer, StreamAnswer, StreamEvent } from '../call.ts'
import { ApiError, constraint } from '../errors.ts'
import { eventMessage } from '../event-stream-writer.ts'
import type { JsonObject } from '../family.ts'
import { isObject, numberAt, objectAt, objectsAt, stringAt } from '../json.ts'
import { ACCOUNT_ID } from '../models.ts'
import { answerLength, countTokens, digest, generate, randomFrom } from '../tokens.ts'

export const INVOKE_ENDPOINT: Operation = {
  name: 'InvokeEndpoint',
  service: 'sagemaker',
  method: 'POST',
  path: /^\/endpoints\/(?<endpointName>[^/]+)\/invocations$/,
  run: invokeEndpoint,
}

export const INVOKE_ENDPOINT_ASYNC: Operation = {
  name: 'InvokeEndpointAsync',
  service: 'sagemaker',
  method: 'POST',
  path: /^\/endpoints\/(?<endpointName>[^/]+)\/async-invocations$/,
  run: invokeEndpointAsync,
}

export const INVOKE_ENDPOINT_WITH_RESPONSE_STREAM: Operation = {
  name: 'InvokeEndpointWithResponseStream',
  service: 'sagemaker',
  method: 'POST',
  path: /^\/endpoints\/(?<endpointName>[^/]+)\/invocations-response-stream$/,
  run: invokeEndpointStream,
}

const HEADER = 'x-amzn-sagemaker-custom-attributes'

function invokeEndpoint(call: Call): PlainAnswer {
  const billing = billingOf(call)
  const headers: Record<string, string> = { 'x-amzn-invoked-production-variant': variantOf(call) }
  const attributes = call.headers[HEADER]
  if (attributes !== undefined) headers[HEADER] = attributes
  const request = readJson(call.body)
  if (request === null) {
    // Not JSON: the container gives the bytes back as they came.
    const type = call.headers['content-type'] ?? 'application/octet-stream'
    return {
      kind: 'plain',
      status: 200,
      headers: { ...headers, 'content-type': type },
      body: call.body,
      billing,
      tokens: 0,
    }
  }
  if (isEmbedding(billing.modelId)) {
    const body = Buffer.from(JSON.stringify({ embedding: vectorOf(request) }))
    return { kind: 'plain', status: 200, headers, body, billing, tokens: 0 }
  }
  const { prompt, pieces } = generation(request, billing.modelId)
  const body = request.messages === undefined ? nativeBody(pieces) : chatBody(prompt, pieces)
  const bytes = Buffer.from(JSON.stringify(body))
  return { kind: 'plain', status: 200, headers, body: bytes, billing, tokens: pieces.length }
}

function invokeEndpointAsync(call: Call): PlainAnswer {
  const billing = billingOf(call)
  if (call.headers['x-amzn-sagemaker-inputlocation'] === undefined) {
    throw new ApiError('ValidationError', 'InputLocation must not be null.')
  }
  const inferenceId = call.headers['x-amzn-sagemaker-inference-id'] ?? call.requestId
  const location = `s3://simulated-${ACCOUNT_ID}/async-endpoint-outputs/${inferenceId}`
  const headers = {
    'x-amzn-sagemaker-outputlocation': `${location}.out`,
    'x-amzn-sagemaker-failurelocation': `${location}-error.out`,
  }
  return { kind: 'plain', status: 202, headers, body: { InferenceId: inferenceId }, billing, tokens: 0 }
}

function invokeEndpointStream(call: Call): StreamAnswer {
  const billing = billingOf(call)
  const request = readJson(call.body) ?? {}
  const { prompt, pieces } = generation(request, billing.modelId)
  const chats = request.messages !== undefined
  return {
    kind: 'stream',
    headers: {
      'content-type': 'application/vnd.amazon.eventstream',
      'x-amzn-sagemaker-content-type': 'application/jsonlines',
      'x-amzn-invoked-production-variant': variantOf(call),
    },
    events: chats ? chunksOf(prompt, pieces) : eventsOf(pieces),
    frame: ({ type, payload }) =>
      eventMessage(
        { ':event-type': type, ':content-type': 'application/octet-stream', ':message-type': 'event' },
        Buffer.from(chats ? `data: ${JSON.stringify(payload)}\n\n` : `${JSON.stringify(payload)}\n`),
      ),
    billing,
    usageAfter: () => billing.usage,
  }
}

function* eventsOf(pieces: readonly string[]): Generator<StreamEvent> {
  for (const [index, text] of pieces.entries()) {
    const payload: JsonObject = { token: { id: index, text, special: false }, generated_text: null }
    if (index === pieces.length - 1) {
      payload.generated_text = pieces.join('')
      payload.details = { finish_reason: 'length', generated_tokens: pieces.length }
    }
    yield { type: 'PayloadPart', payload, tokens: 1 }
  }
}

/** As OpenAI's chat streams: pieces, then the usage. */
function* chunksOf(prompt: string, pieces: readonly string[]): Generator<StreamEvent> {
  for (const content of pieces)
    yield { type: 'PayloadPart', payload: { choices: [{ index: 0, delta: { content } }] }, tokens: 1 }
  const [input, output] = [countTokens(prompt), pieces.length]
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
  yield { type: 'PayloadPart', payload: { choices: [], usage }, tokens: 0 }
}

function billingOf(call: Call): Billing {
  const name = call.path.endpointName ?? ''
  if (!/^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/.test(name) || name.length > 63) {
    const { message } = constraint(
      name,
      'endpointName',
      'satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9])*',
    )
    throw new ApiError('ValidationError', message)
  }
  if (name.startsWith('missing')) {
    throw new ApiError('ValidationError', `Endpoint ${name} of account ${ACCOUNT_ID} not found.`)
  }
  return { modelId: name, baseModel: 'sagemaker', tier: 'default', requestedTier: 'default', usage: { requests: 1 } }
}

/** An endpoint of that name serves a container for embeddings, of which the answer says no usage. */
const isEmbedding = (endpoint: string): boolean => /embed/i.test(endpoint)

function vectorOf(request: JsonObject): number[] {
  const random = randomFrom(digest(JSON.stringify(request)))
  return Array.from({ length: 8 }, () => random())
}

const variantOf = (call: Call): string => call.headers['x-amzn-sagemaker-target-variant'] ?? 'AllTraffic'

/** What a text-generation container does with its usual requests: `inputs` with `parameters`, or chat `messages`. */
function generation(request: JsonObject, endpoint: string): { prompt: string; pieces: string[] } {
  const chat = objectsAt(request, 'messages').map((message) => stringAt(message, 'content') ?? '')
  const prompt = chat.length > 0 ? chat.join('\n') : (stringAt(request, 'inputs') ?? JSON.stringify(request))
  const limit =
    numberAt(objectAt(request, 'parameters') ?? {}, 'max_new_tokens') ?? numberAt(request, 'max_tokens') ?? 256
  const seed = digest(`${endpoint}\n${prompt}`)
  return { prompt, pieces: generate(seed, answerLength(prompt, seed, Math.max(1, Math.min(limit, 100_000))).tokens) }
}

const nativeBody = (pieces: readonly string[]): JsonObject[] => [
  { generated_text: pieces.join(''), details: { finish_reason: 'eos_token', generated_tokens: pieces.length } },
]

function chatBody(prompt: string, pieces: readonly string[]): JsonObject {
  const [input, output] = [countTokens(prompt), pieces.length]
  return {
    object: 'chat.completion',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: pieces.join('') } }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  }
}

function readJson(bytes: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

// Requests of the samples for SageMaker endpoints: inputs and parameters as containers take them, and what their answers become.

import { ENDPOINT_NAME, type Endpoint, type EndpointKind } from '../../../core/endpoint.ts'
import { GatewayError } from '../../../core/errors.ts'
import { refusalWords } from '../converse/call.ts'
import type { Json, JsonObject } from '../converse/types.ts'
import { outgoingEndpointCall } from '../endpoint-call.ts'
import type { AnswerTranslator, Outgoing } from '../surface.ts'
import { createEndpointText, generatedText } from './endpoint-text.ts'
import { listOfOne } from './errors.ts'
import { invalid, isObject, type FacadeRequest, type Kind } from './request.ts'
import { eventsOf, streamed } from './stream.ts'
import { at } from './text-formats.ts'

/** What a container must take for each kind of request; null: none takes it here. */
const WANTED: Readonly<Record<Kind, EndpointKind | null>> = {
  text: 'text',
  messages: 'chat',
  embeddings: 'embeddings',
  'embeddings-image': null,
  image: null,
}

export function callForEndpoint(request: FacadeRequest, endpoint: Endpoint, requestId: string): Outgoing {
  const { InferenceComponentName: component, ...parameters } = request.parameters
  const wanted = wantedOf(request, endpoint)
  const streams = wanted !== 'embeddings' && (request.streams || request.isFetchedLater)
  const body = {
    ...bodyOf({ ...request, parameters }, endpoint),
    ...(streams ? STREAM_MEMBERS[endpoint.kind ?? wanted] : {}),
  }
  const isChat = (endpoint.kind ?? wanted) === 'chat'
  const say = wanted === 'embeddings' ? embeddingOf : textOf
  return outgoingEndpointCall({
    endpoint,
    streams,
    body: Buffer.from(JSON.stringify(body)),
    headers: JSON_HEADERS,
    inferenceComponent: componentOf(component),
    answer: streams ? streamedAnswer(request, { requestId, isChat }) : wholeAnswer(say),
  })
}

const JSON_HEADERS = ['content-type', 'application/json', 'accept', 'application/json']

/** Containers that speak OpenAI's chat stream when they are asked in the body; others by the operation alone. */
const STREAM_MEMBERS: Readonly<Record<EndpointKind, JsonObject>> = {
  text: {},
  chat: { stream: true, stream_options: { include_usage: true } },
  embeddings: {},
}

/** Throws GatewayError where the container does not take such requests. */
function wantedOf({ kind }: FacadeRequest, { id, kind: taken }: Endpoint): EndpointKind {
  const wanted = WANTED[kind]
  if (wanted === null) throw invalid('SageMaker endpoints take texts, messages and things to embed, no images.')
  // a prompt is a message to a container that takes messages
  if (taken === null || taken === wanted || (taken === 'chat' && wanted === 'text')) return wanted
  throw invalid(`"sagemaker.${id}" takes ${HOW[taken]}`)
}

const HOW: Readonly<Record<EndpointKind, string>> = {
  text: 'prompts: send "inputs" without the headers messages_api and type.',
  chat: 'messages: send the header messages_api: true.',
  embeddings: 'what is to be embedded: send the header type: embeddings.',
}

function componentOf(named: Json | undefined): string | null {
  if (named === undefined || named === null) return null
  if (typeof named === 'string' && ENDPOINT_NAME.test(named)) return named
  throw invalid('"parameters.InferenceComponentName" is not the name of an inference component.')
}

/** Objects are joined with the parameters, as the samples did; texts and lists stand beside them. */
function bodyOf({ kind, inputs, parameters }: FacadeRequest, { kind: taken }: Endpoint): JsonObject {
  if (kind === 'messages') {
    if (!Array.isArray(inputs)) throw invalid('"inputs" must be a list of messages.')
    return { messages: inputs, ...parameters }
  }
  if (isObject(inputs)) return { ...inputs, ...parameters }
  if (taken === 'chat' && kind === 'text') return { messages: [{ role: 'user', content: inputs ?? '' }], ...parameters }
  return { inputs: inputs ?? null, parameters }
}

function textOf(answer: Json): JsonObject {
  const text = generatedText(answer)
  if (text !== null) return { generated_text: text }
  throw new GatewayError('upstream_failed', { message: "The endpoint's answer has no generated text." })
}

function embeddingOf(answer: Json): JsonObject {
  const found = at(answer, 'embedding') ?? at(answer, 'data', 0, 'embedding') ?? at(answer, 'embeddings', 0)
  const embedding = found ?? (Array.isArray(answer) ? answer : undefined)
  if (embedding !== undefined) return { embedding }
  throw new GatewayError('upstream_failed', { message: "The endpoint's answer has no embedding." })
}

function wholeAnswer(say: (answer: Json) => JsonObject): AnswerTranslator {
  return {
    headers: [],
    whole: (status, body) => (status >= 400 ? refusal(status, body) : listOfOne(status, say(parsed(body)))),
    push: never,
    end: never,
  }
}

/** Who takes events has the text as it comes; who fetches it later, whole. */
function streamedAnswer(
  request: FacadeRequest,
  { requestId, isChat }: { readonly requestId: string; readonly isChat: boolean },
): AnswerTranslator {
  const shared = { headers: [] }
  const reader = createEndpointText()
  const gathered = (body: Buffer): JsonObject => {
    const said = [...reader.push(body), reader.end()]
    const failure = said.find((one) => typeof one !== 'string')
    if (failure !== undefined) throw new GatewayError('upstream_failed', { message: failure.message })
    const text = said.map((one) => (typeof one === 'string' ? one : '')).join('')
    return { generated_text: isChat ? text.trim() : text }
  }
  if (request.streams)
    return {
      ...shared,
      whole: (status, body, _headers, usage) =>
        status >= 400 ? refusal(status, body) : eventsOf(requestId, textOf(parsed(body)), usage),
      ...streamed(
        requestId,
        (bytes) => reader.push(bytes),
        () => reader.end(),
      ),
    }
  return {
    ...shared,
    gathers: true,
    whole: (status, body) => (status >= 400 ? refusal(status, body) : listOfOne(status, gathered(body))),
    push: never,
    end: never,
  }
}

const refusal = (status: number, body: Buffer) => listOfOne(status, { generated_text: refusalWords(body) })

function parsed(body: Buffer): Json {
  try {
    return JSON.parse(body.toString('utf8')) as Json
  } catch {
    throw new GatewayError('upstream_failed', { message: 'The endpoint answered with something that is not JSON.' })
  }
}

const never = (): never => {
  throw new GatewayError('internal', { detail: 'this answer of the façade is not a stream' })
}

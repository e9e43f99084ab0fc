// What goes upstream for a request of the samples, by its kind and the format of its model, and what its answer becomes.

import { GatewayError } from '../../../core/errors.ts'
import type { Usage } from '../../../core/usage.ts'
import { outgoingCall, outgoingConverse, refusalWords } from '../converse/call.ts'
import type { ConverseRequest, Json, JsonObject } from '../converse/types.ts'
import type { AnswerTranslator, Outgoing, RenderedAnswer } from '../surface.ts'
import { listOfOne } from './errors.ts'
import { invalid, isObject, type FacadeRequest, type Kind } from './request.ts'
import { eventsOf, streamedConverse, streamedInvoke } from './stream.ts'
import { at, joinedText, textFormatOf, type TextFormat } from './text-formats.ts'

const CALLS: Readonly<Record<Kind, (request: FacadeRequest, requestId: string) => Outgoing>> = {
  text: textCall,
  messages: messagesCall,
  embeddings: embeddingsCall,
  'embeddings-image': imageEmbeddingCall,
  image: imageCall,
}

export const callFor = (request: FacadeRequest, requestId: string): Outgoing => CALLS[request.kind](request, requestId)

function textCall(request: FacadeRequest, requestId: string): Outgoing {
  const { inputs, parameters, format } = request
  if (typeof inputs !== 'string')
    throw invalid('"inputs" must be a text; for a list of messages, send the header messages_api: true.')
  const known = textFormatOf(format)
  if (known === null)
    return converse(request, requestId, [{ role: 'user', content: [{ text: inputs }] }], splitParameters(parameters))
  return nativeText(request, requestId, known, known.body(inputs, parameters))
}

function nativeText(request: FacadeRequest, requestId: string, format: TextFormat, body: JsonObject): Outgoing {
  const say = (answer: Json): JsonObject => textOf(format.text(answer))
  if (!request.streams) return invoke(request, body, say)
  if (format.piece === null) return invoke(request, body, say, asEvents(requestId))
  const answer = { ...answerBy(say), ...streamedInvoke(requestId, format.piece) }
  return outgoingCall({
    ...invocation(request, { ...body, ...format.streamMembers }, answer),
    operation: 'InvokeModelWithResponseStream',
    path: `/model/${encodeURIComponent(request.target)}/invoke-with-response-stream`,
    streams: true,
  })
}

/** What Converse has no name for is the model's own. */
function splitParameters(parameters: JsonObject): { readonly inference: JsonObject; readonly own: JsonObject } {
  const inference: Record<string, Json> = {}
  const own: Record<string, Json> = {}
  for (const [name, value] of Object.entries(parameters)) (INFERENCE.has(name) ? inference : own)[name] = value
  return { inference, own }
}

const INFERENCE = new Set(['maxTokens', 'temperature', 'topP', 'stopSequences'])

function messagesCall(request: FacadeRequest, requestId: string): Outgoing {
  const { inputs, parameters } = request
  if (!Array.isArray(inputs)) throw invalid('"inputs" must be a list of messages.')
  const { system, ...inference } = parameters
  if (system !== undefined && typeof system !== 'string') throw invalid('"parameters.system" must be a text.')
  return converse(request, requestId, inputs, { inference, own: {} }, system)
}

function converse(
  { target, additionalFields, streams }: FacadeRequest,
  requestId: string,
  messages: readonly Json[],
  { inference, own }: { readonly inference: JsonObject; readonly own: JsonObject },
  system?: string,
): Outgoing {
  const fields = { ...own, ...additionalFields }
  // the messages are as the client has them: Bedrock judges them
  const request: unknown = {
    messages,
    ...(system === undefined || system === '' ? {} : { system: [{ text: system }] }),
    ...(isEmpty(inference) ? {} : { inferenceConfig: inference }),
    ...(isEmpty(fields) ? {} : { additionalModelRequestFields: fields }),
  }
  const whole = answerBy((said) => textOf(joinedText(at(said, 'output', 'message', 'content'))))
  return outgoingConverse({
    modelId: target,
    request: request as ConverseRequest,
    streams,
    metadata: {},
    answer: streams ? { ...whole, ...streamedConverse(requestId) } : whole,
  })
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0

function embeddingsCall(request: FacadeRequest): Outgoing {
  const { inputs, parameters, format } = request
  if (inputs === undefined) throw invalid('The body has no "inputs".')
  if (!format.startsWith('cohere.')) return invoke(request, { ...parameters, inputText: inputs }, embeddingOf)
  const texts = Array.isArray(inputs) ? inputs : [inputs]
  return invoke(request, { input_type: 'search_document', ...parameters, texts }, embeddingOf)
}

function imageEmbeddingCall(request: FacadeRequest): Outgoing {
  if (typeof request.inputs !== 'string') throw invalid('"inputs" must be an image in base64.')
  return invoke(request, { ...request.parameters, inputImage: request.inputs }, embeddingOf)
}

/** The first vector, also where several texts were sent or several kinds of numbers asked for. */
function embeddingOf(answer: Json): JsonObject {
  const embeddings = at(answer, 'embeddings')
  const lists = isObject(embeddings) ? Object.values(embeddings)[0] : embeddings
  return found('embedding', at(answer, 'embedding') ?? at(lists, 0))
}

function imageCall(request: FacadeRequest): Outgoing {
  const { format, parameters, textPrompts, textToImageParams } = request
  if (textPrompts !== undefined) return stabilityCall(request, textPrompts)
  if (textToImageParams === undefined) throw invalid('The body has neither "text_prompts" nor "textToImageParams".')
  if (format.startsWith('stability.')) throw invalid('Models of Stability AI take "text_prompts".')
  return invoke(request, { taskType: 'TEXT_IMAGE', ...parameters, textToImageParams }, (answer) =>
    found('images', at(answer, 'images')),
  )
}

/** Stable Diffusion XL answers with artifacts; its successors take one prompt and answer with images. */
function stabilityCall(request: FacadeRequest, prompts: Json): Outgoing {
  const { format, parameters } = request
  if (format.startsWith('stability.stable-diffusion')) {
    return invoke(request, { ...parameters, text_prompts: prompts }, (answer) =>
      found('artifacts', at(answer, 'artifacts')),
    )
  }
  const texts = (Array.isArray(prompts) ? prompts : []).map((prompt) => at(prompt, 'text'))
  const prompt = texts.filter((text) => typeof text === 'string').join(' ')
  if (prompt === '') throw invalid('"text_prompts" must be a list of {"text": "…"}.')
  return invoke(request, { ...parameters, prompt }, (answer) => found('images', at(answer, 'images')))
}

const INVOKE_HEADERS = ['content-type', 'application/json', 'accept', 'application/json']

function invoke(request: FacadeRequest, body: JsonObject, say: Say, render: Render = asList): Outgoing {
  return outgoingCall(invocation(request, body, answerBy(say, render)))
}

function invocation({ target }: FacadeRequest, body: JsonObject, answer: AnswerTranslator) {
  return {
    operation: 'InvokeModel',
    path: `/model/${encodeURIComponent(target)}/invoke`,
    headers: INVOKE_HEADERS,
    body: Buffer.from(JSON.stringify(body)),
    streams: false,
    metadata: {},
    answer,
  }
}

type Say = (answer: Json) => JsonObject
type Render = (item: JsonObject, usage: Usage | null) => RenderedAnswer

const asList: Render = (item) => listOfOne(200, item)
const asEvents =
  (requestId: string): Render =>
  (item, usage) =>
    eventsOf(requestId, item, usage)

const textOf = (text: Json | undefined): JsonObject =>
  found('generated_text', typeof text === 'string' ? text : undefined)

function found(name: string, value: Json | undefined): JsonObject {
  if (value !== undefined) return { [name]: value }
  throw new GatewayError('upstream_failed', { message: `The model's answer has no ${name}.` })
}

function answerBy(say: Say, render: Render = asList): AnswerTranslator {
  const never = (): never => {
    throw new GatewayError('internal', { detail: 'this answer of the façade is not a stream' })
  }
  return {
    headers: [],
    whole: (status, body, _headers, usage) =>
      status >= 400
        ? listOfOne(status, { generated_text: refusalWords(body) })
        : render(say(JSON.parse(body.toString('utf8')) as Json), usage),
    push: never,
    end: never,
  }
}

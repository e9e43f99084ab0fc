// A request of the samples as far as every kind of model needs it: checked, its kind known, its model and format told apart.

import { GatewayError } from '../../../core/errors.ts'
import { parseModelId } from '../../../core/model.ts'
import { createJsonGuard } from '../../../http/json-guard.ts'
import { flawWords } from '../bedrock-facts.ts'
import type { JsonObject, Json } from '../converse/types.ts'

type Header = (name: string) => string | undefined

export type FacadeQuery = {
  readonly modelId: string | null
  readonly modelArn: string | null
}

export const KINDS = ['text', 'messages', 'embeddings', 'embeddings-image', 'image'] as const
export type Kind = (typeof KINDS)[number]

export type FacadeRequest = {
  readonly kind: Kind
  /** the client asked for server-sent events; only text comes as such */
  readonly streams: boolean
  /** the client fetches the answer when it is whole */
  readonly isFetchedLater: boolean
  /** whose format the body has, without geographic prefix */
  readonly format: string
  /** which model is called */
  readonly target: string
  readonly inputs: Json | undefined
  readonly parameters: JsonObject
  readonly additionalFields: JsonObject
  /** of images, which stand beside `inputs` */
  readonly textPrompts: Json | undefined
  readonly textToImageParams: Json | undefined
}

export function readQuery(path: string): FacadeQuery {
  const queryAt = path.indexOf('?')
  const query = new URLSearchParams(queryAt === -1 ? '' : path.slice(queryAt + 1))
  const one = (name: string): string | null => {
    const [value, ...others] = query.getAll(name)
    if (others.length > 0) throw invalid(`The query names ${name} more than once.`)
    return value === undefined || value === '' ? null : value
  }
  return { modelId: one('model_id'), modelArn: one('model_arn') }
}

export const MISSING_PARAMETERS = 'Missing required request parameters: '

/** Clients of the samples name their team; a token names its tenant itself, and so does a key that comes as a bearer. */
export function checkTeam(header: Header): void {
  if (header('x-api-key') !== undefined && (header('team_id') ?? '') === '')
    throw invalid(`${MISSING_PARAMETERS}[team_id]`)
}

export function readInvokeRequest(query: FacadeQuery, header: Header, body: Buffer): FacadeRequest {
  checkTeam(header)
  const { modelId, modelArn } = query
  if (modelId === null) throw invalid(`${MISSING_PARAMETERS}[model_id]`)
  const members = objectOf(body)
  const kind = kindOf(header)
  const inputs = members['inputs']
  if (kind !== 'image' && inputs === undefined) throw invalid('The body has no "inputs".')
  return {
    kind,
    streams: wantsEvents(header) && isText(kind),
    isFetchedLater: isFetchedLater(header),
    format: parseModelId(modelId)?.baseModel ?? modelId,
    target: modelArn ?? modelId,
    inputs,
    parameters: objectIn(members, 'parameters'),
    additionalFields: objectIn(members, 'additional_model_fields'),
    textPrompts: members['text_prompts'],
    textToImageParams: members['textToImageParams'],
  }
}

/** Only text can be; embeddings and images come at once, as they did. Who takes events has the answer as it comes. */
export function isFetchedLater(header: Header): boolean {
  return isTrue(header('streaming')) && !wantsEvents(header) && isText(kindOf(header))
}

const isTrue = (value: string | undefined): boolean => value?.toLowerCase() === 'true'

/** `embeddings: true` is how embeddings were asked for before there was `type`; an unknown type is text, as it was there. */
function kindOf(header: Header): Kind {
  const type = header('type')?.toLowerCase()
  if (type === 'embeddings' || type === 'embeddings-image' || type === 'image') return type
  if (type === undefined && isTrue(header('embeddings'))) return 'embeddings'
  return isTrue(header('messages_api')) ? 'messages' : 'text'
}

const isText = (kind: Kind): boolean => kind === 'text' || kind === 'messages'

/** Named as such: what takes anything (any type) takes the answer that clients of the samples know. */
const wantsEvents = (header: Header): boolean => EVENT_STREAM.test(header('accept') ?? '')

const EVENT_STREAM = /(?:^|,)\s*text\/event-stream\s*(?:;|,|$)/i

const GUARD = createJsonGuard({
  watch: ['inputs', 'parameters', 'additional_model_fields', 'text_prompts', 'textToImageParams'],
})

function objectOf(body: Buffer): JsonObject {
  const scan = GUARD.scan(body)
  if (!scan.ok) throw invalid(flawWords(scan.flaw, scan.offset, scan.key))
  const value = JSON.parse(body.toString('utf8')) as Json
  if (!isObject(value)) throw invalid('The body must be a JSON object such as {"inputs": "…"}.')
  return value
}

function objectIn(members: JsonObject, name: string): JsonObject {
  const value = members[name] ?? {}
  if (!isObject(value)) throw invalid(`"${name}" must be an object.`)
  return value
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const invalid = (message: string): GatewayError => new GatewayError('invalid_request', { message })

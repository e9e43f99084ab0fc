// Messages of the façade's WebSocket: calls with the parameters of the façade, cancellations, and the pieces of answers that go back.

import { GatewayError } from '../../../core/errors.ts'
import { createJsonGuard } from '../../../http/json-guard.ts'
import { flatHeader, REQUEST_ID_HEADER } from '../../headers.ts'
import { flawWords } from '../bedrock-facts.ts'
import type { Json, JsonObject } from '../converse/types.ts'
import { isObject } from './request.ts'

export type SocketMessage =
  | { readonly cancels: string }
  | {
      readonly id: string
      /** the request of the façade that says the same */
      readonly path: string
      readonly headers: readonly (readonly [string, string])[]
      readonly body: Buffer
    }

const LONGEST_ID = 64
const BODY_MEMBERS = ['inputs', 'parameters', 'additional_model_fields', 'text_prompts', 'textToImageParams']
const TEXT_MEMBERS = ['model_id', 'model_arn', 'team_id', 'type']
const FLAG_MEMBERS = ['messages_api', 'stream']
const KNOWN = new Set(['id', 'cancel', ...BODY_MEMBERS, ...TEXT_MEMBERS, ...FLAG_MEMBERS])
const GUARD = createJsonGuard({ watch: [...KNOWN] })

/** A message that says whose call it is before it is wrong: the answer to it names that call. */
export class WrongMessage extends GatewayError {
  readonly id: string | null

  constructor(id: string | null, message: string) {
    super('invalid_request', { message })
    this.id = id
  }
}

/** Throws WrongMessage. */
export function readSocketMessage(message: Buffer): SocketMessage {
  const members = membersOf(message)
  const { id, cancel } = members
  if (cancel !== undefined) {
    if (typeof cancel !== 'string') throw new WrongMessage(null, '"cancel" must be the id of a call.')
    return { cancels: cancel }
  }
  if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID)
    throw new WrongMessage(null, `A call needs an "id" of 1 to ${LONGEST_ID} characters, by which its answer is known.`)
  const unknown = Object.keys(members).find((name) => !KNOWN.has(name))
  if (unknown !== undefined) throw new WrongMessage(id, `"${unknown.slice(0, 64)}" is not known here.`)
  const text = (name: string): string | null => textAt(members, name, id)
  const type = text('type')
  const flag = (name: string): boolean => flagAt(members, name, id)
  const headers: [string, string][] = []
  const team = text('team_id')
  if (team !== null) headers.push(['team_id', team])
  if (type !== null) headers.push(['type', type])
  if (flag('messages_api')) headers.push(['messages_api', 'true'])
  if (members['stream'] === undefined || flag('stream')) headers.push(['accept', 'text/event-stream'])
  return { id, path: pathOf(text('model_id'), text('model_arn')), headers, body: bodyOf(members) }
}

function membersOf(message: Buffer): JsonObject {
  const scan = GUARD.scan(message)
  if (!scan.ok) throw new WrongMessage(null, flawWords(scan.flaw, scan.offset, scan.key))
  const value = JSON.parse(message.toString('utf8')) as Json
  if (!isObject(value))
    throw new WrongMessage(null, 'A message must be a JSON object such as {"id": "1", "model_id": "…", "inputs": "…"}.')
  return value
}

function textAt(members: JsonObject, name: string, id: string): string | null {
  const value = members[name]
  if (value === undefined) return null
  // what becomes a header of the call must be able to stand in one
  if (typeof value !== 'string' || !/^[\x20-\x7e]{0,2048}$/.test(value))
    throw new WrongMessage(id, `"${name}" must be a text.`)
  return value
}

function flagAt(members: JsonObject, name: string, id: string): boolean {
  const value = members[name]
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw new WrongMessage(id, `"${name}" must be true or false.`)
  return value
}

function pathOf(modelId: string | null, modelArn: string | null): string {
  const query = new URLSearchParams()
  if (modelId !== null) query.set('model_id', modelId)
  if (modelArn !== null) query.set('model_arn', modelArn)
  return `/invoke_model?${query.toString()}`
}

const bodyOf = (members: JsonObject): Buffer =>
  Buffer.from(
    JSON.stringify(
      Object.fromEntries(
        BODY_MEMBERS.filter((name) => Object.hasOwn(members, name)).map((name) => [name, members[name]]),
      ),
    ),
  )

/** The beginning of an answer: the id of its call in the ledger, and what else the gateway says of it. */
export function startMessage(id: string, headers: readonly string[]): string {
  const own: Record<string, string> = {}
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    if (name.startsWith('x-weighbridge-') && name !== REQUEST_ID_HEADER) own[name] = headers[at + 1] as string
  }
  const more = Object.keys(own).length === 0 ? {} : { headers: own }
  return JSON.stringify({ id, type: 'start', request_id: flatHeader(headers, REQUEST_ID_HEADER), ...more })
}

const EVENT = /^event: (\w+)\ndata: (.*)$/

/** Whole events of a stream as messages; comments, which only keep HTTP connections alive, are none. */
export function eventMessages(id: string, events: Buffer): string[] {
  return events
    .toString()
    .split('\n\n')
    .flatMap((event) => {
      const [, type, data] = EVENT.exec(event) ?? []
      return type === undefined || data === undefined ? [] : [withMembers({ id, type }, data)]
    })
}

/** An answer that is whole, or a refusal: a list of one, or what API Gateway would have said. */
export function wholeMessage(id: string, status: number, headers: readonly string[], body: Buffer): string {
  const retryAfter = flatHeader(headers, 'retry-after')
  const about = {
    id,
    type: status < 400 ? 'answer' : 'error',
    request_id: flatHeader(headers, REQUEST_ID_HEADER),
    status,
    ...(retryAfter === null ? {} : { retry_after: Number(retryAfter) }),
  }
  return withMembers(about, body.toString().replace(/^\[(.*)\]$/s, '$1'))
}

/** Both are JSON objects with members: they are joined as they stand, so that an image in base64 is not parsed once more. */
const withMembers = (about: object, json: string): string => `${JSON.stringify(about).slice(0, -1)},${json.slice(1)}`

export const errorMessage = (id: string | null, status: number, words: string): string =>
  JSON.stringify({ id, type: 'error', status, generated_text: words })

export const cancelledMessage = (id: string): string => JSON.stringify({ id, type: 'cancelled' })

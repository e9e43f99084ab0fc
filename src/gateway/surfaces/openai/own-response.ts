// A response by Bedrock's own endpoint: as it came, and with word of whose kept answers it goes on from and which it makes.

import { sseData } from '../../../http/sse-splitter.ts'
import { parseObject } from '../converse/call.ts'
import { InvalidField, isObject, type Fields } from '../converse/fields.ts'
import type { Json } from '../converse/types.ts'
import { ownEndpointCall, passedAnswer } from '../own-endpoints.ts'
import type { KeptAnswers, Outgoing, TranslationTarget } from '../surface.ts'
import { failureEvent, namedError } from './errors.ts'
import type { Allowed } from './policy.ts'
import type { ResponseRequest } from './responses-request.ts'

export function ownResponse(asked: ResponseRequest, { body, dropped }: Allowed, target: TranslationTarget): Outgoing {
  const { fields, streams, metadata } = asked
  refuseOthers(fields)
  const named = namedIn(fields)
  const made = new MadeIds()
  const isKept = fields.flag('store') !== false
  const kept: KeptAnswers = { named, made: () => (isKept ? made.ids : []) }
  let events = 0
  return ownEndpointCall({
    api: 'CreateResponse',
    body,
    streams,
    headers: [],
    metadata,
    tier: fields.text('service_tier'),
    continues: named.length > 0,
    kept,
    answer: passedAnswer({
      headers: ['x-request-id', target.requestId, ...dropped.headers()],
      onWhole: (answer) => made.learn(parseObject(answer)),
      onEvent(event) {
        events += 1
        if (isKept) made.hear(event)
        return true
      },
      failure: (error) => Buffer.from(failureEvent(namedError(error), events)),
    }),
  })
}

/** Things of OpenAI's that Bedrock has not, and whose ids nobody here could tell the owner of. */
function refuseOthers(fields: Fields): void {
  if (fields.any('conversation') !== undefined)
    throw new InvalidField(
      'conversation',
      'cannot be used: Bedrock keeps none. Name previous_response_id, or send it all.',
    )
  if (fields.any('prompt') !== undefined)
    throw new InvalidField('prompt', 'cannot be used: Bedrock keeps no templates. Send instructions and input.')
}

const PREVIOUS = 'previous_response_id'
const MOST_NAMED = 1_000

function namedIn(fields: Fields): readonly string[] {
  const previous = fields.text(PREVIOUS)
  const input = fields.any('input')
  const references = (Array.isArray(input) ? input : []).filter(isReference).map((item: Json) => idOf(item) ?? '')
  if (references.length > MOST_NAMED)
    throw new InvalidField('input', `may refer to at most ${MOST_NAMED} items of earlier answers.`)
  return previous === undefined ? references : [previous, ...references]
}

/** An item without a type is a message or, where it has an id alone, a reference (OpenAI's API reference, "Item reference"). */
const isReference = (item: Json): boolean =>
  isObject(item) && (item['type'] === 'item_reference' || (item['type'] === undefined && item['role'] === undefined))

const idOf = (value: Json | undefined): string | null => {
  const id = isObject(value) ? value['id'] : undefined
  return typeof id === 'string' ? id : null
}

/** The response's id, and those of its items. */
class MadeIds {
  readonly #ids = new Set<string>()

  get ids(): readonly string[] {
    return [...this.#ids]
  }

  learn(response: unknown): void {
    if (!isObject(response as Json)) return
    const { output } = response as { readonly output?: Json }
    for (const part of [response as Json, ...(Array.isArray(output) ? output : [])]) this.#add(idOf(part))
  }

  /** The first event says what the response is called, and each of its items comes with one. */
  hear(event: Buffer): void {
    const isFirst = this.#ids.size === 0
    if (!isFirst && !event.includes(ITEM_ADDED)) return
    const told = parseObject(sseData(event))
    if (isFirst) this.learn(told?.['response'])
    this.#add(idOf(told?.['item'] as Json | undefined))
  }

  #add(id: string | null): void {
    if (id !== null && this.#ids.size < MOST_NAMED) this.#ids.add(id)
  }
}

const ITEM_ADDED = 'response.output_item.added'

// Streamed answers of the façade as server-sent events: pieces of text as the model says them, at the end what was used, or why it broke off.

import type { GatewayError } from '../../../core/errors.ts'
import type { Usage } from '../../../core/usage.ts'
import { SSE_HEADERS, sseEvent } from '../../../http/sse.ts'
import { createInvokeChunks } from '../converse/chunks.ts'
import { createConverseEvents } from '../converse/events.ts'
import type { Json, JsonObject } from '../converse/types.ts'
import type { AnswerTranslator, RenderedAnswer } from '../surface.ts'
import { renderFacadeError } from './errors.ts'

/** What one frame of the model's stream says here: a piece of its text (empty: none), or why it ends the stream. */
export type Said = string | { readonly exception: string; readonly message: string }

type StreamedAnswer = Pick<AnswerTranslator, 'push' | 'end' | 'ping'>

/** A comment, which clients of server-sent events pass over (HTML standard, 9.2.6). */
const PING = Buffer.from(': still here\n\n')

export function streamedConverse(requestId: string): StreamedAnswer {
  const events = createConverseEvents()
  return streamed(requestId, (chunk) =>
    events.push(chunk).map((event): Said => {
      if (event.type === 'exception') return event
      return event.type === 'contentBlockDelta' && 'text' in event.delta ? event.delta.text : ''
    }),
  )
}

/** A native stream: `textOf` finds the text in one of the model's own chunks. */
export function streamedInvoke(requestId: string, textOf: (chunk: Json) => Json | undefined): StreamedAnswer {
  const chunks = createInvokeChunks()
  return streamed(requestId, (bytes) =>
    chunks.push(bytes).map((chunk): Said => {
      if ('exception' in chunk) return chunk
      const text = textOf(JSON.parse(chunk.json) as Json)
      return typeof text === 'string' ? text : ''
    }),
  )
}

/** `read`: what is said in these bytes; `rest`: what is left when they are over. */
export function streamed(
  requestId: string,
  read: (bytes: Buffer) => readonly Said[],
  rest: () => string = () => '',
): StreamedAnswer {
  let failed = false
  const eventOf = (said: Said): string => {
    if (typeof said === 'string') return said === '' ? '' : deltaEvent(said)
    failed = true
    return errorEvent(EXCEPTION_STATUSES[said.exception] ?? 500, said.message)
  }
  return {
    push: (bytes) => Buffer.from(read(bytes).map(eventOf).join('')),
    end: (usage) => Buffer.from(failed ? '' : eventOf(rest()) + doneEvent(requestId, usage)),
    ping: PING,
  }
}

/** For a client that asked for events, the answer of a model that does not stream: one piece, and the end. */
export const eventsOf = (requestId: string, item: JsonObject, usage: Usage | null): RenderedAnswer => ({
  status: 200,
  headers: SSE_HEADERS,
  body: Buffer.from(sseEvent('delta', item) + doneEvent(requestId, usage)),
})

export const renderFacadeStreamError = (error: GatewayError): Buffer =>
  Buffer.from(errorEvent(renderFacadeError(error).status, error.message))

const deltaEvent = (text: string): string => sseEvent('delta', { generated_text: text })

/** The quantities are those of the ledger entry; null: the model did not say. */
const doneEvent = (requestId: string, usage: Usage | null): string =>
  sseEvent('done', { request_id: requestId, usage: usage?.quantities ?? null })

const errorEvent = (status: number, words: string): string => sseEvent('error', { generated_text: words, status })

/** Statuses of the exceptions that Bedrock ends a stream with (API reference of ResponseStream, read 2026-11). */
const EXCEPTION_STATUSES: Readonly<Record<string, number>> = {
  throttlingException: 429,
  validationException: 400,
  modelStreamErrorException: 424,
  modelTimeoutException: 408,
  serviceUnavailableException: 503,
  ModelStreamError: 424,
}

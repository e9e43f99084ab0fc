// Reads the chunks of an InvokeModelWithResponseStream answer out of its frames, however these are cut: the model's own JSON, one by one.

import { GatewayError } from '../../../core/errors.ts'
import { createEventStreamScanner, type EventStreamMessage } from '../../../http/event-stream.ts'
import { refusalWords } from './call.ts'

export type InvokeChunk = { readonly json: string } | { readonly exception: string; readonly message: string }

export type InvokeChunks = {
  /** The chunks that are whole with these bytes, in order. A broken frame ends the stream; the meter says so to the caller. */
  push(bytes: Buffer): InvokeChunk[]
}

/** Twice the largest event of Bedrock, which is a million bytes in base64: nothing longer is waited for. */
const MAX_MESSAGE_BYTES = 3_000_000

export function createInvokeChunks(): InvokeChunks {
  let found: InvokeChunk[] = []
  const scanner = createEventStreamScanner({
    maxMessageBytes: MAX_MESSAGE_BYTES,
    onMessage(message) {
      const chunk = chunkOf(message)
      if (chunk !== null) found.push(chunk)
    },
    onFault: () => undefined,
  })
  return {
    push(bytes) {
      found = []
      scanner.push(bytes)
      return found
    },
  }
}

/** null: an event that says nothing of the model. */
function chunkOf(message: EventStreamMessage): InvokeChunk | null {
  const exception = message.header(':exception-type') ?? message.header(':error-code')
  if (exception !== undefined)
    return { exception, message: message.header(':error-message') ?? refusalWords(message.payload) }
  if (message.header(':event-type') !== 'chunk') return null
  const text = textOf(message.payload)
  if (!text.includes(OF_BEDROCK)) return { json: text }
  const json = withoutBedrocks(text)
  return json === '{}' ? null : { json }
}

function textOf(payload: Buffer): string {
  const { bytes } = parsed(payload.toString())
  if (typeof bytes !== 'string') throw unreadable()
  return Buffer.from(bytes, 'base64').toString()
}

/** Bedrock writes its own members, such as its counts in the last event, into the model's JSON. */
const OF_BEDROCK = '"amazon-bedrock-'

function withoutBedrocks(text: string): string {
  const members = Object.entries(parsed(text))
  return JSON.stringify(Object.fromEntries(members.filter(([name]) => !name.startsWith(OF_BEDROCK.slice(1)))))
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    throw unreadable()
  }
}

const unreadable = (): GatewayError =>
  new GatewayError('upstream_failed', { message: 'Bedrock streamed something that is not a chunk of an answer.' })

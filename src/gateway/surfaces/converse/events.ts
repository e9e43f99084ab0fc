// Reads the events of a ConverseStream answer out of its frames, however these are cut.

import { createEventStreamScanner, type EventStreamMessage } from '../../../http/event-stream.ts'
import type { ConverseEvent } from './types.ts'

export type ConverseEvents = {
  /** The events that are whole with this chunk, in order. A broken frame ends the stream; the meter says so to the caller. */
  push(chunk: Buffer): ConverseEvent[]
}

/** Twice the largest event of Bedrock, which is a million bytes in base64: nothing longer is waited for. */
const MAX_MESSAGE_BYTES = 3_000_000

export function createConverseEvents(): ConverseEvents {
  let found: ConverseEvent[] = []
  const scanner = createEventStreamScanner({
    maxMessageBytes: MAX_MESSAGE_BYTES,
    onMessage: (message) => found.push(eventOf(message)),
    onFault: () => undefined,
  })
  return {
    push(chunk) {
      found = []
      scanner.push(chunk)
      return found
    },
  }
}

/** Throws for a payload that is not JSON. */
function eventOf(message: EventStreamMessage): ConverseEvent {
  const type = message.header(':event-type')
  const body = JSON.parse(message.payload.toString('utf8')) as Record<string, unknown>
  if (type !== undefined) return { ...body, type } as ConverseEvent
  const exception = message.header(':exception-type') ?? message.header(':error-code') ?? 'internalServerException'
  const words = body['message'] ?? message.header(':error-message')
  return { type: 'exception', exception, message: typeof words === 'string' ? words : exception }
}

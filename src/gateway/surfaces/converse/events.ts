// Reads the events of a ConverseStream answer out of its frames, however these are cut.

import { GatewayError } from '../../../core/errors.ts'
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

function eventOf(message: EventStreamMessage): ConverseEvent {
  const type = message.header(':event-type')
  const body = payloadOf(message)
  if (type !== undefined) return { ...body, type } as ConverseEvent
  const exception = message.header(':exception-type') ?? message.header(':error-code') ?? 'internalServerException'
  const words = body['message'] ?? message.header(':error-message')
  return { type: 'exception', exception, message: typeof words === 'string' ? words : exception }
}

function payloadOf(message: EventStreamMessage): Record<string, unknown> {
  try {
    return JSON.parse(message.payload.toString('utf8')) as Record<string, unknown>
  } catch {
    // what the parser says would quote the answer
    throw new GatewayError('upstream_failed', { message: 'Bedrock streamed an event that is not JSON.' })
  }
}

// A Claude model by InvokeModel: the body goes out nearly as it came, whole answers come back as they are, streams are unwrapped.

import { GatewayError } from '../../../core/errors.ts'
import { createEventStreamScanner, type EventStreamMessage } from '../../../http/event-stream.ts'
import { sseEvent } from '../../../http/sse.ts'
import { outgoingCall, refusalWords } from '../converse/call.ts'
import type { AnswerTranslator, Outgoing, TranslationTarget } from '../surface.ts'
import { bedrockExceptionEvent, renderBedrockRefusal } from './errors.ts'
import { editMembers, type MemberEdits } from './native-body.ts'
import type { MessagesRequest } from './request.ts'

/** The one version that InvokeModel has (Bedrock user guide, "Anthropic Claude Messages API", 2026-11). */
const NATIVE_VERSION = '"bedrock-2023-05-31"'

export function invokeCall(request: MessagesRequest, { requestId }: TranslationTarget): Outgoing {
  const { streams, modelId, dropped } = request
  if (request.scan.range('service_tier') !== undefined) dropped.add('service_tier')
  const operation = streams ? 'InvokeModelWithResponseStream' : 'InvokeModel'
  return outgoingCall({
    operation,
    path: `/model/${encodeURIComponent(modelId)}/${streams ? 'invoke-with-response-stream' : 'invoke'}`,
    headers: ['content-type', 'application/json', 'accept', 'application/json', ...request.headers],
    body: nativeBody(request),
    streams,
    metadata: request.metadata,
    answer: invokeAnswer(requestId, ['request-id', requestId, ...dropped.headers()]),
  })
}

/** Whether a call is streamed, and by which model, InvokeModel's path says; betas stand in its body. */
export function nativeBody({ body, scan, betas }: MessagesRequest, more: MemberEdits = {}): Buffer {
  return editMembers(body, scan, {
    model: null,
    stream: null,
    service_tier: null,
    anthropic_beta: betas.length === 0 ? null : JSON.stringify(betas),
    anthropic_version: NATIVE_VERSION,
    ...more,
  })
}

/** Twice the largest event of Bedrock, which is a million bytes in base64: nothing longer is waited for. */
const MAX_MESSAGE_BYTES = 3_000_000

function invokeAnswer(requestId: string, headers: readonly string[]): AnswerTranslator {
  let events: Buffer[] = []
  const scanner = createEventStreamScanner({
    maxMessageBytes: MAX_MESSAGE_BYTES,
    onMessage: (message) => events.push(unwrapped(message)),
    // the meter says so to the caller
    onFault: () => undefined,
  })
  return {
    headers,
    whole: (status, body) =>
      status >= 400
        ? renderBedrockRefusal(status, refusalWords(body), requestId)
        : { status, headers: ['content-type', 'application/json'], body },
    push(chunk) {
      events = []
      scanner.push(chunk)
      return Buffer.concat(events)
    },
    end: () => NOTHING,
  }
}

const NOTHING = Buffer.alloc(0)
const PING = Buffer.from(sseEvent('ping', { type: 'ping' }))

/** One chunk of Bedrock's as the event of Anthropic's that is inside it. */
function unwrapped(message: EventStreamMessage): Buffer {
  const exception = message.header(':exception-type') ?? message.header(':error-code')
  if (exception !== undefined) {
    const words = message.header(':error-message') ?? refusalWords(message.payload)
    return bedrockExceptionEvent(exception, words)
  }
  if (message.header(':event-type') !== 'chunk') return NOTHING
  const text = chunkText(message.payload)
  const json = text.includes(OF_BEDROCK) ? withoutBedrocks(text) : text
  const type = typeOf(json)
  const event = Buffer.from(`event: ${type}\ndata: ${json}\n\n`)
  return type === 'message_start' ? Buffer.concat([event, PING]) : event
}

function chunkText(payload: Buffer): string {
  const { bytes } = JSON.parse(payload.toString()) as { bytes?: unknown }
  if (typeof bytes !== 'string') throw unreadable()
  return Buffer.from(bytes, 'base64').toString()
}

/** Bedrock writes its own members, such as its counts in the last event, into the model's JSON. */
const OF_BEDROCK = '"amazon-bedrock-'

function withoutBedrocks(text: string): string {
  const members = Object.entries(JSON.parse(text) as Record<string, unknown>)
  return JSON.stringify(Object.fromEntries(members.filter(([name]) => !name.startsWith(OF_BEDROCK.slice(1)))))
}

/** Claude writes the type first; it is looked for only where it stands elsewhere. */
const TYPE_FIRST = /^\{"type":"([a-z_]{1,64})"[,}]/

function typeOf(json: string): string {
  const type = TYPE_FIRST.exec(json)?.[1] ?? (JSON.parse(json) as { type?: unknown }).type
  if (typeof type !== 'string' || !/^[a-z_]{1,64}$/.test(type)) throw unreadable()
  return type
}

const unreadable = (): GatewayError =>
  new GatewayError('upstream_failed', { message: 'Bedrock streamed something that is no event of the Messages API.' })

// A Claude model by InvokeModel: the body goes out nearly as it came, whole answers come back as they are, streams are unwrapped.

import { GatewayError } from '../../../core/errors.ts'
import { editMembers, type MemberEdits } from '../../../http/json-splice.ts'
import { outgoingCall, refusalWords } from '../converse/call.ts'
import { createInvokeChunks, type InvokeChunk } from '../converse/chunks.ts'
import type { AnswerTranslator, Outgoing, TranslationTarget } from '../surface.ts'
import { bedrockExceptionEvent, renderBedrockRefusal } from './errors.ts'
import { PING } from './ping.ts'
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

function invokeAnswer(requestId: string, headers: readonly string[]): AnswerTranslator {
  const chunks = createInvokeChunks()
  return {
    headers,
    whole: (status, body) =>
      status >= 400
        ? renderBedrockRefusal(status, refusalWords(body), requestId)
        : { status, headers: ['content-type', 'application/json'], body },
    push: (bytes) => Buffer.concat(chunks.push(bytes).map(eventOf)),
    end: () => NOTHING,
    ping: PING,
  }
}

const NOTHING = Buffer.alloc(0)

/** One chunk of Bedrock's as the event of Anthropic's that is inside it. */
function eventOf(chunk: InvokeChunk): Buffer {
  if ('exception' in chunk) return bedrockExceptionEvent(chunk.exception, chunk.message)
  const type = typeOf(chunk.json)
  const event = Buffer.from(`event: ${type}\ndata: ${chunk.json}\n\n`)
  return type === 'message_start' ? Buffer.concat([event, PING]) : event
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

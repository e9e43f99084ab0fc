// Chat completions by any model: as they came to those that take them, else as a call of Converse whose answer is said as OpenAI says it.

import { createJsonSplicer } from '../../../http/json-splice.ts'
import { sseData } from '../../../http/sse-splitter.ts'
import { bedrockHeaders, saidInHeaders } from '../bedrock-headers.ts'
import { outgoingConverse } from '../converse/call.ts'
import type { Dropped } from '../converse/dropped.ts'
import { InvalidField } from '../converse/fields.ts'
import { goesToOwnEndpoint, ownEndpointCall, passedAnswer } from '../own-endpoints.ts'
import type { AnswerTranslator, Outgoing, Prepared, TranslationTarget } from '../surface.ts'
import type { AskedCall } from './asked-call.ts'
import { chatCompletion, type AnswerOf } from './chat-answer.ts'
import { isUsageAlone, nativeChat, takesChat } from './chat-native.ts'
import { readChatRequest, sayChat, type ChatRequest } from './chat-request.ts'
import { createChatStream } from './chat-stream.ts'
import { jsonAnswer, renderBedrockRefusal } from './errors.ts'
import { underPolicy, type Allowed } from './policy.ts'

export function prepareChat({ fields, body, header }: AskedCall): Prepared {
  const request = readChatRequest(fields, header)
  const headers = bedrockHeaders(header)
  return {
    facts: { modelId: request.modelId },
    translate(target) {
      const allowed = underPolicy('chat completions', { fields, body }, target.dialects)
      const chat = { ...request, fields: allowed.fields }
      if (goesToOwnEndpoint('ChatCompletions', target, headers)) return ownChat(chat, allowed, headers, target)
      return takesChat(target.model.baseModel)
        ? nativeChat(chat, allowed, headers, target)
        : outgoingChat(chat, allowed.dropped, headers, target)
    },
  }
}

/** Of a stream the usage is always asked for, since the ledger needs it; who did not ask for it does not get it. */
function ownChat(
  chat: ChatRequest,
  { body, dropped }: Allowed,
  headers: readonly string[],
  target: TranslationTarget,
): Outgoing {
  const { streams, includeUsage, fields, metadata } = chat
  const hidesUsage = streams && !includeUsage
  return ownEndpointCall({
    api: 'ChatCompletions',
    body: hidesUsage ? askingForUsage(body, fields.object('stream_options')?.value ?? {}) : body,
    streams,
    headers,
    metadata,
    tier: fields.text('service_tier'),
    continues: false,
    answer: passedAnswer({
      headers: ['x-request-id', target.requestId, ...dropped.headers()],
      ...(hidesUsage ? { onEvent: (event: Buffer) => !isUsageAlone(sseData(event).toString()) } : {}),
    }),
  })
}

const STREAM_OPTIONS = createJsonSplicer(['stream_options'])

function askingForUsage(body: Buffer, options: object): Buffer {
  const asked = STREAM_OPTIONS.splice(body, () => ({
    stream_options: JSON.stringify({ ...options, include_usage: true }),
  }))
  if (!asked.ok) throw new InvalidField('The body', 'is not a valid JSON object.')
  return asked.body
}

function outgoingChat(
  chat: ChatRequest,
  dropped: Dropped,
  headers: readonly string[],
  { model, requestId, now }: TranslationTarget,
): Outgoing {
  const { request, schemaTool } = sayChat(chat, model.baseModel, dropped)
  const about: AnswerOf = {
    id: `chatcmpl-${requestId}`,
    model: chat.modelId,
    created: Math.floor(now / 1_000),
    schemaTool,
  }
  return outgoingConverse({
    modelId: model.modelId,
    request: { ...request, ...saidInHeaders(headers) },
    streams: chat.streams,
    metadata: chat.metadata,
    answer: chatAnswer(about, ['x-request-id', requestId, ...dropped.headers()], chat.includeUsage),
  })
}

function chatAnswer(about: AnswerOf, headers: readonly string[], includeUsage: boolean): AnswerTranslator {
  const stream = createChatStream(about, includeUsage)
  return {
    headers,
    whole: (status, body) =>
      status >= 400 ? renderBedrockRefusal(status, body) : jsonAnswer(status, chatCompletion(body, about)),
    push: (chunk) => stream.push(chunk),
    end: () => stream.end(),
  }
}

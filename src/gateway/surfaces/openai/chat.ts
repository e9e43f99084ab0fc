// Chat completions by any model: where it does not take them itself, written as a call of Converse, its answer said as OpenAI says it.

import { outgoingConverse } from '../converse/call.ts'
import type { Fields } from '../converse/fields.ts'
import type { AnswerTranslator, Outgoing, Prepared, TranslationTarget } from '../surface.ts'
import { chatCompletion, type AnswerOf } from './chat-answer.ts'
import { nativeChat, takesChat } from './chat-native.ts'
import { readChatRequest, sayChat, type ChatRequest } from './chat-request.ts'
import { createChatStream } from './chat-stream.ts'
import { jsonAnswer, renderBedrockRefusal } from './errors.ts'

export function prepareChat(fields: Fields, body: Buffer): Prepared {
  const request = readChatRequest(fields)
  return {
    facts: { modelId: request.modelId },
    translate: (target) =>
      takesChat(target.model.baseModel) ? nativeChat(request, body, target) : outgoingChat(request, target),
  }
}

function outgoingChat(chat: ChatRequest, { model, requestId, now }: TranslationTarget): Outgoing {
  const { request, schemaTool, dropped } = sayChat(chat, model.baseModel)
  const about: AnswerOf = {
    id: `chatcmpl-${requestId}`,
    model: chat.modelId,
    created: Math.floor(now / 1_000),
    schemaTool,
  }
  return outgoingConverse({
    modelId: model.modelId,
    request,
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

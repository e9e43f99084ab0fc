// A model that does not speak Anthropic's dialect, by Converse: the request said in its words, the answer in Anthropic's.

import { saidInHeaders } from '../bedrock-headers.ts'
import { outgoingConverse, parseConverseAnswer, refusalWords } from '../converse/call.ts'
import { createConverseEvents } from '../converse/events.ts'
import { readFields } from '../converse/fields.ts'
import type { AnswerTranslator, Outgoing, TranslationTarget } from '../surface.ts'
import { messageOf, type Asked } from './converse-answer.ts'
import { sayMessages } from './converse-request.ts'
import { MessageStream } from './converse-stream.ts'
import { renderBedrockRefusal } from './errors.ts'
import { PING } from './ping.ts'
import { invalid, type MessagesRequest } from './request.ts'

export function converseCall(request: MessagesRequest, { model, requestId }: TranslationTarget): Outgoing {
  const { modelId, streams, betas, metadata, dropped } = request
  if (request.scan.range('max_tokens') === undefined) throw invalid('max_tokens: Field required')
  const said = sayMessages(readFields(request.body), model.baseModel, dropped)
  if (betas.length > 0) dropped.add('anthropic-beta')
  const asked: Asked = { requestId, modelId, stopSequences: said.stopSequences }
  const headers = ['request-id', requestId, ...dropped.headers()]
  return outgoingConverse({
    modelId,
    request: { ...said.request, ...saidInHeaders(request.headers) },
    streams,
    metadata,
    answer: converseAnswer(asked, headers),
  })
}

function converseAnswer(asked: Asked, headers: readonly string[]): AnswerTranslator {
  const events = createConverseEvents()
  const stream = new MessageStream(asked)
  return {
    headers,
    whole(status, body) {
      if (status >= 400) return renderBedrockRefusal(status, refusalWords(body), asked.requestId)
      const message = JSON.stringify(messageOf(parseConverseAnswer(body), asked))
      return { status, headers: ['content-type', 'application/json'], body: Buffer.from(message) }
    },
    push: (chunk) =>
      Buffer.from(
        events
          .push(chunk)
          .map((event) => stream.say(event))
          .join(''),
      ),
    end: () => Buffer.alloc(0),
    ping: PING,
  }
}

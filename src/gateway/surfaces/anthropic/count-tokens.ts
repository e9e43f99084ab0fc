// How many tokens a request would be, asked of Bedrock's CountTokens in the form in which the request itself would go out.

import { GatewayError } from '../../../core/errors.ts'
import { outgoingCall, refusalWords } from '../converse/call.ts'
import { readFields } from '../converse/fields.ts'
import type { AnswerTranslator, Outgoing, TranslationTarget } from '../surface.ts'
import { sayMessages } from './converse-request.ts'
import { renderBedrockRefusal } from './errors.ts'
import { nativeBody } from './invoke.ts'
import type { MessagesRequest } from './request.ts'

export function countTokensCall(
  request: MessagesRequest,
  { model, requestId }: TranslationTarget,
  native: boolean,
): Outgoing {
  const input = native ? { invokeModel: { body: countableBody(request) } } : { converse: countable(request, model) }
  // Bedrock counts by the model itself, not by a profile that routes to it.
  const modelId = model.baseModel ?? request.modelId
  return outgoingCall({
    operation: 'CountTokens',
    path: `/model/${encodeURIComponent(modelId)}/count-tokens`,
    headers: ['content-type', 'application/json', 'accept', 'application/json'],
    body: Buffer.from(JSON.stringify({ input })),
    streams: false,
    metadata: request.metadata,
    answer: countAnswer(requestId),
  })
}

/** InvokeModel's body has a cap, which counting has no use for and the one who counts does not send. */
function countableBody(request: MessagesRequest): string {
  const cap = request.scan.range('max_tokens') === undefined ? { max_tokens: '1' } : {}
  return nativeBody(request, cap).toString('base64')
}

function countable(request: MessagesRequest, { baseModel }: TranslationTarget['model']): object {
  const { messages, system, toolConfig } = sayMessages(readFields(request.body), baseModel, request.dropped).request
  return {
    messages,
    ...(system === undefined ? {} : { system }),
    ...(toolConfig === undefined ? {} : { toolConfig }),
  }
}

const countAnswer = (requestId: string): AnswerTranslator => ({
  headers: ['request-id', requestId],
  whole(status, body) {
    if (status >= 400) return renderBedrockRefusal(status, refusalWords(body), requestId)
    const counted = Buffer.from(JSON.stringify({ input_tokens: countIn(body) }))
    return { status, headers: ['content-type', 'application/json'], body: counted }
  },
  push: () => Buffer.alloc(0),
  end: () => Buffer.alloc(0),
})

function countIn(body: Buffer): number {
  const { inputTokens } = JSON.parse(body.toString()) as { inputTokens?: unknown }
  if (typeof inputTokens === 'number') return inputTokens
  throw new GatewayError('upstream_failed', { message: 'Bedrock counted no tokens.' })
}

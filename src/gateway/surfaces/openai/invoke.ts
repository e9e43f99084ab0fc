// Calls of this dialect that go out as InvokeModel, in the native body of a family, and whose answers are whole.

import { flatHeader } from '../../headers.ts'
import { outgoingCall, parseObject } from '../converse/call.ts'
import type { Dropped } from '../converse/dropped.ts'
import { isObject } from '../converse/fields.ts'
import type { Json, JsonObject } from '../converse/types.ts'
import type { Outgoing, RenderedAnswer, TranslationTarget } from '../surface.ts'
import { GatewayError } from '../../../core/errors.ts'
import { renderBedrockRefusal } from './errors.ts'

export type InvokeAnswer = {
  readonly body: JsonObject
  /** null: the answer does not say */
  readonly inputTokens: number | null
}

export type InvokeCall = {
  readonly target: TranslationTarget
  readonly body: JsonObject
  readonly metadata: Readonly<Record<string, string>>
  readonly dropped: Dropped
  readonly answer: (answer: InvokeAnswer) => RenderedAnswer
}

export function invokeCall({ target, body, metadata, dropped, answer }: InvokeCall): Outgoing {
  const { model, requestId } = target
  return outgoingCall({
    operation: 'InvokeModel',
    path: `/model/${encodeURIComponent(model.modelId)}/invoke`,
    headers: ['content-type', 'application/json', 'accept', 'application/json'],
    body: Buffer.from(JSON.stringify(body)),
    streams: false,
    metadata,
    answer: {
      headers: ['x-request-id', requestId, ...dropped.headers()],
      whole: (status, bytes, headers) =>
        status >= 400 ? renderBedrockRefusal(status, bytes) : answer(answerOf(bytes, headers)),
      push: neverStreams,
      end: neverStreams,
    },
  })
}

function neverStreams(): never {
  throw new GatewayError('upstream_failed', { detail: 'InvokeModel answered with a stream' })
}

const INPUT_TOKENS = 'x-amzn-bedrock-input-token-count'

function answerOf(bytes: Buffer, headers: readonly string[]): InvokeAnswer {
  const body = parseObject(bytes) as Json
  if (!isObject(body))
    throw new GatewayError('upstream_failed', { message: 'Bedrock answered with something that is not an answer.' })
  const said = body['inputTextTokenCount'] ?? flatHeader(headers, INPUT_TOKENS)
  return { body, inputTokens: said === null ? null : Number(said) }
}

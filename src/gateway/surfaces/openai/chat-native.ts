// Chat completions by the models whose InvokeModel takes them as they are: the body goes out nearly untouched, and so do the answers.

import { createJsonGuard } from '../../../http/json-guard.ts'
import { editMembers } from '../../../http/json-splice.ts'
import { flatHeader } from '../../headers.ts'
import { outgoingCall } from '../converse/call.ts'
import { createInvokeChunks, type InvokeChunk } from '../converse/chunks.ts'
import { InvalidField } from '../converse/fields.ts'
import type { AnswerTranslator, Outgoing, TranslationTarget } from '../surface.ts'
import type { ChatRequest } from './chat-request.ts'
import { exceptionEvent, JSON_HEADERS, renderBedrockRefusal } from './errors.ts'
import type { Allowed } from './policy.ts'
import { tierOf } from './settings.ts'

/**
 * The closed GPT models. The open ones (gpt-oss) take chat completions too, but write what they think into their answer's text, where
 * Converse has it apart; they and all others go by Converse.
 */
export const takesChat = (baseModel: string | null): boolean => baseModel !== null && /^openai\.gpt-\d/.test(baseModel)

/** What InvokeModel has in its path and headers, and what is kept here: the rest is the model's to read. */
const TAKEN_OUT = ['model', 'stream', 'service_tier', 'metadata', 'user', 'safety_identifier', 'store'] as const
const GUARD = createJsonGuard({ watch: TAKEN_OUT })
const TIER_HEADER = 'x-amzn-bedrock-service-tier'

export function nativeChat(
  chat: ChatRequest,
  { body, dropped }: Allowed,
  said: readonly string[],
  { model, requestId }: TranslationTarget,
): Outgoing {
  const { streams, fields, metadata } = chat
  if (fields.flag('store') === true) dropped.add('store')
  const tier = tierOf(fields, dropped)
  const isTold = flatHeader(said, TIER_HEADER) !== null
  const scan = GUARD.scan(body)
  if (!scan.ok) throw new InvalidField('The body', 'is not a valid JSON object.')
  const edits = Object.fromEntries(TAKEN_OUT.map((name) => [name, null]))
  return outgoingCall({
    operation: streams ? 'InvokeModelWithResponseStream' : 'InvokeModel',
    path: `/model/${encodeURIComponent(model.modelId)}/${streams ? 'invoke-with-response-stream' : 'invoke'}`,
    headers: [...SENT_HEADERS, ...said, ...(tier === undefined || isTold ? [] : [TIER_HEADER, tier.type])],
    body: editMembers(body, scan, edits),
    streams,
    metadata,
    answer: nativeAnswer(['x-request-id', requestId, ...dropped.headers()], chat.includeUsage),
  })
}

const SENT_HEADERS = ['content-type', 'application/json', 'accept', 'application/json']
const DONE = 'data: [DONE]\n\n'

function nativeAnswer(headers: readonly string[], includeUsage: boolean): AnswerTranslator {
  const chunks = createInvokeChunks()
  let failed = false
  const said = (chunk: InvokeChunk): string => {
    if ('exception' in chunk) {
      failed = true
      return exceptionEvent(chunk.exception, chunk.message)
    }
    return includeUsage || !isUsageAlone(chunk.json) ? `data: ${chunk.json}\n\n` : ''
  }
  return {
    headers,
    whole: (status, body) =>
      status >= 400 ? renderBedrockRefusal(status, body) : { status, headers: JSON_HEADERS, body },
    push: (bytes) => Buffer.from(chunks.push(bytes).map(said).join('')),
    end: () => Buffer.from(failed ? '' : DONE),
  }
}

/** The last chunk, which clients get only when they ask for it; it is looked into only where its choices may be empty. */
export function isUsageAlone(json: string): boolean {
  if (!json.includes('"choices":[]')) return false
  const { choices } = JSON.parse(json) as { choices?: unknown }
  return Array.isArray(choices) && choices.length === 0
}

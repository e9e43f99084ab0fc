// Requests of native operations, each named by its request metadata so that it is found again in the ledger and in the bill.

import type { RawCall } from './raw-call.ts'
import { CALL_KEY } from './reconcile.ts'

export type CallKind = 'converse' | 'stream' | 'invoke' | 'invoke_stream'

export const HAIKU = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
export const NOVA_LITE = 'amazon.nova-lite-v1:0'

const OPERATION_PATHS: Readonly<Record<CallKind, string>> = {
  converse: 'converse',
  stream: 'converse-stream',
  invoke: 'invoke',
  invoke_stream: 'invoke-with-response-stream',
}

/** A call whose answer has so many tokens. */
export function callNamed(call: string, kind: CallKind, tokens: number): Omit<RawCall, 'key'> {
  const text = `Call ${call}: answer in ${tokens} words.`
  const converses = kind === 'converse' || kind === 'stream'
  return {
    path: pathOf(HAIKU, kind),
    body: converses ? converseBody(call, text) : claudeBody(text),
    headers: converses ? {} : metadataHeader(call),
  }
}

export const pathOf = (modelId: string, kind: CallKind): string =>
  `/model/${encodeURIComponent(modelId)}/${OPERATION_PATHS[kind]}`

export const converseBody = (call: string, text: string, more: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      messages: [{ role: 'user', content: [{ text }] }],
      inferenceConfig: { maxTokens: 1_000 },
      requestMetadata: { [CALL_KEY]: call },
      ...more,
    }),
  )

export const claudeBody = (text: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 1_000,
      messages: [{ role: 'user', content: text }],
    }),
  )

/** InvokeModel has no member for metadata: it goes in a header. */
export const metadataHeader = (call: string): Record<string, string> => ({
  'x-amzn-bedrock-request-metadata': JSON.stringify({ [CALL_KEY]: call }),
})

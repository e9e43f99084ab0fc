// Traffic of every kind, chosen by a seed: operations, families, tiers, cached prompts, wrong requests, and clients that leave.

import type { Choices } from './random.ts'
import type { Leave, RawCall } from './raw-call.ts'
import { claudeBody, converseBody, HAIKU, metadataHeader, NOVA_LITE, pathOf, type CallKind } from './requests.ts'

export type Request = Omit<RawCall, 'key' | 'leave'>

export type MixedCall = {
  readonly name: string
  readonly request: Request
  /** what its tenant's plan does when the client leaves */
  readonly plan: 'drain' | 'abort'
  readonly leave: Leave
  /** the client leaves in the middle of its own request */
  readonly leavesUpload: boolean
  readonly over: 'http1' | 'http2' | 'sdk'
  /** the gateway itself must refuse it: nothing reaches upstream, no entry */
  readonly refused: boolean
}

/** Calls with this in their name are generated slowly, so that their clients leave in the middle. */
export const LEAVES = 'leaves'

const SONNET = 'global.anthropic.claude-sonnet-4-5-20250929-v1:0'
const NOVA_2 = 'global.amazon.nova-2-lite-v1:0'
const GPT_OSS = 'openai.gpt-oss-120b-1:0'
const CONVERSE_MODELS = [HAIKU, SONNET, NOVA_LITE, NOVA_2, GPT_OSS, 'meta.llama3-3-70b-instruct-v1:0']
const TIERED_MODELS = [NOVA_2, GPT_OSS]
const TIERS = ['default', 'flex', 'priority']
/** Long enough for Claude Sonnet's prompt cache: 1,024 tokens or more. */
const CACHED_TEXTS = ['rope', 'sail', 'mast'].map((word) => `${word} `.repeat(1_100))

export function mixedTraffic(choices: Choices, count: number, sdkCalls: number): MixedCall[] {
  return Array.from({ length: count }, (_, index) => {
    const sdk = index < sdkCalls
    const leave = sdk || !choices.chance(0.1) ? null : leaveOf(choices)
    const leavesUpload = !sdk && leave === null && choices.chance(0.01)
    const refused = !sdk && leave === null && !leavesUpload && choices.chance(0.02)
    const name = `${index}${leave === null ? '' : `-${LEAVES}`}`
    const request = refused ? refusedRequest(choices, name) : requestOf(choices, name, sdk)
    const over = sdk ? 'sdk' : choices.pick(['http1', 'http1', 'http2'] as const)
    return { name, request, plan: choices.pick(['drain', 'abort'] as const), leave, leavesUpload, over, refused }
  })
}

function leaveOf(choices: Choices): Leave {
  return choices.pick<Leave>([
    { at: 'before_first_byte', afterMilliseconds: choices.below(30) },
    { at: 'headers' },
    { at: 'event', count: 1 },
    { at: 'event', count: 2 + choices.below(8) },
  ])
}

function requestOf(choices: Choices, name: string, sdk: boolean): Request {
  const text = `Call ${name}: answer in ${1 + choices.below(60)} words.`
  const kinds = sdk ? [converseRequest] : [converseRequest, converseRequest, invokeRequest, countRequest]
  const makers = [...kinds, ...kinds, cachedRequest, tieredRequest, ...(sdk ? [] : [otherRequest])]
  return choices.pick(makers)(choices, name, text)
}

const converseKind = (choices: Choices): CallKind => choices.pick(['converse', 'stream', 'stream'])
const invokeKind = (choices: Choices): CallKind => choices.pick(['invoke', 'invoke_stream', 'invoke_stream'])

function converseRequest(choices: Choices, name: string, text: string): Request {
  return { path: pathOf(choices.pick(CONVERSE_MODELS), converseKind(choices)), body: converseBody(name, text) }
}

function tieredRequest(choices: Choices, name: string, text: string): Request {
  const serviceTier = { type: choices.pick(TIERS) }
  return {
    path: pathOf(choices.pick(TIERED_MODELS), converseKind(choices)),
    body: converseBody(name, text, { serviceTier }),
  }
}

function cachedRequest(choices: Choices, name: string, text: string): Request {
  const cachePoint = { type: 'default', ...(choices.chance(0.3) ? { ttl: '1h' } : {}) }
  const system = [{ text: choices.pick(CACHED_TEXTS) }, { cachePoint }]
  return { path: pathOf(SONNET, converseKind(choices)), body: converseBody(name, text, { system }) }
}

/** The bodies of InvokeModel by model, each in its family's own form. */
const INVOKE_BODIES: Readonly<Record<string, (text: string) => Buffer>> = {
  [HAIKU]: claudeBody,
  [SONNET]: claudeBody,
  [NOVA_LITE]: (text) =>
    json({ messages: [{ role: 'user', content: [{ text }] }], inferenceConfig: { maxTokens: 300 } }),
  [GPT_OSS]: (text) => json({ messages: [{ role: 'user', content: text }], max_tokens: 300 }),
  'meta.llama3-3-70b-instruct-v1:0': (prompt) => json({ prompt, max_gen_len: 300 }),
  'mistral.mistral-large-2407-v1:0': (text) => json({ messages: [{ role: 'user', content: text }], max_tokens: 300 }),
  'cohere.command-r-plus-v1:0': (message) => json({ message, max_tokens: 300 }),
  'ai21.jamba-1-5-large-v1:0': (text) => json({ messages: [{ role: 'user', content: text }], max_tokens: 300 }),
}

function invokeRequest(choices: Choices, name: string, text: string): Request {
  const modelId = choices.pick(Object.keys(INVOKE_BODIES))
  const body = INVOKE_BODIES[modelId]?.(text) ?? Buffer.alloc(0)
  return { path: pathOf(modelId, invokeKind(choices)), body, headers: metadataHeader(name) }
}

/** Models that answer no text. */
function otherRequest(choices: Choices, name: string, text: string): Request {
  const documents = Array.from({ length: 1 + choices.below(150) }, (_, index) => `document ${index} of ${name}`)
  const image = { numberOfImages: 1 + choices.below(3), width: 1024, height: 1024, quality: 'standard' }
  const [modelId, body] = choices.pick([
    ['amazon.titan-embed-text-v2:0', json({ inputText: text })],
    ['cohere.rerank-v3-5:0', json({ query: text, documents, api_version: 2 })],
    [
      'amazon.nova-canvas-v1:0',
      json({ taskType: 'TEXT_IMAGE', textToImageParams: { text }, imageGenerationConfig: image }),
    ],
  ] as const)
  return { path: pathOf(modelId, 'invoke'), body, headers: metadataHeader(name) }
}

function countRequest(_: Choices, name: string, text: string): Request {
  const input = { converse: { messages: [{ role: 'user', content: [{ text }] }] } }
  return {
    path: `/model/${encodeURIComponent('anthropic.claude-haiku-4-5-20251001-v1:0')}/count-tokens`,
    body: json({ input }),
    headers: metadataHeader(name),
  }
}

/** Requests that the gateway refuses by itself. */
function refusedRequest(choices: Choices, name: string): Request {
  const path = pathOf(HAIKU, 'converse')
  const whole = converseBody(name, 'Hello.')
  return choices.pick<Request>([
    { path, body: whole.subarray(0, -1) },
    { path: pathOf('no-such-model', 'converse'), body: whole },
    { path: `/model/${encodeURIComponent(HAIKU)}/converse-all`, body: whole },
    { path, body: whole, headers: { authorization: 'Bearer wb_aaaaaaaaaaaa_0123456789abcdef0123456789abcdef' } },
  ])
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

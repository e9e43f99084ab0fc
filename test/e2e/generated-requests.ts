// Requests of every family and operation, honest and tricky, for properties that must hold for whatever a client sends.

import fc from 'fast-check'
import { CASES } from '../../simulator/families/cases-for-tests.ts'
import { FAMILIES } from '../../simulator/families/index.ts'
import type { Json, JsonObject, ModelCard } from '../../simulator/family.ts'

export type GeneratedRequest = {
  readonly family: string
  readonly card: ModelCard
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: JsonObject
}

type Served = { readonly family: string; readonly card: ModelCard; readonly streams: boolean }

const SERVED: readonly Served[] = FAMILIES.flatMap((family) =>
  family.models.map((card) => ({ family: family.name, card, streams: family.stream !== undefined && card.streaming })),
)

/** As it can be called: by its own id, or by a profile. */
const callable = ({ modelId, inferenceTypes, profiles }: ModelCard, global: boolean): string => {
  const prefix = profiles.find((name) => (name === 'global') === global) ?? profiles[0]
  return prefix === undefined || (inferenceTypes.includes('ON_DEMAND') && !global) ? modelId : `${prefix}.${modelId}`
}

const ALPHABETS = ['the sea was red ', 'Käse und Öl, früh ', '海は赤かった', '🚢⚓🌊', '"quoted" \\ and\n', '        ']

const wishes = fc.record({
  served: fc.constantFrom(...SERVED),
  kind: fc.constantFrom('converse', 'converse-stream', 'invoke', 'invoke-with-response-stream', 'async'),
  isGlobal: fc.boolean(),
  alphabet: fc.constantFrom(...ALPHABETS),
  repeats: fc.integer({ min: 0, max: 700 }),
  words: fc.option(fc.integer({ min: 1, max: 6_000 })),
  cap: fc.option(fc.integer({ min: 1, max: 4_000 })),
  decoys: fc.subarray(['max_tokens', 'max_gen_len', 'maxTokens', 'max_tokens_to_sample', 'max_completion_tokens']),
  answers: fc.option(fc.integer({ min: 1, max: 5 })),
  thinking: fc.option(fc.integer({ min: 1_024, max: 3_000 })),
  cache: fc.constantFrom(null, '5m', '1h'),
  media: fc.array(fc.constantFrom('image', 'document', 'video', 's3'), { maxLength: 4 }),
  tier: fc.constantFrom(null, null, null, 'default', 'priority', 'flex'),
  tierElsewhere: fc.constantFrom(null, null, 'flex', 'cheap'),
  isGuarded: fc.boolean(),
  size: fc.constantFrom(null, [2_048, 1_024], [512, 512]),
  seconds: fc.constantFrom(6, 12, 60, 120),
  shots: fc.option(fc.integer({ min: 2, max: 20 })),
})
type Wishes = typeof wishes extends fc.Arbitrary<infer Value> ? Value : never

export const generatedRequests: fc.Arbitrary<GeneratedRequest> = wishes.map(requestOf)

function requestOf(wish: Wishes): GeneratedRequest {
  const { family, card } = wish.served
  const kind = kindOf(wish)
  const modelId = callable(card, wish.isGlobal)
  const common = { family, card, headers: headersOf(wish, kind) }
  if (kind === 'async') {
    const body = {
      modelId,
      modelInput: modelInput(wish),
      outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://films/out' } },
    }
    return { ...common, path: '/async-invoke', body }
  }
  const path = `/model/${encodeURIComponent(modelId)}/${kind}`
  return { ...common, path, body: kind.startsWith('converse') ? converseBody(wish) : invokeBody(wish) }
}

/** What the model can do; asked for something else it only refuses. */
function kindOf({ served, kind }: Wishes): Wishes['kind'] {
  if (/^(?:nova-reel|luma)/.test(served.family)) return 'async'
  if (kind === 'async') return /^(?:twelvelabs-marengo|nova-embeddings)/.test(served.family) ? 'async' : 'invoke'
  const name = kind.startsWith('converse') && !served.card.converse ? kind.replace('converse', 'invoke') : kind
  if (name === 'invoke-stream') return served.streams ? 'invoke-with-response-stream' : 'invoke'
  return name.includes('stream') && !served.streams
    ? name.startsWith('converse')
      ? 'converse'
      : 'invoke'
    : (name as Wishes['kind'])
}

function headersOf(wish: Wishes, kind: Wishes['kind']): Record<string, string> {
  const headers: Record<string, string> = {}
  const isConverse = kind.startsWith('converse')
  const tier = isConverse ? wish.tierElsewhere : wish.tier
  if (tier !== null && (isConverse || wish.served.card.tiers.includes(tier)))
    headers['x-amzn-bedrock-service-tier'] = tier
  // guardrails read text, and only models of text have them
  if (wish.isGuarded && wish.served.card.maxOutputTokens > 0 && kind.startsWith('invoke')) {
    headers['x-amzn-bedrock-guardrailidentifier'] = 'abc123'
    headers['x-amzn-bedrock-guardrailversion'] = '1'
  }
  return headers
}

const promptOf = ({ alphabet, repeats, words }: Wishes): string =>
  `${alphabet.repeat(repeats)}Say something${words === null ? '' : ` in ${words} words`}.`

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const FILM = { s3Location: { uri: 's3://films/clip-3600s.mp4' } }
const CONVERSE_MEDIA: Readonly<Record<string, JsonObject>> = {
  image: { image: { format: 'png', source: { bytes: PIXEL } } },
  document: { document: { format: 'pdf', name: 'a', source: { bytes: 'JVBERi0xLjQK' } } },
  video: { video: { format: 'mp4', source: { bytes: 'AAAA' } } },
  s3: { video: { format: 'mp4', source: FILM } },
}
const TOOL_SCHEMA = { type: 'object', properties: { document: { type: 'string' }, image: { type: 'string' } } }

function converseBody(wish: Wishes): JsonObject {
  const { cache, cap, answers, thinking, decoys } = wish
  const point: JsonObject[] =
    cache === null ? [] : [{ cachePoint: { type: 'default', ...(cache === '1h' ? { ttl: cache } : {}) } }]
  const media = wish.media.map((name) => CONVERSE_MEDIA[name] ?? {})
  const extra: JsonObject = answers === null ? {} : { n: answers }
  if (thinking !== null) extra['thinking'] = { type: 'enabled', budget_tokens: thinking }
  return {
    messages: [{ role: 'user', content: [...media, { text: promptOf(wish) }, ...point] }],
    ...(cap === null ? {} : { inferenceConfig: { maxTokens: Math.min(cap, wish.served.card.maxOutputTokens) } }),
    ...(Object.keys(extra).length === 0 ? {} : { additionalModelRequestFields: extra }),
    ...(wish.shots === null
      ? {}
      : { toolConfig: { tools: [{ toolSpec: { name: 'look', inputSchema: { json: TOOL_SCHEMA } } }] } }),
    ...(wish.tier !== null && wish.served.card.tiers.includes(wish.tier) ? { serviceTier: { type: wish.tier } } : {}),
    ...(wish.isGuarded ? { guardrailConfig: { guardrailIdentifier: 'abc123', guardrailVersion: '1' } } : {}),
    ...Object.fromEntries(decoys.map((name) => [name, 1])),
  }
}

/** Where the family reads its cap; written here anew, so that the gateway's own table is held against it. */
const CAPS: Readonly<Record<string, (cap: number) => JsonObject>> = {
  claude: (cap) => ({ max_tokens: cap }),
  nova: (cap) => ({ inferenceConfig: { maxTokens: cap } }),
  llama: (cap) => ({ max_gen_len: cap }),
  'titan-text': (cap) => ({ textGenerationConfig: { maxTokenCount: cap } }),
  'twelvelabs-pegasus': (cap) => ({ maxOutputTokens: cap }),
}
const CHATS = new Set([
  'openai-shaped',
  'mistral-chat',
  'mistral-chat-old',
  'ai21-jamba',
  'mistral-text',
  'deepseek-r1',
  'cohere-command',
])
const LENIENT = new Set(['openai-shaped', 'mistral-chat', 'mistral-chat-old', 'ai21-jamba'])

function invokeBody(wish: Wishes): JsonObject {
  const { family, card } = wish.served
  const good = CASES[family]?.good
  const base = replaced(typeof good === 'function' ? good(card) : (good ?? {}), promptOf(wish)) as JsonObject
  const body = withCap(wish, base)
  if (LENIENT.has(family)) {
    for (const name of wish.decoys) body[name] ??= 1
    if (wish.answers !== null) body['n'] = wish.answers
  }
  return OWN_MEMBERS[family]?.(wish, body) ?? body
}

function withCap({ served, cap }: Wishes, base: JsonObject): JsonObject {
  const { family, card } = served
  const body = { ...base }
  if (cap === null) {
    if (family !== 'claude') delete body['max_tokens']
    return body
  }
  const asked = Math.min(cap, card.maxOutputTokens)
  return { ...body, ...(CHATS.has(family) ? { max_tokens: asked } : CAPS[family]?.(asked)) }
}

const pictured = (wish: Wishes, body: JsonObject): JsonObject => ({ ...body, imageGenerationConfig: imageConfig(wish) })
const ranked = ({ repeats }: Wishes, body: JsonObject): JsonObject => ({
  ...body,
  documents: Array.from({ length: Math.max(1, repeats) }, () => ''),
})

/** What only one family has. */
const OWN_MEMBERS: Readonly<Record<string, (wish: Wishes, body: JsonObject) => JsonObject>> = {
  'nova-canvas': pictured,
  'titan-image': pictured,
  'cohere-rerank': ranked,
  'amazon-rerank': ranked,
  'stability-xl': ({ answers }, body) => (answers === null ? body : { ...body, samples: answers }),
  llama: ({ media }, body) => ({ ...body, images: media.map(() => PIXEL) }),
  claude: claudeBody,
  'cohere-embed': ({ served, media }, body) =>
    served.card.modelId.includes('v4') && media.length > 0
      ? { input_type: 'image', images: media.map(() => `data:image/png;base64,${PIXEL}`) }
      : body,
}

function imageConfig({ answers, size, words }: Wishes): JsonObject {
  return {
    ...(answers === null ? {} : { numberOfImages: answers }),
    ...(size === null ? {} : { width: size[0] ?? 512, height: size[1] ?? 512 }),
    ...(words === null ? {} : { quality: 'premium' }),
  }
}

function claudeBody(wish: Wishes, body: JsonObject): JsonObject {
  const { cache, thinking } = wish
  const control: JsonObject =
    cache === null ? {} : { cache_control: { type: 'ephemeral', ...(cache === '1h' ? { ttl: cache } : {}) } }
  const images = wish.media.map(() => ({
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: PIXEL },
  }))
  const cap = (body['max_tokens'] as number) + (thinking ?? 0)
  return {
    ...body,
    max_tokens: Math.min(cap, wish.served.card.maxOutputTokens),
    ...(thinking === null ? {} : { thinking: { type: 'enabled', budget_tokens: thinking } }),
    messages: [{ role: 'user', content: [...images, { type: 'text', text: promptOf(wish), ...control }] }],
  }
}

function modelInput(wish: Wishes): JsonObject {
  const { served, seconds, shots } = wish
  const { family, card } = served
  if (family === 'nova-reel') return reelInput(wish)
  if (family === 'luma-ray')
    return { prompt: 'a sea', duration: seconds > 6 ? '9s' : '5s', resolution: shots === null ? '540p' : '720p' }
  if (family === 'nova-embeddings') {
    const embedded = shots === null ? { text: { value: promptOf(wish) } } : { video: { format: 'mp4', source: FILM } }
    return { taskType: 'SEGMENTED_EMBEDDING', segmentedEmbeddingParams: embedded }
  }
  const video = { mediaSource: FILM, ...(shots === null ? {} : { startSec: 0, lengthSec: shots }) }
  return card.modelId.includes('-3-0-') ? { inputType: 'video', video } : { inputType: 'video', ...video }
}

function reelInput({ seconds, shots, isGlobal }: Wishes): JsonObject {
  const text = 'a sea'
  if (shots === null)
    return { taskType: 'TEXT_VIDEO', textToVideoParams: { text }, ...(seconds > 6 ? {} : reelSeconds(6)) }
  if (isGlobal) {
    const multiShotManualParams = { shots: Array.from({ length: shots }, () => ({ text })) }
    return { taskType: 'MULTI_SHOT_MANUAL', multiShotManualParams, ...reelSeconds(12) }
  }
  return {
    taskType: 'MULTI_SHOT_AUTOMATED',
    multiShotAutomatedParams: { text },
    ...reelSeconds(seconds > 6 ? seconds : 12),
  }
}

const reelSeconds = (durationSeconds: number): JsonObject => ({ videoGenerationConfig: { durationSeconds } })

function replaced(value: Json, prompt: string): Json {
  if (value === 'Say something.') return prompt
  if (Array.isArray(value)) return value.map((item) => replaced(item, prompt))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaced(item, prompt)]))
}

// One case for every family: a good body, a bad one, and how its answers are read by someone who knows the family's convention.
import type { BilledUsage, JsonObject, ModelCard } from '../family.ts'
import { asNumber, asObject, asObjects, asString } from './json.ts'

export type FamilyCase = {
  good: JsonObject | ((model: ModelCard) => JsonObject)
  bad: JsonObject
  refusal: RegExp
  /** the text of a whole answer; absent where a family answers no text */
  text?: (body: JsonObject) => string
  /** the text that one chunk adds */
  chunkText?: (chunk: JsonObject) => string
  /** usage as the body says it, in billed dimensions; null where the body says none */
  bodyUsage: (body: JsonObject) => BilledUsage | null
  /** the same from a whole stream, in the order of its chunks; null where no chunk says it */
  streamUsage?: (chunks: readonly JsonObject[]) => BilledUsage | null
}

const none = (): null => null

const first = (value: JsonObject[string] | undefined): JsonObject => asObjects(value)[0] ?? {}

const openaiUsage = (body: JsonObject): BilledUsage | null => {
  const usage = asObject(body['usage'])
  if (usage === undefined) return null
  const details = asObject(usage['prompt_tokens_details']) ?? {}
  const read = asNumber(details['cached_tokens']) ?? 0
  const written = asNumber(details['cache_write_tokens']) ?? 0
  return billed({
    input_tokens: (asNumber(usage['prompt_tokens']) ?? Number.NaN) - read - written,
    output_tokens: asNumber(usage['completion_tokens']) ?? Number.NaN,
    cache_read_tokens: read,
    cache_write_30m_tokens: written,
  })
}

/** Dimensions of zero other than input and output are not billed at all. */
function billed(usage: BilledUsage): BilledUsage {
  return Object.fromEntries(
    Object.entries(usage).filter(([name, count]) => count > 0 || name === 'input_tokens' || name === 'output_tokens'),
  )
}

const chat: FamilyCase = {
  good: { messages: [{ role: 'user', content: 'Say something.' }], max_tokens: 200 },
  bad: { max_tokens: 3 },
  refusal: /^Malformed input request: #: required key \[messages\] not found, please reformat/,
  text: (body) => asString(asObject(first(body['choices'])['message'])?.['content']) ?? '',
  chunkText: (chunk) => asString(asObject(first(chunk['choices'])['delta'])?.['content']) ?? '',
  bodyUsage: openaiUsage,
  streamUsage: (chunks) => openaiUsage(chunks.at(-1) ?? {}),
}

const prompted: Pick<FamilyCase, 'good' | 'bad' | 'refusal'> = {
  good: { prompt: 'Say something.' },
  bad: { prompt: '' },
  refusal: /^Malformed input request: #\/prompt: expected minLength: 1, actual: 0, please reformat/,
}

const embedded: FamilyCase = {
  good: { inputText: 'Say something.' },
  bad: { inputTexts: 'x' },
  refusal: /extraneous key \[inputTexts\] is not permitted/,
  bodyUsage: (body) => ({ input_tokens: asNumber(body['inputTextTokenCount']) ?? Number.NaN }),
}

const rerank: Pick<FamilyCase, 'bad' | 'refusal' | 'bodyUsage'> = {
  bad: { query: 'x', documents: [], api_version: 2 },
  refusal: /#\/documents: expected minimum item count: 1, found: 0/,
  bodyUsage: none,
}

const pictured = (member: 'images' | 'artifacts') => (body: JsonObject) => ({
  images: (body[member] as unknown[]).length,
})

const canvas: FamilyCase = {
  good: { taskType: 'TEXT_IMAGE', textToImageParams: { text: 'a sea' }, imageGenerationConfig: { numberOfImages: 3 } },
  bad: { taskType: 'TEXT_IMAGE' },
  refusal: /required key \[textToImageParams\] not found/,
  bodyUsage: pictured('images'),
}

const claudeUsage = (usage: JsonObject | undefined): BilledUsage => {
  const split = asObject(usage?.['cache_creation']) ?? {}
  return billed({
    input_tokens: asNumber(usage?.['input_tokens']) ?? Number.NaN,
    output_tokens: asNumber(usage?.['output_tokens']) ?? Number.NaN,
    cache_read_tokens: asNumber(usage?.['cache_read_input_tokens']) ?? 0,
    cache_write_5m_tokens: asNumber(split['ephemeral_5m_input_tokens']) ?? 0,
    cache_write_1h_tokens: asNumber(split['ephemeral_1h_input_tokens']) ?? 0,
  })
}

const novaUsage = (usage: JsonObject | undefined): BilledUsage =>
  billed({
    input_tokens: asNumber(usage?.['inputTokens']) ?? Number.NaN,
    output_tokens: asNumber(usage?.['outputTokens']) ?? Number.NaN,
    cache_read_tokens: asNumber(usage?.['cacheReadInputTokenCount']) ?? 0,
    cache_write_5m_tokens: asNumber(usage?.['cacheWriteInputTokenCount']) ?? 0,
  })

const async: FamilyCase = {
  good: {},
  bad: { prompt: 'a film' },
  refusal: /StartAsyncInvoke only/,
  bodyUsage: none,
}

export const CASES: { readonly [family: string]: FamilyCase } = {
  claude: {
    good: {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 300,
      messages: [{ role: 'user', content: 'Say something.' }],
    },
    bad: { anthropic_version: 'bedrock-2023-05-31', messages: [{ role: 'user', content: 'x' }] },
    refusal: /^Malformed input request: #: required key \[max_tokens\] not found, please reformat your input and try/,
    text: (body) => asString(first(body['content'])['text']) ?? '',
    chunkText: (chunk) => asString(asObject(chunk['delta'])?.['text']) ?? '',
    bodyUsage: (body) => claudeUsage(asObject(body['usage'])),
    streamUsage: (chunks) => {
      const start = asObject(asObject(chunks[0]?.['message'])?.['usage'])
      const end = asObject(chunks.at(-2)?.['usage'])
      return claudeUsage({ ...start, ...end })
    },
  },
  nova: {
    good: { schemaVersion: 'messages-v1', messages: [{ role: 'user', content: [{ text: 'Say something.' }] }] },
    bad: { messages: [{ role: 'user', content: 'Say something.' }] },
    refusal: /^Malformed input request: #\/messages\/0\/content: expected type: JSONArray, found: String, please/,
    text: (body) => asString(first(asObject(asObject(body['output'])?.['message'])?.['content'])['text']) ?? '',
    chunkText: (chunk) => asString(asObject(asObject(chunk['contentBlockDelta'])?.['delta'])?.['text']) ?? '',
    bodyUsage: (body) => novaUsage(asObject(body['usage'])),
    streamUsage: (chunks) => novaUsage(asObject(asObject(chunks.at(-1)?.['metadata'])?.['usage'])),
  },
  'openai-shaped': chat,
  'mistral-chat': chat,
  'mistral-chat-old': chat,
  'ai21-jamba': chat,
  llama: {
    ...prompted,
    text: (body) => asString(body['generation']) ?? '',
    chunkText: (chunk) => asString(chunk['generation']) ?? '',
    bodyUsage: llamaUsage,
    streamUsage: (chunks) => llamaUsage(chunks.at(-1) ?? {}),
  },
  'mistral-text': {
    ...prompted,
    text: (body) => asString(first(body['outputs'])['text']) ?? '',
    chunkText: (chunk) => asString(first(chunk['outputs'])['text']) ?? '',
    bodyUsage: none,
  },
  'deepseek-r1': {
    ...prompted,
    text: (body) => asString(first(body['choices'])['text']) ?? '',
    chunkText: (chunk) => asString(first(chunk['choices'])['text']) ?? '',
    bodyUsage: none,
  },
  'cohere-command': {
    good: { message: 'Say something.', chat_history: [{ role: 'USER', message: 'Hello.' }] },
    bad: { message: 'x', temperature: 7 },
    refusal: /^Malformed input request: #\/temperature: 7 is not less or equal to 1, please reformat/,
    text: (body) => asString(body['text']) ?? '',
    chunkText: (chunk) => asString(chunk['text']) ?? '',
    bodyUsage: none,
    streamUsage: (chunks) => {
      const units = asObject(asObject(asObject(chunks.at(-1)?.['response'])?.['meta'])?.['billed_units'])
      return {
        input_tokens: asNumber(units?.['input_tokens']) ?? 0,
        output_tokens: asNumber(units?.['output_tokens']) ?? 0,
      }
    },
  },
  'titan-text': {
    good: { inputText: 'Say something.' },
    bad: { inputText: 'x', textGenerationConfig: { maxTokenCount: 100_000 } },
    refusal: /^Malformed input request: #\/textGenerationConfig\/maxTokenCount: 100000 is not less or equal to \d+, /,
    text: (body) => asString(first(body['results'])['outputText']) ?? '',
    chunkText: (chunk) => asString(chunk['outputText']) ?? '',
    bodyUsage: (body) => ({
      input_tokens: asNumber(body['inputTextTokenCount']) ?? Number.NaN,
      output_tokens: asNumber(first(body['results'])['tokenCount']) ?? Number.NaN,
    }),
    streamUsage: (chunks) => ({
      input_tokens: asNumber(chunks.at(-1)?.['inputTextTokenCount']) ?? Number.NaN,
      output_tokens: asNumber(chunks.at(-1)?.['totalOutputTextTokenCount']) ?? Number.NaN,
    }),
  },
  'titan-embeddings': embedded,
  'nova-embeddings': {
    good: {
      taskType: 'SINGLE_EMBEDDING',
      singleEmbeddingParams: { embeddingPurpose: 'GENERIC_INDEX', text: { truncationMode: 'END', value: 'a sea' } },
    },
    bad: { taskType: 'DOUBLE' },
    refusal: /#\/taskType: DOUBLE is not a valid enum value/,
    bodyUsage: none,
  },
  'cohere-embed': {
    good: { texts: ['a sea', 'a ship'], input_type: 'search_document' },
    bad: { texts: Array.from({ length: 97 }, () => 'x'), input_type: 'search_document' },
    refusal: /#\/texts: expected maximum item count: 96, found: 97/,
    bodyUsage: none,
  },
  'cohere-rerank': { ...rerank, good: { query: 'sea', documents: ['a sea', 'a ship'], api_version: 2 } },
  'amazon-rerank': { ...rerank, good: { query: 'sea', documents: ['a sea', 'a ship'] } },
  'nova-canvas': canvas,
  'titan-image': canvas,
  stability: {
    good: {
      prompt: 'a sea',
      image: 'aGk=',
      search_prompt: 'ship',
      select_prompt: 'ship',
      init_image: 'aGk=',
      style_image: 'aGk=',
    },
    bad: { prompt: 'a sea', seed: -1 },
    refusal: /#\/seed: -1 is not greater or equal to 0/,
    bodyUsage: pictured('images'),
  },
  'stability-xl': {
    good: { text_prompts: [{ text: 'a sea' }], samples: 2 },
    bad: { text_prompts: [] },
    refusal: /#\/text_prompts: expected minimum item count: 1, found: 0/,
    bodyUsage: pictured('artifacts'),
  },
  'nova-reel': async,
  'luma-ray': async,
  'twelvelabs-pegasus': {
    good: { inputPrompt: 'What is seen?', mediaSource: { s3Location: { uri: 's3://films/clip-90s.mp4' } } },
    bad: { inputPrompt: 'x', mediaSource: {} },
    refusal: /exactly one of base64String and s3Location/,
    text: (body) => asString(body['message']) ?? '',
    chunkText: (chunk) => asString(chunk['message']) ?? '',
    bodyUsage: none,
  },
  'twelvelabs-marengo': {
    good: (model) =>
      model.modelId.includes('-3-0-')
        ? { inputType: 'text', text: { inputText: 'a sea' } }
        : { inputType: 'text', inputText: 'a sea' },
    bad: { inputType: 'smell' },
    refusal: /#\/inputType: smell is not a valid enum value/,
    bodyUsage: none,
  },
}

function llamaUsage(body: JsonObject): BilledUsage {
  return {
    input_tokens: asNumber(body['prompt_token_count']) ?? Number.NaN,
    output_tokens: asNumber(body['generation_token_count']) ?? Number.NaN,
  }
}

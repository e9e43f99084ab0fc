// Nova text models on InvokeModel: the messages-v1 schema, Nova's own streaming events, one five-minute prompt cache.
import {
  type BilledUsage,
  type Family,
  type FamilyAnswer,
  type FamilyCall,
  type FamilyStream,
  FamilyValidationError,
  type JsonObject,
  type ModelCard,
} from '../family.ts'
import { cardsOf } from './card.ts'
import { chunkList } from './chunk-list.ts'
import { generate, hash, identifier } from './generation.ts'
import { asNumber, asObject, asObjects, asString, asStrings } from './json.ts'
import { type CacheUsage, countPrompt, promptOf, type Segment } from './prompt-cache.ts'
import { any, boolean, checkBody, integer, list, number, object, oneOf, open, refuse, text } from './schema.ts'
import { chooseTool, type Tool, type ToolChoice, toolArguments } from './tool-call.ts'

const card = cardsOf('Amazon', { inputModalities: ['TEXT', 'IMAGE', 'VIDEO'], cache: true, maxOutputTokens: 10_000 })
const everyTier = ['default', 'priority', 'flex']

/** From AWS's model cards, October 2026. Nova Sonic speaks only over a bidirectional stream and is not here. */
const MODELS: readonly ModelCard[] = [
  card('amazon.nova-2-lite-v1:0', 'Nova 2 Lite', {
    inferenceTypes: [],
    profiles: ['us', 'eu', 'jp', 'global'],
    tiers: everyTier,
    maxOutputTokens: 65_536,
  }),
  card('amazon.nova-micro-v1:0', 'Nova Micro', { inputModalities: ['TEXT'], profiles: ['us', 'eu', 'apac'] }),
  card('amazon.nova-lite-v1:0', 'Nova Lite', { profiles: ['us', 'eu', 'apac', 'ca'] }),
  card('amazon.nova-pro-v1:0', 'Nova Pro', { profiles: ['us', 'eu', 'apac'], tiers: everyTier }),
  card('amazon.nova-premier-v1:0', 'Nova Premier', {
    inferenceTypes: [],
    profiles: ['us'],
    tiers: everyTier,
    lifecycle: 'LEGACY',
  }),
]

export const nova: Family = {
  name: 'nova',
  models: MODELS,
  invoke,
  stream,
  promptText: (body) => promptOf(novaSegments(body)),
}

const CONTENT = list(
  object({
    text: text(),
    image: open({}),
    video: open({}),
    audio: open({}),
    document: open({}),
    toolUse: open({}, ['toolUseId', 'name', 'input']),
    toolResult: open({}, ['toolUseId', 'content']),
    cachePoint: open({ type: oneOf('default') }, ['type']),
    reasoningContent: open({}),
  }),
)

const BODY = object(
  {
    schemaVersion: oneOf('messages-v1'),
    system: list(object({ text: text(), cachePoint: open({ type: oneOf('default') }, ['type']) })),
    messages: list(object({ role: oneOf('user', 'assistant'), content: CONTENT }, ['role', 'content']), 1),
    inferenceConfig: object({
      maxTokens: integer(1),
      max_new_tokens: integer(1),
      temperature: number(0, 1),
      topP: number(0, 1),
      topK: integer(0),
      top_k: integer(0),
      stopSequences: list(text()),
      reasoningConfig: any,
    }),
    toolConfig: object({ tools: list(open({}), 1), toolChoice: open({}) }, ['tools']),
    reasoningConfig: any,
    additionalModelRequestFields: any,
    thinking: any,
    stream: boolean,
  },
  ['messages'],
)

type Answer = {
  pieces: string[]
  toolUse: { toolUseId: string; name: string; input: JsonObject } | null
  stopReason: string
  prompt: CacheUsage
  outputTokens: number
}

/** A cache checkpoint of Nova needs at least 1,000 tokens before it and there may be four (AWS user guide, October 2026). */
const MINIMUM_CACHE_TOKENS = 1_000

function invoke(call: FamilyCall): FamilyAnswer {
  const { pieces, toolUse, stopReason, ...counts } = answer(call)
  const content: JsonObject[] = pieces.length === 0 ? [] : [{ text: pieces.join('') }]
  if (toolUse !== null) content.push({ toolUse })
  return {
    body: { output: { message: { content, role: 'assistant' } }, stopReason, usage: bodyUsage(counts) },
    usage: billed(counts),
    usageHeaders: true,
  }
}

function stream(call: FamilyCall): FamilyStream {
  const { pieces, toolUse, stopReason, ...counts } = answer(call)
  const chunks = chunkList()
  chunks.add({ messageStart: { role: 'assistant' } })
  for (const piece of pieces) chunks.add({ contentBlockDelta: { delta: { text: piece }, contentBlockIndex: 0 } }, 1)
  if (pieces.length > 0) chunks.add({ contentBlockStop: { contentBlockIndex: 0 } })
  if (toolUse !== null) {
    const { input, ...start } = toolUse
    const contentBlockIndex = pieces.length > 0 ? 1 : 0
    chunks.add({ contentBlockStart: { start: { toolUse: start }, contentBlockIndex } })
    chunks.add(
      { contentBlockDelta: { delta: { toolUse: { input: JSON.stringify(input) } }, contentBlockIndex } },
      counts.outputTokens - pieces.length,
    )
    chunks.add({ contentBlockStop: { contentBlockIndex } })
  }
  chunks.add({ messageStop: { stopReason } })
  chunks.add({ metadata: { usage: bodyUsage(counts), metrics: {}, trace: {} } })
  return chunks.finish(billed(counts))
}

function answer(call: FamilyCall): Answer {
  const { body, model } = call
  checkBody(body, BODY)
  checkMessages(body)
  const config = asObject(body['inferenceConfig']) ?? {}
  const limit = outputLimit(config, model)
  const segments = novaSegments(body)
  if (segments.filter(({ breakpoint }) => breakpoint !== undefined).length > 4)
    throw new FamilyValidationError('Too many cache points: at most 4 are allowed per request.')
  const promptText = promptOf(segments)
  const prompt = countPrompt(call, segments, { minimumTokens: MINIMUM_CACHE_TOKENS, lookback: 0 })
  const tool = chooseTool(toolsOf(body), toolChoiceOf(body), answersTool(body), promptText)
  if (tool === null) {
    const generated = generate(call, promptText, limit, asStrings(config['stopSequences']))
    const reasons = { end: 'end_turn', limit: 'max_tokens', stop: 'stop_sequence' }
    const stopReason = reasons[generated.ending]
    return { pieces: generated.pieces, toolUse: null, stopReason, prompt, outputTokens: generated.tokens }
  }
  return { ...toolAnswer(call, tool, promptText, limit), prompt }
}

function toolAnswer(call: FamilyCall, tool: Tool, promptText: string, limit: number): Omit<Answer, 'prompt'> {
  const seed = `${call.model.modelId}\n${promptText}`
  const input = toolArguments(tool, seed)
  const tokens = call.countTokens(JSON.stringify(input)) + call.countTokens(tool.name)
  if (tokens > limit) {
    const pieces = call.generate(seed, limit)
    return { pieces, toolUse: null, stopReason: 'max_tokens', outputTokens: pieces.length }
  }
  const words = call.generate(seed, Math.min(8, limit - tokens))
  return {
    pieces: words,
    toolUse: { toolUseId: `tooluse_${identifier(seed, 22)}`, name: tool.name, input },
    stopReason: 'tool_use',
    outputTokens: words.length + tokens,
  }
}

function checkMessages(body: JsonObject): void {
  const messages = asObjects(body['messages'])
  if (messages[0]?.['role'] !== 'user')
    throw new FamilyValidationError(
      'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
    )
  messages.forEach((message, index) => {
    if (index > 0 && message['role'] === messages[index - 1]?.['role'])
      throw new FamilyValidationError(
        `A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.`,
      )
    if (asObjects(message['content']).length === 0)
      refuse(`#/messages/${index}/content: expected minimum item count: 1, found: 0`)
  })
}

function outputLimit(config: JsonObject, model: ModelCard): number {
  const asked = asNumber(config['maxTokens']) ?? asNumber(config['max_new_tokens'])
  if (asked !== undefined && asked > model.maxOutputTokens)
    throw new FamilyValidationError(
      `The maximum tokens you requested exceeds the model limit of ${model.maxOutputTokens}. Try again with a maximum tokens value that is lower than ${model.maxOutputTokens}.`,
    )
  return asked ?? model.maxOutputTokens
}

/** System first, then the messages; a cachePoint marks the block before it. Tools are read but cannot be cached. */
function novaSegments(body: JsonObject): Segment[] {
  const segments: Segment[] = asObjects(asObject(body['toolConfig'])?.['tools']).map((tool) => ({
    text: `tool: ${JSON.stringify(tool)}`,
  }))
  const append = (role: string, block: JsonObject): void => {
    const before = segments.at(-1)
    if (block['cachePoint'] === undefined) segments.push(segment(role, block))
    else if (before !== undefined) before.breakpoint = '5m'
  }
  for (const block of asObjects(body['system'])) append('system', block)
  for (const message of asObjects(body['messages']))
    for (const block of asObjects(message['content'])) append(asString(message['role']) ?? '', block)
  return segments
}

function segment(role: string, block: JsonObject): Segment {
  const words = asString(block['text'])
  if (words !== undefined) return { text: `${role}: ${words}` }
  const kind = Object.keys(block)[0] ?? ''
  const media = ['image', 'video', 'audio', 'document'].includes(kind)
  if (!media) return { text: `${role}: ${JSON.stringify(block)}` }
  // what media cost is not published as a rule; a fixed number for each keeps the simulator's counts plausible and steady
  const extraTokens = kind === 'video' ? 2_880 : 1_300
  return { text: `${role}: [${kind} ${hash(JSON.stringify(block))}]`, extraTokens }
}

function toolsOf(body: JsonObject): Tool[] {
  return asObjects(asObject(body['toolConfig'])?.['tools']).flatMap((tool) => {
    const spec = asObject(tool['toolSpec'])
    const name = asString(spec?.['name'])
    if (name === undefined) return []
    return [{ name, schema: asObject(asObject(spec?.['inputSchema'])?.['json']) ?? {} }]
  })
}

function toolChoiceOf(body: JsonObject): ToolChoice {
  const choice = asObject(asObject(body['toolConfig'])?.['toolChoice']) ?? {}
  const name = asString(asObject(choice['tool'])?.['name'])
  if (name !== undefined) return { kind: 'tool', name }
  return { kind: choice['any'] === undefined ? 'auto' : 'any' }
}

const answersTool = (body: JsonObject): boolean =>
  asObjects(asObjects(body['messages']).at(-1)?.['content']).some((block) => block['toolResult'] !== undefined)

type Counts = { prompt: CacheUsage; outputTokens: number }

function bodyUsage({ prompt, outputTokens }: Counts): JsonObject {
  return {
    inputTokens: prompt.input,
    outputTokens,
    totalTokens: prompt.input + prompt.read + prompt.written5m + outputTokens,
    cacheReadInputTokenCount: prompt.read,
    cacheWriteInputTokenCount: prompt.written5m,
  }
}

function billed({ prompt, outputTokens }: Counts): BilledUsage {
  return {
    input_tokens: prompt.input,
    output_tokens: outputTokens,
    ...(prompt.read > 0 ? { cache_read_tokens: prompt.read } : {}),
    ...(prompt.written5m > 0 ? { cache_write_5m_tokens: prompt.written5m } : {}),
  }
}

// Reads a Claude Messages body: what the model is given, in reading order, and the rules that only Claude has.
import { FamilyValidationError, type Json, type JsonObject, type ModelCard } from '../family.ts'
import { canThink, hasHourCache, refusesPrefill, takesNewestVersion } from './claude-cards.ts'
import { asArray, asNumber, asObject, asObjects, asString, asStrings } from './json.ts'
import type { CacheTtl, Segment } from './prompt-cache.ts'
import { any, checkBody, either, integer, list, number, object, oneOf, open, refuse, text } from './schema.ts'
import type { Tool, ToolChoice } from './tool-call.ts'

export type ClaudeRequest = {
  segments: Segment[]
  maxTokens: number
  stops: string[]
  tools: Tool[]
  toolChoice: ToolChoice
  /** true when the last message brings a tool's result */
  answersTool: boolean
  /** most tokens to think with; 0: no thinking */
  thinkingTokens: number
}

const BODY = object(
  {
    anthropic_version: text(),
    anthropic_beta: list(text()),
    max_tokens: integer(0),
    messages: list(
      open({ role: oneOf('user', 'assistant', 'system'), content: either(text(), list(open({}))) }, [
        'role',
        'content',
      ]),
    ),
    system: either(text(), list(open({}))),
    tools: list(open({})),
    tool_choice: open({ type: oneOf('auto', 'any', 'tool', 'none'), name: text() }, ['type']),
    temperature: number(0, 1),
    top_p: number(0, 1),
    top_k: integer(0),
    stop_sequences: list(text()),
    thinking: open({ type: oneOf('enabled', 'disabled', 'adaptive'), budget_tokens: integer() }, ['type']),
    metadata: open({}),
    output_config: open({}),
    output_format: open({}),
    context_management: open({}),
    container: any,
    mcp_servers: any,
    cache_control: open({}),
    speed: text(),
  },
  ['anthropic_version', 'max_tokens', 'messages'],
)

/** Checks `body` as Bedrock does and reduces it to what the simulator needs. */
export function readClaude(body: JsonObject, model: ModelCard): ClaudeRequest {
  checkBody(body, BODY)
  const maxTokens = asNumber(body['max_tokens']) ?? 0
  const messages = asObjects(body['messages'])
  checkVersion(body, model)
  checkLimits(maxTokens, body, model)
  checkMessages(messages, model)
  const segments = claudeSegments(body)
  checkBreakpoints(segments, model)
  return {
    segments,
    maxTokens,
    stops: asStrings(body['stop_sequences']),
    tools: toolsOf(body),
    toolChoice: toolChoiceOf(body),
    answersTool: asObjects(messages.at(-1)?.['content']).some((block) => block['type'] === 'tool_result'),
    thinkingTokens: thinkingTokens(body, maxTokens, model),
  }
}

/** The prompt in the order in which Claude caches it: tools, system, messages. */
export function claudeSegments(body: JsonObject): Segment[] {
  return [
    ...asObjects(body['tools']).map((tool) => segment(`tool: ${withoutCacheControl(tool)}`, tool)),
    ...blocksOf(body['system']).map((block) => blockSegment('system', block)),
    ...asObjects(body['messages']).flatMap((message) =>
      blocksOf(message['content']).map((block) => blockSegment(asString(message['role']) ?? '', block)),
    ),
  ]
}

function checkVersion(body: JsonObject, model: ModelCard): void {
  const version = asString(body['anthropic_version']) ?? ''
  const known = version === 'bedrock-2023-05-31' || (version === '2026-10-21' && takesNewestVersion(model.modelId))
  if (!known) refuse(`#/anthropic_version: ${version.slice(0, 64)} is not a valid enum value`)
}

function checkLimits(maxTokens: number, body: JsonObject, model: ModelCard): void {
  if (maxTokens < 1) throw new FamilyValidationError(`max_tokens: must be greater than or equal to 1`)
  if (maxTokens > model.maxOutputTokens)
    throw new FamilyValidationError(
      `max_tokens: ${maxTokens} > ${model.maxOutputTokens}, which is the maximum allowed number of output tokens for ${bareModelName(model.modelId)}`,
    )
  const both = body['temperature'] !== undefined && body['top_p'] !== undefined
  if (both && /4-[56]/.test(model.modelId))
    throw new FamilyValidationError(
      '`temperature` and `top_p` cannot both be specified for this model. Please use only one.',
    )
}

function checkMessages(messages: readonly JsonObject[], model: ModelCard): void {
  if (messages.length === 0) throw new FamilyValidationError('messages: at least one message is required')
  if (messages[0]?.['role'] === 'assistant')
    throw new FamilyValidationError('messages: first message must use the "user" role')
  messages.forEach((message, index) => {
    const { content } = message
    const last = index === messages.length - 1
    if (
      (content === '' || (Array.isArray(content) && content.length === 0)) &&
      !(last && message['role'] === 'assistant')
    )
      throw new FamilyValidationError(
        `messages.${index}: all messages must have non-empty content except for the optional final assistant message`,
      )
    asArray(content).forEach((block, at) => checkBlock(asObject(block) ?? {}, `messages.${index}.content.${at}`))
  })
  if (messages.at(-1)?.['role'] === 'assistant' && refusesPrefill(model.modelId))
    throw new FamilyValidationError(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    )
}

const BLOCK_TYPES = [
  'text',
  'image',
  'document',
  'tool_use',
  'tool_result',
  'thinking',
  'redacted_thinking',
  'search_result',
  'server_tool_use',
  'web_search_tool_result',
  'container_upload',
  'compaction',
]

function checkBlock(block: JsonObject, path: string): void {
  const type = asString(block['type'])
  if (type === undefined) throw new FamilyValidationError(`${path}.type: Field required`)
  if (!BLOCK_TYPES.includes(type))
    throw new FamilyValidationError(
      `${path}: Input tag '${type.slice(0, 64)}' found using 'type' does not match any of the expected tags: ${BLOCK_TYPES.map((name) => `'${name}'`).join(', ')}`,
    )
  if (type === 'text' && asString(block['text']) === undefined)
    throw new FamilyValidationError(`${path}.text.text: Field required`)
  if (type === 'text' && block['text'] === '')
    throw new FamilyValidationError('messages: text content blocks must be non-empty')
  if (type === 'image' && asObject(block['source']) === undefined)
    throw new FamilyValidationError(`${path}.image.source: Field required`)
  if (type === 'tool_result' && asString(block['tool_use_id']) === undefined)
    throw new FamilyValidationError(`${path}.tool_result.tool_use_id: Field required`)
}

function checkBreakpoints(segments: readonly Segment[], model: ModelCard): void {
  const ttls = segments.flatMap(({ breakpoint }) => (breakpoint === undefined ? [] : [breakpoint]))
  if (ttls.length > 4)
    throw new FamilyValidationError(`A maximum of 4 blocks with cache_control may be provided. Found ${ttls.length}.`)
  if (ttls.lastIndexOf('1h') > ttls.indexOf('5m') && ttls.includes('5m'))
    throw new FamilyValidationError(
      "messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: `tools`, `system`, `messages`.",
    )
  if (ttls.includes('1h') && !hasHourCache(model.modelId))
    throw new FamilyValidationError('system.0.cache_control.ephemeral.ttl: Extra inputs are not permitted')
}

function thinkingTokens(body: JsonObject, maxTokens: number, model: ModelCard): number {
  const thinking = asObject(body['thinking'])
  if (thinking === undefined || thinking['type'] === 'disabled') return 0
  if (!canThink(model.modelId)) throw new FamilyValidationError('thinking: Extra inputs are not permitted')
  if (thinking['type'] === 'adaptive') return Math.floor(maxTokens / 2)
  const budget = asNumber(thinking['budget_tokens'])
  if (budget === undefined) throw new FamilyValidationError('thinking.enabled.budget_tokens: Field required')
  if (budget < 1024)
    throw new FamilyValidationError('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024')
  if (budget >= maxTokens)
    throw new FamilyValidationError('`max_tokens` must be greater than `thinking.budget_tokens`.')
  const temperature = asNumber(body['temperature'])
  if (temperature !== undefined && temperature !== 1)
    throw new FamilyValidationError('`temperature` may only be set to 1 when thinking is enabled.')
  return budget
}

function toolsOf(body: JsonObject): Tool[] {
  return asObjects(body['tools']).flatMap((tool, index) => {
    const name = asString(tool['name'])
    if (name === undefined) throw new FamilyValidationError(`tools.${index}.custom.name: Field required`)
    // Anthropic's own tools have a dated type and no schema; the simulator never calls those
    if (tool['type'] !== undefined && tool['type'] !== 'custom') return []
    const schema = asObject(tool['input_schema'])
    if (schema === undefined) throw new FamilyValidationError(`tools.${index}.custom.input_schema: Field required`)
    return [{ name, schema }]
  })
}

function toolChoiceOf(body: JsonObject): ToolChoice {
  const choice = asObject(body['tool_choice'])
  switch (choice?.['type']) {
    case 'any':
      return { kind: 'any' }
    case 'none':
      return { kind: 'none' }
    case 'tool': {
      const name = asString(choice['name'])
      if (name === undefined) throw new FamilyValidationError('tool_choice.tool.name: Field required')
      if (!toolsOf(body).some((tool) => tool.name === name))
        throw new FamilyValidationError(`Tool '${name.slice(0, 64)}' not found in provided tools`)
      return { kind: 'tool', name }
    }
    default:
      return { kind: 'auto' }
  }
}

/** "anthropic.claude-haiku-4-5-20251001-v1:0" is "claude-haiku-4-5-20251001" in Claude's own answers. */
export const bareModelName = (modelId: string): string =>
  modelId.replace(/^anthropic\./, '').replace(/-v\d+(:\d+)?$/, '')

function blocksOf(content: Json | undefined): JsonObject[] {
  const plain = asString(content)
  return plain === undefined ? asObjects(content) : [{ type: 'text', text: plain }]
}

function blockSegment(role: string, block: JsonObject): Segment {
  const extraTokens =
    imageTokens(block) + asObjects(block['content']).reduce((sum, inner) => sum + imageTokens(inner), 0)
  return { ...segment(`${role}: ${blockText(block)}`, block), ...(extraTokens > 0 ? { extraTokens } : {}) }
}

function blockText(block: JsonObject): string {
  switch (block['type']) {
    case 'text':
      return asString(block['text']) ?? ''
    case 'thinking':
      return asString(block['thinking']) ?? ''
    case 'image':
      return `[image ${fingerprint(block)}]`
    case 'tool_result':
      return `${asString(block['tool_use_id']) ?? ''} ${blocksOf(block['content']).map(blockText).join('\n')}`
    default:
      return withoutCacheControl(block)
  }
}

/** Enough of an image's data to tell two images apart, without counting base64 as words. */
function fingerprint(block: JsonObject): string {
  const data = asString(asObject(block['source'])?.['data']) ?? ''
  return `${data.length} ${data.slice(-16)}`
}

function withoutCacheControl(block: JsonObject): string {
  const { cache_control: _breakpoint, ...rest } = block
  return JSON.stringify(rest)
}

function segment(words: string, block: JsonObject): Segment {
  const control = asObject(block['cache_control'])
  if (control === undefined) return { text: words }
  if (control['type'] !== 'ephemeral')
    throw new FamilyValidationError(
      "cache_control: Input tag found using 'type' does not match any of the expected tags: 'ephemeral'",
    )
  const ttl = asString(control['ttl']) ?? '5m'
  if (ttl !== '5m' && ttl !== '1h')
    throw new FamilyValidationError("cache_control.ephemeral.ttl: Input should be '5m' or '1h'")
  return { text: words, breakpoint: ttl satisfies CacheTtl }
}

/** Width times height by 750, at most 1,600 (Anthropic's rule); an image whose size cannot be read counts as the largest. */
function imageTokens(block: JsonObject): number {
  if (block['type'] !== 'image') return 0
  const data = asString(asObject(block['source'])?.['data']) ?? ''
  const head = Buffer.from(data.slice(0, 64), 'base64')
  const isPng = head.length >= 24 && head.readUInt32BE(0) === 0x89504e47
  if (!isPng) return 1_600
  return Math.max(1, Math.min(1_600, Math.ceil((head.readUInt32BE(16) * head.readUInt32BE(20)) / 750)))
}

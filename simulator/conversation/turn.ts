// Makes the assistant's turn: reasoning when it was asked for, a tool call when it is due, else text; always the same for the same prompt.
import type { Wishes } from '../call.ts'
import type { Json, JsonObject, ModelCard } from '../family.ts'
import { arrayAt, isObject, numberAt, objectAt, objectsAt, stringAt } from '../json.ts'
import { answerLength, digest, generate } from '../tokens.ts'

export type Block =
  | { kind: 'text'; pieces: string[] }
  | { kind: 'reasoning'; pieces: string[]; signature: string }
  | { kind: 'tool'; toolUseId: string; name: string; input: Json; pieces: string[] }

export type Turn = {
  blocks: Block[]
  stopReason: 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | 'guardrail_intervened'
  outputTokens: number
  /** the stop sequence that ended the turn */
  stoppedBy: string | null
}

export function makeTurn(request: JsonObject, card: ModelCard, name: string, wishes: Wishes): Turn {
  const { outputTokens: wishedTokens, ignoresCap = false } = wishes
  const inference = objectAt(request, 'inferenceConfig') ?? {}
  const cap = numberAt(inference, 'maxTokens') ?? card.maxOutputTokens
  const limit = ignoresCap ? (wishedTokens ?? cap) : cap
  const seed = `${card.modelId}/${name}`
  const blocks: Block[] = []
  if (wantsReasoning(request)) {
    const pieces = generate(`${seed}/reasoning`, 20 + (Number.parseInt(name.slice(0, 4), 16) % 40))
    blocks.push({ kind: 'reasoning', pieces, signature: digest(`${seed}/signature`) })
  }
  const prompt = lastUserText(request)
  const tool = dueTool(request, prompt)
  if (tool !== undefined) {
    blocks.push(callOf(tool, seed))
    return capped(blocks, limit, 'tool_use', null)
  }
  const { pieces, stoppedBy } = textOf(request, prompt, seed, limit, wishedTokens)
  blocks.push({ kind: 'text', pieces })
  return capped(blocks, limit, stoppedBy === null ? 'end_turn' : 'stop_sequence', stoppedBy)
}

function textOf(
  request: JsonObject,
  prompt: string,
  seed: string,
  limit: number,
  wishedTokens: number | undefined,
): { pieces: string[]; stoppedBy: string | null } {
  const schema = outputSchema(request)
  // One token more than the cap shows that the answer was cut; more need not be made.
  const length = wishedTokens ?? answerLength(prompt, seed, limit + 1).tokens
  const pieces =
    schema === undefined ? generate(seed, Math.min(length, limit + 1)) : quarters(JSON.stringify(example(schema)))
  const stops = (arrayAt(objectAt(request, 'inferenceConfig') ?? {}, 'stopSequences') ?? []).filter(
    (stop): stop is string => typeof stop === 'string' && stop !== '',
  )
  const text = pieces.join('')
  let first = text.length
  let stoppedBy: string | null = null
  for (const stop of stops) {
    const at = text.indexOf(stop)
    if (at >= 0 && at < first) {
      first = at
      stoppedBy = stop
    }
  }
  return stoppedBy === null ? { pieces, stoppedBy } : { pieces: quarters(text.slice(0, first)), stoppedBy }
}

function capped(blocks: Block[], limit: number, stopReason: Turn['stopReason'], stoppedBy: string | null): Turn {
  let left = limit
  const kept: Block[] = []
  for (const block of blocks) {
    if (left <= 0) break
    kept.push({ ...block, pieces: block.pieces.slice(0, left) })
    left -= block.pieces.length
  }
  const outputTokens = Math.min(limit, limit - left)
  return left < 0
    ? { blocks: kept, stopReason: 'max_tokens', outputTokens, stoppedBy: null }
    : { blocks: kept, stopReason, outputTokens, stoppedBy }
}

/** Claude: thinking; Nova 2: reasoningConfig; others: reasoning_config. */
function wantsReasoning(request: JsonObject): boolean {
  const extra = objectAt(request, 'additionalModelRequestFields') ?? {}
  const asked = ['thinking', 'reasoningConfig', 'reasoning_config'].map((key) => objectAt(extra, key))
  return asked.some((config) => ['enabled', 'adaptive'].includes(stringAt(config ?? {}, 'type') ?? ''))
}

/** A tool is called when the caller forces one, or when the last question names a tool or speaks of one. */
function dueTool(request: JsonObject, prompt: string): JsonObject | undefined {
  const config = objectAt(request, 'toolConfig')
  if (config === undefined) return undefined
  const tools = objectsAt(config, 'tools').flatMap((tool): JsonObject[] => {
    const spec = objectAt(tool, 'toolSpec')
    return spec === undefined ? [] : [spec]
  })
  const choice = objectAt(config, 'toolChoice') ?? {}
  const forced = objectAt(choice, 'tool')
  if (forced !== undefined) return tools.find((tool) => tool.name === forced.name)
  if (objectAt(choice, 'any') !== undefined) return tools[0]
  const words = prompt.toLowerCase()
  const named = tools.find((tool) => words.includes((stringAt(tool, 'name') ?? '').toLowerCase()))
  return named ?? (/\btools?\b/.test(words) ? tools[0] : undefined)
}

function callOf(tool: JsonObject, seed: string): Block {
  const schema = objectAt(objectAt(tool, 'inputSchema') ?? {}, 'json') ?? {}
  const input = example({ type: 'object', ...schema })
  const toolUseId = `tooluse_${digest(`${seed}/tool`).slice(0, 22)}`
  return { kind: 'tool', toolUseId, name: stringAt(tool, 'name') ?? '', input, pieces: quarters(JSON.stringify(input)) }
}

function outputSchema(request: JsonObject): JsonObject | undefined {
  const format = objectAt(objectAt(request, 'outputConfig') ?? {}, 'textFormat') ?? {}
  const text = stringAt(objectAt(objectAt(format, 'structure') ?? {}, 'jsonSchema') ?? {}, 'schema')
  if (text === undefined) return undefined
  try {
    const schema: unknown = JSON.parse(text)
    return isObject(schema) ? schema : undefined
  } catch {
    return undefined
  }
}

const SIMPLE_EXAMPLES: Record<string, Json> = { number: 7, integer: 7, boolean: true, null: null, string: 'red sea' }

/** The simplest value that a JSON schema allows. */
export function example(schema: JsonObject, depth = 0): Json {
  const [first] = arrayAt(schema, 'enum') ?? []
  if (first !== undefined) return first
  if (depth > 16) return null
  const type = stringAt(schema, 'type') ?? 'string'
  if (type === 'array') return [example(objectAt(schema, 'items') ?? {}, depth + 1)]
  if (type !== 'object') return SIMPLE_EXAMPLES[type] ?? null
  const properties = Object.entries(objectAt(schema, 'properties') ?? {})
  return Object.fromEntries(properties.map(([key, part]) => [key, isObject(part) ? example(part, depth + 1) : null]))
}

/** The text of the last message, when a user wrote it; a message with tool results asks for no further tool. */
function lastUserText(request: JsonObject): string {
  const last = objectsAt(request, 'messages').at(-1)
  if (last === undefined || last.role !== 'user') return ''
  const blocks = objectsAt(last, 'content')
  if (blocks.some((block) => block.toolResult !== undefined)) return ''
  return blocks.map((block) => stringAt(block, 'text') ?? '').join('\n')
}

const quarters = (text: string): string[] => text.match(/.{1,4}/gsu) ?? []

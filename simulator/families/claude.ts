// Claude on InvokeModel: Anthropic's Messages API, its streaming events and its usage with two cache lifetimes.
import type { BilledUsage, Family, FamilyAnswer, FamilyCall, FamilyStream, JsonObject } from '../family.ts'
import { chunkList } from './chunk-list.ts'
import { CLAUDE_CARDS, minimumCacheTokens } from './claude-cards.ts'
import { bareModelName, type ClaudeRequest, claudeSegments, readClaude } from './claude-prompt.ts'
import { generate, hash, identifier } from './generation.ts'
import { type CacheUsage, countPrompt, promptOf } from './prompt-cache.ts'
import { chooseTool, toolArguments } from './tool-call.ts'

export const claude: Family = {
  name: 'claude',
  models: CLAUDE_CARDS,
  invoke,
  stream,
  promptText: (body) => promptOf(claudeSegments(body)),
}

/** One block of the answer; `pieces` joined are its text, one token each. */
type Block =
  | { type: 'thinking'; pieces: string[]; signature: string }
  | { type: 'text'; pieces: string[] }
  | { type: 'tool_use'; pieces: string[]; id: string; name: string }

type Message = {
  id: string
  model: string
  blocks: Block[]
  stopReason: string
  stopSequence: string | null
  prompt: CacheUsage
  outputTokens: number
}

function invoke(call: FamilyCall): FamilyAnswer {
  const message = answer(call)
  return {
    body: {
      model: message.model,
      id: message.id,
      type: 'message',
      role: 'assistant',
      content: message.blocks.map(wholeBlock),
      stop_reason: message.stopReason,
      stop_sequence: message.stopSequence,
      usage: { ...promptUsage(message.prompt), output_tokens: message.outputTokens },
    },
    usage: billed(message),
    usageHeaders: true,
  }
}

function stream(call: FamilyCall): FamilyStream {
  const message = answer(call)
  const list = chunkList()
  list.add({
    type: 'message_start',
    message: {
      model: message.model,
      id: message.id,
      type: 'message',
      role: 'assistant',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      // what is known before generation; the true count comes with message_delta
      usage: { ...promptUsage(message.prompt), output_tokens: 1 },
    },
  })
  message.blocks.forEach((block, index) => {
    list.add({ type: 'content_block_start', index, content_block: emptyBlock(block) })
    for (const piece of block.pieces) list.add({ type: 'content_block_delta', index, delta: delta(block, piece) }, 1)
    if (block.type === 'thinking')
      list.add({ type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: block.signature } })
    list.add({ type: 'content_block_stop', index })
  })
  list.add({
    type: 'message_delta',
    delta: { stop_reason: message.stopReason, stop_sequence: message.stopSequence },
    usage: finalUsage(message),
  })
  list.add({ type: 'message_stop' })
  return list.finish(billed(message))
}

function answer(call: FamilyCall): Message {
  const request = readClaude(call.body, call.model)
  const promptText = promptOf(request.segments)
  const seed = `${call.model.modelId}\n${promptText}`
  const thinking = think(call, request, promptText, seed)
  const limit = request.maxTokens - (thinking?.pieces.length ?? 0)
  const tool = chooseTool(request.tools, request.toolChoice, request.answersTool, promptText)
  const main =
    tool === null
      ? textAnswer(call, request, promptText, limit)
      : toolAnswer(call, request, tool.name, toolArguments(tool, seed), limit, seed)
  const blocks = [...(thinking === null ? [] : [thinking]), ...main.blocks]
  return {
    id: `msg_bdrk_01${identifier(seed, 22)}`,
    model: bareModelName(call.model.modelId),
    blocks,
    stopReason: main.stopReason,
    stopSequence: main.stopSequence,
    prompt: countPrompt(call, request.segments, {
      minimumTokens: minimumCacheTokens(call.model.modelId),
      lookback: LOOKBACK_BLOCKS,
    }),
    outputTokens: (thinking?.pieces.length ?? 0) + main.tokens,
  }
}

/** An earlier write is found up to about this many content blocks before a breakpoint (AWS user guide, "Prompt caching"). */
const LOOKBACK_BLOCKS = 20

type Main = { blocks: Block[]; tokens: number; stopReason: string; stopSequence: string | null }

function textAnswer(call: FamilyCall, request: ClaudeRequest, promptText: string, limit: number): Main {
  const generated = generate(call, promptText, limit, request.stops)
  const reasons = { end: 'end_turn', limit: 'max_tokens', stop: 'stop_sequence' }
  return {
    blocks: generated.pieces.length === 0 ? [] : [{ type: 'text', pieces: generated.pieces }],
    tokens: generated.tokens,
    stopReason: reasons[generated.ending],
    stopSequence: generated.stopSequence,
  }
}

function toolAnswer(
  call: FamilyCall,
  request: ClaudeRequest,
  name: string,
  input: JsonObject,
  limit: number,
  seed: string,
): Main {
  // a model that chooses freely says a few words before it calls
  const words =
    request.toolChoice.kind === 'auto' ? generate(call, `${seed} before ${name}`, Math.min(limit, 12)) : null
  const left = limit - (words?.tokens ?? 0)
  const whole = jsonPieces(JSON.stringify(input))
  const cut = whole.length > left
  const pieces = whole.slice(0, Math.max(0, left))
  const blocks: Block[] = words === null ? [] : [{ type: 'text', pieces: words.pieces }]
  blocks.push({ type: 'tool_use', pieces, id: `toolu_bdrk_01${identifier(`tool ${seed}`, 22)}`, name })
  const tokens = (words?.tokens ?? 0) + pieces.length
  return { blocks, tokens, stopReason: cut ? 'max_tokens' : 'tool_use', stopSequence: null }
}

function think(call: FamilyCall, request: ClaudeRequest, promptText: string, seed: string): Block | null {
  const most = Math.min(request.thinkingTokens, request.maxTokens - 1)
  if (most < 1) return null
  const wanted = 12 + (hash(`thinking ${promptText}`) % 37)
  const pieces = call.generate(`thinking ${seed}`, Math.min(most, wanted))
  return { type: 'thinking', pieces, signature: Buffer.from(identifier(`signature ${seed}`, 96)).toString('base64') }
}

/** Four characters a piece, as the parts of JSON that Claude streams. */
function jsonPieces(json: string): string[] {
  return json.match(/[\s\S]{1,4}/g) ?? []
}

function wholeBlock(block: Block): JsonObject {
  const words = block.pieces.join('')
  switch (block.type) {
    case 'thinking':
      return { type: 'thinking', thinking: words, signature: block.signature }
    case 'text':
      return { type: 'text', text: words }
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: parsedOrEmpty(words) }
  }
}

/** Arguments cut off by max_tokens are no JSON: the whole answer then shows none. */
function parsedOrEmpty(json: string): JsonObject {
  try {
    return JSON.parse(json) as JsonObject
  } catch {
    return {}
  }
}

function emptyBlock(block: Block): JsonObject {
  switch (block.type) {
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'text':
      return { type: 'text', text: '' }
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: {} }
  }
}

function delta(block: Block, piece: string): JsonObject {
  switch (block.type) {
    case 'thinking':
      return { type: 'thinking_delta', thinking: piece }
    case 'text':
      return { type: 'text_delta', text: piece }
    case 'tool_use':
      return { type: 'input_json_delta', partial_json: piece }
  }
}

function promptUsage(prompt: CacheUsage): JsonObject {
  return {
    input_tokens: prompt.input,
    cache_creation_input_tokens: prompt.written5m + prompt.written1h,
    cache_read_input_tokens: prompt.read,
    cache_creation: {
      ephemeral_5m_input_tokens: prompt.written5m,
      ephemeral_1h_input_tokens: prompt.written1h,
    },
  }
}

/** message_delta counts cumulatively; Claude 3 says only the output there, newer models repeat the input. */
function finalUsage(message: Message): JsonObject {
  if (message.model.startsWith('claude-3-')) return { output_tokens: message.outputTokens }
  const { cache_creation: _split, ...input } = promptUsage(message.prompt)
  return { ...input, output_tokens: message.outputTokens }
}

function billed(message: Message): BilledUsage {
  const { input, read, written5m, written1h } = message.prompt
  return {
    input_tokens: input,
    output_tokens: message.outputTokens,
    ...(read > 0 ? { cache_read_tokens: read } : {}),
    ...(written5m > 0 ? { cache_write_5m_tokens: written5m } : {}),
    ...(written1h > 0 ? { cache_write_1h_tokens: written1h } : {}),
  }
}

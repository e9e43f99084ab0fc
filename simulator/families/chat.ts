// OpenAI's chat format on InvokeModel, for every family that speaks it; what differs between them is in `ChatStyle`.
import type { BilledUsage, Family, FamilyAnswer, FamilyCall, FamilyStream, JsonObject, ModelCard } from '../family.ts'
import { type ChatRequest, chatPrompt, readChat } from './chat-request.ts'
import { chunkList } from './chunk-list.ts'
import { type Generation, generate, hash, identifier } from './generation.ts'
import { countPrompt } from './prompt-cache.ts'
import { chooseTool, toolArguments } from './tool-call.ts'

export type ChatStyle = {
  name: string
  models: readonly ModelCard[]
  /** most answers of one call, and of one streamed call */
  maximumChoices: { whole: number; streamed: number }
  /** false: the answer has no usage, only the headers do */
  usageInBody: (modelId: string) => boolean
  finishKey: 'finish_reason' | 'stop_reason'
  /** members of the answer and of every chunk beside id, choices and usage */
  envelope: (call: FamilyCall) => JsonObject
  /** the name that ends a chunk's `object` is left out where the family has no `object` */
  objectNames: { whole: string; chunk: string } | null
  showsReasoning: (modelId: string) => boolean
  reasonsUnseen: (modelId: string) => boolean
  billsCacheWrites: (modelId: string) => boolean
}

export function chatFamily(style: ChatStyle): Family {
  return {
    name: style.name,
    models: style.models,
    invoke: (call) => invoke(style, call),
    stream: (call) => stream(style, call),
    promptText: chatPrompt,
  }
}

type Choice = {
  pieces: string[]
  tool: { id: string; name: string; arguments: string[] } | null
  finish: string
  tokens: number
}

type Answer = {
  id: string
  choices: Choice[]
  counts: Counts
}

type Counts = {
  input: number
  read: number
  written: number
  output: number
  /** output tokens that no one sees */
  unseen: number
}

function invoke(style: ChatStyle, call: FamilyCall): FamilyAnswer {
  const answer = answerTo(style, call, false)
  const { modelId } = call.model
  return {
    body: {
      id: answer.id,
      ...(style.objectNames === null ? {} : { object: style.objectNames.whole }),
      ...style.envelope(call),
      choices: answer.choices.map((choice, index) => ({
        index,
        message: wholeMessage(choice),
        [style.finishKey]: choice.finish,
      })),
      ...(style.usageInBody(modelId) ? { usage: bodyUsage(style, call.model, answer.counts) } : {}),
    },
    usage: billed(answer.counts),
    usageHeaders: true,
  }
}

function stream(style: ChatStyle, call: FamilyCall): FamilyStream {
  const { id, choices, counts } = answerTo(style, call, true)
  const { modelId } = call.model
  const chunks = chunkList()
  const add = (index: number, delta: JsonObject, finish: string | null, tokens: number): void =>
    chunks.add(
      {
        id,
        ...(style.objectNames === null ? {} : { object: style.objectNames.chunk }),
        ...style.envelope(call),
        choices: [{ index, delta, [style.finishKey]: finish }],
      },
      tokens,
    )
  choices.forEach((choice, index) => {
    // what is reasoned unseen has been generated when the first chunk comes
    add(index, { role: 'assistant', content: '' }, null, index === 0 ? counts.unseen : 0)
    for (const piece of choice.pieces) add(index, { content: piece }, null, 1)
    const { tool } = choice
    if (tool !== null) {
      const start = { index: 0, id: tool.id, type: 'function', function: { name: tool.name, arguments: '' } }
      add(index, { tool_calls: [start] }, null, 0)
      for (const piece of tool.arguments)
        add(index, { tool_calls: [{ index: 0, function: { arguments: piece } }] }, null, 1)
    }
    add(index, {}, choice.finish, 0)
  })
  if (style.usageInBody(modelId))
    chunks.add({
      id,
      ...(style.objectNames === null ? {} : { object: style.objectNames.chunk }),
      ...style.envelope(call),
      choices: [],
      usage: bodyUsage(style, call.model, counts),
    })
  return chunks.finish(billed(counts))
}

function answerTo(style: ChatStyle, call: FamilyCall, streaming: boolean): Answer {
  const request = readChat(call.body, call.model, {
    streaming,
    maximumChoices: style.maximumChoices[streaming ? 'streamed' : 'whole'],
  })
  const { modelId } = call.model
  const seed = `${modelId}\n${request.promptText}`
  const unseen = style.reasonsUnseen(modelId) ? Math.min(request.limit - 1, 8 + (hash(`reasoning ${seed}`) % 57)) : 0
  const choices = Array.from({ length: request.choices }, (_, index) =>
    choiceOf(style, call, request, index, request.limit - unseen),
  )
  const prompt = countPrompt(call, request.segments, { minimumTokens: MINIMUM_CACHE_TOKENS, lookback: 0 })
  const billsWrites = style.billsCacheWrites(modelId)
  return {
    id: `chatcmpl-${identifier(seed, 29)}`,
    choices,
    counts: {
      input: prompt.input + (billsWrites ? 0 : prompt.written30m),
      read: prompt.read,
      written: billsWrites ? prompt.written30m : 0,
      output: unseen + choices.reduce((sum, { tokens }) => sum + tokens, 0),
      unseen,
    },
  }
}

/** The shortest prefix that is cached (AWS model cards of GPT-5.6, GPT-6.1 and Kimi K3, October 2026). */
const MINIMUM_CACHE_TOKENS = 1_024

function choiceOf(style: ChatStyle, call: FamilyCall, request: ChatRequest, index: number, limit: number): Choice {
  const { modelId } = call.model
  const prompt = index === 0 ? request.promptText : `choice ${index}\n${request.promptText}`
  const seed = `${modelId}\n${prompt}`
  const tool = chooseTool(request.tools, request.toolChoice, request.answersTool, prompt)
  if (tool !== null) {
    const whole = JSON.stringify(toolArguments(tool, seed)).match(/[\s\S]{1,4}/g) ?? []
    const kept = whole.slice(0, limit)
    return {
      pieces: [],
      tool: { id: `call_${identifier(seed, 24)}`, name: tool.name, arguments: kept },
      finish: kept.length < whole.length ? 'length' : 'tool_calls',
      tokens: kept.length,
    }
  }
  const thought = style.showsReasoning(modelId) ? reasoning(call, seed, limit) : []
  const generated: Generation = generate(call, prompt, limit - thought.length, request.stops)
  return {
    pieces: [...thought, ...generated.pieces],
    tool: null,
    finish: generated.ending === 'limit' ? 'length' : 'stop',
    tokens: thought.length + generated.tokens,
  }
}

/** `<reasoning>…</reasoning>`: the tags are tokens too; nothing when there is no room for thought and answer. */
function reasoning(call: FamilyCall, seed: string, limit: number): string[] {
  const room = Math.min(limit - 3, 6 + (hash(`reasoning ${seed}`) % 11))
  if (room < 1) return []
  return ['<reasoning>', ...call.generate(`reasoning ${seed}`, room), '</reasoning>']
}

function wholeMessage(choice: Choice): JsonObject {
  const { tool } = choice
  if (tool === null) return { role: 'assistant', content: choice.pieces.join(''), refusal: null }
  const called = { name: tool.name, arguments: tool.arguments.join('') }
  return { role: 'assistant', content: null, tool_calls: [{ id: tool.id, type: 'function', function: called }] }
}

/** prompt_tokens holds everything that was read, cached or not: the opposite of what is billed as input_tokens. */
function bodyUsage(style: ChatStyle, model: ModelCard, counts: Counts): JsonObject {
  const prompt = counts.input + counts.read + counts.written
  return {
    prompt_tokens: prompt,
    completion_tokens: counts.output,
    total_tokens: prompt + counts.output,
    ...(model.cache
      ? {
          prompt_tokens_details: {
            cached_tokens: counts.read,
            ...(style.billsCacheWrites(model.modelId) ? { cache_write_tokens: counts.written } : {}),
          },
        }
      : {}),
    ...(style.reasonsUnseen(model.modelId) ? { completion_tokens_details: { reasoning_tokens: counts.unseen } } : {}),
  }
}

function billed({ input, read, written, output }: Counts): BilledUsage {
  return {
    input_tokens: input,
    output_tokens: output,
    ...(read > 0 ? { cache_read_tokens: read } : {}),
    ...(written > 0 ? { cache_write_30m_tokens: written } : {}),
  }
}

/** When the answer was made, as OpenAI's format says it. */
export const createdAt = (call: FamilyCall): number => Math.floor(call.now() / 1000)

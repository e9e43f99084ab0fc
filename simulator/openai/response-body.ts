// Makes OpenAI's response object and its streaming events from the chunks of a chat completion.
import type { StreamEvent } from '../call.ts'
import type { FamilyStream, JsonObject } from '../family.ts'
import { isObject, numberAt, objectAt, objectsAt, stringAt } from '../json.ts'

/** What the chunks of one chat say, put together. */
export type Said = {
  text: string
  tool: { id: string; name: string; arguments: string } | null
  finish: string
  usage: JsonObject
  reasoningTokens: number
}

export function saidBy(stream: FamilyStream): Said {
  const said: Said = { text: '', tool: null, finish: 'stop', usage: {}, reasoningTokens: 0 }
  for (const chunk of stream.chunks) {
    const usage = objectAt(chunk, 'usage')
    if (usage !== undefined) said.usage = usage
    for (const choice of objectsAt(chunk, 'choices')) addDelta(said, choice)
  }
  said.reasoningTokens = numberAt(objectAt(said.usage, 'completion_tokens_details') ?? {}, 'reasoning_tokens') ?? 0
  return said
}

function addDelta(said: Said, choice: JsonObject): void {
  said.finish = stringAt(choice, 'finish_reason') ?? said.finish
  const delta = objectAt(choice, 'delta') ?? {}
  said.text += stringAt(delta, 'content') ?? ''
  for (const call of objectsAt(delta, 'tool_calls')) {
    const called = objectAt(call, 'function') ?? {}
    said.tool ??= { id: stringAt(call, 'id') ?? '', name: stringAt(called, 'name') ?? '', arguments: '' }
    said.tool.arguments += stringAt(called, 'arguments') ?? ''
  }
}

export type Envelope = { id: string; model: string; createdAt: number; rest: JsonObject; store: boolean; tier: string }

export function responseBody(envelope: Envelope, said: Said): JsonObject {
  const cut = said.finish === 'length'
  return {
    ...opening(envelope),
    status: cut ? 'incomplete' : 'completed',
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    output: outputOf(envelope.id, said),
    usage: usageOf(said.usage),
  }
}

/** The members that are the same from the first event to the last. */
function opening({ id, model, createdAt, rest, store, tier }: Envelope): JsonObject {
  const echoed: JsonObject = {}
  for (const [name, standard] of Object.entries(ECHOED)) echoed[name] = rest[name] ?? standard
  return {
    id,
    object: 'response',
    created_at: createdAt,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    model,
    output: [],
    service_tier: tier,
    store,
    usage: null,
    ...echoed,
  }
}

/** What the answer repeats of the request, and what it says where the request was silent. */
const ECHOED: JsonObject = {
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  truncation: 'disabled',
}

function outputOf(id: string, said: Said): JsonObject[] {
  const reasoning = said.reasoningTokens > 0 ? [{ id: `rs_${id.slice(5)}`, type: 'reasoning', summary: [] }] : []
  return [...reasoning, said.tool === null ? messageItem(id, said.text, 'completed') : toolItem(id, said, 'completed')]
}

const textPart = (text: string): JsonObject => ({ type: 'output_text', annotations: [], logprobs: [], text })

const messageItem = (id: string, text: string | null, status: string): JsonObject => ({
  id: `msg_${id.slice(5)}`,
  type: 'message',
  status,
  role: 'assistant',
  content: text === null ? [] : [textPart(text)],
})

const toolItem = (id: string, { tool }: Said, status: string): JsonObject => ({
  id: `fc_${id.slice(5)}`,
  type: 'function_call',
  status,
  call_id: tool?.id ?? '',
  name: tool?.name ?? '',
  arguments: status === 'completed' ? (tool?.arguments ?? '') : '',
})

/** input_tokens holds what was cached too, as in chat. */
function usageOf(usage: JsonObject): JsonObject {
  const cached = objectAt(usage, 'prompt_tokens_details') ?? {}
  const made = objectAt(usage, 'completion_tokens_details') ?? {}
  return {
    input_tokens: usage.prompt_tokens ?? 0,
    input_tokens_details: {
      cached_tokens: cached.cached_tokens ?? 0,
      ...(cached.cache_write_tokens === undefined ? {} : { cache_write_tokens: cached.cache_write_tokens }),
    },
    output_tokens: usage.completion_tokens ?? 0,
    output_tokens_details: { reasoning_tokens: made.reasoning_tokens ?? 0 },
    total_tokens: usage.total_tokens ?? 0,
  }
}

type Untold = { type: string; payload: JsonObject; tokens: number }

/** The events in their order, numbered. */
export function* responseEvents(envelope: Envelope, said: Said, stream: FamilyStream): Generator<StreamEvent> {
  let number = 0
  for (const { type, payload, tokens } of unnumbered(envelope, said, stream))
    yield { type, payload: { type, sequence_number: number++, ...payload }, tokens }
}

function* unnumbered(envelope: Envelope, said: Said, stream: FamilyStream): Generator<Untold> {
  const begun = opening(envelope)
  yield { type: 'response.created', payload: { response: begun }, tokens: 0 }
  yield { type: 'response.in_progress', payload: { response: begun }, tokens: 0 }
  const whole = responseBody(envelope, said)
  const items = objectsAt(whole, 'output')
  for (const [index, item] of items.entries()) {
    const empty = item.type === 'message' ? messageItem(envelope.id, null, 'in_progress') : { ...item }
    if (item.type === 'function_call') Object.assign(empty, toolItem(envelope.id, said, 'in_progress'))
    yield { type: 'response.output_item.added', payload: { output_index: index, item: empty }, tokens: 0 }
    if (item.type === 'message') yield* textEvents(said, stream, { item_id: item.id ?? '', output_index: index })
    if (item.type === 'function_call') yield* toolEvents(said, stream, { item_id: item.id ?? '', output_index: index })
    yield { type: 'response.output_item.done', payload: { output_index: index, item }, tokens: 0 }
  }
  const ending = whole.status === 'incomplete' ? 'response.incomplete' : 'response.completed'
  yield { type: ending, payload: { response: whole }, tokens: 0 }
}

function* textEvents(said: Said, stream: FamilyStream, place: JsonObject): Generator<Untold> {
  const at = { ...place, content_index: 0 }
  yield { type: 'response.content_part.added', payload: { ...at, part: textPart('') }, tokens: said.reasoningTokens }
  for (const delta of deltasOf(stream, (choice) => stringAt(objectAt(choice, 'delta') ?? {}, 'content')))
    yield { type: 'response.output_text.delta', payload: { ...at, delta, logprobs: [] }, tokens: 1 }
  yield { type: 'response.output_text.done', payload: { ...at, text: said.text, logprobs: [] }, tokens: 0 }
  yield { type: 'response.content_part.done', payload: { ...at, part: textPart(said.text) }, tokens: 0 }
}

function* toolEvents(said: Said, stream: FamilyStream, place: JsonObject): Generator<Untold> {
  for (const delta of deltasOf(stream, argumentsOf))
    yield { type: 'response.function_call_arguments.delta', payload: { ...place, delta }, tokens: 1 }
  const done = { ...place, name: said.tool?.name ?? '', arguments: said.tool?.arguments ?? '' }
  yield { type: 'response.function_call_arguments.done', payload: done, tokens: 0 }
}

function argumentsOf(choice: JsonObject): string | undefined {
  const [call] = objectsAt(objectAt(choice, 'delta') ?? {}, 'tool_calls')
  return stringAt(objectAt(call ?? {}, 'function') ?? {}, 'arguments')
}

/** Empty pieces, with which a chat begins, are no deltas here. */
function* deltasOf(stream: FamilyStream, read: (choice: JsonObject) => string | undefined): Generator<string> {
  for (const chunk of stream.chunks) {
    const [choice] = objectsAt(chunk, 'choices')
    const delta = isObject(choice) ? read(choice) : undefined
    if (delta !== undefined && delta !== '') yield delta
  }
}

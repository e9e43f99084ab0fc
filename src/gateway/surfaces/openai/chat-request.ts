// A chat completion request as a call of Converse: what it asks for, what could not be carried, and what the answer must know of it.

import { abilitiesOf, type Effort } from '../converse/abilities.ts'
import { Dropped } from '../converse/dropped.ts'
import { InvalidField, present, type Fields } from '../converse/fields.ts'
import type { ConverseRequest } from '../converse/types.ts'
import { conversationOf, type Conversation } from './conversation.ts'
import { metadataOf } from './metadata.ts'
import { inferenceOf, reasoningOf, tierOf } from './settings.ts'
import { readSchema, sayTools, type AskedChoice, type AskedSchema, type AskedTool } from './tools.ts'

/** A request as far as it is read before its model is known. */
export type ChatRequest = {
  readonly modelId: string
  readonly streams: boolean
  readonly includeUsage: boolean
  readonly metadata: Readonly<Record<string, string>>
  readonly fields: Fields
}

export type SaidRequest = {
  readonly request: ConverseRequest
  readonly schemaTool: string | null
  readonly dropped: Dropped
}

export function readChatRequest(fields: Fields): ChatRequest {
  const options = fields.object('stream_options')
  return {
    modelId: fields.neededText('model'),
    streams: fields.flag('stream') ?? false,
    includeUsage: options?.flag('include_usage') ?? false,
    metadata: metadataOf(fields),
    fields,
  }
}

export function sayChat({ fields }: ChatRequest, baseModel: string | null): SaidRequest {
  const dropped = new Dropped()
  refuseUnsayable(fields)
  const abilities = abilitiesOf(baseModel)
  const messages = fields.objects('messages')
  if (messages === undefined || messages.length === 0) throw new InvalidField('messages', 'must hold a message.')
  const conversation = conversationOf(messages, dropped)
  const {
    schemaTool,
    fields: toolFields,
    ...tools
  } = sayTools({
    ...readTools(fields),
    parallel: fields.flag('parallel_tool_calls') ?? true,
    schema: readFormat(fields, dropped),
    calledTools: conversation.calledTools,
    abilities,
    dropped,
  })
  const cap = fields.number('max_completion_tokens') ?? fields.number('max_tokens')
  const reasoning = reasoningOf({ effort: readEffort(fields), abilities, cap, dropped })
  const inference = inferenceOf(fields, { cap, dropped, fixedTemperature: reasoning.budgeted })
  ignoreHarmless(fields, dropped)
  return {
    request: requestOf(conversation, { inference, tools, toolFields, reasoning, tier: tierOf(fields, dropped) }),
    schemaTool,
    dropped,
  }
}

type Said = {
  readonly inference: ConverseRequest['inferenceConfig']
  readonly tools: Pick<ConverseRequest, 'toolConfig' | 'outputConfig'>
  readonly toolFields: NonNullable<ConverseRequest['additionalModelRequestFields']>
  readonly reasoning: ReturnType<typeof reasoningOf>
  readonly tier: ConverseRequest['serviceTier']
}

export function requestOf({ system, messages }: Conversation, said: Said): ConverseRequest {
  const { inference, tools, toolFields, reasoning, tier } = said
  const additional = { ...reasoning.fields, ...toolFields }
  return {
    messages,
    ...present({
      system: system.length === 0 ? undefined : system,
      inferenceConfig: inference,
      toolConfig: tools.toolConfig,
      outputConfig: present({ ...tools.outputConfig, effort: reasoning.effort }) ?? undefined,
      additionalModelRequestFields: Object.keys(additional).length === 0 ? undefined : additional,
      serviceTier: tier,
    }),
  }
}

/** What would change the meaning of the answer if it were left out. */
function refuseUnsayable(fields: Fields): void {
  const n = fields.number('n') ?? 1
  if (n !== 1)
    throw new InvalidField('n', 'must be 1: Bedrock gives one answer a call. Make the call several times instead.')
  if (fields.flag('logprobs') === true || (fields.number('top_logprobs') ?? 0) > 0)
    throw new InvalidField('logprobs', 'cannot be had: Bedrock does not give the probabilities of tokens.')
  if (fields.any('functions') !== undefined || fields.any('function_call') !== undefined)
    throw new InvalidField('functions', 'are not read here: name them in tools.')
  const modalities = fields.list('modalities') ?? []
  if (fields.any('audio') !== undefined || modalities.some((modality) => modality !== 'text'))
    throw new InvalidField('modalities', 'may hold only "text": the answer is text.')
  if (fields.any('web_search_options') !== undefined)
    throw new InvalidField('web_search_options', 'cannot be had: Bedrock does not search the web.')
}

/** What changes nothing at its usual value. */
function ignoreHarmless(fields: Fields, dropped: Dropped): void {
  for (const name of ['frequency_penalty', 'presence_penalty']) {
    if ((fields.number(name) ?? 0) !== 0) dropped.add(name)
  }
  if (fields.flag('store') === true) dropped.add('store')
  dropped.addAll(fields.unread())
}

const EFFORTS: Readonly<Record<string, Effort>> = {
  none: 'none',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  max: 'max',
}

export function readEffort(fields: Fields, name = 'reasoning_effort'): Effort | undefined {
  const word = fields.word(name, Object.keys(EFFORTS))
  return word === undefined ? undefined : EFFORTS[word]
}

function readFormat(fields: Fields, dropped: Dropped): AskedSchema | null {
  const format = fields.object('response_format')
  const type = format?.word('type', ['text', 'json_object', 'json_schema'])
  if (format === undefined || type === undefined || type === 'text') return null
  if (type === 'json_schema') return readSchema(format.neededObject('json_schema'))
  // what it promises stands in the prompt too: OpenAI refuses it otherwise
  dropped.add('response_format.json_object')
  return null
}

function readTools(fields: Fields): { tools: readonly AskedTool[]; choice: AskedChoice } {
  const tools = (fields.objects('tools') ?? []).map((tool) => {
    if (tool.text('type') !== 'function')
      throw new InvalidField(tool.at('type'), 'must be "function": no other tools can be had here.')
    return readTool(tool.neededObject('function'))
  })
  const choice = fields.any('tool_choice')
  if (choice === undefined || typeof choice === 'string') {
    return { tools, choice: { mode: fields.word('tool_choice', ['auto', 'none', 'required']) ?? 'auto' } }
  }
  const given = fields.neededObject('tool_choice')
  if (given.word('type', ['function', 'allowed_tools']) === 'allowed_tools') return allowed(tools, given)
  return { tools, choice: { mode: 'tool', name: given.neededObject('function').neededText('name') } }
}

export function readTool(tool: Fields): AskedTool {
  return {
    name: tool.neededText('name'),
    description: tool.text('description'),
    parameters: tool.object('parameters')?.value,
    strict: tool.flag('strict') ?? false,
  }
}

function allowed(tools: readonly AskedTool[], choice: Fields): { tools: readonly AskedTool[]; choice: AskedChoice } {
  const given = choice.neededObject('allowed_tools')
  const names = new Set((given.objects('tools') ?? []).map((tool) => tool.object('function')?.text('name')))
  return {
    tools: tools.filter(({ name }) => names.has(name)),
    choice: { mode: given.word('mode', ['auto', 'required']) ?? 'auto' },
  }
}

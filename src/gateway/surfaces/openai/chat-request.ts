// A chat completion request as a call of Converse: what it asks for, what could not be carried, and what the answer must know of it.

import type { Header } from '../client-metadata.ts'
import type { Dropped } from '../converse/dropped.ts'
import { InvalidField, type Fields } from '../converse/fields.ts'
import { conversationOf } from './conversation.ts'
import { metadataOf } from './metadata.ts'
import { sayRequest, type SaidRequest } from './say.ts'
import { readEffort } from './settings.ts'
import { readSchema, readTool, type AskedChoice, type AskedSchema, type AskedTool } from './tools.ts'

/** A request as far as it is read before its model is known. */
export type ChatRequest = {
  readonly modelId: string
  readonly streams: boolean
  readonly includeUsage: boolean
  readonly metadata: Readonly<Record<string, string>>
  readonly fields: Fields
}

export function readChatRequest(fields: Fields, header: Header): ChatRequest {
  const options = fields.object('stream_options')
  return {
    modelId: fields.neededText('model'),
    streams: fields.flag('stream') ?? false,
    includeUsage: options?.flag('include_usage') ?? false,
    metadata: metadataOf(fields, header),
    fields,
  }
}

export function sayChat({ fields }: ChatRequest, baseModel: string | null, dropped: Dropped): SaidRequest {
  refuseUnsayable(fields)
  const messages = fields.objects('messages')
  if (messages === undefined || messages.length === 0) throw new InvalidField('messages', 'must hold a message.')
  const conversation = conversationOf(messages, dropped)
  const schema = readFormat(fields, dropped)
  const cap = fields.number('max_completion_tokens') ?? fields.number('max_tokens')
  fields.any('max_tokens')
  for (const name of ['frequency_penalty', 'presence_penalty']) {
    if ((fields.number(name) ?? 0) !== 0) dropped.add(name)
  }
  const effort = readEffort(fields, 'reasoning_effort')
  return sayRequest({ ...readTools(fields), conversation, schema, effort, cap, fields, baseModel, dropped })
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

function allowed(tools: readonly AskedTool[], choice: Fields): { tools: readonly AskedTool[]; choice: AskedChoice } {
  const given = choice.neededObject('allowed_tools')
  const names = new Set((given.objects('tools') ?? []).map((tool) => tool.object('function')?.text('name')))
  return {
    tools: tools.filter(({ name }) => names.has(name)),
    choice: { mode: given.word('mode', ['auto', 'required']) ?? 'auto' },
  }
}

// A request of OpenAI's Responses as a call of Converse. Nothing is kept here between two of them, so each brings its conversation along.

import type { Header } from '../client-metadata.ts'
import type { Dropped } from '../converse/dropped.ts'
import { fieldsOf, InvalidField, type Fields } from '../converse/fields.ts'
import type { ContentBlock, Json, JsonObject } from '../converse/types.ts'
import { ConversationReader } from './conversation.ts'
import { metadataOf } from './metadata.ts'
import { sayRequest, type SaidRequest } from './say.ts'
import { readEffort } from './settings.ts'
import { readSchema, readTool, type AskedChoice, type AskedSchema, type AskedTool } from './tools.ts'

export type ResponseRequest = {
  readonly modelId: string
  readonly streams: boolean
  readonly metadata: Readonly<Record<string, string>>
  readonly fields: Fields
}

export function readResponseRequest(fields: Fields, header: Header): ResponseRequest {
  return {
    modelId: fields.neededText('model'),
    streams: fields.flag('stream') ?? false,
    metadata: metadataOf(fields, header),
    fields,
  }
}

export function sayResponse({ fields }: ResponseRequest, baseModel: string | null, dropped: Dropped): SaidRequest {
  refuseUnsayable(fields)
  const conversation = new ConversationReader(dropped)
  const instructions = fields.text('instructions')
  if (instructions !== undefined && instructions.trim() !== '') conversation.system.push({ text: instructions })
  readInput(fields, conversation, dropped)
  const reasoning = fields.object('reasoning')
  // what is thought is told in any case
  for (const name of ['summary', 'generate_summary']) reasoning?.any(name)
  const effort = reasoning === undefined ? undefined : readEffort(reasoning, 'effort')
  const schema = readFormat(fields, dropped)
  ignoreHarmless(fields, dropped)
  const cap = fields.number('max_output_tokens')
  return sayRequest({ ...readTools(fields), conversation, schema, effort, cap, fields, baseModel, dropped })
}

/** What would change the meaning of the answer if it were left out. */
function refuseUnsayable(fields: Fields): void {
  for (const name of ['previous_response_id', 'conversation']) {
    if (fields.any(name) !== undefined)
      throw new InvalidField(name, 'cannot be used: answers are not kept here. Send the whole conversation as input.')
  }
  if (fields.flag('background') === true)
    throw new InvalidField('background', 'must be false: the answer is given as it is made.')
  if (fields.any('prompt') !== undefined)
    throw new InvalidField('prompt', 'cannot be used: templates are not kept here. Send instructions and input.')
  if ((fields.number('top_logprobs') ?? 0) > 0)
    throw new InvalidField('top_logprobs', 'cannot be had: Bedrock does not give the probabilities of tokens.')
}

/** What changes nothing, or nothing at its usual value. */
function ignoreHarmless(fields: Fields, dropped: Dropped): void {
  fields.any('stream_options')
  if (fields.text('truncation') === 'auto') dropped.add('truncation')
  for (const name of fields.list('include') ?? []) {
    // what a model has thought is always given, so that it can come back
    if (name !== 'reasoning.encrypted_content') dropped.add(typeof name === 'string' ? `include.${name}` : 'include')
  }
}

function readInput(fields: Fields, conversation: ConversationReader, dropped: Dropped): void {
  const input = fields.any('input')
  if (typeof input === 'string') {
    conversation.message(fieldsOf({ role: 'user', content: input }, 'input'))
    return
  }
  for (const item of fields.objects('input') ?? []) {
    const type = item.text('type') ?? 'message'
    const read = Object.hasOwn(ITEMS, type) ? ITEMS[type] : undefined
    if (read === undefined)
      throw new InvalidField(item.at('type'), `"${type.slice(0, 64)}" cannot be had here, or is not kept here.`)
    // names that the answer gave to its parts mean nothing to the model
    for (const name of ['id', 'status', 'phase']) item.any(name)
    read(item, conversation, dropped)
    dropped.addAll(item.unread())
  }
  if (conversation.messages.length === 0) throw new InvalidField('input', 'must hold a message.')
}

type ReadItem = (item: Fields, conversation: ConversationReader, dropped: Dropped) => void

const ITEMS: Readonly<Record<string, ReadItem>> = {
  message: (item, conversation) => conversation.message(item),
  function_call: (item, conversation) => conversation.toolUse(item.neededText('call_id'), item),
  function_call_output: (item, conversation) => conversation.toolResult(item.neededText('call_id'), item, 'output'),
  reasoning: readReasoning,
}

/** What this surface gives out as encrypted content: the thoughts as Converse has them, signatures included. */
export const encryptedContent = (reasoning: JsonObject): string =>
  Buffer.from(JSON.stringify(reasoning)).toString('base64')

function readReasoning(item: Fields, conversation: ConversationReader, dropped: Dropped): void {
  for (const name of ['summary', 'content']) item.any(name)
  const encrypted = item.text('encrypted_content')
  const block = encrypted === undefined ? null : decrypted(encrypted, item.at('encrypted_content'))
  if (block === null) dropped.add(item.at('reasoning'))
  else conversation.thoughts([block])
}

/** null: it was made elsewhere. */
function decrypted(text: string, path: string): ContentBlock | null {
  let value: Json
  try {
    value = JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
  } catch {
    return null
  }
  const fields = fieldsOf(value, path)
  const redactedContent = fields.text('redactedContent')
  if (redactedContent !== undefined) return { reasoningContent: { redactedContent } }
  const thought = fields.neededObject('reasoningText')
  const signature = thought.text('signature')
  const said = { text: thought.neededText('text'), ...(signature === undefined ? {} : { signature }) }
  return { reasoningContent: { reasoningText: said } }
}

function readFormat(fields: Fields, dropped: Dropped): AskedSchema | null {
  const text = fields.object('text')
  if (text?.any('verbosity') !== undefined) dropped.add('text.verbosity')
  const format = text?.object('format')
  const type = format?.word('type', ['text', 'json_object', 'json_schema'])
  if (type === 'json_object') dropped.add('text.format.json_object')
  return format === undefined || type !== 'json_schema' ? null : readSchema(format)
}

function readTools(fields: Fields): { tools: readonly AskedTool[]; choice: AskedChoice } {
  const tools = (fields.objects('tools') ?? []).map((tool) => {
    if (tool.text('type') !== 'function')
      throw new InvalidField(tool.at('type'), 'must be "function": no other tools can be had here.')
    return readTool(tool)
  })
  const choice = fields.any('tool_choice')
  if (choice === undefined || typeof choice === 'string')
    return { tools, choice: { mode: fields.word('tool_choice', ['auto', 'none', 'required']) ?? 'auto' } }
  const given = fields.neededObject('tool_choice')
  if (given.word('type', ['function', 'allowed_tools']) === 'function')
    return { tools, choice: { mode: 'tool', name: given.neededText('name') } }
  const names = new Set((given.objects('tools') ?? []).map((tool) => tool.text('name')))
  const mode = given.word('mode', ['auto', 'required']) ?? 'auto'
  return { tools: tools.filter(({ name }) => names.has(name)), choice: { mode } }
}

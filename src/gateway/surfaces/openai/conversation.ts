// The messages of a chat completion as a conversation of Converse: who said what in order, tool calls with their results.

import type { Dropped } from '../converse/dropped.ts'
import { fieldsOf, InvalidField, type Fields } from '../converse/fields.ts'
import { documentOf, imageOf, readDataUrl } from '../converse/media.ts'
import type { ContentBlock, Json, JsonObject, Message, SystemBlock, ToolResultContent } from '../converse/types.ts'

export type Conversation = {
  readonly system: readonly SystemBlock[]
  readonly messages: readonly Message[]
  /** names of the tools that were called in it */
  readonly calledTools: ReadonlySet<string>
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const

export function conversationOf(messages: readonly Fields[], dropped: Dropped): Conversation {
  const reader = new ConversationReader(dropped)
  for (const message of messages) reader.message(message)
  return reader
}

/** Takes in a conversation, message by message or, as responses have it, item by item. */
export class ConversationReader implements Conversation {
  readonly system: SystemBlock[] = []
  readonly messages: { role: 'user' | 'assistant'; content: ContentBlock[] }[] = []
  readonly calledTools = new Set<string>()
  readonly #dropped: Dropped

  constructor(dropped: Dropped) {
    this.#dropped = dropped
  }

  message(message: Fields): void {
    const role = message.neededWord('role', ROLES)
    if (role === 'system' || role === 'developer') this.#instruct(message)
    else if (role === 'assistant') this.#say('assistant', this.#assistantBlocks(message))
    else if (role === 'tool') this.toolResult(message.neededText('tool_call_id'), message, 'content')
    else this.#say('user', this.#content(message, 'content', partOfUser))
    this.#dropped.addAll(message.unread())
  }

  /** Converse has one place for instructions, in front; that one came later in the conversation is told. */
  #instruct(message: Fields): void {
    if (this.messages.length > 0) this.#dropped.add('messages[].role.system_in_place')
    for (const text of this.#content(message, 'content', partOfText)) this.system.push(text)
  }

  /** Roles take turns in Converse: what one of them says in several messages is one. */
  #say(role: 'user' | 'assistant', blocks: readonly ContentBlock[]): void {
    if (blocks.length === 0) return
    const last = this.messages.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else this.messages.push({ role, content: [...blocks] })
  }

  #assistantBlocks(message: Fields): ContentBlock[] {
    const details = message.objects('reasoning_details')
    const blocks: ContentBlock[] = details === undefined ? [] : reasoningOf(details)
    // said beside its details, for people to read
    if (details !== undefined) message.any('reasoning_content')
    blocks.push(...this.#content(message, 'content', partOfAssistant).filter((block) => !isBlank(block)))
    const refusal = message.text('refusal')
    if (refusal !== undefined && refusal.trim() !== '') blocks.push({ text: refusal })
    for (const call of message.objects('tool_calls') ?? []) blocks.push(this.#calledIn(call))
    return blocks
  }

  #content<Block>(message: Fields, name: string, partOf: Part<Block>): (Block | { readonly text: string })[] {
    const content = message.any(name)
    if (content === undefined) return []
    if (typeof content === 'string') return [{ text: content }]
    return (message.objects(name) ?? []).map((part) => {
      const block = partOf(part.text('type') ?? 'text', part)
      this.#dropped.addAll(part.unread())
      return block
    })
  }

  toolUse(toolUseId: string, called: Fields): void {
    this.#say('assistant', [this.#toolUse(toolUseId, called)])
  }

  toolResult(toolUseId: string, message: Fields, name: string): void {
    const content = this.#content(message, name, partOfTool).filter((block) => !isBlank(block))
    this.#say('user', [{ toolResult: { toolUseId, content } }])
  }

  thoughts(blocks: readonly ContentBlock[]): void {
    this.#say('assistant', blocks)
  }

  #calledIn(call: Fields): ContentBlock {
    call.word('type', ['function'])
    call.any('index')
    return this.#toolUse(call.neededText('id'), call.neededObject('function'))
  }

  #toolUse(toolUseId: string, called: Fields): ContentBlock {
    const name = called.neededText('name')
    this.calledTools.add(name)
    return { toolUse: { toolUseId, name, input: argumentsOf(called) } }
  }
}

const isBlank = (block: ContentBlock | ToolResultContent): boolean => 'text' in block && block.text.trim() === ''

function argumentsOf(called: Fields): JsonObject {
  const text = called.text('arguments') ?? ''
  if (text.trim() === '') return {}
  let value: Json
  try {
    value = JSON.parse(text)
  } catch {
    throw new InvalidField(called.at('arguments'), 'is not valid JSON.')
  }
  return fieldsOf(value, called.at('arguments')).value
}

/** As this surface gives reasoning out: what was signed comes back with its signature, what is encrypted as it was. */
function reasoningOf(details: readonly Fields[]): ContentBlock[] {
  return details.map((detail): ContentBlock => {
    if (detail.word('type', ['reasoning.text', 'reasoning.encrypted']) === 'reasoning.encrypted')
      return { reasoningContent: { redactedContent: detail.neededText('data') } }
    const signature = detail.text('signature')
    const text = detail.text('text') ?? ''
    return { reasoningContent: { reasoningText: signature === undefined ? { text } : { text, signature } } }
  })
}

type Part<Block> = (type: string, part: Fields) => Block

const partOfText: Part<{ readonly text: string }> = (type, part) => {
  // what an answer says beside its text means nothing to the model that gave it
  if (type === 'output_text') for (const name of ['annotations', 'logprobs']) part.any(name)
  if (type === 'text' || type === 'input_text' || type === 'output_text') return { text: part.neededText('text') }
  throw new InvalidField(part.at('type'), `"${type.slice(0, 64)}" cannot stand in a message of this role.`)
}

const partOfAssistant: Part<{ readonly text: string }> = (type, part) =>
  type === 'refusal' ? { text: part.neededText('refusal') } : partOfText(type, part)

const partOfTool: Part<ToolResultContent> = (type, part) =>
  type === 'image_url' || type === 'input_image' ? imagePart(part) : partOfText(type, part)

const partOfUser: Part<ContentBlock> = (type, part) => {
  if (type === 'image_url' || type === 'input_image') return imagePart(part)
  if (type === 'file' || type === 'input_file') return filePart(part)
  if (type === 'input_audio') return audioPart(part)
  return partOfText(type, part)
}

/** Chat completions put the URL into an object, responses do not. */
function imagePart(part: Fields): ContentBlock & ToolResultContent {
  const inside = typeof part.any('image_url') === 'object' ? part.object('image_url') : undefined
  // how closely it is looked at is for the model to say
  const details = inside ?? part
  details.any('detail')
  const url = inside?.neededText('url') ?? part.neededText('image_url')
  const field = inside?.at('url') ?? part.at('image_url')
  const data = readDataUrl(url)
  if (data === null) {
    throw new InvalidField(
      field,
      'must hold the image itself, as data:image/png;base64,…: this gateway fetches nothing from other places.',
    )
  }
  return imageOf(data, field)
}

function filePart(part: Fields): ContentBlock {
  const file = part.object('file') ?? part
  const text = file.text('file_data')
  const data = text === undefined ? null : readDataUrl(text)
  if (data === null) {
    throw new InvalidField(
      file.at('file_data'),
      'must hold the file itself, as data:application/pdf;base64,…: files by id or URL are not kept here.',
    )
  }
  return documentOf(data, file.text('filename') ?? 'document', file.at('file_data'))
}

function audioPart(part: Fields): ContentBlock {
  const audio = part.neededObject('input_audio')
  return { audio: { format: audio.neededText('format'), source: { bytes: audio.neededText('data') } } }
}

// System and messages of Anthropic's dialect as a conversation of Converse: the same blocks in the same order.

import type { Dropped } from '../converse/dropped.ts'
import { type Fields, InvalidField } from '../converse/fields.ts'
import { documentName, documentOf, imageOf } from '../converse/media.ts'
import type {
  CachePoint,
  ContentBlock,
  DocumentBlock,
  ImageBlock,
  Json,
  Message,
  SystemBlock,
  ToolResultContent,
} from '../converse/types.ts'
import { citationToConverse } from './citations.ts'

export type Conversation = {
  readonly system: readonly SystemBlock[]
  readonly messages: readonly Message[]
  /** names of the tools that were called in it */
  readonly calledTools: ReadonlySet<string>
}

export type Carriage = {
  readonly dropped: Dropped
  /** the model keeps prefixes where it is told to */
  readonly cachePoints: boolean
}

export function conversationOf(fields: Fields, carriage: Carriage): Conversation {
  const reader = new Reader(carriage)
  reader.instruct(contentOf(fields, 'system'))
  for (const message of fields.objects('messages') ?? []) reader.message(message)
  return reader
}

/** Text alone stands for one block of it. */
function contentOf(fields: Fields, name: string): readonly (Fields | string)[] {
  const content = fields.any(name)
  if (content === undefined) return []
  return typeof content === 'string' ? [content] : (fields.objects(name) ?? [])
}

const ROLES = ['user', 'assistant', 'system'] as const

class Reader implements Conversation {
  readonly system: SystemBlock[] = []
  readonly messages: { role: 'user' | 'assistant'; content: ContentBlock[] }[] = []
  readonly calledTools = new Set<string>()
  readonly #carriage: Carriage

  constructor(carriage: Carriage) {
    this.#carriage = carriage
  }

  instruct(blocks: readonly (Fields | string)[]): void {
    for (const block of blocks) {
      if (typeof block === 'string') {
        if (!isBlank(block)) this.system.push({ text: block })
        continue
      }
      if (block.neededText('type') !== 'text') throw new InvalidField(block.at('type'), 'must be "text" in system.')
      const text = block.neededText('text')
      if (!isBlank(text)) this.system.push({ text }, ...cachePointOf(block, this.#carriage))
      this.#carriage.dropped.addAll(block.unread())
    }
  }

  message(message: Fields): void {
    const role = message.word('role', ROLES)
    if (role === undefined) throw new InvalidField(message.at('role'), 'is needed.')
    const blocks = contentOf(message, 'content')
    if (role === 'system') {
      // Converse has one place for instructions, in front; that one came later is told.
      this.#carriage.dropped.add(`${message.at('role')}.system_in_place`)
      this.instruct(blocks)
      return
    }
    // Roles take turns in Converse: what one of them says in several messages is one.
    const last = this.messages.at(-1)
    const content = last?.role === role ? last.content : []
    for (const block of blocks) content.push(...this.#blocksOf(block))
    if (content.length > 0 && content !== last?.content) this.messages.push({ role, content })
  }

  #blocksOf(block: Fields | string): readonly ContentBlock[] {
    if (typeof block === 'string') return isBlank(block) ? [] : [{ text: block }]
    const said = this.#blockOf(block)
    const point = cachePointOf(block, this.#carriage)
    this.#carriage.dropped.addAll(block.unread())
    return said === null ? [] : [said, ...point]
  }

  /** null: there is nothing of it that Converse could carry. */
  #blockOf(block: Fields): ContentBlock | null {
    const type = block.neededText('type')
    switch (type) {
      case 'tool_use':
        return this.#toolUse(block)
      case 'tool_result':
        return this.#toolResult(block)
      case 'thinking':
        return thinkingOf(block)
      case 'redacted_thinking':
        return { reasoningContent: { redactedContent: block.neededText('data') } }
      case 'text':
        return textOf(block, this.#carriage.dropped)
      default:
        return partOf(type, block, this.#carriage)
    }
  }

  #toolUse(block: Fields): ContentBlock {
    const name = block.neededText('name')
    this.calledTools.add(name)
    return { toolUse: { toolUseId: block.neededText('id'), name, input: block.neededObject('input').value } }
  }

  #toolResult(block: Fields): ContentBlock {
    const content = contentOf(block, 'content').flatMap((part): ToolResultContent[] => {
      if (typeof part === 'string') return isBlank(part) ? [] : [{ text: part }]
      const type = part.neededText('type')
      const said = type === 'text' ? { text: part.neededText('text') } : partOf(type, part, this.#carriage)
      this.#carriage.dropped.addAll(part.unread())
      return said === null || ('text' in said && isBlank(said.text)) ? [] : [said]
    })
    const failed = block.flag('is_error') === true
    return {
      toolResult: { toolUseId: block.neededText('tool_use_id'), content, ...(failed ? { status: 'error' } : {}) },
    }
  }
}

const isBlank = (text: string): boolean => text.trim() === ''

function thinkingOf(block: Fields): ContentBlock {
  const text = block.text('thinking') ?? ''
  const signature = block.text('signature') ?? ''
  return { reasoningContent: { reasoningText: signature === '' ? { text } : { text, signature } } }
}

/** What may stand in a message and in a tool's result alike. */
function partOf(type: string, block: Fields, { dropped }: Carriage): (ContentBlock & ToolResultContent) | null {
  switch (type) {
    case 'image':
      return imagePart(block)
    case 'document':
      return documentPart(block)
    case 'search_result':
      return searchResultPart(block)
    default:
      // such as what Anthropic's own server tools have done, which no other model knows
      dropped.add(`${block.path}.${type}`)
      for (const name of Object.keys(block.value)) block.any(name)
      return null
  }
}

function textOf(block: Fields, dropped: Dropped): ContentBlock | null {
  const text = block.neededText('text')
  if (isBlank(text)) return null
  const given = block.list('citations') ?? []
  if (given.length === 0) return { text }
  const citations = given.flatMap((citation) => citationToConverse(citation) ?? [])
  if (citations.length < given.length) dropped.add(block.at('citations'))
  return { citationsContent: { content: [{ text }], citations } }
}

const ELSEWHERE = 'must hold the data itself: this gateway fetches nothing from other places.'

function imagePart(block: Fields): ImageBlock {
  const source = block.neededObject('source')
  if (source.neededText('type') !== 'base64') throw new InvalidField(source.at('type'), ELSEWHERE)
  return imageOf(
    { mediaType: source.neededText('media_type'), base64: source.neededText('data') },
    source.at('media_type'),
  )
}

function documentPart(block: Fields): DocumentBlock {
  const source = block.neededObject('source')
  const title = block.text('title') ?? 'document'
  const context = block.text('context')
  const cited = block.object('citations')?.flag('enabled')
  return {
    document: {
      ...documentSource(source, title),
      ...(context === undefined ? {} : { context }),
      ...(cited === undefined ? {} : { citations: { enabled: cited } }),
    },
  }
}

function documentSource(source: Fields, title: string): DocumentBlock['document'] {
  const type = source.neededText('type')
  const name = documentName(title)
  switch (type) {
    case 'base64': {
      const data = { mediaType: source.neededText('media_type'), base64: source.neededText('data') }
      return documentOf(data, title, source.at('media_type')).document
    }
    case 'text':
      source.any('media_type')
      return { name, format: 'txt', source: { text: source.neededText('data') } }
    case 'content':
      return { name, source: { content: textsOf(source) } }
    default:
      throw new InvalidField(source.at('type'), ELSEWHERE)
  }
}

function textsOf(source: Fields): { readonly text: string }[] {
  return contentOf(source, 'content').map((part) => {
    if (typeof part === 'string') return { text: part }
    if (part.neededText('type') !== 'text') throw new InvalidField(part.at('type'), 'must be "text" here.')
    return { text: part.neededText('text') }
  })
}

function searchResultPart(block: Fields): { readonly searchResult: Json } {
  const cited = block.object('citations')?.flag('enabled')
  return {
    searchResult: {
      source: block.neededText('source'),
      title: block.neededText('title'),
      content: textsOf(block),
      ...(cited === undefined ? {} : { citations: { enabled: cited } }),
    },
  }
}

const LIFETIMES = ['5m', '1h'] as const

/** A point behind what the caller has marked, with the lifetime that the caller has named; never one that nobody asked for. */
export function cachePointOf(
  block: Fields,
  { cachePoints, dropped }: Carriage,
): readonly { readonly cachePoint: CachePoint }[] {
  const control = block.object('cache_control')
  if (control === undefined) return []
  if (control.neededText('type') !== 'ephemeral') throw new InvalidField(control.at('type'), 'must be "ephemeral".')
  const ttl = control.word('ttl', LIFETIMES)
  if (cachePoints) return [{ cachePoint: { type: 'default', ...(ttl === undefined ? {} : { ttl }) } }]
  dropped.add(block.at('cache_control'))
  return []
}

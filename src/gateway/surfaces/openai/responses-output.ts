// The output of a response, put together piece by piece: the same items whether the answer came whole or as a stream.

import type { BlockDelta, ContentBlock, JsonObject } from '../converse/types.ts'
import { encryptedContent } from './responses-request.ts'

/** Hears of every step, as the events of a streamed response. */
export type Emit = (type: string, payload: JsonObject) => void

type Status = 'in_progress' | 'completed' | 'incomplete'

type Open =
  | { readonly kind: 'message'; text: string }
  | { readonly kind: 'call'; readonly callId: string; readonly name: string; arguments: string }
  | {
      readonly kind: 'reasoning'
      readonly block: number
      text: string
      signature: string | null
      redacted: string | null
    }

const PREFIXES = { message: 'msg', call: 'fc', reasoning: 'rs' } as const

export class ResponseOutput {
  readonly items: JsonObject[] = []
  readonly #requestId: string
  readonly #schemaTool: string | null
  readonly #emit: Emit
  #open: Open | null = null
  /** the tool whose input is the answer's text is being called */
  #answersBySchema = false

  constructor(requestId: string, schemaTool: string | null, emit: Emit) {
    this.#requestId = requestId
    this.#schemaTool = schemaTool
    this.#emit = emit
  }

  block(index: number, block: ContentBlock): void {
    if ('toolUse' in block) {
      this.call(block.toolUse.toolUseId, block.toolUse.name)
      this.delta(index, { toolUse: { input: JSON.stringify(block.toolUse.input) } })
    } else if ('reasoningContent' in block) {
      const { reasoningContent: thought } = block
      if ('redactedContent' in thought) this.delta(index, { reasoningContent: thought })
      else {
        const { text, signature } = thought.reasoningText
        this.delta(index, { reasoningContent: { text } })
        if (signature !== undefined) this.delta(index, { reasoningContent: { signature } })
      }
    } else if ('text' in block) this.#text(block.text)
    else if ('citationsContent' in block) for (const { text } of block.citationsContent.content ?? []) this.#text(text)
  }

  delta(index: number, delta: BlockDelta): void {
    if ('text' in delta) this.#text(delta.text)
    else if ('toolUse' in delta) this.#input(delta.toolUse.input)
    else if ('reasoningContent' in delta) this.#reasoning(index, delta.reasoningContent)
  }

  call(callId: string, name: string): void {
    this.#answersBySchema = name === this.#schemaTool
    if (this.#answersBySchema) return
    this.#begin({ kind: 'call', callId, name, arguments: '' })
  }

  /** `status`: of the item that was being said. */
  end(status: Exclude<Status, 'in_progress'>): void {
    const open = this.#open
    if (open === null) return
    this.#open = null
    const item = this.#item(open, status)
    if (open.kind === 'message') this.#endMessage(open.text)
    else if (open.kind === 'call')
      this.#say('function_call_arguments.done', { name: open.name, arguments: open.arguments })
    else if (open.text !== '') this.#endSummary(open.text)
    this.#emit('response.output_item.done', { output_index: this.items.length, item })
    this.items.push(item)
  }

  #begin(open: Open): void {
    this.end('completed')
    this.#open = open
    const item = this.#item(open, 'in_progress')
    this.#emit('response.output_item.added', { output_index: this.items.length, item })
  }

  #text(piece: string): void {
    if (this.#open?.kind !== 'message') {
      this.#begin({ kind: 'message', text: '' })
      this.#say('content_part.added', { content_index: 0, part: textPart('') })
    }
    if (this.#open?.kind === 'message') this.#open.text += piece
    this.#say('output_text.delta', { content_index: 0, delta: piece, logprobs: [] })
  }

  #endMessage(text: string): void {
    this.#say('output_text.done', { content_index: 0, text, logprobs: [] })
    this.#say('content_part.done', { content_index: 0, part: textPart(text) })
  }

  #input(piece: string): void {
    if (this.#answersBySchema) {
      this.#text(piece)
      return
    }
    if (this.#open?.kind !== 'call') return
    this.#open.arguments += piece
    this.#say('function_call_arguments.delta', { delta: piece })
  }

  #reasoning(block: number, piece: { text?: string; signature?: string; redactedContent?: string }): void {
    if (this.#open?.kind !== 'reasoning' || this.#open.block !== block)
      this.#begin({ kind: 'reasoning', block, text: '', signature: null, redacted: null })
    const open = this.#open
    if (open?.kind !== 'reasoning') return
    open.signature = piece.signature ?? open.signature
    open.redacted = piece.redactedContent ?? open.redacted
    if (piece.text === undefined || piece.text === '') return
    if (open.text === '') this.#say('reasoning_summary_part.added', { summary_index: 0, part: summaryPart('') })
    open.text += piece.text
    this.#say('reasoning_summary_text.delta', { summary_index: 0, delta: piece.text })
  }

  #endSummary(text: string): void {
    this.#say('reasoning_summary_text.done', { summary_index: 0, text })
    this.#say('reasoning_summary_part.done', { summary_index: 0, part: summaryPart(text) })
  }

  /** An event about the item that is being said, or has just been. */
  #say(type: string, payload: JsonObject): void {
    const output_index = this.items.length
    this.#emit(`response.${type}`, { item_id: this.#idOf(this.#lastKind), output_index, ...payload })
  }

  #lastKind: Open['kind'] = 'message'

  #idOf(kind: Open['kind']): string {
    return `${PREFIXES[kind]}_${this.#requestId}_${this.items.length}`
  }

  #item(open: Open, status: Status): JsonObject {
    this.#lastKind = open.kind
    const id = this.#idOf(open.kind)
    if (open.kind === 'message') {
      const content = status === 'in_progress' ? [] : [textPart(open.text)]
      return { id, type: 'message', status, role: 'assistant', content }
    }
    if (open.kind === 'call') {
      const { callId: call_id, name } = open
      return { id, type: 'function_call', status, call_id, name, arguments: open.arguments }
    }
    const summary = open.text === '' ? [] : [summaryPart(open.text)]
    return {
      id,
      type: 'reasoning',
      summary,
      ...(status === 'in_progress' ? {} : { encrypted_content: thoughtOf(open) }),
    }
  }
}

const textPart = (text: string): JsonObject => ({ type: 'output_text', text, annotations: [], logprobs: [] })
const summaryPart = (text: string): JsonObject => ({ type: 'summary_text', text })

function thoughtOf({ text, signature, redacted }: Extract<Open, { kind: 'reasoning' }>): string {
  if (redacted !== null) return encryptedContent({ redactedContent: redacted })
  return encryptedContent({ reasoningText: { text, ...(signature === null ? {} : { signature }) } })
}

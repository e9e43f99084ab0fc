// The events of a ConverseStream as the chunks of a chat completion.

import { createConverseEvents } from '../converse/events.ts'
import type { BlockDelta, ConverseEvent } from '../converse/types.ts'
import { chatUsage, finishReason, tierOf, type AnswerOf } from './chat-answer.ts'
import { exceptionEvent } from './errors.ts'

const DONE = 'data: [DONE]\n\n'

export type ChatStream = { push(chunk: Buffer): Buffer; end(): Buffer }

export function createChatStream(about: AnswerOf, includeUsage: boolean): ChatStream {
  const events = createConverseEvents()
  const writer = new Writer(about, includeUsage)
  return {
    push: (chunk) =>
      Buffer.from(
        events
          .push(chunk)
          .map((event) => writer.say(event))
          .join(''),
      ),
    end: () => Buffer.from(writer.failed ? '' : DONE),
  }
}

class Writer {
  failed = false
  readonly #schemaTool: string | null
  readonly #includeUsage: boolean
  /** everything of a chunk that is the same in all of them */
  readonly #before: string
  readonly #after: string
  /** by the place of its block: the number of a tool call; -1: its input is the answer */
  readonly #calls = new Map<number, number>()
  #callCount = 0
  #started = false
  #saidText = false

  constructor({ id, model, created, schemaTool }: AnswerOf, includeUsage: boolean) {
    this.#schemaTool = schemaTool
    this.#includeUsage = includeUsage
    const same = JSON.stringify({ id, object: 'chat.completion.chunk', created, model }).slice(0, -1)
    this.#before = `data: ${same},"choices":[`
    this.#after = includeUsage ? '],"usage":null}\n\n' : ']}\n\n'
  }

  say(event: ConverseEvent): string {
    switch (event.type) {
      case 'contentBlockStart':
        return event.start.toolUse === undefined ? '' : this.#call(event.contentBlockIndex, event.start.toolUse)
      case 'contentBlockDelta':
        return this.#piece(event.contentBlockIndex, event.delta)
      case 'messageStop':
        return this.#finish(event.stopReason)
      case 'metadata':
        return this.#includeUsage ? this.#usage(event) : ''
      case 'exception':
        this.failed = true
        return exceptionEvent(event.exception, event.message)
      default:
        return ''
    }
  }

  #call(block: number, { toolUseId: id, name }: { toolUseId: string; name: string }): string {
    if (name === this.#schemaTool) {
      this.#calls.set(block, -1)
      return ''
    }
    const index = this.#callCount++
    this.#calls.set(block, index)
    return this.#delta({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] })
  }

  #piece(block: number, delta: BlockDelta): string {
    if ('text' in delta) return this.#text(delta.text)
    if ('toolUse' in delta) {
      const index = this.#calls.get(block) ?? -1
      const { input } = delta.toolUse
      return this.#delta(
        index === -1 ? { content: input } : { tool_calls: [{ index, function: { arguments: input } }] },
      )
    }
    return 'reasoningContent' in delta ? this.#reasoning(block, delta.reasoningContent) : ''
  }

  #reasoning(index: number, piece: { text?: string; signature?: string; redactedContent?: string }): string {
    const { text, signature, redactedContent: data } = piece
    if (data !== undefined) return this.#delta({ reasoning_details: [{ type: 'reasoning.encrypted', index, data }] })
    if (text === undefined) return this.#delta({ reasoning_details: [{ type: 'reasoning.text', index, signature }] })
    return this.#delta({ reasoning_content: text, reasoning_details: [{ type: 'reasoning.text', index, text }] })
  }

  #usage(event: Extract<ConverseEvent, { type: 'metadata' }>): string {
    const usage = JSON.stringify({ usage: chatUsage(event.usage), ...tierOf(event) })
    return `${this.#before}],${usage.slice(1)}\n\n`
  }

  #text(content: string): string {
    this.#saidText = true
    return this.#delta({ content })
  }

  /** An answer without a word and without a call is an empty text, as it is unstreamed. */
  #finish(stopReason: string): string {
    const nothing = this.#saidText || this.#callCount > 0 ? '' : this.#text('')
    return nothing + this.#choice({}, finishReason(stopReason, this.#callCount > 0))
  }

  #delta(delta: object): string {
    if (this.#started) return this.#choice(delta, null)
    this.#started = true
    return this.#choice({ role: 'assistant', content: null, refusal: null, ...delta }, null)
  }

  #choice(delta: object, finish: string | null): string {
    return `${this.#before}{"index":0,"delta":${JSON.stringify(delta)},"logprobs":null,"finish_reason":${JSON.stringify(finish)}}${this.#after}`
  }
}

// The events of a ConverseStream as Anthropic's events, which put together give the message that the whole answer would have been.

import { sseEvent } from '../../../http/sse.ts'
import type { BlockDelta, ConverseEvent, JsonObject } from '../converse/types.ts'
import { citationToAnthropic } from './citations.ts'
import { messageHead, stopOf, usageOf, type Asked, type Stop } from './converse-answer.ts'
import { bedrockExceptionEvent } from './errors.ts'

/**
 * idle: no block is open → open: the deltas of one block come → idle …; the reason of the stop waits for the usage, which Bedrock says
 * after it and Anthropic in one event with it.
 */
export class MessageStream {
  readonly #asked: Asked
  #index = -1
  /** what Bedrock calls the open block, and of what type it was opened; null: none is open */
  #open: { readonly place: number; readonly type: string } | null = null
  #stop: Stop | null = null

  constructor(asked: Asked) {
    this.#asked = asked
  }

  say(event: ConverseEvent): string {
    switch (event.type) {
      case 'messageStart':
        return this.#start()
      case 'contentBlockStart':
        return this.#startBlock(event)
      case 'contentBlockDelta':
        return this.#delta(event.contentBlockIndex, event.delta)
      case 'contentBlockStop':
        return this.#closeBlock()
      case 'messageStop':
        this.#stop = stopOf(event.stopReason, event.additionalModelResponseFields, this.#asked)
        return this.#closeBlock()
      case 'metadata':
        return this.#end(event)
      case 'exception':
        return bedrockExceptionEvent(event.exception, event.message).toString()
      default:
        // Bedrock may have more to say some day; Anthropic's clients could not read it
        return ''
    }
  }

  /** How much was read is not known yet; the last event says it. */
  #start(): string {
    const usage = usageOf({ inputTokens: 0, outputTokens: 0, totalTokens: 0 }, undefined)
    const message = { ...messageHead(this.#asked), content: [], stop_reason: null, stop_sequence: null, usage }
    return sseEvent('message_start', { type: 'message_start', message }) + sseEvent('ping', { type: 'ping' })
  }

  #startBlock({ start, contentBlockIndex }: Extract<ConverseEvent, { type: 'contentBlockStart' }>): string {
    const { toolUse } = start
    if (toolUse === undefined) return ''
    const { toolUseId: id, name } = toolUse
    return this.#openBlock(contentBlockIndex, { type: 'tool_use', id, name, input: {} })
  }

  #delta(place: number, delta: BlockDelta): string {
    if ('text' in delta) return this.#say(place, 'text', { type: 'text_delta', text: delta.text })
    if ('toolUse' in delta)
      return this.#say(place, 'tool_use', { type: 'input_json_delta', partial_json: delta.toolUse.input })
    if ('reasoningContent' in delta) return this.#think(place, delta.reasoningContent)
    const citation = 'citation' in delta ? citationToAnthropic(delta.citation) : null
    return citation === null ? '' : this.#say(place, 'text', { type: 'citations_delta', citation })
  }

  #think(place: number, part: Extract<BlockDelta, { reasoningContent: unknown }>['reasoningContent']): string {
    if ('redactedContent' in part)
      return this.#openBlock(place, { type: 'redacted_thinking', data: part.redactedContent })
    const delta =
      'text' in part
        ? { type: 'thinking_delta', thinking: part.text }
        : { type: 'signature_delta', signature: part.signature }
    return this.#say(place, 'thinking', delta)
  }

  #say(place: number, type: keyof typeof EMPTY | 'tool_use', delta: JsonObject): string {
    const fits = this.#open?.place === place && this.#open.type === type
    const opened = fits || type === 'tool_use' ? '' : this.#openBlock(place, EMPTY[type])
    if (this.#open === null) return ''
    return opened + sseEvent('content_block_delta', { type: 'content_block_delta', index: this.#index, delta })
  }

  #openBlock(place: number, block: JsonObject & { readonly type: string }): string {
    const closed = this.#closeBlock()
    this.#index += 1
    this.#open = { place, type: block.type }
    const event = { type: 'content_block_start', index: this.#index, content_block: block }
    return closed + sseEvent('content_block_start', event)
  }

  #closeBlock(): string {
    if (this.#open === null) return ''
    this.#open = null
    return sseEvent('content_block_stop', { type: 'content_block_stop', index: this.#index })
  }

  #end({ usage, serviceTier }: Extract<ConverseEvent, { type: 'metadata' }>): string {
    const delta = this.#stop ?? stopOf('end_turn', undefined, this.#asked)
    const { cache_creation: _split, ...counts } = usageOf(usage, serviceTier?.type)
    return (
      this.#closeBlock() +
      sseEvent('message_delta', { type: 'message_delta', delta, usage: counts }) +
      sseEvent('message_stop', { type: 'message_stop' })
    )
  }
}

const EMPTY = {
  text: { type: 'text', text: '' },
  thinking: { type: 'thinking', thinking: '', signature: '' },
} as const

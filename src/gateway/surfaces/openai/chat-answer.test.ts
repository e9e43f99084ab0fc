// Answers of Converse as chat completions, whole and streamed.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeEventStreamMessage } from '../../../http/event-stream.ts'
import { Dropped } from '../converse/dropped.ts'
import { Fields } from '../converse/fields.ts'
import type { ContentBlock, Json, JsonObject } from '../converse/types.ts'
import { assistant, streamOf, USAGE } from '../../../../test/fakes/converse-answers.ts'
import { chatCompletion, type AnswerOf, type ReasoningDetail } from './chat-answer.ts'
import { createChatStream } from './chat-stream.ts'
import { conversationOf } from './conversation.ts'

const ABOUT: AnswerOf = { id: 'chatcmpl-1', model: 'm', created: 7, schemaTool: null }

const completionOf = (content: readonly ContentBlock[], stopReason: string, about = ABOUT) =>
  chatCompletion(
    Buffer.from(JSON.stringify({ output: { message: { role: 'assistant', content } }, stopReason, usage: USAGE })),
    about,
  )

describe('an answer', () => {
  it('comes back in the next request as what it was', () => {
    fc.assert(
      fc.property(
        assistant.filter((content) => content.length > 0),
        (content) => {
          const { message } = completionOf(content, 'end_turn').choices[0]!
          const heard = JSON.parse(JSON.stringify(message)) as JsonObject
          const { messages } = conversationOf([new Fields(heard, 'messages[0]')], new Dropped())
          expect(messages).toEqual([{ role: 'assistant', content: JSON.parse(JSON.stringify(content)) as Json }])
        },
      ),
    )
  })

  it('is the same streamed, however the stream is cut', () => {
    const cuts = fc.array(fc.nat(10_000), { maxLength: 20 })
    const reasons = fc.constantFrom('end_turn', 'tool_use', 'max_tokens')
    fc.assert(
      fc.property(assistant, cuts, reasons, fc.integer({ min: 1, max: 5 }), (content, at, stopReason, piece) => {
        const bytes = streamOf(content, stopReason, piece)
        const stream = createChatStream(ABOUT, true)
        const edges = [0, ...at.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length]
        const said = edges.slice(1).map((end, index) => stream.push(bytes.subarray(edges[index], end)))
        const sse = Buffer.concat([...said, stream.end()]).toString()
        expect(assembled(sse)).toEqual(JSON.parse(JSON.stringify(completionOf(content, stopReason))))
      }),
    )
  })

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['content_filtered', 'content_filter'],
    ['guardrail_intervened', 'content_filter'],
    ['something_new', 'stop'],
    ['constructor', 'stop'],
  ])('that ended with %s finished with %s', (stopReason, finish) => {
    const content = [{ toolUse: { toolUseId: 'c', name: 'f', input: {} } }]
    expect(completionOf(content, stopReason).choices[0]?.finish_reason).toBe(finish)
  })

  it('counts cached tokens inside the prompt', () => {
    expect(completionOf([{ text: 'a' }], 'end_turn').usage).toEqual({
      prompt_tokens: 13,
      completion_tokens: 4,
      total_tokens: 17,
      prompt_tokens_details: { cached_tokens: 10 },
    })
  })

  it('by a schema is the text that the tool was given, whole and streamed', () => {
    const about = { ...ABOUT, schemaTool: 'colours' }
    const content = [{ toolUse: { toolUseId: 'c', name: 'colours', input: { colour: 'red' } } }]
    const whole = completionOf(content, 'tool_use', about)
    expect(whole.choices[0]).toMatchObject({ message: { content: '{"colour":"red"}' }, finish_reason: 'stop' })
    expect(whole.choices[0]?.message).not.toHaveProperty('tool_calls')
    const stream = createChatStream(about, true)
    const sse = Buffer.concat([stream.push(streamOf(content, 'tool_use', 3)), stream.end()]).toString()
    expect(assembled(sse)).toEqual(JSON.parse(JSON.stringify(whole)))
  })

  it('with citations keeps its text', () => {
    const content = [{ text: 'a ' }, { citationsContent: { content: [{ text: 'b' }], citations: [] } }]
    expect(completionOf(content, 'end_turn').choices[0]?.message.content).toBe('a b')
  })
})

describe('a stream', () => {
  it('says usage only where it is asked for', () => {
    const stream = createChatStream(ABOUT, false)
    const sse = Buffer.concat([stream.push(streamOf([{ text: 'a' }], 'end_turn', 9)), stream.end()]).toString()
    expect(sse).not.toContain('usage')
    expect(sse.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('that Bedrock breaks off ends with an error, and not as if it were done', () => {
    const stream = createChatStream(ABOUT, true)
    const exception = encodeEventStreamMessage(
      { ':message-type': 'exception', ':exception-type': 'throttlingException' },
      Buffer.from('{"message":"Too many tokens."}'),
    )
    const sse = Buffer.concat([stream.push(exception), stream.end()]).toString()
    expect(sse).toBe(
      'data: {"error":{"message":"Too many tokens.","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}\n\n',
    )
  })
})

type Delta = {
  role?: string
  content?: string | null
  reasoning_content?: string
  reasoning_details?: ReasoningDetail[]
  tool_calls?: { index: number; id?: string; function: { name?: string; arguments: string } }[]
}
type Chunk = {
  id: string
  created: number
  model: string
  choices: { delta: Delta; finish_reason: string | null }[]
  usage: unknown
}

/** What a client makes of the chunks. */
function assembled(sse: string): unknown {
  const lines = sse.split('\n\n').filter((line) => line !== '')
  expect(lines.pop()).toBe('data: [DONE]')
  const chunks = lines.map((line) => JSON.parse(line.slice('data: '.length)) as Chunk)
  const { id, created, model } = chunks[0]!
  const message = new AssembledMessage()
  let finish: string | null = null
  for (const { delta, finish_reason } of chunks.flatMap(({ choices }) => choices)) {
    message.add(delta)
    finish = finish_reason ?? finish
  }
  const choices = [{ index: 0, message: message.made(), logprobs: null, finish_reason: finish }]
  return { id, object: 'chat.completion', created, model, choices, usage: chunks.at(-1)?.usage }
}

class AssembledMessage {
  #content: string | null = null
  #thought = ''
  readonly #calls: { id: string; type: string; function: { name: string; arguments: string } }[] = []
  readonly #details = new Map<number, Record<string, unknown>>()

  add({ content, reasoning_content: thought = '', tool_calls: calls = [], reasoning_details: details = [] }: Delta) {
    if (typeof content === 'string') this.#content = (this.#content ?? '') + content
    this.#thought += thought
    for (const { index, id = '', function: called } of calls) {
      const { name: title = '', arguments: more } = called
      const call = (this.#calls[index] ??= { id, type: 'function', function: { name: title, arguments: '' } })
      call.function.arguments += more
    }
    for (const detail of details) this.#addDetail(detail)
  }

  #addDetail(detail: ReasoningDetail): void {
    const known = this.#details.get(detail.index) ?? {}
    const longer = 'text' in detail ? { text: `${(known['text'] as string | undefined) ?? ''}${detail.text}` } : {}
    this.#details.set(detail.index, { ...known, ...detail, ...longer })
  }

  made(): Record<string, unknown> {
    return {
      role: 'assistant',
      content: this.#content,
      refusal: null,
      ...(this.#thought === '' ? {} : { reasoning_content: this.#thought }),
      ...(this.#details.size === 0 ? {} : { reasoning_details: [...this.#details.values()] }),
      ...(this.#calls.length === 0 ? {} : { tool_calls: this.#calls }),
    }
  }
}

// Answers of ConverseStream as the events of Messages.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeEventStreamMessage } from '../../../http/event-stream.ts'
import type { ConverseAnswer } from '../converse/types.ts'
import { translatorOf } from './outgoing.fixture.ts'

type Loose = ReturnType<typeof JSON.parse>

const NOVA = 'amazon.nova-lite-v1:0'
const words = fc.stringMatching(/^[a-zé一]{1,8}( [a-z]{1,8}){0,3}$/)

const USAGE = {
  inputTokens: 5,
  outputTokens: 7,
  totalTokens: 42,
  cacheReadInputTokens: 10,
  cacheWriteInputTokens: 20,
  cacheDetails: [
    { ttl: '1h', inputTokens: 12 },
    { ttl: '5m', inputTokens: 8 },
  ],
}

const citation = {
  title: 'Seas',
  sourceContent: [{ text: 'wet' }],
  location: { documentPage: { documentIndex: 0, start: 2, end: 3 } },
}

const answerBlock = fc.oneof(
  words.map((said) => ({ text: said })),
  fc.record({ text: words, signature: words }).map((reasoningText) => ({ reasoningContent: { reasoningText } })),
  fc.constant({ reasoningContent: { redactedContent: 'c2VjcmV0' } }),
  fc.record({ toolUseId: words, name: words, input: fc.dictionary(words, words) }).map((toolUse) => ({ toolUse })),
  words.map((said) => ({ citationsContent: { content: [{ text: said }], citations: [citation] } })),
)
const wholeAnswer = fc.record({
  output: fc.array(answerBlock, { maxLength: 5 }).map((content) => ({ message: { role: 'assistant', content } })),
  stopReason: fc.constantFrom('end_turn', 'tool_use', 'max_tokens', 'stop_sequence', 'guardrail_intervened'),
  usage: fc.constant(USAGE),
}) as unknown as fc.Arbitrary<ConverseAnswer>

const frame = (type: string, payload: object): Buffer =>
  encodeEventStreamMessage(
    { ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' },
    Buffer.from(JSON.stringify({ ...payload, p: 'abc' })),
  )

const halves = (said: string): string[] => [said.slice(0, said.length / 2), said.slice(said.length / 2)]

function deltasOf(block: Loose): Loose[] {
  if (block.text !== undefined) return halves(block.text).map((part) => ({ text: part }))
  if (block.toolUse !== undefined)
    return halves(JSON.stringify(block.toolUse.input)).map((input) => ({ toolUse: { input } }))
  if (block.citationsContent !== undefined) {
    const { content, citations } = block.citationsContent
    return [{ text: content[0].text }, ...citations.map((one: Loose) => ({ citation: one }))]
  }
  const { reasoningText, redactedContent } = block.reasoningContent
  if (redactedContent !== undefined) return [{ reasoningContent: { redactedContent } }]
  const parts: Loose[] = halves(reasoningText.text).map((part) => ({ text: part }))
  return [...parts, { signature: reasoningText.signature }].map((part) => ({ reasoningContent: part }))
}

/** How Bedrock streams that answer. */
function framesOf(answer: Loose): Buffer {
  const frames = [frame('messageStart', { role: 'assistant' })]
  answer.output.message.content.forEach((block: Loose, contentBlockIndex: number) => {
    if (block.toolUse !== undefined) {
      const { toolUseId, name } = block.toolUse
      frames.push(frame('contentBlockStart', { contentBlockIndex, start: { toolUse: { toolUseId, name } } }))
    }
    for (const delta of deltasOf(block)) frames.push(frame('contentBlockDelta', { contentBlockIndex, delta }))
    frames.push(frame('contentBlockStop', { contentBlockIndex }))
  })
  frames.push(frame('messageStop', { stopReason: answer.stopReason }))
  frames.push(frame('metadata', { usage: answer.usage, metrics: { latencyMs: 1 } }))
  return Buffer.concat(frames)
}

function eventsIn(sse: string): Loose[] {
  return sse
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const [name, data] = event.split('\n')
      const said = JSON.parse((data ?? '').slice('data: '.length))
      expect(name).toBe(`event: ${said.type}`)
      return said
    })
}

const ADD: Record<string, (block: Loose, delta: Loose) => void> = {
  text_delta: (block, delta) => (block.text += delta.text),
  thinking_delta: (block, delta) => (block.thinking += delta.thinking),
  signature_delta: (block, delta) => (block.signature += delta.signature),
  input_json_delta: (block, delta) => (block.json = (block.json ?? '') + delta.partial_json),
  citations_delta: (block, delta) => (block.citations = [...(block.citations ?? []), delta.citation]),
}

/** As Anthropic's clients put a stream together. */
function assembled(events: Loose[]): Loose {
  const [{ message }] = events
  for (const event of events) {
    if (event.type === 'content_block_start') message.content.push(event.content_block)
    if (event.type === 'content_block_delta') ADD[event.delta.type]?.(message.content[event.index], event.delta)
    if (event.type === 'message_delta')
      Object.assign(message, event.delta, { usage: { ...message.usage, ...event.usage } })
  }
  for (const block of message.content) {
    if (block.json !== undefined) block.input = JSON.parse(block.json)
    delete block.json
  }
  return message
}

const translator = () => translatorOf(NOVA, { stop_sequences: ['END'] })

describe('an answer', () => {
  it('streamed puts together to the whole one, however the bytes are cut', () => {
    fc.assert(
      fc.property(wholeAnswer, fc.array(fc.nat()), (answer, cuts) => {
        const whole = JSON.parse(
          translator()
            .whole(200, Buffer.from(JSON.stringify(answer)), [], null)
            .body.toString(),
        )
        const bytes = framesOf(answer)
        const places = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length]
        const stream = translator()
        const pieces = places.slice(1).map((end, index) => stream.push(bytes.subarray(places[index], end)).toString())
        for (const piece of pieces) expect(piece === '' || piece.endsWith('\n\n')).toBe(true)
        const events = eventsIn(pieces.join('') + stream.end(null).toString())
        const message = assembled(events)
        // the split of what was written to the cache has no place in the last event
        expect({ ...message, usage: { ...message.usage, cache_creation: whole.usage.cache_creation } }).toEqual(whole)
        expect(events.map(({ type }) => type).slice(-2)).toEqual(['message_delta', 'message_stop'])
      }),
    )
  })

  it('says what was used, cached tokens beside the others', () => {
    const answer = {
      output: { message: { role: 'assistant', content: [] } },
      stopReason: 'stop_sequence',
      usage: USAGE,
    }
    const said = JSON.parse(
      translator()
        .whole(200, Buffer.from(JSON.stringify(answer)), [], null)
        .body.toString(),
    )
    expect(said).toEqual({
      id: 'msg_r1',
      type: 'message',
      role: 'assistant',
      model: NOVA,
      content: [],
      stop_reason: 'stop_sequence',
      stop_sequence: 'END',
      usage: {
        input_tokens: 5,
        cache_creation_input_tokens: 20,
        cache_read_input_tokens: 10,
        cache_creation: { ephemeral_5m_input_tokens: 8, ephemeral_1h_input_tokens: 12 },
        output_tokens: 7,
      },
    })
  })

  it('that is none is an error', () => {
    expect(() => translator().whole(200, Buffer.from('{}'), [], null)).toThrow('not an answer')
  })
})

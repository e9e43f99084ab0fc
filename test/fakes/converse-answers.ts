// Answers of Converse for tests: any that a model may give, whole and as the frames of a stream.

import fc from 'fast-check'
import { encodeEventStreamMessage } from '../../src/http/event-stream.ts'
import type { ContentBlock, JsonObject } from '../../src/gateway/surfaces/converse/types.ts'

export const USAGE = { inputTokens: 3, outputTokens: 4, totalTokens: 17, cacheReadInputTokens: 10 }

const text = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }).filter((words) => words.trim() !== '')
const name = fc.stringMatching(/^[a-z_]{1,8}$/)
const input = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 })) as fc.Arbitrary<JsonObject>
const reasoning = fc.oneof(
  fc.record({ reasoningContent: fc.record({ reasoningText: fc.record({ text, signature: text }) }) }),
  fc.record({ reasoningContent: fc.record({ redactedContent: fc.base64String({ minLength: 4 }) }) }),
)
const toolUse = fc.record({ toolUse: fc.record({ toolUseId: name, name, input }) })
/** In the order in which models answer. */
export const assistant = fc
  .tuple(fc.array(reasoning, { maxLength: 2 }), fc.array(text, { maxLength: 1 }), fc.array(toolUse, { maxLength: 3 }))
  .map(([thoughts, words, calls]): ContentBlock[] => [...thoughts, ...words.map((word) => ({ text: word })), ...calls])

const frame = (type: string, payload: unknown): Buffer =>
  encodeEventStreamMessage({ ':message-type': 'event', ':event-type': type }, Buffer.from(JSON.stringify(payload)))

/** As Bedrock streams an answer: text, reasoning and tool inputs in pieces of so many characters. */
export function streamOf(content: readonly ContentBlock[], stopReason: string, piece: number): Buffer {
  const frames = [frame('messageStart', { role: 'assistant' })]
  for (const [contentBlockIndex, block] of content.entries()) {
    const delta = (said: unknown): void => {
      frames.push(frame('contentBlockDelta', { contentBlockIndex, delta: said }))
    }
    if ('text' in block) for (const words of piecesOf(block.text, piece)) delta({ text: words })
    else if ('toolUse' in block) {
      const { input: said, ...start } = block.toolUse
      frames.push(frame('contentBlockStart', { contentBlockIndex, start: { toolUse: start } }))
      for (const words of piecesOf(JSON.stringify(said), piece)) delta({ toolUse: { input: words } })
    } else if ('reasoningContent' in block) {
      const { reasoningContent: thought } = block
      if ('redactedContent' in thought) delta({ reasoningContent: thought })
      else {
        for (const words of piecesOf(thought.reasoningText.text, piece)) delta({ reasoningContent: { text: words } })
        delta({ reasoningContent: { signature: thought.reasoningText.signature } })
      }
    }
    frames.push(frame('contentBlockStop', { contentBlockIndex }))
  }
  frames.push(frame('messageStop', { stopReason }), frame('metadata', { usage: USAGE, metrics: { latencyMs: 1 } }))
  return Buffer.concat(frames)
}

/** Surrogate pairs stay together, as they do on the wire. */
function piecesOf(whole: string, length: number): string[] {
  const characters = Array.from(whole)
  const count = Math.ceil(characters.length / length)
  return Array.from({ length: count }, (_, index) => characters.slice(index * length, (index + 1) * length).join(''))
}

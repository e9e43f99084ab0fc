// ConverseStream: the same turn as Converse, in events; usage comes only with the last one.
import type { Operation, StreamAnswer, StreamEvent } from '../call.ts'
import { converse, type Said } from '../conversation/converse.ts'
import type { Block } from '../conversation/turn.ts'
import { invalid } from '../errors.ts'
import { jsonEvent } from '../event-stream-writer.ts'
import type { JsonObject } from '../family.ts'
import { padded } from '../padding.ts'
import { randomFrom } from '../tokens.ts'
import { bodyOf } from './converse.ts'

export const CONVERSE_STREAM: Operation = {
  name: 'ConverseStream',
  service: 'bedrock',
  method: 'POST',
  path: /^\/model\/(?<modelId>.+)\/converse-stream$/,
  run(call) {
    const conversed = converse(call)
    if (!conversed.model.card.streaming) throw invalid('The model is unsupported for streaming.')
    const random = randomFrom(conversed.billing.baseModel + conversed.turn.outputTokens)
    const answer: StreamAnswer = {
      kind: 'stream',
      headers: { 'content-type': 'application/vnd.amazon.eventstream' },
      events: eventsOf(conversed, () => 1 + Math.floor(random() * 4)),
      frame: (event) => jsonEvent(event.type, padded(event.payload, call.requestId, call.wishes.paddingBytes)),
      billing: conversed.billing,
      ...(call.simulator.log === null ? {} : { logged: bodyOf(conversed) }),
      usageAfter: (_events, tokens) => conversed.usageAfter(tokens),
    }
    return answer
  },
}

/** `piecesOf` says how many tokens the next event brings. */
export function* eventsOf(conversed: Said, piecesOf: () => number): Generator<StreamEvent> {
  const { turn } = conversed
  yield { type: 'messageStart', payload: { role: 'assistant' }, tokens: 0 }
  for (const [contentBlockIndex, block] of turn.blocks.entries()) {
    if (block.kind === 'tool') {
      const start = { toolUse: { name: block.name, toolUseId: block.toolUseId } }
      yield { type: 'contentBlockStart', payload: { contentBlockIndex, start }, tokens: 0 }
    }
    for (let index = 0; index < block.pieces.length; ) {
      const count = piecesOf()
      const pieces = block.pieces.slice(index, index + count)
      index += count
      const payload = { contentBlockIndex, delta: deltaOf(block, pieces.join('')) }
      yield { type: 'contentBlockDelta', payload, tokens: pieces.length }
    }
    if (block.kind === 'reasoning') {
      const delta = { reasoningContent: { signature: block.signature } }
      yield { type: 'contentBlockDelta', payload: { contentBlockIndex, delta }, tokens: 0 }
    }
    yield { type: 'contentBlockStop', payload: { contentBlockIndex }, tokens: 0 }
  }
  const fields = conversed.additionalModelResponseFields
  const stop: JsonObject = { stopReason: turn.stopReason }
  if (fields !== undefined) stop.additionalModelResponseFields = fields
  yield { type: 'messageStop', payload: stop, tokens: 0 }
  const metadata = { metrics: { latencyMs: conversed.latencyMs }, usage: conversed.usage, ...conversed.extras }
  yield { type: 'metadata', payload: metadata, tokens: 0 }
}

function deltaOf(block: Block, text: string): JsonObject {
  if (block.kind === 'text') return { text }
  if (block.kind === 'reasoning') return { reasoningContent: { text } }
  return { toolUse: { input: text } }
}

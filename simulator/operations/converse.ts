// Converse: one message back, with usage.
import type { Operation, PlainAnswer } from '../call.ts'
import { type Conversed, converse, type Said } from '../conversation/converse.ts'
import type { Block } from '../conversation/turn.ts'
import type { JsonObject } from '../family.ts'

export const CONVERSE: Operation = {
  name: 'Converse',
  service: 'bedrock',
  method: 'POST',
  path: /^\/model\/(?<modelId>.+)\/converse$/,
  run: (call) => answerOf(converse(call)),
}

function answerOf(conversed: Conversed): PlainAnswer {
  const { turn } = conversed
  const body = bodyOf(conversed)
  return { kind: 'plain', status: 200, headers: {}, body, billing: conversed.billing, tokens: turn.outputTokens }
}

/** ConverseResponse. */
export function bodyOf(conversed: Said): JsonObject {
  const { turn, additionalModelResponseFields } = conversed
  const body: JsonObject = {
    metrics: { latencyMs: conversed.latencyMs },
    output: { message: { content: turn.blocks.map(contentOf), role: 'assistant' } },
    stopReason: turn.stopReason,
    usage: conversed.usage,
    ...conversed.extras,
  }
  if (additionalModelResponseFields !== undefined) body.additionalModelResponseFields = additionalModelResponseFields
  return body
}

function contentOf(block: Block): JsonObject {
  const text = block.pieces.join('')
  if (block.kind === 'text') return { text }
  if (block.kind === 'reasoning') return { reasoningContent: { reasoningText: { text, signature: block.signature } } }
  return { toolUse: { toolUseId: block.toolUseId, name: block.name, input: block.input } }
}

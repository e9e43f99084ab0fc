// An answer of Converse as a message of Anthropic's: its blocks, why it stopped, and what it used.

import type { ContentBlock, ConverseAnswer, JsonObject, TokenUsage } from '../converse/types.ts'
import { citationToAnthropic } from './citations.ts'

/** What of its request an answer must know. */
export type Asked = {
  readonly requestId: string
  readonly modelId: string
  readonly stopSequences: readonly string[]
}

export function messageOf(answer: ConverseAnswer, asked: Asked): JsonObject {
  const { stopReason, additionalModelResponseFields, serviceTier } = answer
  return {
    ...messageHead(asked),
    content: answer.output.message.content.flatMap(blockOf),
    ...stopOf(stopReason, additionalModelResponseFields, asked),
    usage: usageOf(answer.usage, serviceTier?.type),
  }
}

export const messageHead = ({ requestId, modelId }: Asked): JsonObject => ({
  id: `msg_${requestId}`,
  type: 'message',
  role: 'assistant',
  model: modelId,
})

/** None for what Anthropic's dialect has no block for. */
export function blockOf(block: ContentBlock): readonly JsonObject[] {
  if ('text' in block) return [{ type: 'text', text: block.text }]
  if ('toolUse' in block) {
    const { toolUseId, name, input } = block.toolUse
    return [{ type: 'tool_use', id: toolUseId, name, input }]
  }
  if ('reasoningContent' in block) return [thinkingOf(block.reasoningContent)]
  if ('citationsContent' in block) {
    const { content = [], citations } = block.citationsContent
    const text = content.map((part) => part.text).join('')
    const given = Array.isArray(citations) ? citations : []
    return [{ type: 'text', text, citations: given.flatMap((citation) => citationToAnthropic(citation) ?? []) }]
  }
  return []
}

function thinkingOf(reasoning: Extract<ContentBlock, { reasoningContent: unknown }>['reasoningContent']): JsonObject {
  if ('redactedContent' in reasoning) return { type: 'redacted_thinking', data: reasoning.redactedContent }
  const { text, signature = '' } = reasoning.reasoningText
  return { type: 'thinking', thinking: text, signature }
}

const STOP_REASONS: Readonly<Record<string, string>> = {
  end_turn: 'end_turn',
  tool_use: 'tool_use',
  max_tokens: 'max_tokens',
  stop_sequence: 'stop_sequence',
  model_context_window_exceeded: 'model_context_window_exceeded',
  content_filtered: 'refusal',
  guardrail_intervened: 'refusal',
}

export type Stop = { readonly stop_reason: string; readonly stop_sequence: string | null }

/** Bedrock says which stop sequence was met where the model does; where there was only one, it was that. */
export function stopOf(reason: string, fields: JsonObject | undefined, { stopSequences }: Asked): Stop {
  const stop_reason = STOP_REASONS[reason] ?? 'end_turn'
  if (stop_reason !== 'stop_sequence') return { stop_reason, stop_sequence: null }
  const said = fields?.['stop_sequence']
  const [only = null] = stopSequences.length === 1 ? stopSequences : []
  return { stop_reason, stop_sequence: typeof said === 'string' ? said : only }
}

const TIERS: Readonly<Record<string, string>> = { default: 'standard', priority: 'priority' }

/** Both count cached tokens beside the others. */
export function usageOf(usage: TokenUsage, tier: string | undefined): JsonObject {
  const written = usage.cacheWriteInputTokens ?? 0
  const hour = (usage.cacheDetails ?? []).find(({ ttl }) => ttl === '1h')?.inputTokens ?? 0
  const named = tier === undefined ? undefined : TIERS[tier]
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: usage.cacheReadInputTokens ?? 0,
    cache_creation: { ephemeral_5m_input_tokens: written - hour, ephemeral_1h_input_tokens: hour },
    output_tokens: usage.outputTokens,
    ...(named === undefined ? {} : { service_tier: named }),
  }
}

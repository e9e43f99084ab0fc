// An answer of Converse as a chat completion, whole.

import { parseConverseAnswer } from '../converse/call.ts'
import type { ContentBlock, ConverseAnswer, TokenUsage } from '../converse/types.ts'

/** What an answer repeats of its request, and what it is called. */
export type AnswerOf = {
  readonly id: string
  /** as the client named it */
  readonly model: string
  /** seconds since the epoch */
  readonly created: number
  /** the tool whose input is the answer's text; null: there is none */
  readonly schemaTool: string | null
}

export function chatCompletion(body: Buffer, { id, model, created, schemaTool }: AnswerOf) {
  const answer = parseConverseAnswer(body)
  const { content } = answer.output.message
  const said = saidIn(content, schemaTool)
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: said.text === '' && said.calls.length > 0 ? null : said.text,
          refusal: null,
          ...(said.reasoning === '' ? {} : { reasoning_content: said.reasoning }),
          ...(said.details.length === 0 ? {} : { reasoning_details: said.details }),
          ...(said.calls.length === 0 ? {} : { tool_calls: said.calls }),
        },
        logprobs: null,
        finish_reason: finishReason(answer.stopReason, said.calls.length > 0),
      },
    ],
    usage: chatUsage(answer.usage),
    ...tierOf(answer),
  }
}

export const tierOf = (answer: Pick<ConverseAnswer, 'serviceTier'>): { service_tier?: string } =>
  answer.serviceTier === undefined ? {} : { service_tier: answer.serviceTier.type }

type ToolCall = {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

/** `index` is the place of the block among all blocks; pieces of one block have the same. */
export type ReasoningDetail =
  | { readonly type: 'reasoning.text'; readonly index: number; readonly text?: string; readonly signature?: string }
  | { readonly type: 'reasoning.encrypted'; readonly index: number; readonly data: string }

export type Said = {
  readonly text: string
  readonly reasoning: string
  readonly details: readonly ReasoningDetail[]
  readonly calls: readonly ToolCall[]
}

export function saidIn(content: readonly ContentBlock[], schemaTool: string | null): Said {
  let text = ''
  let reasoning = ''
  const details: ReasoningDetail[] = []
  const calls: ToolCall[] = []
  for (const [index, block] of content.entries()) {
    if ('toolUse' in block) {
      const { toolUseId: id, name, input } = block.toolUse
      const json = JSON.stringify(input)
      if (name === schemaTool) text += json
      else calls.push({ id, type: 'function', function: { name, arguments: json } })
    } else if ('reasoningContent' in block) {
      const detail = detailOf(block.reasoningContent, index)
      details.push(detail)
      if (detail.type === 'reasoning.text') reasoning += detail.text ?? ''
    } else text += textIn(block)
  }
  return { text, reasoning, details, calls }
}

function textIn(block: ContentBlock): string {
  if ('text' in block) return block.text
  return 'citationsContent' in block ? (block.citationsContent.content ?? []).map(({ text }) => text).join('') : ''
}

function detailOf(reasoning: Extract<ContentBlock, { reasoningContent: unknown }>['reasoningContent'], index: number) {
  return 'redactedContent' in reasoning
    ? ({ type: 'reasoning.encrypted', index, data: reasoning.redactedContent } as const)
    : ({ type: 'reasoning.text', index, ...reasoning.reasoningText } as const)
}

const FINISH_REASONS: Readonly<Record<string, string>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  content_filtered: 'content_filter',
  guardrail_intervened: 'content_filter',
}

/** `called`: tools other than the one whose input is the answer. */
export function finishReason(stopReason: string, called: boolean): string {
  if (stopReason === 'tool_use') return called ? 'tool_calls' : 'stop'
  return (Object.hasOwn(FINISH_REASONS, stopReason) ? FINISH_REASONS[stopReason] : undefined) ?? 'stop'
}

/** OpenAI counts cached tokens inside the prompt's, Converse beside them. */
export function chatUsage(usage: TokenUsage) {
  const { inputTokens, outputTokens, cacheReadInputTokens = 0, cacheWriteInputTokens = 0 } = usage
  const prompt = inputTokens + cacheReadInputTokens + cacheWriteInputTokens
  return {
    prompt_tokens: prompt,
    completion_tokens: outputTokens,
    total_tokens: prompt + outputTokens,
    prompt_tokens_details: {
      cached_tokens: cacheReadInputTokens,
      ...(cacheWriteInputTokens === 0 ? {} : { cache_write_tokens: cacheWriteInputTokens }),
    },
  }
}

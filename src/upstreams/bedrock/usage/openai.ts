// Usage of models whose InvokeModel speaks OpenAI's Chat Completions: GPT, gpt-oss, DeepSeek, Qwen, Kimi, GLM, MiniMax, Writer and others.

import type { Family, Reads } from './family.ts'
import { readOpenAiUsage } from './token-usage.ts'

const readUsage: Reads = (value, sheet) => {
  readOpenAiUsage(sheet, sheet.streaming ? 'chunk' : 'body', value)
  sheet.ended = true
}

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html. A stream says it once, in its last chunk but metrics. */
export const OPENAI_ANSWER: Readonly<Record<string, Reads>> = {
  usage: readUsage,
  service_tier: (value, sheet) => sheet.servedTier(value),
}

export const OPENAI_SHAPED: Family = { name: 'openai-shaped', answer: OPENAI_ANSWER }

/** GPT-5.6 and newer write a cache of 30 minutes; older ones and gpt-oss have no billed writes (model cards, 2026-10). */
export const OPENAI: Family = { ...OPENAI_SHAPED, name: 'openai', cacheTtl: '30m' }

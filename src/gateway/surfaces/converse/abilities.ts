// What the families of models can be told through Converse beyond its own members, and how.

import type { Json } from './types.ts'

export type Effort = 'none' | 'low' | 'medium' | 'high' | 'max'

/** How a model is told to reason: members for `additionalModelRequestFields`, and `outputConfig.effort`. */
export type Reasoning = {
  readonly fields: Readonly<Record<string, Json>>
  readonly effort?: string
  /** it must have more than this to write, or Bedrock refuses */
  readonly budgetTokens?: number
}

type Abilities = {
  /** answers by a JSON schema, and strict tools (Bedrock user guide, "Structured outputs", 2026-10) */
  readonly structured: boolean
  /** null: there is no way to say it */
  readonly reasoning: ((effort: Effort) => Reasoning) | null
  /** Claude alone is told through members of its own how it may choose among tools. */
  readonly claude: boolean
}

const BUDGETS: Readonly<Record<Exclude<Effort, 'none'>, number>> = {
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  max: 32_768,
}

/** Extended thinking with a budget: up to the 4.5 generation. */
const budgeted = (effort: Effort): Reasoning =>
  effort === 'none'
    ? { fields: {} }
    : {
        fields: { thinking: { type: 'enabled', budget_tokens: BUDGETS[effort] } },
        budgetTokens: BUDGETS[effort],
      }

/** Adaptive thinking with an effort: from the 4.6 generation on. */
const adaptive = (effort: Effort): Reasoning =>
  effort === 'none'
    ? { fields: { thinking: { type: 'disabled' } } }
    : { fields: { thinking: { type: 'adaptive' } }, effort }

const nova = (effort: Effort): Reasoning =>
  effort === 'none'
    ? { fields: { reasoningConfig: { type: 'disabled' } } }
    : { fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: effort === 'max' ? 'high' : effort } } }

const openai = (effort: Effort): Reasoning => ({
  fields: { reasoning_effort: effort === 'max' ? 'high' : effort === 'none' ? 'low' : effort },
})

const NOTHING: Abilities = { structured: false, reasoning: null, claude: false }
const CLAUDE = { ...NOTHING, claude: true }
const OPEN: Abilities = { ...NOTHING, structured: true }

/** The first pattern that fits a base model has it; each is anchored and linear. */
const FAMILIES: readonly (readonly [pattern: RegExp, abilities: Abilities])[] = [
  [/^anthropic\.claude-(?:v2|instant|3-[05h-s]|3-5)/, CLAUDE],
  [/^anthropic\.claude-(?:3-7|sonnet-4-2|opus-4-2|opus-4-1)/, { ...CLAUDE, reasoning: budgeted }],
  [/^anthropic\.claude-(?:sonnet|haiku|opus)-4-5/, { ...CLAUDE, structured: true, reasoning: budgeted }],
  [/^anthropic\./, { ...CLAUDE, structured: true, reasoning: adaptive }],
  [/^amazon\.nova-2/, { ...NOTHING, reasoning: nova }],
  [/^openai\./, { ...OPEN, reasoning: openai }],
  [/^(?:deepseek\.v3|qwen|google|minimax|mistral|moonshot|moonshotai|nvidia|zai|xai)/, OPEN],
]

/** null: what the model is made of is not known; it can then be told nothing beyond Converse. */
export const abilitiesOf = (baseModel: string | null): Abilities =>
  FAMILIES.find(([pattern]) => baseModel !== null && pattern.test(baseModel))?.[1] ?? NOTHING

// The most that a call can use, told from its request alone: what its reservation is priced from.

import type { ResolvedModel, Tier } from '../core/model.ts'
import type { PicoUsd } from '../core/money.ts'
import { ZERO_USD } from '../core/money.ts'
import type { PriceBook } from '../core/price-book.ts'
import { worstCase, type RatingQuestion, type WorstCaseAsk } from '../core/rating.ts'
import { CONTEXT_DIMENSIONS, type Dimension } from '../core/usage.ts'
import { inputBoundOf } from './input-bound.ts'
import { effectiveCap } from './output-caps.ts'
import type { CallFacts } from './surfaces/surface.ts'

/** What is known of a model; null: not known. */
export type ModelBounds = {
  /** most tokens in one answer; 0: it answers no tokens */
  readonly outputTokens: number | null
  /** longest input in tokens */
  readonly contextTokens: number | null
}

export type BoundsQuestion = {
  readonly operation: string
  readonly facts: CallFacts
  readonly model: ResolvedModel
  readonly body: Buffer
  readonly most: ModelBounds
}

/** Operations that Bedrock does not bill (Bedrock user guide, "Count tokens", 2026-11). */
const FREE_OPERATIONS = new Set(['CountTokens'])
const GUARDRAIL_OPERATIONS = new Set(['ApplyGuardrail', 'InvokeGuardrailChecks'])

/** The longest answer of any model that is known (Qwen3 235B, GPT-6), for models of which it is not. */
const LARGEST_OUTPUT_TOKENS = 131_072
/** A guardrail text unit is up to 1,000 characters (Bedrock pricing page, 2026-07). */
const GUARDRAIL_UNIT_CHARACTERS = 1_000
/** Longer tokens exist, such as runs of spaces; an answer of those alone does not. */
const CHARACTERS_PER_TOKEN = 16
/** The shortest document in a rerank request takes three bytes, and a search unit covers a hundred of them. */
const BYTES_PER_SEARCH_UNIT = 300

export type CallBounds = WorstCaseAsk & {
  /** images, documents and the like are given to the model, of which bytes say little */
  readonly hasMedia: boolean
}

const NOTHING: CallBounds = { inputTokens: 0, outputTokens: 0, hasMedia: false }

export function boundsOf(question: BoundsQuestion): CallBounds {
  const { operation, facts, model, body, most } = question
  const { baseModel } = model
  if (FREE_OPERATIONS.has(operation)) return NOTHING
  const input = inputBoundOf({ body, baseModel, contextTokens: most.contextTokens, listedImages: facts.inputImages })
  if (GUARDRAIL_OPERATIONS.has(operation)) return { ...NOTHING, quantities: guardrailUnits(body.length, input.images) }
  // A stored prompt is longer than what fills in its blanks, and a stored conversation than what comes next in it.
  const isStored = model.kind === 'prompt' || facts.continues
  const inputTokens = isStored ? Math.max(input.tokens, most.contextTokens ?? LARGEST_PROMPT_TOKENS) : input.tokens
  const outputTokens = outputBound(question) * facts.answers
  const characters = body.length + outputTokens * CHARACTERS_PER_TOKEN
  return {
    inputTokens,
    hasMedia: isStored || input.hasMedia,
    ...(input.mayCacheForAnHour || isStored ? {} : { inputDimensions: WITHOUT_HOUR }),
    outputTokens,
    images: facts.answers,
    seconds: madeSeconds(question),
    quantities: {
      ...(facts.isGuarded ? guardrailUnits(characters, input.images + facts.answers) : NO_UNITS),
      input_images: Math.max(1, input.images),
      input_seconds: recordedSeconds(baseModel, input.hasRecording),
      search_units: 1 + Math.ceil(body.length / BYTES_PER_SEARCH_UNIT),
    },
    variant: facts.variant,
  }
}

const LARGEST_PROMPT_TOKENS = 2_000_000
const NO_UNITS = {}

/** A one-hour cache is only written where the request says so ("ttl": "1h"); what is cached unasked lives for minutes. */
const WITHOUT_HOUR: readonly Dimension[] = CONTEXT_DIMENSIONS.filter((name) => name !== 'cache_write_1h_tokens')

/** One answer's tokens: the cap that the model keeps to, else the most that it can write. */
function outputBound({ operation, facts, model, most }: BoundsQuestion): number {
  const mostTokens = most.outputTokens ?? LARGEST_OUTPUT_TOKENS
  if (mostTokens === 0) return 0
  const { caps, thinkingTokens } = facts
  const cap = effectiveCap({ operation, baseModel: model.baseModel }, caps)
  if (cap === null) return mostTokens
  // Thinking is part of the answer; a budget beyond the cap is one for the whole turn (Anthropic, "Interleaved thinking").
  const thinking = thinkingTokens < cap ? 0 : thinkingTokens
  // Some models answer a token to a cap of none.
  return Math.min(Math.max(1, cap + thinking), mostTokens)
}

type SecondsOf = { readonly models: RegExp; readonly seconds: number }

/** The longest films that are made, and how long a shot is (Amazon Nova user guide, "Generating videos"; Luma Ray2's page, 2026-11). */
const FILMS: readonly SecondsOf[] = [
  { models: /^amazon\.nova-reel-v1:0/, seconds: 6 },
  { models: /^amazon\.nova-reel/, seconds: 120 },
  { models: /^luma\./, seconds: 9 },
]
const SHOT_SECONDS = 6

/** Films are made asynchronously only. */
function madeSeconds({ operation, facts, model }: BoundsQuestion): number | null {
  const { seconds, shots } = facts
  if (operation !== 'StartAsyncInvoke') return seconds
  const said = seconds ?? FILMS.find(({ models }) => models.test(model.baseModel ?? ''))?.seconds ?? null
  return said === null ? null : Math.max(said, shots * SHOT_SECONDS)
}

const MAKERS_OF_LISTENERS = ['twelvelabs.', 'amazon.']
/** The longest recordings that are taken; `always`: each call is about one (pages of the models in the Bedrock user guide, 2026-11). */
const RECORDINGS: readonly (SecondsOf & { readonly always: boolean })[] = [
  { models: /^twelvelabs\.pegasus/, seconds: 3_600, always: true },
  { models: /^twelvelabs\.marengo-embed-2/, seconds: 7_200, always: false },
  { models: /^twelvelabs\.marengo/, seconds: 14_400, always: false },
  { models: /^amazon\.nova-.*embeddings/, seconds: 7_200, always: false },
]

function recordedSeconds(baseModel: string | null, hasRecording: boolean): number | null {
  if (baseModel === null || !MAKERS_OF_LISTENERS.some((maker) => baseModel.startsWith(maker))) return null
  const found = RECORDINGS.find(({ models }) => models.test(baseModel))
  if (found === undefined) return null
  return found.always || hasRecording ? found.seconds : 0
}

function guardrailUnits(characters: number, images: number): NonNullable<WorstCaseAsk['quantities']> {
  // Input and answer are assessed apart, each rounded up.
  const units = 2 + Math.ceil(characters / GUARDRAIL_UNIT_CHARACTERS)
  return {
    guardrail_topic_units: units,
    // Prompt attacks are a check of their own, and content filters in the price list.
    guardrail_content_units: 2 * units,
    guardrail_content_image_units: images,
    guardrail_word_units: units,
    guardrail_sensitive_units: units,
    guardrail_grounding_units: units,
    guardrail_reasoning_units: units,
  }
}

type PriceBoundsQuestion = Omit<RatingQuestion, 'baseModel'> & { readonly baseModel: string | null }

/** The dearest of the tiers that may be served; null: no price is known for something that the call may use. */
export function priceBounds(
  book: PriceBook,
  question: PriceBoundsQuestion,
  ask: WorstCaseAsk,
  tiers: readonly Tier[],
): PicoUsd | null {
  if (ask === NOTHING) return ZERO_USD
  const { baseModel } = question
  if (baseModel === null) return null
  let dearest: PicoUsd = ZERO_USD
  for (const tier of tiers) {
    const cost = priceTier(book, { ...question, baseModel, tier }, ask)
    if (cost === null) return null
    if (cost > dearest) dearest = cost
  }
  return dearest
}

function priceTier(book: PriceBook, question: RatingQuestion, ask: WorstCaseAsk): PicoUsd | null {
  const whole = worstCase(book, question, ask)
  if (whole !== null || ask.outputTokens > 0) return whole
  // Models that make images or films bill by those alone: a bound without any priced dimension is still no bound.
  const withoutTokens = worstCase(book, question, { ...ask, inputTokens: 0 })
  return withoutTokens === ZERO_USD ? null : withoutTokens
}

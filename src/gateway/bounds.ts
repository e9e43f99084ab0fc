// The most that a call can use, told from its request alone: what its reservation is priced from.

import type { ResolvedModel } from '../core/model.ts'
import type { PicoUsd } from '../core/money.ts'
import { ZERO_USD } from '../core/money.ts'
import type { PriceBook } from '../core/price-book.ts'
import { worstCase, type RatingQuestion, type WorstCaseAsk } from '../core/rating.ts'
import type { CallFacts } from './surfaces/surface.ts'

export type BoundsQuestion = {
  readonly operation: string
  readonly facts: CallFacts
  readonly model: ResolvedModel
  readonly body: Buffer
  /** the model's own maximum of output tokens; 0: it answers no tokens; null: not known */
  readonly mostOutputTokens: number | null
}

/** Operations that Bedrock does not bill (Bedrock user guide, "Count tokens", 2026-11). */
const FREE_OPERATIONS = new Set(['CountTokens'])
const GUARDRAIL_OPERATIONS = new Set(['ApplyGuardrail', 'InvokeGuardrailChecks'])

/** What a model's own template and tool preamble may add to what the caller sent. */
const TEMPLATE_TOKENS = 1_000
const OUTPUT_TOKENS_WHERE_UNKNOWN = 16_384
/** A guardrail text unit is up to 1,000 characters (Bedrock pricing page, 2026-07). */
const GUARDRAIL_UNIT_CHARACTERS = 1_000
/** The shortest document in a rerank request takes three bytes, and a search unit covers a hundred of them. */
const BYTES_PER_SEARCH_UNIT = 300

const NOTHING: WorstCaseAsk = { inputTokens: 0, outputTokens: 0 }

export function boundsOf(question: BoundsQuestion): WorstCaseAsk {
  const { operation, facts, body, mostOutputTokens } = question
  const bodyBytes = body.length
  if (FREE_OPERATIONS.has(operation)) return NOTHING
  if (GUARDRAIL_OPERATIONS.has(operation)) return { ...NOTHING, quantities: guardrailUnits(bodyBytes) }
  const cap = facts.outputCap ?? mostOutputTokens ?? OUTPUT_TOKENS_WHERE_UNKNOWN
  const most = mostOutputTokens === null ? cap : Math.min(cap, mostOutputTokens)
  return {
    inputTokens: inputBound(body),
    outputTokens: most * facts.answers,
    images: facts.answers,
    seconds: facts.seconds,
    // How long a film or a recording is that the model is given, the request does not say.
    quantities: {
      input_images: 1,
      input_seconds: null,
      search_units: 1 + Math.ceil(bodyBytes / BYTES_PER_SEARCH_UNIT),
    },
    variant: facts.variant,
  }
}

/**
 * A token of text is at least one byte of the request, so the body's length bounds it. What is read from elsewhere, or unfolds while it
 * is read, is bounded by what the models take: the largest context, the tokens of a page or of an image (Anthropic's and Amazon's pages
 * on vision and documents, 2026-11).
 */
export function inputBound(body: Buffer): number {
  let tokens = body.length + TEMPLATE_TOKENS
  if (hidesLetters(body)) tokens += LARGEST_CONTEXT_TOKENS
  for (const { name, each } of READ_FROM_ELSEWHERE) {
    for (let at = body.indexOf(name); at !== -1; at = body.indexOf(name, at + name.length)) tokens += each
    if (tokens > LARGEST_BOUND) return LARGEST_BOUND
  }
  // A page of a compressed document takes a few hundred bytes and up to a few thousand tokens.
  return Math.min(LARGEST_BOUND, body.includes(DOCUMENT) ? tokens + body.length * TOKENS_PER_DOCUMENT_BYTE : tokens)
}

/** No serialiser escapes letters or digits: whoever writes them so may be hiding one of the names that are looked for. */
const hidesLetters = (body: Buffer): boolean => body.includes(ESCAPE) && ESCAPED_LETTER.test(body.toString('latin1'))
const ESCAPE = Buffer.from('\\u00')
const ESCAPED_LETTER = /\\u00(?:3[0-9]|[46][1-9a-f]|[57][0-9a])/i

const LARGEST_CONTEXT_TOKENS = 1_000_000
const LARGEST_BOUND = 100_000_000
const IMAGE_TOKENS = 5_000
const TOKENS_PER_DOCUMENT_BYTE = 10
const DOCUMENT = Buffer.from('"document"')
const READ_FROM_ELSEWHERE: readonly { readonly name: Buffer; readonly each: number }[] = [
  { name: Buffer.from('"s3Location"'), each: LARGEST_CONTEXT_TOKENS },
  { name: Buffer.from('"promptVariables"'), each: LARGEST_CONTEXT_TOKENS },
  { name: Buffer.from('"image"'), each: IMAGE_TOKENS },
  { name: Buffer.from('"image_url"'), each: IMAGE_TOKENS },
]

function guardrailUnits(bodyBytes: number): NonNullable<WorstCaseAsk['quantities']> {
  const units = 1 + Math.ceil(bodyBytes / GUARDRAIL_UNIT_CHARACTERS)
  return {
    guardrail_topic_units: units,
    guardrail_content_units: units,
    guardrail_word_units: units,
    guardrail_sensitive_units: units,
    guardrail_grounding_units: units,
    guardrail_reasoning_units: units,
  }
}

/** null: no price is known for something that the call may use. */
export function priceBounds(
  book: PriceBook,
  question: Omit<RatingQuestion, 'baseModel'> & { baseModel: string | null },
  ask: WorstCaseAsk,
): PicoUsd | null {
  if (ask === NOTHING) return ZERO_USD
  const { baseModel } = question
  if (baseModel === null) return null
  const whole = worstCase(book, { ...question, baseModel }, ask)
  if (whole !== null || ask.outputTokens > 0) return whole
  // Models that make images or films bill by those alone: a bound without any priced dimension is still no bound.
  const withoutTokens = worstCase(book, { ...question, baseModel }, { ...ask, inputTokens: 0 })
  return withoutTokens === ZERO_USD ? null : withoutTokens
}

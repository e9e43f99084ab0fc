// Usage: what one call consumed, in disjoint billable dimensions; absent means not measured, null means unknown, zero means zero.

export const DIMENSIONS = {
  input_tokens: {
    side: 'input',
    per: 'million',
    words: 'input tokens that were not served from or written to a cache',
  },
  output_tokens: { side: 'output', per: 'million', words: 'generated tokens, reasoning included' },
  cache_read_tokens: { side: 'input', per: 'million', words: 'input tokens served from the prompt cache' },
  cache_write_5m_tokens: { side: 'input', per: 'million', words: 'input tokens written to the 5-minute prompt cache' },
  cache_write_1h_tokens: { side: 'input', per: 'million', words: 'input tokens written to the 1-hour prompt cache' },
  cache_write_30m_tokens: {
    side: 'input',
    per: 'million',
    words: 'input tokens written to the 30-minute prompt cache',
  },
  input_images: {
    side: 'input',
    per: 'unit',
    words: 'images given to the model, where the model bills them by number',
  },
  images: { side: 'output', per: 'unit', words: 'images generated' },
  input_seconds: { side: 'input', per: 'unit', words: 'seconds of audio or video given to the model' },
  seconds: { side: 'output', per: 'unit', words: 'seconds of audio or video generated' },
  search_units: { side: 'input', per: 'unit', words: 'rerank searches: one query with up to 100 documents' },
  guardrail_topic_units: { side: 'input', per: 'unit', words: 'guardrail text units, denied topics' },
  guardrail_content_units: { side: 'input', per: 'unit', words: 'guardrail text units, content filters' },
  guardrail_content_image_units: { side: 'input', per: 'unit', words: 'guardrail images, content filters' },
  guardrail_word_units: { side: 'input', per: 'unit', words: 'guardrail text units, word filters' },
  guardrail_sensitive_units: { side: 'input', per: 'unit', words: 'guardrail text units, sensitive information' },
  guardrail_sensitive_free_units: {
    side: 'input',
    per: 'unit',
    words: 'guardrail text units, sensitive information by pattern (free)',
  },
  guardrail_grounding_units: { side: 'input', per: 'unit', words: 'guardrail text units, contextual grounding' },
  guardrail_reasoning_units: { side: 'input', per: 'unit', words: 'guardrail text units, automated reasoning' },
  requests: { side: 'input', per: 'unit', words: 'calls, where a call as such is billed' },
} as const satisfies Record<string, { side: 'input' | 'output'; per: 'million' | 'unit'; words: string }>

export type Dimension = keyof typeof DIMENSIONS

export const DIMENSION_NAMES = Object.keys(DIMENSIONS) as Dimension[]

export const isDimension = (name: string): name is Dimension => Object.hasOwn(DIMENSIONS, name)

/** Whole, non-negative quantities by dimension. A missing dimension was not part of the call; null: it was, but nobody knows how much. */
export type Quantities = { readonly [dimension in Dimension]?: number | null }

export type Usage = {
  readonly quantities: Quantities
  /** reasoning tokens, already inside output_tokens; for information, never priced */
  readonly reasoningTokens?: number
  /** what selects among prices of one dimension: image size and quality ("1024x1024/premium"), video resolution ("720p") */
  readonly variant?: string
  /** true when any quantity was computed by the gateway and not said by the upstream */
  readonly estimated: boolean
}

/** The dimensions that count towards a long-context step: everything the model read. */
export const CONTEXT_DIMENSIONS: readonly Dimension[] = [
  'input_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'cache_write_30m_tokens',
]

/** What the gateway may say when the upstream said nothing: about four characters a token; older gateways agree on floor. */
export function estimateTokens(characters: number): number {
  return Math.floor(characters / 4)
}

/** No call uses more than this of any dimension; a larger count is an upstream's mistake. */
export const LARGEST_COUNT = 1_000_000_000_000

/** A count as an upstream wrote it: a whole number from 0 to LARGEST_COUNT, else null (negative, fraction, text, 1e308). */
export function countOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= LARGEST_COUNT ? value : null
}

// Where each request shape puts the cap on output tokens, and which of the caps in a body the model will really keep to.

/** Converse hands these on into the model's own body. */
export const EXTRA_FIELDS = 'additionalModelRequestFields'

const CONVERSE_CAP = 'inferenceConfig.maxTokens'
const CHAT_CAPS = ['max_completion_tokens', 'max_tokens']
const RESPONSE_CAP = 'max_output_tokens'

type FamilyCaps = {
  readonly models: RegExp
  /** the model keeps to the highest of these, where one of them stands; the first is the one to write where none does */
  readonly caps: readonly [string, ...string[]]
}

/** By base model, the first that matches; the request shapes of the model pages of the Bedrock user guide, 2026-11. */
const FAMILY_CAPS: readonly FamilyCaps[] = [
  { models: /^anthropic\.claude-(?:v|instant)/, caps: ['max_tokens_to_sample', 'max_tokens'] },
  { models: /^anthropic\./, caps: ['max_tokens'] },
  { models: /^amazon\.nova/, caps: ['inferenceConfig.maxTokens', 'inferenceConfig.max_new_tokens'] },
  { models: /^amazon\.titan/, caps: ['textGenerationConfig.maxTokenCount'] },
  { models: /^meta\./, caps: ['max_gen_len'] },
  { models: /^(?:mistral|cohere|ai21\.jamba|deepseek\.r1)/, caps: ['max_tokens'] },
  { models: /^ai21\./, caps: ['maxTokens'] },
  { models: /^twelvelabs\.pegasus/, caps: ['maxOutputTokens'] },
  {
    models: /^(?:deepseek|google|minimax|moonshot|moonshotai|nvidia|openai|qwen|writer|xai|zai)\./,
    caps: ['max_tokens', 'max_completion_tokens'],
  },
]

const INVOKE_PATHS = [...new Set([...FAMILY_CAPS.flatMap(({ caps }) => caps), ...CHAT_CAPS])]

/** Every path that is a cap for some model. */
export const OUTPUT_CAP_PATHS: readonly string[] = [
  ...new Set([CONVERSE_CAP, RESPONSE_CAP, ...INVOKE_PATHS, ...INVOKE_PATHS.map((path) => `${EXTRA_FIELDS}.${path}`)]),
]

export type CapQuestion = { readonly operation: string; readonly baseModel: string | null }

/**
 * The cap that the model keeps to, or null: it says none that counts. A cap under another family's name means nothing to a model, so it
 * never makes the bound smaller; it may make it larger, which is harmless.
 */
export function effectiveCap(question: CapQuestion, caps: ReadonlyMap<string, number>): number | null {
  if (caps.size === 0 || !capPathsOf(question).some((path) => caps.has(path))) return null
  return Math.max(...caps.values())
}

/** The paths that the model reads its cap from, the one to write first; none: it has none, or its shape is not known. */
export function capPathsOf({ operation, baseModel }: CapQuestion): readonly string[] {
  if (operation === 'Converse' || operation === 'ConverseStream') return CONVERSE_PATHS
  if (operation === 'CreateResponse' || operation === 'CreateResponseStream') return RESPONSE_PATHS
  if (baseModel === null) return NO_PATHS
  return FAMILY_CAPS.find(({ models }) => models.test(baseModel))?.caps ?? NO_PATHS
}

const CONVERSE_PATHS = [CONVERSE_CAP]
const RESPONSE_PATHS = [RESPONSE_CAP]
const NO_PATHS: readonly string[] = []

// What a plan lets through of OpenAI's requests: members of the top level that the dialect is not known to have.

import type { DialectPolicy } from '../../../core/dialects.ts'
import { Dropped } from '../converse/dropped.ts'
import { InvalidField, type Fields } from '../converse/fields.ts'

/** A request as its plan lets it through. */
export type Allowed = {
  readonly fields: Fields
  readonly body: Buffer
  /** what was taken out of it, and what comes to that while it is translated */
  readonly dropped: Dropped
}

const COMMON = 'model metadata user safety_identifier service_tier'
const WRITING = 'temperature top_p top_logprobs prompt_cache_key prompt_cache_options prompt_cache_retention stream'

const names = (...lists: readonly string[]): ReadonlySet<string> => new Set(lists.flatMap((list) => list.split(' ')))

/** Members by route (OpenAI's API reference, read 2026-11), those that it calls deprecated among them. */
const KNOWN = {
  'chat completions': names(
    COMMON,
    WRITING,
    'messages stream_options store n seed stop max_tokens max_completion_tokens frequency_penalty presence_penalty',
    'logit_bias logprobs response_format prediction modalities audio tools tool_choice parallel_tool_calls functions',
    'function_call reasoning_effort verbosity web_search_options moderation amazon-bedrock-guardrailConfig',
  ),
  responses: names(
    COMMON,
    WRITING,
    'input instructions stream_options store background conversation include max_output_tokens max_tool_calls',
    'parallel_tool_calls previous_response_id prompt reasoning text tools tool_choice truncation context_management',
    'moderation',
  ),
  embeddings: names(COMMON, 'input dimensions encoding_format input_type'),
  images: names(
    COMMON,
    'prompt n size quality style response_format background moderation stream output_format output_compression',
    'partial_images',
  ),
} as const satisfies Record<string, ReadonlySet<string>>

export function underPolicy(
  route: keyof typeof KNOWN,
  { fields, body }: { readonly fields: Fields; readonly body: Buffer },
  { unknownFields }: DialectPolicy,
): Allowed {
  const dropped = new Dropped()
  const known = KNOWN[route]
  const unknown = unknownFields === 'pass' ? [] : Object.keys(fields.value).filter((name) => !known.has(name))
  const [first] = unknown
  if (first === undefined) return { fields, body, dropped }
  if (unknownFields === 'refuse') {
    const name = first.slice(0, 100)
    throw new InvalidField(name, 'is not a member that this request is known to have, and the plan refuses others.')
  }
  dropped.addAll(unknown)
  const rest = fields.without(unknown)
  return { fields: rest, body: Buffer.from(JSON.stringify(rest.value)), dropped }
}

// The closed table from a base model to the family that knows its usage.

import { JAMBA, JURASSIC } from './ai21.ts'
import { CLAUDE } from './claude.ts'
import { COHERE_COMMAND, COHERE_EMBED, COHERE_EMBED_3, RERANK } from './cohere.ts'
import type { Family } from './family.ts'
import { GENERIC } from './generic.ts'
import { NOVA_CANVAS, STABILITY, STABLE_DIFFUSION_XL, TITAN_IMAGE } from './images.ts'
import { invokePaths } from './invoke.ts'
import type { PathNode } from './json-paths.ts'
import { LLAMA } from './llama.ts'
import { MARENGO, NOVA_EMBEDDINGS, PEGASUS } from './media-embeddings.ts'
import { MISTRAL } from './mistral.ts'
import { NOVA } from './nova.ts'
import { OPENAI, OPENAI_SHAPED } from './openai.ts'
import type { Sheet } from './sheet.ts'
import { TITAN_EMBEDDINGS, TITAN_MULTIMODAL_EMBEDDINGS } from './titan-embeddings.ts'
import { TITAN_TEXT } from './titan-text.ts'
import { LUMA, NOVA_REEL } from './video.ts'

export type KnownFamily = { readonly family: Family; readonly paths: PathNode<Sheet> }

/** The first pattern that matches the base model id counts. */
const FAMILIES = [
  known(/^anthropic\.claude/, CLAUDE),
  known(/^amazon\.nova-canvas/, NOVA_CANVAS),
  known(/^amazon\.nova-reel/, NOVA_REEL),
  known(/^amazon\.nova-.*embeddings/, NOVA_EMBEDDINGS),
  known(/^amazon\.nova-(?!.*sonic)/, NOVA),
  known(/^amazon\.titan-image/, TITAN_IMAGE),
  known(/^amazon\.titan-embed-image/, TITAN_MULTIMODAL_EMBEDDINGS),
  known(/^amazon\.titan-embed/, TITAN_EMBEDDINGS),
  known(/^amazon\.titan-(?:text|tg1)/, TITAN_TEXT),
  known(/^(?:amazon|cohere)\.rerank/, RERANK),
  known(/^cohere\.command/, COHERE_COMMAND),
  known(/^cohere\.embed-.*-v3/, COHERE_EMBED_3),
  known(/^cohere\.embed/, COHERE_EMBED),
  known(/^meta\.llama/, LLAMA),
  known(/^mistral\./, MISTRAL),
  known(/^ai21\.jamba/, JAMBA),
  known(/^ai21\.j2/, JURASSIC),
  known(/^openai\./, OPENAI),
  known(/^(?:deepseek|google|minimax|moonshot|moonshotai|nvidia|qwen|writer|xai|zai)\./, OPENAI_SHAPED),
  known(/^stability\.stable-diffusion-xl/, STABLE_DIFFUSION_XL),
  known(/^stability\./, STABILITY),
  known(/^luma\./, LUMA),
  known(/^twelvelabs\.pegasus/, PEGASUS),
  known(/^twelvelabs\.marengo/, MARENGO),
]

const UNKNOWN: KnownFamily = known(/^/, GENERIC)

/** Null, and whatever the table does not have: the generic reader. */
export function familyOf(baseModel: string | null): KnownFamily {
  if (baseModel === null) return UNKNOWN
  return FAMILIES.find(({ pattern }) => pattern.test(baseModel)) ?? UNKNOWN
}

function known(pattern: RegExp, family: Family): KnownFamily & { readonly pattern: RegExp } {
  return { pattern, family, paths: invokePaths(family) }
}

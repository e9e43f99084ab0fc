// The table of inbound dialects; the first that recognises a path has it.

import { anthropicSurface } from './anthropic/index.ts'
import { bedrockSurface } from './bedrock.ts'
import { facadeSurface } from './facade/index.ts'
import { openaiSurface } from './openai/index.ts'
import { sagemakerSurface } from './sagemaker.ts'
import type { Route, Surface } from './surface.ts'

/** Native calls come first: they are to pay nothing for the others. OpenAI's takes everything under its prefix. */
export const SURFACES: readonly Surface[] = [
  bedrockSurface,
  sagemakerSurface,
  anthropicSurface,
  openaiSurface,
  facadeSurface,
]

/** The dialect whose refusals are used where no dialect recognises the path. */
export const DEFAULT_SURFACE = bedrockSurface

/** Of the dialects that are always there. What the configuration names is asked for before. */
export function matchSurface(method: string, path: string): { surface: Surface; route: Route } | null {
  for (const surface of SURFACES) {
    const route = surface.match(method, path)
    if (route !== null) return { surface, route }
  }
  return null
}

// How fast output burns Bedrock's own token quotas down: facts by family of models, read from AWS's quotas page in 2026-11.

import { matchesModelGlob } from '../core/model.ts'

/** The first that matches holds. */
const RATES: readonly (readonly [glob: string, rate: number])[] = [
  ['anthropic.claude-opus-5*', 10],
  ['anthropic.claude-sonnet-5*', 10],
  ['anthropic.claude-fable-5*', 10],
  ['openai.gpt-5.6*', 10],
  ['anthropic.claude-*-4-8*', 15],
  ['anthropic.claude-*', 5],
]

const HIGHEST = 15

/** Of a model that is not known before the call, the highest there is. */
export function burnRateOf(baseModel: string | null): number {
  if (baseModel === null) return HIGHEST
  return RATES.find(([glob]) => matchesModelGlob(glob, baseModel, null))?.[1] ?? 1
}

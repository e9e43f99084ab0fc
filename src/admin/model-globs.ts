// Refuses patterns that match no model that anybody knows: nearly always a slip of the pen.

import { matchesModelGlob, parseModelId } from '../core/model.ts'
import type { AdminDependencies } from './dependencies.ts'
import { invalid } from './errors.ts'

/** Inference profiles of every place, so that "us.*" is known although profiles are not listed one by one everywhere. */
const PROFILE_PREFIXES = ['us', 'eu', 'apac', 'au', 'ca', 'jp', 'us-gov', 'global']

/** Throws AdminError naming the first pattern without a model. An ARN may name what only the account knows: it passes. */
export function checkGlobs(
  deps: AdminDependencies,
  globs: readonly string[],
  fieldAt: (index: number) => string = (index) => `allowed_models[${index}]`,
): void {
  if (globs.length === 0) return
  const known = knownIds(deps)
  for (const [index, glob] of globs.entries()) {
    if (glob.startsWith('arn:') || known.some(([id, baseModel]) => matchesModelGlob(glob, id, baseModel))) continue
    throw invalid(
      fieldAt(index),
      `"${glob}" matches no model that is known. Correct it, or send "allow_unknown_models": true if it is meant.`,
    )
  }
}

function knownIds(deps: AdminDependencies): readonly (readonly [id: string, baseModel: string])[] {
  const baseModels = new Set(deps.priceBook().list.keys())
  const ids: [string, string][] = []
  for (const { baseModel, profiles } of deps.models()) {
    baseModels.add(baseModel)
    for (const profile of profiles) ids.push([profile, baseModel])
  }
  for (const baseModel of baseModels) {
    ids.push([baseModel, baseModel])
    for (const prefix of PROFILE_PREFIXES) {
      const profile = `${prefix}.${baseModel}`
      if (parseModelId(profile) !== null) ids.push([profile, baseModel])
    }
  }
  return ids
}

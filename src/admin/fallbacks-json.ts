// What a plan falls back to, between JSON and the domain.

import { z } from 'zod'
import { MOST_FALLBACK_RULES, MOST_FALLBACK_STEPS, type FallbackRule } from '../core/fallback.ts'
import { ALIAS_NAME } from '../core/alias.ts'
import type { AdminDependencies } from './dependencies.ts'
import * as fields from './fields.ts'
import { checkGlobs } from './model-globs.ts'

const step = z
  .strictObject({
    model_id: z.string().min(1).max(2_048).nullable().default(null).meta({
      description: 'called in the place of the model; null: the same model',
    }),
    region: z
      .string()
      .regex(/^[a-z]{2}(?:-[a-z]+){1,2}-\d$/, 'must be an AWS region')
      .nullable()
      .default(null)
      .meta({
        description: 'where it is called; null: where calls of it go',
      }),
  })
  .refine(({ model_id, region }) => model_id !== null || region !== null, 'must name a model_id or a region')

export const fallbacks = z
  .array(
    z.strictObject({
      models: fields.modelGlob.meta({
        description: 'the models that this is for; the first rule that fits has a model',
      }),
      steps: z.array(step).min(1).max(MOST_FALLBACK_STEPS),
    }),
  )
  .max(MOST_FALLBACK_RULES)

const stepReply = z.object({ model_id: z.string().nullable(), region: z.string().nullable() })
export const fallbacksReply = z.array(z.object({ models: z.string(), steps: z.array(stepReply) }))

export const fallbacksFromJson = (written: z.output<typeof fallbacks>): readonly FallbackRule[] =>
  written.map(({ models, steps }) => ({
    models,
    steps: steps.map(({ model_id: modelId, region }) => ({ modelId, region })),
  }))

export const fallbacksToJson = (kept: readonly FallbackRule[]): z.input<typeof fallbacksReply> =>
  kept.map(({ models, steps }) => ({
    models,
    steps: steps.map(({ modelId, region }) => ({ model_id: modelId, region })),
  }))

/** Throws AdminError for a model that nobody knows. */
export function checkFallbacks(deps: AdminDependencies, written: z.output<typeof fallbacks>): void {
  for (const [index, { models, steps }] of written.entries()) {
    checkGlobs(deps, [models], () => `fallbacks[${index}].models`)
    for (const [at, { model_id: modelId }] of steps.entries()) {
      if (modelId !== null && !ALIAS_NAME.test(modelId))
        checkGlobs(deps, [modelId], () => `fallbacks[${index}].steps[${at}].model_id`)
    }
  }
}

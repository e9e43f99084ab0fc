// What a plan calls in the place of a model that is throttled or fails before it has begun to answer: other regions, routings, models.

import { matchesModelGlob, type ResolvedModel } from './model.ts'

/** null: the one that was asked for */
export type FallbackStep = { readonly modelId: string | null; readonly region: string | null }

export type FallbackRule = {
  /** glob of the models that it is for */
  readonly models: string
  /** in the order in which they are tried */
  readonly steps: readonly FallbackStep[]
}

export const MOST_FALLBACK_RULES = 32
export const MOST_FALLBACK_STEPS = 4

/** Of several rules that fit the model the first has it; none: there is nothing to fall back to. */
export const fallbackSteps = (
  rules: readonly FallbackRule[],
  { modelId, baseModel }: Pick<ResolvedModel, 'modelId' | 'baseModel'>,
): readonly FallbackStep[] =>
  rules.length === 0
    ? NO_STEPS
    : (rules.find(({ models }) => matchesModelGlob(models, modelId, baseModel))?.steps ?? NO_STEPS)

const NO_STEPS: readonly FallbackStep[] = []

// Where models are in their life: what this version knows, and what Bedrock's own lists have said since; told in a header of answers.

import type { ModelLifecycle } from '../core/model.ts'

export type Lifecycles = {
  /** null: nothing is known of the model */
  readonly of: (baseModel: string) => ModelLifecycle | null
  /** What the header says of calls of the model; null: nothing. */
  readonly headerOf: (baseModel: string | null) => string | null
  /** Takes what Bedrock's list of models says; whatever else is in it is left alone. */
  readonly learn: (modelSummaries: readonly Readonly<Record<string, unknown>>[]) => void
}

const MOST_MODELS = 10_000

export function createLifecycles(known: Iterable<readonly [baseModel: string, lifecycle: ModelLifecycle]>): Lifecycles {
  const lifecycles = new Map(known)
  const headers = new Map<string, string>()
  const take = (baseModel: string, lifecycle: ModelLifecycle): void => {
    lifecycles.set(baseModel, lifecycle)
    const { status, endOfLifeOn } = lifecycle
    if (status === 'active') headers.delete(baseModel)
    else headers.set(baseModel, endOfLifeOn === null ? status : `${status}; end-of-life=${endOfLifeOn}`)
  }
  for (const [baseModel, lifecycle] of lifecycles) take(baseModel, lifecycle)
  return {
    of: (baseModel) => lifecycles.get(baseModel) ?? null,
    headerOf: (baseModel) => (baseModel === null ? null : (headers.get(baseModel) ?? null)),
    learn(modelSummaries) {
      for (const { modelId, modelLifecycle } of modelSummaries) {
        const lifecycle = lifecycleOf(modelLifecycle)
        if (typeof modelId !== 'string' || modelId.length > 256 || lifecycle === null) continue
        if (lifecycles.has(modelId) || lifecycles.size < MOST_MODELS) take(modelId, lifecycle)
      }
    },
  }
}

const STATUSES: Readonly<Record<string, ModelLifecycle['status']>> = { ACTIVE: 'active', LEGACY: 'legacy' }

/** FoundationModelLifecycle of the API model of bedrock (2026-11). */
function lifecycleOf(value: unknown): ModelLifecycle | null {
  if (typeof value !== 'object' || value === null || !('status' in value) || typeof value.status !== 'string')
    return null
  const status = Object.hasOwn(STATUSES, value.status) ? STATUSES[value.status] : undefined
  if (status === undefined) return null
  return { status, endOfLifeOn: 'endOfLifeTime' in value ? dateOf(value.endOfLifeTime) : null }
}

function dateOf(value: unknown): string | null {
  const date = typeof value === 'string' ? /^(\d{4}-\d{2}-\d{2})(?:T|$)/.exec(value)?.[1] : undefined
  return date ?? null
}

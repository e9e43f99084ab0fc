// Builds model cards from what differs between models, so that a family's list reads as a table.
import type { ModelCard } from '../family.ts'

export type CardDetails = Partial<Omit<ModelCard, 'modelId' | 'modelName' | 'providerName'>>

/** A maker of cards for one provider; `common` holds what its models share. */
export function cardsOf(providerName: string, common: CardDetails = {}) {
  return (modelId: string, modelName: string, details: CardDetails = {}): ModelCard => ({
    modelId,
    modelName,
    providerName,
    inputModalities: ['TEXT'],
    outputModalities: ['TEXT'],
    streaming: true,
    inferenceTypes: ['ON_DEMAND'],
    profiles: [],
    converse: true,
    tiers: ['default'],
    maxOutputTokens: 4096,
    lifecycle: 'ACTIVE',
    cache: false,
    ...common,
    ...details,
  })
}

/** For models that can be called through an inference profile only. */
export const byProfile = (...profiles: readonly string[]): CardDetails => ({
  inferenceTypes: [],
  profiles: [...profiles],
})

// The models that a key may call, as OpenAI lists models.

import type { ListedModel, RenderedAnswer, Route } from '../surface.ts'
import { jsonAnswer } from './errors.ts'

export function renderModels(models: readonly ListedModel[], route: Route): RenderedAnswer {
  const data = models.map(({ id, maker, createdAt }) => ({
    id,
    object: 'model',
    created: Math.floor((createdAt ?? 0) / 1_000),
    owned_by: maker ?? 'bedrock',
  }))
  return jsonAnswer(200, route.modelId === null ? { object: 'list', data } : data[0])
}

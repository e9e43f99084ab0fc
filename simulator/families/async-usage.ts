// What StartAsyncInvoke is billed, by model: such calls answer nothing from which it could be read.
import type { BilledUsage, JsonObject } from '../family.ts'
import { segmentedUsage } from './titan-embeddings.ts'
import { marengoUsage } from './twelvelabs.ts'
import { asyncSeconds } from './video.ts'

/** `resolution` selects the price of a second of film ("720p"); null where price does not depend on it. */
export type AsyncUsage = { usage: BilledUsage; resolution: string | null }

/** Checks `modelInput` as the model would (FamilyValidationError); null for a model that cannot be invoked this way. */
export function asyncUsage(modelId: string, modelInput: JsonObject): AsyncUsage | null {
  const film = asyncSeconds(modelId, modelInput)
  if (film !== null) return { usage: { seconds: film.seconds }, resolution: film.resolution }
  if (modelId.startsWith('twelvelabs.marengo-')) return { usage: marengoUsage(modelId, modelInput), resolution: null }
  if (modelId === 'amazon.nova-2-multimodal-embeddings-v1:0')
    return { usage: segmentedUsage(modelInput), resolution: null }
  return null
}

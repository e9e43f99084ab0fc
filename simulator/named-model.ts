// Reads the body of the dialects that name the model in it: one JSON object, the model, and whether a stream is asked for.
import { constraint, invalid } from './errors.ts'
import type { JsonObject } from './family.ts'
import { stringAt } from './json.ts'
import { readModelBody } from './invocation.ts'

/** For faults and scenarios, before anything was checked: the model's name if the body has one. */
export function modelNamedBy(body: Buffer): Record<string, string> {
  try {
    return { modelId: stringAt(readModelBody(body), 'model') ?? '' }
  } catch {
    return { modelId: '' }
  }
}

export type Named = {
  model: string
  stream: boolean
  /** the body without `model` and `stream` */
  rest: JsonObject
}

export function readNamed(bytes: Buffer): Named {
  const { model, stream = false, ...rest } = readModelBody(bytes)
  if (typeof model !== 'string' || model === '') throw invalid('model: Field required')
  if (typeof stream !== 'boolean') throw invalid('stream: Input should be a valid boolean')
  return { model, stream, rest }
}

/** OpenAI's words for the tiers; `auto` leaves the choice to the service, which serves the standard one. */
export function tierNamed(tier: unknown): string | undefined {
  if (tier === undefined || tier === null || tier === 'auto') return undefined
  if (typeof tier === 'string' && ['default', 'flex', 'priority'].includes(tier)) return tier
  throw constraint(tier, 'service_tier', 'satisfy enum value set: [auto, default, flex, priority]')
}

/** Application profiles exist for Invoke and Converse alone (AWS user guide, "Inference profiles", October 2026). */
export function refuseApplicationProfile(model: string): void {
  if (model.includes(':application-inference-profile/'))
    throw invalid('Application inference profiles are not supported by this API.')
}

/** One server-sent event. */
export const serverSent = (event: string | null, data: string): Buffer =>
  Buffer.from(`${event === null ? '' : `event: ${event}\n`}data: ${data}\n\n`)

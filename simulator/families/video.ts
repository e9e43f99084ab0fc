// Nova Reel and Luma Ray2: films, made by StartAsyncInvoke only and billed by the second and the resolution asked for.
import { type Family, FamilyValidationError, type JsonObject } from '../family.ts'
import { cardsOf } from './card.ts'
import { asNumber, asObject, asObjects, asString } from './json.ts'
import { boolean, checkBody, integer, object, oneOf, open, refuse, type Schema, text } from './schema.ts'

const details = {
  inputModalities: ['TEXT', 'IMAGE'],
  outputModalities: ['VIDEO'],
  streaming: false,
  converse: false,
  maxOutputTokens: 0,
}

const amazon = cardsOf('Amazon', { ...details, lifecycle: 'LEGACY' })
const luma = cardsOf('Luma AI', details)

export const novaReel: Family = {
  name: 'nova-reel',
  models: [amazon('amazon.nova-reel-v1:1', 'Nova Reel'), amazon('amazon.nova-reel-v1:0', 'Nova Reel')],
  invoke: onlyAsync,
}

export const lumaRay: Family = {
  name: 'luma-ray',
  models: [luma('luma.ray-v2:0', 'Ray v2')],
  invoke: onlyAsync,
}

/**
 * What StartAsyncInvoke's `modelInput` is billed: seconds of film, and the resolution that selects their price. Refuses an input
 * that the model would refuse; null for a model that makes no film.
 */
export function asyncSeconds(modelId: string, modelInput: JsonObject): { seconds: number; resolution: string } | null {
  if (modelId.startsWith('amazon.nova-reel-')) return { seconds: reelSeconds(modelId, modelInput), resolution: '720p' }
  if (modelId !== 'luma.ray-v2:0') return null
  checkBody(modelInput, RAY)
  const seconds = modelInput['duration'] === '9s' ? 9 : 5
  return { seconds, resolution: asString(modelInput['resolution']) ?? '720p' }
}

function onlyAsync(): never {
  throw new FamilyValidationError('This model can be invoked with StartAsyncInvoke only.')
}

const reel = (durations: Schema): Schema =>
  object(
    {
      taskType: oneOf('TEXT_VIDEO', 'MULTI_SHOT_AUTOMATED', 'MULTI_SHOT_MANUAL'),
      textToVideoParams: open({ text: text(1, 512) }, ['text']),
      multiShotAutomatedParams: open({ text: text(1, 4_000) }, ['text']),
      multiShotManualParams: open({ shots: { type: 'array', minItems: 2, maxItems: 20 } }, ['shots']),
      videoGenerationConfig: object({
        durationSeconds: durations,
        fps: integer(24, 24),
        dimension: oneOf('1280x720'),
        seed: integer(0, 2_147_483_646),
      }),
    },
    ['taskType'],
  )

const PARAMETERS: { readonly [taskType: string]: string } = {
  TEXT_VIDEO: 'textToVideoParams',
  MULTI_SHOT_AUTOMATED: 'multiShotAutomatedParams',
  MULTI_SHOT_MANUAL: 'multiShotManualParams',
}

/** One shot is six seconds; version 1.1 can join up to twenty (AWS Nova user guide, "Generating videos"). */
function reelSeconds(modelId: string, input: JsonObject): number {
  const single = input['taskType'] === 'TEXT_VIDEO'
  checkBody(input, reel(single ? integer(6, 6) : integer(12, 120)))
  const taskType = asString(input['taskType']) ?? ''
  if (!single && modelId.endsWith('-v1:0'))
    throw new FamilyValidationError(`The task type ${taskType} is not supported by this model.`)
  const member = PARAMETERS[taskType] ?? ''
  const parameters = asObject(input[member])
  if (parameters === undefined) refuse(`#: required key [${member}] not found`)
  if (taskType === 'MULTI_SHOT_MANUAL') return asObjects(parameters['shots']).length * SHOT_SECONDS
  const config = asObject(input['videoGenerationConfig'])
  const seconds = asNumber(config?.['durationSeconds']) ?? (single ? SHOT_SECONDS : 2 * SHOT_SECONDS)
  if (seconds % SHOT_SECONDS !== 0) throw new FamilyValidationError('durationSeconds must be a multiple of 6.')
  return seconds
}

const SHOT_SECONDS = 6

const RAY = object(
  {
    prompt: text(1, 5_000),
    aspect_ratio: oneOf('1:1', '16:9', '9:16', '4:3', '3:4', '21:9', '9:21'),
    loop: boolean,
    duration: oneOf('5s', '9s'),
    resolution: oneOf('720p', '540p'),
    keyframes: open({}),
  },
  ['prompt'],
)

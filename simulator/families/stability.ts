// Stability's image models on InvokeModel: Stable Image and its services answer images[], the older SDXL answers artifacts[].
import type { Family, FamilyAnswer, FamilyCall, JsonObject, ModelCard } from '../family.ts'
import { byProfile, cardsOf } from './card.ts'
import { hash } from './generation.ts'
import { asNumber, asObjects, asString } from './json.ts'
import { picture } from './media.ts'
import { any, checkBody, integer, list, number, object, oneOf, open, refuse, text } from './schema.ts'

const card = cardsOf('Stability AI', {
  inputModalities: ['TEXT', 'IMAGE'],
  outputModalities: ['IMAGE'],
  streaming: false,
  converse: false,
  maxOutputTokens: 0,
})

/** The services and what each must be given. */
const SERVICES: readonly (readonly [id: string, name: string, required: readonly string[]])[] = [
  ['stable-conservative-upscale', 'Stable Image Conservative Upscale', ['image', 'prompt']],
  ['stable-creative-upscale', 'Stable Image Creative Upscale', ['image', 'prompt']],
  ['stable-fast-upscale', 'Stable Image Fast Upscale', ['image']],
  ['stable-image-control-sketch', 'Stable Image Control Sketch', ['image', 'prompt']],
  ['stable-image-control-structure', 'Stable Image Control Structure', ['image', 'prompt']],
  ['stable-image-erase-object', 'Stable Image Erase Object', ['image']],
  ['stable-image-inpaint', 'Stable Image Inpaint', ['image', 'prompt']],
  ['stable-image-remove-background', 'Stable Image Remove Background', ['image']],
  ['stable-image-search-recolor', 'Stable Image Search and Recolor', ['image', 'prompt', 'select_prompt']],
  ['stable-image-search-replace', 'Stable Image Search and Replace', ['image', 'prompt', 'search_prompt']],
  ['stable-image-style-guide', 'Stable Image Style Guide', ['image', 'prompt']],
  ['stable-outpaint', 'Stable Image Outpaint', ['image']],
  ['stable-style-transfer', 'Stable Image Style Transfer', ['init_image', 'style_image']],
]

const GENERATORS: readonly ModelCard[] = [
  card('stability.sd3-5-large-v1:0', 'Stable Diffusion 3.5 Large', { inferenceTypes: ['ON_DEMAND'] }),
  card('stability.sd3-large-v1:0', 'SD3 Large 1.0', { inputModalities: ['TEXT'], lifecycle: 'LEGACY' }),
  card('stability.stable-image-core-v1:1', 'Stable Image Core 1.0', { inputModalities: ['TEXT'] }),
  card('stability.stable-image-ultra-v1:1', 'Stable Image Ultra 1.0', { inputModalities: ['TEXT'] }),
]

export const stability: Family = {
  name: 'stability',
  models: [...GENERATORS, ...SERVICES.map(([id, name]) => card(`stability.${id}-v1:0`, name, byProfile('us')))],
  invoke(call) {
    checkBody(call.body, BODY)
    const service = SERVICES.find(([id]) => call.model.modelId === `stability.${id}-v1:0`)
    const required = service === undefined ? ['prompt'] : service[2]
    const missing = required.find((name) => call.body[name] === undefined)
    if (missing !== undefined) refuse(`#: required key [${missing}] not found`)
    return oneImage(call)
  },
}

const BODY = open({
  prompt: text(1, 10_000),
  negative_prompt: text(0, 10_000),
  mode: oneOf('text-to-image', 'image-to-image'),
  aspect_ratio: oneOf('16:9', '1:1', '21:9', '2:3', '3:2', '4:5', '5:4', '9:16', '9:21'),
  seed: integer(0, 4_294_967_295),
  output_format: oneOf('png', 'jpeg', 'webp'),
  image: text(1),
  mask: text(1),
  strength: number(0, 1),
  control_strength: number(0, 1),
  creativity: number(0, 1),
})

function oneImage(call: FamilyCall): FamilyAnswer {
  const seed = asNumber(call.body['seed']) ?? hash(JSON.stringify(call.body))
  return {
    body: { seeds: [seed], finish_reasons: [null], images: [picture(`${call.model.modelId} ${seed}`)] },
    usage: { images: 1 },
    usageHeaders: false,
  }
}

const SDXL = object(
  {
    text_prompts: list(open({ text: text(1, 2_000), weight: number() }, ['text']), 1),
    cfg_scale: number(0, 35),
    height: integer(128),
    width: integer(128),
    steps: integer(10, 150),
    seed: integer(0, 4_294_967_295),
    samples: integer(1, 10),
    sampler: text(),
    clip_guidance_preset: text(),
    style_preset: text(),
    extras: any,
    init_image: text(1),
    init_image_mode: text(),
    image_strength: number(0, 1),
    mask_source: text(),
    mask_image: text(),
  },
  ['text_prompts'],
)

/** Retired by AWS, kept for clients that still speak its shapes. */
export const stabilityXl: Family = {
  name: 'stability-xl',
  models: [
    card('stability.stable-diffusion-xl-v1', 'SDXL 1.0', { lifecycle: 'LEGACY' }),
    card('stability.stable-diffusion-xl-v0', 'SDXL 0.8', { lifecycle: 'LEGACY' }),
  ],
  invoke(call) {
    checkBody(call.body, SDXL)
    const first = asNumber(call.body['seed']) ?? hash(promptWords(call.body))
    const artifacts = Array.from({ length: asNumber(call.body['samples']) ?? 1 }, (_, index) => ({
      seed: first + index,
      base64: picture(`${call.model.modelId} ${first + index}`),
      finishReason: 'SUCCESS',
    }))
    return {
      body: { result: 'success', artifacts },
      usage: { images: artifacts.length },
      usageHeaders: false,
    }
  },
}

const promptWords = (body: JsonObject): string =>
  asObjects(body['text_prompts'])
    .map(({ text: words }) => asString(words) ?? '')
    .join('\n')

// Amazon's image models on InvokeModel, Nova Canvas and Titan Image Generator: a task type in, images[] as base64 out.
import { type Family, type FamilyAnswer, type FamilyCall, FamilyValidationError, type JsonObject } from '../family.ts'
import { cardsOf } from './card.ts'
import { asNumber, asObject, asString } from './json.ts'
import { picture } from './media.ts'
import { checkBody, integer, number, object, oneOf, open, refuse, type Schema, text } from './schema.ts'

const card = cardsOf('Amazon', {
  inputModalities: ['TEXT', 'IMAGE'],
  outputModalities: ['IMAGE'],
  streaming: false,
  converse: false,
  maxOutputTokens: 0,
  lifecycle: 'LEGACY',
})

/** Parameters by task, and what each must have. */
const TASKS: { readonly [taskType: string]: { member: string; required: readonly string[] } } = {
  TEXT_IMAGE: { member: 'textToImageParams', required: ['text'] },
  COLOR_GUIDED_GENERATION: { member: 'colorGuidedGenerationParams', required: ['text', 'colors'] },
  IMAGE_VARIATION: { member: 'imageVariationParams', required: ['images'] },
  INPAINTING: { member: 'inPaintingParams', required: ['image'] },
  OUTPAINTING: { member: 'outPaintingParams', required: ['image', 'text'] },
  BACKGROUND_REMOVAL: { member: 'backgroundRemovalParams', required: ['image'] },
  VIRTUAL_TRY_ON: { member: 'virtualTryOnParams', required: ['sourceImage', 'referenceImage'] },
}

/** Nova Canvas: any size in steps of 16 up to 4.19 million pixels; `quality` standard or premium. */
export const novaCanvas: Family = {
  name: 'nova-canvas',
  models: [card('amazon.nova-canvas-v1:0', 'Nova Canvas')],
  invoke(call) {
    const config = readTask(call.body, Object.keys(TASKS), 1_024)
    checkCanvasSize(config)
    return images(call, config)
  },
}

/** Titan Image Generator: no virtual try-on, a fixed list of sizes. */
export const titanImage: Family = {
  name: 'titan-image',
  models: [
    card('amazon.titan-image-generator-v2:0', 'Titan Image Generator G1 v2'),
    card('amazon.titan-image-generator-v1', 'Titan Image Generator G1'),
  ],
  invoke(call) {
    const first = call.model.modelId.endsWith('-v1')
    const only2 = ['COLOR_GUIDED_GENERATION', 'BACKGROUND_REMOVAL']
    const tasks = Object.keys(TASKS).filter((task) => task !== 'VIRTUAL_TRY_ON' && !(first && only2.includes(task)))
    const config = readTask(call.body, tasks, 512)
    checkTitanSize(config)
    return images(call, config)
  },
}

function readTask(body: JsonObject, tasks: readonly string[], mostCharacters: number): JsonObject {
  checkBody(body, bodySchema(tasks))
  const taskType = asString(body['taskType']) ?? ''
  const task = TASKS[taskType]
  const parameters = asObject(body[task?.member ?? ''])
  if (task === undefined || parameters === undefined) refuse(`#: required key [${task?.member ?? ''}] not found`)
  const missing = task.required.find((name) => parameters[name] === undefined)
  if (missing !== undefined) refuse(`#/${task.member}: required key [${missing}] not found`)
  const prompt = asString(parameters['text'])
  if (prompt !== undefined && prompt.length > mostCharacters)
    refuse(`#/${task.member}/text: expected maxLength: ${mostCharacters}, actual: ${prompt.length}`)
  return asObject(body['imageGenerationConfig']) ?? {}
}

function bodySchema(tasks: readonly string[]): Schema {
  const parameters = Object.fromEntries(Object.values(TASKS).map(({ member }) => [member, open({ text: text(1) })]))
  return object(
    {
      taskType: oneOf(...tasks),
      ...parameters,
      imageGenerationConfig: object({
        numberOfImages: integer(1, 5),
        quality: oneOf('standard', 'premium'),
        width: integer(),
        height: integer(),
        cfgScale: number(1.1, 10),
        seed: integer(0, 2_147_483_646),
      }),
    },
    ['taskType'],
  )
}

function checkCanvasSize(config: JsonObject): void {
  const { width, height } = sizeOf(config)
  for (const [name, side] of Object.entries({ width, height })) {
    if (side < 320 || side > 4_096)
      throw new FamilyValidationError(`The ${name} must be between 320 and 4096 pixels, inclusive.`)
    if (side % 16 !== 0) throw new FamilyValidationError(`The ${name} must be divisible by 16.`)
  }
  if (width * height >= 4_194_304 || width > height * 4 || height > width * 4)
    throw new FamilyValidationError(
      'The image must have fewer than 4,194,304 pixels and an aspect ratio between 1:4 and 4:1.',
    )
}

/** The sizes of Titan's published table, width by height (AWS user guide, "Titan Image Generator"). */
const TITAN_SIZES = (
  '1024x1024 768x768 512x512 768x1152 384x576 1152x768 576x384 768x1280 384x640 1280x768 640x384 896x1152 448x576 ' +
  '1152x896 576x448 768x1408 384x704 1408x768 704x384 640x1408 320x704 1408x640 704x320 1152x640 1173x640'
).split(' ')

function checkTitanSize(config: JsonObject): void {
  const { width, height } = sizeOf(config)
  if (!TITAN_SIZES.includes(`${width}x${height}`))
    throw new FamilyValidationError(`The size ${width}x${height} is not supported by this model.`)
}

const sizeOf = (config: JsonObject): { width: number; height: number } => ({
  width: asNumber(config['width']) ?? 1_024,
  height: asNumber(config['height']) ?? 1_024,
})

function images(call: FamilyCall, config: JsonObject): FamilyAnswer {
  const alone = call.body['taskType'] === 'BACKGROUND_REMOVAL'
  const count = alone ? 1 : (asNumber(config['numberOfImages']) ?? 1)
  const seed = `${call.model.modelId}\n${JSON.stringify(call.body)}`
  return {
    body: { images: Array.from({ length: count }, (_, index) => picture(`${index} ${seed}`)), error: null },
    usage: { images: count },
    usageHeaders: false,
  }
}

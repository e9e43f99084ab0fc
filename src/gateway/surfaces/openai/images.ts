// Images by the models of Bedrock that make them, from a prompt; they come back in the answer, since nothing is kept here.

import { GatewayError } from '../../../core/errors.ts'
import type { Dropped } from '../converse/dropped.ts'
import { InvalidField, present, type Fields } from '../converse/fields.ts'
import type { JsonObject } from '../converse/types.ts'
import type { Prepared } from '../surface.ts'
import type { AskedCall } from './asked-call.ts'
import { jsonAnswer } from './errors.ts'
import { invokeCall, type InvokeAnswer } from './invoke.ts'
import { metadataOf } from './metadata.ts'
import { underPolicy } from './policy.ts'

export function prepareImages({ fields: asked, body: bytes, header }: AskedCall): Prepared {
  const model = asked.neededText('model')
  if (asked.flag('stream') === true) throw new InvalidField('stream', 'must be false: images come whole.')
  if (asked.word('response_format', ['b64_json', 'url']) === 'url')
    throw new InvalidField('response_format', 'must be "b64_json": images are not kept here, so they have no URL.')
  return {
    facts: { modelId: model },
    translate(target) {
      const { fields, dropped } = underPolicy('images', { fields: asked, body: bytes }, target.dialects)
      const ask = askOf(target.model.baseModel, model)
      const metadata = metadataOf(fields, header)
      const question = {
        prompt: fields.neededText('prompt'),
        n: fields.number('n') ?? 1,
        size: sizeOf(fields),
        fields,
        dropped,
      }
      const body = ask(question)
      dropped.addAll(fields.unread())
      const created = Math.floor(target.now / 1_000)
      return invokeCall({ target, body, metadata, dropped, answer: (answer) => imagesOf(answer, created) })
    },
  }
}

type Size = { readonly width: number; readonly height: number }
type Question = {
  readonly prompt: string
  readonly n: number
  /** null: the model's own */
  readonly size: Size | null
  readonly fields: Fields
  readonly dropped: Dropped
}

const QUALITIES: Readonly<Record<string, string>> = {
  standard: 'standard',
  low: 'standard',
  medium: 'standard',
  hd: 'premium',
  high: 'premium',
}

/** Nova Canvas and Titan Image (model-parameters-titan-image.html). */
function askAmazon({ prompt: text, n: numberOfImages, size, fields }: Question): JsonObject {
  const word = fields.word('quality', [...Object.keys(QUALITIES), 'auto'])
  const quality = word === undefined ? undefined : QUALITIES[word]
  return {
    taskType: 'TEXT_IMAGE',
    textToImageParams: { text },
    imageGenerationConfig: { numberOfImages, ...size, ...present({ quality }) },
  }
}

/** Stable Image and Stable Diffusion 3 (model-parameters-diffusion-stable-ultra-text-image-request-response.html): one image a call. */
function askStability({ prompt, n, size, fields, dropped }: Question): JsonObject {
  if (n !== 1) throw new InvalidField('n', 'must be 1: the model makes one image a call.')
  if (fields.any('quality') !== undefined) dropped.add('quality')
  return {
    prompt,
    ...present({
      aspect_ratio: size === null ? undefined : ratioOf(size),
      output_format: fields.word('output_format', ['png', 'jpeg', 'webp']),
    }),
  }
}

const RATIOS = ['16:9', '1:1', '21:9', '2:3', '3:2', '4:5', '5:4', '9:16', '9:21']

function ratioOf({ width, height }: Size): string {
  const found = RATIOS.find((ratio) => {
    const [wide = 1, high = 1] = ratio.split(':').map(Number)
    return width * high === height * wide
  })
  if (found === undefined) throw new InvalidField('size', `must have one of the ratios ${RATIOS.join(', ')}.`)
  return found
}

const FAMILIES: readonly (readonly [pattern: RegExp, ask: (question: Question) => JsonObject])[] = [
  [/^amazon\.(?:nova-canvas|titan-image)/, askAmazon],
  [/^stability\.(?:stable-image-(?:core|ultra)|sd3)/, askStability],
]

function askOf(baseModel: string | null, model: string): (question: Question) => JsonObject {
  const found = FAMILIES.find(([pattern]) => baseModel !== null && pattern.test(baseModel))
  if (found === undefined)
    throw new InvalidField('model', `"${model.slice(0, 200)}" makes no images that can be had by this path.`)
  return found[1]
}

const SIZE = /^(\d{2,4})x(\d{2,4})$/

function sizeOf(fields: Fields): Size | null {
  const text = fields.text('size')
  if (text === undefined || text === 'auto') return null
  const [, width, height] = SIZE.exec(text) ?? []
  if (width === undefined || height === undefined)
    throw new InvalidField('size', 'must be a width and a height such as "1024x1024".')
  return { width: Number(width), height: Number(height) }
}

function imagesOf({ body }: InvokeAnswer, created: number) {
  const images = body['images']
  if (!Array.isArray(images) || images.length === 0) {
    const why = typeof body['error'] === 'string' ? body['error'] : 'Bedrock answered without an image.'
    throw new GatewayError('upstream_failed', { message: why })
  }
  return jsonAnswer(200, { created, data: images.map((image: unknown) => ({ b64_json: image })) })
}

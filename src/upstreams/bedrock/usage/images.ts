// Usage of models that make images: how many the answer holds, and the size and quality that price them.

import type { Asked, Family } from './family.ts'
import type { Sheet } from './sheet.ts'

type Pricing = {
  /** the largest pixel count of each priced size, ascending; the last one takes all larger images too */
  readonly sizes: readonly (readonly [pixels: number, name: string])[]
  readonly width: number
  readonly height: number
}

const CONFIG = 'imageGenerationConfig'
const HEADS: NonNullable<Family['heads']> = { 'images.[]': (head, sheet) => sheet.countHead(head) }

/**
 * docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html: 1024 × 1024, standard quality, one image unless asked
 * otherwise. Priced up to 1024 × 1024 and up to 2048 × 2048 pixels (pricing page, 2026-07).
 */
export const NOVA_CANVAS: Family = imageFamily('nova-canvas', {
  sizes: [
    [1024 * 1024, '1024x1024'],
    [2048 * 2048, '2048x2048'],
  ],
  width: 1024,
  height: 1024,
})

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html. Priced up to 512 × 512 and above. */
export const TITAN_IMAGE: Family = imageFamily('titan-image', {
  sizes: [
    [512 * 512, '512x512'],
    [1024 * 1024, '1024x1024'],
  ],
  width: 1024,
  height: 1024,
})

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-stability-diffusion.html: one price for an image of any size. */
export const STABILITY: Family = {
  name: 'stability',
  heads: HEADS,
  finish: (sheet, _asked, whole) => sayImages(sheet, whole, 1),
}

/** Stable Diffusion XL: `artifacts`; more than 50 steps are premium. */
export const STABLE_DIFFUSION_XL: Family = {
  name: 'stable-diffusion-xl',
  heads: { 'artifacts.[]': (head, sheet) => sheet.countHead(head) },
  request: ['width', 'height', 'steps', 'samples'],
  finish: (sheet, asked, whole) => {
    sayImages(sheet, whole, asked.number('samples') ?? 1)
    const pixels = (asked.number('width') ?? 1024) * (asked.number('height') ?? 1024)
    const quality = (asked.number('steps') ?? 30) > 50 ? 'premium' : 'standard'
    sheet.variant = `${pixels <= 512 * 512 ? '512x512' : '1024x1024'}/${quality}`
  },
}

function imageFamily(name: string, pricing: Pricing): Family {
  return {
    name,
    heads: HEADS,
    request: ['taskType', ...['width', 'height', 'quality', 'numberOfImages'].map((member) => `${CONFIG}.${member}`)],
    finish: (sheet, asked, whole) => {
      sayImages(sheet, whole, asked.number(`${CONFIG}.numberOfImages`) ?? 1)
      sheet.variant = `${sizeOf(sheet, asked, pricing)}/${asked.text(`${CONFIG}.quality`) ?? 'standard'}`
    },
  }
}

/** Of an answer that broke off only the request tells how many images were made. */
function sayImages(sheet: Sheet, whole: boolean, asked: number): void {
  if (whole) sheet.say('answer', 'images', sheet.heads)
  else sheet.say('asked', 'images', asked)
}

/** Editing tasks make an image as large as the one given, and the answer's own PNG is the only short way to see its size. */
function sizeOf(sheet: Sheet, asked: Asked, { sizes, width, height }: Pricing): string {
  const made = pngPixels(sheet.firstHead)
  const wanted = wantedPixels(asked)
  const pixels = wanted ?? made ?? width * height
  return (sizes.find(([largest]) => pixels <= largest) ?? sizes.at(-1))?.[1] ?? ''
}

/** What these tasks are asked is ignored: they keep the size of the image given. */
const KEEPS_SIZE = new Set(['INPAINTING', 'OUTPAINTING', 'BACKGROUND_REMOVAL', 'VIRTUAL_TRY_ON'])

function wantedPixels(asked: Asked): number | null {
  const width = asked.number(`${CONFIG}.width`)
  const height = asked.number(`${CONFIG}.height`)
  if (width === null || height === null || KEEPS_SIZE.has(asked.text('taskType') ?? '')) return null
  return width * height
}

/** Width and height stand in the first 24 bytes of a PNG (w3.org/TR/png, IHDR). `head` is base64 in JSON, with its opening quote. */
function pngPixels(head: string | null): number | null {
  if (head === null) return null
  const bytes = Buffer.from(head.replaceAll(/["\\]/g, ''), 'base64')
  if (bytes.length < 24 || bytes.readUInt32BE(0) !== 0x89504e47) return null
  return bytes.readUInt32BE(16) * bytes.readUInt32BE(20)
}

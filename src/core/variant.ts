// The price variant of an image or a film: not its literal size, but the class of sizes, qualities and steps that Bedrock bills.

/** What a request says of the images it wants; null where it says nothing. */
export type ImageRequest = {
  readonly width: number | null
  readonly height: number | null
  readonly quality: string | null
  readonly steps: number | null
}

/** Sides of the billed squares, ascending; a size belongs to the first with at least its pixels, or to the last. */
type ImageClasses = { readonly sides: readonly number[]; readonly by: 'quality' | 'steps' }

/** By the beginning of the base model id (Bedrock pricing page, 2026-07; Stable Diffusion XL: LiteLLM price map, 2026-07). */
const IMAGE_CLASSES: readonly (readonly [prefix: string, classes: ImageClasses])[] = [
  ['amazon.nova-canvas-', { sides: [1_024, 2_048], by: 'quality' }],
  ['amazon.titan-image-generator-', { sides: [512, 1_024], by: 'quality' }],
  ['stability.stable-diffusion-xl-v0', { sides: [512, 1_024], by: 'steps' }],
  ['stability.stable-diffusion-xl-v1', { sides: [1_024], by: 'steps' }],
]

/** What Bedrock takes where the request says no size. */
const DEFAULT_SIDE = 1_024
const STEPS_OF_LOWER_CLASS = 50
const STEPS_LIMIT = 150

/** Such as "1024x1024/premium" or "512x512/50"; "" for models whose images all cost the same. */
export function imageVariant(baseModel: string, request: ImageRequest): string {
  const classes = IMAGE_CLASSES.find(([prefix]) => baseModel.startsWith(prefix))?.[1]
  if (classes === undefined) return ''
  const pixels = (request.width ?? DEFAULT_SIDE) * (request.height ?? DEFAULT_SIDE)
  const side = classes.sides.find((known) => pixels <= known * known) ?? classes.sides.at(-1)
  const size = `${side}x${side}`
  if (classes.by === 'quality') return `${size}/${request.quality === 'premium' ? 'premium' : 'standard'}`
  return `${size}/${(request.steps ?? 0) > STEPS_OF_LOWER_CLASS ? STEPS_LIMIT : STEPS_OF_LOWER_CLASS}`
}

/** "540p" or "720p" for Luma Ray, which is 720p unless asked otherwise; "" for models whose seconds all cost the same. */
export function videoVariant(baseModel: string, resolution: string | null): string {
  if (!baseModel.startsWith('luma.ray-')) return ''
  return resolution === '540p' ? '540p' : '720p'
}

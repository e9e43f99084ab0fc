// Price variants: a size falls into the class that is billed, also one pixel beyond the edge.

import { describe, expect, it } from 'vitest'
import { imageVariant, videoVariant, type ImageRequest } from './variant.ts'

const request = (changes: Partial<ImageRequest>): ImageRequest => ({
  width: null,
  height: null,
  quality: null,
  steps: null,
  ...changes,
})

describe('imageVariant', () => {
  it.each<[string, Partial<ImageRequest>, string]>([
    ['amazon.titan-image-generator-v1', { width: 512, height: 512 }, '512x512/standard'],
    ['amazon.titan-image-generator-v1', { width: 512, height: 513 }, '1024x1024/standard'],
    ['amazon.titan-image-generator-v2:0', { width: 512, height: 512, quality: 'premium' }, '512x512/premium'],
    ['amazon.titan-image-generator-v2:0', { width: 1_024, height: 1_024, quality: 'premium' }, '1024x1024/premium'],
    ['amazon.titan-image-generator-v2:0', { width: 1_408, height: 640 }, '1024x1024/standard'],
    ['amazon.nova-canvas-v1:0', {}, '1024x1024/standard'],
    ['amazon.nova-canvas-v1:0', { width: 1_280, height: 720 }, '1024x1024/standard'],
    ['amazon.nova-canvas-v1:0', { width: 1_024, height: 1_025 }, '2048x2048/standard'],
    ['amazon.nova-canvas-v1:0', { width: 4_096, height: 1_024, quality: 'premium' }, '2048x2048/premium'],
    ['amazon.nova-canvas-v1:0', { width: 9_999, height: 9_999 }, '2048x2048/standard'],
    ['amazon.nova-canvas-v1:0', { quality: 'nonsense' }, '1024x1024/standard'],
    ['stability.stable-diffusion-xl-v0', { width: 768, height: 512, steps: 60 }, '1024x1024/150'],
    ['stability.stable-diffusion-xl-v0', { width: 512, height: 512, steps: 50 }, '512x512/50'],
    ['stability.stable-diffusion-xl-v0', { width: 512, height: 512, steps: 51 }, '512x512/150'],
    ['stability.stable-diffusion-xl-v1', { width: 512, height: 512, steps: 51 }, '1024x1024/150'],
    ['stability.stable-diffusion-xl-v1', {}, '1024x1024/50'],
    ['stability.sd3-5-large-v1:0', { width: 512, height: 512 }, ''],
    ['anthropic.claude-opus-5', { width: 512, height: 512 }, ''],
  ])('%s with %j is %j', (model, changes, expected) => {
    expect(imageVariant(model, request(changes))).toBe(expected)
  })
})

describe('videoVariant', () => {
  it('tells the two resolutions of Luma Ray, and nothing of others', () => {
    expect(['540p', '720p', null, '9000p'].map((text) => videoVariant('luma.ray-v2:0', text))).toEqual([
      '540p',
      '720p',
      '720p',
      '720p',
    ])
    expect(videoVariant('amazon.nova-reel-v1:1', '1280x720')).toBe('')
  })
})

// Families that bill something other than the tokens of a text: images, search units, seconds, embeddings.
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../family.ts'
import { asyncUsage } from './async-usage.ts'
import { benchOf, words } from './call-for-tests.ts'
import { asArray, asObject, asObjects, asString } from './json.ts'
import { picture } from './media.ts'
import { asyncSeconds } from './video.ts'

const invoke = (modelId: string, body: JsonObject) => {
  const { family, call } = benchOf(modelId)
  return family.invoke(call(body))
}

describe('images', () => {
  it('are real pictures, as many as were asked for', () => {
    const config = { numberOfImages: 4, width: 1_024, height: 1_024, quality: 'premium' }
    const body = { taskType: 'TEXT_IMAGE', textToImageParams: { text: 'a sea' }, imageGenerationConfig: config }
    const answer = invoke('amazon.nova-canvas-v1:0', body)
    const images = asArray(answer.body['images'])
    expect(images).toHaveLength(4)
    expect(new Set(images).size).toBe(4)
    expect(answer.usage).toEqual({ images: 4 })
    expect(answer.usageHeaders).toBe(false)
    const bytes = Buffer.from(picture('x'), 'base64')
    expect(bytes.subarray(1, 4).toString()).toBe('PNG')
    const data = bytes.indexOf('IDAT')
    expect(inflateSync(bytes.subarray(data + 4, data + 4 + bytes.readUInt32BE(data - 4)))).toHaveLength(4)
  })

  const sized = (width: number, height: number): JsonObject => ({
    taskType: 'TEXT_IMAGE',
    textToImageParams: { text: 'a sea' },
    imageGenerationConfig: { width, height },
  })

  it.each([
    ['amazon.nova-canvas-v1:0', sized(100, 1_024), 'The width must be between 320 and 4096 pixels'],
    ['amazon.nova-canvas-v1:0', sized(1_000, 1_024), 'The width must be divisible by 16'],
    ['amazon.nova-canvas-v1:0', sized(4_096, 1_024), 'fewer than 4,194,304 pixels'],
    ['amazon.titan-image-generator-v2:0', sized(1_000, 1_000), 'The size 1000x1000 is not supported'],
    ['amazon.titan-image-generator-v1', { taskType: 'BACKGROUND_REMOVAL' }, 'is not a valid enum value'],
    ['amazon.titan-image-generator-v2:0', { taskType: 'VIRTUAL_TRY_ON' }, 'is not a valid enum value'],
    ['stability.stable-fast-upscale-v1:0', { prompt: 'x' }, 'required key [image] not found'],
    ['stability.stable-image-search-recolor-v1:0', { image: 'x', prompt: 'x' }, 'required key [select_prompt]'],
    ['stability.stable-image-core-v1:1', { image: 'x' }, 'required key [prompt] not found'],
  ])('%s refuses %j', (modelId, body, message) => {
    expect(() => invoke(modelId, body)).toThrow(message)
  })

  it('of Stability come with seeds, of the older SDXL as artifacts', () => {
    const { body, usage } = invoke('stability.stable-image-ultra-v1:1', { prompt: 'a sea', seed: 7 })
    expect(body).toMatchObject({ seeds: [7], finish_reasons: [null] })
    expect(usage).toEqual({ images: 1 })
    const older = invoke('stability.stable-diffusion-xl-v1', { text_prompts: [{ text: 'a sea' }], samples: 3, seed: 5 })
    expect(asObjects(older.body['artifacts']).map(({ seed }) => seed)).toEqual([5, 6, 7])
    expect(older.usage).toEqual({ images: 3 })
  })
})

describe('search units', () => {
  it.each([
    [1, 1],
    [100, 1],
    [101, 2],
    [1_000, 10],
  ])('%i documents are %i units', (documents, units) => {
    const body = { query: 'sea', documents: Array.from({ length: documents }, (_, at) => `document ${at}`) }
    expect(invoke('amazon.rerank-v1:0', body).usage).toEqual({ search_units: units })
    const answer = invoke('cohere.rerank-v3-5:0', { ...body, api_version: 2, top_n: 1 })
    expect(answer.usage).toEqual({ search_units: units })
    expect(asObjects(answer.body['results'])).toHaveLength(1)
  })

  it('the best document is the one that has the words of the query', () => {
    const documents = ['a mountain', 'the deep blue sea', 'a town']
    const { body } = invoke('amazon.rerank-v1:0', { query: 'blue sea', documents })
    expect(asObjects(body['results'])[0]?.['index']).toBe(1)
  })

  it('too many documents, and Cohere without api_version, are refused', () => {
    const documents = Array.from({ length: 1_001 }, () => 'x')
    expect(() => invoke('amazon.rerank-v1:0', { query: 'x', documents })).toThrow('item count: 1000, found: 1001')
    expect(() => invoke('cohere.rerank-v3-5:0', { query: 'x', documents: ['x'] })).toThrow('[api_version] not found')
  })
})

describe('embeddings', () => {
  it('of Titan v2 have the asked length and types', () => {
    const { body, usage } = invoke('amazon.titan-embed-text-v2:0', {
      inputText: words(50),
      dimensions: 256,
      embeddingTypes: ['float', 'binary'],
    })
    const embedding = asArray(body['embedding']) as number[]
    expect(embedding).toHaveLength(256)
    expect(embedding.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 4)
    expect(asArray(asObject(body['embeddingsByType'])?.['binary'])).toHaveLength(256)
    expect(usage).toEqual({ input_tokens: 50 })
    expect(() => invoke('amazon.titan-embed-text-v2:0', { inputText: 'x', dimensions: 300 })).toThrow('#/dimensions')
    expect(() => invoke('amazon.titan-embed-text-v2:0', { inputText: words(8_193) })).toThrow('Max input tokens: 8192')
  })

  it('of Titan multimodal bill a picture beside the words', () => {
    const body = { inputText: words(3), inputImage: picture('x') }
    expect(invoke('amazon.titan-embed-image-v1', body).usage).toEqual({ input_tokens: 3, input_images: 1 })
    expect(() => invoke('amazon.titan-embed-image-v1', {})).toThrow('Either inputText or inputImage')
  })

  it('of Nova bill words, pictures or seconds', () => {
    const embed = (input: JsonObject) =>
      invoke('amazon.nova-2-multimodal-embeddings-v1:0', {
        taskType: 'SINGLE_EMBEDDING',
        singleEmbeddingParams: { embeddingPurpose: 'GENERIC_INDEX', embeddingDimension: 384, ...input },
      })
    expect(embed({ text: { truncationMode: 'END', value: words(9) } }).usage).toEqual({ input_tokens: 9 })
    expect(embed({ image: { format: 'png', source: { bytes: 'AA==' } } }).usage).toEqual({ input_images: 1 })
    const source = { s3Location: { uri: 's3://films/tide-12s.mp4' } }
    const film = embed({ video: { format: 'mp4', source, embeddingMode: 'AUDIO_VIDEO_COMBINED' } })
    expect(film.usage).toEqual({ input_seconds: 12 })
    expect(asArray(asObjects(film.body['embeddings'])[0]?.['embedding'])).toHaveLength(384)
    expect(() => embed({})).toThrow('Exactly one of')
  })

  it('of Cohere come as floats alone or by type', () => {
    const texts = [words(10), words(20)]
    const floats = invoke('cohere.embed-english-v3', { texts, input_type: 'search_document' })
    expect(floats.body['response_type']).toBe('embeddings_floats')
    expect(floats.usage).toEqual({ input_tokens: 30 })
    const body = { texts, input_type: 'search_query', embedding_types: ['int8', 'ubinary'], output_dimension: 512 }
    const typed = invoke('cohere.embed-v4:0', body).body
    expect(typed['response_type']).toBe('embeddings_by_type')
    const embeddings = asObject(typed['embeddings']) ?? {}
    expect(asArray(asArray(embeddings['int8'])[0])).toHaveLength(512)
    expect(asArray(asArray(embeddings['ubinary'])[1])).toHaveLength(64)
  })

  it('of Cohere cut long texts, unless told not to', () => {
    const body = { texts: ['x'.repeat(2_048)], input_type: 'search_document' }
    expect(invoke('cohere.embed-english-v3', body).usage).toEqual({ input_tokens: 512 })
    const long = { texts: [words(700)], input_type: 'search_document', truncate: 'NONE', max_tokens: 600 }
    expect(() => invoke('cohere.embed-v4:0', long)).toThrow('at most 600 tokens')
  })
})

describe('films', () => {
  it('of Pegasus bill what was watched and what was said, not the prompt', () => {
    const mediaSource = { s3Location: { uri: 's3://films/clip-90s.mp4' } }
    const { usage } = invoke('twelvelabs.pegasus-1-2-v1:0', { inputPrompt: words(100), mediaSource })
    expect(usage['input_seconds']).toBe(90)
    expect(usage['output_tokens']).toBeGreaterThan(0)
    expect(usage['input_tokens']).toBeUndefined()
  })

  it('are not made by InvokeModel', () => {
    expect(() => invoke('amazon.nova-reel-v1:1', { taskType: 'TEXT_VIDEO' })).toThrow('StartAsyncInvoke only')
    expect(() => invoke('luma.ray-v2:0', { prompt: 'a sea' })).toThrow('StartAsyncInvoke only')
  })

  const shots = Array.from({ length: 5 }, () => ({ text: 'a sea' }))
  const automated = (durationSeconds: number): JsonObject => ({
    taskType: 'MULTI_SHOT_AUTOMATED',
    multiShotAutomatedParams: { text: 'a sea' },
    videoGenerationConfig: { durationSeconds },
  })

  it.each([
    ['amazon.nova-reel-v1:0', { taskType: 'TEXT_VIDEO', textToVideoParams: { text: 'a sea' } }, 6, '720p'],
    ['amazon.nova-reel-v1:1', automated(30), 30, '720p'],
    ['amazon.nova-reel-v1:1', { taskType: 'MULTI_SHOT_MANUAL', multiShotManualParams: { shots } }, 30, '720p'],
    ['luma.ray-v2:0', { prompt: 'a sea' }, 5, '720p'],
    ['luma.ray-v2:0', { prompt: 'a sea', duration: '9s', resolution: '540p' }, 9, '540p'],
  ])('of %s are billed by the second: %j', (modelId, input, seconds, resolution) => {
    expect(asyncSeconds(modelId, input)).toEqual({ seconds, resolution })
    expect(asyncUsage(modelId, input)).toEqual({ usage: { seconds }, resolution })
  })

  it('are refused with a wrong length or the wrong model', () => {
    expect(() => asyncSeconds('amazon.nova-reel-v1:1', automated(31))).toThrow('multiple of 6')
    expect(() => asyncSeconds('amazon.nova-reel-v1:1', automated(126))).toThrow('126 is not less or equal to 120')
    expect(() => asyncSeconds('amazon.nova-reel-v1:0', automated(30))).toThrow('not supported by this model')
    expect(() => asyncSeconds('luma.ray-v2:0', { prompt: 'a sea', duration: '7s' })).toThrow('7s is not a valid enum')
    expect(asyncUsage('anthropic.claude-opus-5', {})).toBeNull()
  })

  it('given to Marengo are billed by the part that is embedded', () => {
    const mediaSource = { s3Location: { uri: 's3://films/clip-90s.mp4', bucketOwner: '123456789012' } }
    const part = { inputType: 'video', video: { mediaSource, startSec: 10, endSec: 25.5 } }
    expect(asyncUsage('twelvelabs.marengo-embed-3-0-v1:0', part)?.usage).toEqual({ input_seconds: 16 })
    const whole = { inputType: 'audio', mediaSource }
    expect(asyncUsage('twelvelabs.marengo-embed-2-7-v1:0', whole)?.usage).toEqual({ input_seconds: 90 })
    const both = { inputType: 'text_image', text_image: { inputText: 'a sea', mediaSource } }
    const answer = invoke('twelvelabs.marengo-embed-3-0-v1:0', both)
    expect(answer.usage).toEqual({ requests: 1, input_images: 1 })
    expect(asArray(asObjects(answer.body['data'])[0]?.['embedding'])).toHaveLength(512)
    expect(() => invoke('twelvelabs.marengo-embed-2-7-v1:0', whole)).toThrow('StartAsyncInvoke only')
  })
})

describe('the text of a prompt', () => {
  it('is what the call is billed for', () => {
    const { family, call } = benchOf('amazon.nova-lite-v1:0')
    const body = { system: [{ text: words(40) }], messages: [{ role: 'user', content: [{ text: words(9) }] }] }
    const text = family.promptText?.(body) ?? ''
    expect(family.invoke(call(body)).usage['input_tokens']).toBe(Math.ceil(Buffer.byteLength(text) / 4))
    expect(asString(text)).toContain(words(40))
  })
})

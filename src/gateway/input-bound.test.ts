// The most that a model can read, told from the bytes of the request.

import { describe, expect, it } from 'vitest'
import { inputBoundOf } from './input-bound.ts'

const HAIKU = 'anthropic.claude-haiku-4-5-20251001-v1:0'
const bound = (text: string, over: { contextTokens?: number | null; baseModel?: string } = {}) =>
  inputBoundOf({
    body: Buffer.from(text),
    baseModel: over.baseModel ?? HAIKU,
    contextTokens: over.contextTokens ?? null,
    listedImages: 0,
  })

describe('the bound of what a model reads', () => {
  it('is a token for each byte of text, and room for the template', () => {
    expect(bound('x'.repeat(500)).tokens).toBe(1_500)
  })

  it('is never more than the model takes', () => {
    expect(bound('x'.repeat(5_000), { contextTokens: 4_096 }).tokens).toBe(4_096)
  })

  it.each([
    '{"video":{"source":{"s3Location":{"uri":"s3://b/k"}}}}',
    '{"document":{"format":"pdf","source":{"bytes":"JVBERi0="}}}',
    '{"type":"document","source":{"type":"base64","data":"JVBERi0="}}',
    '{"audio":{"format":"mp3","source":{"bytes":"AAAA"}}}',
    '{"type":"input_audio","input_audio":{"data":"AAAA"}}',
    '{"promptVariables":{"a":{"text":"b"}}}',
    '{"systemTool":{"name":"nova_grounding"}}',
    '{"type":"web_search_20250305","name":"web_search"}',
  ])('has a whole context for what is read from elsewhere or unfolds: %s', (text) => {
    expect(bound(text, { contextTokens: 200_000 }).tokens).toBe(200_000)
    expect(bound(text).tokens).toBeGreaterThan(1_000_000)
  })

  it('is not got around by writing a name in escapes; text in other alphabets may have them', () => {
    expect(bound('{"video":{"source":{"s3\\u004cocation":{}}}}').tokens).toBeGreaterThan(1_000_000)
    expect(bound('{"ttl":"\\u0031h"}').mayCacheForAnHour).toBe(true)
    expect(bound('{"text":"\\u00e9t\\u00e9 \\u003cb\\u003e \\u001b"}').tokens).toBeLessThan(2_000)
  })

  it('counts every image, however few bytes it takes, as the model does', () => {
    const two = '[{"image":{"source":{}}},{"type":"image","source":{}}]'
    expect(bound(two)).toMatchObject({ tokens: 1_000 + two.length + 2 * 5_000, images: 2 })
    expect(bound('{"image_url":{}}', { baseModel: 'qwen.qwen3-vl-235b-a22b' }).tokens).toBeGreaterThan(16_384)
  })

  it('takes the names of media for words where nothing is given', () => {
    const tool = '{"toolConfig":{"tools":[{"properties":{"document":{"type":"string"},"image":{}}}]}}'
    expect(bound(tool).tokens).toBe(tool.length + 2_000)
  })

  it('has room for the descriptions of tools that the maker defines', () => {
    const text = '{"tools":[{"type":"computer_20250124"},{"type":"bash_20250124"}]}'
    expect(bound(text).tokens).toBe(text.length + 2_000 + 3_000)
  })

  it('knows of the one-hour cache only where it is asked for', () => {
    expect(bound('{"cache_control":{"type":"ephemeral","ttl":"1h"}}').mayCacheForAnHour).toBe(true)
    expect(bound('{"cache_control":{"type":"ephemeral"}}').mayCacheForAnHour).toBe(false)
  })
})

// Nova's own rules: cache points, tools in its own shape, and its refusals.
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../family.ts'
import { benchOf, inputSide, words } from './call-for-tests.ts'
import { asObject, asObjects, asString } from './json.ts'

const LITE = 'amazon.nova-lite-v1:0'

const ask = (more: JsonObject = {}): JsonObject => ({
  messages: [{ role: 'user', content: [{ text: 'Say something.' }] }],
  ...more,
})

const contentOf = (body: JsonObject): JsonObject[] =>
  asObjects(asObject(asObject(body['output'])?.['message'])?.['content'])

describe('Nova', () => {
  it('reads what stands before a cache point the second time', () => {
    const { family, call } = benchOf(LITE)
    const body = ask({ system: [{ text: words(1_500) }, { cachePoint: { type: 'default' } }] })
    const first = family.invoke(call(body))
    const second = family.invoke(call(body))
    expect(first.usage['cache_write_5m_tokens']).toBeGreaterThanOrEqual(1_500)
    expect(second.usage['cache_read_tokens']).toBe(first.usage['cache_write_5m_tokens'])
    expect(inputSide(second.usage)).toBe(inputSide(first.usage))
    expect(asObject(second.body['usage'])).toEqual({
      inputTokens: second.usage['input_tokens'],
      outputTokens: second.usage['output_tokens'],
      totalTokens: inputSide(second.usage) + (second.usage['output_tokens'] ?? 0),
      cacheReadInputTokenCount: second.usage['cache_read_tokens'],
      cacheWriteInputTokenCount: 0,
    })
  })

  it('calls a tool, streamed and whole alike', () => {
    const { family, call } = benchOf(LITE)
    const inputSchema = { json: { type: 'object', properties: { town: { type: 'string' } } } }
    const toolConfig = { tools: [{ toolSpec: { name: 'weather', inputSchema } }] }
    const { body, usage } = family.invoke(call(ask({ toolConfig })))
    expect(body['stopReason']).toBe('tool_use')
    const use = asObject(contentOf(body).at(-1)?.['toolUse']) ?? {}
    expect(use['name']).toBe('weather')
    const stream = family.stream?.(call(ask({ toolConfig })))
    const json = stream?.chunks
      .map((chunk) => asObject(asObject(asObject(chunk['contentBlockDelta'])?.['delta'])?.['toolUse']))
      .map((delta) => asString(delta?.['input']) ?? '')
      .join('')
    expect(JSON.parse(json ?? '')).toEqual(use['input'])
    expect(stream?.usage).toEqual(usage)
    expect(stream?.usageAfter(stream.chunks.length)).toEqual(usage)
  })

  it('stops at maxTokens', () => {
    const { family, call } = benchOf(LITE)
    const { body, usage } = family.invoke(call(ask({ inferenceConfig: { maxTokens: 3 } })))
    expect(body['stopReason']).toBe('max_tokens')
    expect(usage['output_tokens']).toBe(3)
  })

  const twice = [
    { role: 'user', content: [{ text: 'x' }] },
    { role: 'user', content: [{ text: 'y' }] },
  ]
  const rows: readonly (readonly [string, JsonObject, string])[] = [
    ['an unknown member', { foo: 1 }, '#: extraneous key [foo] is not permitted'],
    ['two users in a row', { messages: twice }, 'must alternate between user and assistant'],
    [
      'a first word of its own',
      { messages: [{ role: 'assistant', content: [{ text: 'x' }] }] },
      'must start with a user',
    ],
    ['too much output', { inferenceConfig: { maxTokens: 10_001 } }, 'exceeds the model limit of 10000'],
    [
      'too much heat',
      { inferenceConfig: { temperature: 2 } },
      '#/inferenceConfig/temperature: 2 is not less or equal to 1',
    ],
    ['another schema', { schemaVersion: 'v9' }, '#/schemaVersion: v9 is not a valid enum value'],
  ]

  it.each(rows)('refuses %s', (_, more, message) => {
    const { family, call } = benchOf(LITE)
    expect(() => family.invoke(call(ask(more)))).toThrow(message)
  })
})

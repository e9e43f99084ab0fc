// OpenAI's chat format: prompt_tokens holds cached tokens, several answers, tools, and the families' small differences.
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../family.ts'
import { benchOf, words } from './call-for-tests.ts'
import { asNumber, asObject, asObjects, asString } from './json.ts'

const ask = (more: JsonObject = {}): JsonObject => ({
  messages: [{ role: 'user', content: 'Say something.' }],
  ...more,
})

const usageOf = (body: JsonObject): JsonObject => asObject(body['usage']) ?? {}

describe('cached prompts', () => {
  const long = ask({
    messages: [
      { role: 'system', content: words(3_000) },
      { role: 'user', content: 'And now?' },
    ],
  })

  it('are inside prompt_tokens and beside input_tokens', () => {
    const { family, call } = benchOf('openai.gpt-6.1-sol')
    const first = family.invoke(call(long))
    const second = family.invoke(call(long))
    expect(first.usage['cache_write_30m_tokens']).toBeGreaterThan(3_000)
    expect(second.usage['cache_read_tokens']).toBe(first.usage['cache_write_30m_tokens'])
    expect(usageOf(second.body)['prompt_tokens']).toBe(usageOf(first.body)['prompt_tokens'])
    expect(asObject(usageOf(second.body)['prompt_tokens_details'])).toEqual({
      cached_tokens: second.usage['cache_read_tokens'],
      cache_write_tokens: 0,
    })
    expect(usageOf(second.body)['prompt_tokens']).toBe(
      (second.usage['input_tokens'] ?? 0) + (second.usage['cache_read_tokens'] ?? 0),
    )
  })

  it('are found again when a conversation goes on', () => {
    const { family, call } = benchOf('openai.gpt-5.6-luna')
    const first = family.invoke(call(long)).usage
    const messages = [
      ...asObjects(long['messages']),
      { role: 'assistant', content: 'This.' },
      { role: 'user', content: 'And then?' },
    ]
    const second = family.invoke(call(ask({ messages }))).usage
    expect(second['cache_read_tokens']).toBe(first['cache_write_30m_tokens'])
    expect(second['cache_write_30m_tokens']).toBeGreaterThan(0)
  })

  it('live for thirty minutes', () => {
    const { family, call, wait } = benchOf('openai.gpt-6.1-sol')
    const first = family.invoke(call(long)).usage
    wait(29 * 60_000)
    expect(family.invoke(call(long)).usage['cache_read_tokens']).toBe(first['cache_write_30m_tokens'])
    wait(31 * 60_000)
    expect(family.invoke(call(long)).usage).toEqual(first)
  })

  it('are not cached unmarked when the caller wants explicit marks', () => {
    const { family, call } = benchOf('openai.gpt-6.1-sol')
    const explicit = { prompt_cache_options: { mode: 'explicit' } }
    expect(Object.keys(family.invoke(call({ ...long, ...explicit })).usage).sort()).toEqual([
      'input_tokens',
      'output_tokens',
    ])
    const content = [{ type: 'text', text: words(2_000), prompt_cache_breakpoint: { mode: 'explicit' } }]
    const marked = family.invoke(call({ ...explicit, messages: [{ role: 'user', content }] })).usage
    expect(marked['cache_write_30m_tokens']).toBeGreaterThanOrEqual(2_000)
  })

  it('cost nothing to write where AWS bills only reads', () => {
    const { family, call } = benchOf('xai.grok-4.6')
    const first = family.invoke(call(long)).usage
    expect(first['input_tokens']).toBeGreaterThan(3_000)
    expect(family.invoke(call(long)).usage['cache_read_tokens']).toBeGreaterThan(3_000)
  })

  it('do not exist for models without a cache', () => {
    const { family, call } = benchOf('qwen.qwen3-32b-v1:0')
    family.invoke(call(long))
    const { body, usage } = family.invoke(call(long))
    expect(usage['cache_read_tokens']).toBeUndefined()
    expect(usageOf(body)['prompt_tokens_details']).toBeUndefined()
  })
})

describe('answers', () => {
  it('come n times, all of them billed', () => {
    const { family, call } = benchOf('openai.gpt-oss-120b-1:0')
    const one = family.invoke(call(ask()))
    const three = family.invoke(call(ask({ n: 3 })))
    const choices = asObjects(three.body['choices'])
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2])
    const texts = choices.map(({ message }) => asString(asObject(message)?.['content']))
    expect(new Set(texts).size).toBe(3)
    expect(three.usage['output_tokens']).toBeGreaterThan(one.usage['output_tokens'] ?? 0)
    expect(usageOf(three.body)['completion_tokens']).toBe(three.usage['output_tokens'])
  })

  it('of the open GPT models say their reasoning in tags', () => {
    const { family, call } = benchOf('openai.gpt-oss-20b-1:0')
    const { body } = family.invoke(call(ask()))
    const content = asString(asObject(asObjects(body['choices'])[0]?.['message'])?.['content'])
    expect(content).toMatch(/^<reasoning>.+<\/reasoning>.+/)
  })

  it('of the closed ones reason unseen, billed as output from the first chunk on', () => {
    const { family, call } = benchOf('openai.gpt-5.6-sol')
    const { body, usage } = family.invoke(call(ask()))
    const unseen = asNumber(asObject(usageOf(body)['completion_tokens_details'])?.['reasoning_tokens']) ?? 0
    expect(unseen).toBeGreaterThan(0)
    const content = asString(asObject(asObjects(body['choices'])[0]?.['message'])?.['content']) ?? ''
    expect(usage['output_tokens']).toBe(unseen + content.length / 4)
    expect(family.stream?.(call(ask())).usageAfter(1)['output_tokens']).toBe(unseen)
  })

  it('call tools, streamed and whole alike', () => {
    const { family, call } = benchOf('mistral.mistral-large-3-675b-instruct')
    const parameters = { type: 'object', properties: { town: { type: 'string' } } }
    const body = ask({ tools: [{ type: 'function', function: { name: 'weather', parameters } }] })
    const choice = asObjects(family.invoke(call(body)).body['choices'])[0] ?? {}
    expect(choice['finish_reason']).toBe('tool_calls')
    const called = asObject(asObjects(asObject(choice['message'])?.['tool_calls'])[0]?.['function'])
    const json = asString(called?.['arguments']) ?? ''
    expect(typeof (JSON.parse(json) as JsonObject)['town']).toBe('string')
    const chunks = family.stream?.(call(body)).chunks ?? []
    const parts = chunks
      .flatMap((chunk) => asObjects(chunk['choices']))
      .flatMap(({ delta }) => asObjects(asObject(delta)?.['tool_calls']))
      .map((part) => asString(asObject(part['function'])?.['arguments']) ?? '')
    expect(parts.join('')).toBe(json)
  })

  it('end with `length` at the limit', () => {
    const { family, call } = benchOf('zai.glm-5')
    const { body, usage } = family.invoke(call(ask({ max_completion_tokens: 4 })))
    expect(asObjects(body['choices'])[0]?.['finish_reason']).toBe('length')
    expect(usage['output_tokens']).toBe(4)
  })
})

describe('the families beside OpenAI', () => {
  it('Jamba streams one answer only and names no object', () => {
    const { family, call } = benchOf('ai21.jamba-1-5-large-v1:0')
    expect(() => family.stream?.(call(ask({ n: 2 })))).toThrow('#/n: 2 is not less or equal to 1')
    const { body } = family.invoke(call(ask({ n: 2 })))
    expect(body['object']).toBeUndefined()
    expect(body['meta']).toBeDefined()
    expect(asObjects(body['choices'])).toHaveLength(2)
  })

  it('Mistral Large 2 says stop_reason, and nothing of usage', () => {
    const { family, call } = benchOf('mistral.mistral-large-2407-v1:0')
    const { body, usage } = family.invoke(call(ask()))
    expect(asObjects(body['choices'])[0]?.['stop_reason']).toBe('stop')
    expect(body['usage']).toBeUndefined()
    expect(usage['output_tokens']).toBeGreaterThan(0)
    expect(family.stream?.(call(ask())).chunks.some((chunk) => chunk['usage'] !== undefined)).toBe(false)
  })

  it('all refuse a body that speaks of another model or of the other operation', () => {
    const { family, call } = benchOf('openai.gpt-oss-20b-1:0')
    expect(() => family.invoke(call(ask({ model: 'openai.gpt-4' })))).toThrow('does not match')
    expect(() => family.invoke(call(ask({ stream: true })))).toThrow('must be false')
    expect(() => family.stream?.(call(ask({ stream: false })))).toThrow('must be true')
    expect(() => family.invoke(call(ask({ max_tokens: 1_000_000 })))).toThrow('exceeds the model limit of 128000')
    expect(family.invoke(call(ask({ model: 'us-gov.openai.gpt-oss-20b-1:0', stream: false }))).usageHeaders).toBe(true)
  })
})

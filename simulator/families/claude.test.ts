// Claude's own rules: two cache lifetimes, thinking, tools, images, and the refusals that only Claude knows.
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../family.ts'
import { benchOf, inputSide, words } from './call-for-tests.ts'
import { asArray, asObject, asObjects, asString } from './json.ts'

const SONNET = 'anthropic.claude-sonnet-4-5-20250929-v1:0'
const MINUTE = 60_000

const ask = (more: JsonObject = {}): JsonObject => ({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 2_000,
  messages: [{ role: 'user', content: 'Say something.' }],
  ...more,
})

const cached = (text: string, ttl?: string): JsonObject => ({
  type: 'text',
  text,
  cache_control: { type: 'ephemeral', ...(ttl === undefined ? {} : { ttl }) },
})

describe('the prompt cache of Claude', () => {
  it('writes a prefix, reads it within five minutes, and writes it again after', () => {
    const { family, call, wait } = benchOf(SONNET)
    const body = ask({ system: [cached(words(2_000))] })
    const first = family.invoke(call(body)).usage
    expect(first['cache_write_5m_tokens']).toBeGreaterThanOrEqual(2_000)
    expect(first['cache_read_tokens']).toBeUndefined()
    wait(4 * MINUTE)
    const second = family.invoke(call(body)).usage
    expect(second['cache_read_tokens']).toBe(first['cache_write_5m_tokens'])
    expect(second['cache_write_5m_tokens']).toBeUndefined()
    wait(4 * MINUTE)
    expect(family.invoke(call(body)).usage).toEqual(second)
    wait(5 * MINUTE + 1)
    expect(family.invoke(call(body)).usage).toEqual(first)
    expect(inputSide(first)).toBe(inputSide(second))
  })

  it('tells one-hour writes from five-minute writes in one prompt', () => {
    const { family, call, wait } = benchOf(SONNET)
    const body = ask({
      system: [cached(words(1_500), '1h'), cached(words(700))],
      messages: [{ role: 'user', content: [cached('And this?')] }],
    })
    const { body: answer, usage } = family.invoke(call(body))
    expect(usage['cache_write_1h_tokens']).toBeGreaterThanOrEqual(1_500)
    expect(usage['cache_write_5m_tokens']).toBeGreaterThanOrEqual(700)
    expect(usage['input_tokens']).toBe(0)
    expect(asObject(answer['usage'])).toMatchObject({
      cache_creation_input_tokens: (usage['cache_write_1h_tokens'] ?? 0) + (usage['cache_write_5m_tokens'] ?? 0),
      cache_creation: {
        ephemeral_1h_input_tokens: usage['cache_write_1h_tokens'],
        ephemeral_5m_input_tokens: usage['cache_write_5m_tokens'],
      },
    })
    wait(30 * MINUTE)
    const later = family.invoke(call(body)).usage
    expect(later['cache_read_tokens']).toBe(usage['cache_write_1h_tokens'])
    expect(later['cache_write_5m_tokens']).toBe(usage['cache_write_5m_tokens'])
    expect(inputSide(later)).toBe(inputSide(usage))
  })

  it('counts what follows the last breakpoint as plain input', () => {
    const { family, call } = benchOf(SONNET)
    const messages = [{ role: 'user', content: words(300) }]
    const { usage } = family.invoke(call(ask({ system: [cached(words(2_000))], messages })))
    expect(usage['input_tokens']).toBeGreaterThanOrEqual(300)
    expect(usage['input_tokens']).toBeLessThan(320)
  })

  it('ignores a breakpoint after too short a prompt', () => {
    const haiku = benchOf('anthropic.claude-haiku-4-5-20251001-v1:0')
    const body = ask({ system: [cached(words(3_000))] })
    expect(haiku.family.invoke(haiku.call(body)).usage['cache_write_5m_tokens']).toBeUndefined()
    const sonnet = benchOf(SONNET)
    expect(sonnet.family.invoke(sonnet.call(body)).usage['cache_write_5m_tokens']).toBeGreaterThan(0)
  })

  it('finds what an earlier turn wrote, when the breakpoint moves with the last message', () => {
    const { family, call } = benchOf('anthropic.claude-opus-5')
    const turns = [{ role: 'user', content: [cached(words(600))] as JsonObject[] }]
    const first = family.invoke(call(ask({ messages: turns }))).usage
    expect(first['cache_write_5m_tokens']).toBeGreaterThanOrEqual(600)
    const next = (blocks: number): JsonObject[] => [
      { role: 'user', content: [{ type: 'text', text: words(600) }] },
      { role: 'assistant', content: Array.from({ length: blocks }, () => ({ type: 'text', text: 'This.' })) },
      { role: 'user', content: [cached('And then?')] },
    ]
    const second = family.invoke(call(ask({ messages: next(3) }))).usage
    expect(second['cache_read_tokens']).toBe(first['cache_write_5m_tokens'])
    expect(second['cache_write_5m_tokens']).toBeGreaterThan(0)
    expect(second['input_tokens']).toBe(0)
    // more than twenty blocks back it is not found
    const far = family.invoke(call(ask({ messages: next(25) }))).usage
    expect(far['cache_read_tokens']).toBeUndefined()
    expect(far['cache_write_5m_tokens']).toBeGreaterThan(600)
  })

  it('reads past a breakpoint whose own entry has ended, when a longer one is stored', () => {
    const { family, call, wait } = benchOf(SONNET)
    const content = (last: JsonObject) =>
      ask({ system: [cached(words(1_100), '1h')], messages: [{ role: 'user', content: [last] }] })
    const longer = family.invoke(call(content(cached(words(400), '1h')))).usage
    wait(59 * MINUTE)
    const usage = family.invoke(call(content(cached(words(400), '1h')))).usage
    expect(usage['cache_read_tokens']).toBe(longer['cache_write_1h_tokens'])
    wait(2 * MINUTE)
    // only the longer prefix was read and so renewed; it is still found, and nothing is written again
    expect(family.invoke(call(content(cached(words(400), '1h')))).usage).toEqual(usage)
  })

  it('does not cache for models without a cache', () => {
    const { family, call } = benchOf('anthropic.claude-3-haiku-20240307-v1:0')
    const { usage } = family.invoke(call(ask({ system: [cached(words(3_000))] })))
    expect(Object.keys(usage).sort()).toEqual(['input_tokens', 'output_tokens'])
    expect(usage['input_tokens']).toBeGreaterThan(3_000)
  })
})

describe('the answers of Claude', () => {
  const tool = {
    name: 'weather',
    description: 'The weather of a town',
    input_schema: {
      type: 'object',
      properties: { town: { type: 'string' }, days: { type: 'integer' }, unit: { enum: ['C', 'F'] } },
      required: ['town'],
    },
  }

  it('calls a tool with arguments of the declared types, streamed and whole alike', () => {
    const { family, call } = benchOf(SONNET)
    const body = ask({ tools: [tool] })
    const { body: answer, usage } = family.invoke(call(body))
    expect(answer['stop_reason']).toBe('tool_use')
    const use = asObjects(answer['content']).at(-1) ?? {}
    expect(use).toMatchObject({ type: 'tool_use', name: 'weather' })
    const input = asObject(use['input']) ?? {}
    expect(typeof input['town']).toBe('string')
    expect(Number.isInteger(input['days'])).toBe(true)
    expect(['C', 'F']).toContain(input['unit'])
    const stream = family.stream?.(call(body))
    const json = stream?.chunks.map((chunk) => asString(asObject(chunk['delta'])?.['partial_json']) ?? '').join('')
    expect(JSON.parse(json ?? '')).toEqual(input)
    expect(stream?.usage).toEqual(usage)
  })

  it('uses the tool that the caller names, and answers in words after its result', () => {
    const { family, call } = benchOf(SONNET)
    const other = { ...tool, name: 'time' }
    const named = family.invoke(call(ask({ tools: [tool, other], tool_choice: { type: 'tool', name: 'time' } }))).body
    expect(asObjects(named['content']).map(({ name }) => name)).toEqual(['time'])
    const messages = [
      { role: 'user', content: 'How is it?' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'rain' }] },
    ]
    expect(family.invoke(call(ask({ tools: [tool], messages }))).body['stop_reason']).toBe('end_turn')
    const none = ask({ tools: [tool], tool_choice: { type: 'none' } })
    expect(family.invoke(call(none)).body['stop_reason']).toBe('end_turn')
  })

  it('thinks first, signs the thought, and bills it as output', () => {
    const { family, call } = benchOf(SONNET)
    const body = ask({ thinking: { type: 'enabled', budget_tokens: 1_024 }, max_tokens: 4_000 })
    const { body: answer, usage } = family.invoke(call(body))
    const [thought, text] = asObjects(answer['content'])
    expect(thought?.['type']).toBe('thinking')
    expect(asString(thought?.['signature'])?.length).toBeGreaterThan(80)
    const plain = family.invoke(call(ask({ max_tokens: 4_000 }))).usage
    expect(usage['output_tokens']).toBeGreaterThan(plain['output_tokens'] ?? 0)
    const chunks = family.stream?.(call(body)).chunks ?? []
    const streamed = chunks.map((chunk) => asString(asObject(chunk['delta'])?.['thinking']) ?? '').join('')
    expect(streamed).toBe(thought?.['thinking'])
    expect(chunks.some((chunk) => asObject(chunk['delta'])?.['type'] === 'signature_delta')).toBe(true)
    expect(text?.['type']).toBe('text')
  })

  it('stops at max_tokens and at a stop sequence', () => {
    const { family, call } = benchOf(SONNET)
    const short = family.invoke(call(ask({ max_tokens: 5 })))
    expect(short.body['stop_reason']).toBe('max_tokens')
    expect(short.usage['output_tokens']).toBe(5)
    const whole = asString(asObjects(family.invoke(call(ask())).body['content'])[0]?.['text']) ?? ''
    const stop = whole.slice(20, 27)
    const stopped = family.invoke(call(ask({ stop_sequences: [stop] })))
    expect(stopped.body).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: stop })
    const text = asString(asObjects(stopped.body['content'])[0]?.['text']) ?? ''
    expect(whole.startsWith(text)).toBe(true)
    expect(text).not.toContain(stop)
  })

  it('repeats the whole usage in message_delta for newer models, and only the output for Claude 3', () => {
    const last = (modelId: string): JsonObject => {
      const { family, call } = benchOf(modelId)
      return asObject(family.stream?.(call(ask())).chunks.at(-2)?.['usage']) ?? {}
    }
    expect(Object.keys(last('anthropic.claude-opus-5-5'))).toContain('input_tokens')
    expect(Object.keys(last('anthropic.claude-3-haiku-20240307-v1:0'))).toEqual(['output_tokens'])
  })

  it('counts an image by its size', () => {
    const { family, call } = benchOf(SONNET)
    const header = Buffer.alloc(33)
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]).copy(header)
    header.write('IHDR', 12, 'latin1')
    header.writeUInt32BE(750, 16)
    header.writeUInt32BE(300, 20)
    const block = (data: string): JsonObject => ({
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data },
    })
    const content = (blocks: JsonObject[]) => ask({ messages: [{ role: 'user', content: blocks }] })
    const small = family.invoke(call(content([block(header.toString('base64'))]))).usage['input_tokens'] ?? 0
    const unknown = family.invoke(call(content([block('AAAA')]))).usage['input_tokens'] ?? 0
    expect(small).toBeGreaterThanOrEqual(300)
    expect(small).toBeLessThan(330)
    expect(unknown).toBeGreaterThanOrEqual(1_600)
  })
})

describe('what Claude refuses', () => {
  const text = { type: 'text', text: 'x' }
  const five = Array.from({ length: 5 }, () => cached('x'))
  const rows: readonly (readonly [string, JsonObject, string | RegExp])[] = [
    ['an unknown member', { stream: true }, '#: extraneous key [stream] is not permitted'],
    [
      'another version',
      { anthropic_version: '2023-06-01' },
      '#/anthropic_version: 2023-06-01 is not a valid enum value',
    ],
    ['the newest version on a dated model', { anthropic_version: '2026-10-21' }, 'is not a valid enum value'],
    ['no messages', { messages: [] }, 'messages: at least one message is required'],
    [
      'too much output',
      { max_tokens: 64_001 },
      /^max_tokens: 64001 > 64000, which is the maximum allowed number of output/,
    ],
    ['a first message of its own', { messages: [{ role: 'assistant', content: 'x' }] }, 'must use the "user" role'],
    ['empty content', { messages: [{ role: 'user', content: '' }] }, 'all messages must have non-empty content'],
    ['an unknown block', { messages: [{ role: 'user', content: [{ type: 'smell' }] }] }, "Input tag 'smell' found"],
    ['heat and top_p at once', { temperature: 1, top_p: 0.5 }, '`temperature` and `top_p` cannot both be specified'],
    ['five breakpoints', { system: five }, 'A maximum of 4 blocks with cache_control may be provided. Found 5.'],
    ['an hour after five minutes', { system: [cached('x'), cached('y', '1h')] }, 'must not come after'],
    ['another lifetime', { system: [cached('x', '2h')] }, "Input should be '5m' or '1h'"],
    ['a budget below 1,024', { thinking: { type: 'enabled', budget_tokens: 10 } }, 'greater than or equal to 1024'],
    [
      'a budget as large as the output',
      { thinking: { type: 'enabled', budget_tokens: 2_000 } },
      'must be greater than',
    ],
    ['a tool that is not there', { tool_choice: { type: 'tool', name: 'x' } }, "Tool 'x' not found in provided tools"],
    ['an empty text', { system: [text], messages: [{ role: 'user', content: [{ ...text, text: '' }] }] }, 'non-empty'],
  ]

  it.each(rows)('%s', (_, more, message) => {
    const { family, call } = benchOf(SONNET)
    expect(() => family.invoke(call(ask(more)))).toThrow(message)
  })

  it('an hour of cache, and thought, where the model has none', () => {
    const old = benchOf('anthropic.claude-3-5-haiku-20241022-v1:0')
    expect(() => old.family.invoke(old.call(ask({ system: [cached('x', '1h')] })))).toThrow('Extra inputs')
    expect(() => old.family.invoke(old.call(ask({ thinking: { type: 'adaptive' } })))).toThrow('Extra inputs')
  })

  it('a begun answer, from Claude 4.6 on', () => {
    const begun = ask({
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: 'Once' },
      ],
    })
    const older = benchOf(SONNET)
    expect(asArray(older.family.invoke(older.call(begun)).body['content'])).toHaveLength(1)
    const newer = benchOf('anthropic.claude-opus-5-5')
    expect(() => newer.family.invoke(newer.call(begun))).toThrow('does not support assistant message prefill')
    expect(newer.family.invoke(newer.call(ask({ anthropic_version: '2026-10-21' }))).usageHeaders).toBe(true)
  })
})

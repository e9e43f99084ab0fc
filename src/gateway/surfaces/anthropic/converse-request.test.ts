// Messages requests as Converse takes them, and what is said to be left out.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Dropped } from '../converse/dropped.ts'
import { readFields } from '../converse/fields.ts'
import { blockOf } from './converse-answer.ts'
import { sayMessages } from './converse-request.ts'
import { outgoing } from './outgoing.fixture.ts'

type Loose = ReturnType<typeof JSON.parse>

const NOVA = 'amazon.nova-lite-v1:0'
const LLAMA = 'meta.llama3-3-70b-instruct-v1:0'

const say = (body: object, baseModel = NOVA) => {
  const whole = { model: baseModel, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...body }
  const dropped = new Dropped()
  const { request } = sayMessages(readFields(Buffer.from(JSON.stringify(whole))), baseModel, dropped)
  return { request: request as Loose, dropped: dropped.headers()[1] ?? '' }
}

const PIXEL = 'iVBORw0KGgo='
const words = fc.stringMatching(/^[a-zé\u4e00]{1,8}( [a-z]{1,8}){0,3}$/)
const cached = <T extends object>(block: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc
    .tuple(
      block,
      fc.constantFrom(
        undefined,
        { type: 'ephemeral' },
        { type: 'ephemeral', ttl: '5m' },
        { type: 'ephemeral', ttl: '1h' },
      ),
    )
    .map(([made, control]) => (control === undefined ? made : { ...made, cache_control: control }))
const text = words.map((said) => ({ type: 'text', text: said }))
const image = fc.constantFrom('image/png', 'image/jpeg', 'image/webp').map((media_type) => ({
  type: 'image',
  source: { type: 'base64', media_type, data: PIXEL },
}))
const file = fc.record({
  type: fc.constant('document'),
  title: fc.stringMatching(/^[a-z]{1,8}( [a-z]{1,8})?$/),
  context: words,
  citations: fc.record({ enabled: fc.boolean() }),
  source: fc.oneof(
    fc.constant({ type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }),
    words.map((data) => ({ type: 'text', media_type: 'text/plain', data })),
  ),
})
const toolResult = fc.record({
  type: fc.constant('tool_result'),
  tool_use_id: fc.stringMatching(/^toolu_[a-z]{4}$/),
  is_error: fc.constantFrom(true, undefined),
  content: fc.array(fc.oneof(text, image), { minLength: 1, maxLength: 3 }),
})
const assistantBlock = fc.oneof(
  text,
  fc.record({
    type: fc.constant('tool_use'),
    id: fc.stringMatching(/^toolu_[a-z]{4}$/),
    name: fc.constantFrom('weather', 'time'),
    input: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), words),
  }),
  fc.record({ type: fc.constant('thinking'), thinking: words, signature: fc.stringMatching(/^[A-Za-z0-9]{4,20}$/) }),
  fc.record({ type: fc.constant('redacted_thinking'), data: fc.constant('c2VjcmV0') }),
)
const turns = fc
  .array(
    fc.tuple(
      fc.array(cached(fc.oneof(text, image, file, toolResult)), { minLength: 1, maxLength: 4 }),
      fc.array(cached(assistantBlock), { minLength: 1, maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((pairs) =>
    pairs.flatMap(([user, assistant]) => [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ]),
  )

/** The way back, for what only requests hold; written for this test alone. */
function back(block: Loose): Loose {
  if (block.image !== undefined) {
    const source = { type: 'base64', media_type: `image/${block.image.format}`, data: block.image.source.bytes }
    return { type: 'image', source }
  }
  if (block.document !== undefined) {
    const { name: title, context, citations, source } = block.document
    const said =
      source.text === undefined
        ? { type: 'base64', media_type: 'application/pdf', data: source.bytes }
        : { type: 'text', media_type: 'text/plain', data: source.text }
    return { type: 'document', title, context, citations, source: said }
  }
  if (block.toolResult !== undefined) {
    const { toolUseId, status, content } = block.toolResult
    const is_error = status === 'error' ? true : undefined
    return { type: 'tool_result', tool_use_id: toolUseId, is_error, content: content.map(back) }
  }
  return blockOf(block)[0]
}

function backAll(blocks: Loose[]): Loose[] {
  const made: Loose[] = []
  for (const block of blocks) {
    if (block.cachePoint === undefined) made.push(back(block))
    else
      made.at(-1).cache_control = { type: 'ephemeral', ...(block.cachePoint.ttl ? { ttl: block.cachePoint.ttl } : {}) }
  }
  return made
}

describe('any conversation', () => {
  it('comes back from Converse as it went, block by block', () => {
    fc.assert(
      fc.property(turns, fc.array(cached(text), { maxLength: 3 }), (messages, system) => {
        const { request, dropped } = say({ messages, system })
        const returned = request.messages.map(({ role, content }: Loose) => ({ role, content: backAll(content) }))
        expect(JSON.parse(JSON.stringify(returned))).toEqual(JSON.parse(JSON.stringify(messages)))
        expect(backAll(request.system ?? [])).toEqual(system)
        expect(dropped).toBe('')
      }),
    )
  })
})

describe('a request', () => {
  it('is carried with its settings and its tools', () => {
    const { request, dropped } = say({
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      stop_sequences: ['END'],
      tools: [
        {
          name: 'weather',
          description: 'Tells it.',
          input_schema: { type: 'object' },
          cache_control: { type: 'ephemeral' },
        },
      ],
      tool_choice: { type: 'tool', name: 'weather' },
      metadata: { user_id: 'ann' },
    })
    expect(request).toEqual({
      messages: [{ role: 'user', content: [{ text: 'hi' }] }],
      inferenceConfig: { maxTokens: 9, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
      toolConfig: {
        tools: [
          { toolSpec: { name: 'weather', description: 'Tells it.', inputSchema: { json: { type: 'object' } } } },
          { cachePoint: { type: 'default' } },
        ],
        toolChoice: { tool: { name: 'weather' } },
      },
      additionalModelRequestFields: { inferenceConfig: { topK: 40 } },
      additionalModelResponseFieldPaths: ['/stop_sequence'],
    })
    expect(dropped).toBe('')
  })

  it.each([
    [{ top_k: 5 }, 'top_k'],
    [{ thinking: { type: 'enabled', budget_tokens: 2_000 } }, 'thinking'],
    [{ service_tier: 'auto', container: 'c1' }, 'service_tier, container'],
    [{ tools: [{ type: 'bash_20250124', name: 'bash' }] }, 'tools.bash_20250124'],
    [{ tool_choice: { type: 'auto', disable_parallel_tool_use: true } }, 'tool_choice.disable_parallel_tool_use'],
    [{ system: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }] }, 'system[].cache_control'],
    [{ cache_control: { type: 'ephemeral' } }, 'cache_control'],
    [{ messages: [{ role: 'user', content: [{ type: 'text', text: 'a', odd: 1 }] }] }, 'messages[].content[].odd'],
    [
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'container_upload', file_id: 'f' },
              { type: 'text', text: 'a' },
            ],
          },
        ],
      },
      'messages[].content[].container_upload',
    ],
  ])('that asks a model for %j says that it could not', (body, names) => {
    expect(say(body, LLAMA).dropped).toBe(names)
  })

  it('lets a model that can think do it, in its own words', () => {
    const thinking = { type: 'enabled', budget_tokens: 10_000 }
    expect(say({ thinking }, 'amazon.nova-2-lite-v1:0').request.additionalModelRequestFields).toEqual({
      reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' },
    })
    expect(say({ thinking: { type: 'disabled' } }, LLAMA).dropped).toBe('')
  })

  it('offers the tools that were called, and no others, where none may be', () => {
    const tools = ['weather', 'time'].map((name) => ({ name, input_schema: { type: 'object' } }))
    const called = { type: 'tool_use', id: 't1', name: 'time', input: {} }
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: [called] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: '12' }] },
    ]
    const { request, dropped } = say({ tools, messages, tool_choice: { type: 'none' } })
    expect(request.toolConfig.tools).toMatchObject([{ toolSpec: { name: 'time' } }])
    expect(dropped).toBe('tool_choice')
    expect(say({ tools, tool_choice: { type: 'none' } }).request.toolConfig).toBeUndefined()
    expect(say({ messages }).request.toolConfig.tools).toMatchObject([{ toolSpec: { name: 'time' } }])
  })

  it('joins what one role says in several messages', () => {
    const messages = ['a', 'b'].map((content) => ({ role: 'user', content }))
    expect(say({ messages }).request.messages).toEqual([{ role: 'user', content: [{ text: 'a' }, { text: 'b' }] }])
  })

  const IN_USER = (block: object) => ({ messages: [{ role: 'user', content: [block] }] })
  it.each([
    [{ messages: [] }],
    [{ max_tokens: 'many' }],
    [{ messages: [{ role: 'robot', content: 'a' }] }],
    [{ messages: [{ role: 'user', content: 7 }] }],
    [{ messages: [7] }],
    [{ system: [{ type: 'image' }] }],
    [{ stop_sequences: [1] }],
    [IN_USER({ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } })],
    [IN_USER({ type: 'image', source: { type: 'base64', media_type: 'image/tiff', data: '' } })],
    [IN_USER({ type: 'document', source: { type: 'file', file_id: 'f' } })],
    [IN_USER({ type: 'text' })],
    [IN_USER({ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '2h' } })],
    [{ tools: [{}] }],
    [{ tool_choice: { type: 'some' } }],
  ])('%j is refused', (body) => {
    expect(() => say(body)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })

  it('is bounded by what goes out, tier and cap', () => {
    const { facts, body } = outgoing(
      NOVA,
      { max_tokens: 77 },
      {
        'x-amzn-bedrock-service-tier': 'flex',
        'x-amzn-bedrock-request-metadata': '{"team":"a"}',
      },
    )
    expect(facts).toMatchObject({ caps: new Map([['inferenceConfig.maxTokens', 77]]), tier: 'flex' })
    expect(JSON.parse(body.toString())).toMatchObject({ serviceTier: { type: 'flex' }, requestMetadata: { team: 'a' } })
  })
})

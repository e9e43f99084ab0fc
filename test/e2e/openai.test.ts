// OpenAI's own client, unmodified, with only its base URL and its key set: chat completions by models that speak Converse.

import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import type { TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { counted } from './truth.ts'

const NOVA = 'amazon.nova-lite-v1:0'
const CLAUDE = 'us.anthropic.claude-sonnet-5-5'
const PROMPT = 'Tell me of the sea in 30 words.'
const ask = [{ role: 'user' as const, content: PROMPT }]
const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'Tells the weather of a place.',
    parameters: { type: 'object', properties: { place: { type: 'string' } } },
  },
}

let harness: Harness
let tenant: TestTenant
let client: OpenAI

beforeAll(async () => {
  harness = await startHarness({ settings: { WEIGHBRIDGE_METADATA_KEYS: 'user,team' } })
  tenant = await harness.tenant('team-a')
  client = clientOf(tenant)
})

afterAll(() => harness.close())

const clientOf = ({ secret }: TestTenant): OpenAI =>
  new OpenAI({ baseURL: `${harness.url}/openai/v1`, apiKey: secret, maxRetries: 0 })

async function lastEntry() {
  const entry = (await harness.ledger()).at(-1)
  if (entry === undefined) throw new Error('the ledger is empty')
  return entry
}

/** The entry of the last call says what the simulator billed. */
async function assertBilled(operation: string): Promise<void> {
  const entry = await lastEntry()
  expect(entry).toMatchObject({ operation, ending: 'completed', estimated: false, tenant_id: 'team-a' })
  const billed = harness.simulator.bill().find(({ request_id }) => request_id === entry.upstream_request_id)
  expect(counted(entry.usage)).toEqual(counted(billed?.usage ?? null))
}

describe('chat completions', () => {
  it('answer', async () => {
    const { data, response } = await client.chat.completions
      .create({ model: NOVA, messages: ask, user: 'ann', metadata: { team: 'sea', other: 'x' } })
      .withResponse()
    const [choice] = data.choices
    expect(choice?.message.content?.length).toBeGreaterThan(20)
    expect(choice?.finish_reason).toBe('stop')
    expect(data).toMatchObject({ object: 'chat.completion', model: NOVA })
    const entry = await lastEntry()
    expect(entry).toMatchObject({
      surface: 'openai',
      metadata: { user: 'ann', team: 'sea' },
      cost_usd: expect.any(String),
    })
    expect(entry.metadata).not.toHaveProperty('other')
    expect(data.usage).toMatchObject({
      prompt_tokens: entry.usage?.['input_tokens'],
      completion_tokens: entry.usage?.['output_tokens'],
    })
    expect(response.headers.get('x-weighbridge-request-id')).toBe(entry.request_id)
    expect(data.id).toBe(`chatcmpl-${entry.request_id}`)
    expect(response.headers.get('x-weighbridge-dropped')).toBeNull()
    await assertBilled('Converse')
  })

  it('stream what they answer whole, with usage where it is asked for', async () => {
    const whole = await client.chat.completions.create({ model: NOVA, messages: ask })
    const stream = await client.chat.completions.create({
      model: NOVA,
      messages: ask,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let finish: string | null = null
    let usage: unknown = null
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      finish = chunk.choices[0]?.finish_reason ?? finish
      usage = chunk.usage ?? usage
    }
    expect(text).toBe(whole.choices[0]?.message.content)
    expect([finish, usage]).toEqual(['stop', whole.usage])
    await assertBilled('ConverseStream')
  })
})

/** Whole and streamed, assembled by the client's own helper, the message is the same. */
async function bothWays(body: Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'stream'>) {
  const whole = await client.chat.completions.create(body)
  await assertBilled('Converse')
  const streamed = await client.chat.completions.stream(body).finalChatCompletion()
  await assertBilled('ConverseStream')
  const [choice] = whole.choices
  const [other] = streamed.choices
  if (choice === undefined || other === undefined) throw new Error('no choice')
  expect(other.finish_reason).toBe(choice.finish_reason)
  expect(other.message.content).toBe(choice.message.content)
  expect(other.message.tool_calls ?? []).toMatchObject(choice.message.tool_calls ?? [])
  return choice
}

describe('features of chat completions', () => {
  it('call a tool, and hear of its result', async () => {
    const body = {
      model: CLAUDE,
      tools: [weather],
      messages: [{ role: 'user' as const, content: 'Use the weather tool.' }],
    }
    const { message, finish_reason } = await bothWays(body)
    expect(finish_reason).toBe('tool_calls')
    const [call] = message.tool_calls ?? []
    expect(call).toMatchObject({
      type: 'function',
      function: { name: 'weather', arguments: expect.stringContaining('place') },
    })
    const result = { role: 'tool' as const, tool_call_id: call?.id ?? '', content: 'sunny' }
    const after = await client.chat.completions.create({ ...body, messages: [...body.messages, message, result] })
    expect(after.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: expect.any(String) } })
  })

  it('force a tool, and forbid all', async () => {
    const forced = { type: 'function' as const, function: { name: 'weather' } }
    expect(
      (await bothWays({ model: CLAUDE, messages: ask, tools: [weather], tool_choice: forced })).finish_reason,
    ).toBe('tool_calls')
    expect(
      (await bothWays({ model: CLAUDE, messages: ask, tools: [weather], tool_choice: 'none' })).finish_reason,
    ).toBe('stop')
  })

  it.each([NOVA, CLAUDE])('answer by a schema with %s', async (model) => {
    const schema = { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] }
    const response_format = { type: 'json_schema' as const, json_schema: { name: 'place', schema } }
    const { message, finish_reason } = await bothWays({ model, messages: ask, response_format })
    expect([JSON.parse(message.content ?? ''), finish_reason]).toEqual([{ place: expect.any(String) }, 'stop'])
  })

  it('reason, with what comes back signed', async () => {
    const { message } = await bothWays({ model: CLAUDE, messages: ask, reasoning_effort: 'high' })
    expect(message).toMatchObject({
      reasoning_content: expect.any(String),
      reasoning_details: [{ type: 'reasoning.text', signature: expect.any(String) }],
    })
    const messages = [...ask, message, ...ask]
    await expect(client.chat.completions.create({ model: CLAUDE, messages })).resolves.toBeDefined()
  })

  it('see an image, stop where they are told, and keep to a length', async () => {
    const url = `data:image/png;base64,${Buffer.from('not really').toString('base64')}`
    const content = [
      { type: 'image_url' as const, image_url: { url } },
      { type: 'text' as const, text: PROMPT },
    ]
    const seen = await bothWays({ model: NOVA, messages: [{ role: 'user', content }] })
    const word = seen.message.content?.split(' ')[3] ?? ''
    const stopped = await bothWays({ model: NOVA, messages: [{ role: 'user', content }], stop: word })
    expect(stopped.message.content).not.toContain(word)
    expect((await bothWays({ model: NOVA, messages: ask, max_completion_tokens: 5 })).finish_reason).toBe('length')
  })

  it('say what was not carried', async () => {
    const { response } = await client.chat.completions.create({ model: NOVA, messages: ask, seed: 7 }).withResponse()
    expect(response.headers.get('x-weighbridge-dropped')).toBe('seed')
  })
})

describe('refusals', () => {
  const failing = (act: Promise<unknown>): Promise<unknown> =>
    act.then(
      () => {
        throw new Error('it was not refused')
      },
      (thrown: unknown) => thrown,
    )
  const create = (body: object, by = client) =>
    failing(
      by.chat.completions.create({
        model: NOVA,
        messages: ask,
        ...body,
      } as OpenAI.ChatCompletionCreateParamsNonStreaming),
    )

  it('have the types that the client has', async () => {
    const closed = clientOf(await harness.tenant('closed', { allowed_models: ['anthropic.*'] }))
    const stranger = new OpenAI({ baseURL: `${harness.url}/v1`, apiKey: 'wb_no_key', maxRetries: 0 })
    expect(await create({}, stranger)).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(await create({}, stranger)).toMatchObject({ status: 401, code: 'invalid_api_key' })
    expect(await create({}, closed)).toMatchObject({ status: 403, code: 'model_not_allowed' })
    expect(await create({ model: 'gpt 4' })).toMatchObject({ status: 404, code: 'model_not_found' })
    expect(await create({ n: 3 })).toMatchObject({ status: 400, param: 'n', type: 'invalid_request_error' })
    expect(await create({ max_tokens: 900_000 })).toMatchObject({
      status: 400,
      message: expect.stringContaining('exceeds the model limit'),
    })
    expect(await create({ stream: true, messages: [] })).toBeInstanceOf(OpenAI.BadRequestError)
    expect(await failing(client.get('/nothing'))).toBeInstanceOf(OpenAI.NotFoundError)
  })

  it('of a spent budget are heard once, those of a rate limit tried again', async () => {
    const { secret } = await harness.tenant('poor', { limits: [{ kind: 'cost', per: 'month', amount: '0.000000001' }] })
    let asked = 0
    const counting = new OpenAI({
      baseURL: `${harness.url}/v1`,
      apiKey: secret,
      maxRetries: 2,
      fetch: (url, init) => {
        asked += 1
        return fetch(url, init)
      },
    })
    expect(await create({}, counting)).toMatchObject({
      status: 429,
      code: 'insufficient_quota',
      type: 'insufficient_quota',
    })
    expect(asked).toBe(1)
    await harness.admin('PATCH', 'tenants/poor', { limits: [{ kind: 'requests', per: 'minute', amount: 1 }] })
    await counting.chat.completions.create({ model: NOVA, messages: ask })
    const refused = await failing(counting.chat.completions.create({ model: NOVA, messages: ask }, { maxRetries: 0 }))
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError)
    expect(refused).toMatchObject({ code: 'rate_limit_exceeded' })
  })
})

describe('a stream', () => {
  const play = (...faults: string[]): void => harness.simulator.setScenario(parseScenario({ rules: [{ faults }] }))
  const open = () => client.chat.completions.create({ model: NOVA, messages: ask, stream: true })

  async function read(): Promise<{ text: string; finish: string | null }> {
    let text = ''
    let finish: string | null = null
    for await (const { choices } of await open()) {
      text += choices[0]?.delta.content ?? ''
      finish = choices[0]?.finish_reason ?? finish
    }
    return { text, finish }
  }

  afterEach(() => harness.simulator.setScenario(parseScenario({})))

  it.each([
    'exception:after=4',
    'exception:type=throttlingException,after=4',
    'error_event:after=4',
    'reset:after=4',
    'fin:after=4',
    'end:after=4',
    'truncated_frame:after=4',
    'bad_message_crc:after=4',
    'bad_prelude_crc:after=4',
    'non_json:after=4',
  ])('that breaks (%s) is an error, and never a shorter answer', async (fault) => {
    play(fault)
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError)
    expect(await lastEntry()).toMatchObject({ operation: 'ConverseStream', tenant_id: 'team-a' })
  })

  it.each(['split:bytes=1', 'merge', 'padding:bytes=300', 'unknown_event:after=3'])(
    'is the same with %s',
    async (fault) => {
      const whole = await read()
      expect(whole.finish).toBe('stop')
      play(fault)
      expect(await read()).toEqual(whole)
      await assertBilled('ConverseStream')
    },
  )

  it('whose client leaves is metered to its end', async () => {
    play('slow:ms=10')
    const before = (await harness.ledger()).length
    for await (const { choices } of await open()) if (choices[0]?.delta.content !== '') break
    await vi.waitFor(async () => expect(await harness.ledger()).toHaveLength(before + 1), {
      timeout: 20_000,
      interval: 50,
    })
    const entry = await lastEntry()
    expect(entry).toMatchObject({ ending: 'client_aborted', estimated: false, operation: 'ConverseStream' })
    const billed = harness.simulator.bill().find(({ request_id }) => request_id === entry.upstream_request_id)
    expect(counted(entry.usage)).toEqual(counted(billed?.usage ?? null))
  })
})

describe('models', () => {
  it('are those that the key may call', async () => {
    const all = await client.models.list()
    const ids = all.data.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining([NOVA, CLAUDE, 'amazon.titan-embed-text-v2:0']))
    // can be called by a profile only
    expect(ids).not.toContain('anthropic.claude-sonnet-5-5')
    expect(all.data[0]).toMatchObject({ object: 'model', owned_by: expect.any(String), created: expect.any(Number) })
    const few = clientOf(await harness.tenant('few', { allowed_models: ['anthropic.claude-sonnet-5-5'] }))
    const some = (await few.models.list()).data.map(({ id }) => id)
    expect(some.length).toBeGreaterThan(0)
    for (const id of some) expect(id).toMatch(/^[a-z-]+\.anthropic\.claude-sonnet-5-5$/)
    await expect(few.models.retrieve(CLAUDE)).resolves.toMatchObject({ id: CLAUDE })
    await expect(few.models.retrieve(NOVA)).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    const closed = clientOf(await harness.tenant('closed-models', { allowed_models: [] }))
    expect((await closed.models.list()).data).toEqual([])
  })
})

describe('embeddings', () => {
  const embed = (body: OpenAI.EmbeddingCreateParams) => client.embeddings.create(body)

  it.each([
    ['amazon.titan-embed-text-v2:0', { input: 'the sea', dimensions: 256 }, 256],
    ['amazon.titan-embed-text-v1', { input: ['the sea'] }, 1_536],
    ['cohere.embed-v4:0', { input: ['the sea', 'a ship'], dimensions: 512 }, 512],
    ['cohere.embed-english-v3', { input: ['the sea', 'a ship'] }, 1_024],
    ['amazon.nova-2-multimodal-embeddings-v1:0', { input: 'the sea', dimensions: 384 }, 384],
  ])('are made by %s', async (model, body, length) => {
    const floats = await embed({ model, ...body, encoding_format: 'float' })
    await assertBilled('InvokeModel')
    const entry = await lastEntry()
    expect(entry).toMatchObject({ surface: 'openai', model_id: model })
    expect(floats.usage).toEqual({
      prompt_tokens: entry.usage?.['input_tokens'],
      total_tokens: entry.usage?.['input_tokens'],
    })
    // the client asks for base64 where it is not told otherwise, and decodes it
    const packed = await embed({ model, ...body })
    expect(packed.data).toHaveLength([body.input].flat().length)
    for (const [index, { embedding }] of packed.data.entries()) {
      expect(embedding).toHaveLength(length)
      const exact = floats.data[index]?.embedding ?? []
      expect(embedding).toEqual(exact.map(Math.fround))
    }
  })

  it.each([
    [{ model: 'amazon.titan-embed-text-v2:0', input: ['a', 'b'] }, 'one text'],
    [{ model: NOVA, input: 'a' }, 'makes no embeddings'],
    [{ model: 'cohere.embed-v4:0', input: [1, 2] as never }, 'must be text'],
    [{ model: 'cohere.embed-v4:0', input: [] }, 'must hold a text'],
    [{ model: 'amazon.titan-embed-text-v2:0', input: 'a', dimensions: 7 }, 'enum'],
  ])('are refused for %j', async (body, words) => {
    await expect(embed(body)).rejects.toMatchObject({ status: 400, message: expect.stringContaining(words) })
  })
})

describe('images', () => {
  it.each(['amazon.nova-canvas-v1:0', 'stability.stable-image-core-v1:1'])('are made by %s', async (model) => {
    const { data } = await client.images.generate({ model, prompt: 'a sea', size: '1024x1024' })
    expect(data?.[0]?.b64_json?.length).toBeGreaterThan(20)
    await assertBilled('InvokeModel')
  })

  it('have no URL', async () => {
    const asked = client.images.generate({ model: 'amazon.nova-canvas-v1:0', prompt: 'a', response_format: 'url' })
    await expect(asked).rejects.toMatchObject({ status: 400, message: expect.stringContaining('no URL') })
  })
})

describe('responses', () => {
  async function bothWays(body: Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'stream'>) {
    const whole = await client.responses.create(body)
    await assertBilled('Converse')
    const streamed = await client.responses.stream(body).finalResponse()
    await assertBilled('ConverseStream')
    expect(streamed.output_text).toBe(whole.output_text)
    expect(streamed.status).toBe(whole.status)
    expect(streamed.output.map(({ type }) => type)).toEqual(whole.output.map(({ type }) => type))
    return whole
  }

  it('answer', async () => {
    const whole = await bothWays({ model: NOVA, instructions: 'Be brief.', input: PROMPT, user: 'ann' })
    expect(whole.output_text.length).toBeGreaterThan(20)
    expect(await lastEntry()).toMatchObject({ surface: 'openai', metadata: { user: 'ann' } })
  })

  it('call a tool, and hear of its result, with what was thought in between', async () => {
    const { name, description, parameters } = weather.function
    const tools = [{ type: 'function' as const, name, description, parameters, strict: false }]
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Use the weather tool.' }]
    const asked = { model: CLAUDE, tools, reasoning: { effort: 'high' as const } }
    const first = await bothWays({ ...asked, input })
    expect(first.output.map(({ type }) => type)).toEqual(['reasoning', 'function_call'])
    const call = first.output.find((item) => item.type === 'function_call')
    const result = { type: 'function_call_output' as const, call_id: call?.call_id ?? '', output: 'sunny' }
    const { data, response } = await client.responses
      .create({ ...asked, input: [...input, ...(first.output as OpenAI.Responses.ResponseInput), result] })
      .withResponse()
    expect(data.output_text.length).toBeGreaterThan(0)
    expect(response.headers.get('x-weighbridge-dropped')).toBeNull()
  })

  it('are cut where they were told', async () => {
    const cut = await bothWays({ model: NOVA, input: PROMPT, max_output_tokens: 5 })
    expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
  })

  it('are not kept', async () => {
    const kept = [
      client.responses.retrieve('resp_1'),
      client.responses.delete('resp_1'),
      client.responses.cancel('resp_1'),
    ]
    for (const asked of kept)
      await expect(asked).rejects.toMatchObject({ status: 501, message: expect.stringContaining('not kept') })
    await expect(
      client.responses.create({ model: NOVA, input: 'a', previous_response_id: 'resp_1' }),
    ).rejects.toMatchObject({ status: 400, param: 'previous_response_id' })
  })
})

describe('the ledger', () => {
  it('is the same as of the native call', async () => {
    await client.chat.completions.create({ model: NOVA, messages: ask, max_tokens: 60, service_tier: 'default' })
    const translated = await lastEntry()
    const answer = await fetch(`${harness.url}/model/${encodeURIComponent(NOVA)}/converse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        messages: [{ role: 'user', content: [{ text: PROMPT }] }],
        inferenceConfig: { maxTokens: 60 },
        serviceTier: { type: 'default' },
      }),
    })
    expect(answer.status).toBe(200)
    const native = await lastEntry()
    const same = ['usage', 'cost_usd', 'tier', 'operation', 'model_id', 'base_model', 'routing', 'region'] as const
    for (const name of same) expect(translated[name], name).toEqual(native[name])
    expect([translated, native]).toMatchObject([{ surface: 'openai' }, { surface: 'bedrock' }])
  })
})

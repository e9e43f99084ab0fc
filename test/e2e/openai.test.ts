// OpenAI's own client, unmodified, with only its base URL and its key set: chat completions by models that speak Converse.

import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { CLAUDE, NOVA, PROMPT, startOpenaiWorld, weather, type OpenaiWorld } from './openai-world.ts'
import { counted } from './truth.ts'

const ask = [{ role: 'user' as const, content: PROMPT }]
let world: OpenaiWorld

beforeAll(async () => {
  world = await startOpenaiWorld()
})

afterAll(() => world.close())

describe('chat completions', () => {
  it('answer', async () => {
    const { data, response } = await world.client.chat.completions
      .create({ model: NOVA, messages: ask, user: 'ann', metadata: { team: 'sea', other: 'x' } })
      .withResponse()
    const [choice] = data.choices
    expect(choice?.message.content?.length).toBeGreaterThan(20)
    expect(choice?.finish_reason).toBe('stop')
    expect(data).toMatchObject({ object: 'chat.completion', model: NOVA })
    const entry = await world.lastEntry()
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
    await world.assertBilled('Converse')
  })

  it('stream what they answer whole, with usage where it is asked for', async () => {
    const whole = await world.client.chat.completions.create({ model: NOVA, messages: ask })
    const stream = await world.client.chat.completions.create({
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
    await world.assertBilled('ConverseStream')
  })
})

/** Whole and streamed, assembled by the client's own helper, the message is the same. */
async function bothWays(body: Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'stream'>) {
  const whole = await world.client.chat.completions.create(body)
  await world.assertBilled('Converse')
  const streamed = await world.client.chat.completions.stream(body).finalChatCompletion()
  await world.assertBilled('ConverseStream')
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
    const after = await world.client.chat.completions.create({ ...body, messages: [...body.messages, message, result] })
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
    await expect(world.client.chat.completions.create({ model: CLAUDE, messages })).resolves.toBeDefined()
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
    const { response } = await world.client.chat.completions
      .create({ model: NOVA, messages: ask, seed: 7 })
      .withResponse()
    expect(response.headers.get('x-weighbridge-dropped')).toBe('seed')
  })
})

describe('a model that takes chat completions itself', () => {
  const GPT = 'us.openai.gpt-5.6-luna'

  it('gets them as they came, and is metered the same', async () => {
    const body = { model: GPT, messages: ask, n: 2, seed: 7, user: 'ann', service_tier: 'auto' as const }
    const { data, response } = await world.client.chat.completions.create(body).withResponse()
    expect(data.choices).toHaveLength(2)
    expect(response.headers.get('x-weighbridge-dropped')).toBeNull()
    await world.assertBilled('ChatCompletions')
    expect(await world.lastEntry()).toMatchObject({ surface: 'openai', model_id: GPT, metadata: { user: 'ann' } })
  })

  it.each([true, false])('streams, with usage asked for: %s', async (include_usage) => {
    const whole = await world.client.chat.completions.create({ model: GPT, messages: ask })
    const asked = { model: GPT, messages: ask, stream: true, stream_options: { include_usage } } as const
    let text = ''
    const usages: unknown[] = []
    for await (const chunk of await world.client.chat.completions.create(asked)) {
      text += chunk.choices[0]?.delta.content ?? ''
      if (chunk.usage) usages.push(chunk.usage)
      expect(JSON.stringify(chunk)).not.toContain('amazon-bedrock')
    }
    expect(text).toBe(whole.choices[0]?.message.content)
    expect(usages).toHaveLength(include_usage ? 1 : 0)
    await world.assertBilled('ChatCompletionsStream')
  })

  it('calls tools as it does anywhere', async () => {
    const body = { model: GPT, messages: ask, tools: [weather], tool_choice: 'required' as const }
    const { choices } = await world.client.chat.completions.create(body)
    expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [{ type: 'function' }] } })
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
  const create = (body: object, by = world.client) =>
    failing(
      by.chat.completions.create({
        model: NOVA,
        messages: ask,
        ...body,
      } as OpenAI.ChatCompletionCreateParamsNonStreaming),
    )

  it('have the types that the client has', async () => {
    const closed = world.clientOf(await world.makeTenant('closed', { allowed_models: ['anthropic.*'] }))
    const stranger = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: 'wb_no_key', maxRetries: 0 })
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
    expect(await failing(world.client.get('/nothing'))).toBeInstanceOf(OpenAI.NotFoundError)
  })

  it('of a spent budget are heard once, those of a rate limit tried again', async () => {
    const { secret } = await world.makeTenant('poor', {
      limits: [{ kind: 'cost', per: 'month', amount: '0.000000001' }],
    })
    let asked = 0
    const counting = new OpenAI({
      baseURL: `${world.url}/v1`,
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
    await world.admin('PATCH', 'tenants/poor', { limits: [{ kind: 'requests', per: 'minute', amount: 1 }] })
    await counting.chat.completions.create({ model: NOVA, messages: ask })
    const refused = await failing(counting.chat.completions.create({ model: NOVA, messages: ask }, { maxRetries: 0 }))
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError)
    expect(refused).toMatchObject({ code: 'rate_limit_exceeded' })
  })
})

describe('a stream', () => {
  const play = (...faults: string[]): void => world.simulator.setScenario(parseScenario({ rules: [{ faults }] }))
  const open = () => world.client.chat.completions.create({ model: NOVA, messages: ask, stream: true })

  async function read(): Promise<{ text: string; finish: string | null }> {
    let text = ''
    let finish: string | null = null
    for await (const { choices } of await open()) {
      text += choices[0]?.delta.content ?? ''
      finish = choices[0]?.finish_reason ?? finish
    }
    return { text, finish }
  }

  afterEach(() => world.simulator.setScenario(parseScenario({})))

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
    expect(await world.lastEntry()).toMatchObject({ operation: 'ConverseStream', tenant_id: 'team-a' })
  })

  it.each(['split:bytes=1', 'merge', 'padding:bytes=300', 'unknown_event:after=3'])(
    'is the same with %s',
    async (fault) => {
      const whole = await read()
      expect(whole.finish).toBe('stop')
      play(fault)
      expect(await read()).toEqual(whole)
      await world.assertBilled('ConverseStream')
    },
  )

  it('whose client leaves is metered to its end', async () => {
    play('slow:ms=10')
    const before = (await world.ledger()).length
    for await (const { choices } of await open()) if (choices[0]?.delta.content !== '') break
    await vi.waitFor(async () => expect(await world.ledger()).toHaveLength(before + 1), {
      timeout: 20_000,
      interval: 50,
    })
    const entry = await world.lastEntry()
    expect(entry).toMatchObject({ ending: 'client_aborted', estimated: false, operation: 'ConverseStream' })
    const billed = world.simulator.bill().find(({ request_id }) => request_id === entry.upstream_request_id)
    expect(counted(entry.usage)).toEqual(counted(billed?.usage ?? null))
  })
})

describe('the ledger', () => {
  it('is the same as of the native call', async () => {
    await world.client.chat.completions.create({ model: NOVA, messages: ask, max_tokens: 60, service_tier: 'default' })
    const translated = await world.lastEntry()
    const answer = await fetch(`${world.url}/model/${encodeURIComponent(NOVA)}/converse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.tenant.secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        messages: [{ role: 'user', content: [{ text: PROMPT }] }],
        inferenceConfig: { maxTokens: 60 },
        serviceTier: { type: 'default' },
      }),
    })
    expect(answer.status).toBe(200)
    const native = await world.lastEntry()
    const same = ['usage', 'cost_usd', 'tier', 'operation', 'model_id', 'base_model', 'routing', 'region'] as const
    for (const name of same) expect(translated[name], name).toEqual(native[name])
    expect([translated, native]).toMatchObject([{ surface: 'openai' }, { surface: 'bedrock' }])
  })
})

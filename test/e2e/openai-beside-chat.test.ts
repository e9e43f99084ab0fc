// OpenAI's own client, unmodified: the models that its key may call, embeddings, images and responses.

import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLAUDE, NOVA, PROMPT, startOpenaiWorld, weather, type OpenaiWorld } from './openai-world.ts'

let world: OpenaiWorld

beforeAll(async () => {
  world = await startOpenaiWorld()
})

afterAll(() => world.close())

describe('models', () => {
  it('are those that the key may call', async () => {
    const all = await world.client.models.list()
    const ids = all.data.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining([NOVA, CLAUDE, 'amazon.titan-embed-text-v2:0']))
    // can be called by a profile only
    expect(ids).not.toContain('anthropic.claude-sonnet-5-5')
    expect(all.data[0]).toMatchObject({ object: 'model', owned_by: expect.any(String), created: expect.any(Number) })
    const few = world.clientOf(await world.makeTenant('few', { allowed_models: ['anthropic.claude-sonnet-5-5'] }))
    const some = (await few.models.list()).data.map(({ id }) => id)
    expect(some.length).toBeGreaterThan(0)
    for (const id of some) expect(id).toMatch(/^[a-z-]+\.anthropic\.claude-sonnet-5-5$/)
    await expect(few.models.retrieve(CLAUDE)).resolves.toMatchObject({ id: CLAUDE })
    await expect(few.models.retrieve(NOVA)).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    const closed = world.clientOf(await world.makeTenant('closed-models', { allowed_models: [] }))
    expect((await closed.models.list()).data).toEqual([])
  })
})

describe('embeddings', () => {
  const embed = (body: OpenAI.EmbeddingCreateParams) => world.client.embeddings.create(body)

  it.each([
    ['amazon.titan-embed-text-v2:0', { input: 'the sea', dimensions: 256 }, 256],
    ['amazon.titan-embed-text-v1', { input: ['the sea'] }, 1_536],
    ['cohere.embed-v4:0', { input: ['the sea', 'a ship'], dimensions: 512 }, 512],
    ['cohere.embed-english-v3', { input: ['the sea', 'a ship'] }, 1_024],
    ['amazon.nova-2-multimodal-embeddings-v1:0', { input: 'the sea', dimensions: 384 }, 384],
  ])('are made by %s', async (model, body, length) => {
    const floats = await embed({ model, ...body, encoding_format: 'float' })
    await world.assertBilled('InvokeModel')
    const entry = await world.lastEntry()
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
    const { data } = await world.client.images.generate({ model, prompt: 'a sea', size: '1024x1024' })
    expect(data?.[0]?.b64_json?.length).toBeGreaterThan(20)
    await world.assertBilled('InvokeModel')
  })

  it('have no URL', async () => {
    const asked = world.client.images.generate({
      model: 'amazon.nova-canvas-v1:0',
      prompt: 'a',
      response_format: 'url',
    })
    await expect(asked).rejects.toMatchObject({ status: 400, message: expect.stringContaining('no URL') })
  })
})

describe('responses', () => {
  async function wholeAndStreamed(body: Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'stream'>) {
    const whole = await world.client.responses.create(body)
    await world.assertBilled('Converse')
    const streamed = await world.client.responses.stream(body).finalResponse()
    await world.assertBilled('ConverseStream')
    expect(streamed.output_text).toBe(whole.output_text)
    expect(streamed.status).toBe(whole.status)
    expect(streamed.output.map(({ type }) => type)).toEqual(whole.output.map(({ type }) => type))
    return whole
  }

  it('answer', async () => {
    const whole = await wholeAndStreamed({ model: NOVA, instructions: 'Be brief.', input: PROMPT, user: 'ann' })
    expect(whole.output_text.length).toBeGreaterThan(20)
    expect(await world.lastEntry()).toMatchObject({ surface: 'openai', metadata: { user: 'ann' } })
  })

  it('call a tool, and hear of its result, with what was thought in between', async () => {
    const { name, description, parameters } = weather.function
    const tools = [{ type: 'function' as const, name, description, parameters, strict: false }]
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Use the weather tool.' }]
    const asked = { model: CLAUDE, tools, reasoning: { effort: 'high' as const } }
    const first = await wholeAndStreamed({ ...asked, input })
    expect(first.output.map(({ type }) => type)).toEqual(['reasoning', 'function_call'])
    const call = first.output.find((item) => item.type === 'function_call')
    const result = { type: 'function_call_output' as const, call_id: call?.call_id ?? '', output: 'sunny' }
    const { data, response } = await world.client.responses
      .create({ ...asked, input: [...input, ...(first.output as OpenAI.Responses.ResponseInput), result] })
      .withResponse()
    expect(data.output_text.length).toBeGreaterThan(0)
    expect(response.headers.get('x-weighbridge-dropped')).toBeNull()
  })

  it('are cut where they were told', async () => {
    const cut = await wholeAndStreamed({ model: NOVA, input: PROMPT, max_output_tokens: 5 })
    expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
  })

  it('of models that Bedrock keeps none of are not kept', async () => {
    const asked = world.client.responses.retrieve('resp_1')
    await expect(asked).rejects.toMatchObject({ status: 404, message: expect.stringContaining('no kept answer') })
    await expect(
      world.client.responses.create({ model: NOVA, input: 'a', previous_response_id: 'resp_1' }),
    ).rejects.toMatchObject({ status: 400, param: 'previous_response_id' })
  })
})

describe('every route that calls a model', () => {
  const calls: readonly (readonly [path: string, body: Record<string, unknown>])[] = [
    ['chat/completions', { model: NOVA, messages: [{ role: 'user', content: PROMPT }] }],
    ['chat/completions', { model: NOVA, messages: [{ role: 'user', content: PROMPT }], stream: true }],
    ['responses', { model: NOVA, input: PROMPT }],
    ['responses', { model: NOVA, input: PROMPT, stream: true }],
    ['embeddings', { model: 'amazon.titan-embed-text-v2:0', input: 'the sea' }],
    ['images/generations', { model: 'amazon.nova-canvas-v1:0', prompt: 'a sea' }],
  ]
  const post = (path: string, body: unknown, headers: Record<string, string>) =>
    fetch(`${world.url}/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })

  it('is closed without a key, to other models, beyond the budget and for other tenants', async () => {
    const closed = await world.makeTenant('nothing', { allowed_models: ['meta.*'] })
    const poor = await world.makeTenant('without-money', { limits: [{ kind: 'cost', per: 'month', amount: '0' }] })
    const before = (await world.ledger()).length
    const codes = async (headers: Record<string, string>) => {
      const answers = await Promise.all(calls.map(([path, body]) => post(path, body, headers)))
      return Promise.all(
        answers.map(async (answer) => {
          const { error } = (await answer.json()) as { error: { code: string } }
          return `${answer.status} ${error.code}`
        }),
      )
    }
    const all = (code: string) => calls.map(() => code)
    expect(await codes({})).toEqual(all('401 invalid_api_key'))
    expect(await codes(bearer('wb_no_key'))).toEqual(all('401 invalid_api_key'))
    expect(await codes(bearer(closed.secret))).toEqual(all('403 model_not_allowed'))
    expect(await codes(bearer(poor.secret))).toEqual(all('429 insufficient_quota'))
    expect(await codes({ ...bearer(closed.secret), 'x-weighbridge-tenant': 'team-a' })).toEqual(
      all('403 may_not_act_for'),
    )
    expect(await world.ledger()).toHaveLength(before)
  })

  it.each(calls)('%s is one entry of the tenant that called', async (path, body) => {
    const before = (await world.ledger()).length
    const answer = await post(path, body, bearer(world.tenant.secret))
    expect(answer.status).toBe(200)
    await answer.text()
    const added = (await world.ledger()).slice(before)
    expect(added).toMatchObject([{ tenant_id: 'team-a', surface: 'openai', ending: 'completed' }])
  })
})

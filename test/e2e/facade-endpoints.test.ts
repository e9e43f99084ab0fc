// SageMaker endpoints in the dialect of the samples: every kind of container, whole, as events and fetched later; large requests too.

import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHarness, type Harness } from './harness.ts'

let harness: Harness
let key: string

beforeAll(async () => {
  harness = await startHarness({ settings: { WEIGHBRIDGE_MAX_BODY_BYTES: '9000000' } })
  const endpoints = {
    mixtral: { endpoint_name: 'Mixtral-SM', name: 'Mixtral 8x7B' },
    chat: { endpoint_name: 'Llama-SM', name: 'Llama 3', kind: 'chat' },
    minilm: { endpoint_name: 'MiniLM-embed', name: 'MiniLM L6 v2' },
    text: { endpoint_name: 'Text-SM', kind: 'text' },
    part: { endpoint_name: 'Shared', inference_component: 'part-1' },
    secret: { endpoint_name: 'Secret-SM' },
  }
  for (const [id, body] of Object.entries(endpoints)) await harness.admin('PUT', `endpoints/${id}`, body)
  await harness.tenant('hr', {
    allowed_models: ['amazon.nova-*', 'sagemaker.m*', 'sagemaker.chat', 'sagemaker.text', 'sagemaker.part'],
  })
  await harness.admin('POST', 'tenants', { id: 'unit', name: 'unit', allowed_models: ['*'] })
  key = String((await harness.admin('POST', 'tenants/unit/keys', { may_act_for: ['hr'] }))['secret'])
})

afterAll(() => harness.close())

type Asked = { headers?: Record<string, string>; body?: unknown; more?: string }

function send(model: string, { headers, body, more = '' }: Asked): Promise<Response> {
  return fetch(`${harness.url}/prod/invoke_model?model_id=${encodeURIComponent(model)}${more}`, {
    method: 'POST',
    headers: { 'x-api-key': key, team_id: 'hr', 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body ?? {}),
  })
}

async function ask(model: string, asked: Asked) {
  const response = await send(model, asked)
  return { status: response.status, body: (await response.json()) as Record<string, unknown>[] }
}

const last = async () => (await harness.ledger()).at(-1)
const lastBilled = () => harness.simulator.bill().at(-1)
const MESSAGES = [{ role: 'user', content: 'Tell me in 12 words.' }]
const CHAT = { headers: { messages_api: 'true' }, body: { inputs: MESSAGES, parameters: { max_tokens: 40 } } }
const TEXT = { body: { inputs: 'Tell me in 12 words.', parameters: { max_new_tokens: 40 } } }
const SAID = [{ generated_text: expect.stringMatching(/^\S.*\S$/s) as string }]

describe('an endpoint', () => {
  it.each<[string, string, Asked]>([
    ['a prompt', 'Mixtral 8x7B', TEXT],
    [
      'an object, merged with the parameters',
      'Mixtral 8x7B',
      { body: { inputs: { inputs: 'Hi', a: 1 }, parameters: { b: 2 } } },
    ],
    ['messages', 'Mixtral 8x7B', CHAT],
    ['messages, by its model id', 'sagemaker.mixtral', CHAT],
    [
      'a prompt as a message, where it takes messages',
      'Llama 3',
      { body: { ...TEXT.body, parameters: { max_tokens: 40 } } },
    ],
  ])('answers %s in the shape of the samples, with one entry', async (_, model, asked) => {
    const before = (await harness.ledger()).length
    expect(await ask(model, asked)).toEqual({ status: 200, body: SAID })
    const entries = await harness.ledger()
    expect(entries).toHaveLength(before + 1)
    expect(entries.at(-1)).toMatchObject({
      tenant_id: 'hr',
      surface: 'facade',
      operation: 'InvokeEndpoint',
      cost_usd: null,
    })
    expect(entries.at(-1)?.upstream_request_id).toBe(lastBilled()?.request_id)
  })

  it('that embeds answers its vector; what it does not say of its usage is estimated', async () => {
    const asked = { headers: { type: 'embeddings' }, body: { inputs: { text_inputs: 'Good morning.' } } }
    const vector = [{ embedding: expect.arrayContaining([expect.any(Number)]) as number[] }]
    expect(await ask('MiniLM L6 v2', asked)).toEqual({ status: 200, body: vector })
    const input_tokens = Math.floor(JSON.stringify({ text_inputs: 'Good morning.' }).length / 4)
    expect(await last()).toMatchObject({
      model_id: 'sagemaker.minilm',
      usage: { input_tokens, output_tokens: 0 },
      estimated: true,
    })
  })

  it('is called with the inference component that the parameters name, which the container does not see', async () => {
    const parameters = { InferenceComponentName: 'part-1', max_new_tokens: 10 }
    expect((await ask('sagemaker.part', { body: { inputs: 'Hi', parameters } })).status).toBe(200)
    const other = await ask('sagemaker.part', {
      body: { inputs: 'Hi', parameters: { InferenceComponentName: 'part-2' } },
    })
    expect(other).toMatchObject({
      status: 400,
      body: [{ generated_text: expect.stringContaining('part-1') as string }],
    })
  })

  it('is listed with the models, if the team may call it', async () => {
    const listed = await fetch(`${harness.url}/prod/list_foundation_models`, {
      headers: { 'x-api-key': key, team_id: 'hr' },
    })
    const [{ modelSummaries }] = (await listed.json()) as [{ modelSummaries: Record<string, unknown>[] }]
    const endpoints = modelSummaries.filter(({ providerName }) => providerName === 'Amazon SageMaker')
    expect(endpoints.map(({ modelId, modelName }) => [modelId, modelName])).toEqual([
      ['sagemaker.chat', 'Llama 3'],
      ['sagemaker.minilm', 'MiniLM L6 v2'],
      ['sagemaker.mixtral', 'Mixtral 8x7B'],
      ['sagemaker.part', 'part'],
      ['sagemaker.text', 'text'],
    ])
    expect(modelSummaries.length).toBeGreaterThan(endpoints.length)
    // nor where it could not be called
    const headers = { authorization: `Bearer ${key}` }
    const openai = (await (await fetch(`${harness.url}/openai/v1/models`, { headers })).json()) as {
      data: { id: string }[]
    }
    expect(openai.data.filter(({ id }) => id.startsWith('sagemaker.'))).toEqual([])
  })

  it.each<[string, string, Asked, number, string]>([
    ['that the team may not call', 'sagemaker.secret', TEXT, 403, 'may not call'],
    ['that there is not', 'sagemaker.nobody', TEXT, 404, 'no SageMaker endpoint'],
    ['that is to make an image', 'Mixtral 8x7B', { headers: { type: 'image' }, body: {} }, 400, 'no images'],
    ['that is to take messages and takes prompts', 'text', CHAT, 400, 'takes prompts'],
    [
      'with a component that is no name',
      'sagemaker.part',
      { body: { inputs: 'Hi', parameters: { InferenceComponentName: 'a/b' } } },
      400,
      'InferenceComponentName',
    ],
  ])('%s is refused in words', async (_, model, asked, status, words) => {
    expect(await ask(model, asked)).toMatchObject({
      status,
      body: [{ generated_text: expect.stringContaining(words) as string }],
    })
  })

  it('that fails says why, and its call costs nothing', async () => {
    await fault(['error:type=ModelError'])
    expect(await ask('Mixtral 8x7B', TEXT)).toMatchObject({ status: 424, body: SAID })
    expect(await last()).toMatchObject({ ending: 'upstream_refused', cost_usd: '0' })
    await fault([])
  })
})

const fault = (faults: string[]) =>
  fetch(`${harness.simulator.url}/_simulator/scenario`, {
    method: 'POST',
    body: JSON.stringify({ rules: [{ match: { operation: 'InvokeEndpoint*' }, faults }] }),
  })

async function fetched(model: string, { headers, body }: Asked) {
  const started = await ask(model, { headers: { streaming: 'true', ...headers }, body })
  const id = String(started.body[0]?.['request_id'])
  expect(started).toEqual({ status: 200, body: [{ request_id: id }] })
  for (;;) {
    const answer = await ask(model, { headers: { streaming: 'true', ...headers }, more: `&requestId=${id}` })
    if (answer.body[0]?.['generated_text'] !== undefined) return { ...answer, id }
    await wait(20)
  }
}

describe('an answer that is fetched later', () => {
  it.each<[string, string, Asked]>([
    ['of tokens', 'Mixtral 8x7B', TEXT],
    ['of messages', 'Mixtral 8x7B', CHAT],
  ])('%s is the same as a whole one, and was streamed inside', async (_, model, asked) => {
    const whole = await ask(model, asked)
    const answer = await fetched(model, asked)
    expect([answer.status, answer.body]).toEqual([200, whole.body])
    expect(lastBilled()?.operation).toBe('InvokeEndpointWithResponseStream')
    expect(await last()).toMatchObject({ request_id: answer.id, ending: 'completed', tenant_id: 'hr' })
  })

  it('of a container that breaks off is a failure with its words', async () => {
    await fault(['exception:type=ModelStreamError,after=3'])
    expect(await fetched('Mixtral 8x7B', TEXT)).toMatchObject({ status: 500, body: SAID })
    expect(await last()).toMatchObject({ ending: 'upstream_failed', estimated: true })
    await fault([])
  })

  it('can be started with several hundred kilobytes', async () => {
    const inputs = `Tell me in 12 words. ${'word '.repeat(140_000)}`
    expect(inputs.length).toBeGreaterThan(600_000)
    expect(await fetched('Mixtral 8x7B', { body: { inputs, parameters: { max_new_tokens: 20 } } })).toMatchObject({
      status: 200,
      body: SAID,
    })
    const nova = await fetched('amazon.nova-lite-v1:0', { body: { inputs, parameters: { maxTokens: 20 } } })
    expect(nova).toMatchObject({ status: 200, body: [{ generated_text: expect.stringMatching(/./) as string }] })
  })

  it('cannot be started with ten megabytes, which is said at once', async () => {
    const response = await send('Mixtral 8x7B', {
      headers: { streaming: 'true' },
      body: { inputs: 'a'.repeat(10_000_000) },
    })
    expect([response.status, await response.json()]).toMatchObject([
      413,
      [{ generated_text: expect.stringContaining('too large') as string }],
    ])
  })
})

describe('an answer that is streamed to its client', () => {
  it.each<[string, Asked]>([
    ['tokens', TEXT],
    ['messages', CHAT],
  ])('comes piece by piece, of %s, and is together the whole one', async (_, asked) => {
    const whole = await ask('Mixtral 8x7B', asked)
    const response = await send('Mixtral 8x7B', {
      ...asked,
      headers: { ...asked.headers, accept: 'text/event-stream' },
    })
    const events = (await response.text()).split('\n\n').filter((event) => event !== '')
    const pieces = events.filter((event) => event.startsWith('event: delta'))
    expect(pieces.length).toBeGreaterThan(5)
    const said = pieces.map(
      (event) => (JSON.parse(event.slice(event.indexOf('{'))) as { generated_text: string }).generated_text,
    )
    expect([{ generated_text: said.join('').trim() }]).toEqual(whole.body)
    expect(events.at(-1)).toMatch(/^event: done/)
    expect(await last()).toMatchObject({ operation: 'InvokeEndpointWithResponseStream', ending: 'completed' })
  })
})

it('has one entry for each call of the bill', async () => {
  const answered = (await harness.ledger()).filter(({ ending }) => ending !== 'upstream_refused')
  const billed = harness.simulator.bill().map((call) => call.request_id)
  expect(new Set(answered.map((entry) => entry.upstream_request_id))).toEqual(new Set(billed))
  expect(answered).toHaveLength(billed.length)
})

// The clients of the samples' two notebooks, as plain HTTP: every kind of model, both ways of streaming, polls that repeat every header.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHarness, type Harness } from './harness.ts'

const TITAN = 'amazon.titan-text-express-v1'
const CLAUDE = 'anthropic.claude-3-haiku-20240307-v1:0'
const MISTRAL = 'mistral.mistral-large-2402-v1:0'
const LLAMA = 'meta.llama3-8b-instruct-v1:0'
const PNG = Buffer.from('89504e470d0a1a0a', 'hex').toString('base64')
const QUESTION = 'What is Amazon Bedrock?'

let harness: Harness
let key: string

beforeAll(async () => {
  harness = await startHarness()
  await harness.tenant('tenant1')
  await harness.admin('POST', 'tenants', { id: 'unit', name: 'unit', allowed_models: ['*'] })
  key = String((await harness.admin('POST', 'tenants/unit/keys', { name: 'x', may_act_for: ['tenant1'] }))['secret'])
})

afterAll(() => harness.close())

type Item = Readonly<Record<string, unknown>>
type Headers = Readonly<Record<string, string>>

async function post(url: string, headers: Headers, body: unknown): Promise<{ status: number; item: Item }> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  const [item] = (await response.json()) as Item[]
  return { status: response.status, item: item ?? {} }
}

/** The first notebook: headers made for each call, the poll with those that a poll needs. */
async function notebook(model: string, body: unknown, headers: Headers = {}, more = ''): Promise<Item> {
  const url = `${harness.url}/demo_prod/invoke_model?model_id=${encodeURIComponent(model)}${more}`
  const own = { 'x-api-key': key, team_id: 'tenant1', ...headers }
  const started = await post(url, own, body)
  expect(started.status).toBe(200)
  if (headers['streaming'] !== 'true') return started.item
  return polled(url, { 'x-api-key': key, team_id: 'tenant1' }, started.item)
}

/** The second one, LangChain's: it keeps its headers, `streaming` and `messages_api` too, for every poll. */
async function langchain(model: string, prompt: unknown, over: { streaming: boolean; chat: boolean }): Promise<Item> {
  const url = `${harness.url}/demo_prod/invoke_model?model_id=${encodeURIComponent(model)}`
  const headers = {
    'content-type': 'application/json',
    'x-api-key': key,
    team_id: 'tenant1',
    streaming: String(over.streaming),
    messages_api: String(over.chat),
  }
  const started = await post(url, headers, { inputs: prompt, parameters: {} })
  expect(started.status).toBe(200)
  return over.streaming ? polled(url, headers, started.item) : started.item
}

/** Until `generated_text` is there, as both loops do; theirs wait two seconds each time. */
async function polled(url: string, headers: Headers, started: Item): Promise<Item> {
  const id = String(started['request_id'])
  for (;;) {
    const { status, item } = await post(`${url}&requestId=${id}`, headers, {})
    expect(status).toBe(200)
    if (item['generated_text'] !== undefined) return item
    expect(item).toEqual({ request_id: id })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const messages = (text: string) => [{ role: 'user', content: [{ text }] }]
const MESSAGES = { messages_api: 'true' }
const STREAMING = { streaming: 'true' }
const withImage = [
  { role: 'user', content: [{ text: 'What is in it?' }, { image: { format: 'webp', source: { bytes: PNG } } }] },
]

describe('the first notebook', () => {
  it('lists models', async () => {
    const response = await fetch(`${harness.url}/demo_prod/list_foundation_models`, {
      headers: { 'x-api-key': key, team_id: 'tenant1' },
    })
    const [list] = (await response.json()) as { modelSummaries: { modelId: string }[] }[]
    expect(list?.modelSummaries.map(({ modelId }) => modelId)).toContain(TITAN)
  })

  it.each<[string, string, unknown, Headers]>([
    ['Titan', TITAN, { inputs: QUESTION, parameters: { maxTokenCount: 60, temperature: 0.8 } }, {}],
    ['Titan, Converse', TITAN, { inputs: messages(QUESTION), parameters: { maxTokens: 60 } }, MESSAGES],
    ['Titan, streamed', TITAN, { inputs: QUESTION, parameters: { maxTokenCount: 60 } }, STREAMING],
    ['Titan, streamed Converse', TITAN, { inputs: messages(QUESTION) }, { ...MESSAGES, ...STREAMING }],
    [
      'Claude with a system prompt',
      CLAUDE,
      { inputs: messages(QUESTION), parameters: { system: 'Be brief.' } },
      MESSAGES,
    ],
    ['Claude, streamed', CLAUDE, { inputs: messages(QUESTION) }, { ...MESSAGES, ...STREAMING }],
    ['Claude with a PNG that is sent as webp', CLAUDE, { inputs: withImage }, MESSAGES],
    ['Claude with an image, streamed', CLAUDE, { inputs: withImage }, { ...MESSAGES, ...STREAMING }],
    ['Mistral', MISTRAL, { inputs: QUESTION, parameters: { max_tokens: 60 } }, {}],
    ['Llama, streamed', LLAMA, { inputs: QUESTION, parameters: { max_gen_len: 60 } }, STREAMING],
  ])('asks %s', async (_, model, body, headers) => {
    expect((await notebook(model, body, headers))['generated_text']).toMatch(/./)
  })

  it.each<[string, string, unknown, string, number]>([
    ['a text by Titan', 'amazon.titan-embed-text-v1', { inputs: QUESTION }, 'embeddings', 1_536],
    [
      'a text by Titan 2',
      'amazon.titan-embed-text-v2:0',
      { inputs: QUESTION, parameters: { dimensions: 1_024, normalize: true } },
      'embeddings',
      1_024,
    ],
    ['a text by Cohere', 'cohere.embed-english-v3', { inputs: QUESTION }, 'embeddings', 1_024],
    ['an image', 'amazon.titan-embed-image-v1', { inputs: PNG }, 'embeddings-image', 1_024],
  ])('embeds %s', async (_, model, body, type, dimensions) => {
    expect((await notebook(model, body, { type }))['embedding']).toHaveLength(dimensions)
  })

  it('paints by Titan and by Stable Diffusion XL', async () => {
    const imageGenerationConfig = {
      numberOfImages: 1,
      quality: 'standard',
      height: 512,
      width: 512,
      cfgScale: 7.5,
      seed: 42,
    }
    const titan = await notebook(
      'amazon.titan-image-generator-v1',
      { textToImageParams: { text: 'A bridge' }, parameters: { taskType: 'TEXT_IMAGE', imageGenerationConfig } },
      { type: 'image' },
    )
    expect(titan['images']).toHaveLength(1)
    const stable = await notebook(
      'stability.stable-diffusion-xl-v1',
      { text_prompts: [{ text: 'A bridge' }], parameters: { cfg_scale: 10, seed: 0, steps: 60, width: 768 } },
      { type: 'image' },
    )
    expect(stable['artifacts']).toHaveLength(1)
  })

  it.each([{}, STREAMING, MESSAGES, { ...MESSAGES, ...STREAMING }])(
    'calls a custom model by model_arn, with %j',
    async (headers: Headers) => {
      const arn = 'arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-lite-v1'
      const inputs = headers['messages_api'] === undefined ? QUESTION : messages(QUESTION)
      const item = await notebook(TITAN, { inputs }, headers, `&model_arn=${encodeURIComponent(arn)}`)
      expect(item['generated_text']).toMatch(/./)
      expect((await harness.ledger()).at(-1)).toMatchObject({ model_id: arn })
    },
  )
})

describe("LangChain's client", () => {
  it.each([
    ['at once', false, false],
    ['streamed', true, false],
    ['as a chat', false, true],
    ['as a chat, streamed', true, true],
  ])('is answered %s', async (_, streaming, chat) => {
    const item = await langchain(TITAN, chat ? messages(QUESTION) : QUESTION, { streaming, chat })
    expect(item['generated_text']).toMatch(/./)
  })

  it('embeds documents one by one', async () => {
    for (const inputs of ['one', 'two'])
      expect(
        (await notebook('amazon.titan-embed-text-v1', { inputs }, { type: 'embeddings' }))['embedding'],
      ).toHaveLength(1_536)
  })

  it('is told of a failure in generated_text, with a status that is not 200', async () => {
    const url = `${harness.url}/invoke_model?model_id=${TITAN}`
    const { status, item } = await post(url, { 'x-api-key': key, team_id: 'tenant1' }, { inputs: '' })
    expect(status).toBe(400)
    expect(item['generated_text']).toMatch(/^[A-Z]/)
  })
})

describe('what the samples charged wrongly, through the gateway', () => {
  const lastCost = async () => (await harness.ledger()).at(-1)?.cost_usd

  it('an image embedded is one image, however large, not 350 times its price', async () => {
    const inputs = Buffer.concat([Buffer.from(PNG, 'base64'), Buffer.alloc(1_048_568)]).toString('base64')
    expect(inputs).toHaveLength(1_398_104)
    await notebook('amazon.titan-embed-image-v1', { inputs }, { type: 'embeddings-image' })
    expect(await lastCost()).toBe('0.00006')
  })

  it('SDXL by its real id has a price: large, of 60 steps', async () => {
    await notebook(
      'stability.stable-diffusion-xl-v1',
      { text_prompts: [{ text: 'A bridge' }], parameters: { steps: 60, width: 768 } },
      { type: 'image' },
    )
    expect(Number(await lastCost())).toBeGreaterThan(0)
  })

  it('every image is counted, at its size and quality', async () => {
    const paint = (imageGenerationConfig: object) =>
      notebook(
        'amazon.titan-image-generator-v1',
        { textToImageParams: { text: 'A bridge' }, parameters: { taskType: 'TEXT_IMAGE', imageGenerationConfig } },
        { type: 'image' },
      )
    await paint({ numberOfImages: 3, width: 512, height: 512 })
    expect(await lastCost()).toBe('0.024')
    await paint({ numberOfImages: 2, width: 1024, height: 1024, quality: 'premium' })
    expect(await lastCost()).toBe('0.024')
    await paint({ numberOfImages: 1, width: 1024, height: 1024 })
    expect(await lastCost()).toBe('0.01')
  })

  it('tokens of embeddings are those of the model, of Cohere too, and a vector is no output', async () => {
    for (const model of ['amazon.titan-embed-text-v1', 'cohere.embed-english-v3']) {
      await notebook(model, { inputs: QUESTION }, { type: 'embeddings' })
      const usage = (await harness.ledger()).at(-1)?.usage
      expect(usage?.['input_tokens']).toBeGreaterThan(0)
      expect(usage?.['output_tokens'] ?? 0).toBe(0)
    }
  })

  it('large prompts can be started, and are polled as any', async () => {
    const item = await notebook(CLAUDE, { inputs: messages('word '.repeat(60_000)) }, { ...MESSAGES, ...STREAMING })
    expect(item['generated_text']).toMatch(/./)
  })
})

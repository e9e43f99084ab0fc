// The dialect of the SaaS gateway samples, spoken by plain HTTP as its notebooks do: every kind of model, every refusal, the right team pays.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHarness, type Harness } from './harness.ts'
import { AUDIENCE, startTestIssuer, type TestIssuer } from './openid-issuer.ts'

let harness: Harness
let issuer: TestIssuer
let key: string
let usageFolder: string

beforeAll(async () => {
  issuer = await startTestIssuer()
  usageFolder = mkdtempSync(join(tmpdir(), 'weighbridge-usage-'))
  harness = await startHarness({
    settings: {
      WEIGHBRIDGE_METERING_LOG: usageFolder,
      WEIGHBRIDGE_OIDC_ISSUERS: JSON.stringify({
        pool: {
          issuer: issuer.url,
          audience: AUDIENCE,
          tenant_claim: 'cognito:username',
          groups_claim: 'cognito:groups',
          roles: { users: 'member', operators: 'admin' },
        },
      }),
    },
  })
  for (const id of ['hr', 'finance', 'legal', 'ann']) await harness.tenant(id)
  await harness.tenant('few', { limits: [{ kind: 'requests', per: 'minute', amount: 0, mode: 'hard' }] })
  await harness.tenant('daily', { limits: [{ kind: 'requests', per: 'month', amount: 1, mode: 'hard' }] })
  await harness.tenant('poor', { limits: [{ kind: 'cost', per: 'month', amount: '0', mode: 'hard' }] })
  await harness.tenant('narrow', { allowed_models: ['amazon.titan-text-*'] })
  await harness.admin('POST', 'tenants', { id: 'unit', name: 'unit', allowed_models: ['*'] })
  const may_act_for = ['hr', 'finance', 'few', 'daily', 'poor', 'narrow']
  key = String((await harness.admin('POST', 'tenants/unit/keys', { name: 'shared', may_act_for }))['secret'])
  await ask(of('amazon.nova-lite-v1:0'), { headers: { team_id: 'daily' }, body: { inputs: 'Hi' } })
})

afterAll(async () => {
  await harness.close()
  await issuer.close()
  rmSync(usageFolder, { recursive: true })
})

type Asked = { path?: string; method?: string; headers?: Record<string, string>; body?: unknown }

async function ask(query: string, { path = '/prod/invoke_model', method = 'POST', headers, body }: Asked = {}) {
  const response = await fetch(`${harness.url}${path}${query}`, {
    method,
    headers: { 'x-api-key': key, team_id: 'hr', 'content-type': 'application/json', ...headers },
    ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body ?? {}) }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

const of = (model: string) => `?model_id=${encodeURIComponent(model)}`
const TEXT = [{ generated_text: expect.stringMatching(/./) as string }]
const VECTOR = [{ embedding: expect.arrayContaining([expect.any(Number)]) as number[] }]
const IMAGE = Buffer.from('89504e470d0a1a0a', 'hex').toString('base64')
const MESSAGE = [{ role: 'user', content: [{ text: 'What is Amazon Bedrock?' }] }]
const TYPE = (type: string) => ({ type })

describe('each kind of model', () => {
  it.each<[string, string, Asked, unknown]>([
    [
      'a Titan prompt',
      'amazon.titan-text-express-v1',
      { body: { inputs: 'Hi', parameters: { maxTokenCount: 50, temperature: 0.5 } } },
      TEXT,
    ],
    [
      'a Claude prompt',
      'anthropic.claude-3-haiku-20240307-v1:0',
      { body: { inputs: 'Hi', parameters: { max_tokens_to_sample: 40, temperature: 0.2 } } },
      TEXT,
    ],
    [
      'a Llama prompt',
      'meta.llama3-8b-instruct-v1:0',
      { body: { inputs: 'Hi', parameters: { max_gen_len: 30 } } },
      TEXT,
    ],
    [
      'a Mistral prompt',
      'mistral.mistral-7b-instruct-v0:2',
      { body: { inputs: 'Hi', parameters: { max_tokens: 30 } } },
      TEXT,
    ],
    [
      'a prompt of a model without a format of prompts',
      'amazon.nova-lite-v1:0',
      { body: { inputs: 'Hi', parameters: { maxTokens: 30 } } },
      TEXT,
    ],
    [
      'messages',
      'anthropic.claude-3-haiku-20240307-v1:0',
      {
        headers: { messages_api: 'TRUE' },
        body: {
          inputs: MESSAGE,
          parameters: { maxTokens: 40, temperature: 0.2, system: 'Be brief.' },
          additional_model_fields: { top_k: 10 },
        },
      },
      TEXT,
    ],
    [
      'messages with an image',
      'anthropic.claude-3-haiku-20240307-v1:0',
      {
        headers: { messages_api: 'true' },
        body: {
          inputs: [
            {
              role: 'user',
              content: [{ text: 'What is it?' }, { image: { format: 'png', source: { bytes: IMAGE } } }],
            },
          ],
          parameters: { maxTokens: 40 },
        },
      },
      TEXT,
    ],
    [
      'an embedding',
      'amazon.titan-embed-text-v2:0',
      { headers: TYPE('embeddings'), body: { inputs: 'Hi', parameters: { dimensions: 256, normalize: true } } },
      VECTOR,
    ],
    [
      'an embedding the old way',
      'amazon.titan-embed-text-v1',
      { headers: { embeddings: 'true' }, body: { inputs: 'Hi' } },
      VECTOR,
    ],
    [
      'an embedding of Cohere',
      'cohere.embed-english-v3',
      { headers: TYPE('Embeddings'), body: { inputs: ['Hi', 'Ho'] } },
      VECTOR,
    ],
    [
      'an embedding of an image',
      'amazon.titan-embed-image-v1',
      { headers: TYPE('embeddings-image'), body: { inputs: IMAGE } },
      VECTOR,
    ],
    [
      'a Titan image',
      'amazon.titan-image-generator-v1',
      {
        headers: TYPE('image'),
        body: {
          textToImageParams: { text: 'A red bridge' },
          parameters: {
            taskType: 'TEXT_IMAGE',
            imageGenerationConfig: { width: 512, height: 512, quality: 'premium', numberOfImages: 2 },
          },
        },
      },
      [{ images: [expect.any(String), expect.any(String)] }],
    ],
    [
      'an image of Stable Diffusion XL',
      'stability.stable-diffusion-xl-v1',
      {
        headers: TYPE('image'),
        body: { text_prompts: [{ text: 'A bridge', weight: 1 }], parameters: { width: 768, height: 512, steps: 60 } },
      },
      [{ artifacts: [expect.any(Object)] }],
    ],
  ])('answers %s with a list of one, and is metered', async (_, model, asked, expected) => {
    const before = (await harness.ledger()).length
    const answer = await ask(of(model), asked)
    expect(answer).toMatchObject({ status: 200, body: expected })
    const entries = (await harness.ledger()).slice(before)
    expect(entries).toMatchObject([
      { tenant_id: 'hr', model_id: model, surface: 'facade', ending: 'completed', estimated: false },
    ])
    expect(entries[0]?.request_id).toBe(answer.headers.get('x-weighbridge-request-id'))
  })

  it('costs what it is worth: two premium Titan images, one large SDXL image, one image embedded', async () => {
    const costs = new Map((await harness.ledger()).map((entry) => [entry.model_id, entry.cost_usd]))
    expect(costs.get('amazon.titan-image-generator-v1')).toBe('0.02')
    expect(costs.get('stability.stable-diffusion-xl-v1')).toBe('0.08')
    expect(costs.get('amazon.titan-embed-image-v1')).toBe('0.00006')
  })

  it('is found under any stage and none', async () => {
    for (const path of ['/invoke_model', '/demo_prod/invoke_model'])
      expect((await ask(of('amazon.nova-lite-v1:0'), { path, body: { inputs: 'Hi' } })).status).toBe(200)
  })

  it('is called through a profile, and the format is that of its model', async () => {
    const answer = await ask(of('us.anthropic.claude-3-haiku-20240307-v1:0'), { body: { inputs: 'Hi' } })
    expect(answer).toMatchObject({ status: 200, body: TEXT })
  })

  it('is the one of model_arn, with the format of model_id', async () => {
    const arn = 'arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-lite-v1'
    const answer = await ask(`${of('amazon.titan-text-express-v1')}&model_arn=${encodeURIComponent(arn)}`, {
      body: { inputs: 'Hi' },
    })
    expect(answer.status).toBe(200)
    // what is called is what is charged, whatever model_id says
    expect((await harness.ledger()).at(-1)).toMatchObject({ model_id: arn, base_model: 'amazon.titan-text-lite-v1' })
  })
})

describe('the list of models', () => {
  it('is a list of one, filtered to what the team may call', async () => {
    const all = await ask('?team_id=hr', { path: '/prod/list_foundation_models', method: 'GET' })
    expect(all).toMatchObject({ status: 200, body: [{ ResponseMetadata: { HTTPStatusCode: 200 } }] })
    const few = await ask('', { path: '/list_foundation_models', method: 'GET', headers: { team_id: 'narrow' } })
    const ids = (answer: { body: unknown }) =>
      (answer.body as { modelSummaries: { modelId: string }[] }[])[0]?.modelSummaries.map(({ modelId }) => modelId) ??
      []
    expect(ids(all).length).toBeGreaterThan(50)
    expect(ids(few).length).toBeGreaterThan(0)
    expect(ids(few).filter((id) => !id.startsWith('amazon.titan-text-'))).toEqual([])
  })
})

describe('whose call it is', () => {
  it('is the team that the key may act for, and no other', async () => {
    const asked = { body: { inputs: 'Hi' } }
    expect((await ask(of('amazon.nova-lite-v1:0'), { ...asked, headers: { team_id: 'finance' } })).status).toBe(200)
    expect((await harness.ledger()).at(-1)).toMatchObject({ tenant_id: 'finance' })
    const forged = await ask(of('amazon.nova-lite-v1:0'), { ...asked, headers: { team_id: 'legal' } })
    expect(forged).toMatchObject({
      status: 403,
      body: [{ generated_text: expect.stringContaining('may not act for the tenant "legal"') as string }],
    })
  })

  it('is who the token in Auth says, with Bearer and without', async () => {
    const token = await issuer.sign({ 'cognito:username': 'ann', 'cognito:groups': ['users'] })
    for (const auth of [token, `Bearer ${token}`]) {
      const response = await fetch(`${harness.url}/invoke_model${of('amazon.titan-text-express-v1')}`, {
        method: 'POST',
        headers: { auth },
        body: JSON.stringify({ inputs: 'Hi' }),
      })
      expect([response.status, await response.json()]).toEqual([200, TEXT])
      expect((await harness.ledger()).at(-1)).toMatchObject({ tenant_id: 'ann' })
    }
  })

  it('is nobody whose token stands in Auth on another path', async () => {
    const auth = await issuer.sign({ 'cognito:username': 'ann', 'cognito:groups': ['users'] })
    const response = await fetch(`${harness.url}/model/amazon.nova-lite-v1:0/converse`, {
      method: 'POST',
      headers: { auth },
      body: '{}',
    })
    expect(response.status).toBe(403)
  })
})

describe('a refusal', () => {
  const HI = { inputs: 'Hi' }
  const NOVA = of('amazon.nova-lite-v1:0')
  const says = (words: string) => [{ generated_text: expect.stringContaining(words) as string }]

  it.each<[string, string, Asked, number, unknown]>([
    ['no key', NOVA, { headers: { 'x-api-key': '' }, body: HI }, 403, { message: 'Forbidden' }],
    ['a wrong key', NOVA, { headers: { 'x-api-key': 'wb_aaaaaaaaaaaa_00' }, body: HI }, 403, { message: 'Forbidden' }],
    ['a rate that is used up', NOVA, { headers: { team_id: 'few' }, body: HI }, 429, { message: 'Too Many Requests' }],
    ['a quota that is used up', NOVA, { headers: { team_id: 'daily' }, body: HI }, 429, { message: 'Limit Exceeded' }],
    ['a budget that is used up', NOVA, { headers: { team_id: 'poor' }, body: HI }, 429, { message: 'Limit Exceeded' }],
    [
      'a model that the team may not call',
      NOVA,
      { headers: { team_id: 'narrow' }, body: HI },
      403,
      says('may not call'),
    ],
    ['a model that there is not', of('nobody.model-1'), { body: HI }, 400, undefined],
    ['an endpoint of SageMaker', of('Mixtral 8x7B'), { body: HI }, 404, says('not one that Bedrock has')],
    ['no model', '', { body: HI }, 400, { message: 'Missing required request parameters: [model_id]' }],
    ['two models', `${NOVA}&model_id=x`, { body: HI }, 400, says('more than once')],
    ['no JSON', NOVA, { body: '{"inputs":' }, 400, says('not valid JSON')],
    ['a member twice', NOVA, { body: '{"inputs":"a","inputs":"b"}' }, 400, says('names a member twice')],
    [
      'a deep body',
      NOVA,
      { body: `{"inputs":${'['.repeat(5_000)}${']'.repeat(5_000)}}` },
      400,
      says('nested too deep'),
    ],
    ['a list', NOVA, { body: [] }, 400, says('must be a JSON object')],
    ['no inputs', NOVA, { body: {} }, 400, says('no "inputs"')],
    ['inputs that are an object', NOVA, { body: { inputs: {} } }, 400, says('must be a text')],
    ['messages that are text', NOVA, { headers: { messages_api: 'true' }, body: HI }, 400, says('list of messages')],
    [
      'parameters that are a list',
      NOVA,
      { body: { inputs: 'x', parameters: [] } },
      400,
      says('"parameters" must be an object'),
    ],
    [
      'an image without a prompt',
      of('amazon.titan-image-generator-v1'),
      { headers: TYPE('image'), body: {} },
      400,
      says('neither "text_prompts"'),
    ],
    [
      'what Bedrock refuses',
      of('amazon.titan-text-express-v1'),
      { body: { inputs: 'x', parameters: { temperature: 'hot' } } },
      400,
      undefined,
    ],
  ])('of %s has its status and one sentence', async (_, query, asked, status, expected) => {
    const answer = await ask(query, asked)
    expect(answer.status, JSON.stringify(answer.body)).toBe(status)
    if (expected === undefined)
      expect(answer.body).toEqual([{ generated_text: expect.stringMatching(/^[A-Z].*/) as string }])
    else expect(answer.body).toMatchObject(expected as object)
    expect(JSON.stringify(answer.body)).not.toMatch(/Error:|at .*\.ts:\d/)
  })

  it('of a call without a team says which parameter is missing', async () => {
    const response = await fetch(`${harness.url}/prod/invoke_model${NOVA}`, {
      method: 'POST',
      headers: { 'x-api-key': key },
      body: JSON.stringify(HI),
    })
    expect([response.status, await response.json()]).toEqual([
      400,
      { message: 'Missing required request parameters: [team_id]' },
    ])
  })
})

describe('what belongs to operators', () => {
  const post = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(`${harness.url}${path}`, { method: 'POST', headers })
    return [response.status, (await response.json()) as Record<string, unknown>] as const
  }
  const signed = (groups: string[]) => issuer.sign({ 'cognito:username': 'ann', 'cognito:groups': groups })

  it('adds up today and is read item by item, exact, all as texts', async () => {
    const auth = await signed(['operators'])
    expect(await post('/prod/cost_track_manual', { auth })).toEqual([200, { body: 'Calculation Finished!' }])
    const [status, { body }] = await post('/ddb_cost_retrieval', { authorization: `Bearer ${harness.adminToken}` })
    expect(status).toBe(200)
    const date = new Date().toISOString().slice(0, 10)
    expect(body).toContainEqual({
      pk: `hr-stability.stable-diffusion-xl-v1-${date}`,
      name: 'hr',
      model_id: 'stability.stable-diffusion-xl-v1',
      input_tokens: '0',
      output_tokens: '0',
      input_cost: '0',
      output_cost: '0.08',
      invocations: '1',
      date,
    })
  })

  it.each<[string, () => Promise<Record<string, string>>]>([
    ['nobody', async () => ({})],
    ['a key', async () => ({ 'x-api-key': key })],
    ['a key as a bearer', async () => ({ authorization: `Bearer ${key}` })],
    ['a signed-in user', async () => ({ auth: await signed(['users']) })],
    [
      'a user who claims a mail address',
      async () => ({ auth: await issuer.sign({ 'cognito:username': 'ann', email: 'admin@amazon.com' }) }),
    ],
  ])('is not for %s', async (_, headers) => {
    for (const path of ['/cost_track_manual', '/prod/ddb_cost_retrieval'])
      expect(await post(path, await headers())).toEqual([403, { message: 'Forbidden' }])
  })
})

describe('the metering log', () => {
  it('has a record of every call of the ledger that was not refused', async () => {
    const billed = (await harness.ledger()).filter(({ ending }) => ending !== 'upstream_refused')
    const records = () =>
      readdirSync(usageFolder)
        .flatMap((name) => readFileSync(join(usageFolder, name), 'utf8').trim().split('\n'))
        .map((line) => (JSON.parse(line) as { message: { requestId: string; team_id: string } }).message)
        .map(({ requestId, team_id: team }) => `${requestId} ${team}`)
    await expect
      .poll(() => records().toSorted(), { timeout: 10_000 })
      .toEqual(billed.map((entry) => `${entry.request_id} ${entry.tenant_id}`).toSorted())
  })
})

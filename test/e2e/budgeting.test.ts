// How the budgets of a plan hold: answers capped to what is left, models without a price by the plan's own assumption, wallets denied.

import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime'
import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CASES } from '../../simulator/families/cases-for-tests.ts'
import { FAMILIES } from '../../simulator/families/index.ts'
import type { TestTenant } from './admin-client.ts'
import { parseScenario } from '../../simulator/scenario.ts'
import { startHarness, type Harness } from './harness.ts'
import { rawCall, type Seen } from './raw-call.ts'
import { claudeBody, converseBody, HAIKU, pathOf, type CallKind } from './requests.ts'
import { dollarsOf, picoOf } from './truth.ts'

const CAPPED = 'x-weighbridge-output-capped'

let harness: Harness
let pool: Pool
let made = 0

beforeAll(async () => {
  harness = await startHarness({ settings: { WEIGHBRIDGE_METADATA_KEYS: 'call' } })
  pool = new Pool(harness.url, { connections: 50, pipelining: 1 })
})

afterAll(async () => {
  await pool.destroy()
  await harness.close()
})

/** A tenant with a plan of its own. */
async function tenantWith(budgeting: object, limits: readonly object[], plan: object = {}): Promise<TestTenant> {
  const id = `team-${made++}`
  await harness.admin('PUT', `plans/${id}`, { allowed_models: ['*'], limits, budgeting, ...plan })
  return harness.tenant(id, { plan_id: id })
}

const budget = (usd: string): object => ({ kind: 'cost', per: 'month', amount: usd })
const call = (tenant: TestTenant, modelId: string, kind: CallKind, body: object | Buffer): Promise<Seen> =>
  rawCall(pool, {
    path: pathOf(modelId, kind),
    body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
    key: tenant.secret,
  })
const decimalOf = (pico: bigint): string => `${pico / 10n ** 12n}.${String(pico % 10n ** 12n).padStart(12, '0')}`
const entriesOf = async (tenant: TestTenant) => (await harness.ledger()).filter((line) => line.tenant_id === tenant.id)
const usedOf = async (tenant: TestTenant): Promise<bigint> => {
  const { limits } = await harness.admin('GET', `limits/${tenant.id}`)
  return picoOf(String((limits as { used: string }[])[0]?.used))
}
const billedTo = (modelId: string, capped: number) =>
  harness.simulator.bill().filter((line) => line.model_id === modelId && (line.usage.output_tokens ?? 0) <= capped)

describe('a plan that caps answers', () => {
  const capping = { cap_output: true }

  it.each<CallKind>(['converse', 'stream', 'invoke', 'invoke_stream'])(
    'gives the call of %s the longest answer that its budget allows, and says so',
    async (kind) => {
      // the default cap of 1,000 tokens would cost $0.0055 beside the prompt
      const tenant = await tenantWith(capping, [budget('0.004')])
      const text = 'Answer in 3000 words.'
      const body = kind.startsWith('invoke') ? claudeBody(text) : converseBody('capped', text)
      const seen = await call(tenant, HAIKU, kind, body)
      expect(seen.status).toBe(200)
      const cap = Number(seen.headers[CAPPED])
      expect(cap).toBeGreaterThan(100)
      expect(cap).toBeLessThan(1_000)
      const [entry] = await entriesOf(tenant)
      expect(entry).toMatchObject({ ending: 'completed', usage: { output_tokens: cap } })
      expect(picoOf(entry?.cost_usd ?? '')).toBeLessThanOrEqual(picoOf('0.004'))
    },
  )

  it('spends a budget to its end, and never beyond it, however many calls there are at once', async () => {
    const tenant = await tenantWith({ ...capping, min_output_tokens: 50 }, [budget('0.02')])
    const before = harness.simulator.bill().length
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        call(tenant, HAIKU, index % 2 === 0 ? 'converse' : 'stream', converseBody('x', 'Answer in 3000 words.')),
      ),
    )
    const passed = all.filter((seen) => seen.status === 200)
    expect(passed.some((seen) => CAPPED in seen.headers)).toBe(true)
    expect(new Set(all.map((seen) => seen.status))).toEqual(new Set([200, 400]))
    const spent = harness.simulator
      .bill()
      .slice(before)
      .reduce((sum, billed) => sum + dollarsOf(billed), 0n)
    expect(spent).toBeLessThanOrEqual(picoOf('0.02'))
    expect(await usedOf(tenant)).toBe(spent)
  })

  it('refuses where no answer worth asking for fits, and where the plan does not cap', async () => {
    const short = await tenantWith({ ...capping, min_output_tokens: 900 }, [budget('0.004')])
    const without = await tenantWith({}, [budget('0.004')])
    for (const tenant of [short, without]) {
      const seen = await call(tenant, HAIKU, 'converse', converseBody('x', 'Answer in 30 words.'))
      expect([seen.status, seen.headers['x-amzn-errortype']]).toEqual([400, 'ServiceQuotaExceededException'])
    }
  })

  it('caps by tokens as well as by money, and by the narrower of the two', async () => {
    const narrow = { kind: 'tokens', per: 'day', amount: 1_500 }
    const tenant = await tenantWith(capping, [budget('0.004'), narrow])
    const seen = await call(tenant, HAIKU, 'converse', converseBody('x', 'Answer in 3000 words.'))
    expect(seen.status).toBe(200)
    const length = converseBody('x', 'Answer in 3000 words.').length
    expect(Number(seen.headers[CAPPED])).toBe(1_500 - 1_000 - length)
  })

  it.each<[string, string, object]>([
    ['OpenAI', '/openai/v1/chat/completions', { max_completion_tokens: 2_000 }],
    ['OpenAI', '/openai/v1/chat/completions', {}],
    ['Anthropic', '/anthropic/v1/messages', { max_tokens: 2_000 }],
  ])('caps calls in the dialect of %s (%s, %j) as well', async (_name, path, more) => {
    const tenant = await tenantWith(capping, [budget('0.004')])
    const messages = [{ role: 'user', content: 'Answer in 3000 words.' }]
    const body = Buffer.from(JSON.stringify({ model: HAIKU, messages, ...more }))
    const headers = { 'x-api-key': tenant.secret, 'anthropic-version': '2023-06-01' }
    const seen = await rawCall(pool, { path, body, key: tenant.secret, headers })
    expect([seen.status, seen.body.toString().slice(0, 300)]).toEqual([200, expect.any(String)])
    const cap = Number(seen.headers[CAPPED])
    expect(cap).toBeGreaterThan(100)
    expect(await entriesOf(tenant)).toMatchObject([{ usage: { output_tokens: cap } }])
    expect(seen.body.toString()).toMatch(/"finish_reason":"length"|"stop_reason":"max_tokens"/)
  })

  it('leaves a call that fits as it is', async () => {
    const tenant = await tenantWith(capping, [budget('1')])
    const seen = await call(tenant, HAIKU, 'converse', converseBody('x', 'Answer in 30 words.'))
    expect([seen.status, seen.headers[CAPPED]]).toEqual([200, undefined])
  })

  it('does not cap below what a model is to think', async () => {
    const tenant = await tenantWith(capping, [budget('0.012')])
    const thinking = { type: 'enabled', budget_tokens: 2_000 }
    const body = { ...(JSON.parse(claudeBody('Answer.').toString()) as object), max_tokens: 4_000, thinking }
    const seen = await call(tenant, HAIKU, 'invoke', body)
    expect(seen.headers['x-amzn-errortype']).toBe('ServiceQuotaExceededException')
  })

  it.each([
    ['amazon.nova-lite-v1:0', 'nova', { inferenceConfig: { maxTokens: 5_000 } }],
    ['amazon.nova-lite-v1:0', 'nova', {}],
    ['meta.llama3-3-70b-instruct-v1:0', 'llama', { max_gen_len: 5_000 }],
    ['meta.llama3-3-70b-instruct-v1:0', 'llama', {}],
    ['mistral.mistral-large-2402-v1:0', 'mistral-text', { max_tokens: 5_000 }],
    ['mistral.mistral-large-2407-v1:0', 'mistral-chat-old', {}],
    ['us.deepseek.r1-v1:0', 'deepseek-r1', {}],
    ['cohere.command-r-plus-v1:0', 'cohere-command', { max_tokens: 3_000 }],
    ['ai21.jamba-1-5-large-v1:0', 'ai21-jamba', { max_tokens: 3_000, n: 2 }],
    ['openai.gpt-oss-120b-1:0', 'openai-shaped', { max_completion_tokens: 9_000, max_tokens: 9_000 }],
    ['qwen.qwen3-32b-v1:0', 'openai-shaped', {}],
    ['amazon.titan-text-express-v1', 'titan-text', { textGenerationConfig: { maxTokenCount: 5_000, temperature: 0 } }],
    ['us.twelvelabs.pegasus-1-2-v1:0', 'twelvelabs-pegasus', {}],
  ])('writes the cap where %s reads it (%s, %j)', async (modelId, family, more) => {
    const good = CASES[family]?.good
    const card = FAMILIES.find(({ name }) => name === family)?.models[0]
    if (good === undefined || typeof good === 'function' || card === undefined) throw new Error(`no case for ${family}`)
    const body = { ...good, ...more }
    const probe = await tenantWith(capping, [budget('0')])
    const refused = await call(probe, modelId, 'invoke', body)
    const [, most = ''] = /could cost up to \$(\d+\.\d+)/.exec(refused.body.toString()) ?? []
    // a little less than the worst case: the prompt fits, the whole answer does not
    const tenant = await tenantWith(capping, [budget(decimalOf((picoOf(most) * 99n) / 100n))])
    for (const kind of ['invoke', 'invoke_stream'] as const) {
      const seen = await call(tenant, modelId, kind, body)
      if (kind === 'invoke_stream' && seen.status === 400) continue
      expect([seen.status, seen.body.toString().slice(0, 200)]).toEqual([200, expect.any(String)])
      const cap = Number(seen.headers[CAPPED])
      expect(cap).toBeGreaterThan(0)
      expect(billedTo(modelId, cap * 2).length).toBeGreaterThan(0)
    }
  })

  it('reaches the AWS SDK as an ordinary answer that ended at its cap', async () => {
    const { accessKeyId, secretAccessKey } = await tenantWith(capping, [budget('0.004')])
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      endpoint: harness.url,
      credentials: { accessKeyId, secretAccessKey },
    })
    const messages = [{ role: 'user' as const, content: [{ text: 'Answer in 3000 words.' }] }]
    const answer = await client.send(
      new ConverseCommand({ modelId: HAIKU, messages, inferenceConfig: { maxTokens: 2_000 } }),
    )
    expect(answer.stopReason).toBe('max_tokens')
    client.destroy()
  })
})

describe('a model without a price under a hard budget', () => {
  const MYTHOS = 'us.anthropic.claude-mythos-5-1'
  const fallback = { fallback_price: { input: '10', output: '50' } }
  const body = converseBody('x', 'Answer in 100 words.')

  it('is refused, unless the plan has a fallback price; then it is held and counted by it, and its entry stays unpriced', async () => {
    const refusing = await tenantWith({}, [budget('1')])
    expect((await call(refusing, MYTHOS, 'converse', body)).status).toBe(400)
    const tenant = await tenantWith(fallback, [budget('1')])
    expect((await call(tenant, MYTHOS, 'converse', body)).status).toBe(200)
    const [entry] = await entriesOf(tenant)
    expect(entry?.cost_usd).toBeNull()
    const { input_tokens: input = 0, output_tokens: output = 0 } = entry?.usage ?? {}
    expect(await usedOf(tenant)).toBe(BigInt(input ?? 0) * 10_000_000n + BigInt(output ?? 0) * 50_000_000n)
  })

  it('does not overspend what it assumes, and is capped like any other', async () => {
    const tenant = await tenantWith({ ...fallback, cap_output: true }, [budget('0.04')])
    const first = await call(tenant, MYTHOS, 'stream', converseBody('x', 'Answer in 900 words.'))
    expect(first.status).toBe(200)
    expect(Number(first.headers[CAPPED])).toBeGreaterThan(0)
    for (let index = 0; index < 20; index += 1) await call(tenant, MYTHOS, 'converse', body)
    expect(await usedOf(tenant)).toBeLessThanOrEqual(picoOf('0.04'))
  })

  it('passes with a fallback price also where unpriced calls are refused; what is not billed by tokens does not', async () => {
    const tenant = await tenantWith(fallback, [budget('1')], { unpriced: 'refuse' })
    expect((await call(tenant, MYTHOS, 'converse', body)).status).toBe(200)
    const embedded = await call(tenant, 'twelvelabs.marengo-embed-3-0-v1:0', 'invoke', {
      inputType: 'text',
      text: { inputText: 'a sea' },
    })
    expect(embedded.body.toString()).toContain('has no price here')
  })
})

describe('a plan that cuts streams', () => {
  const cutting = { cut_stream: true }
  const asking = converseBody('x', 'Answer.')
  beforeAll(() =>
    harness.simulator.setScenario(
      parseScenario({ rules: [{ match: { operation: 'ConverseStream' }, faults: ['overrun:n=4000'] }] }),
    ),
  )
  afterAll(() => harness.simulator.setScenario(parseScenario({})))

  it('ends an answer that outgrows its cap, in the words of the dialect, and writes down what passed', async () => {
    const tenant = await tenantWith(cutting, [budget('1')])
    const seen = await call(tenant, HAIKU, 'stream', asking)
    expect(seen.status).toBe(200)
    const last = seen.messages.at(-1)
    expect(last?.exception).toBe('validationException')
    const deltas = seen.messages.filter((message) => message.type === 'contentBlockDelta')
    expect(deltas.length).toBeLessThanOrEqual(1_000)
    expect(deltas.length).toBeGreaterThan(0)
    const [entry] = await entriesOf(tenant)
    expect(entry).toMatchObject({ ending: 'budget_cut', estimated: true })
    expect(entry?.cost_usd).not.toBeNull()
  })

  it('ends a stream of events in their own words', async () => {
    const tenant = await tenantWith(cutting, [budget('1')])
    const messages = [{ role: 'user', content: 'Answer.' }]
    const body = Buffer.from(JSON.stringify({ model: HAIKU, messages, max_completion_tokens: 500, stream: true }))
    const seen = await rawCall(pool, { path: '/openai/v1/chat/completions', body, key: tenant.secret })
    expect(seen.status).toBe(200)
    expect(seen.body.toString()).toContain('The answer grew beyond what its budget held for it')
    expect(seen.body.toString()).not.toContain('[DONE]')
    expect(await entriesOf(tenant)).toMatchObject([{ ending: 'budget_cut', estimated: true }])
  })

  it('lets it go on where the plan does not say so', async () => {
    const tenant = await tenantWith({}, [budget('1')])
    await call(tenant, HAIKU, 'stream', asking)
    const [entry] = await entriesOf(tenant)
    expect(entry).toMatchObject({ ending: 'completed', usage: { output_tokens: 4_000 } })
  })

  it('does not touch an answer that keeps to its cap to the last token', async () => {
    const tenant = await tenantWith(cutting, [budget('1')])
    const seen = await call(tenant, HAIKU, 'invoke_stream', claudeBody('Answer in 1000 words.'))
    expect(seen.whole).toBe(true)
    const [entry] = await entriesOf(tenant)
    expect(entry).toMatchObject({ ending: 'completed', usage: { output_tokens: 1_000 } })
  })
})

describe('a plan that estimates what its calls read', () => {
  const body = converseBody('x', 'Answer in 20 words.', { system: [{ text: 'word '.repeat(2_000) }] })
  const heldFor = async (tenant: TestTenant): Promise<bigint> => {
    await harness.admin('PATCH', `tenants/${tenant.id}`, { limits: [budget('0')] })
    const refused = await call(tenant, HAIKU, 'converse', body)
    await harness.admin('PATCH', `tenants/${tenant.id}`, { limits: [] })
    return picoOf(/could cost up to \$(\d+\.\d+)/.exec(refused.body.toString())?.[1] ?? '')
  }

  it('holds the strict bound first, and what such calls have used once enough of them ended', async () => {
    const tenant = await tenantWith({ input_bound: 'estimate' }, [])
    const strict = await heldFor(tenant)
    for (let count = 0; count < 25; count += 1) await call(tenant, HAIKU, 'converse', body)
    const learned = await heldFor(tenant)
    expect(learned).toBeLessThan((strict * 6n) / 10n)
    const [entry] = await entriesOf(tenant)
    expect(learned).toBeGreaterThan(picoOf(entry?.cost_usd ?? ''))
    // nobody else's calls are assumed to be like these, and a strict plan learns nothing
    const other = await tenantWith({ input_bound: 'estimate' }, [])
    expect(await heldFor(other)).toBe(strict)
  })

  it('is strict where the plan of an ancestor is', async () => {
    const parent = await tenantWith({}, [])
    const child = await tenantWith({ input_bound: 'estimate' }, [])
    await harness.admin('PATCH', `tenants/${child.id}`, { parent_id: parent.id })
    const strict = await heldFor(child)
    for (let count = 0; count < 25; count += 1) await call(child, HAIKU, 'converse', body)
    expect(await heldFor(child)).toBe(strict)
  })
})

describe('denial of wallet', () => {
  it.each<[string, string, object | Buffer]>([
    ['an answer of a billion tokens', HAIKU, { ...JSON.parse(claudeBody('a').toString()), max_tokens: 1_000_000_000 }],
    ['a prompt of 200,000 tokens', HAIKU, claudeBody('word '.repeat(160_000))],
    ['a hundred answers', 'openai.gpt-6.1-sol', { messages: [{ role: 'user', content: 'a' }], n: 100 }],
    [
      'five large premium images',
      'amazon.nova-canvas-v1:0',
      {
        taskType: 'TEXT_IMAGE',
        textToImageParams: { text: 'a' },
        imageGenerationConfig: { numberOfImages: 5, width: 2_048, height: 2_048, quality: 'premium' },
      },
    ],
    [
      'a cache of an hour',
      HAIKU,
      {
        ...JSON.parse(claudeBody('a').toString()),
        system: [{ type: 'text', text: 'word '.repeat(30_000), cache_control: { type: 'ephemeral', ttl: '1h' } }],
      },
    ],
    [
      'a cap under a name that the model does not read',
      'meta.llama3-1-405b-instruct-v1:0',
      { prompt: 'a', max_tokens: 1 },
    ],
  ])('%s is priced before the call, and refused', async (_name, modelId, body) => {
    const tenant = await tenantWith({}, [budget('0.015')])
    const before = harness.simulator.bill().length
    const profile = modelId.startsWith('openai.gpt-6') ? `global.${modelId}` : modelId
    const seen = await call(tenant, profile, 'invoke', body)
    expect([seen.status, seen.headers['x-amzn-errortype']]).toEqual([400, 'ServiceQuotaExceededException'])
    expect(harness.simulator.bill().length).toBe(before)
    expect(await entriesOf(tenant)).toEqual([])
  })
})

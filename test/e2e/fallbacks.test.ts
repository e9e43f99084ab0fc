// A plan's fall-back chains over real sockets: other regions and models before the first byte, one entry, only what was billed, within budgets.

import Anthropic from '@anthropic-ai/sdk'
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NO_SCENARIO, parseScenario } from '../../simulator/scenario.ts'
import type { LedgerLine, TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { counted } from './truth.ts'

const CLAUDE = 'us.anthropic.claude-sonnet-5-5'
const HAIKU = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
const NOVA = 'amazon.nova-lite-v1:0'
const PROMPT = 'Tell me of the sea in 30 words.'
const FALLBACK = 'x-weighbridge-fallback'

let harness: Harness
let tenant: TestTenant

const plan = (id: string, steps: readonly object[], over: object = {}) =>
  harness.admin('PUT', `plans/${id}`, {
    allowed_models: ['*'],
    fallbacks: [{ models: 'anthropic.claude-sonnet-*', steps }],
    ...over,
  })

beforeAll(async () => {
  harness = await startHarness({ settings: { WEIGHBRIDGE_UPSTREAM_RETRIES: '0' } })
  await plan('to-nova', [{ model_id: NOVA }])
  tenant = await harness.tenant('team-a', { plan_id: 'to-nova' })
})
afterEach(() => harness.simulator.setScenario(NO_SCENARIO))
afterAll(() => harness.close())

/** Calls of the model (in the region) get this fault. */
const failing = (model_id: string, fault: string, region?: string) =>
  harness.simulator.setScenario(
    parseScenario({
      rules: [{ match: { model_id, ...(region === undefined ? {} : { region }) }, faults: [fault] }],
    }),
  )

async function lastEntry(): Promise<LedgerLine> {
  const entry = (await harness.ledger()).at(-1)
  if (entry === undefined) throw new Error('the ledger is empty')
  return entry
}

async function billedEntry(): Promise<LedgerLine> {
  const entry = await lastEntry()
  const billed = harness.simulator.bill().find(({ request_id }) => request_id === entry.upstream_request_id)
  expect(entry).toMatchObject({ ending: 'completed', estimated: false })
  expect(counted(entry.usage)).toEqual(counted(billed?.usage ?? null))
  expect(billed?.model_id).toBe(entry.model_id)
  return entry
}

const converse = (by: TestTenant, model: string, headers: Record<string, string> = {}, operation = 'converse') =>
  fetch(`${harness.url}/model/${encodeURIComponent(model)}/${operation}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${by.secret}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      messages: [{ role: 'user', content: [{ text: PROMPT }] }],
      inferenceConfig: { maxTokens: 60 },
    }),
  })

describe('a model that is throttled or fails', () => {
  it.each([
    ['throttle', '429'],
    ['error:type=InternalServerException', '500'],
    ['error:type=ServiceUnavailableException', '503'],
    ['plain_error:status=502', '502'],
  ])('by %s is replaced by the next one, of which the entry is', async (fault, status) => {
    failing(CLAUDE, fault)
    const before = (await harness.ledger()).length
    const answer = await converse(tenant, CLAUDE)
    expect([answer.status, answer.headers.get(FALLBACK)]).toEqual([200, `${NOVA}; region=us-east-1`])
    await answer.text()
    expect(await billedEntry()).toMatchObject({
      model_id: NOVA,
      base_model: NOVA,
      attempts: 2,
      notes: [`tried ${CLAUDE} in us-east-1: ${status}`],
    })
    expect(await harness.ledger()).toHaveLength(before + 1)
  })

  it('is what answers when it does not', async () => {
    const answer = await converse(tenant, CLAUDE)
    expect([answer.status, answer.headers.get(FALLBACK)]).toEqual([200, null])
    await answer.text()
    expect(await billedEntry()).toMatchObject({ model_id: CLAUDE, attempts: 1, notes: [] })
  })

  it('is called in another region, with AWS’s own client', async () => {
    await plan('elsewhere', [{ region: 'us-west-2' }])
    const { accessKeyId, secretAccessKey } = await harness.tenant('elsewhere', { plan_id: 'elsewhere' })
    failing(CLAUDE, 'throttle', 'us-east-1')
    const client = new BedrockRuntimeClient({
      endpoint: harness.url,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    })
    const messages = [{ role: 'user' as const, content: [{ text: PROMPT }] }]
    const answer = await client.send(new ConverseCommand({ modelId: CLAUDE, messages }))
    client.destroy()
    expect(answer.output?.message?.content?.[0]?.text?.length).toBeGreaterThan(20)
    expect(await billedEntry()).toMatchObject({ model_id: CLAUDE, region: 'us-west-2', attempts: 2 })
  })

  it('is followed by all steps in order, and said as it was when none answers', async () => {
    await plan('long', [{ model_id: HAIKU }, { model_id: NOVA, region: 'us-west-2' }])
    const long = await harness.tenant('long', { plan_id: 'long' })
    failing('*claude*', 'throttle')
    const answer = await converse(long, CLAUDE)
    expect(answer.headers.get(FALLBACK)).toBe(`${NOVA}; region=us-west-2`)
    await answer.text()
    expect((await billedEntry()).notes).toHaveLength(2)
    failing('*', 'throttle')
    const refused = await converse(long, CLAUDE)
    expect([refused.status, refused.headers.get('x-amzn-errortype')]).toEqual([
      429,
      expect.stringMatching(/^Throttling/),
    ])
    await refused.text()
    expect(await lastEntry()).toMatchObject({ ending: 'upstream_refused', attempts: 3, cost_usd: '0' })
  })

  it('is not replaced once its answer has begun', async () => {
    failing(CLAUDE, 'reset:at=mid_event')
    const answer = await converse(tenant, CLAUDE, {}, 'converse-stream')
    await answer.arrayBuffer().catch(() => undefined)
    expect(await lastEntry()).toMatchObject({ model_id: CLAUDE, attempts: 1, ending: 'upstream_failed' })
  })
})

describe('other dialects', () => {
  const anthropic = () => new Anthropic({ baseURL: `${harness.url}/anthropic`, apiKey: tenant.secret, maxRetries: 0 })
  const body = { model: CLAUDE, max_tokens: 60, messages: [{ role: 'user' as const, content: PROMPT }] }

  it('are said to the next model in its own way', async () => {
    failing(CLAUDE, 'throttle')
    const { data, response } = await anthropic().messages.create(body).withResponse()
    expect(response.headers.get(FALLBACK)).toBe(`${NOVA}; region=us-east-1`)
    expect(data.content[0]).toMatchObject({ type: 'text' })
    expect(await billedEntry()).toMatchObject({ model_id: NOVA, operation: 'Converse', surface: 'anthropic' })
    const streamed = await anthropic().messages.stream(body).finalMessage()
    expect(streamed.content).toEqual(data.content)
    expect(await billedEntry()).toMatchObject({ model_id: NOVA, operation: 'ConverseStream' })
  })

  it('stream from where the chain has an answer', async () => {
    failing(CLAUDE, 'error:type=ServiceUnavailableException')
    const client = new OpenAI({ baseURL: `${harness.url}/openai/v1`, apiKey: tenant.secret, maxRetries: 0 })
    let text = ''
    const asked = { model: CLAUDE, messages: body.messages, stream: true as const }
    for await (const chunk of await client.chat.completions.create(asked)) text += chunk.choices[0]?.delta.content ?? ''
    expect(text.length).toBeGreaterThan(20)
    expect(await billedEntry()).toMatchObject({ model_id: NOVA, attempts: 2 })
  })

  it('are not sent to a model that does not take a native body', async () => {
    failing(CLAUDE, 'throttle')
    const answer = await fetch(`${harness.url}/model/${CLAUDE}/invoke`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.secret}` },
      body: JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 60, messages: body.messages }),
    })
    expect(answer.status).toBe(429)
    await answer.text()
    expect(await lastEntry()).toMatchObject({ model_id: CLAUDE, attempts: 1, cost_usd: '0' })
  })
})

describe('what the tenant may not do', () => {
  it.each([
    ['a model', [{ model_id: NOVA }], { allowed_models: ['anthropic.*'] }],
    ['a region', [{ region: 'us-west-2' }], { access: { regions: ['us-east-1'] } }],
    [
      'money',
      [{ model_id: NOVA }],
      { limits: [{ kind: 'cost', per: 'month', amount: '0', scope: { models: ['amazon.*'] } }] },
    ],
  ])('is not done by falling back: %s', async (what, steps, over) => {
    const id = `no-${what.replace(' ', '-')}`
    await plan(id, steps, over)
    const closed = await harness.tenant(id, { plan_id: id, allowed_models: undefined })
    failing(CLAUDE, 'throttle', 'us-east-1')
    const answer = await converse(closed, CLAUDE)
    expect(answer.status).toBe(429)
    await answer.text()
    expect(await lastEntry()).toMatchObject({ tenant_id: id, model_id: CLAUDE, attempts: 1, cost_usd: '0' })
  })

  it('a hard budget is not overspent, however many fall back at once', async () => {
    const limits = [
      { kind: 'cost', per: 'month', amount: '1' },
      { kind: 'cost', per: 'month', amount: '0.00012', scope: { models: ['amazon.*'] } },
    ]
    await plan('tight', [{ model_id: NOVA }], { limits })
    const tight = await harness.tenant('tight', { plan_id: 'tight' })
    failing(CLAUDE, 'throttle')
    const answers = await Promise.all(Array.from({ length: 12 }, () => converse(tight, CLAUDE)))
    await Promise.all(answers.map((answer) => answer.text()))
    const entries = (await harness.ledger()).filter(({ tenant_id }) => tenant_id === 'tight')
    expect(entries).toHaveLength(12)
    const spent = entries.reduce((sum, { cost_usd }) => sum + Number(cost_usd), 0)
    expect(spent).toBeGreaterThan(0)
    expect(spent).toBeLessThanOrEqual(0.00012)
    expect(answers.map(({ status }) => status)).toContain(429)
  })
})

describe('a session', () => {
  it('stays with the model that answered it, while its prompt cache lives', async () => {
    const headers = { 'x-claude-code-session-id': 'session-1' }
    const modelOf = async (said: Record<string, string>) => {
      const answer = await converse(tenant, CLAUDE, said)
      await answer.text()
      const { model_id, attempts } = await billedEntry()
      return [answer.headers.get(FALLBACK) === null, model_id, attempts]
    }
    failing(CLAUDE, 'throttle')
    expect(await modelOf(headers)).toEqual([false, NOVA, 2])
    harness.simulator.setScenario(NO_SCENARIO)
    expect(await modelOf(headers)).toEqual([false, NOVA, 1])
    expect(await modelOf({ 'x-claude-code-session-id': 'session-2' })).toEqual([true, CLAUDE, 1])
    failing(NOVA, 'throttle')
    expect(await modelOf(headers)).toEqual([true, CLAUDE, 2])
    harness.simulator.setScenario(NO_SCENARIO)
    expect(await modelOf(headers)).toEqual([true, CLAUDE, 1])
  })
})

it('what the counters say is what the ledger says, whatever was tried', async () => {
  expect(await harness.admin('POST', 'counters/verify', {})).toMatchObject({ differing: 0 })
})

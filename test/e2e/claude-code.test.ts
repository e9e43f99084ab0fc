// Claude Code both ways, by the requests that it sends (its manual, 2026-08): as a client of Bedrock, and as one of Anthropic.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'

const SONNET = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const SESSION = { 'x-claude-code-session-id': 'session-1', 'x-claude-code-agent-id': 'agent-2' }

let harness: Harness
let tenant: TestTenant

beforeAll(async () => {
  const keys = 'user_id,claude_code_session_id,claude_code_agent_id'
  harness = await startHarness({ settings: { WEIGHBRIDGE_METADATA_KEYS: keys } })
  tenant = await harness.tenant('team-a')
})
afterAll(() => harness.close())
beforeEach(() => harness.simulator.reset())

const body = {
  max_tokens: 200,
  system: [{ type: 'text', text: 'You are a coding agent.', cache_control: { type: 'ephemeral' } }],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Tell me of the sea in 30 words.' }] }],
  metadata: { user_id: 'user_ann_session_1' },
}

const ask = (path: string, sent: object | null, headers: Record<string, string> = {}, method = 'POST') =>
  fetch(harness.url + path, {
    method,
    headers: { authorization: `Bearer ${tenant.secret}`, ...SESSION, ...headers },
    ...(sent === null ? {} : { body: JSON.stringify(sent) }),
  })

const lastMetadata = async (): Promise<unknown> => (await harness.ledger()).at(-1)?.metadata

describe('as a client of Bedrock, below /bedrock', () => {
  it('finds its profiles', async () => {
    const listed = await ask('/bedrock/inference-profiles?type=SYSTEM_DEFINED', null, {}, 'GET')
    const { inferenceProfileSummaries } = (await listed.json()) as { inferenceProfileSummaries: object[] }
    expect(inferenceProfileSummaries).toContainEqual(expect.objectContaining({ inferenceProfileId: SONNET }))
    expect((await ask(`/bedrock/inference-profiles/${encodeURIComponent(SONNET)}`, null, {}, 'GET')).status).toBe(200)
  })

  it('streams in frames, and its session and agent are recorded', async () => {
    const native = {
      ...body,
      anthropic_version: 'bedrock-2023-05-31',
      anthropic_beta: ['interleaved-thinking-2025-05-14'],
    }
    const answer = await ask(`/bedrock/model/${SONNET}/invoke-with-response-stream`, native)
    expect(answer.headers.get('content-type')).toBe('application/vnd.amazon.eventstream')
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(100)
    expect(await lastMetadata()).toEqual({ claude_code_session_id: 'session-1', claude_code_agent_id: 'agent-2' })
  })

  it('counts tokens by both of its ways', async () => {
    const input = { invokeModel: { body: Buffer.from(JSON.stringify(body)).toString('base64') } }
    const native = await ask(`/bedrock/model/${SONNET}/count-tokens`, { input })
    const { inputTokens } = (await native.json()) as { inputTokens: number }
    const { messages, system } = body
    const counted = await ask('/bedrock/v1/messages/count_tokens', { model: SONNET, messages, system })
    expect(await counted.json()).toEqual({ input_tokens: inputTokens })
  })
})

describe('as a client of Anthropic', () => {
  it.each(['/api/hello', '/anthropic/api/hello'])('finds somebody at %s', async (path) => {
    const answer = await ask(path, null, {}, 'HEAD')
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })

  it.each([
    ['/v1/messages?beta=true', 'authorization'],
    ['/anthropic/v1/messages?beta=true', 'x-api-key'],
  ])('streams events from %s with its key in %s', async (path, header) => {
    const credential = header === 'x-api-key' ? { 'x-api-key': tenant.secret } : {}
    const answer = await fetch(harness.url + path, {
      method: 'POST',
      headers: {
        ...(header === 'x-api-key' ? credential : { authorization: `Bearer ${tenant.secret}` }),
        ...SESSION,
        'anthropic-version': '2023-06-01',
        'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14',
      },
      body: JSON.stringify({ ...body, model: SONNET, stream: true }),
    })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    const text = await answer.text()
    expect(text).toMatch(/^event: message_start\ndata: .+\n\nevent: ping\n/)
    expect(text).toMatch(/event: message_stop\ndata: \{"type":"message_stop"\}\n\n$/)
    expect(await lastMetadata()).toEqual({
      user_id: 'user_ann_session_1',
      claude_code_session_id: 'session-1',
      claude_code_agent_id: 'agent-2',
    })
  })

  it('discovers the models that its tenant may call, and no others', async () => {
    const few = await harness.tenant('few', { allowed_models: ['anthropic.claude-sonnet-4-5-*'] })
    const headers = { authorization: `Bearer ${few.secret}` }
    const listed = await ask('/anthropic/v1/models?limit=1000', null, headers, 'GET')
    const { data, has_more } = (await listed.json()) as { data: { id: string; type: string }[]; has_more: boolean }
    expect(data).toContainEqual(expect.objectContaining({ id: SONNET, type: 'model' }))
    expect(data.filter(({ id }) => !id.includes('claude-sonnet-4-5'))).toEqual([])
    expect(has_more).toBe(false)
    expect((await ask('/anthropic/v1/models/amazon.nova-lite-v1:0', null, headers, 'GET')).status).toBe(404)
    expect((await ask('/anthropic/v1/models', null, { authorization: 'Bearer wb_no_key' }, 'GET')).status).toBe(401)
  })

  it('is told of a spent budget so that it knows it, and stops', async () => {
    const budget = (amount: string) => ({ limits: [{ kind: 'cost', per: 'day', amount, mode: 'hard' }] })
    const poor = await harness.tenant('poor', budget('0'))
    const call = () => ask('/v1/messages', { ...body, model: SONNET }, { authorization: `Bearer ${poor.secret}` })
    const [, worst = ''] = /too small for this call of \$([\d.]+):/.exec(await (await call()).text()) ?? []
    // room for one such call, and not for another
    await harness.admin('PATCH', 'tenants/poor', budget(worst))
    expect((await call()).status).toBe(200)
    const answer = await call()
    expect(answer.status).toBe(429)
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    const { error } = (await answer.json()) as { error: { type: string; message: string } }
    expect(error.type).toBe('billing_error')
    expect(error.message).toMatch(
      /^spend limit reached \(daily; resets \d{4}-\d\d-\d\d 00:00 UTC\): The budget of \$0\.\d+ per day/,
    )
  })

  it('calls models by the names that it has of its own, where they are aliases', async () => {
    const [name, other] = ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5-of-another-maker']
    await harness.admin('PUT', `aliases/${name}`, { model_id: SONNET })
    await harness.admin('PUT', `aliases/${other}`, { model_id: 'amazon.nova-lite-v1:0' })
    const said = await ask('/v1/messages', { ...body, model: name })
    expect(await said.json()).toMatchObject({ type: 'message', model: name })
    expect((await harness.ledger()).at(-1)).toMatchObject({ model_id: SONNET, operation: 'InvokeModel' })
    const streamed = await ask('/v1/messages', { ...body, model: other, stream: true })
    expect(await streamed.text()).toContain(`"model":"${other}"`)
    expect((await harness.ledger()).at(-1)).toMatchObject({ model_id: 'amazon.nova-lite-v1:0' })
    const counted = await ask('/v1/messages/count_tokens', { model: name, messages: body.messages })
    expect(await counted.json()).toEqual({ input_tokens: expect.any(Number) })
  })

  it('hears Bedrock’s own words when Bedrock refuses', async () => {
    const refused = await ask('/v1/messages', { ...body, model: SONNET, max_tokens: 1_000_000 })
    const { error } = (await refused.json()) as { error: { message: string } }
    harness.simulator.reset()
    const native = { ...body, max_tokens: 1_000_000, anthropic_version: 'bedrock-2023-05-31' }
    const same = await ask(`/model/${SONNET}/invoke`, native)
    expect(error.message).toBe(((await same.json()) as { message: string }).message)
  })
})

// Model access with the unmodified AWS SDK: what is denied is refused as AWS would, what a plan writes reaches Bedrock, nothing else changes.

import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  type ConverseCommandInput,
} from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { startRecordingUpstream, type Received, type RecordingUpstream } from './recording-upstream.ts'
import { HAIKU, NOVA_LITE } from './requests.ts'

const messages = [{ role: 'user' as const, content: [{ text: 'Good morning.' }] }]
const LEGACY = 'us.amazon.nova-premier-v1:0'
const NOVA_2_LITE = 'us.amazon.nova-2-lite-v1:0'
const PROVISIONED = 'arn:aws:bedrock:us-east-1:123456789012:provisioned-model/simulatedpt1'

let harness: Harness
let recording: Harness
let upstream: RecordingUpstream
const clients: BedrockRuntimeClient[] = []

beforeAll(async () => {
  upstream = await startRecordingUpstream()
  harness = await startHarness({ simulatorIsSts: true })
  recording = await startHarness({ settings: { WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: upstream.url } })
})

afterAll(async () => {
  for (const client of clients) client.destroy()
  await harness.close()
  await recording.close()
  await upstream.close()
})

function signedBy({ accessKeyId, secretAccessKey }: TestTenant, url: string): BedrockRuntimeClient {
  const credentials = { accessKeyId, secretAccessKey }
  const client = new BedrockRuntimeClient({ region: 'us-east-1', endpoint: url, credentials, maxAttempts: 1 })
  clients.push(client)
  return client
}

const converse = (modelId: string, more: Partial<ConverseCommandInput> = {}): ConverseCommand =>
  new ConverseCommand({ modelId, messages, inferenceConfig: { maxTokens: 20 }, ...more })

const lastReceived = (): Received => upstream.received.at(-1) as Received
const header = ({ headers }: Received, name: string): string | undefined =>
  headers.find(([found]) => found === name)?.[1]

describe('what may not be called', () => {
  it('is refused as AWS refuses it, whatever allows it', async () => {
    await harness.admin('PUT', 'plans/guarded', {
      allowed_models: ['*'],
      access: { denied_models: ['anthropic.*'], routing: ['in_region'], regions: ['us-east-1', 'eu-west-1'] },
    })
    await harness.tenant('owner', { plan_id: 'guarded' })
    const team = await harness.tenant('owner-team', {
      parent_id: 'owner',
      allowed_models: ['anthropic.*', 'amazon.*', 'us.*'],
      access: { regions: ['us-east-1', 'us-west-2'], routing: ['in_region', 'geographic', 'global'] },
    })
    const client = signedBy(team, harness.url)
    const refusal = (message: RegExp): object => ({
      name: 'AccessDeniedException',
      message: expect.stringMatching(message) as string,
    })
    await expect(client.send(converse(HAIKU))).rejects.toMatchObject(refusal(/is denied to the tenant "owner-team"/))
    await expect(client.send(converse(`us.${NOVA_LITE}`))).rejects.toMatchObject(refusal(/routes geographic/))
    const elsewhere = `arn:aws:bedrock:us-west-2::foundation-model/${NOVA_LITE}`
    await expect(client.send(converse(elsewhere))).rejects.toMatchObject(refusal(/us-west-2 is not open/))
    expect((await client.send(converse(NOVA_LITE))).usage?.outputTokens).toBeGreaterThan(0)
    expect(harness.simulator.bill().length).toBe(1)
  })

  it('is not listed either', async () => {
    const tenant = await harness.tenant('lists', { access: { denied_models: ['anthropic.*'] } })
    const response = await fetch(`${harness.url}/foundation-models`, {
      headers: { authorization: `Bearer ${tenant.secret}` },
    })
    const { modelSummaries } = (await response.json()) as { modelSummaries: { modelId: string }[] }
    expect(modelSummaries.some(({ modelId }) => modelId.startsWith('amazon.'))).toBe(true)
    expect(modelSummaries.some(({ modelId }) => modelId.startsWith('anthropic.'))).toBe(false)
  })
})

describe('what a plan writes into calls', () => {
  const metadata = { request_metadata: { tenant: '{tenant_id}', centre: '{attribute.cost_center}' } }

  it('is served and billed by Bedrock', async () => {
    const tenant = await harness.tenant('billed', {
      attributes: { cost_center: '4711' },
      access: { ...metadata, service_tiers: ['flex'], guardrail: { id: 'gr1', version: '1' } },
    })
    const client = signedBy(tenant, harness.url)
    const before = harness.simulator.bill().length
    const answer = await client.send(converse(NOVA_2_LITE, { serviceTier: { type: 'priority' } }))
    expect(answer.serviceTier?.type).toBe('flex')
    expect(answer.trace?.guardrail).toBeDefined()
    const streamed = await client.send(new ConverseStreamCommand({ modelId: NOVA_2_LITE, messages }))
    for await (const event of streamed.stream ?? []) expect(event).toBeDefined()
    await client.send(
      new InvokeModelCommand({ modelId: NOVA_2_LITE, body: JSON.stringify({ messages }), serviceTier: 'priority' }),
    )
    const billed = harness.simulator.bill().slice(before)
    const sent = { requested_tier: 'flex', request_metadata: { tenant: 'billed', centre: '4711' } }
    expect(billed).toMatchObject([sent, sent, sent])
    // the simulated InvokeModel knows no guardrails
    const conversed = (await harness.ledger()).slice(-3, -1)
    expect(conversed.map(({ usage }) => typeof usage?.guardrail_content_units)).toEqual(['number', 'number'])
  })

  it('is all that changes', async () => {
    const tenant = await recording.tenant('exact', { access: { ...metadata, service_tiers: ['standard'] } })
    const body = ' {"messages" : [], "n": 1.50e2, "\\u0061": "\\u00e9", "serviceTier":{ "type":"priority"} }\n'
    await fetch(`${recording.url}/model/${NOVA_LITE}/converse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json' },
      body,
    })
    expect(lastReceived().body).toBe(
      ' {"requestMetadata":{"tenant":"exact"},"messages" : [], "n": 1.50e2, "\\u0061": "\\u00e9", "serviceTier":{"type":"default"} }\n',
    )
    expect(lastReceived().target).toBe(`/model/${NOVA_LITE}/converse`)
  })

  it('is in the headers of InvokeModel, before what the client says there', async () => {
    const tenant = await recording.tenant('headers', {
      access: { ...metadata, service_tiers: ['flex'], guardrail: { id: 'gr1', version: 'DRAFT' } },
    })
    const command = new InvokeModelCommand({
      modelId: NOVA_LITE,
      body: JSON.stringify({ prompt: 'é' }),
      serviceTier: 'priority',
      requestMetadata: '{"tenant":"forged","job":"7"}',
      guardrailIdentifier: 'none',
      guardrailVersion: '1',
    })
    await signedBy(tenant, recording.url).send(command)
    const received = lastReceived()
    expect(received.body).toBe('{"prompt":"é"}')
    const names = ['service-tier', 'request-metadata', 'guardrailidentifier', 'guardrailversion', 'trace']
    expect(names.map((name) => header(received, `x-amzn-bedrock-${name}`))).toEqual([
      'flex',
      '{"tenant":"headers","job":"7"}',
      'gr1',
      'DRAFT',
      'ENABLED',
    ])
  })

  it('goes to the provisioned throughput of the plan, and is priced as the model that it serves', async () => {
    const tenant = await recording.tenant('premium', { access: { send_to: { 'amazon.nova-*': PROVISIONED } } })
    const client = signedBy(tenant, recording.url)
    await client.send(converse(NOVA_LITE))
    expect(lastReceived().target).toBe(`/model/${encodeURIComponent(PROVISIONED)}/converse`)
    expect(header(lastReceived(), 'x-amzn-bedrock-service-tier')).toBeUndefined()
    const entry = (await recording.ledger()).at(-1)
    expect(entry).toMatchObject({ model_id: PROVISIONED, base_model: NOVA_LITE })
    expect(entry?.cost_usd).not.toBeNull()
  })
})

describe('a role that is assumed for a tenant', () => {
  const role = (name: string) => ({ role_arn: `arn:aws:iam::111122223333:role/silo/${name}`, external_id: 'weigh' })

  it("signs the tenant's calls, and nobody else's", async () => {
    const tags = { session_tags: { cost_center: '{attribute.cost_center}' } }
    const silo = await harness.tenant('silo', {
      attributes: { cost_center: '4711' },
      access: { assume_role: { ...role('customer'), ...tags } },
    })
    const shared = await harness.tenant('shared')
    const before = harness.simulator.bill().length
    const client = signedBy(silo, harness.url)
    await Promise.all([1, 2, 3].map(() => client.send(converse(NOVA_LITE))))
    await signedBy(shared, harness.url).send(converse(NOVA_LITE))
    const [first, ...others] = harness.simulator.bill().slice(before)
    expect(first?.principal).toEqual({
      arn: 'arn:aws:sts::111122223333:assumed-role/customer/silo',
      tags: { cost_center: '4711' },
    })
    expect(others.map(({ access_key_id }) => access_key_id)).toEqual([
      first?.access_key_id,
      first?.access_key_id,
      'AKIASIMULATOR000001',
    ])
  })

  it("ends the call where it cannot be assumed, and never falls back to the gateway's own credentials", async () => {
    const tenant = await harness.tenant('locked-out', { access: { assume_role: role('denied') } })
    const before = harness.simulator.bill().length
    await expect(signedBy(tenant, harness.url).send(converse(NOVA_LITE))).rejects.toMatchObject({
      name: 'ServiceUnavailableException',
      message: 'The gateway has no valid credentials for the upstream.',
    })
    const listed = await fetch(`${harness.url}/foundation-models`, {
      headers: { authorization: `Bearer ${tenant.secret}` },
    })
    expect(listed.status).toBe(503)
    expect(harness.simulator.bill().length).toBe(before)
    expect((await harness.ledger()).at(-1)).toMatchObject({ tenant_id: 'locked-out', cost_usd: '0' })
  })
})

describe('a model that comes to its end', () => {
  it('says so with each answer, streams too, and in the report', async () => {
    const tenant = await harness.tenant('behind-the-times')
    const headersOf = async (modelId: string, operation: string): Promise<string | null> => {
      const response = await fetch(`${harness.url}/model/${modelId}/${operation}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tenant.secret}` },
        body: JSON.stringify({ messages }),
      })
      expect(response.status).toBe(200)
      await response.arrayBuffer()
      return response.headers.get('x-weighbridge-model-lifecycle')
    }
    expect(await headersOf(LEGACY, 'converse')).toBe('legacy')
    expect(await headersOf(LEGACY, 'converse-stream')).toBe('legacy')
    expect(await headersOf(NOVA_LITE, 'converse')).toBeNull()
    const report = await harness.admin('GET', 'reports/lifecycle?tenant=behind-the-times')
    expect(report.rows).toMatchObject([{ model: LEGACY, lifecycle: 'legacy', end_of_life_on: null, calls: 2 }])
  })
})

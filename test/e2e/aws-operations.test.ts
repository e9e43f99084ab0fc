// The AWS SDK's other operations: model lists filtered to the tenant, guardrails, asynchronous films, and everything over TLS and HTTP/2.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import {
  BedrockClient,
  CreateGuardrailCommand,
  GetFoundationModelCommand,
  GetInferenceProfileCommand,
  ListFoundationModelsCommand,
  ListInferenceProfilesCommand,
} from '@aws-sdk/client-bedrock'
import {
  ApplyGuardrailCommand,
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  GetAsyncInvokeCommand,
  InvokeGuardrailChecksCommand,
  InvokeModelWithBidirectionalStreamCommand,
  ListAsyncInvokesCommand,
  StartAsyncInvokeCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TLS_FOR_TESTS } from '../../src/http/tls.fixture.ts'
import type { TestTenant } from './admin-client.ts'
import { startHarness, SIMULATOR_BEARER, type Harness } from './harness.ts'
import { HAIKU } from './requests.ts'
import { counted } from './truth.ts'

const region = 'us-east-1'
const CLAUDE_ONLY = ['anthropic.claude-*']

let harness: Harness
let claude: TestTenant
let films: TestTenant
let others: TestTenant
const destroyable: { destroy(): void }[] = []

beforeAll(async () => {
  harness = await startHarness()
  claude = await harness.tenant('team-claude', { allowed_models: CLAUDE_ONLY })
  films = await harness.tenant('team-films')
  others = await harness.tenant('team-others')
})

afterAll(async () => {
  for (const client of destroyable) client.destroy()
  await harness.close()
})

function kept<Client extends { destroy(): void }>(client: Client): Client {
  destroyable.push(client)
  return client
}

const pairOf = ({ accessKeyId, secretAccessKey }: TestTenant) => ({ accessKeyId, secretAccessKey })
const bearerOf = (token: string) => ({ token: { token }, authSchemePreference: ['httpBearerAuth'] })
const control = (tenant: TestTenant): BedrockClient =>
  kept(new BedrockClient({ region, endpoint: harness.url, credentials: pairOf(tenant), maxAttempts: 1 }))
const controlDirect = (): BedrockClient =>
  kept(new BedrockClient({ region, endpoint: harness.simulator.url, ...bearerOf(SIMULATOR_BEARER) }))
const runtime = (tenant: TestTenant): BedrockRuntimeClient =>
  kept(new BedrockRuntimeClient({ region, endpoint: harness.url, credentials: pairOf(tenant), maxAttempts: 1 }))
const runtimeDirect = (): BedrockRuntimeClient =>
  kept(new BedrockRuntimeClient({ region, endpoint: harness.simulator.url, ...bearerOf(SIMULATOR_BEARER) }))

function rest(answer: { $metadata: unknown }): object {
  const { $metadata: _, ...said } = answer
  return said
}

describe('@aws-sdk/client-bedrock', () => {
  it('lists the foundation models that the tenant may call, as Bedrock describes them', async () => {
    const { modelSummaries: ours = [] } = await control(claude).send(new ListFoundationModelsCommand({}))
    const { modelSummaries: all = [] } = await controlDirect().send(new ListFoundationModelsCommand({}))
    expect(ours).toEqual(all.filter(({ modelId }) => modelId?.startsWith('anthropic.claude-')))
    expect(ours.length).toBeGreaterThan(5)
    expect(ours.length).toBeLessThan(all.length)
    const everything = await control(others).send(new ListFoundationModelsCommand({}))
    expect(everything.modelSummaries).toEqual(all)
  })

  it('passes the filters of the list on', async () => {
    const command = () => new ListFoundationModelsCommand({ byOutputModality: 'EMBEDDING' })
    const ours = await control(others).send(command())
    expect(rest(ours)).toEqual(rest(await controlDirect().send(command())))
    expect(await control(claude).send(command())).toMatchObject({ modelSummaries: [] })
  })

  it('gets a model that the tenant may call, and knows no other', async () => {
    const command = (modelIdentifier: string) => new GetFoundationModelCommand({ modelIdentifier })
    const allowed = 'anthropic.claude-haiku-4-5-20251001-v1:0'
    const ours = await control(claude).send(command(allowed))
    expect(rest(ours)).toEqual(rest(await controlDirect().send(command(allowed))))
    const refused = control(claude).send(command('amazon.nova-lite-v1:0'))
    await expect(refused).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('lists and gets inference profiles, page by page', async () => {
    const idsOf = async (client: BedrockClient): Promise<string[]> => {
      const ids: string[] = []
      let nextToken: string | undefined
      do {
        const page = await client.send(
          new ListInferenceProfilesCommand({ maxResults: 20, ...(nextToken === undefined ? {} : { nextToken }) }),
        )
        ids.push(...(page.inferenceProfileSummaries ?? []).map(({ inferenceProfileId = '' }) => inferenceProfileId))
        nextToken = page.nextToken
      } while (nextToken !== undefined && ids.length < 1_000)
      return ids
    }
    const all = await idsOf(controlDirect())
    const ours = await idsOf(control(claude))
    expect(ours).toEqual(all.filter((id) => id.includes('.anthropic.claude-')))
    expect(ours.length).toBeGreaterThan(5)
    const command = (inferenceProfileIdentifier: string) =>
      new GetInferenceProfileCommand({ inferenceProfileIdentifier })
    const profile = await control(claude).send(command(HAIKU))
    expect(rest(profile)).toEqual(rest(await controlDirect().send(command(HAIKU))))
    const refused = control(claude).send(command('us.amazon.nova-lite-v1:0'))
    await expect(refused).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('costs nothing and leaves no entry', async () => {
    const before = (await harness.ledger()).length
    await control(claude).send(new ListFoundationModelsCommand({}))
    expect(await harness.ledger()).toHaveLength(before)
  })

  it('may not do what would change the account', async () => {
    const command = new CreateGuardrailCommand({
      name: 'mine',
      blockedInputMessaging: 'no',
      blockedOutputsMessaging: 'no',
    })
    await expect(control(others).send(command)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })
})

describe('guardrails', () => {
  const text = 'Give me some investment advice, and write to a@example.com.'

  it('are applied as directly, and charged by their units', async () => {
    const command = () =>
      new ApplyGuardrailCommand({
        guardrailIdentifier: 'abc123',
        guardrailVersion: '1',
        source: 'INPUT',
        content: [{ text: { text } }],
      })
    const ours = await runtime(claude).send(command())
    const entry = (await harness.ledger()).at(-1)
    const billed = harness.simulator.bill().find((call) => call.request_id === entry?.upstream_request_id)
    expect(rest(ours)).toEqual(rest(await runtimeDirect().send(command())))
    expect(ours.action).toBe('GUARDRAIL_INTERVENED')
    expect(entry).toMatchObject({ operation: 'ApplyGuardrail', ending: 'completed', estimated: false })
    expect(counted(entry?.usage ?? null)).toEqual(counted(billed?.usage ?? null))
    expect(Number(entry?.cost_usd)).toBeGreaterThan(0)
  })

  it('stand around a conversation, whose entry holds both usages', async () => {
    const guardrailConfig = { guardrailIdentifier: 'abc123', guardrailVersion: '1', trace: 'enabled' as const }
    const messages = [{ role: 'user' as const, content: [{ text: 'Tell me of the sea.' }] }]
    const command = () => new ConverseCommand({ modelId: HAIKU, messages, guardrailConfig })
    const ours = await runtime(claude).send(command())
    const entry = (await harness.ledger()).at(-1)
    const billed = harness.simulator.bill().find((call) => call.request_id === entry?.upstream_request_id)
    expect(rest(ours)).toEqual(rest(await runtimeDirect().send(command())))
    expect(counted(entry?.usage ?? null)).toEqual(counted(billed?.usage ?? null))
  })

  it('check single texts', async () => {
    const command = () =>
      new InvokeGuardrailChecksCommand({
        messages: [{ role: 'user', content: [{ text }] }],
        checks: {
          contentFilter: { categories: [{ category: 'VIOLENCE' }] },
          sensitiveInformation: { entities: [{ type: 'EMAIL' }] },
        },
      })
    const ours = await runtime(claude).send(command())
    const entry = (await harness.ledger()).at(-1)
    const billed = harness.simulator.bill().find((call) => call.request_id === entry?.upstream_request_id)
    expect(rest(ours)).toEqual(rest(await runtimeDirect().send(command())))
    expect(entry).toMatchObject({ operation: 'InvokeGuardrailChecks', ending: 'completed', estimated: false })
    expect(counted(entry?.usage ?? null)).toEqual(counted(billed?.usage ?? null))
  })
})

describe('asynchronous films', () => {
  const start = (clientRequestToken: string) =>
    new StartAsyncInvokeCommand({
      modelId: 'amazon.nova-reel-v1:1',
      modelInput: {
        taskType: 'TEXT_VIDEO',
        textToVideoParams: { text: 'A ship at sea.' },
        videoGenerationConfig: { durationSeconds: 6, fps: 24, dimension: '1280x720' },
      },
      outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://films/out' } },
      clientRequestToken,
    })

  it('are seen by the tenant that began them, and by no other', async () => {
    const { invocationArn = '' } = await runtime(films).send(start('first-token'))
    expect(invocationArn).toContain(':async-invoke/')
    const mine = await runtime(films).send(new GetAsyncInvokeCommand({ invocationArn }))
    expect(rest(mine)).toEqual(rest(await runtimeDirect().send(new GetAsyncInvokeCommand({ invocationArn }))))
    const { asyncInvokeSummaries: listed } = await runtime(films).send(new ListAsyncInvokesCommand({}))
    expect(listed?.map((job) => job.invocationArn)).toEqual([invocationArn])
    const foreign = runtime(others).send(new GetAsyncInvokeCommand({ invocationArn }))
    await expect(foreign).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    expect(await runtime(others).send(new ListAsyncInvokesCommand({}))).toMatchObject({ asyncInvokeSummaries: [] })
  })

  it('stay theirs when another tenant sends the same token, and Bedrock answers with the same film', async () => {
    const { invocationArn = '' } = await runtime(films).send(start('second-token'))
    await runtime(others)
      .send(start('second-token'))
      .catch(() => undefined)
    const foreign = runtime(others).send(new GetAsyncInvokeCommand({ invocationArn }))
    await expect(foreign).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await expect(runtime(films).send(new GetAsyncInvokeCommand({ invocationArn }))).resolves.toBeDefined()
  })

  it('are charged by the seconds asked for, marked as estimated until they are made', async () => {
    await runtime(films).send(start('third-token'))
    const entry = (await harness.ledger()).at(-1)
    expect(entry).toMatchObject({ operation: 'StartAsyncInvoke', usage: { seconds: 6 }, estimated: true })
    expect(Number(entry?.cost_usd)).toBeGreaterThan(0)
  })
})

describe('a stream in both directions', () => {
  it('is refused in words, before anything is sent', async () => {
    const { hostname, port } = new URL(harness.url)
    const session = connect(`http://${hostname}:${port}`)
    const stream = session.request({
      ':method': 'POST',
      ':path': '/model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream',
      authorization: `Bearer ${others.secret}`,
    })
    stream.end()
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    stream.resume()
    await once(stream, 'close')
    session.close()
    expect(headers[':status']).toBe(501)
    expect(InvokeModelWithBidirectionalStreamCommand).toBeDefined()
    expect(harness.simulator.bill().map((call) => call.operation)).not.toContain('InvokeModelWithBidirectionalStream')
  })
})

describe('TLS with a certificate of one’s own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weighbridge-tls-'))
  const messages = [{ role: 'user' as const, content: [{ text: 'Tell me of the sea in 30 words.' }] }]
  let secured: Harness
  let tenant: TestTenant

  beforeAll(async () => {
    writeFileSync(join(folder, 'cert.pem'), TLS_FOR_TESTS.cert)
    writeFileSync(join(folder, 'key.pem'), TLS_FOR_TESTS.key, { mode: 0o600 })
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), TLS_FOR_TESTS.cert])
    secured = await startHarness({
      settings: {
        WEIGHBRIDGE_TLS_CERT_FILE: join(folder, 'cert.pem'),
        WEIGHBRIDGE_TLS_KEY_FILE: join(folder, 'key.pem'),
      },
    })
    tenant = await secured.tenant('team-a')
  })

  afterAll(async () => {
    await secured.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('takes the AWS SDK, signed and with a bearer key, whole and streamed', async () => {
    expect(secured.url).toMatch(/^https:/)
    const endpoint = secured.url
    for (const credential of [{ credentials: pairOf(tenant) }, bearerOf(tenant.secret)]) {
      const client = kept(new BedrockRuntimeClient({ region, endpoint, maxAttempts: 1, ...credential }))
      const { usage } = await client.send(new ConverseCommand({ modelId: HAIKU, messages }))
      expect(usage?.outputTokens).toBe(30)
      const events: string[] = []
      const { stream } = await client.send(new ConverseStreamCommand({ modelId: HAIKU, messages }))
      for await (const event of stream ?? []) events.push(...Object.keys(event))
      expect(events.at(-1)).toBe('metadata')
    }
    const ledger = await secured.ledger()
    expect(ledger.map(({ ending, estimated }) => [ending, estimated])).toEqual(ledger.map(() => ['completed', false]))
    expect(ledger).toHaveLength(4)
  })

  it('offers HTTP/2 by ALPN', async () => {
    const { port } = new URL(secured.url)
    const socket = tls.connect({ host: '127.0.0.1', port: Number(port), ALPNProtocols: ['h2', 'http/1.1'] })
    await once(socket, 'secureConnect')
    expect([socket.alpnProtocol, socket.authorized]).toEqual(['h2', true])
    socket.destroy()
  })
})

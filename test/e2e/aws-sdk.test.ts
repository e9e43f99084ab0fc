// The unmodified AWS SDK for JavaScript through the gateway: same answers as directly, one exact ledger entry for each call.

import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type ConverseStreamOutput,
} from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestTenant } from './admin-client.ts'
import { startHarness, SIMULATOR_BEARER, type Harness } from './harness.ts'

const CLAUDE = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
const messages = [{ role: 'user' as const, content: [{ text: 'Explain in 60 words what a weighbridge is.' }] }]

let harness: Harness
let tenant: TestTenant
const clients: BedrockRuntimeClient[] = []

beforeAll(async () => {
  harness = await startHarness()
  tenant = await harness.tenant('team-a')
})

afterAll(async () => {
  for (const client of clients) client.destroy()
  await harness.close()
})

function made(options: ConstructorParameters<typeof BedrockRuntimeClient>[0]): BedrockRuntimeClient {
  const client = new BedrockRuntimeClient({ region: 'us-east-1', ...options })
  clients.push(client)
  return client
}

const signed = (): BedrockRuntimeClient =>
  made({
    endpoint: harness.url,
    credentials: { accessKeyId: tenant.accessKeyId, secretAccessKey: tenant.secretAccessKey },
  })
const bearer = (): BedrockRuntimeClient =>
  made({ endpoint: harness.url, token: { token: tenant.secret }, authSchemePreference: ['httpBearerAuth'] })
const direct = (): BedrockRuntimeClient =>
  made({
    endpoint: harness.simulator.url,
    token: { token: SIMULATOR_BEARER },
    authSchemePreference: ['httpBearerAuth'],
  })

/** The answer without what differs from call to call. */
const comparable = (answer: object): object => {
  const { $metadata: _, metrics: __, ...rest } = answer as { $metadata?: unknown; metrics?: unknown }
  return rest
}

async function collect(stream: AsyncIterable<ConverseStreamOutput> | undefined): Promise<object[]> {
  const events: object[] = []
  for await (const event of stream ?? []) {
    const { metadata } = event
    events.push(metadata === undefined ? event : { metadata: { ...metadata, metrics: undefined } })
  }
  return events
}

describe.each([
  ['signed with SigV4', signed],
  ['with a bearer key', bearer],
])('the AWS SDK %s', (_name, client) => {
  it('Converse answers as Bedrock does', async () => {
    const command = (): ConverseCommand =>
      new ConverseCommand({ modelId: CLAUDE, messages, inferenceConfig: { maxTokens: 300 } })
    const through = await client().send(command())
    expect(comparable(through)).toEqual(comparable(await direct().send(command())))
    expect(through.usage?.outputTokens).toBeGreaterThan(0)
  })

  it('ConverseStream streams the same events', async () => {
    const command = (): ConverseStreamCommand => new ConverseStreamCommand({ modelId: CLAUDE, messages })
    const through = await collect((await client().send(command())).stream)
    expect(through).toEqual(await collect((await direct().send(command())).stream))
    expect(through.at(-1)).toHaveProperty('metadata.usage.outputTokens')
  })

  it('InvokeModel passes the body byte for byte', async () => {
    const body = JSON.stringify({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    const command = (): InvokeModelCommand =>
      new InvokeModelCommand({ modelId: CLAUDE, body, contentType: 'application/json' })
    const through = await client().send(command())
    const straight = await direct().send(command())
    const strip = (bytes: Uint8Array): string =>
      Buffer.from(bytes)
        .toString('utf8')
        .replace(/"id":"[^"]*"/, '')
    expect(strip(through.body)).toBe(strip(straight.body))
    expect(through.contentType).toBe(straight.contentType)
  })

  it('InvokeModelWithResponseStream streams to its end', async () => {
    const body = JSON.stringify({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    const answer = await client().send(new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body }))
    const chunks: string[] = []
    for await (const event of answer.body ?? []) chunks.push(Buffer.from(event.chunk?.bytes ?? []).toString('utf8'))
    expect(chunks.at(0)).toContain('message_start')
    expect(chunks.at(-1)).toContain('amazon-bedrock-invocationMetrics')
  })

  it('CountTokens counts and costs nothing', async () => {
    const answer = await client().send(
      new CountTokensCommand({
        modelId: 'anthropic.claude-haiku-4-5-20251001-v1:0',
        input: { converse: { messages } },
      }),
    )
    expect(answer.inputTokens).toBeGreaterThan(0)
  })
})

describe('the ledger', () => {
  it('holds one entry for each call, equal to what the simulator bills', async () => {
    const entries = await harness.ledger()
    const billed = new Map(harness.simulator.bill().map((call) => [call.request_id, call]))
    const metered = entries.filter((entry) => entry.operation !== 'CountTokens')
    expect(metered).toHaveLength(8)
    for (const entry of metered) {
      expect(entry).toMatchObject({
        tenant_id: 'team-a',
        key_id: tenant.keyId,
        ending: 'completed',
        estimated: false,
        base_model: 'anthropic.claude-haiku-4-5-20251001-v1:0',
        routing: 'regional',
      })
      const truth = billed.get(String(entry.upstream_request_id))
      expect(nonZero(entry.usage)).toEqual(nonZero(truth?.usage))
      const { input_tokens = 0, output_tokens = 0 } = truth?.usage ?? {}
      // $1.10 and $5.50 per million tokens: the regional price of Claude Haiku 4.5
      const microDollars = (BigInt(input_tokens) * 110n + BigInt(output_tokens) * 550n) * 10_000n
      expect(BigInt(Math.round(Number(entry.cost_usd) * 1e12))).toBe(microDollars)
    }
  })
})

function nonZero(usage: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(usage ?? {}).filter(([name, quantity]) => quantity !== 0 && name !== 'requests'),
  )
}

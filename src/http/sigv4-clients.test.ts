// Requests as real clients sign and send them: the AWS SDK over HTTP/2 and HTTP/1.1, with every form of model id, through the listener.

import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ListAsyncInvokesCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { BedrockClient, ListInferenceProfilesCommand } from '@aws-sdk/client-bedrock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeEventStreamMessage } from './event-stream.ts'
import type { HttpExchange } from './exchange.ts'
import { createVerifier, parseSigV4Authorization, type Verification } from './sigv4.ts'
import { eventually, type Running, startListener } from './raw-client.fixture.ts'

const CREDENTIALS = { accessKeyId: 'WBAKEXAMPLE', secretAccessKey: 'a virtual secret / with + signs=' }

let running: Running
let verified: { path: string; protocol: string; verification: Verification | null; altered: Verification | null }[] = []

beforeAll(async () => {
  const verifier = createVerifier()
  running = await startListener({
    onRequest: (exchange) => {
      exchange.readBody(25_000_000, 5_000).then(
        (body) => {
          const parsed = parseSigV4Authorization(exchange.header('authorization') ?? '')
          const { method, path, protocol, rawHeaders } = exchange
          const request = parsed && {
            parsed,
            secretAccessKey: CREDENTIALS.secretAccessKey,
            method,
            path,
            rawHeaders,
            body,
            now: Date.now(),
          }
          const altered = request && { ...request, path: path.replace('/', '/x/') }
          verified.push({
            path,
            protocol,
            verification: request && verifier.verify(request),
            altered: altered && verifier.verify(altered),
          })
          answer(exchange)
        },
        () => exchange.destroy(),
      )
    },
  })
})

afterAll(() => running.listener.close(0))

const MODEL_IDS = [
  'amazon.nova-lite-v1:0',
  'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456',
  'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.meta.llama4-scout-17b-instruct-v1:0',
]

describe("the AWS SDK's requests are verified as they arrive:", () => {
  it.each(MODEL_IDS)('Converse and ConverseStream of %s', async (modelId) => {
    const messages = [{ role: 'user' as const, content: [{ text: 'grüß dich — 你好' }] }]
    await withClient(async (client) => {
      const whole = await client.send(new ConverseCommand({ modelId, messages, requestMetadata: { team: 'a' } }))
      expect(whole.usage).toMatchObject({ inputTokens: 1, outputTokens: 2 })
      const streamed = await client.send(new ConverseStreamCommand({ modelId, messages }))
      const events: string[] = []
      for await (const event of streamed.stream ?? []) events.push(...Object.keys(event))
      expect(events).toEqual(['messageStart', 'messageStop', 'metadata'])
    })
    expectVerified('2', 2)
  })

  it('InvokeModel with every header that it can send', async () => {
    await withClient(async (client) => {
      await client.send(
        new InvokeModelCommand({
          modelId: MODEL_IDS[1]!,
          body: '{"max_tokens":5}',
          contentType: 'application/json',
          accept: 'application/json',
          trace: 'ENABLED',
          guardrailIdentifier: 'gr12345',
          guardrailVersion: '1',
          performanceConfigLatency: 'standard',
          serviceTier: 'flex',
        }),
      )
      const streamed = await client.send(
        new InvokeModelWithResponseStreamCommand({ modelId: MODEL_IDS[0]!, body: Buffer.alloc(300_000, 'x') }),
      )
      for await (const event of streamed.body ?? []) expect(event).toBeDefined()
    })
    expectVerified('2', 2)
  })

  it('a query string, and a path prefix', async () => {
    await withClient(
      (client) =>
        client.send(
          new ListAsyncInvokesCommand({ statusEquals: 'Completed', maxResults: 10, submitTimeAfter: new Date(0) }),
        ),
      '/bedrock',
    )
    expect(verified[0]!.path).toMatch(/^\/bedrock\/async-invoke\?/)
    expectVerified('2', 1)
  })

  it('the control plane, over HTTP/1.1', async () => {
    const client = new BedrockClient(settings(''))
    await client.send(new ListInferenceProfilesCommand({ typeEquals: 'SYSTEM_DEFINED' }))
    client.destroy()
    expect(verified[0]!.path).toBe('/inference-profiles?type=SYSTEM_DEFINED')
    expectVerified('1.1', 1)
  })

  it('and each opens a connection of its own, which goes when the call is over', async () => {
    await withClient(async (client) => {
      const before = running.seen.length
      await Promise.all(
        Array.from({ length: 20 }, () => client.send(new ConverseCommand({ modelId: 'm', messages: [] }))),
      )
      expect(running.seen.length - before).toBe(20)
    })
    expectVerified('2', 20)
    await eventually(() => running.listener.connections === 0)
    expect(running.listener.connections).toBe(0)
  })
})

function expectVerified(protocol: string, count: number): void {
  expect(verified).toHaveLength(count)
  for (const one of verified) {
    expect(one).toMatchObject({ protocol, verification: { ok: true }, altered: { ok: false, reason: 'signature' } })
  }
  verified = []
}

function settings(prefix: string) {
  return {
    endpoint: `http://127.0.0.1:${running.port}${prefix}`,
    region: 'us-east-1',
    credentials: CREDENTIALS,
    maxAttempts: 1,
  }
}

async function withClient(work: (client: BedrockRuntimeClient) => Promise<unknown>, prefix = ''): Promise<void> {
  const client = new BedrockRuntimeClient(settings(prefix))
  await work(client)
  client.destroy()
}

function answer(exchange: HttpExchange): void {
  if (!exchange.path.includes('stream')) {
    const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 3 }
    exchange.respond(
      200,
      ['content-type', 'application/json'],
      Buffer.from(JSON.stringify({ usage, inferenceProfileSummaries: [] })),
    )
    return
  }
  exchange.startResponse(200, ['content-type', 'application/vnd.amazon.eventstream'])
  const events = exchange.path.includes('converse') ? ['messageStart', 'messageStop', 'metadata'] : ['chunk']
  for (const name of events) {
    const headers = { ':message-type': 'event', ':event-type': name, ':content-type': 'application/json' }
    exchange.write(encodeEventStreamMessage(headers, Buffer.from('{}')))
  }
  exchange.end()
}

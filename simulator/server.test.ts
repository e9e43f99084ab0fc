// The simulator as a real client meets it: the AWS SDK by signature and by bearer key, over HTTP/2, and plain HTTP/1.1.
import {
  BedrockRuntimeClient,
  type BedrockRuntimeClientConfig,
  ConverseCommand,
  ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_BEARER_KEY, DEFAULT_KEY_PAIR, type RunningSimulator, startSimulator } from './server.ts'

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const NOVA = 'amazon.nova-lite-v1:0'
const question = (text: string) => [{ role: 'user' as const, content: [{ text }] }]

let simulator: RunningSimulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
beforeEach(() => simulator.reset())

const client = (config: BedrockRuntimeClientConfig = {}): BedrockRuntimeClient =>
  new BedrockRuntimeClient({
    endpoint: simulator.url,
    region: 'us-west-2',
    credentials: DEFAULT_KEY_PAIR,
    maxAttempts: 1,
    ...config,
  })

describe('Converse with the AWS SDK', () => {
  it.each([CLAUDE, NOVA])('answers %s over HTTP/2 and bills what it said', async (modelId) => {
    const answer = await client().send(new ConverseCommand({ modelId, messages: question('Say something.') }))
    expect(answer.stopReason).toBe('end_turn')
    expect(answer.output?.message?.content?.[0]?.text).toMatch(/^\w{3} /)
    const [call] = simulator.bill()
    expect(call).toMatchObject({
      request_id: answer.$metadata.requestId,
      operation: 'Converse',
      model_id: modelId,
      region: 'us-west-2',
      tier: 'default',
      completed: true,
      usage: { input_tokens: answer.usage?.inputTokens, output_tokens: answer.usage?.outputTokens },
    })
  })

  it('takes a bearer key', async () => {
    const bearer = client({ token: { token: DEFAULT_BEARER_KEY }, authSchemePreference: ['httpBearerAuth'] })
    await bearer.send(new ConverseCommand({ modelId: NOVA, messages: question('Hello') }))
    expect(simulator.bill()[0]).toMatchObject({ region: 'us-east-1', access_key_id: 'bearer' })
  })

  it('refuses a wrong secret, an unknown key and a wrong bearer key in AWS’s words', async () => {
    const command = new ConverseCommand({ modelId: NOVA, messages: question('Hello') })
    const wrong = client({ credentials: { ...DEFAULT_KEY_PAIR, secretAccessKey: 'other' } })
    await expect(wrong.send(command)).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      $metadata: { httpStatusCode: 403 },
    })
    const unknown = client({ credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' } })
    await expect(unknown.send(command)).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    const bearer = client({ token: { token: 'nobody' }, authSchemePreference: ['httpBearerAuth'] })
    await expect(bearer.send(command)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    expect(simulator.bill()).toEqual([])
  })
})

describe('ConverseStream with the AWS SDK', () => {
  it('streams the same turn as Converse, with usage in the last event', async () => {
    const input = { modelId: CLAUDE, messages: question('Tell me in 50 words.') }
    const whole = await client().send(new ConverseCommand(input))
    const { stream } = await client().send(new ConverseStreamCommand(input))
    const events = []
    for await (const event of stream ?? []) events.push(event)
    const text = events.map((event) => event.contentBlockDelta?.delta?.text ?? '').join('')
    expect(text).toBe(whole.output?.message?.content?.[0]?.text)
    expect(events.at(-1)?.metadata?.usage).toEqual(whole.usage)
    expect(whole.usage?.outputTokens).toBe(50)
    expect(simulator.bill().map((call) => call.usage)).toEqual([
      { input_tokens: whole.usage?.inputTokens, output_tokens: 50 },
      { input_tokens: whole.usage?.inputTokens, output_tokens: 50 },
    ])
  })
})

describe('over HTTP/1.1', () => {
  it('answers a fetch, and lists the call in the bill', async () => {
    const response = await fetch(`${simulator.url}/model/${encodeURIComponent(NOVA)}/converse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${DEFAULT_BEARER_KEY}` },
      body: JSON.stringify({ messages: question('Hello') }),
    })
    expect(response.status).toBe(200)
    const bill = await (await fetch(`${simulator.url}/_simulator/bill`)).json()
    expect(bill).toMatchObject({ calls: [{ request_id: response.headers.get('x-amzn-requestid') }], in_flight: 0 })
  })
})

// Other people's clients, unmodified: what they send is understood, what they read is what the bill says.
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk'
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime'
import { type AmazonBedrockProviderSettings, createAmazonBedrock } from '@ai-sdk/amazon-bedrock'
import { ChatBedrockConverse } from '@langchain/aws'
import { embed, generateText, streamText } from 'ai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_BEARER_KEY, DEFAULT_KEY_PAIR, type RunningSimulator, startSimulator } from './server.ts'

/** This client sends an anthropic_version that only the newest models take here. */
const CLAUDE = 'global.anthropic.claude-opus-5'
const NOVA = 'amazon.nova-lite-v1:0'
const { accessKeyId, secretAccessKey } = DEFAULT_KEY_PAIR

let simulator: RunningSimulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
beforeEach(() => simulator.reset())

const billed = () => simulator.bill().map((call) => [call.operation, call.usage.output_tokens, call.completed])

describe('@anthropic-ai/bedrock-sdk', () => {
  const client = () =>
    new AnthropicBedrock({
      baseURL: simulator.url,
      awsRegion: 'us-east-1',
      awsAccessKey: accessKeyId,
      awsSecretKey: secretAccessKey,
      maxRetries: 0,
    })
  const input = {
    model: CLAUDE,
    max_tokens: 100,
    messages: [{ role: 'user' as const, content: 'Tell me in 20 words.' }],
  }

  it('messages, whole and streamed', async () => {
    const whole = await client().messages.create(input)
    expect(whole.usage.output_tokens).toBe(20)
    const streamed = await client().messages.stream(input).finalMessage()
    expect(streamed.content).toEqual(whole.content)
    expect(streamed.usage.output_tokens).toBe(20)
    expect(billed()).toEqual([
      ['InvokeModel', 20, true],
      ['InvokeModelWithResponseStream', 20, true],
    ])
  })
})

describe('@ai-sdk/amazon-bedrock', () => {
  it.each<[string, AmazonBedrockProviderSettings]>([
    ['signature', { accessKeyId, secretAccessKey }],
    ['bearer key', { apiKey: DEFAULT_BEARER_KEY }],
  ])('text, streams and embeddings by %s', async (_how, credentials) => {
    const bedrock = createAmazonBedrock({ region: 'us-east-1', baseURL: simulator.url, ...credentials })
    const prompt = 'Tell me in 20 words.'
    const whole = await generateText({ model: bedrock(NOVA), prompt, maxRetries: 0 })
    const stream = streamText({ model: bedrock(NOVA), prompt, maxRetries: 0 })
    let text = ''
    for await (const part of stream.textStream) text += part
    expect(text).toBe(whole.text)
    const { embedding } = await embed({
      model: bedrock.embedding('amazon.titan-embed-text-v2:0'),
      value: 'sea',
      maxRetries: 0,
    })
    expect(embedding).toHaveLength(1024)
    expect(billed().map(([operation]) => operation)).toEqual(['Converse', 'ConverseStream', 'InvokeModel'])
    expect(simulator.bill()[0]?.usage.output_tokens).toBe(whole.usage.outputTokens)
  })
})

describe('@langchain/aws', () => {
  it('invoke and stream', async () => {
    const model = new ChatBedrockConverse({
      model: NOVA,
      region: 'us-east-1',
      client: new BedrockRuntimeClient({ region: 'us-east-1', credentials: DEFAULT_KEY_PAIR, endpoint: simulator.url }),
      maxRetries: 0,
    })
    const whole = await model.invoke('Tell me in 20 words.')
    let text = ''
    for await (const part of await model.stream('Tell me in 20 words.')) text += part.text
    expect(text).toBe(whole.text)
    expect(whole).toMatchObject({ usage_metadata: { output_tokens: 20 } })
    expect(billed()).toEqual([
      ['Converse', 20, true],
      ['ConverseStream', 20, true],
    ])
  })
})

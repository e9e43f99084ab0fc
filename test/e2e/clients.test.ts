// Other people's clients, unmodified, with only endpoint and credential set: everything they do gives what Bedrock itself gives.

import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk'
import { createAmazonBedrock, type AmazonBedrockProvider } from '@ai-sdk/amazon-bedrock'
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime'
import { HumanMessage } from '@langchain/core/messages'
import { BedrockEmbeddings, ChatBedrockConverse } from '@langchain/aws'
import { embedMany, generateImage, generateText, jsonSchema, streamText } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestTenant } from './admin-client.ts'
import { startHarness, SIMULATOR_BEARER, type Harness } from './harness.ts'
import { counted } from './truth.ts'

const region = 'us-east-1'
/** The Anthropic client asks for a version of the API that models with dated names do not have. */
const CLAUDE = 'us.anthropic.claude-sonnet-5-5'
const NOVA = 'amazon.nova-lite-v1:0'
const EMBEDDINGS = 'amazon.titan-embed-text-v2:0'
const PROMPT = 'Tell me of the sea in 30 words.'

type Way = {
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly bearer: string
}

let harness: Harness
let tenant: TestTenant
let through: Way
let direct: Way
const clients: BedrockRuntimeClient[] = []

beforeAll(async () => {
  harness = await startHarness()
  tenant = await harness.tenant('team-a')
  const { accessKeyId, secretAccessKey, secret: bearer } = tenant
  through = { url: harness.url, accessKeyId, secretAccessKey, bearer }
  direct = {
    url: harness.simulator.url,
    accessKeyId: 'AKIASIMULATOR000001',
    secretAccessKey: 'simulator-secret',
    bearer: SIMULATOR_BEARER,
  }
})

afterAll(async () => {
  for (const client of clients) client.destroy()
  await harness.close()
})

/** What differs from call to call, wherever it stands: ids, times, and how long things took. */
const VOLATILE =
  /^(?:id|_?request_?id|responseId|.*[tT]imestamp|.*latency.*|headers|\$metadata|lc_id|toolCallId|tool_call_id|.*Performance.*|.*TimeMs|performance|callId|.*[iI]d)$/

function steady(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key: string, part: unknown) => {
      if (VOLATILE.test(key)) return undefined
      return part instanceof Uint8Array ? Buffer.from(part).toString('base64') : part
    }) ?? 'null',
  )
}

/** The same done both ways gives the same; and each call of it has an entry that says what was billed. */
async function assertSame(act: (way: Way) => Promise<unknown>): Promise<void> {
  const before = (await harness.ledger()).length
  const ours = steady(await act(through))
  const bill = new Map(harness.simulator.bill().map((billed) => [billed.request_id, billed]))
  // with the prompt caches as empty as they were before
  harness.simulator.reset()
  expect(ours).toEqual(steady(await act(direct)))
  expect(JSON.stringify(ours).length).toBeGreaterThan(20)
  const added = (await harness.ledger()).slice(before)
  expect(added.length).toBeGreaterThan(0)
  for (const entry of added) {
    expect(entry).toMatchObject({ ending: 'completed', estimated: false, tenant_id: 'team-a' })
    expect(counted(entry.usage)).toEqual(counted(bill.get(String(entry.upstream_request_id))?.usage ?? null))
  }
}

describe('@anthropic-ai/bedrock-sdk', () => {
  const signed = ({ url, accessKeyId, secretAccessKey }: Way): AnthropicBedrock =>
    new AnthropicBedrock({
      baseURL: url,
      awsRegion: region,
      awsAccessKey: accessKeyId,
      awsSecretKey: secretAccessKey,
      maxRetries: 0,
    })
  const bearer = ({ url, bearer: apiKey }: Way): AnthropicBedrock =>
    new AnthropicBedrock({ baseURL: url, awsRegion: region, apiKey, maxRetries: 0 })
  const input = { model: CLAUDE, max_tokens: 200, messages: [{ role: 'user' as const, content: PROMPT }] }
  const weather = {
    name: 'weather',
    description: 'Tells the weather of a place.',
    input_schema: { type: 'object' as const, properties: { place: { type: 'string' } } },
  }

  describe.each([
    ['signed', signed],
    ['with a bearer key', bearer],
  ])('%s', (_how, client) => {
    it('creates a message', () => assertSame((way) => client(way).messages.create(input)))

    it('streams a message', () =>
      assertSame(async (way) => {
        const stream = client(way).messages.stream(input)
        const events: unknown[] = []
        for await (const event of stream) events.push(event)
        return [events, await stream.finalMessage()]
      }))

    it('streams raw events', () =>
      assertSame(async (way) => {
        const events: unknown[] = []
        for await (const event of await client(way).messages.create({ ...input, stream: true })) events.push(event)
        return events
      }))

    it('calls a tool', () =>
      assertSame((way) =>
        client(way).messages.create({ ...input, tools: [weather], tool_choice: { type: 'tool', name: 'weather' } }),
      ))

    it('caches a long system prompt', () =>
      assertSame(async (way) => {
        const system = [
          { type: 'text' as const, text: 'a sea '.repeat(3_000), cache_control: { type: 'ephemeral' as const } },
        ]
        const written = await client(way).messages.create({ ...input, system })
        const read = await client(way).messages.create({ ...input, system })
        expect([written.usage.cache_creation_input_tokens, read.usage.cache_read_input_tokens]).not.toContain(0)
        return [written, read]
      }))
  })

  it('hears a refusal in its own type', async () => {
    const model = 'us.anthropic.claude-sonnet-9'
    for (const way of [through, direct]) {
      await expect(signed(way).messages.create({ ...input, model })).rejects.toMatchObject({ status: 400 })
    }
    const wrong = new AnthropicBedrock({ baseURL: through.url, awsRegion: region, apiKey: 'wb_no_key', maxRetries: 0 })
    await expect(wrong.messages.create(input)).rejects.toMatchObject({ status: 403 })
  })
})

describe('@ai-sdk/amazon-bedrock', () => {
  const signed = ({ url, accessKeyId, secretAccessKey }: Way): AmazonBedrockProvider =>
    createAmazonBedrock({ region, baseURL: url, accessKeyId, secretAccessKey })
  const bearer = ({ url, bearer: apiKey }: Way): AmazonBedrockProvider =>
    createAmazonBedrock({ region, baseURL: url, apiKey })
  const weather = {
    description: 'Tells the weather of a place.',
    inputSchema: jsonSchema({ type: 'object', properties: { place: { type: 'string' } } }),
  }

  describe.each([
    ['signed', signed],
    ['with a bearer key', bearer],
  ])('%s', (_how, provider) => {
    it('generates text', () =>
      assertSame(async (way) => {
        const { text, usage, finishReason } = await generateText({
          model: provider(way)(NOVA),
          prompt: PROMPT,
          maxRetries: 0,
        })
        return { text, usage, finishReason }
      }))

    it('streams text', () =>
      assertSame(async (way) => {
        const result = streamText({ model: provider(way)(NOVA), prompt: PROMPT, maxRetries: 0 })
        const parts: string[] = []
        for await (const part of result.textStream) parts.push(part)
        return [parts, await result.usage, await result.finishReason]
      }))

    it('calls a tool', () =>
      assertSame(async (way) => {
        const { toolCalls, finishReason } = await generateText({
          model: provider(way)(NOVA),
          prompt: PROMPT,
          tools: { weather },
          toolChoice: 'required',
          maxRetries: 0,
        })
        expect(toolCalls).toHaveLength(1)
        return { toolCalls, finishReason }
      }))

    it('embeds', () =>
      assertSame(async (way) => {
        const model = provider(way).embedding(EMBEDDINGS)
        const { embeddings, usage } = await embedMany({ model, values: ['sea', 'ship'], maxRetries: 0 })
        return { embeddings, usage }
      }))

    it('makes an image', () =>
      assertSame(async (way) => {
        const model = provider(way).image('amazon.nova-canvas-v1:0')
        const { images } = await generateImage({ model, prompt: 'a sea', size: '1024x1024', maxRetries: 0 })
        return images.map(({ base64 }) => base64)
      }))
  })

  it('hears a refusal with its status', async () => {
    const model = createAmazonBedrock({ region, baseURL: through.url, apiKey: 'wb_no_key' })(NOVA)
    await expect(generateText({ model, prompt: PROMPT, maxRetries: 0 })).rejects.toMatchObject({ statusCode: 403 })
  })
})

describe('@langchain/aws', () => {
  function awsClient({ url, accessKeyId, secretAccessKey }: Way): BedrockRuntimeClient {
    const client = new BedrockRuntimeClient({ region, endpoint: url, credentials: { accessKeyId, secretAccessKey } })
    clients.push(client)
    return client
  }
  const chat = (way: Way, model = NOVA): ChatBedrockConverse =>
    new ChatBedrockConverse({ model, region, client: awsClient(way), maxRetries: 0 })
  const weather = {
    name: 'weather',
    description: 'Tells the weather of a place.',
    schema: { type: 'object', properties: { place: { type: 'string' } } },
  }

  it('invokes', () => assertSame((way) => chat(way).invoke(PROMPT)))

  it('streams', () =>
    assertSame(async (way) => {
      const chunks: unknown[] = []
      for await (const chunk of await chat(way).stream([new HumanMessage(PROMPT)])) chunks.push(chunk)
      return chunks
    }))

  it('invokes many at once', () =>
    assertSame((way) => chat(way).batch(['the sea in 20 words', 'the ship in 25 words', 'the net in 30 words'])))

  it('calls a tool', () =>
    assertSame((way) => chat(way, CLAUDE).bindTools([weather], { tool_choice: 'any' }).invoke(PROMPT)))

  it('embeds', () =>
    assertSame((way) => {
      const { accessKeyId, secretAccessKey } = way
      const credentials = { accessKeyId, secretAccessKey }
      const client = awsClient(way)
      return new BedrockEmbeddings({ model: EMBEDDINGS, region, credentials, client }).embedDocuments(['sea', 'ship'])
    }))
})

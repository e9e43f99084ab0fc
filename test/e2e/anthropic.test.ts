// Anthropic's own clients, the current one and the last of the old line, unmodified: all that they do, on Claude and on other models.

import { createAnthropic } from '@ai-sdk/anthropic'
import Anthropic from '@anthropic-ai/sdk'
import { ChatAnthropic } from '@langchain/anthropic'
import { generateText, jsonSchema, streamText } from 'ai'
import OldAnthropic from 'anthropic-sdk-0'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LedgerLine, TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { counted } from './truth.ts'

const CLAUDE = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'

let harness: Harness
let tenant: TestTenant

beforeAll(async () => {
  harness = await startHarness({ settings: { WEIGHBRIDGE_METADATA_KEYS: 'user_id,claude_code_session_id' } })
  tenant = await harness.tenant('team-a')
})
afterAll(() => harness.close())
beforeEach(() => harness.simulator.reset())

const current = (key = tenant.secret, path = '/anthropic'): Anthropic =>
  new Anthropic({ baseURL: harness.url + path, apiKey: key, maxRetries: 0 })
const old = (key = tenant.secret, path = '/anthropic'): Anthropic =>
  new OldAnthropic({ baseURL: harness.url + path, apiKey: key, maxRetries: 0 }) as unknown as Anthropic

const CLIENTS = [
  ['the current client', current],
  ['the old client', old],
] as const

const input = (model: string, text = 'Tell me of the sea in 30 words.') => ({
  model,
  max_tokens: 200,
  messages: [{ role: 'user' as const, content: text }],
})

const weather = {
  name: 'weather',
  description: 'Tells the weather of a place.',
  input_schema: { type: 'object' as const, properties: { place: { type: 'string' } } },
}

/** The entries that `act` adds; each says what was billed. */
async function metered(act: () => Promise<unknown>): Promise<LedgerLine[]> {
  const before = (await harness.ledger()).length
  await act()
  const added = (await harness.ledger()).slice(before)
  const bill = new Map(harness.simulator.bill().map((billed) => [billed.request_id, billed]))
  for (const entry of added) {
    const billed = bill.get(String(entry.upstream_request_id))
    if (billed === undefined) continue
    expect(counted(entry.usage)).toEqual(counted(billed.usage))
    expect(entry.operation).toBe(billed.operation)
  }
  return added
}

describe.each(CLIENTS)('%s, Claude by InvokeModel', (_name, client) => {
  it('gets what a native call gets, for the same tokens at the same cost', async () => {
    const { model, ...native } = input(CLAUDE)
    let ours: unknown
    const [entry] = await metered(async () => {
      ours = await client().messages.create(input(CLAUDE))
    })
    harness.simulator.reset()
    const [nativeEntry] = await metered(async () => {
      const answer = await fetch(`${harness.url}/model/${encodeURIComponent(model)}/invoke`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tenant.secret}` },
        body: JSON.stringify({ ...native, anthropic_version: 'bedrock-2023-05-31' }),
      })
      expect(ours).toMatchObject((await answer.json()) as object)
    })
    expect(entry).toMatchObject({
      ending: 'completed',
      estimated: false,
      surface: 'anthropic',
      operation: 'InvokeModel',
    })
    expect([entry?.usage, entry?.cost_usd]).toEqual([nativeEntry?.usage, nativeEntry?.cost_usd])
    expect(entry?.cost_usd).not.toBeNull()
  })

  it('streams to the same message, with a ping, and without a word of Bedrock’s', async () => {
    const whole = await client().messages.create(input(CLAUDE))
    harness.simulator.reset()
    const [entry] = await metered(async () => {
      const stream = client().messages.stream(input(CLAUDE))
      const events: unknown[] = []
      stream.on('streamEvent', (event) => events.push(event))
      const message = await stream.finalMessage()
      expect(message.content).toEqual(whole.content)
      expect([message.stop_reason, message.usage.output_tokens]).toEqual([whole.stop_reason, whole.usage.output_tokens])
      expect(JSON.stringify(events)).not.toContain('amazon-bedrock')
    })
    expect(entry).toMatchObject({ operation: 'InvokeModelWithResponseStream', ending: 'completed' })
  })

  it('calls a tool, streamed and not', async () => {
    const asked = { ...input(CLAUDE), tools: [weather], tool_choice: { type: 'tool' as const, name: 'weather' } }
    const whole = await client().messages.create(asked)
    expect(whole.stop_reason).toBe('tool_use')
    const streamed = await client().messages.stream(asked).finalMessage()
    expect(streamed.content).toEqual(whole.content)
  })

  it('thinks, and gives its signature back in the next turn', async () => {
    const asked = { ...input(CLAUDE), max_tokens: 3_000, thinking: { type: 'enabled' as const, budget_tokens: 1_024 } }
    const first = await client().messages.create(asked)
    expect(first.content[0]).toMatchObject({ type: 'thinking', signature: expect.stringMatching(/.{20}/) })
    const messages = [
      ...asked.messages,
      { role: 'assistant' as const, content: first.content },
      { role: 'user' as const, content: 'And the coast?' },
    ]
    const second = await client()
      .messages.stream({ ...asked, messages })
      .finalMessage()
    expect(second.content.map(({ type }) => type)).toEqual(['thinking', 'text'])
  })

  it('caches for five minutes and for an hour; cached tokens are counted once', async () => {
    const system = [
      {
        type: 'text' as const,
        text: 'a sea '.repeat(6_000),
        cache_control: { type: 'ephemeral' as const, ttl: '1h' as const },
      },
      { type: 'text' as const, text: 'a ship '.repeat(6_000), cache_control: { type: 'ephemeral' as const } },
    ]
    const entries = await metered(async () => {
      await client().messages.create({ ...input(CLAUDE), system })
      await client()
        .messages.stream({ ...input(CLAUDE), system })
        .finalMessage()
    })
    expect(entries[0]?.usage).toMatchObject({
      cache_write_1h_tokens: expect.any(Number),
      cache_write_5m_tokens: expect.any(Number),
    })
    expect(entries[1]?.usage).toMatchObject({ cache_read_tokens: expect.any(Number) })
  })

  it('records the user that it names, and answers below /v1 too', async () => {
    const [entry] = await metered(() =>
      client(tenant.secret, '').messages.create({ ...input(CLAUDE), metadata: { user_id: 'ann' } }),
    )
    expect(entry?.metadata).toEqual({ user_id: 'ann' })
  })

  it('hears refusals in its own types', async () => {
    const closed = await harness.tenant(`closed-${_name.replaceAll(' ', '-')}`, { allowed_models: ['amazon.*'] })
    const refused = async (key: string, model: string, over = {}): Promise<unknown> =>
      client(key)
        .messages.create({ ...input(model), ...over })
        .then(
          () => null,
          ({ status, error }: { status: number; error: unknown }) => [status, (error as Refusal).error.type],
        )
    type Refusal = { error: { type: string } }
    expect(await refused('wb_no_key', CLAUDE)).toEqual([401, 'authentication_error'])
    expect(await refused(closed.secret, CLAUDE)).toEqual([403, 'permission_error'])
    expect(await refused(tenant.secret, 'claude')).toEqual([404, 'not_found_error'])
    expect(await refused(tenant.secret, CLAUDE, { max_tokens: 0 })).toEqual([400, 'invalid_request_error'])
    expect(await refused(tenant.secret, `${CLAUDE.slice(0, -4)}-none`)).toEqual([400, 'invalid_request_error'])
  })

  it('is not told to try again when the budget is spent', async () => {
    const id = `poor-${_name.replaceAll(' ', '-')}`
    const poor = await harness.tenant(id, { limits: [{ kind: 'cost', per: 'day', amount: '0.000001', mode: 'hard' }] })
    const patient = (client === current ? Anthropic : OldAnthropic) as typeof Anthropic
    let sent = 0
    const counting: typeof fetch = (...question) => {
      sent++
      return fetch(...question)
    }
    const asked = new patient({
      baseURL: `${harness.url}/anthropic`,
      apiKey: poor.secret,
      maxRetries: 3,
      fetch: counting,
    })
    await expect(asked.messages.create(input(CLAUDE))).rejects.toMatchObject({
      status: 429,
      error: { error: { type: 'billing_error' } },
    })
    expect(sent).toBe(1)
    expect(harness.simulator.bill()).toEqual([])
  })
})

describe('@ai-sdk/anthropic', () => {
  const model = (id: string) => createAnthropic({ baseURL: `${harness.url}/anthropic/v1`, apiKey: tenant.secret })(id)

  it('generates, streams and calls a tool', async () => {
    const prompt = 'Tell me of the sea in 30 words.'
    const whole = await generateText({ model: model(CLAUDE), prompt, maxRetries: 0 })
    const streamed = streamText({ model: model(CLAUDE), prompt, maxRetries: 0 })
    expect(await streamed.text).toBe(whole.text)
    expect(await streamed.usage).toMatchObject({ outputTokens: whole.usage.outputTokens })
    const tools = {
      weather: { description: weather.description, inputSchema: jsonSchema(weather.input_schema as object) },
    }
    const called = await generateText({ model: model(CLAUDE), prompt, tools, toolChoice: 'required', maxRetries: 0 })
    expect(called).toMatchObject({ finishReason: 'tool-calls', toolCalls: [{ toolName: 'weather' }] })
  })
})

describe('@langchain/anthropic', () => {
  const chat = (model: string): ChatAnthropic =>
    new ChatAnthropic({ model, apiKey: tenant.secret, anthropicApiUrl: `${harness.url}/anthropic`, maxRetries: 0 })

  it('invokes, streams and calls a tool', async () => {
    const prompt = 'Tell me of the sea in 30 words.'
    const whole = await chat(CLAUDE).invoke(prompt)
    let streamed = ''
    for await (const chunk of await chat(CLAUDE).stream(prompt)) streamed += chunk.text
    expect(streamed).toBe(whole.text)
    const called = await chat(CLAUDE).bindTools([weather], { tool_choice: 'any' }).invoke(prompt)
    expect(called.tool_calls).toMatchObject([{ name: 'weather' }])
  })
})

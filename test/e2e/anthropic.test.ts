// Anthropic's own clients, the current one and the last of the old line, unmodified: all that they do, on Claude and on other models.

import Anthropic from '@anthropic-ai/sdk'
import OldAnthropic from 'anthropic-sdk-0'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { NO_SCENARIO, parseScenario } from '../../simulator/scenario.ts'
import type { LedgerLine, TestTenant } from './admin-client.ts'
import { SIMULATOR_BEARER, startHarness, type Harness } from './harness.ts'
import { counted } from './truth.ts'

const NOVA = 'amazon.nova-lite-v1:0'
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

  it('gets what Bedrock’s own Messages endpoint gives', async () => {
    const own = new (client === current ? Anthropic : (OldAnthropic as unknown as typeof Anthropic))({
      baseURL: `${harness.simulator.url}/anthropic`,
      apiKey: SIMULATOR_BEARER,
      maxRetries: 0,
    })
    const said: unknown[] = []
    for (const way of [own, client()]) {
      harness.simulator.reset()
      const whole = await way.messages.create(input(CLAUDE))
      const events: unknown[] = []
      for await (const event of await way.messages.create({ ...input(CLAUDE), stream: true })) events.push(event)
      said.push([JSON.parse(JSON.stringify(whole)), events, harness.simulator.bill().map(({ usage }) => usage)])
    }
    expect(said[1]).toEqual(said[0])
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

describe.each(CLIENTS)('%s, other models by Converse', (_name, client) => {
  /** The same conversation in Bedrock's own words. */
  async function converse(model: string, body: object): Promise<LedgerLine | undefined> {
    harness.simulator.reset()
    const [entry] = await metered(async () => {
      const answer = await fetch(`${harness.url}/model/${encodeURIComponent(model)}/converse`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tenant.secret}` },
        body: JSON.stringify(body),
      })
      expect(answer.status).toBe(200)
    })
    return entry
  }

  it.each([NOVA, 'openai.gpt-oss-120b-1:0', 'meta.llama3-3-70b-instruct-v1:0'])(
    '%s: the ledger of a call is that of the native one, streamed and not',
    async (model) => {
      const prompt = 'Tell me of the sea in 30 words.'
      const native = await converse(model, {
        messages: [{ role: 'user', content: [{ text: prompt }] }],
        inferenceConfig: { maxTokens: 200 },
      })
      harness.simulator.reset()
      let whole: unknown
      const [entry] = await metered(async () => {
        whole = (await client().messages.create(input(model, prompt))).content
      })
      harness.simulator.reset()
      const [streamed] = await metered(async () => {
        const message = await client().messages.stream(input(model, prompt)).finalMessage()
        expect(message.content).toEqual(whole)
        expect(message.usage.input_tokens).toBe(native?.usage?.input_tokens)
      })
      for (const line of [entry, streamed]) {
        expect([line?.usage, line?.cost_usd]).toEqual([native?.usage, native?.cost_usd])
        expect(line).toMatchObject({ surface: 'anthropic', ending: 'completed', model_id: model })
      }
      expect(native?.cost_usd).not.toBeNull()
    },
  )

  it('calls a tool and takes its failed result, streamed and not', async () => {
    const asked = { ...input(NOVA), tools: [weather], tool_choice: { type: 'any' as const } }
    const whole = await client().messages.create(asked)
    expect([whole.stop_reason, whole.content[0]?.type]).toEqual(['tool_use', 'tool_use'])
    const streamed = await client().messages.stream(asked).finalMessage()
    expect(streamed.content).toEqual(whole.content)
    const [call] = whole.content.filter((block) => block.type === 'tool_use')
    const result = { type: 'tool_result' as const, tool_use_id: call?.id ?? '', is_error: true, content: 'no weather' }
    const { tools } = asked
    const messages = [
      ...asked.messages,
      { role: 'assistant' as const, content: whole.content },
      { role: 'user' as const, content: [result] },
    ]
    const next = await client().messages.create({ ...input(NOVA), tools, messages })
    expect(next.stop_reason).toBe('end_turn')
  })

  it('says at which words it stopped, and what could not be carried', async () => {
    const said = await client().messages.create(input(NOVA))
    const [block] = said.content
    const stop = block?.type === 'text' ? (block.text.split(' ')[5] ?? '') : ''
    const request = { ...input(NOVA), stop_sequences: ['never said', stop], service_tier: 'auto' as const }
    const { data, response } = await client().messages.create(request).withResponse()
    expect([data.stop_reason, data.stop_sequence]).toEqual(['stop_sequence', stop])
    expect(response.headers.get('x-weighbridge-dropped')).toBe('service_tier')
    expect(response.headers.get('request-id')).toBe(response.headers.get('x-weighbridge-request-id'))
  })

  it('counts what was cached once', async () => {
    const text = 'a sea '.repeat(6_000)
    const system = [{ type: 'text' as const, text, cache_control: { type: 'ephemeral' as const } }]
    const entries = await metered(async () => {
      const written = await client().messages.create({ ...input(NOVA), system })
      const read = await client()
        .messages.stream({ ...input(NOVA), system })
        .finalMessage()
      expect(written.usage.cache_creation_input_tokens).toBeGreaterThan(1_000)
      expect(read.usage.cache_read_input_tokens).toBe(written.usage.cache_creation_input_tokens)
    })
    expect(entries).toHaveLength(2)
  })

  it('hears what Bedrock refuses with in its own words, whole and in a stream', async () => {
    const refused = (model: string, stream = false) =>
      client()
        .messages.create({ ...input(model), stream })
        .then(
          async (answer) => {
            for await (const event of answer as AsyncIterable<unknown>) void event
            return null
          },
          (thrown: unknown) => thrown,
        )
    const throttled = 'error:type=ThrottlingException'
    expect(await faulty(throttled, () => refused(NOVA))).toMatchObject({
      status: 429,
      error: { error: { type: 'rate_limit_error', message: 'Too many requests, please wait before trying again.' } },
    })
    await expect(faulty('exception:after=3,type=throttlingException', () => refused(NOVA, true))).rejects.toMatchObject(
      {
        error: { error: { type: 'rate_limit_error' } },
      },
    )
    await expect(faulty('reset:after=3', () => refused(NOVA, true))).rejects.toMatchObject({
      error: { error: { type: 'api_error' } },
    })
  })
})

/** Every call of `act` meets this fault upstream. */
async function faulty<T>(fault: string, act: () => Promise<T>): Promise<T> {
  harness.simulator.setScenario(parseScenario({ rules: [{ faults: [fault] }] }))
  try {
    return await act()
  } finally {
    harness.simulator.setScenario(NO_SCENARIO)
  }
}

it.each(CLIENTS)('%s lists all models, page by page, and finds one', async (_name, client) => {
  const ids: string[] = []
  for await (const { id } of client().models.list({ limit: 50 })) ids.push(id)
  expect(ids.length).toBeGreaterThan(100)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toEqual(expect.arrayContaining([CLAUDE, NOVA]))
  expect(await client().models.retrieve(CLAUDE)).toMatchObject({ id: CLAUDE, type: 'model' })
})

describe.each(CLIENTS)('%s, counting tokens', (_name, client) => {
  it.each([CLAUDE, NOVA])('%s counts what a call would read, for nothing', async (model) => {
    const { messages } = input(model)
    let tokens: unknown
    const [entry] = await metered(async () => {
      tokens = (await client().messages.countTokens({ model, messages, tools: [weather] })).input_tokens
    })
    expect(tokens).toBeGreaterThan(10)
    expect(entry).toMatchObject({ operation: 'CountTokens', cost_usd: '0' })
  })

  it('passes on that a model cannot be counted', async () => {
    const counting = client().messages.countTokens({ ...input('us.anthropic.claude-sonnet-5-5') })
    await expect(counting).rejects.toMatchObject({
      status: 400,
      error: { error: { message: "The provided model doesn't support counting tokens." } },
    })
  })
})

it('a client that leaves a stream is settled once, with what was generated', async () => {
  const [entry] = await metered(async () => {
    await faulty('slow:ms=5', async () => {
      const stream = current().messages.stream(input(NOVA, 'Tell me of the sea in 150 words.'))
      await new Promise<void>((resolve) => {
        stream.on('text', () => resolve())
        stream.done().catch(() => undefined)
      })
      stream.abort()
      await vi.waitUntil(async () => (await harness.ledger()).at(-1)?.ending === 'client_aborted', { timeout: 10_000 })
    })
  })
  expect(entry).toMatchObject({ ending: 'client_aborted', surface: 'anthropic' })
})

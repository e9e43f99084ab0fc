// Bedrock's own endpoints of OpenAI's and Anthropic's dialects: what passes through is what Bedrock says, at the same cost as by translation.

import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LedgerLine, TestTenant } from './admin-client.ts'
import { SIMULATOR_BEARER, startHarness, type Harness } from './harness.ts'
import { counted } from './truth.ts'

const GPT = 'us.openai.gpt-5.6-luna'
const OSS = 'openai.gpt-oss-20b-1:0'
const CLAUDE = 'us.anthropic.claude-sonnet-5-5'
const PROMPT = 'Tell me of the sea in 30 words.'
const CHOICES = ['auto', 'prefer', 'avoid'] as const

let harness: Harness
const tenants = new Map<string, TestTenant>()

beforeAll(async () => {
  harness = await startHarness()
  for (const choice of CHOICES) {
    await harness.admin('PUT', `plans/${choice}`, { allowed_models: ['*'], dialects: { bedrock_endpoints: choice } })
    tenants.set(choice, await harness.tenant(`by-${choice}`, { plan_id: choice }))
  }
})
afterAll(() => harness.close())

const secretOf = (choice: string): string => tenants.get(choice)?.secret ?? ''
const openai = (choice: string): OpenAI =>
  new OpenAI({ baseURL: `${harness.url}/openai/v1`, apiKey: secretOf(choice), maxRetries: 0 })
const direct = (): OpenAI =>
  new OpenAI({ baseURL: `${harness.simulator.url}/openai/v1`, apiKey: SIMULATOR_BEARER, maxRetries: 0 })

async function lastEntry(): Promise<LedgerLine> {
  const entry = (await harness.ledger()).at(-1)
  if (entry === undefined) throw new Error('the ledger is empty')
  const billed = harness.simulator.bill().find(({ request_id }) => request_id === entry.upstream_request_id)
  expect(entry).toMatchObject({ ending: 'completed', estimated: false })
  expect(counted(entry.usage)).toEqual(counted(billed?.usage ?? null))
  return entry
}

/** Without what differs from call to call. */
const steady = (text: string): string =>
  text
    .replaceAll(/"(?:id|item_id|request_id)":"[^"]*"/g, '"id":""')
    .replaceAll(/"(?:created|created_at|completed_at)":\d+/g, '"created":0')

async function raw(url: string, path: string, secret: string, body: object, headers = {}): Promise<string> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return `${answer.status} ${answer.headers.get('content-type')} ${steady(await answer.text())}`
}

describe('bytes', () => {
  const messages = [{ role: 'user', content: PROMPT }]
  const version = { 'anthropic-version': '2026-10-21' }
  const chat = { model: GPT, messages, seed: 3, stream_options: { include_usage: true } }
  const rows: readonly (readonly [path: string, body: object, operation: string])[] = [
    ['/openai/v1/chat/completions', { model: GPT, messages, n: 2, logit_bias: {} }, 'ChatCompletions'],
    ['/openai/v1/chat/completions', { ...chat, stream: true }, 'ChatCompletionsStream'],
    ['/openai/v1/chat/completions', { model: OSS, messages }, 'ChatCompletions'],
    ['/openai/v1/responses', { model: GPT, input: PROMPT }, 'CreateResponse'],
    ['/openai/v1/responses', { model: GPT, input: PROMPT, stream: true }, 'CreateResponseStream'],
    ['/anthropic/v1/messages', { model: CLAUDE, max_tokens: 90, messages }, 'Messages'],
    ['/anthropic/v1/messages', { model: CLAUDE, max_tokens: 90, messages, stream: true }, 'MessagesStream'],
  ]

  it.each(rows)('of %s %j are those of Bedrock, and metered', async (path, body, operation) => {
    const through = await raw(harness.url, path, secretOf('prefer'), body, version)
    expect(await lastEntry()).toMatchObject({ operation, tenant_id: 'by-prefer' })
    harness.simulator.reset()
    expect(through).toBe(await raw(harness.simulator.url, path, SIMULATOR_BEARER, body, version))
    expect(through).toMatch(/^200 /)
  })

  it.each(rows)('of %s %j cost the same when the plan avoids these endpoints', async (path, body, operation) => {
    const { stream } = body as { stream?: boolean }
    harness.simulator.reset()
    await raw(harness.url, path, secretOf('prefer'), body, version)
    const passed = await lastEntry()
    harness.simulator.reset()
    await raw(harness.url, path, secretOf('avoid'), { ...body, n: undefined, logit_bias: undefined }, version)
    const { operation: other, usage, cost_usd } = await lastEntry()
    expect(other).not.toBe(operation)
    expect(other.endsWith('Stream')).toBe(stream === true)
    expect(cost_usd).not.toBeNull()
    // by Converse a model is asked in other words, and here only what InvokeModel hears is the same
    if ('n' in body || other.startsWith('Converse')) return
    expect([counted(usage), cost_usd]).toEqual([counted(passed.usage), passed.cost_usd])
  })

  it.each([
    ['/openai/v1/chat/completions', { model: GPT, messages, temperature: 'hot' }],
    ['/openai/v1/responses', { model: GPT, input: PROMPT, background: true }],
    ['/anthropic/v1/messages', { model: CLAUDE, messages, max_tokens: 9, temperature: 'hot' }],
  ])('of a refusal of %s are those of Bedrock', async (path, body) => {
    const through = await raw(harness.url, path, secretOf('prefer'), body, version)
    expect(through).toBe(await raw(harness.simulator.url, path, SIMULATOR_BEARER, body, version))
    expect(through).toMatch(/^400 /)
  })
})

describe('the way of a model', () => {
  it.each([
    ['auto', GPT, 'ChatCompletions'],
    ['avoid', GPT, 'InvokeModel'],
    ['auto', OSS, 'Converse'],
    ['prefer', OSS, 'ChatCompletions'],
    ['avoid', OSS, 'Converse'],
  ])('with %s of %s is %s', async (choice, model, operation) => {
    await openai(choice).chat.completions.create({ model, messages: [{ role: 'user', content: PROMPT }] })
    expect(await lastEntry()).toMatchObject({ operation })
  })

  it.each([
    ['auto', 'InvokeModel'],
    ['prefer', 'Messages'],
    ['avoid', 'InvokeModel'],
  ])('with %s of Claude’s messages is %s', async (choice, operation) => {
    const client = new Anthropic({ baseURL: `${harness.url}/anthropic`, apiKey: secretOf(choice), maxRetries: 0 })
    const body = { model: CLAUDE, max_tokens: 50, messages: [{ role: 'user' as const, content: PROMPT }] }
    await client.messages.create(body)
    expect(await lastEntry()).toMatchObject({ operation })
  })

  it('is another where the plan writes what these endpoints do not take', async () => {
    const access = { request_metadata: { team: '{tenant_id}' } }
    await harness.admin('PUT', 'plans/written', { allowed_models: ['*'], access })
    const { secret } = await harness.tenant('written', { plan_id: 'written' })
    const client = new OpenAI({ baseURL: `${harness.url}/openai/v1`, apiKey: secret, maxRetries: 0 })
    await client.chat.completions.create({ model: GPT, messages: [{ role: 'user', content: PROMPT }] })
    expect(await lastEntry()).toMatchObject({ operation: 'InvokeModel' })
    await client.responses.create({ model: GPT, input: PROMPT })
    expect(await lastEntry()).toMatchObject({ operation: 'Converse' })
  })

  it('has the model of an alias, and the tier of the plan', async () => {
    await harness.admin('PUT', 'aliases/fast', { model_id: GPT })
    await harness.admin('PUT', 'plans/plain', { allowed_models: ['*'], access: { service_tiers: ['standard'] } })
    const { secret } = await harness.tenant('plain', { plan_id: 'plain' })
    const client = new OpenAI({ baseURL: `${harness.url}/openai/v1`, apiKey: secret, maxRetries: 0 })
    const answer = await client.responses.create({ model: 'fast', input: PROMPT, service_tier: 'priority' })
    expect(answer.service_tier).toBe('default')
    expect(await lastEntry()).toMatchObject({ operation: 'CreateResponse', model_id: GPT, tier: 'standard' })
  })
})

describe('usage that a client has not asked for', () => {
  it('is asked for all the same, and kept from it', async () => {
    const body = { model: GPT, messages: [{ role: 'user' as const, content: PROMPT }], stream: true as const }
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of await openai('auto').chat.completions.create(body)) chunks.push(chunk)
    expect(chunks.every(({ choices, usage }) => choices.length === 1 && !usage)).toBe(true)
    const ours = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
    expect(await lastEntry()).toMatchObject({ operation: 'ChatCompletionsStream' })
    let theirs = ''
    for await (const chunk of await direct().chat.completions.create(body))
      theirs += chunk.choices[0]?.delta.content ?? ''
    expect(ours).toBe(theirs)
    expect(ours.length).toBeGreaterThan(20)
  })
})

describe('responses that Bedrock keeps', () => {
  const other = () => openai('prefer')
  const notTheirs = { status: 404, code: 'not_found' }

  it.each([true, false])('are read, gone on from and deleted by their tenant alone; streamed: %s', async (streamed) => {
    const mine = openai('auto')
    const asked = { model: GPT, input: 'My name is Ann.' }
    const made = streamed ? await mine.responses.stream(asked).finalResponse() : await mine.responses.create(asked)
    expect((await mine.responses.retrieve(made.id)).output_text).toBe(made.output_text)
    const entries = (await harness.ledger()).length
    await expect(other().responses.retrieve(made.id)).rejects.toMatchObject(notTheirs)
    await expect(other().responses.delete(made.id)).rejects.toMatchObject(notTheirs)
    await expect(other().responses.cancel(made.id)).rejects.toMatchObject(notTheirs)
    const next = { model: GPT, input: 'Who am I?', previous_response_id: made.id }
    await expect(other().responses.create(next)).rejects.toMatchObject({ status: 400 })
    const item = { type: 'item_reference' as const, id: made.output[0]?.id ?? '' }
    await expect(other().responses.create({ model: GPT, input: [item] })).rejects.toMatchObject({ status: 400 })
    expect(await harness.ledger()).toHaveLength(entries)
    const short = await mine.responses.create({ model: GPT, input: 'Who am I?' })
    const long = await mine.responses.create(next)
    expect(long.usage?.input_tokens ?? 0).toBeGreaterThan(short.usage?.input_tokens ?? 0)
    await lastEntry()
    await expect(mine.responses.cancel(made.id)).rejects.toMatchObject({ status: 400 })
    await mine.responses.delete(made.id)
    await expect(mine.responses.retrieve(made.id)).rejects.toMatchObject(notTheirs)
  })

  it('are not there when they were not to be kept', async () => {
    const { id } = await openai('auto').responses.create({ model: GPT, input: PROMPT, store: false })
    await expect(openai('auto').responses.retrieve(id)).rejects.toMatchObject(notTheirs)
  })

  it('cost at most what the longest conversation costs, so a budget holds before they are gone on from', async () => {
    const limits = [{ kind: 'cost', per: 'month', amount: '0.01' }]
    const { secret } = await harness.tenant('poor', { limits })
    const client = new OpenAI({ baseURL: `${harness.url}/openai/v1`, apiKey: secret, maxRetries: 0 })
    const asked = { model: GPT, input: 'hi', max_output_tokens: 16 }
    const { id } = await client.responses.create(asked)
    await expect(client.responses.create({ ...asked, previous_response_id: id })).rejects.toMatchObject({
      status: 429,
      code: 'insufficient_quota',
    })
  })
})

it('answers say what is left of rate limits in the words of their dialect, and nothing where there are none', async () => {
  const limits = [
    { kind: 'requests', per: 'hour', amount: 5 },
    { kind: 'tokens', per: 'day', amount: 1_000_000 },
  ]
  const { secret } = await harness.tenant('limited', { limits })
  const body = { model: CLAUDE, max_tokens: 20, messages: [{ role: 'user', content: PROMPT }] }
  const ask = async (path: string, key: string) => {
    const answer = await fetch(`${harness.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    await answer.text()
    return answer.headers
  }
  const openais = await ask('/v1/chat/completions', secret)
  expect(openais.get('x-ratelimit-limit-requests')).toBe('5')
  expect(openais.get('x-ratelimit-remaining-requests')).toBe('4')
  expect(openais.get('x-ratelimit-reset-tokens')).toMatch(/^(?:\d+h)?(?:\d+m)?\d+s$/)
  const anthropics = await ask('/anthropic/v1/messages', secret)
  expect(anthropics.get('anthropic-ratelimit-requests-remaining')).toBe('3')
  expect(anthropics.get('anthropic-ratelimit-tokens-limit')).toBe('1000000')
  expect(anthropics.get('anthropic-ratelimit-requests-reset')).toMatch(/^20\d\d-\d\d-\d\dT\d\d:00:00Z$/)
  const none = await ask('/v1/chat/completions', secretOf('auto'))
  expect([...none.keys()].filter((name) => name.includes('ratelimit'))).toEqual([])
})

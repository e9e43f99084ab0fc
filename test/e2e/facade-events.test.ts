// The façade's answers as server-sent events: text as it comes, at the end what was used, one entry whatever becomes of the stream.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { startHarness, type Harness } from './harness.ts'

const NOVA = 'amazon.nova-lite-v1:0'
const BREAKS = 'mistral.mixtral-8x7b-instruct-v0:1'
const EXCEPTS = 'meta.llama3-70b-instruct-v1:0'
const SLOW = 'amazon.nova-micro-v1:0'
const FAILS = 'amazon.nova-pro-v1:0'

const scenario = parseScenario({
  rules: [
    { match: { model_id: BREAKS }, faults: ['fin:at=mid_event,after=3'] },
    { match: { model_id: EXCEPTS }, faults: ['exception:type=throttlingException,after=3'] },
    { match: { model_id: SLOW }, faults: ['slow:ms=20'] },
    { match: { model_id: FAILS }, faults: ['error:type=ValidationException'] },
  ],
})

let harness: Harness
let keys: Record<string, string>

beforeAll(async () => {
  harness = await startHarness({ simulator: { scenario } })
  keys = {}
  for (const on_disconnect of ['drain', 'abort'])
    await harness.admin('PUT', `plans/${on_disconnect}`, { allowed_models: ['*'], on_disconnect })
  for (const [id, over] of Object.entries({
    reader: {},
    drains: { plan_id: 'drain' },
    aborts: { plan_id: 'abort' },
    poor: { limits: [{ kind: 'cost', per: 'month', amount: '0', mode: 'hard' }] },
  }))
    keys[id] = (await harness.tenant(id, over)).secret
})

afterAll(() => harness.close())

type Said = { readonly event: string; readonly data: Record<string, unknown> }

const send = (model: string, over: { tenant?: string; headers?: Record<string, string>; body?: unknown } = {}) =>
  fetch(`${harness.url}/invoke_model?model_id=${encodeURIComponent(model)}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${keys[over.tenant ?? 'reader']}`,
      accept: 'text/event-stream',
      ...over.headers,
    },
    body: JSON.stringify(over.body ?? { inputs: 'Tell me of bridges, at length, please.' }),
  })

const eventsIn = (text: string): Said[] =>
  text
    .split('\n\n')
    .filter((event) => event !== '' && !event.startsWith(':'))
    .map((event) => {
      const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
      return { event: name, data: JSON.parse(data) as Said['data'] }
    })

const textIn = (said: readonly Said[]): string =>
  said
    .filter(({ event }) => event === 'delta')
    .map(({ data }) => data['generated_text'])
    .join('')

const entriesOf = async (id: string | null) => (await harness.ledger()).filter((entry) => entry.request_id === id)
const idOf = (response: Response): string | null => response.headers.get('x-weighbridge-request-id')

const MESSAGES = { messages_api: 'true' }
const MESSAGE = [{ role: 'user', content: [{ text: 'Tell me of bridges.' }] }]

describe('a text call that takes events', () => {
  it.each<[string, string, { headers?: Record<string, string>; body: unknown }]>([
    ['messages', 'anthropic.claude-3-haiku-20240307-v1:0', { headers: MESSAGES, body: { inputs: MESSAGE } }],
    ['a Claude prompt', 'anthropic.claude-3-haiku-20240307-v1:0', { body: { inputs: 'Hi there' } }],
    ['a Titan prompt', 'amazon.titan-text-express-v1', { body: { inputs: 'Hi there' } }],
    ['a Llama prompt', 'meta.llama3-8b-instruct-v1:0', { body: { inputs: 'Hi there' } }],
    ['a Mistral prompt', 'mistral.mistral-7b-instruct-v0:2', { body: { inputs: 'Hi there' } }],
    ['a prompt of a model without a format of prompts', NOVA, { body: { inputs: 'Hi there' } }],
  ])('of %s says its text in pieces, then what it used, as its one entry', async (_, model, asked) => {
    const response = await send(model, asked)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    const said = eventsIn(await response.text())
    const whole = await send(model, { ...asked, headers: { ...asked.headers, accept: 'application/json' } })
    const [item] = (await whole.json()) as { generated_text: string }[]
    expect(textIn(said)).toBe(item?.generated_text)
    expect(said.filter(({ event }) => event === 'delta').length).toBeGreaterThan(1)
    const [entry, ...others] = await entriesOf(idOf(response))
    expect(others).toEqual([])
    expect(entry).toMatchObject({ ending: 'completed', surface: 'facade', estimated: false, tenant_id: 'reader' })
    expect(said.at(-1)).toEqual({ event: 'done', data: { request_id: idOf(response), usage: entry?.usage } })
    expect(entry?.operation).toMatch(/Stream$/)
  })

  it('goes before polling when both are asked for, and a poll is still a poll', async () => {
    const both = await send(NOVA, { headers: { streaming: 'true' } })
    expect(eventsIn(await both.text()).at(-1)?.event).toBe('done')
    const poll = await fetch(`${harness.url}/invoke_model?model_id=${NOVA}&requestId=nothing`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys['reader']}`, accept: 'text/event-stream' },
      body: '{}',
    })
    expect(await poll.json()).toEqual([{ request_id: 'nothing' }])
  })

  it.each(['*/*', 'application/json', 'text/event-streams', 'text/*'])('is not one that takes %s', async (accept) => {
    const response = await send(NOVA, { headers: { accept } })
    expect(await response.json()).toEqual([{ generated_text: expect.any(String) as string }])
  })

  it('has embeddings at once, as ever', async () => {
    const response = await send('amazon.titan-embed-text-v2:0', {
      headers: { type: 'embeddings' },
      body: { inputs: 'Hi' },
    })
    expect(await response.json()).toEqual([{ embedding: expect.any(Array) as number[] }])
  })
})

describe('a stream that does not end well', () => {
  it('is refused before its first byte as any call is', async () => {
    const poor = await send(NOVA, { tenant: 'poor' })
    expect([poor.status, await poor.json()]).toEqual([429, expect.objectContaining({ message: 'Limit Exceeded' })])
    const refused = await send(FAILS)
    expect(refused.status).toBe(400)
    expect(await refused.json()).toEqual([{ generated_text: expect.stringMatching(/^[A-Z]/) as string }])
  })

  it('says in an event that it broke off, and is charged for what came', async () => {
    const response = await send(BREAKS)
    const said = eventsIn(await response.text())
    expect(textIn(said)).not.toBe('')
    expect(said.at(-1)).toEqual({
      event: 'error',
      data: { status: 502, generated_text: expect.stringMatching(/^[A-Z]/) as string },
    })
    expect(await entriesOf(idOf(response))).toMatchObject([{ ending: 'upstream_failed', estimated: true }])
  })

  it('says what Bedrock ended it with, and no more', async () => {
    const response = await send(EXCEPTS)
    const said = eventsIn(await response.text())
    expect(said.map(({ event }) => event).filter((event) => event !== 'delta')).toEqual(['error'])
    expect(said.at(-1)).toMatchObject({ event: 'error', data: { status: 429 } })
    expect(await entriesOf(idOf(response))).toHaveLength(1)
  })

  it.each([
    ['drains', 'false'],
    ['aborts', 'true'],
  ])('is read on or ended when its client leaves, as the plan of %s says', async (tenant, estimated) => {
    const leaving = new AbortController()
    const response = await fetch(`${harness.url}/invoke_model?model_id=${SLOW}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys[tenant]}`, accept: 'text/event-stream' },
      body: JSON.stringify({ inputs: 'Tell me of bridges, at length, please.' }),
      signal: leaving.signal,
    })
    await response.body?.getReader().read()
    leaving.abort()
    await expect
      .poll(() => entriesOf(idOf(response)), { timeout: 10_000 })
      .toMatchObject([{ ending: 'client_aborted', estimated: estimated === 'true', tenant_id: tenant }])
  })
})

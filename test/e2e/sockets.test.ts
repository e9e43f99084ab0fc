// The façade over WebSocket: calls by their ids as by HTTP, one entry each; what is wrong, too much or gone costs its own connection only.

import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { startHarness, type Harness } from './harness.ts'
import { openSocket, refusedHandshake, type Said, type SocketClient } from './socket-client.ts'

const NOVA = 'amazon.nova-lite-v1:0'
const SLOW = 'amazon.nova-micro-v1:0'
const BREAKS = 'mistral.mixtral-8x7b-instruct-v0:1'
const STALLS = 'amazon.nova-pro-v1:0'
const PAGE = 'https://app.example.com'

const scenario = parseScenario({
  rules: [
    { match: { model_id: SLOW }, faults: ['slow:ms=25'] },
    { match: { model_id: STALLS }, faults: ['stall:at=mid_event,after=2'] },
    { match: { model_id: BREAKS }, faults: ['fin:at=mid_event,after=3'] },
  ],
})

let harness: Harness
let keys: Record<string, string>
let shared: string

beforeAll(async () => {
  harness = await startHarness({
    simulator: { scenario },
    settings: {
      WEIGHBRIDGE_CORS_ALLOWED_ORIGINS: PAGE,
      WEIGHBRIDGE_WEBSOCKET_MAX_CALLS: '2',
      WEIGHBRIDGE_WEBSOCKET_MAX_MESSAGE_BYTES: '4096',
      WEIGHBRIDGE_WEBSOCKET_IDLE_SECONDS: '5',
      WEIGHBRIDGE_WEBSOCKET_PING_SECONDS: '3',
      WEIGHBRIDGE_MAX_WEBSOCKETS: '12',
    },
  })
  for (const plan of ['drain', 'abort'])
    await harness.admin('PUT', `plans/${plan}`, { allowed_models: ['*'], on_disconnect: plan })
  keys = {}
  for (const [id, over] of Object.entries({
    reader: {},
    drains: { plan_id: 'drain' },
    aborts: { plan_id: 'abort' },
    few: { limits: [{ kind: 'requests', per: 'minute', amount: 0, mode: 'hard' }] },
    narrow: { allowed_models: ['cohere.*'] },
  }))
    keys[id] = (await harness.tenant(id, over)).secret
  await harness.admin('POST', 'tenants', { id: 'unit', name: 'unit', allowed_models: ['*'] })
  shared = String((await harness.admin('POST', 'tenants/unit/keys', { name: 'x', may_act_for: ['reader'] }))['secret'])
})

afterAll(() => harness.close())

const bearer = (tenant = 'reader') => ({ authorization: `Bearer ${keys[tenant]}` })
const open = (tenant?: string) => openSocket(harness.url, bearer(tenant))
const entryOf = async (said: readonly Said[]) => {
  const id = said.find(({ request_id: given }) => given !== undefined)?.['request_id']
  return (await harness.ledger()).filter((entry) => entry.request_id === id)
}
const textIn = (said: readonly Said[]): string =>
  said
    .filter(({ type }) => type === 'delta')
    .map((each) => each['generated_text'])
    .join('')
const LONG = 'Tell me of bridges, at length, please.'

describe('a call', () => {
  it('says its text in pieces under its id, then what it used, as its one entry', async () => {
    const client = await open()
    client.send({ id: 'a', model_id: NOVA, inputs: LONG })
    client.send({
      id: 'b',
      model_id: 'anthropic.claude-3-haiku-20240307-v1:0',
      messages_api: true,
      inputs: [{ role: 'user', content: [{ text: LONG }] }],
      parameters: { maxTokens: 60, system: 'Be brief.' },
    })
    for (const id of ['a', 'b']) {
      const said = await client.until(id, 'done')
      expect(said[0]?.type).toBe('start')
      expect(said.filter(({ type }) => type === 'delta').length).toBeGreaterThan(1)
      expect(textIn(said)).not.toBe('')
      const [entry, ...others] = await entryOf(said)
      expect(others).toEqual([])
      expect(entry).toMatchObject({ ending: 'completed', tenant_id: 'reader', surface: 'facade' })
      expect(said.at(-1)).toMatchObject({ type: 'done', usage: entry?.usage, request_id: entry?.request_id })
    }
    client.socket.close()
  })

  it('has embeddings, and text that is wanted whole, in one message', async () => {
    const client = await open()
    client.send({ id: 'e', model_id: 'amazon.titan-embed-text-v2:0', type: 'embeddings', inputs: 'Hi' })
    expect(await client.until('e', 'answer')).toMatchObject([{ status: 200, embedding: expect.any(Array) as number[] }])
    client.send({ id: 'w', model_id: NOVA, stream: false, inputs: 'Hi' })
    expect(await client.until('w', 'answer')).toMatchObject([
      { status: 200, generated_text: expect.any(String) as string },
    ])
    // an id is free again once its answer is complete
    client.send({ id: 'w', model_id: NOVA, stream: false, inputs: 'Ho' })
    await expect.poll(async () => (await client.until('w', 'answer')).length).toBe(2)
    client.socket.close()
  })

  it('is the team that it names, where the key may act for it', async () => {
    const client = await openSocket(harness.url, { 'x-api-key': shared })
    client.send({ id: '1', model_id: NOVA, inputs: 'Hi', team_id: 'reader' })
    expect(await entryOf(await client.until('1', 'done'))).toMatchObject([{ tenant_id: 'reader' }])
    client.send({ id: '2', model_id: NOVA, inputs: 'Hi', team_id: 'narrow' })
    expect(await client.until('2', 'error')).toMatchObject([{ status: 403 }])
    client.send({ id: '3', model_id: NOVA, inputs: 'Hi' })
    expect(await client.until('3', 'error')).toMatchObject([
      { status: 400, message: 'Missing required request parameters: [team_id]' },
    ])
    client.socket.close()
  })

  it.each<[string, string, object, object]>([
    [
      'a model that the team may not call',
      'narrow',
      {},
      { status: 403, generated_text: expect.stringContaining('may not call') as string },
    ],
    ['a rate that is used up', 'few', {}, { status: 429, message: 'Too Many Requests' }],
    [
      'no model',
      'reader',
      { model_id: undefined },
      { status: 400, message: 'Missing required request parameters: [model_id]' },
    ],
    ['inputs that are an object', 'reader', { inputs: {} }, { status: 400 }],
    [
      'a member that is not known',
      'reader',
      { max_tokens: 3 },
      { status: 400, generated_text: '"max_tokens" is not known here.' },
    ],
    ['a flag that is a text', 'reader', { messages_api: 'true' }, { status: 400 }],
    ['a team with a line break', 'reader', { team_id: 'a\r\nx: y' }, { status: 400 }],
  ])('of %s is refused under its id, and the connection stays', async (_, tenant, over, expected) => {
    const client = await open(tenant)
    client.send({ id: 'x', model_id: NOVA, inputs: 'Hi', ...over })
    expect(await client.until('x', 'error')).toMatchObject([{ type: 'error', ...expected }])
    client.send({ id: 'y', model_id: 'nobody.model', inputs: 'Hi', stream: false })
    await client.until('y', 'error')
    client.socket.close()
  })

  it('says that it broke off, and is charged for what came', async () => {
    const client = await open()
    client.send({ id: 'a', model_id: BREAKS, inputs: LONG })
    const said = await client.until('a', 'error')
    expect(said.at(-1)).toMatchObject({ type: 'error', status: 502 })
    expect(await entryOf(said)).toMatchObject([{ ending: 'upstream_failed', estimated: true }])
    client.socket.close()
  })

  it('beyond those that may run at once is refused; of an id that runs, too', async () => {
    const client = await open()
    for (const id of ['a', 'b', 'c']) client.send({ id, model_id: SLOW, inputs: LONG })
    expect(await client.until('c', 'error')).toMatchObject([{ status: 429 }])
    client.send({ id: 'a', model_id: SLOW, inputs: LONG })
    expect((await client.until('a', 'error')).at(-1)).toMatchObject({ status: 400 })
    client.socket.terminate()
  })
})

describe('who does not wait for the answer', () => {
  it.each(['drains', 'aborts'])('%s as the plan says when a call is cancelled', async (tenant) => {
    const client = await open(tenant)
    client.send({ id: 'a', model_id: SLOW, inputs: LONG })
    await client.until('a', 'delta')
    client.send({ cancel: 'a' })
    const said = await client.until('a', 'cancelled')
    await expect
      .poll(() => entryOf(said), { timeout: 10_000 })
      .toMatchObject([{ ending: 'client_aborted', estimated: tenant === 'aborts' }])
    expect((await client.until('a', 'cancelled')).at(-1)?.type).toBe('cancelled')
    client.socket.close()
  })

  it('and vanishes leaves one entry for each of its calls', async () => {
    const client = await open('drains')
    for (const id of ['a', 'b']) client.send({ id, model_id: SLOW, inputs: LONG })
    const said = await Promise.all(['a', 'b'].map((id) => client.until(id, 'delta')))
    client.socket.terminate()
    for (const each of said)
      await expect
        .poll(() => entryOf(each), { timeout: 10_000 })
        .toMatchObject([{ ending: 'client_aborted', tenant_id: 'drains' }])
  })
})

describe('a handshake', () => {
  const key = () => keys['reader'] ?? ''

  it('takes the key of a browser among the subprotocols, from a page that may call', async () => {
    const socket = new WebSocket(`${harness.url.replace('http', 'ws')}/prod/ws`, [
      'weighbridge',
      `weighbridge.key.${key()}`,
    ])
    const first = new Promise<string>((resolve, reject) => {
      socket.addEventListener('error', () => reject(new Error('refused')))
      socket.addEventListener('message', ({ data }) => resolve(String(data)))
    })
    socket.addEventListener('open', () => socket.send(JSON.stringify({ id: '1', model_id: NOVA, inputs: 'Hi' })))
    expect(JSON.parse(await first)).toMatchObject({ id: '1', type: 'start' })
    // the key is not told back
    expect(socket.protocol).toBe('weighbridge')
    socket.close()
    const page = await openSocket(harness.url, { origin: PAGE }, ['weighbridge', `weighbridge.key.${key()}`])
    page.socket.close()
  })

  it.each<[string, () => Record<string, string>, number, string, string?]>([
    ['without a key', () => ({}), 403, 'Forbidden'],
    ['with a wrong key', () => ({ 'x-api-key': 'wb_aaaaaaaaaaaa_00' }), 403, 'Forbidden'],
    ['with a signature', () => ({ authorization: 'AWS4-HMAC-SHA256 x' }), 403, 'Forbidden'],
    ['of a page that may not call', () => ({ ...bearer(), origin: 'https://evil.example' }), 403, 'origin'],
    ['of a page that is nearly one that may', () => ({ ...bearer(), origin: `${PAGE}.evil.example` }), 403, 'origin'],
    ['of a page without an origin', () => ({ ...bearer(), origin: 'null' }), 403, 'origin'],
    ['for another place', () => bearer(), 404, 'at /ws', '/model/x/converse'],
    ['that offers other protocols only', () => ({ ...bearer(), 'sec-websocket-protocol': 'chat' }), 400, 'weighbridge'],
  ])('%s is refused before it is one', async (_, headers, status, words, path) => {
    const refused = await refusedHandshake(harness.url, headers(), path)
    expect(refused.status).toBe(status)
    expect(refused.body).toContain(words)
  })

  it('beyond those that may be open is told to come again', async () => {
    const clients: SocketClient[] = []
    let refusal = ''
    while (refusal === '') {
      const next = await open().catch((thrown: unknown) => String(thrown))
      if (typeof next === 'string') refusal = next
      else clients.push(next)
    }
    expect(refusal).toContain('503')
    expect(clients.length).toBeLessThanOrEqual(12)
    for (const { socket } of clients) socket.terminate()
    await expect
      .poll(() =>
        open().then(
          ({ socket }) => socket.close(),
          () => 'refused',
        ),
      )
      .toBeUndefined()
  })
})

describe('a hostile client', () => {
  it.each<[string, (client: SocketClient) => void, number]>([
    ['a message that is too large', ({ send }) => send({ id: 'a', inputs: 'x'.repeat(5_000) }), 1009],
    ['bytes that are no text', ({ socket }) => socket.send(Buffer.from('{}')), 1003],
    ['more messages than it may', ({ send }) => Array.from({ length: 60 }, () => send('{}')), 1008],
    ['nothing for long', () => undefined, 1000],
  ])('that sends %s is told so, and its connection ends', async (_, act, code) => {
    const client = await open()
    act(client)
    expect((await client.closed).code).toBe(code)
  })

  it.each([
    ['no JSON', '{"id":'],
    ['a list', '[]'],
    ['a member twice', '{"id":"a","id":"b","model_id":"x"}'],
    ['a call without an id', '{"model_id":"x"}'],
    ['a long id', JSON.stringify({ id: 'x'.repeat(65) })],
    ['depth', `{"id":"a","inputs":${'['.repeat(2_000)}${']'.repeat(2_000)}}`],
    ['a prototype', '{"__proto__":{"id":"a"}}'],
    ['a cancellation of a number', '{"cancel":1}'],
  ])('that sends %s hears what is wrong, and may go on', async (_, message) => {
    const client = await open()
    client.send(message)
    expect((await client.until(null, 'error'))[0]).toMatchObject({
      status: 400,
      generated_text: expect.stringMatching(/^["A-Z]/) as string,
    })
    client.send({ id: 'ok', model_id: NOVA, inputs: 'Hi', stream: false })
    await client.until('ok', 'answer')
    client.socket.close()
  })

  const handshake = (headers: string, tenant = 'reader'): string =>
    `GET /ws HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${keys[tenant]}\r\nconnection: upgrade\r\nupgrade: websocket\r\n${headers}\r\n`
  const VALID = 'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

  async function raw(head: string): Promise<{ socket: Socket; first: string }> {
    const socket = connect(Number(new URL(harness.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(head)
    const [first] = (await once(socket, 'data')) as [Buffer]
    return { socket, first: first.toString() }
  }

  it.each<[string, string, RegExp]>([
    ['no key of its own', 'sec-websocket-version: 13\r\n', /^HTTP\/1\.1 400 /],
    [
      'an old version',
      'sec-websocket-version: 7\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['two hosts', `${VALID}host: y\r\n`, /^HTTP\/1\.1 400 /],
  ])('whose handshake has %s is refused', async (_, headers, expected) => {
    const { socket, first } = await raw(handshake(headers))
    expect(first).toMatch(expected)
    socket.destroy()
  })

  it.each<[string, Buffer]>([
    ['a frame that is not masked', Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
    ['a frame with reserved bits', Buffer.from([0xf1, 0x80, 0, 0, 0, 0])],
    ['a frame of 2^62 bytes', Buffer.from([0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['a control frame that is too long', Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0])],
    ['a continuation of nothing', Buffer.from([0x80, 0x80, 0, 0, 0, 0])],
    ['an opcode that is none', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
    ['text that is not UTF-8', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff])],
  ])('that sends %s loses its connection, and nobody else does', async (_, frame) => {
    const other = await open()
    const { socket, first } = await raw(handshake(VALID))
    expect(first).toMatch(/^HTTP\/1\.1 101 /)
    const ended = once(socket, 'end')
    socket.write(frame)
    socket.resume()
    await ended
    socket.destroy()
    other.send({ id: 'ok', model_id: NOVA, inputs: 'Hi', stream: false })
    await other.until('ok', 'answer')
    other.socket.close()
  })

  it('that answers no ping is gone, and its call is settled', async () => {
    const { socket } = await raw(handshake(VALID, 'aborts'))
    const call = Buffer.from(JSON.stringify({ id: 'a', model_id: STALLS, inputs: LONG }))
    // a text frame of less than 126 bytes, masked with zeros
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | call.length, 0, 0, 0, 0]), call]))
    socket.resume()
    await once(socket, 'close')
    await expect
      .poll(async () => (await harness.ledger()).filter(({ model_id: model }) => model === STALLS), { timeout: 10_000 })
      .toMatchObject([{ ending: 'client_aborted', tenant_id: 'aborts' }])
  })

  it('that wants h2c over HTTP/1.1 is answered as if it did not', async () => {
    const { socket, first } = await raw(
      'GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
    )
    expect(first).toMatch(/^HTTP\/1\.1 200 /)
    socket.destroy()
  })
})

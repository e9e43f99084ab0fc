// Answers through path routers: streams as they come, failures of the upstream, what was used and what it cost, limits of a router, reload.

import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestTenant } from '../harness.ts'
import { ask, bearer, JSON_TYPE, startRouterWorld, type RouterWorld } from './world.ts'

let world: RouterWorld
let team: TestTenant
let other: TestTenant
/** what the upstream does with the requests of a path */
const acts = new Map<string, (response: ServerResponse) => void>()

const usage = { input_tokens: 'usage.prompt_tokens', output_tokens: 'usage.completion_tokens' }

beforeAll(async () => {
  world = await startRouterWorld({
    routers: (url) => ({
      routers: [
        { path: '/plain/', outbound: { url, headers_timeout_milliseconds: 300, idle_timeout_milliseconds: 300 } },
        { path: '/slow/', outbound: { url } },
        {
          path: '/priced/',
          outbound: { url },
          model: { body: 'model', prefix: 'openai.' },
          usage: { ...usage, max_output_tokens: 1_000 },
        },
        { path: '/per/call/', outbound: { url } },
        {
          path: '/capped/',
          outbound: { url },
          usage: { ...usage, max_output_tokens: 100 },
          limits: [{ kind: 'tokens', per: 'day', amount: 2_500 }],
        },
        { path: '/echo/', echo: true },
        { path: '/refused/', outbound: { url: 'http://127.0.0.1:1' } },
        { path: '/nowhere/', outbound: { url: 'http://no-such-host.invalid' } },
        { path: '/tls/', outbound: { url: url.replace('http:', 'https:') } },
      ],
    }),
    answer,
  })
  team = await world.tenant('team')
  other = await world.tenant('other')
})
afterAll(() => world.close())

function answer(request: IncomingMessage, response: ServerResponse): void {
  const act = acts.get((request.url ?? '').split('?', 1)[0] ?? '')
  if (act !== undefined) {
    act(response)
    return
  }
  const body = JSON.stringify({ ok: true, usage: { prompt_tokens: 7, completion_tokens: 3 } })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

const call = (path: string, body: unknown = {}, secret = team.secret) =>
  ask(world.url, path, { headers: { ...bearer(secret), ...JSON_TYPE }, body: JSON.stringify(body) })

/** The answer as it arrives. */
function open(path: string): Promise<{ response: IncomingMessage; next: () => Promise<string> }> {
  const { hostname, port } = new URL(world.url)
  return new Promise((resolve, reject) => {
    const headers = { ...bearer(team.secret), ...JSON_TYPE }
    const request = httpRequest({ hostname, port, path, method: 'POST', headers }, (response) => {
      const next = () => new Promise<string>((done) => response.once('data', (chunk: Buffer) => done(chunk.toString())))
      resolve({ response, next })
    })
    request.on('error', reject)
    request.end('{}')
  })
}

describe('streams', () => {
  it('pass event by event, the end when the entry is there', async () => {
    let upstream: ServerResponse | null = null
    acts.set('/sse', (response) => {
      upstream = response
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"n":1}\n\n')
    })
    const { response, next } = await open('/slow/sse')
    expect(await next()).toBe('data: {"n":1}\n\n')
    const second = next()
    upstream!.write('data: {"n":2}\n\ndata: {"n"')
    expect(await second).toBe('data: {"n":2}\n\ndata: {"n"')
    const third = next()
    upstream!.end(':3}\n\n')
    expect(await third).toBe(':3}\n\n')
    await new Promise((resolve) => void response.once('end', resolve).resume())
    expect(await world.entry()).toMatchObject({ ending: 'completed', status: 200 })
  })

  it('a client that does not read stops the upstream', async () => {
    let written = 0
    let upstream: ServerResponse | null = null
    acts.set('/flood', (response) => {
      upstream = response
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        while (written < 400_000_000 && response.write(chunk)) written += chunk.length
      }
      response.on('drain', more)
      more()
    })
    const { response } = await open('/slow/flood')
    let before = -1
    while (before !== written) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    expect(written).toBeLessThan(100_000_000)
    response.destroy()
    upstream!.destroy()
  })

  it('one that breaks off is broken off, and one that stalls is ended', async () => {
    acts.set('/torn', (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n', () => response.destroy())
    })
    await expect(call('/slow/torn')).rejects.toThrow(/aborted|ECONNRESET|hang up/)
    acts.set('/stalled', (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
    })
    await expect(call('/plain/stalled')).rejects.toThrow(/aborted|ECONNRESET|hang up/)
    // others are not held up by it
    expect((await call('/plain/x', {}, other.secret)).status).toBe(200)
  })
})

describe('failures of the upstream', () => {
  it.each([
    ['refused', '/refused/x', 502],
    ['no address', '/nowhere/x', 503],
    ['TLS', '/tls/x', 502],
    ['no answer in time', '/plain/silent', 504],
  ])('%s', async (_what, path, status) => {
    acts.set('/silent', () => undefined)
    const answered = await call(path)
    expect([answered.status, answered.json()]).toMatchObject([status, { error: 'failure making request' }])
    expect(answered.headers['session-id']).toBeDefined()
    expect(await world.entry()).toMatchObject({ ending: 'upstream_failed', status })
  })

  it('its own status and body pass through, also those that are retried elsewhere', async () => {
    for (const status of [404, 429, 503]) {
      acts.set('/status', (response) => response.writeHead(status, { 'x-reason': 'r', 'set-cookie': 'a=b' }).end('no'))
      const before = world.upstream.received.length
      const answered = await call('/plain/status')
      expect([answered.status, answered.body, answered.headers['x-reason']]).toEqual([status, 'no', 'r'])
      expect(answered.headers['set-cookie']).toBeUndefined()
      expect(world.upstream.received.length).toBe(before + 1)
      expect(await world.entry()).toMatchObject({ ending: 'upstream_refused', cost_usd: '0' })
    }
  })

  it('masked headers do not come back', async () => {
    acts.set('/mirror', (response) => response.writeHead(200, { authorization: 'secret', 'x-ok': '1' }).end('{}'))
    const answered = await call('/plain/mirror')
    expect([answered.headers['authorization'], answered.headers['x-ok']]).toEqual([undefined, '1'])
  })
})

describe('an echo', () => {
  it('is the payload and the headers, without the credential, and makes an entry that costs nothing', async () => {
    const answered = await ask(world.url, '/echo/any/where?q', {
      headers: { ...bearer(team.secret), 'content-type': 'text/plain', 'x-mine': 'yes', 'api-key': 'k' },
      body: 'the payload',
    })
    expect([answered.status, answered.body]).toEqual([200, 'the payload'])
    expect([answered.headers['x-mine'], answered.headers['api-key']]).toEqual(['yes', '*****MASKED*****'])
    expect(JSON.stringify(answered.headers)).not.toContain(team.secret)
    expect(await world.entry()).toMatchObject({ surface: 'router:echo', cost_usd: '0', usage: {} })
  })
})

describe('what a call cost', () => {
  const price = (base_model: string, dimension: string, usd: string) =>
    world.admin('POST', 'prices', {
      prices: [{ base_model, dimension, usd, effective_from: '2026-01-01T00:00:00Z' }],
      note: 'of this test',
      confirm: true,
    })

  it('is read at the configured places and priced by the model that the request names', async () => {
    await price('openai.gpt-4.1', 'input_tokens', '2')
    await price('openai.gpt-4.1', 'output_tokens', '8')
    await call('/priced/x', { model: 'gpt-4.1', max_tokens: 10 })
    expect(await world.entry()).toMatchObject({
      model_id: 'openai.gpt-4.1',
      usage: { input_tokens: 7, output_tokens: 3, requests: 1 },
      cost_usd: '0.000038',
    })
  })

  it('is read from streamed events too', async () => {
    acts.set('/events', (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"text":"a"}\n\ndata: {"usage":{"prompt_tokens":11,"completion_tok')
      response.end('ens":5}}\n\ndata: [DONE]\n\n')
    })
    expect((await call('/priced/events', { model: 'gpt-4.1' })).body).toContain('data: [DONE]')
    expect(await world.entry()).toMatchObject({ usage: { input_tokens: 11, output_tokens: 5 }, cost_usd: '0.000062' })
  })

  it('is unknown without a price, and never 0', async () => {
    await call('/priced/x', { model: 'Some/New-Model' })
    expect(await world.entry()).toMatchObject({ model_id: 'openai.some-new-model', cost_usd: null })
  })

  it('may be by the call', async () => {
    await price('router.per-call', 'requests', '0.25')
    await call('/per/call/x')
    expect(await world.entry()).toMatchObject({ model_id: 'router.per-call', cost_usd: '0.25' })
  })

  it('a hard budget holds also here: what has no price is refused', async () => {
    const limits = [{ kind: 'cost', per: 'month', amount: '1' }]
    const poor = await world.tenant('poor', { limits })
    expect((await call('/slow/x', {}, poor.secret)).status).toBe(400)
    expect((await call('/per/call/x', {}, poor.secret)).status).toBe(200)
  })

  it('a model named twice is refused: the upstream could read the other one', async () => {
    const answered = await ask(world.url, '/priced/x', {
      headers: { ...bearer(team.secret), ...JSON_TYPE },
      body: '{"model":"a","model":"b"}',
    })
    expect(answered.status).toBe(400)
  })

  it('a tenant that may not call a model may not call it here', async () => {
    const closed = await world.tenant('closed', { allowed_models: ['openai.gpt-4.1'] })
    expect((await call('/priced/x', { model: 'gpt-4.1' }, closed.secret)).status).toBe(200)
    expect((await call('/priced/x', { model: 'other' }, closed.secret)).status).toBe(403)
    expect((await call('/plain/x', {}, closed.secret)).status).toBe(403)
  })
})

describe('a limit of a router', () => {
  it('counts over all tenants and answers 429 with when it ends', async () => {
    expect((await call('/capped/x')).status).toBe(200)
    const both = await Promise.all([call('/capped/x'), call('/capped/x', {}, other.secret), call('/capped/x')])
    const refused = both.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.json()).toMatchObject({ Error: 'Consumption Cap Exceeded. Try again later', Path: '/capped/' })
    expect(refused[0]?.json()['error']).toContain('the router "capped"')
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0)
  })
})

describe('a change of the file', () => {
  const ready = async () => ((await (await fetch(`${world.url}/readyz`)).json()) as { routers: Ready }).routers
  type Ready = { checksum: string; problems: number }
  const until = async (isSo: (state: Ready) => boolean): Promise<Ready> => {
    for (;;) {
      const state = await ready()
      if (isSo(state)) return state
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  it('holds from then on; a bad one changes nothing, and is told of', async () => {
    const before = await ready()
    world.write({ routers: [{ path: '/new/', outbound: { url: 'ftp://x' } }] })
    const bad = await until(({ problems }) => problems > 0)
    expect(bad).toMatchObject({ checksum: before.checksum, problems: 1 })
    expect((await call('/plain/x')).status).toBe(200)
    world.write({ routers: [{ path: '/new/', outbound: { url: world.upstream.url } }] })
    world.gateway.reloadRouters()
    const good = await ready()
    expect([good.problems, good.checksum === before.checksum]).toEqual([0, false])
    expect((await call('/new/x')).status).toBe(200)
    expect((await call('/plain/x')).status).toBe(404)
  })
})

it('a gateway does not start with a bad file', async () => {
  await expect(
    startRouterWorld({ routers: () => ({ routers: [{ path: '/a/', outbound: { url: '${ROUTER_TEST_UNSET}' } }] }) }),
  ).rejects.toThrow('routers[0].outbound.url needs the environment variable ROUTER_TEST_UNSET, which is not set.')
})

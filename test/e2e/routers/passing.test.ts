// What goes through a path router, byte for byte: paths, queries, headers, bodies; and what the ledger says of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestTenant } from '../harness.ts'
import { ask, bearer, JSON_TYPE, startRouterWorld, type RouterWorld } from './world.ts'

let world: RouterWorld
let team: TestTenant
let other: TestTenant

beforeAll(async () => {
  process.env['ROUTER_TEST_PROVIDER_KEY'] = 'provider-secret'
  process.env['ROUTER_TEST_CLIENT_KEY'] = 'client-secret-0123456789'
  world = await startRouterWorld({
    routers: (url) => ({
      masked_headers: ['Authorization', 'Api-Key', 'X-Secret'],
      remove_headers: ['X-Removed'],
      routers: [
        {
          path: '/service/standard/',
          ingress: { headers: { 'Content-Type': ['application/json', 'application/json; charset=utf-8'] } },
          outbound: {
            url: `${url}/base`,
            headers: { Authorization: 'Bearer ${ROUTER_TEST_PROVIDER_KEY}', 'X-Static': 'ours' },
          },
        },
        { path: '/service/', outbound: { url } },
        {
          path: '/fixed/',
          outbound: { url: `${url}/v1?a=url&b=url`, endpoint: 'chat/completions?a=endpoint' },
        },
        {
          path: '/restricted/',
          ingress: {
            credential: 'rules',
            tenant: 'team',
            headers: { 'Api-Key': '${ROUTER_TEST_CLIENT_KEY}', 'X-Any': 'regex:.+' },
          },
          outbound: {
            url,
            headers: { Authorization: 'Bearer ${ROUTER_TEST_PROVIDER_KEY}' },
            remove_headers: ['Api-Key'],
          },
        },
        { path: '/private/', ingress: { tenants: ['team'] }, outbound: { url } },
        {
          path: '/model/',
          outbound: { url },
        },
      ].filter(({ path }) => path !== '/model/'),
    }),
  })
  team = await world.tenant('team')
  other = await world.tenant('other')
})
afterAll(() => world.close())

const call = (path: string, over: Parameters<typeof ask>[2] = {}) =>
  ask(world.url, path, {
    body: '{"a": 1}',
    ...over,
    headers: { ...bearer(team.secret), ...JSON_TYPE, ...over.headers },
  })

describe('paths', () => {
  it('the longest prefix has the call, and what stands behind it is appended', async () => {
    expect((await call('/service/standard/v1/x')).status).toBe(200)
    expect(world.last().target).toBe('/base/v1/x')
    await call('/service/other/x')
    expect(world.last().target).toBe('/other/x')
    await call('/service/standard/')
    expect(world.last().target).toBe('/base/')
  })

  it.each([
    '/service/standard/model/arn%3Aaws%3Abedrock%3Aeu%2Fx%3a1/invoke?z=1&a=%3A%3a&a=2&flag&=x&+=+',
    '/service/standard//double//slash/;v=1/%E2%82%AC/%zz',
    '/service/standard/a%20b/c?x=/../y',
  ])('%s goes on byte for byte', async (path) => {
    expect((await call(path)).status).toBe(200)
    expect(world.last().target).toBe(path.replace('/service/standard/', '/base/'))
  })

  it('goes before the dialects: a path that looks like Bedrock behind a prefix is the router’s', async () => {
    await call('/service/standard/model/anthropic.claude-x/invoke')
    expect(world.last().target).toBe('/base/model/anthropic.claude-x/invoke')
  })

  it('needs the slash behind the prefix', async () => {
    const answer = await call('/service/standard')
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining("Unsupported path without '/'")])
  })

  it.each([
    '/service/standard/../other/',
    '/service/standard/%2e%2e/x',
    '/service/standard/a/..%2fx',
    '/service/standard/..%5Cx',
    '/service/standard/.',
    '/service/standard/a/..;/x',
    '/service/standard/x%00y',
  ])('%s leads out of the router, and nothing is sent', async (path) => {
    const before = world.upstream.received.length
    const answer = await call(path)
    expect(answer.status).toBe(400)
    expect(world.upstream.received.length).toBe(before)
  })

  it.each(['/Service/standard/x', '/service%2Fstandard/x', '//service/standard/x', '/%73ervice/standard/x'])(
    '%s is no router’s path',
    async (path) => {
      const before = world.upstream.received.length
      const answer = await call(path)
      expect(answer.status).toBe(404)
      expect(world.upstream.received.length).toBe(before)
    },
  )

  it('what the endpoint says of the query goes before the url, and the url before the client', async () => {
    await call('/fixed/anything/at/all?c=client&%61=client&b=client&d')
    expect(world.last().target).toBe('/v1/chat/completions?c=client&d&a=endpoint&b=url')
  })
})

describe('headers', () => {
  it('the router’s own win, removed ones stay here, and the key of the gateway never leaves it', async () => {
    await call('/service/standard/x', {
      headers: {
        'x-static': 'theirs',
        'x-removed': '1',
        'x-kept': ['a', 'b'],
        'x-forwarded-for': '10.0.0.1',
        'x-weighbridge-anything': '1',
        connection: 'close, x-hop',
        'x-hop': '1',
        'proxy-authorization': 'Basic eDp5',
        'x-secret': 'goes on in clear',
        'x-copy': team.secret,
      },
    })
    expect(world.headerOf('authorization')).toEqual(['Bearer provider-secret'])
    expect(world.headerOf('x-static')).toEqual(['ours'])
    expect(world.headerOf('x-kept')).toEqual(['a', 'b'])
    expect(world.headerOf('x-secret')).toEqual(['goes on in clear'])
    expect(world.headerOf('host')).toEqual([new URL(world.upstream.url).host])
    expect(JSON.stringify(world.last())).not.toContain(team.secret)
    const names = world.last().headers.map(([name]) => name)
    for (const gone of ['x-removed', 'x-forwarded-for', 'x-weighbridge-anything', 'x-hop', 'proxy-authorization'])
      expect(names).not.toContain(gone)
  })

  it('a body goes on as it is', async () => {
    const body = ' { "a" : 1.0, "a":2 , "é":"\\u0000" } '
    await call('/service/standard/x', { body })
    expect(world.last().body).toBe(body)
  })

  it.each([
    ['missing', { 'content-type': '' }, "unauthorized header:'Content-Type' values missing"],
    ['another', { 'content-type': 'text/plain' }, "unauthorized header:'Content-Type' values invalid"],
  ])('a header that is %s is answered in the words of the samples', async (_what, headers, words) => {
    const answer = await call('/service/standard/x', { headers })
    expect(answer.status).toBe(401)
    expect(answer.headers['content-type']).toMatch(/^text\/plain/)
    expect(answer.json()).toEqual({ error: words })
  })

  it('a charset is another value, and may be one of those that are named', async () => {
    const answer = await call('/service/standard/x', { headers: { 'content-type': 'application/json; charset=utf-8' } })
    expect(answer.status).toBe(200)
  })
})

describe('credentials', () => {
  it.each([
    ['none', {}, 401],
    ['a key that is none', { authorization: 'Bearer wb_none_none' }, 401],
    ['an API key as such', 'x-api-key', 200],
    ['a key beside the provider’s own credential', 'x-weighbridge-key', 200],
  ])('%s', async (_what, given, status) => {
    const headers = typeof given === 'string' ? { [given]: team.secret, authorization: 'Bearer mine' } : given
    if (given === 'x-api-key') delete (headers as Record<string, string>)['authorization']
    const answer = await ask(world.url, '/service/x', { headers: { ...JSON_TYPE, ...headers }, body: '{}' })
    expect(answer.status).toBe(status)
    if (given === 'x-weighbridge-key') expect(world.headerOf('authorization')).toEqual(['Bearer mine'])
    if (given === 'x-api-key') expect(world.headerOf('x-api-key')).toEqual([])
  })

  it('a router with rules charges its tenant, and puts the provider’s key where the client’s was', async () => {
    const answer = await ask(world.url, '/restricted/x', {
      headers: { 'api-key': 'client-secret-0123456789', 'x-any': 'x' },
      body: 'text',
    })
    expect(answer.status).toBe(200)
    expect(world.headerOf('authorization')).toEqual(['Bearer provider-secret'])
    expect(world.headerOf('api-key')).toEqual([])
    expect(await world.entry()).toMatchObject({ tenant_id: 'team', key_id: 'router:restricted' })
  })

  it.each([
    [{}, "unauthorized header:'Api-Key' missing"],
    [{ 'api-key': 'client-secret-012345678', 'x-any': 'x' }, "unauthorized header:'Api-Key' values invalid"],
    [{ 'api-key': 'client-secret-0123456789' }, "unauthorized header:'X-Any' missing"],
    [{ 'api-key': ['client-secret-0123456789', 'x'], 'x-any': 'x' }, "unauthorized header:'Api-Key' values invalid"],
  ])('%j does not pass the rules', async (headers, words) => {
    const before = world.upstream.received.length
    const answer = await ask(world.url, '/restricted/x', { headers, body: '{}' })
    expect([answer.status, answer.json()]).toEqual([401, { error: words }])
    expect(world.upstream.received.length).toBe(before)
  })

  it('a router may be for some tenants only', async () => {
    const theirs = await ask(world.url, '/private/x', { headers: bearer(other.secret), body: '{}' })
    expect(theirs.status).toBe(403)
    expect((await ask(world.url, '/private/x', { headers: bearer(team.secret), body: '{}' })).status).toBe(200)
  })
})

describe('the ledger', () => {
  it('has one entry for the call, unpriced where nothing prices it', async () => {
    await call('/service/x', { method: 'GET', body: '' })
    expect(await world.entry()).toMatchObject({
      tenant_id: 'team',
      surface: 'router:service',
      model_id: 'router.service',
      usage: { requests: 1 },
      cost_usd: null,
      ending: 'completed',
    })
  })
})

describe('sessions', () => {
  const ID = /^WEIGHBRG_\d+_\d+_(\d+)$/
  const sessionOf = async (given?: string, secret = team.secret): Promise<string> => {
    const headers = { ...bearer(secret), ...JSON_TYPE, ...(given === undefined ? {} : { 'session-id': given }) }
    const answer = await ask(world.url, '/service/x', { headers, body: '{}' })
    expect(world.headerOf('session-id')).toEqual([answer.headers['session-id']])
    return String(answer.headers['session-id'])
  }

  it('begin with 0, go on with what the answer said, and never repeat', async () => {
    const first = await sessionOf()
    expect(ID.exec(first)?.[1]).toBe('0')
    const second = await sessionOf(first)
    expect(second).toBe(first.replace(/_0$/, '_1'))
    const again = await sessionOf(first)
    expect(again).toBe(first.replace(/_0$/, '_2'))
    const stranger = await sessionOf(first, other.secret)
    expect(stranger.split('_')[2]).not.toBe(first.split('_')[2])
    for (const wrong of ['x', `${first}; drop`, 'OTHERGWY_1_1_1', ''])
      expect(ID.exec(await sessionOf(wrong))?.[1]).toBe('0')
  })
})

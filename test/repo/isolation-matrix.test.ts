// Every route of the control plane, as the table and the framework know them: who is refused, who sees what, and what hostile input does.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ROUTES, type Route } from '../../src/admin/routes.ts'
import { ADMIN_TOKEN, type FakeAdmin } from '../fakes/admin.ts'
import { embeddedStores } from '../fakes/embedded-stores.ts'
import { fakeStores, type FakeStores } from '../fakes/stores.ts'
import { contentOf, onlyAlpha, REQUESTS, targetOf, twoTenants, type Owner } from '../fakes/admin-requests.ts'

const nameOf = ({ method, path }: Route): string => `${method} ${path}`
const NAMES = ROUTES.map(nameOf)
const ROWS = ROUTES.map((route) => [nameOf(route), route] as const)

/** Refusals are worth what the stores behind them are: all of this is asked of the real ones too. */
const STORES: readonly (readonly [string, () => Promise<FakeStores & { close(): Promise<void> }>])[] = [
  ['stores in memory', async () => ({ ...fakeStores(), close: async () => undefined })],
  ['the embedded stores', embeddedStores],
]

const requestFor = (route: Route, owner: (place: string) => Owner = () => 'alpha') => {
  const make = REQUESTS[nameOf(route)]
  if (make === undefined) throw new Error(`${nameOf(route)} has no request in REQUESTS`)
  return make(owner)
}

describe('the table of routes', () => {
  let world: FakeAdmin
  beforeAll(async () => {
    world = await twoTenants()
  })
  afterAll(() => world.admin.close())

  it('is exactly what the framework has registered', () => {
    const table = ROUTES.map(({ method, path }) => `${method} /admin/v1${path}`)
    expect([...world.admin.registeredRoutes].toSorted()).toEqual(table.toSorted())
    expect(new Set(table).size).toBe(table.length)
  })

  it('has a request in this matrix for each of its rows, and no other', () => {
    expect(Object.keys(REQUESTS).toSorted()).toEqual(NAMES.toSorted())
  })

  it('names every tenant, key and request that a route takes', () => {
    for (const { method, path, scope, tenantIds, operation } of ROUTES) {
      if (scope === 'admin') continue
      const inPath = ['tenant_id', 'key_id', 'request_id'].filter((name) => path.includes(`{${name}}`))
      const inQuery = fieldsOf(operation.query).filter((name) => /^(?:tenant|key)(?:_id)?$/.test(name))
      const inBody = fieldsOf(operation.body).filter((name) =>
        /^(?:tenant_id|parent_id|may_act_for|key_id)$/.test(name),
      )
      const places = [inPath.map(at('path')), inQuery.map(at('query')), inBody.map(at('body'))].flat()
      expect([...tenantIds].toSorted(), `${method} ${path}`).toEqual(places.toSorted())
    }
  })

  it.each(ROWS)('%s succeeds for who holds the admin token', async (name, route) => {
    const own = await twoTenants()
    const request = requestFor(route)
    const answer = await own.ask(route.method, targetOf(name, request), request.body)
    expect(answer.status, answer.text).toBe(route.operation.status)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(own.heard.failures).toEqual([])
  })
})

const at = (place: string) => (name: string) => `${place}.${name}`

/** Names of the fields that a schema takes, however it is wrapped. */
function fieldsOf(schema: z.ZodType | null): string[] {
  if (schema === null) return []
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return Object.keys(properties)
}

describe('without the admin token', () => {
  let world: FakeAdmin
  let tenantKey: string
  let before: string
  beforeAll(async () => {
    world = await twoTenants()
    const made = await world.ask('POST', 'tenants/alpha/keys')
    tenantKey = made.body['secret'] as string
    before = await contentOf(world)
  })
  afterAll(() => world.admin.close())

  const cases = (): [name: string, authorization: string | undefined, status: number, code: string][] => [
    ['no credential', undefined, 401, 'missing_credential'],
    ['another token', 'Bearer wba_0123456789abcdee', 401, 'invalid_credential'],
    ['the start of the token', `Bearer ${ADMIN_TOKEN.slice(0, -1)}`, 401, 'invalid_credential'],
    ['the token with more behind it', `Bearer ${ADMIN_TOKEN}x`, 401, 'invalid_credential'],
    ['the token twice', `Bearer ${ADMIN_TOKEN}, Bearer ${ADMIN_TOKEN}`, 401, 'invalid_credential'],
    ['an empty token', 'Bearer ', 401, 'invalid_credential'],
    ['the token in another scheme', `Basic ${ADMIN_TOKEN}`, 401, 'invalid_credential'],
    ['the hash of the token', `Bearer ${world.deps.adminTokenHash}`, 401, 'invalid_credential'],
    ['a tenant key', `Bearer ${tenantKey}`, 403, 'not_an_admin'],
  ]

  it.each(ROWS)('%s refuses everyone, in one shape, and changes nothing', async (name, route) => {
    const request = requestFor(route)
    for (const [what, authorization, status, code] of cases()) {
      const answer = await world.admin.inject({
        method: route.method,
        path: `/admin/v1/${targetOf(name, request)}`,
        headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      })
      expect(answer.statusCode, what).toBe(status)
      const body = answer.json<{ error: { code: string; message: string } }>()
      expect(Object.keys(body)).toEqual(['error'])
      expect(Object.keys(body.error)).toEqual(['code', 'message'])
      expect(body.error.code, what).toBe(code)
      expect(answer.headers['cache-control']).toBe('no-store')
    }
    expect(await contentOf(world)).toBe(before)
  })

  it.each(['GET /', 'GET /nothing', 'POST /tenants/alpha', 'HEAD /tenants', 'OPTIONS /tenants', 'TRACE /tenants'])(
    '%s, which is no route, says no more',
    async (name) => {
      const [method = '', path = ''] = name.split(' ')
      const answer = await world.admin.inject({ method, path: `/admin/v1${path}` })
      expect(answer.statusCode).toBe(401)
    },
  )
})

describe('who holds the admin token', () => {
  const ROWS_OF_KEYS = ROWS.filter(([, { tenantIds }]) => tenantIds.includes('path.key_id'))

  it.each(ROWS_OF_KEYS)("%s does not find beta's key below alpha", async (name, route) => {
    const world = await twoTenants()
    const before = await contentOf(world)
    const request = requestFor(route, (place) => (place === 'path.key_id' ? 'beta' : 'alpha'))
    const answer = await world.ask(route.method, targetOf(name, request), request.body)
    expect(answer.status, answer.text).toBe(404)
    expect(await contentOf(world)).toBe(before)
    await world.admin.close()
  })
})

describe.each(STORES)('over %s, a caller who sees only the tenant alpha', (_stores, openStores) => {
  let world: FakeAdmin
  let stores: Awaited<ReturnType<typeof openStores>>
  let before: string
  beforeAll(async () => {
    stores = await openStores()
    world = await twoTenants({ scopeOf: onlyAlpha }, stores)
    before = await contentOf(world)
  })
  afterAll(async () => {
    await world.admin.close()
    await stores.close()
  })

  const ADMIN_ROWS = ROWS.filter(([, { scope }]) => scope === 'admin')
  const SCOPED_ROWS = ROWS.filter(([, { scope }]) => scope === 'tenants')
  const PLACES = SCOPED_ROWS.flatMap(([name, route]) => [
    ...route.tenantIds.map((place) => [name, [place], route] as const),
    ...(route.tenantIds.length > 1 ? [[name, route.tenantIds, route] as const] : []),
  ])

  it.each(ADMIN_ROWS)('%s is closed', async (name, route) => {
    const request = requestFor(route)
    const answer = await world.ask(route.method, targetOf(name, request), request.body)
    expect([answer.status, answer.body['error']]).toMatchObject([403, { code: 'outside_your_tenants' }])
    expect(await contentOf(world)).toBe(before)
  })

  it.each(PLACES)('%s with a thing of beta at %s finds nothing', async (name, places, route) => {
    const request = requestFor(route, (place) => (places.includes(place) ? 'beta' : 'alpha'))
    const answer = await world.ask(route.method, targetOf(name, request), request.body)
    if (places.every((place) => place.startsWith('query.'))) expect([200, 404]).toContain(answer.status)
    else expect(answer.status, answer.text).toBe(places.some((place) => place.startsWith('path.')) ? 404 : 400)
    expectNothingOfBeta(answer.text, JSON.stringify(request))
    expect(await contentOf(world)).toBe(before)
  })

  it.each(SCOPED_ROWS.filter(([, { method }]) => method === 'GET'))('%s shows nothing of beta', async (name, route) => {
    const answer = await world.ask('GET', targetOf(name, { ...requestFor(route), query: {} }))
    expect(answer.status, answer.text).toBe(200)
    expectNothingOfBeta(answer.text, '')
  })

  it('cannot make a tenant at the root of the tree', async () => {
    const answer = await world.ask('POST', 'tenants', { id: 'alpha.new' })
    expect(answer.status).toBe(403)
    expect(await contentOf(world)).toBe(before)
  })

  /** The caller's own words may come back in an error; anything else of beta may not. */
  function expectNothingOfBeta(text: string, asked: string): void {
    const leaked = [...text.matchAll(/[\w.-]*beta[\w.-]*/gi)].map(([word]) => word)
    const foreign = leaked.filter((word) => !OF_ANTHROPIC.test(word))
    expect(foreign.filter((word) => !asked.includes(word.replace(/\.$/, '')))).toEqual([])
  }
})

/** The name of a header, and of what a plan says of it. */
const OF_ANTHROPIC = /^anthropic[-_]beta$/

const HOSTILE: readonly (readonly [name: string, value: string])[] = [
  ['SQL', `' OR '1'='1' --`],
  ['SQL that ends a statement', `"; DROP TABLE tenants; --`],
  ['a wildcard of LIKE', `%_%`],
  ['Lua', `]] redis.call('FLUSHALL') --[[`],
  ['a document query', `{"$gt":""}`],
  ['a NUL', 'al\u0000pha'],
  ['a line break and a header', 'alpha\r\nx-evil: 1'],
  ['an escape sequence', '\u001b[2Jalpha'],
  ['a formula', `=cmd|' /C calc'!A0`],
  ['a path', '../../etc/passwd'],
  ['a template', '${7*7}{{7*7}}'],
  ['other scripts', 'ålphä-ア-\u202Eahpla-😀'],
  ['a prototype', '__proto__'],
  ['a very large number', '-1e999'],
  ['nothing', ''],
  ['a million characters', 'a'.repeat(1_000_000)],
]

describe.each(STORES)('over %s, hostile input', (_stores, openStores) => {
  let world: FakeAdmin
  let stores: Awaited<ReturnType<typeof openStores>>
  beforeAll(async () => {
    stores = await openStores()
    world = await twoTenants({}, stores)
  })
  afterAll(async () => {
    await world.admin.close()
    await stores.close()
  })

  const PATH_ROWS = ROWS.flatMap(([name, route]) =>
    [...route.path.matchAll(/\{(\w+)\}/g)].map(([, field = '']) => [name, field, route] as const),
  )
  const QUERY_ROWS = ROWS.flatMap(([name, route]) =>
    fieldsOf(route.operation.query).map((field) => [name, field, route] as const),
  )
  const BODY_ROWS = ROWS.flatMap(([name, route]) =>
    fieldsOf(route.operation.body).map((field) => [name, field, route] as const),
  )

  it('reaches every kind of place', () => {
    expect(PATH_ROWS.length).toBeGreaterThan(10)
    expect(QUERY_ROWS.length).toBeGreaterThan(20)
    expect(BODY_ROWS.length).toBeGreaterThan(20)
  })

  it.each(PATH_ROWS)('%s refuses it as {%s}', async (name, field, route) => {
    const request = requestFor(route)
    for (const [what, value] of HOSTILE) {
      const path = { ...request.path, [field]: encodeURIComponent(value) }
      const answer = await world.ask(route.method, targetOf(name, { ...request, path }), request.body)
      assertRefused(answer, `${what} as ${field}`)
    }
    for (const raw of ['%', '%zz', '%ff', '%ed%a0%80', '%c0%af', '%00', 'a%2fb']) {
      const path = { ...request.path, [field]: raw }
      assertRefused(
        await world.ask(route.method, targetOf(name, { ...request, path }), request.body),
        `${raw} as ${field}`,
      )
    }
  })

  it.each(QUERY_ROWS)('%s refuses it as ?%s', async (name, field, route) => {
    const request = requestFor(route)
    for (const [what, value] of HOSTILE) {
      const query = { ...request.query, [field]: encodeURIComponent(value) }
      assertRefused(await world.ask(route.method, targetOf(name, { ...request, query }), request.body), what)
    }
    const twice = `${targetOf(name, request)}${Object.keys(request.query ?? {}).length === 0 ? '?' : '&'}${field}=a&${field}=b`
    assertRefused(await world.ask(route.method, twice, request.body), 'given twice')
  })

  it.each(BODY_ROWS)('%s refuses it, or keeps it as mere text, in %s', async (name, field, route) => {
    const hostile = [
      ...HOSTILE.map(([, value]) => value),
      '\ud800',
      1e308,
      -1,
      1.5,
      null,
      true,
      [[]],
      { $gt: '' },
      [{ a: 1 }],
    ]
    for (const value of hostile) {
      const request = requestFor(route)
      const answer = await world.ask(route.method, targetOf(name, request), { ...request.body, [field]: value })
      const said = `${field} ${JSON.stringify(value).slice(0, 40)}: ${answer.text.slice(0, 200)}`
      expect(answer.status, said).toBeLessThan(500)
      if (answer.status >= 400) expect(Object.keys(answer.body)).toEqual(['error'])
      else
        expect(['name', 'note', 'author', 'reason', 'source', 'status'].includes(field) || !isText(value), said).toBe(
          true,
        )
    }
  })

  it.each(ROWS)('%s refuses a field that it does not know', async (name, route) => {
    const request = requestFor(route)
    const query = { ...request.query, surprise: '1' }
    const asked = await world.ask(route.method, targetOf(name, { ...request, query }), request.body)
    expect([asked.status, asked.body['error']]).toMatchObject([400, { code: 'invalid_request', field: 'surprise' }])
    if (route.operation.body === null || route.operation.rawBodyBytes !== null) return
    const sent = await world.ask(route.method, targetOf(name, request), { ...request.body, surprise: 1 })
    expect([sent.status, sent.body['error']]).toMatchObject([400, { code: 'invalid_request', field: 'surprise' }])
  })

  it('is never a failure inside', () => {
    expect(world.heard.failures).toEqual([])
  })

  const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

  function assertRefused(answer: Awaited<ReturnType<FakeAdmin['ask']>>, what: string): void {
    expect(answer.status, `${what}: ${answer.text.slice(0, 200)}`).toBeGreaterThanOrEqual(400)
    expect(answer.status, `${what}: ${answer.text.slice(0, 200)}`).toBeLessThan(500)
    expect(Object.keys(answer.body)).toEqual(['error'])
  }
})

describe('a hostile body', () => {
  const deep = 100_000
  const BODIES: readonly (readonly [string, string | Buffer])[] = [
    ['nested 100,000 deep', `${'['.repeat(deep)}${']'.repeat(deep)}`],
    ['nested 100,000 deep, inside a field', `{"id":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}`],
    ['with brackets inside strings that never close', `{"id":"${'['.repeat(1_000)}`],
    ['with a byte order mark', Buffer.from('\ufeff{"id":"x"}')],
    ['with something behind its end', '{"id":"x"} {"id":"y"}'],
    ['that is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
    ['with a prototype', '{"id":"x","__proto__":{"status":"disabled"}}'],
    ['with a prototype inside', '{"id":"x","attributes":{"constructor":"a"}}'],
    ['that is a list', '[]'],
    ['that is a number', '7'],
    ['that is nothing', ''],
    ['of more than a megabyte', `{"id":"${'a'.repeat(1_100_000)}"}`],
  ]

  it.each(BODIES)('%s is refused', async (_, body) => {
    const world = await twoTenants()
    const before = await contentOf(world)
    const answer = await world.admin.inject({
      method: 'POST',
      path: '/admin/v1/tenants',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body,
    })
    expect([400, 413]).toContain(answer.statusCode)
    expect(world.heard.failures).toEqual([])
    expect(await contentOf(world)).toBe(before)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', 'application/jsonp'])(
    'of type %s is refused',
    async (type) => {
      const world = await twoTenants()
      const answer = await world.admin.inject({
        method: 'POST',
        path: '/admin/v1/tenants',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': type },
        body: '{"id":"x"}',
      })
      expect(answer.statusCode).toBe(415)
    },
  )
})

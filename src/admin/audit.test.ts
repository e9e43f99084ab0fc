// Every route that changes something writes its audit row, a refused change too, and the trail can be read.

import { afterEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, type FakeAdmin } from '../../test/fakes/admin.ts'
import { REQUESTS, targetOf, twoTenants } from '../../test/fakes/admin-requests.ts'
import { embeddedStores } from '../../test/fakes/embedded-stores.ts'
import { ROUTES } from './routes.ts'

type Row = Readonly<Record<string, unknown>>

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function embeddedWorld(changed: Parameters<typeof twoTenants>[0] = {}): Promise<FakeAdmin> {
  const stores = await embeddedStores()
  const world = await twoTenants(changed, stores)
  open.push(async () => {
    await world.admin.close()
    await stores.close()
  })
  return world
}

const rowsOf = async (world: FakeAdmin, query = ''): Promise<readonly Row[]> =>
  (await world.ask('GET', `audit?limit=1000${query}`)).body['rows'] as Row[]

const CHANGES = ROUTES.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`)

/** What a dry run, or only looking, leaves behind: nothing; and the jobs that are none here. */
const CHANGE_NOTHING = new Set([
  'POST /alert-tests',
  'POST /close-day',
  'POST /counters/verify',
  'POST /prices/import',
  'POST /rerate',
  'POST /rollups/rebuild',
])
const TWO_THINGS = new Set(['POST /tenants/{tenant_id}/keys/{key_id}/rotate'])

describe('every route that changes something', () => {
  it.each(CHANGES)('%s leaves a row for each thing that it changes, in the name of its request', async (name) => {
    const world = await embeddedWorld()
    const before = (await rowsOf(world)).length
    const request = REQUESTS[name]?.(() => 'alpha') ?? {}
    const [method = ''] = name.split(' ')
    const answer = await world.ask(method, targetOf(name, request), request.body)
    expect(answer.status, answer.text).toBeLessThan(300)
    const rows = (await rowsOf(world)).slice(0, -before || undefined)
    expect(rows.length).toBe(CHANGE_NOTHING.has(name) ? 0 : TWO_THINGS.has(name) ? 2 : 1)
    for (const row of rows) {
      expect(row).toMatchObject({
        outcome: 'changed',
        reason: null,
        actor: { kind: 'admin_token', id: world.deps.adminTokenHash.slice(0, 8) },
        action: name.replace(' ', ' /admin/v1'),
        request_id: answer.headers['x-weighbridge-request-id'],
        remote_address: '127.0.0.1',
      })
    }
  })

  it.each(CHANGES)('%s leaves a row for an attempt with the key of a tenant', async (name) => {
    const world = await embeddedWorld()
    const before = (await rowsOf(world)).length
    const secret = (await world.ask('POST', 'tenants/beta/keys')).body['secret'] as string
    const request = REQUESTS[name]?.(() => 'alpha') ?? {}
    const [method = ''] = name.split(' ')
    const answer = await world.admin.inject({
      method,
      path: `/admin/v1/${targetOf(name, request)}`,
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'user-agent': `sly\u00e9 ${'x'.repeat(300)}`,
      },
      body: JSON.stringify(request.body ?? {}),
    })
    expect(answer.statusCode).toBe(403)
    const rows = await rowsOf(world)
    expect(rows).toHaveLength(before + 2)
    expect(rows[0]).toMatchObject({
      outcome: 'refused',
      reason: 'not_an_admin',
      actor: { kind: 'claimed_key', id: secret.split('_')[1] },
      action: name.replace(' ', ' /admin/v1'),
      user_agent: `sly? ${'x'.repeat(195)}`,
      before: null,
      after: null,
    })
    expect(rows[0]?.['resource'], 'the table in origin.ts has no word for it').not.toBeNull()
    if (name.includes('{tenant_id}')) expect(rows[0]).toMatchObject({ tenant_id: 'alpha' })
    expect(JSON.stringify(rows)).not.toContain(secret.split('_')[2])
  })
})

describe('a change that is refused', () => {
  it.each([
    ['POST', 'tenants', { id: 'alpha' }, 'conflict', 'tenant', null],
    ['PATCH', 'tenants/alpha', { surprise: 1 }, 'invalid_request', 'tenant', 'alpha'],
    ['DELETE', 'plans/basic', undefined, 'conflict', 'plan', 'basic'],
    ['DELETE', 'plans/nothing', undefined, 'not_found', 'plan', 'nothing'],
    ['DELETE', 'tenants/alpha/keys/betakey00001', undefined, 'not_found', 'api_key', 'betakey00001'],
    ['POST', 'nothing/at/all', {}, 'unknown_route', null, null],
    ['PUT', 'plans/%ff', {}, 'invalid_path', 'plan', null],
  ])('%s %s leaves one row that says why', async (method, path, body, reason, resource, resourceId) => {
    const world = await embeddedWorld()
    const before = (await rowsOf(world)).length
    const answer = await world.ask(method, path, body)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    const rows = await rowsOf(world)
    expect(rows).toHaveLength(before + 1)
    expect(rows[0]).toMatchObject({ outcome: 'refused', reason, resource, resource_id: resourceId })
  })

  it('leaves no trace of a credential that was put into the wrong place', async () => {
    const world = await embeddedWorld()
    const secret = (await world.ask('POST', 'tenants/alpha/keys')).body['secret'] as string
    await world.ask('DELETE', `tenants/alpha/keys/${secret}`)
    await world.ask('PATCH', `tenants/${ADMIN_TOKEN}`, { name: 'x' })
    await world.ask('PATCH', 'tenants/alpha', { [secret]: 1 })
    await world.ask('POST', `tenants?token=${secret}`, { id: secret })
    const text = JSON.stringify(await rowsOf(world))
    expect(text).not.toContain(secret.split('_')[2])
    expect(text).not.toContain(ADMIN_TOKEN)
  })

  it('by nobody who is known fills no disk: what is beyond a bound is counted', async () => {
    let now = Date.UTC(2026, 10, 20)
    const world = await embeddedWorld({ now: () => now })
    const before = (await rowsOf(world)).length
    const attempt = () => world.admin.inject({ method: 'POST', path: '/admin/v1/tenants', body: '{}' })
    for (let count = 0; count < 75; count += 1) await attempt()
    expect(await rowsOf(world)).toHaveLength(before + 60)
    now += 60_000
    await attempt()
    expect((await rowsOf(world))[0]).toMatchObject({ after: { refusals_not_listed: 15 }, actor: { kind: 'unknown' } })
  })

  it('is refused all the same when it cannot be written down', async () => {
    const stores = await embeddedStores()
    const note = () => Promise.reject(new Error('the disk is full'))
    const world = await twoTenants({ audit: { ...stores.audit, note } }, stores)
    expect((await world.ask('DELETE', 'plans/basic')).status).toBe(409)
    expect(world.heard.failures).toMatchObject([{ message: 'the disk is full' }])
    await world.admin.close()
    await stores.close()
  })
})

describe('GET /audit', () => {
  it('shows secrets in no row, whatever happened to a key', async () => {
    const world = await embeddedWorld()
    const secrets: string[] = []
    const keep = (body: Row): void => {
      for (const name of ['secret', 'secret_access_key']) if (typeof body[name] === 'string') secrets.push(body[name])
    }
    const made = await world.ask('POST', 'tenants/alpha/keys')
    keep(made.body)
    const id = String(made.body['key_id'])
    keep((await world.ask('POST', `tenants/alpha/keys/${id}/rotate`)).body)
    await world.ask('PATCH', `tenants/alpha/keys/${id}`, { name: 'x' })
    await world.ask('DELETE', `tenants/alpha/keys/${id}`)
    const hashes = (await world.stores.tenants.everyKey()).map(({ secretHash }) => secretHash)
    const text = JSON.stringify(await rowsOf(world))
    expect(secrets).toHaveLength(4)
    expect(
      [...secrets, ...secrets.map((one) => one.split('_').at(-1) ?? ''), ...hashes].filter((one) => text.includes(one)),
    ).toEqual([])
  })

  it('is filtered and paged', async () => {
    const world = await embeddedWorld()
    await world.ask('PATCH', 'tenants/alpha', { name: 'one' })
    await world.ask('PATCH', 'tenants/beta', { name: 'two' })
    expect(await rowsOf(world, '&resource=tenant&actor=admin_token')).toHaveLength(2)
    expect(await rowsOf(world, '&tenant=alpha&actor=gateway')).toHaveLength(2)
    expect(await rowsOf(world, '&actor=admin_token:ffffffff')).toEqual([])
    expect(await rowsOf(world, '&outcome=refused')).toEqual([])
    const { body } = await world.ask('GET', 'audit?limit=3')
    const newest = Number((body['rows'] as Row[])[0]?.['sequence'])
    expect(body).toMatchObject({ head: { sequence: newest, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string } })
    const next = await world.ask('GET', `audit?limit=3&cursor=${String(body['next_cursor'])}`)
    expect((next.body['rows'] as Row[]).map((row) => row['sequence'])).toEqual([newest - 3, newest - 4, newest - 5])
  })

  it('as NDJSON is everything, oldest first', async () => {
    const world = await embeddedWorld()
    for (let count = 0; count < 250; count += 1) await world.ask('PATCH', 'tenants/alpha', { name: `n${count}` })
    const answer = await world.ask('GET', 'audit?format=ndjson')
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-ndjson; charset=utf-8',
      'content-disposition': 'attachment; filename="audit.ndjson"',
    })
    const lines = answer.text.trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as Row)['sequence'])).toEqual(lines.map((_, at) => at + 1))
    expect(lines.length).toBeGreaterThan(250)
    expect((await world.ask('GET', 'audit?format=ndjson&cursor=3')).status).toBe(400)
  })
})

// Keys over the admin API: shown once, rotated with a time of grace, revoked.

import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { NOW, type Answer, type FakeAdmin } from '../../test/fakes/admin.ts'
import { twoTenants } from '../../test/fakes/admin-requests.ts'
import { unhurried } from '../../test/fakes/stores.ts'
import { ALL_TENANTS } from '../core/tenant.ts'

let world: FakeAdmin
let now = NOW

beforeEach(async () => {
  now = NOW
  world = await twoTenants({ now: () => now })
})

const text = (answer: Answer, field: string): string => String(answer.body[field])
const create = (body: unknown = {}): Promise<Answer> => world.ask('POST', 'tenants/alpha/keys', body)
const stored = (id: string) => world.stores.tenants.getKey(ALL_TENANTS, id)

describe('a new key', () => {
  it('has the forms that clients and the data plane read', async () => {
    const made = await create({ name: 'ci', expires_at: '2027-01-01', may_act_for: ['beta'] })
    expect(made.status).toBe(201)
    expect(text(made, 'key_id')).toMatch(/^[a-z2-7]{12}$/)
    expect(text(made, 'secret')).toMatch(new RegExp(`^wb_${text(made, 'key_id')}_[0-9a-f]{64}$`))
    expect(text(made, 'access_key_id')).toMatch(/^WBAK[A-Z2-7]{16}$/)
    expect(made.body).toMatchObject({
      tenant_id: 'alpha',
      name: 'ci',
      secret_access_key: `secret-of-${text(made, 'access_key_id')}`,
      status: 'active',
      expires_at: '2027-01-01T00:00:00.000Z',
      may_act_for: ['beta'],
      revoked_at: null,
      replaced_by: null,
    })
    expect(world.heard.changes).toBe(1)
  })

  it('is kept as the hash of the whole key, and no answer shows its secrets again', async () => {
    const made = await create()
    const [id, secret] = [text(made, 'key_id'), text(made, 'secret')]
    const key = await stored(id)
    expect(key?.secretHash).toBe(createHash('sha256').update(secret).digest('hex'))
    expect(JSON.stringify(key)).not.toContain(secret.slice(-64))
    for (const path of ['tenants/alpha/keys', `tenants/alpha/keys/${id}`]) {
      const shown = await world.ask('GET', path)
      expect(shown.text).toContain(id)
      expect(shown.text).not.toMatch(/secret/i)
      expect(shown.text).not.toContain(key?.secretHash)
    }
  })

  it('never has the secrets of another', async () => {
    const [first, second] = [await create(), await create()]
    for (const field of ['key_id', 'secret', 'access_key_id']) expect(text(first, field)).not.toBe(text(second, field))
  })

  it.each([
    [{ expires_at: '2026-11-20T12:30:00Z' }, 'expires_at'],
    [{ expires_at: 'tomorrow' }, 'expires_at'],
    [{ may_act_for: ['nobody'] }, 'may_act_for[0]'],
    [{ may_act_for: ['alpha', 'b c'] }, 'may_act_for[1]'],
    [{ name: 7 }, 'name'],
  ])('is refused with %o, naming %s, and nothing is stored', async (body, field) => {
    const answer = await create(body)
    expect([answer.status, answer.body['error']]).toMatchObject([400, { field }])
    expect(await world.stores.tenants.listKeys(ALL_TENANTS, 'alpha')).toHaveLength(1)
  })

  it('is refused beyond 200 that work; ended ones do not count', async () => {
    for (let count = 1; count < 200; count += 1) await create()
    expect((await create()).status).toBe(409)
    await world.ask('DELETE', 'tenants/alpha/keys/alphakey0001')
    expect((await create()).status).toBe(201)
  })
})

describe('rotation', () => {
  it('makes a key like the old one, which works on for the time of grace', async () => {
    const old = await create({ name: 'ci', expires_at: '2027-01-01', may_act_for: ['beta'] })
    const id = text(old, 'key_id')
    const made = await world.ask('POST', `tenants/alpha/keys/${id}/rotate`, { grace_seconds: 60 })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ name: 'ci', expires_at: '2027-01-01T00:00:00.000Z', may_act_for: ['beta'] })
    expect(await stored(id)).toMatchObject({
      revokedAt: new Date(NOW + 60_000).toISOString(),
      replacedBy: text(made, 'key_id'),
    })
    const shown = async () => (await world.ask('GET', `tenants/alpha/keys/${id}`)).body['status']
    expect(await shown()).toBe('ending')
    now = NOW + 60_000
    expect(await shown()).toBe('revoked')
  })

  it('gives an hour of grace when nothing is said', async () => {
    await world.ask('POST', 'tenants/alpha/keys/alphakey0001/rotate')
    expect((await stored('alphakey0001'))?.revokedAt).toBe(new Date(NOW + 3_600_000).toISOString())
  })

  it('happens once: a second one, also at the same moment, is refused', async () => {
    const slow = await twoTenants({ tenants: unhurried(world.stores.tenants) })
    const rotate = () => slow.ask('POST', 'tenants/alpha/keys/alphakey0001/rotate', { grace_seconds: 60 })
    const answers = await Promise.all([rotate(), rotate(), rotate()])
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['201', '409', '409'])
    expect(await world.stores.tenants.listKeys(ALL_TENANTS, 'alpha')).toHaveLength(2)
  })

  it('is refused for a key that has ended', async () => {
    await world.ask('DELETE', 'tenants/alpha/keys/alphakey0001')
    expect((await world.ask('POST', 'tenants/alpha/keys/alphakey0001/rotate')).status).toBe(409)
  })

  it('makes no key when the old one cannot be ended', async () => {
    const { tenants } = world.stores
    const failing = await twoTenants({
      tenants: {
        ...tenants,
        replaceKey: () => Promise.reject(new Error('the disk is full')),
      },
    })
    const answer = await failing.ask('POST', 'tenants/alpha/keys/alphakey0001/rotate')
    expect(answer.status).toBe(500)
    expect(answer.text).not.toContain('disk')
    const keys = await tenants.listKeys(ALL_TENANTS, 'alpha')
    expect(keys.map(({ id, revokedAt }) => [id, revokedAt])).toEqual([['alphakey0001', null]])
  })

  it.each([-1, 1.5, 2_592_001, '60', null])('refuses the grace of %o seconds', async (grace_seconds) => {
    const answer = await world.ask('POST', 'tenants/alpha/keys/alphakey0001/rotate', { grace_seconds })
    expect([answer.status, answer.body['error']]).toMatchObject([400, { field: 'grace_seconds' }])
  })
})

describe('a key', () => {
  it('is revoked at once, and revoking it again changes nothing', async () => {
    const first = await world.ask('DELETE', 'tenants/alpha/keys/alphakey0001')
    expect(first.body).toMatchObject({ status: 'revoked', revoked_at: new Date(NOW).toISOString() })
    now += 5_000
    const second = await world.ask('DELETE', 'tenants/alpha/keys/alphakey0001')
    expect(second.body).toEqual(first.body)
  })

  it('in its time of grace is revoked now', async () => {
    await world.ask('POST', 'tenants/alpha/keys/alphakey0001/rotate')
    const revoked = await world.ask('DELETE', 'tenants/alpha/keys/alphakey0001')
    expect(revoked.body).toMatchObject({ status: 'revoked', revoked_at: new Date(NOW).toISOString() })
  })

  it('gets another end, other tenants, another name; what is not given stays', async () => {
    const path = 'tenants/alpha/keys/alphakey0001'
    await world.ask('PATCH', path, { expires_at: '2026-12-01' })
    const changed = await world.ask('PATCH', path, { may_act_for: ['beta'] })
    expect(changed.body).toMatchObject({
      name: 'key of alpha',
      may_act_for: ['beta'],
      expires_at: '2026-12-01T00:00:00.000Z',
    })
    now = Date.UTC(2026, 11, 1)
    expect((await world.ask('GET', path)).body['status']).toBe('expired')
    expect((await world.ask('PATCH', path, { expires_at: null })).body).toMatchObject({ status: 'active' })
  })

  it('is listed a page at a time', async () => {
    for (let count = 0; count < 4; count += 1) await create()
    const ids: string[] = []
    let cursor = ''
    do {
      const page = await world.ask('GET', `tenants/alpha/keys?limit=2${cursor}`)
      const keys = page.body['keys'] as { key_id: string }[]
      ids.push(...keys.map(({ key_id }) => key_id))
      cursor = page.body['next_cursor'] === null ? '' : `&cursor=${text(page, 'next_cursor')}`
    } while (cursor !== '')
    expect(ids).toHaveLength(5)
    expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)))
  })
})

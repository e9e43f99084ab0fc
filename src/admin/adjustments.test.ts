// More of a limit for a while: on a tenant, on a key, on a plan for one tenant alone; and everything that is refused.

import { beforeEach, describe, expect, it } from 'vitest'
import { fakeAdmin, NOW, type Answer, type FakeAdmin } from '../../test/fakes/admin.ts'
import { buildDirectory } from '../core/directory.ts'
import type { Limit } from '../core/limit.ts'

const UNTIL = '2026-12-24T18:00:00.000Z'

let world: FakeAdmin
let keyId: string

beforeEach(async () => {
  world = await fakeAdmin()
  const limits = [
    { kind: 'cost', per: 'month', amount: '25' },
    { kind: 'requests', per: 'minute', amount: 60, burst: 120 },
  ]
  await world.ask('PUT', 'plans/basic', { allowed_models: ['*'], limits })
  for (const id of ['team-a', 'team-b']) {
    const quota = { kind: 'requests', per: 'day', amount: 10 }
    await world.ask('POST', 'tenants', { id, plan_id: 'basic', limits: [quota] })
  }
  const key = await world.ask('POST', 'tenants/team-a/keys', { limits: [{ kind: 'tokens', per: 'day', amount: 100 }] })
  keyId = String(key.body['key_id'])
})

const add = (body: object, tenant = 'team-a'): Promise<Answer> =>
  world.ask('POST', `limits/${tenant}/adjustments`, body)

/** What the data plane would work with. */
async function limitsNow(): Promise<Record<string, Limit>> {
  const { tenants, plans } = world.stores
  const directory = buildDirectory({
    tenants: await tenants.everyTenant(),
    keys: await tenants.everyKey(),
    plans: await plans.listPlans(),
    aliases: [],
    endpoints: [],
    defaultUnpriced: 'hold',
  })
  return Object.fromEntries(directory.limits.map(({ counterId, limit }) => [counterId, limit]))
}

describe('an adjustment', () => {
  it('adds to a limit of the plan for one tenant alone', async () => {
    const answer = await add({ limit_id: 'cost-month', amount: '50', until: UNTIL, reason: 'the launch' })
    const adjustments = [{ amount: '50', from: new Date(NOW).toISOString(), until: UNTIL, reason: 'the launch' }]
    expect(answer.body).toMatchObject({
      limits: [{ tenant_id: 'team-a', source: 'plan', id: 'cost-month', adjustments }],
    })
    const limits = await limitsNow()
    expect(limits['plan:team-a:cost-month']?.adjustments).toHaveLength(1)
    expect(limits['plan:team-b:cost-month']?.adjustments).toEqual([])
    expect(world.heard.changes).toBeGreaterThan(0)
  })

  it('adds to a limit of the tenant and of a key, again and again, and leaves the rest of it', async () => {
    const before = (await limitsNow())['tenant:team-a:requests-day']
    for (const amount of [1, 2]) expect((await add({ limit_id: 'requests-day', amount })).status).toBe(201)
    expect((await add({ limit_id: 'tokens-day', key_id: keyId, amount: 7 })).status).toBe(201)
    const limits = await limitsNow()
    const added = limits['tenant:team-a:requests-day']
    expect({ ...added, adjustments: [] }).toEqual(before)
    expect(added?.adjustments.map(({ amount, until }) => [amount, until])).toEqual([
      [1n, null],
      [2n, null],
    ])
    expect(limits[`key:${keyId}:tokens-day`]?.adjustments).toMatchObject([{ amount: 7n }])
  })

  it('is taken back, and is gone with the plan', async () => {
    await add({ limit_id: 'cost-month', amount: '50' })
    const path = 'limits/team-a/adjustments?limit_id=cost-month'
    const { status, body } = await world.ask('DELETE', path)
    expect([status, body]).toMatchObject([200, { limits: [{ id: 'cost-month' }] }])
    expect((await limitsNow())['plan:team-a:cost-month']?.adjustments).toEqual([])
    await add({ limit_id: 'cost-month', amount: '50' })
    await world.ask('PUT', 'plans/other', {
      allowed_models: ['*'],
      limits: [{ kind: 'cost', per: 'month', amount: '1' }],
    })
    await world.ask('PATCH', 'tenants/team-a', { plan_id: 'other' })
    expect((await limitsNow())['plan:team-a:cost-month']?.adjustments).toEqual([])
  })

  it('that no window asks for any more makes room for others', async () => {
    const old = { limit_id: 'requests-day', amount: 1, from: '2026-11-01T00:00:00Z', until: '2026-11-02T00:00:00Z' }
    await add(old)
    await add({ limit_id: 'requests-day', amount: 2 })
    expect((await limitsNow())['tenant:team-a:requests-day']?.adjustments).toMatchObject([{ amount: 2n }])
  })

  it.each<[string, object, string, RegExp]>([
    [
      'of a limit that is not there',
      { limit_id: 'nothing', amount: 1 },
      'limit_id',
      /There are "requests-day" \(tenant\)/,
    ],
    ['of money as a number', { limit_id: 'cost-month', amount: 5 }, 'amount', /decimal string in USD/],
    ['of calls as money', { limit_id: 'requests-day', amount: '5' }, 'amount', /whole number/],
    ['that is negative', { limit_id: 'requests-day', amount: -5 }, 'amount', /whole number/],
    [
      'that ends before it begins',
      { limit_id: 'requests-day', amount: 1, from: UNTIL, until: '2026-12-01T00:00:00Z' },
      'until',
      /must be after from/,
    ],
    ['of a token bucket', { limit_id: 'requests-minute-burst', amount: 5 }, '', /a token bucket has none/],
    [
      "of a key that is not the tenant's",
      { limit_id: 'tokens-day', key_id: 'abcdefghijkl', amount: 5 },
      'key_id',
      /no key/,
    ],
  ])('%s is refused with the reason, and nothing is changed', async (_what, body, field, reason) => {
    const before = await limitsNow()
    const { status, body: answer } = await add(body)
    expect([status, answer['error']]).toMatchObject([400, { message: expect.stringMatching(reason) as string }])
    if (field !== '') expect(answer['error']).toMatchObject({ field })
    expect(await limitsNow()).toEqual(before)
  })

  it('of an id that the tenant and its plan both have asks which', async () => {
    await world.ask('PATCH', 'tenants/team-a', { limits: [{ kind: 'cost', per: 'month', amount: '5' }] })
    const asked = await add({ limit_id: 'cost-month', amount: '1' })
    expect([asked.status, asked.body['error']]).toMatchObject([400, { field: 'source' }])
    expect((await add({ limit_id: 'cost-month', amount: '1', source: 'tenant' })).status).toBe(201)
    const limits = await limitsNow()
    expect(limits['tenant:team-a:cost-month']?.adjustments).toHaveLength(1)
    expect(limits['plan:team-a:cost-month']?.adjustments).toEqual([])
  })
})

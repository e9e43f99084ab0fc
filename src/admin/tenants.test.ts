// Tenants and plans over the admin API, and the limits along the tree.

import { beforeEach, describe, expect, it } from 'vitest'
import { NOW, type FakeAdmin } from '../../test/fakes/admin.ts'
import { contentOf, twoTenants } from '../../test/fakes/admin-requests.ts'
import { unhurried } from '../../test/fakes/stores.ts'

let world: FakeAdmin

const NOTHING_SAID = {
  denied_models: [],
  regions: null,
  routing: null,
  service_tiers: null,
  send_to: {},
  request_metadata: {},
  guardrail: null,
  assume_role: null,
}

beforeEach(async () => {
  world = await twoTenants()
})

describe('a tenant', () => {
  it('is closed until something is said, and named after its id', async () => {
    const made = await world.ask('POST', 'tenants', { id: 'new' })
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      id: 'new',
      name: 'new',
      parent_id: null,
      plan_id: null,
      attributes: {},
      status: 'active',
      allowed_models: null,
      access: NOTHING_SAID,
      limits: [],
      created_at: '2026-11-20T12:30:00.000Z',
    })
    expect(await world.ask('GET', 'tenants/new')).toMatchObject({ status: 200, body: made.body })
    expect(world.heard.changes).toBe(1)
  })

  it('keeps everything that was given, exactly', async () => {
    const given = {
      id: 'A.b-c_1',
      name: 'Ålphä "quoted", ア 😀',
      parent_id: 'alpha',
      plan_id: 'basic',
      attributes: { cost_center: '0047', 'department.name': 'R&D' },
      status: 'disabled',
      allowed_models: ['us.*', 'anthropic.claude-sonnet-?'],
      access: {
        ...NOTHING_SAID,
        denied_models: ['anthropic.claude-sonnet-*'],
        regions: ['eu-west-1', 'eu-central-1'],
        assume_role: { role_arn: 'arn:aws:iam::111122223333:role/a/b', external_id: null, session_tags: { a: '' } },
      },
      limits: [
        { id: 'cost-month', kind: 'cost', per: 'month', amount: '25.000000000001', burst: null, mode: 'hard' },
        { id: 'fast', kind: 'tokens', per: 'minute', amount: 100_000, burst: 200_000, mode: 'hard' },
        { id: 'calls', kind: 'requests', per: null, amount: 0, burst: null, mode: 'soft' },
        { id: 'concurrency', kind: 'concurrency', per: null, amount: 5, burst: null, mode: 'hard' },
      ],
    }
    const made = await world.ask('POST', 'tenants', given)
    expect(made.body).toEqual({ ...given, created_at: '2026-11-20T12:30:00.000Z' })
  })

  it('changes only in what is given', async () => {
    const before = await world.ask('GET', 'tenants/alpha')
    const changed = await world.ask('PATCH', 'tenants/alpha', { parent_id: 'beta', attributes: {} })
    expect(changed.body).toEqual({ ...before.body, parent_id: 'beta', attributes: {} })
    const back = await world.ask('PATCH', 'tenants/alpha', { parent_id: null, plan_id: null })
    expect(back.body).toMatchObject({ parent_id: null, plan_id: null })
  })

  it('is disabled, and never gone', async () => {
    expect((await world.ask('DELETE', 'tenants/alpha')).body).toMatchObject({ status: 'disabled' })
    expect((await world.ask('GET', 'tenants/alpha')).body).toMatchObject({ status: 'disabled' })
    expect((await world.ask('PATCH', 'tenants/alpha', { status: 'active' })).body).toMatchObject({ status: 'active' })
  })

  it('is listed by id, a page at a time', async () => {
    for (const id of ['c', 'd', 'e']) await world.ask('POST', 'tenants', { id })
    const first = await world.ask('GET', 'tenants?limit=3')
    expect(first.body).toMatchObject({ tenants: [{ id: 'alpha' }, { id: 'beta' }, { id: 'c' }], next_cursor: 'c' })
    const second = await world.ask('GET', 'tenants?limit=3&cursor=c')
    expect(second.body).toMatchObject({ tenants: [{ id: 'd' }, { id: 'e' }], next_cursor: null })
  })

  it.each([
    [409, 'id', { id: 'alpha' }],
    [409, 'parent_id', { id: 'new', parent_id: 'nobody' }],
    [409, 'plan_id', { id: 'new', plan_id: 'nothing' }],
    [400, 'id', {}],
    [400, 'id', { id: '.new' }],
    [400, 'id', { id: 'a'.repeat(65) }],
    [400, 'name', { id: 'new', name: '  ' }],
    [400, 'name', { id: 'new', name: 'a'.repeat(201) }],
    [400, 'name', { id: 'new', name: 'line\nbreak' }],
    [400, 'status', { id: 'new', status: 'deleted' }],
    [400, 'attributes.a', { id: 'new', attributes: { a: 1 } }],
    [
      400,
      'attributes',
      { id: 'new', attributes: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`a${i}`, ''])) },
    ],
    [400, 'allowed_models[0]', { id: 'new', allowed_models: ['claude'] }],
    [400, 'created_at', { id: 'new', created_at: '2020-01-01' }],
    [400, 'secretHash', { id: 'new', secretHash: 'x' }],
  ])('is refused with %i at %s', async (status, field, body) => {
    const before = await contentOf(world)
    const answer = await world.ask('POST', 'tenants', body)
    expect([answer.status, answer.body['error']], answer.text).toMatchObject([status, { field }])
    expect(String((answer.body['error'] as { message?: string }).message)).toMatch(/^.{10,}\.$/)
    expect(await contentOf(world)).toBe(before)
    expect(world.heard.changes).toBe(0)
  })

  it('cannot become its own ancestor', async () => {
    await world.ask('PATCH', 'tenants/beta', { parent_id: 'alpha' })
    const answer = await world.ask('PATCH', 'tenants/alpha', { parent_id: 'beta' })
    expect([answer.status, answer.body['error']]).toMatchObject([409, { field: 'parent_id' }])
  })

  it('is changed by one at a time, so that no change is lost', async () => {
    const slow = await twoTenants({ tenants: unhurried(world.stores.tenants) })
    await Promise.all([
      slow.ask('PATCH', 'tenants/alpha', { name: 'changed' }),
      slow.ask('PATCH', 'tenants/alpha', { attributes: { a: '1' } }),
      slow.ask('PATCH', 'tenants/alpha', { plan_id: 'unused' }),
    ])
    expect((await world.ask('GET', 'tenants/alpha')).body).toMatchObject({
      name: 'changed',
      attributes: { a: '1' },
      plan_id: 'unused',
    })
  })

  it('is stored even when the data plane cannot be told at once; that is not hidden', async () => {
    const deaf = await twoTenants({ changed: () => Promise.reject(new Error('no news')) })
    expect((await deaf.ask('POST', 'tenants', { id: 'new' })).status).toBe(201)
    expect(deaf.heard.failures).toHaveLength(1)
  })
})

describe('a limit above that of a tenant over it', () => {
  const budget = (amount: string, over = {}) => ({ limits: [{ kind: 'cost', per: 'month', amount, ...over }] })

  it('is refused below and above, on the tenant, its plan and its new parent, unless it is meant', async () => {
    await world.ask('PATCH', 'tenants/alpha', { parent_id: 'beta' })
    const refusal = async (method: string, path: string, body: unknown) => {
      const { status, body: said } = await world.ask(method, path, body)
      return [status, (said['error'] as { field?: string } | undefined)?.field]
    }
    expect(await refusal('PATCH', 'tenants/beta', budget('10'))).toEqual([200, undefined])
    expect(await refusal('PATCH', 'tenants/alpha', budget('11'))).toEqual([400, 'limits[0]'])
    expect(await refusal('PATCH', 'tenants/alpha', budget('11', { allow_exceed: true }))).toEqual([200, undefined])
    expect(await refusal('PATCH', 'tenants/alpha', budget('11', { mode: 'soft' }))).toEqual([200, undefined])
    expect(await refusal('PATCH', 'tenants/alpha', budget('10'))).toEqual([200, undefined])
    expect(await refusal('PATCH', 'tenants/beta', budget('9'))).toEqual([400, 'limits[0]'])
    await world.ask('PATCH', 'tenants/alpha', { parent_id: null, limits: [] })
    const own = { ...budget('11'), allowed_models: ['*'] }
    expect(await refusal('PUT', 'plans/gold', own)).toEqual([200, undefined])
    await world.ask('PATCH', 'tenants/alpha', { plan_id: 'gold' })
    expect(await refusal('PATCH', 'tenants/alpha', { parent_id: 'beta' })).toEqual([400, 'limits'])
    expect(await refusal('POST', 'tenants', { id: 'new', parent_id: 'beta', ...budget('11') })).toEqual([
      400,
      'limits[0]',
    ])
    expect((await world.ask('GET', 'tenants/alpha')).body).toMatchObject({ parent_id: null, plan_id: 'gold' })
  })
})

describe('a plan', () => {
  const put = (plan: Record<string, unknown>) => world.ask('PUT', 'plans/gold', { allowed_models: ['*'], ...plan })

  it('is created, replaced whole, listed and deleted', async () => {
    const limit = { kind: 'cost', per: 'day', amount: '0.5', mode: 'hard' }
    expect(
      (await put({ name: 'Gold', limits: [limit], on_disconnect: 'abort', unpriced: 'refuse' })).body,
    ).toMatchObject({
      id: 'gold',
      name: 'Gold',
      limits: [limit],
      on_disconnect: 'abort',
      unpriced: 'refuse',
    })
    const replaced = await put({})
    expect(replaced.body).toMatchObject({ name: 'gold', limits: [], on_disconnect: 'drain', unpriced: 'hold' })
    expect((await world.ask('GET', 'plans')).body).toMatchObject({
      plans: [{ id: 'basic' }, { id: 'gold' }, { id: 'unused' }],
    })
    expect((await world.ask('DELETE', 'plans/gold')).status).toBe(200)
    expect((await world.ask('GET', 'plans/gold')).status).toBe(404)
    expect((await world.ask('DELETE', 'plans/gold')).status).toBe(404)
  })

  it('says what it lets through of other dialects, all unless it says otherwise', async () => {
    expect((await put({})).body).toMatchObject({
      dialects: { anthropic_beta: 'pass', unknown_fields: 'pass', bedrock_endpoints: 'auto' },
    })
    const dialects = { anthropic_beta: 'strip', unknown_fields: 'refuse', bedrock_endpoints: 'prefer' }
    expect((await put({ dialects })).body).toMatchObject({ dialects })
    expect((await put({ dialects: { anthropic_beta: 'maybe' } })).status).toBe(400)
  })

  it('says how its budgets hold, strictly unless it says otherwise', async () => {
    expect((await put({})).body).toMatchObject({
      budgeting: {
        input_bound: 'strict',
        cap_output: false,
        min_output_tokens: 1,
        cut_stream: false,
        fallback_price: null,
      },
    })
    const budgeting = {
      input_bound: 'estimate',
      cap_output: true,
      min_output_tokens: 50,
      cut_stream: true,
      fallback_price: { input: '3', output: '0.15' },
    }
    expect((await put({ budgeting })).body).toMatchObject({ budgeting })
    expect((await world.ask('GET', 'plans/gold')).body).toMatchObject({ budgeting })
  })

  it.each([
    [{ input_bound: 'guess' }, 'input_bound'],
    [{ cap_output: 'yes' }, 'cap_output'],
    [{ min_output_tokens: 0 }, 'min_output_tokens'],
    [{ min_output_tokens: 1.5 }, 'min_output_tokens'],
    [{ min_output_tokens: 2_000_000 }, 'min_output_tokens'],
    [{ fallback_price: { input: '3' } }, 'output'],
    [{ fallback_price: { input: 3, output: '15' } }, 'input'],
    [{ fallback_price: { input: '-3', output: '15' } }, 'input'],
    [{ fallback_price: { input: '0.0000001', output: '15' } }, 'input'],
    [{ cut_streams: true }, 'cut_streams'],
  ])('is refused with the budgeting %j', async (budgeting, field) => {
    const answer = await put({ budgeting })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).toContain(field)
  })

  it('that a tenant has is not deleted', async () => {
    const answer = await world.ask('DELETE', 'plans/basic')
    expect([answer.status, answer.body['error']]).toMatchObject([
      409,
      { message: expect.stringContaining('alpha') as string },
    ])
  })

  it.each([
    ['a negative amount', { kind: 'tokens', per: 'day', amount: -1 }, 'amount'],
    ['a negative cost', { kind: 'cost', per: 'day', amount: '-1' }, 'amount'],
    ['a part of a call', { kind: 'requests', per: 'day', amount: 1.5 }, 'amount'],
    ['an amount that JSON cannot hold', { kind: 'tokens', per: 'day', amount: 2 ** 53 }, 'amount'],
    ['a cost as a number', { kind: 'cost', per: 'day', amount: 25 }, 'amount'],
    ['a cost in words', { kind: 'cost', per: 'day', amount: '25 USD' }, 'amount'],
    ['a cost finer than what is kept', { kind: 'cost', per: 'day', amount: '0.0000000000001' }, 'amount'],
    ['an empty cost', { kind: 'cost', per: 'day', amount: '' }, 'amount'],
    ['tokens as text', { kind: 'tokens', per: 'day', amount: '5' }, 'amount'],
    ['an unknown kind', { kind: 'calls', per: 'day', amount: 1 }, 'kind'],
    ['no kind', { per: 'day', amount: 1 }, 'kind'],
    ['an unknown period', { kind: 'requests', per: 'fortnight', amount: 1 }, 'per'],
    ['a period of no length', { kind: 'requests', per: '', amount: 1 }, 'per'],
    ['no period', { kind: 'requests', amount: 1 }, 'per'],
    ['a period of what holds always', { kind: 'concurrency', per: 'day', amount: 1 }, 'per'],
    ['an unknown mode', { kind: 'requests', per: 'day', amount: 1, mode: 'warn' }, 'mode'],
    ['a burst of money', { kind: 'cost', per: 'minute', amount: '1', burst: 5 }, 'burst'],
    ['a burst per day', { kind: 'requests', per: 'day', amount: 1, burst: 5 }, 'burst'],
    ['a burst of nothing', { kind: 'requests', per: 'minute', amount: 1, burst: 0 }, 'burst'],
    ['a bucket that never fills', { kind: 'requests', per: 'minute', amount: 0, burst: 5 }, 'amount'],
    ['an unknown field', { kind: 'requests', per: 'day', amount: 1, window: 5 }, 'window'],
    ['an unknown time zone', { kind: 'cost', per: 'month', amount: '1', time_zone: 'Europe/Atlantis' }, 'time_zone'],
    ['a time zone of minutes', { kind: 'cost', per: 'minute', amount: '1', time_zone: 'Asia/Tokyo' }, 'time_zone'],
    ['a 13th month', { kind: 'cost', per: 'year', amount: '1', fiscal_start_month: 13 }, 'fiscal_start_month'],
    ['a fiscal day', { kind: 'cost', per: 'day', amount: '1', fiscal_start_month: 4 }, 'fiscal_start_month'],
    ['sides of a cost', { kind: 'cost', per: 'day', amount: '1', counts: 'input' }, 'counts'],
    ['burn-down of calls', { kind: 'requests', per: 'day', amount: 1, burn_down: true }, 'burn_down'],
    ['burn-down of one side', { kind: 'tokens', per: 'day', amount: 1, burn_down: true, counts: 'input' }, 'burn_down'],
    ['an unknown tier', { kind: 'requests', per: 'day', amount: 1, scope: { tiers: ['gold'] } }, 'scope.tiers[0]'],
    ['no models at all', { kind: 'requests', per: 'day', amount: 1, scope: { models: [] } }, 'scope.models'],
    ['an unknown scope', { kind: 'requests', per: 'day', amount: 1, scope: { regions: ['x'] } }, 'scope.regions'],
    ['rollover of a rate', { kind: 'tokens', per: 'minute', amount: 1, rollover: { cap: 5 } }, 'rollover'],
    ['rollover for ever', { kind: 'cost', per: null, amount: '1', rollover: { cap: '5' } }, 'rollover'],
    ['a negative cap', { kind: 'tokens', per: 'day', amount: 1, rollover: { cap: -5 } }, 'rollover.cap'],
    [
      'a negative top-up',
      { kind: 'tokens', per: 'day', amount: 1, adjustments: [{ amount: -5 }] },
      'adjustments[0].amount',
    ],
    [
      'a top-up that ends before it begins',
      {
        kind: 'tokens',
        per: 'day',
        amount: 1,
        adjustments: [{ amount: 5, from: '2026-11-20', until: '2026-11-19' }],
      },
      'adjustments[0].until',
    ],
    ['a reset of calls at once', { kind: 'concurrency', amount: 1, on_change: 'reset' }, 'on_change'],
    ['a name with spaces', { id: 'my limit', kind: 'requests', per: 'day', amount: 1 }, 'id'],
  ])('is refused with %s, naming it', async (_, limit, field) => {
    const before = await contentOf(world)
    const answer = await put({ limits: [{ kind: 'requests', per: 'hour', amount: 1 }, limit] })
    expect([answer.status, answer.body['error']], answer.text).toMatchObject([400, { field: `limits[1].${field}` }])
    expect(await contentOf(world)).toBe(before)
  })

  it.each([
    ['models that nobody knows', { scope: { models: ['anthropic.claude-sonet-*'] } }, 'scope.models[0]'],
    ['a surface that there is not', { scope: { surfaces: ['telnet'] } }, 'scope.surfaces[0]'],
    ['metadata that is not kept', { scope: { metadata: { mood: 'good' } } }, 'scope.metadata'],
    ['a split by metadata that is not kept', { split_by: 'mood' }, 'split_by'],
  ])('is refused with a limit that can never apply: %s', async (_, over, field) => {
    const answer = await put({ limits: [{ kind: 'cost', per: 'month', amount: '1', ...over }] })
    expect([answer.status, answer.body['error']], answer.text).toMatchObject([400, { field: `limits[0].${field}` }])
  })

  it('keeps everything that a limit says', async () => {
    const limit = {
      id: 'projects',
      kind: 'cost',
      per: 'quarter',
      amount: '100',
      burst: null,
      mode: 'shadow',
      time_zone: 'Europe/Berlin',
      fiscal_start_month: 2,
      scope: { models: ['anthropic.*'], tiers: ['flex'], surfaces: ['bedrock'], metadata: { team: 'red' } },
      split_by: 'project',
      rollover: { cap: '20' },
      adjustments: [
        { amount: '5', from: '2026-11-20T12:30:00.000Z', until: '2026-12-01T00:00:00.000Z', reason: 'fair' },
      ],
      on_change: 'reset',
      allow_exceed: true,
    }
    const tokens = { id: 'burn', kind: 'tokens', per: 'minute', amount: 9, burst: null, mode: 'hard', burn_down: true }
    const made = await put({ limits: [limit, tokens] })
    expect([made.status, made.body['limits']]).toEqual([200, [limit, tokens]])
  })

  it('counts a changed limit from the change on only where that is asked for', async () => {
    const both = (amount: number) => [
      { id: 'kept', kind: 'tokens', per: 'day', amount },
      { id: 'reset', kind: 'requests', per: 'day', amount, on_change: 'reset' },
    ]
    const resets = async () => (await world.stores.plans.getPlan('gold'))?.limits.map(({ resetAt }) => resetAt)
    await put({ limits: both(5) })
    await put({ limits: both(5) })
    expect(await resets()).toEqual([null, null])
    await put({ limits: both(6) })
    expect(await resets()).toEqual([null, NOW])
  })

  it('is refused with the same limit twice, and with more than 32', async () => {
    const limit = { kind: 'requests', per: 'hour', amount: 1 }
    expect((await put({ limits: [limit, { ...limit, amount: 2 }] })).body).toMatchObject({
      error: { field: 'limits[1]' },
    })
    expect((await put({ limits: [limit, { ...limit, mode: 'soft' }] })).status).toBe(200)
    expect((await put({ limits: Array.from({ length: 33 }, () => limit) })).body).toMatchObject({
      error: { field: 'limits' },
    })
  })

  it.each([
    ['*', true],
    ['anthropic.claude-sonnet-5', true],
    ['us.anthropic.*', true],
    ['global.*', true],
    ['arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc', true],
    ['anthropic.claude-sonet-*', false],
    ['us.amazon.*', false],
    ['', false],
    ['a b', false],
  ])('with the model pattern "%s" is taken: %s', async (glob, taken) => {
    const answer = await put({ allowed_models: [glob] })
    expect(answer.status).toBe(taken ? 200 : 400)
    if (!taken) expect(answer.body['error']).toMatchObject({ field: 'allowed_models[0]' })
  })

  it('takes a pattern without a known model when that is said', async () => {
    expect((await put({ allowed_models: ['amazon.tomorrow-*'] })).status).toBe(400)
    expect((await put({ allowed_models: ['amazon.tomorrow-*'], allow_unknown_models: true })).status).toBe(200)
  })

  it('without models is no plan', async () => {
    const answer = await world.ask('PUT', 'plans/gold', {})
    expect([answer.status, answer.body['error']]).toMatchObject([400, { field: 'allowed_models' }])
  })
})

// What the admin API says of calls, of limits, of the ledger and of its upkeep.

import { describe, expect, it } from 'vitest'
import { entry, NOW } from '../../test/fakes/admin.ts'
import { twoTenants } from '../../test/fakes/admin-requests.ts'
import { limitOf, scopedLimit, type Limit } from '../core/limit.ts'
import { picoUsd } from '../core/money.ts'
import type { RefusedCall } from '../core/refused-call.ts'
import type { Hold, LimitStatus } from '../core/reservation.ts'

const HOLD: Hold = {
  requestId: 'request-running',
  tenantId: 'beta',
  keyId: 'betakey00001',
  modelId: 'anthropic.claude-sonnet-5',
  baseModel: 'anthropic.claude-sonnet-5',
  routing: 'regional',
  region: 'us-east-1',
  tier: 'standard',
  operation: 'ConverseStream',
  surface: 'bedrock',
  startedAt: NOW,
  metadata: {},
  heldCost: picoUsd(500_000_000_000n),
  heldTokens: 4_096,
  inputTokensEstimate: 96,
}

describe('a call, explained,', () => {
  it('says who, what was used, and each part of its cost with the price that applied', async () => {
    const world = await twoTenants()
    await world.ask('PATCH', 'tenants/alpha', { parent_id: 'beta' })
    const answer = await world.ask('GET', 'requests/request-of-alpha')
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({
      state: 'settled',
      tenant: { id: 'alpha', name: 'name of alpha', chain: ['alpha', 'beta'] },
      key: { key_id: 'alphakey0001', name: 'key of alpha' },
      hold: null,
      entry: { cost_usd: '0.0105', input_cost_usd: '0.003', usage: { input_tokens: 1_000, output_tokens: 500 } },
      cost_now_usd: '0.0105',
      corrections: [],
      rating: {
        price_version: 1,
        agrees: true,
        missing: [],
        lines: [
          {
            dimension: 'input_tokens',
            quantity: 1_000,
            unit_price_usd: '3',
            per: '1M',
            cost_usd: '0.003',
            source: 'test',
            effective_from: '2026-01-01',
          },
          { dimension: 'output_tokens', quantity: 500, unit_price_usd: '15', cost_usd: '0.0075' },
        ],
      },
    })
  })

  it('is rated from the version that it names, not from a later one', async () => {
    const world = await twoTenants()
    const price = {
      base_model: 'anthropic.claude-sonnet-5',
      dimension: 'input_tokens',
      usd: '4',
      effective_from: '2026-01-01',
    }
    expect((await world.ask('POST', 'prices', { prices: [price] })).status).toBe(201)
    const answer = await world.ask('GET', 'requests/request-of-alpha')
    expect(answer.body['rating']).toMatchObject({
      price_version: 1,
      agrees: true,
      lines: [{ unit_price_usd: '3' }, {}],
    })
  })

  it('says when its lines do not add up', async () => {
    const world = await twoTenants()
    await world.stores.ledger.append(entry({ requestId: 'request-odd', cost: picoUsd(1n), inputCost: picoUsd(1n) }))
    expect((await world.ask('GET', 'requests/request-odd')).body['rating']).toMatchObject({ agrees: false })
  })

  it('without a price says which are missing, and with a correction what it costs now', async () => {
    const world = await twoTenants()
    const usage = { quantities: { input_tokens: 10, images: 1 }, estimated: false }
    const unpriced = { cost: null, inputCost: null, priceVersion: null, usage }
    await world.stores.ledger.append(entry({ requestId: 'request-new', ...unpriced }))
    const before = await world.ask('GET', 'requests/request-new')
    expect(before.body).toMatchObject({
      cost_now_usd: null,
      rating: { missing: ['images'], agrees: null, lines: [{ dimension: 'input_tokens' }] },
    })
    const correction = { ending: 'correction', corrects: 'request-new', usage: null } as const
    const [first, second] = [picoUsd(40_030_000_000n), picoUsd(-30_000_000n)]
    await world.stores.ledger.append(
      entry({ requestId: 'correction-1', ...correction, cost: first, inputCost: first, ratesUnpriced: true }),
    )
    await world.stores.ledger.append(
      entry({ requestId: 'correction-2', ...correction, cost: second, inputCost: second }),
    )
    const after = await world.ask('GET', 'requests/request-new')
    expect(after.body).toMatchObject({
      cost_now_usd: '0.04',
      corrections: [{ request_id: 'correction-1', corrects: 'request-new' }, { cost_usd: '-0.00003' }],
    })
  })

  it('that still runs shows its hold, to whom may see the tenant', async () => {
    const runningHold = (id: string): Hold | null => (id === HOLD.requestId ? HOLD : null)
    const world = await twoTenants({ runningHold })
    const answer = await world.ask('GET', 'requests/request-running')
    expect(answer.body).toMatchObject({
      state: 'running',
      tenant: { id: 'beta' },
      entry: null,
      hold: { held_cost_usd: '0.5', held_tokens: 4_096, operation: 'ConverseStream' },
    })
    const narrow = await twoTenants({ runningHold, scopeOf: () => ({ kind: 'tenants', tenantIds: ['alpha'] }) })
    expect((await narrow.ask('GET', 'requests/request-running')).status).toBe(404)
  })

  it('that was refused says why, to whom may see the tenant', async () => {
    const refusal: RefusedCall = {
      requestId: 'request-refused',
      at: NOW,
      code: 'budget_exceeded',
      message: 'The budget is used up.',
      tenantId: 'beta',
      keyId: 'betakey00001',
      operation: 'Converse',
      modelId: 'amazon.nova-lite-v1:0',
      surface: 'bedrock',
    }
    const stranger: RefusedCall = { ...refusal, requestId: 'request-stranger', tenantId: null, keyId: null }
    const refusedCall = (id: string): RefusedCall | null =>
      [refusal, stranger, { ...refusal, requestId: 'request-of-alpha' }].find(({ requestId }) => requestId === id) ??
      null
    const world = await twoTenants({ refusedCall })
    expect((await world.ask('GET', 'requests/request-refused')).body).toMatchObject({
      state: 'refused',
      tenant: { id: 'beta', chain: ['beta'] },
      key: { key_id: 'betakey00001' },
      entry: null,
      hold: null,
      refusal: {
        at: new Date(NOW).toISOString(),
        code: 'budget_exceeded',
        message: 'The budget is used up.',
        operation: 'Converse',
        model_id: 'amazon.nova-lite-v1:0',
        surface: 'bedrock',
      },
    })
    expect((await world.ask('GET', 'requests/request-stranger')).body).toMatchObject({ state: 'refused', tenant: null })
    expect((await world.ask('GET', 'requests/request-of-alpha')).body).toMatchObject({
      state: 'settled',
      refusal: null,
    })
    const narrow = await twoTenants({ refusedCall, scopeOf: () => ({ kind: 'tenants', tenantIds: ['alpha'] }) })
    for (const id of ['request-refused', 'request-stranger'])
      expect((await narrow.ask('GET', `requests/${id}`)).status).toBe(404)
  })

  it('that never was is not found', async () => {
    const world = await twoTenants()
    expect((await world.ask('GET', 'requests/request-nobody')).status).toBe(404)
  })
})

describe('limits', () => {
  const LIMITS = [
    { kind: 'cost', per: 'month', amount: '2' },
    { kind: 'tokens', per: 'day', amount: 1_000 },
    { kind: 'requests', per: null, amount: 10 },
    { kind: 'concurrency', amount: 5 },
    { kind: 'requests', per: 'minute', amount: 60, burst: 100 },
    { kind: 'requests', per: 'day', amount: 5, split_by: 'project', mode: 'shadow' },
  ]
  const counted = (
    limit: Pick<Limit, 'kind' | 'amount'> & Partial<Limit>,
    used: bigint,
    held: bigint,
    over: Partial<LimitStatus> = {},
  ): LimitStatus => ({
    scoped: scopedLimit(limitOf(limit), { source: 'tenant', tenantId: 'alpha' }),
    split: null,
    amount: limit.amount,
    used,
    held,
    windowStart: 0,
    windowEnd: null,
    refusedAt: null,
    wouldHaveRefused: 0,
    ...over,
  })
  const usd = 1_000_000_000_000n
  const shadow = { kind: 'requests', per: 'day', amount: 5n, splitBy: 'project', mode: 'shadow' } as const
  const STATUSES = [
    counted({ kind: 'cost', per: 'month', amount: 2n * usd }, usd, usd / 2n, { amount: 3n * usd }),
    counted({ kind: 'tokens', per: 'day', amount: 1_000n }, 900n, 200n),
    counted({ kind: 'requests', amount: 10n }, 7n, 0n),
    counted({ kind: 'concurrency', amount: 5n }, 0n, 3n),
    counted({ kind: 'requests', per: 'minute', amount: 60n, burst: 100n }, 40n, 0n, { amount: 100n }),
    counted(shadow, 7n, 0n, { split: 'red', wouldHaveRefused: 2 }),
    counted(shadow, 1n, 0n, { split: 'blue' }),
  ]

  it('show what is used, held and left, never less than nothing, and when they begin anew', async () => {
    const world = await twoTenants({ limitStatuses: async () => STATUSES })
    const patched = await world.ask('PATCH', 'tenants/alpha', { limits: LIMITS })
    expect(patched.status, patched.text).toBe(200)
    const answer = await world.ask('GET', 'limits/alpha')
    expect(answer.body['limits']).toMatchObject([
      {
        id: 'cost-month',
        amount: '2',
        amount_now: '3',
        used: '1',
        held: '0.5',
        left: '1.5',
        resets_at: '2026-12-01T00:00:00.000Z',
      },
      { kind: 'tokens', amount: 1_000, used: 900, held: 200, left: 0, resets_at: '2026-11-21T00:00:00.000Z' },
      { kind: 'requests', amount: 10, used: 7, held: 0, left: 3, resets_at: null },
      { kind: 'concurrency', amount: 5, used: 0, held: 3, left: 2, resets_at: null },
      { kind: 'requests', burst: 100, used: 40, left: 60, resets_at: null },
      { split: 'red', used: 7, left: 0, would_have_refused: 2 },
      { split: 'blue', used: 1, left: 4, would_have_refused: 0 },
    ])
  })

  it("are the tenant's, its plan's and those above it; not those above what the caller sees", async () => {
    const make = async (tenantIds: readonly string[] | null) => {
      const scopeOf = tenantIds === null ? {} : { scopeOf: () => ({ kind: 'tenants' as const, tenantIds }) }
      const world = await twoTenants(scopeOf)
      const limit = limitOf({ kind: 'requests', per: 'day', amount: 1n })
      const [alpha, beta] = await world.stores.tenants.everyTenant()
      if (alpha === undefined || beta === undefined) throw new Error('the world has two tenants')
      await world.stores.plans.putPlan({ ...(await world.stores.plans.listPlans())[0]!, limits: [limit] })
      await world.stores.tenants.updateTenant({ kind: 'all' }, { ...beta, limits: [limit] })
      await world.stores.tenants.updateTenant({ kind: 'all' }, { ...alpha, parentId: 'beta', limits: [limit] })
      const answer = await world.ask('GET', 'limits/alpha')
      return (answer.body['limits'] as { tenant_id: string; source: string }[]).map(
        (one) => `${one.tenant_id} ${one.source}`,
      )
    }
    expect(await make(null)).toEqual(['alpha tenant', 'alpha plan', 'beta tenant', 'beta plan'])
    expect(await make(['alpha'])).toEqual(['alpha tenant', 'alpha plan'])
  })

  it('are unknown where nothing is counted', async () => {
    const world = await twoTenants()
    await world.ask('PATCH', 'tenants/alpha', { limits: LIMITS })
    expect((await world.ask('GET', 'limits/alpha')).body['limits']).toContainEqual(
      expect.objectContaining({ kind: 'cost', used: null, left: null }),
    )
  })
})

describe('the ledger', () => {
  it('says everything of an entry, unknown as null', async () => {
    const world = await twoTenants()
    const usage = {
      quantities: { input_tokens: 10, output_tokens: null },
      reasoningTokens: 3,
      variant: '720p',
      estimated: true,
    }
    await world.stores.ledger.append(
      entry({
        requestId: 'request-new',
        keyId: 'cccccccccccc',
        upstreamRequestId: null,
        usage,
        cost: null,
        inputCost: null,
        priceVersion: null,
        estimated: true,
        metadata: { team: 'x' },
        notes: ['two figures'],
      }),
    )
    const answer = await world.ask('GET', 'ledger?key=cccccccccccc')
    expect(answer.body).toEqual({
      entries: [
        {
          request_id: 'request-new',
          upstream_request_id: null,
          tenant_id: 'alpha',
          key_id: 'cccccccccccc',
          model_id: 'anthropic.claude-sonnet-5',
          base_model: 'anthropic.claude-sonnet-5',
          routing: 'regional',
          region: 'us-east-1',
          tier: 'standard',
          operation: 'Converse',
          surface: 'bedrock',
          started_at: new Date(NOW - 1_000).toISOString(),
          ended_at: new Date(NOW).toISOString(),
          ending: 'completed',
          status: 200,
          attempts: 1,
          usage: { input_tokens: 10, output_tokens: null },
          reasoning_tokens: 3,
          variant: '720p',
          cost_usd: null,
          input_cost_usd: null,
          price_version: null,
          estimated: true,
          delivered_bytes: 2_000,
          metadata: { team: 'x' },
          notes: ['two figures'],
        },
      ],
      next_cursor: null,
    })
  })

  it('is filtered, and comes in pages', async () => {
    const world = await twoTenants()
    const ids = async (query: string): Promise<string[]> => {
      const answer = await world.ask('GET', `ledger?${query}`)
      return (answer.body['entries'] as { request_id: string }[]).map(({ request_id }) => request_id).toSorted()
    }
    expect(await ids('tenant=alpha')).toEqual(['request-of-alpha', 'request-of-alpha-unpriced'])
    expect(await ids('unpriced=true')).toEqual(['request-of-alpha-unpriced', 'request-of-beta-unpriced'])
    expect(await ids('estimated=true')).toEqual([])
    expect(await ids('from=2026-11-21')).toEqual([])
    expect(await ids('base_model=anthropic.claude-sonnet-5&to=2026-11-21')).toHaveLength(4)
    const first = await world.ask('GET', 'ledger?limit=3')
    expect(first.body['entries']).toHaveLength(3)
    expect(await ids(`limit=3&cursor=${String(first.body['next_cursor'])}`)).toHaveLength(1)
    const bad = await world.ask('GET', 'ledger?cursor=nothing')
    expect([bad.status, bad.body['error']]).toMatchObject([400, { field: 'cursor' }])
  })
})

describe('upkeep', () => {
  it('passes on what was asked, and says what came of it', async () => {
    const asked: unknown[] = []
    const plain = await twoTenants()
    const world = await twoTenants({
      jobs: {
        ...plain.deps.jobs,
        rerate: async (options) => {
          asked.push(options)
          return { entriesRead: 9, corrections: 2, difference: picoUsd(-5n), priceVersion: 3, stillUnpriced: 1 }
        },
        rebuildRollups: async (options) => {
          asked.push(options)
          return { entries: 9, buckets: 2, differences: Array.from({ length: 150 }, (_, index) => `bucket ${index}`) }
        },
        checkStore: async () => ['price version 2 is missing'],
      },
    })
    const body = { from: '2026-11-01', to: '2026-12-01', model_id: 'm', tenant_id: 'alpha' }
    expect((await world.ask('POST', 'rerate', body)).body).toEqual({
      dry_run: false,
      entries_read: 9,
      corrections: 2,
      difference_usd: '-0.000000000005',
      price_version: 3,
      still_unpriced: 1,
    })
    const rebuilt = await world.ask('POST', 'rollups/rebuild')
    expect(rebuilt.body).toMatchObject({ verify_only: false, entries: 9, buckets: 2, differing: 150 })
    expect(rebuilt.body['differences']).toHaveLength(100)
    expect((await world.ask('GET', 'store/check')).body).toEqual({
      ok: false,
      problems: ['price version 2 is missing'],
    })
    expect(asked).toEqual([
      { from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 11, 1), modelId: 'm', tenantId: 'alpha', dryRun: false },
      { verifyOnly: false },
    ])
  })

  it('refuses a period that ends before it begins', async () => {
    const world = await twoTenants()
    const answer = await world.ask('POST', 'rerate', { from: '2026-12-01', to: '2026-12-01' })
    expect([answer.status, answer.body['error']]).toMatchObject([400, { field: 'from' }])
  })
})

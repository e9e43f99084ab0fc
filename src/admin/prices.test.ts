// Prices over the admin API: versions, percentages, lists, and what has no price.

import { beforeEach, describe, expect, it } from 'vitest'
import { entry, NOW, type Answer, type FakeAdmin } from '../../test/fakes/admin.ts'
import { contentOf, twoTenants } from '../../test/fakes/admin-requests.ts'
import { picoUsd } from '../core/money.ts'
import type { Price } from '../core/price-book.ts'

const SONNET = 'anthropic.claude-sonnet-5'
const SINCE = '2026-12-01'

let world: FakeAdmin
let ratings = 0

beforeEach(async () => {
  ratings = 0
  world = await rated()
})

/** With the jobs of the process counted. */
async function rated(changed: Parameters<typeof twoTenants>[0] = {}): Promise<FakeAdmin> {
  const plain = await twoTenants()
  return twoTenants({
    jobs: {
      ...plain.deps.jobs,
      ratePreviouslyUnpriced: async () => ({ rated: (ratings += 1), stillUnpriced: 0 }),
    },
    ...changed,
  })
}

const row = (changed: Record<string, unknown> = {}): Record<string, unknown> => ({
  base_model: SONNET,
  dimension: 'input_tokens',
  usd: '3.5',
  effective_from: SINCE,
  ...changed,
})

const post = (changed: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<Answer> =>
  world.ask('POST', 'prices', { prices: [row(changed)], ...more })

describe('a price', () => {
  it('is stored as a version of its own, per token, and rates what waited for it', async () => {
    const answer = await post({
      usd: '3.123456',
      region: 'us-east-1',
      routing: 'global',
      tier: 'flex',
      context_above: 200_000,
    })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({ price_version: 2, prices: 1, adjustments: 0, doubts: [], rated_calls: 1 })
    expect(world.stores.prices.versions.at(-1)).toMatchObject({
      version: 2,
      author: 'admin',
      prices: [{ unitPrice: 3_123_456n, region: 'us-east-1', routing: 'global', tier: 'flex', contextAbove: 200_000 }],
    })
    expect(world.heard.changes).toBe(1)
  })

  it('of what is not tokens is per one', async () => {
    expect((await post({ dimension: 'images', usd: '0.04', variant: '1024x1024/premium' })).status).toBe(201)
    expect(world.stores.prices.versions.at(-1)?.prices[0]?.unitPrice).toBe(40_000_000_000n)
  })

  it('is shown as it was entered, with the version that brought it', async () => {
    await post({ usd: '3.500' })
    const shown = await world.ask('GET', `prices?model_id=${SONNET}&at=2026-12-01`)
    const prices = shown.body['prices'] as { dimension: string }[]
    expect(prices.find(({ dimension }) => dimension === 'input_tokens')).toEqual({
      ...row(),
      per: '1M',
      region: '*',
      routing: '*',
      tier: 'standard',
      context_above: 0,
      variant: '',
      tenant_id: null,
      effective_to: null,
      source: 'entered',
      version: 2,
    })
    const before = await world.ask('GET', `prices?model_id=us.${SONNET}&at=now`)
    expect(before.body).toMatchObject({
      prices: [
        { usd: '3', version: 1 },
        { usd: '15', version: 1 },
      ],
    })
  })

  it.each([
    ['usd', { usd: '-3' }],
    ['usd', { usd: '3,5' }],
    ['usd', { usd: 3.5 }],
    ['usd', { usd: 'NaN' }],
    ['usd', { usd: '1e3' }],
    ['usd', { usd: '0.0000001' }],
    ['dimension', { dimension: 'tokens' }],
    ['base_model', { base_model: 'claude sonnet' }],
    ['', { base_model: `us.${SONNET}` }],
    ['', { region: 'mars' }],
    ['routing', { routing: 'local' }],
    ['tier', { tier: 'default' }],
    ['context_above', { context_above: -1 }],
    ['effective_from', { effective_from: '2026-02-30' }],
    ['effective_from', { effective_from: undefined }],
    ['', { effective_to: '2026-12-01' }],
    ['tenant_id', { tenant_id: 'nobody' }],
    ['source', { source: '' }],
    ['variant', { variant: '=cmd()' }],
    ['currency', { currency: 'EUR' }],
  ])('is refused at "%s" of %o', async (field, changed) => {
    const before = await contentOf(world)
    const answer = await post(changed)
    const name = field === '' ? 'prices[0]' : `prices[0].${field}`
    expect([answer.status, answer.body['error']], answer.text).toMatchObject([400, { field: name }])
    expect(await contentOf(world)).toBe(before)
    expect(ratings).toBe(0)
  })

  it('that overlaps another of the same change is refused whole', async () => {
    const before = await contentOf(world)
    const prices = [row({ dimension: 'output_tokens', usd: '16' }), row(), row({ usd: '3.6' })]
    const answer = await world.ask('POST', 'prices', { prices })
    expect([answer.status, answer.body['error']]).toMatchObject([400, { field: 'prices[2]' }])
    expect(await contentOf(world)).toBe(before)
  })

  it('a thousand times off asks for a yes, with what a call would cost', async () => {
    const before = await contentOf(world)
    const answer = await post({ usd: '3000' })
    expect([answer.status, answer.body['error']]).toMatchObject([
      409,
      {
        code: 'confirmation_needed',
        field: 'prices[0]',
        message: expect.stringContaining('10,000 input_tokens would cost 30 USD; without it, 0.03 USD') as string,
      },
    ])
    expect(await contentOf(world)).toBe(before)
    expect((await post({ usd: '3000' }, { confirm: true })).body).toMatchObject({ price_version: 2 })
  })

  it('that no call would be charged by, because another names its routing, asks for a yes', async () => {
    expect((await post({ usd: '4', routing: 'regional' })).status).toBe(201)
    const later = await post({ usd: '5', effective_from: '2027-01-01' })
    expect([later.status, later.body['error']]).toMatchObject([
      409,
      {
        message: expect.stringMatching(
          /would not be charged for regional calls: .* 4 USD \(region \*, routing regional\)/,
        ) as string,
      },
    ])
    expect((await post({ usd: '5', effective_from: '2027-01-01', routing: 'regional' })).status).toBe(201)
    expect((await post({ usd: '5', effective_from: '2027-01-01' })).status).toBe(201)
  })

  it('in a dry run is checked and not stored', async () => {
    const before = await contentOf(world)
    const answer = await post({ usd: '3000' }, { dry_run: true })
    expect(answer.body).toMatchObject({ price_version: null, doubts: [expect.stringContaining('30 USD') as string] })
    expect(await contentOf(world)).toBe(before)
    expect([ratings, world.heard.changes]).toEqual([0, 0])
  })

  it('stays stored when rating what waited fails; that is told, not hidden', async () => {
    const plain = await twoTenants()
    const failing = await rated({
      jobs: { ...plain.deps.jobs, ratePreviouslyUnpriced: () => Promise.reject(new Error('no')) },
    })
    const answer = await failing.ask('POST', 'prices', { prices: [row()] })
    expect([answer.status, answer.body]).toMatchObject([201, { price_version: 2, rated_calls: null }])
    expect(failing.heard.failures).toHaveLength(1)
  })

  it('needs at least one row', async () => {
    expect((await world.ask('POST', 'prices', { prices: [] })).body).toMatchObject({ error: { field: 'prices' } })
  })
})

describe('a percentage', () => {
  const post90 = (tenant_id: string) =>
    world.ask('POST', 'prices', { adjustments: [{ tenant_id, basis_points: 9_000, effective_from: SINCE }] })

  it('of one tenant is stored and shown with its version', async () => {
    expect((await post90('alpha')).body).toMatchObject({ price_version: 2, adjustments: 1 })
    const version = await world.ask('GET', 'prices/versions/2')
    expect(version.body).toMatchObject({
      prices: 0,
      changed_adjustments: [{ tenant_id: 'alpha', basis_points: 9_000, effective_from: SINCE, effective_to: null }],
    })
  })

  it('of nobody is refused', async () => {
    expect((await post90('nobody')).body).toMatchObject({ error: { field: 'adjustments[0].tenant_id' } })
  })
})

describe('the lists', () => {
  it('go on where they ended, and say when the book has changed between', async () => {
    const first = await world.ask('GET', 'prices?limit=1')
    expect(first.body).toMatchObject({ prices: [{ dimension: 'input_tokens' }], next_cursor: '1-1' })
    const second = await world.ask('GET', 'prices?limit=1&cursor=1-1')
    expect(second.body).toMatchObject({ prices: [{ dimension: 'output_tokens' }], next_cursor: null })
    await post({})
    const late = await world.ask('GET', 'prices?limit=1&cursor=1-1')
    expect([late.status, late.body['error']]).toMatchObject([400, { field: 'cursor' }])
  })

  it('show versions, newest first', async () => {
    await post({}, { note: 'why', author: 'me' })
    const versions = await world.ask('GET', 'prices/versions')
    expect(versions.body).toMatchObject({
      versions: [
        { version: 2, author: 'me', note: 'why', prices: 1 },
        { version: 1, prices: 2 },
      ],
    })
    expect((await world.ask('GET', 'prices/versions/3')).status).toBe(404)
  })

  it('show the models that are known or have a price, with what they cost today', async () => {
    await post({ base_model: 'amazon.new-model', usd: '1', effective_from: '2026-01-01' })
    const models = await world.ask('GET', 'models')
    expect(models.body).toMatchObject({
      region: 'us-east-1',
      models: [
        { base_model: 'amazon.new-model', name: null, routings: null, prices: { regional: { input_tokens: '1' } } },
        {
          base_model: SONNET,
          name: 'Claude Sonnet 5',
          lifecycle: 'active',
          prices: { global: { input_tokens: '3', output_tokens: '15' } },
        },
      ],
    })
  })
})

describe('missing prices', () => {
  const UNPRICED = { cost: null, inputCost: null, priceVersion: null } as const
  const add = (requestId: string, changed: Parameters<typeof entry>[0]) =>
    world.stores.ledger.append(entry({ requestId, ...UNPRICED, ...changed }))

  it('are listed by what stands in the way, most calls first', async () => {
    const cached = { quantities: { input_tokens: 5, cache_read_tokens: 7, output_tokens: 1 }, estimated: false }
    await add('a', { baseModel: 'amazon.new-model', modelId: 'us.amazon.new-model', startedAt: NOW - 9_000 })
    await add('b', { baseModel: 'amazon.new-model', modelId: 'us.amazon.new-model' })
    await add('c', { baseModel: 'amazon.new-model', modelId: 'us.amazon.new-model' })
    await add('d', { usage: cached })
    await add('e', { usage: null, estimated: true, modelId: 'x', keyId: 'e' })
    await add('f', { baseModel: null, modelId: 'arn:aws:bedrock:us-east-1:123456789012:imported-model/abc' })
    const answer = await world.ask('GET', 'prices/missing')
    expect(answer.body).toMatchObject({ entries_read: 8, complete: true })
    expect(answer.body['missing']).toMatchObject(
      [
        {
          model_id: 'us.amazon.new-model',
          reason: 'no_price',
          dimensions: ['input_tokens', 'output_tokens'],
          calls: 3,
          first_at: new Date(NOW - 9_000).toISOString(),
        },
        { reason: 'priced_now', calls: 2 },
        { reason: 'no_price', dimensions: ['cache_read_tokens'], calls: 1 },
        { reason: 'unknown_usage', model_id: 'x' },
        { reason: 'unknown_model', base_model: null },
      ].map((gap) => expect.objectContaining(gap) as object),
    )
  })
})

describe('an imported price list', () => {
  const listed = (changed: Partial<Price>): Price => ({
    baseModel: SONNET,
    region: '*',
    routing: '*',
    tier: 'standard',
    contextAbove: 0,
    dimension: 'input_tokens',
    variant: '',
    tenantId: null,
    unitPrice: picoUsd(3_000_000n),
    effectiveFrom: '2026-11-01',
    effectiveTo: null,
    source: 'AWS Price List',
    ...changed,
  })
  const PRICES = [
    listed({}),
    listed({ dimension: 'output_tokens', unitPrice: picoUsd(16_000_000n) }),
    listed({ dimension: 'cache_read_tokens', unitPrice: picoUsd(300_000n) }),
  ]
  const importing = (read: FakeAdmin['deps']['readPriceList']) => rated({ readPriceList: read })
  const READING = {
    prices: PRICES,
    publishedAt: '2026-11-15T00:00:00Z',
    skipped: [{ reason: 'no such model', count: 2, example: 'USE1-Foo' }],
  }

  it('is shown as a difference first, and stored only when asked', async () => {
    world = await importing(() => READING)
    const before = await contentOf(world)
    const shown = await world.ask('POST', 'prices/import?dry_run=true', {})
    expect(shown.body).toMatchObject({
      price_version: null,
      added: 1,
      changed: 1,
      unchanged: 1,
      changes: [
        { dimension: 'output_tokens', before_usd: '15', after_usd: '16', per: '1M' },
        { dimension: 'cache_read_tokens', before_usd: null, after_usd: '0.3' },
      ],
      skipped: READING.skipped,
    })
    expect(await contentOf(world)).toBe(before)
    const stored = await world.ask('POST', 'prices/import?dry_run=false', {})
    expect(stored.body).toMatchObject({ price_version: 2, added: 1, changed: 1, rated_calls: 1 })
    expect(world.stores.prices.versions.at(-1)).toMatchObject({
      author: 'AWS Price List',
      prices: [{ dimension: 'output_tokens' }, { dimension: 'cache_read_tokens' }],
    })
    const again = await world.ask('POST', 'prices/import?dry_run=false', {})
    expect(again.body).toMatchObject({ price_version: null, added: 0, changed: 0, unchanged: 3 })
  })

  it('that looks like a slip asks for a yes', async () => {
    world = await importing(() => ({ ...READING, prices: [listed({ unitPrice: picoUsd(3_000_000_000n) })] }))
    expect((await world.ask('POST', 'prices/import?dry_run=false', {})).status).toBe(409)
    expect((await world.ask('POST', 'prices/import?dry_run=false&confirm=true', {})).body).toMatchObject({
      price_version: 2,
    })
  })

  it('that is none is refused with the reason', async () => {
    world = await importing(() => {
      throw new RangeError('it has no products')
    })
    const answer = await world.ask('POST', 'prices/import?dry_run=true', {})
    expect([answer.status, answer.body['error']]).toMatchObject([
      400,
      { message: 'This is not an AWS Price List file: it has no products' },
    ])
  })

  it('is read from the very bytes that were sent, which may be many', async () => {
    const sizes: number[] = []
    world = await importing((file) => {
      sizes.push(file.length)
      return { ...READING, prices: [] }
    })
    const answer = await world.ask('POST', 'prices/import?dry_run=true', 'x'.repeat(5_000_000))
    expect([answer.status, sizes]).toEqual([200, [5_000_002]])
    expect((await world.ask('POST', 'prices/import?dry_run=true')).status).toBe(400)
    expect((await world.ask('POST', 'prices/import', {})).body).toMatchObject({ error: { field: 'dry_run' } })
  })
})

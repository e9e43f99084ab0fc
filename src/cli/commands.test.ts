// What the commands for tenants, keys, plans and aliases send, and what they print.

import { beforeEach, describe, expect, it } from 'vitest'
import { contentOf, twoTenants } from '../../test/fakes/admin-requests.ts'
import { commandLine, type CommandLine } from '../../test/fakes/command-line.ts'

let line: CommandLine

beforeEach(async () => {
  line = commandLine(await twoTenants())
})

describe('tenants', () => {
  it('are created, shown, changed, listed as a tree and disabled', async () => {
    const words = ['tenant', 'create', 'gamma', '--name', 'Gamma Ltd', '--parent', 'alpha', '--plan', 'basic']
    const more = ['--attribute', 'cost_center=47=11', '--limit', 'cost:2.5/month', '--limit', 'concurrency:3,soft']
    expect(await line.json([...words, ...more, '--allow-model', 'us.*'])).toMatchObject({
      id: 'gamma',
      name: 'Gamma Ltd',
      parent_id: 'alpha',
      plan_id: 'basic',
      attributes: { cost_center: '47=11' },
      allowed_models: ['us.*'],
      limits: [
        { kind: 'cost', per: 'month', amount: '2.5', mode: 'hard' },
        { kind: 'concurrency', per: null, amount: 3, mode: 'soft' },
      ],
    })
    expect((await line.run('tenant list')).out).toMatch(
      /^alpha .*\n {2}gamma +Gamma Ltd +basic +active +cost:2.5\/month concurrency:3,soft\nbeta /m,
    )
    expect((await line.run('tenant show gamma')).out).toMatch(/^limits +cost:2.5\/month concurrency:3,soft$/m)
    const changed = await line.json(
      'tenant update gamma --no-plan --no-parent --no-own-limits --no-own-models --no-attributes',
    )
    expect(changed).toMatchObject({ plan_id: null, parent_id: null, limits: [], allowed_models: null, attributes: {} })
    expect(await line.json('tenant disable gamma')).toMatchObject({ status: 'disabled' })
    expect(await line.json('tenant update gamma --status active')).toMatchObject({
      status: 'active',
      name: 'Gamma Ltd',
    })
  })

  it('beyond a page are all listed', async () => {
    for (let count = 0; count < 1_005; count += 1) {
      await line.admin.stores.tenants.createTenant({
        ...(await line.admin.stores.tenants.everyTenant())[0]!,
        id: `t${String(count).padStart(4, '0')}`,
      })
    }
    expect(((await line.json('tenant list')).tenants as unknown[]).length).toBe(1_007)
  }, 60_000)
})

describe('keys', () => {
  it('are made with their secrets first, listed without, rotated and revoked', async () => {
    const made = await line.run('key create --tenant alpha --name ci --expires-at 2027-01-01 --may-act-for beta')
    expect(made.out).toMatch(
      /^secret +wb_[a-z2-7]{12}_[0-9a-f]{64}\naccess_key_id +WBAK\w{16}\nsecret_access_key +secret-of-WBAK/,
    )
    expect(made.out).toContain('shown this once')
    const id = /wb_([a-z2-7]{12})_/.exec(made.out)?.[1] ?? ''
    const listed = await line.run('key list --tenant alpha')
    expect(listed.out).toContain(id)
    expect(listed.out).not.toContain('secret')
    expect(await line.json(`key update ${id} --tenant alpha --expires-at never`)).toMatchObject({ expires_at: null })
    const next = await line.json(`key rotate ${id} --tenant alpha --grace-seconds 60`)
    expect(next).toMatchObject({ secret: expect.stringMatching(/^wb_/) as string, may_act_for: ['beta'] })
    expect(await line.json(`key revoke ${String(next.key_id)} --tenant alpha`)).toMatchObject({ status: 'revoked' })
  })
})

describe('limits', () => {
  it('of a key are set with it, replaced and taken away', async () => {
    const made = await line.json('key create --tenant alpha --limit cost:5/day --limit concurrency:2')
    expect(made).toMatchObject({
      limits: [
        { kind: 'cost', amount: '5' },
        { kind: 'concurrency', amount: 2 },
      ],
    })
    const id = String(made.key_id)
    expect((await line.run('key list --tenant alpha')).out).toContain('cost:5/day concurrency:2')
    expect(await line.json(`key update ${id} --tenant alpha --limit requests:9/hour`)).toMatchObject({
      limits: [{ kind: 'requests', amount: 9 }],
    })
    expect(await line.json(`key update ${id} --tenant alpha --no-limits`)).toMatchObject({ limits: [] })
    expect(await line.run(`key update ${id} --tenant alpha`)).toMatchObject({ code: 2 })
  })

  it('are topped up and raised for a while, and what was added is taken back', async () => {
    await line.run('tenant update alpha --limit cost:5/month --limit requests:10/day')
    const topUp = ['limits', 'add', 'alpha', 'cost-month', '--amount', '2.5', '--reason', 'the launch']
    expect((await line.run(topUp)).out).toMatch(/2\.5 in the window of 2026-11-20T12:30:00\.000Z \(the launch\)/)
    const raised = await line.json('limits add alpha requests-day --amount 90 --until 2026-12-24')
    expect(raised).toMatchObject({ limits: [{ id: 'requests-day', adjustments: [{ amount: 90 }] }] })
    expect((await line.run('tenant show alpha')).out).toContain('cost:5/month,adjusted requests:10/day,adjusted')
    expect(await line.json('limits withdraw alpha cost-month')).toMatchObject({ limits: [{ id: 'cost-month' }] })
    expect((await line.run('limits show alpha')).out).not.toContain('the launch')
    const unknown = await line.run('limits add alpha nothing --amount 1')
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('"cost-month" (tenant)') as string])
    expect((await line.run('limits add alpha cost-month')).err).toContain('--amount is missing')
  })
})

describe('plans', () => {
  it('are set, listed, shown and deleted', async () => {
    const limits = ['--limit', 'tokens:100000/minute,burst=200000', '--limit', 'requests:10/ever']
    expect(
      await line.json(['plan', 'set', 'gold', '--allow-model', '*', ...limits, '--unpriced', 'refuse']),
    ).toMatchObject({
      allowed_models: ['*'],
      limits: [
        { kind: 'tokens', per: 'minute', amount: 100_000, burst: 200_000 },
        { kind: 'requests', per: null, amount: 10 },
      ],
      unpriced: 'refuse',
    })
    const held = '--input-bound estimate --cap-output --min-output-tokens 20 --cut-stream --fallback-price 3/15'
    expect(await line.json(`plan set held --allow-model * ${held}`)).toMatchObject({
      budgeting: {
        input_bound: 'estimate',
        cap_output: true,
        min_output_tokens: 20,
        cut_stream: true,
        fallback_price: { input: '3', output: '15' },
      },
    })
    expect((await line.run('plan show held')).out).toContain('cap_output=true')
    expect((await line.run('plan set held --allow-model * --fallback-price 3')).code).toBe(2)
    await line.run('plan delete held')
    const said = '--anthropic-beta strip --unknown-fields refuse --bedrock-endpoints avoid'
    expect(await line.json(`plan set closed --allow-model * ${said}`)).toMatchObject({
      dialects: { anthropic_beta: 'strip', unknown_fields: 'refuse', bedrock_endpoints: 'avoid' },
    })
    await line.run('plan delete closed')
    expect(
      await line.json(
        'plan set chained --allow-model * --fallback anthropic.*=@us-west-2,global.anthropic.claude-sonnet-5',
      ),
    ).toMatchObject({
      fallbacks: [
        {
          models: 'anthropic.*',
          steps: [
            { model_id: null, region: 'us-west-2' },
            { model_id: 'global.anthropic.claude-sonnet-5', region: null },
          ],
        },
      ],
    })
    expect((await line.run('plan show chained')).out).toContain(
      'anthropic.*=@us-west-2,global.anthropic.claude-sonnet-5',
    )
    expect((await line.run('plan set chained --allow-model * --fallback anthropic.*')).code).toBe(2)
    await line.run('plan delete chained')
    expect((await line.run('plan list')).out).toMatch(
      /^gold +gold +\* +tokens:100000\/minute,burst=200000 requests:10\/ever$/m,
    )
    expect((await line.run('plan show gold')).code).toBe(0)
    expect(await line.json('plan delete gold')).toEqual({ id: 'gold', deleted: true })
  })
})

describe('aliases', () => {
  it('are set, listed and deleted', async () => {
    const model = 'anthropic.claude-sonnet-5'
    expect(await line.json(`alias set chat ${model} --tenant alpha --from 2026-12-01`)).toMatchObject({
      alias: 'chat',
      tenant_id: 'alpha',
      model_id: null,
    })
    await line.run(`alias set chat ${model}`)
    expect((await line.run('alias list')).out).toMatch(
      /^chat +everybody +anthropic\.claude-sonnet-5 +anthropic\.claude-sonnet-5 from 2026-11-20T12:30:00\.000Z$/m,
    )
    expect(await line.json('alias delete chat --tenant alpha --from 2026-12-01')).toMatchObject({ deleted: true })
    expect((await line.run('alias delete chat --tenant alpha')).code).toBe(1)
  })
})

describe('endpoints', () => {
  it('are set, listed, shown and deleted', async () => {
    const set = ['endpoint', 'set', 'mixtral', '--endpoint', 'SM-Mixtral', '--name', 'Mixtral 8x7B', '--kind', 'chat']
    expect(await line.json(set)).toMatchObject({ model_id: 'sagemaker.mixtral', name: 'Mixtral 8x7B' })
    expect((await line.run('endpoint list')).out).toMatch(/^sagemaker\.mixtral +Mixtral 8x7B +SM-Mixtral .* chat$/m)
    expect(await line.json('endpoint show mixtral')).toMatchObject({ endpoint_name: 'SM-Mixtral', region: null })
    expect((await line.run('endpoint set a --endpoint A --max-output-tokens many')).code).toBe(2)
    expect(await line.json('endpoint delete mixtral')).toEqual({ endpoint_id: 'mixtral', deleted: true })
  })
})

describe('prices', () => {
  it('of one model are set together, from now when no time is said', async () => {
    const prices = ['--price', 'input_tokens=3.5', '--price', 'output_tokens=16']
    const stored = await line.json([
      'price',
      'set',
      'anthropic.claude-sonnet-5',
      ...prices,
      '--region',
      'us-east-1',
      '--note',
      'why',
    ])
    expect(stored).toMatchObject({ price_version: 2, prices: 2 })
    expect(line.admin.stores.prices.versions.at(-1)).toMatchObject({
      note: 'why',
      prices: [
        {
          dimension: 'input_tokens',
          unitPrice: 3_500_000n,
          region: 'us-east-1',
          effectiveFrom: '2026-11-20T12:30:00.000Z',
        },
        { dimension: 'output_tokens', unitPrice: 16_000_000n },
      ],
    })
    const listed = await line.run('price list --model us.anthropic.claude-sonnet-5')
    expect(listed.out).toMatch(/^anthropic.claude-sonnet-5 +input_tokens +3.5 +1M +us-east-1 /m)
    expect(((await line.json('price list --all')).prices as unknown[]).length).toBe(4)
    expect((await line.run('price versions')).out).toMatch(/^ +2 .* admin +2 +0 +why$/m)
  })

  it('by the hour are stored with what they are for', async () => {
    const from = ['--from', '2026-12-01T00:00:00Z']
    await line.json(['price', 'hourly', 'sagemaker.mixtral', '--usd', '1.408', '--units', '2', ...from])
    const hourly = [{ modelId: 'sagemaker.mixtral', unitPrice: 1_408_000_000_000n, units: 2, idleTenantId: null }]
    expect(line.admin.stores.prices.versions.at(-1)).toMatchObject({ hourly })
  })

  it('that look like a slip need --confirm, which the words say', async () => {
    const set = 'price set anthropic.claude-sonnet-5 --price input_tokens=3000'
    const refused = await line.run(set)
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('10,000 input_tokens would cost 30 USD; without it, 0.03 USD')
    expect(refused.err).toContain('Add --confirm if it is meant.')
    expect(await line.json(`${set} --dry-run`)).toMatchObject({ price_version: null })
    expect(await line.json(`${set} --confirm`)).toMatchObject({ price_version: 2 })
  })

  it.each([
    ['90', 9_000],
    ['87.5', 8_750],
    ['100.01', 10_001],
    ['0', 0],
  ])('are adjusted to %s percent for one tenant', async (percent, basisPoints) => {
    await line.json(`price adjust --tenant alpha --percent ${percent}`)
    expect(line.admin.stores.prices.versions.at(-1)?.adjustments).toMatchObject([{ tenantId: 'alpha', basisPoints }])
  })

  it('are missing, or none are', async () => {
    expect((await line.run('price missing')).out).toMatch(/^anthropic.claude-sonnet-5 .* priced_now +2 /m)
    line.admin = await twoTenants({
      ledger: { ...line.admin.stores.ledger, page: async () => ({ entries: [], nextCursor: null }) },
    })
    expect((await line.run('price missing')).out).toBe('Every call has a cost.\n')
  })

  it('are imported from a file or an address, shown first, and stored only with --apply', async () => {
    const read: string[] = []
    const price = (await twoTenants()).stores.prices.versions[0]?.prices[0]
    if (price === undefined) throw new Error('there is a price')
    line.admin = await twoTenants({
      readPriceList: (file) => {
        read.push(file.toString())
        const dearer = { ...price, unitPrice: 4_000_000n as never, effectiveFrom: '2026-02-01' }
        return { prices: [dearer], publishedAt: null, skipped: [{ reason: 'no model', count: 3, example: 'X' }] }
      },
    })
    line.files['list.json'] = Buffer.from('{"from":"a file"}')
    const before = await contentOf(line.admin)
    const shown = await line.run('price import --aws-price-list list.json')
    expect(shown.out).toMatch(/^anthropic.claude-sonnet-5 +input_tokens .* 3 +4 +1M +2026-02-01$/m)
    expect(shown.out).toContain('0 new, 1 changed, 0 as they are. Nothing was stored; add --apply to store it.')
    expect(await contentOf(line.admin)).toBe(before)
    const applied = await line.run('price import --aws-price-list https://prices.example/list.json --apply', {
      fetch: async (input, init) =>
        input === 'https://prices.example/list.json' ? new Response('{"from":"an address"}') : line.fetch(input, init),
    })
    expect(applied.out).toContain('Stored as version 2; 0 calls have a price now.')
    expect(read).toEqual(['{"from":"a file"}', '{"from":"an address"}'])
    expect(line.sent.every(({ url }) => url.startsWith('http://127.0.0.1:8787/'))).toBe(true)
  })

  it('are not imported from nowhere', async () => {
    expect(await line.run('price import --aws-price-list nothing.json')).toMatchObject({ code: 2 })
    const gone = await line.run('price import --aws-price-list https://prices.example/list.json', {
      fetch: async () => new Response('', { status: 404 }),
    })
    expect(gone).toMatchObject({ code: 1, err: 'wb: https://prices.example/list.json answered with status 404.\n' })
  })
})

describe('reports', () => {
  it('are CSV as the gateway wrote it', async () => {
    const ran = await line.run('report daily --date 2026-11-20 --tenant alpha --format csv')
    expect(ran.out).toBe(
      'team_id,model_id,input_tokens,output_tokens,input_cost,output_cost,invocations,date\n' +
        'alpha,anthropic.claude-sonnet-5,2000,1000,,,2,2026-11-20\n',
    )
  })

  it('are tables for people, without columns that say nothing, unknown costs said', async () => {
    const ran = await line.run('report spend --group-by tenant,day')
    expect(ran.out).toMatch(/^2026-11-01T00:00:00.000Z to 2026-11-20T13:00:00.000Z\n\ntenant +day +calls /)
    expect(ran.out).not.toContain('images')
    expect((await line.run('report daily --date 2026-11-20')).out).toMatch(
      /^alpha .* unknown +unknown +2 +2026-11-20$/m,
    )
    expect((await line.run('report daily --date 2020-01-01')).out).toBe(
      'Nothing from 2020-01-01T00:00:00.000Z to 2020-01-02T00:00:00.000Z.\n',
    )
  })

  it('are JSON for programs', async () => {
    expect(await line.json('report unpriced')).toMatchObject({
      report: 'unpriced',
      rows: [{ tenant: 'alpha', unpriced_calls: 1 }, {}],
    })
  })
})

describe('the ledger', () => {
  it('is listed, newest first, with where to go on', async () => {
    const ran = await line.run('ledger list --limit 3')
    expect(ran.out).toMatch(
      /alpha +anthropic.claude-sonnet-5 +completed +input_tokens=1000 output_tokens=500 +0.0105 +request-of-alpha$/m,
    )
    expect(ran.out).toContain('There are more: --cursor 3')
    expect((await line.json('ledger list --unpriced --tenant beta')).entries).toMatchObject([
      { request_id: 'request-of-beta-unpriced' },
    ])
    expect((await line.run('ledger list --unpriced')).out).toMatch(/ unknown +request-of-/)
  })

  it('explains a call', async () => {
    const ran = await line.run('explain request-of-alpha')
    expect(ran.out).toMatch(/^tenant +alpha$/m)
    expect(ran.out).toMatch(/^input_tokens +1000 +3 +1M +0.003 +2026-01-01 +test$/m)
    expect(await line.run('explain request-of-nobody')).toMatchObject({
      code: 1,
      err: 'wb: There is no request request-of-nobody.\n',
    })
  })
})

describe('upkeep', () => {
  it('says what was done', async () => {
    expect(await line.json('rerate --from 2026-11-01 --to 2026-12-01 --dry-run')).toMatchObject({
      dry_run: true,
      corrections: 0,
    })
    expect((await line.run('rollup rebuild')).out).toBe('4 entries folded into 2 buckets and rebuilt: 0 differ.\n')
    expect((await line.run('limits show alpha')).out).toBe('No limit applies.\n')
    expect((await line.run('model list')).out).toMatch(
      /^anthropic.claude-sonnet-5 +Claude Sonnet 5 +active +global, regional +3 +15$/m,
    )
    expect(await line.run('db check')).toMatchObject({ code: 0, out: 'All is as it was stored.\n' })
  })

  it('exits with 1 when something differs', async () => {
    const { jobs } = line.admin.deps
    line.admin = await twoTenants({
      jobs: {
        ...jobs,
        rebuildRollups: async () => ({ entries: 4, buckets: 2, differences: ['hour 5: 3 calls, not 2'] }),
        checkStore: async () => ['price version 2 is missing'],
      },
    })
    const verified = await line.run('rollup rebuild --verify')
    expect(verified).toMatchObject({ code: 1, out: expect.stringContaining('hour 5: 3 calls, not 2') as string })
    expect((await line.run('rollup rebuild')).code).toBe(0)
    expect(await line.run('db check --json')).toMatchObject({
      code: 1,
      out: expect.stringContaining('price version 2') as string,
    })
  })
})

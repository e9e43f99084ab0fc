import { beforeEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, type FakeAdmin } from '../../test/fakes/admin.ts'
import { contentOf, twoTenants } from '../../test/fakes/admin-requests.ts'
import { isGroup, type Command, type Group } from './command.ts'
import { COMMANDS } from './commands.ts'
import { runCommandLine, type World } from './run.ts'

const NOW = Date.UTC(2026, 10, 20, 12, 30)

let admin: FakeAdmin
let files: Record<string, Buffer>
let sent: { url: string; authorization: string | null }[]

beforeEach(async () => {
  admin = await twoTenants()
  files = {}
  sent = []
})

type Ran = { readonly code: number; readonly out: string; readonly err: string }

const TOKEN = { WEIGHBRIDGE_ADMIN_TOKEN: ADMIN_TOKEN }

async function wb(line: string | readonly string[], changed: Partial<World> = {}): Promise<Ran> {
  const written: string[] = []
  const complained: string[] = []
  const code = await runCommandLine(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
    environment: TOKEN,
    fetch: toAdmin,
    readFile,
    now: () => NOW,
    write: (text) => void written.push(text),
    writeError: (text) => void complained.push(text),
    serve: () => Promise.reject(new Error('serve was called')),
    demo: () => Promise.reject(new Error('demo was called')),
    ...changed,
  })
  return { code, out: written.join(''), err: complained.join('') }
}

const json = async (line: string | readonly string[]): Promise<Record<string, unknown>> => {
  const ran = await wb(typeof line === 'string' ? `${line} --json` : [...line, '--json'])
  expect(ran.err).toBe('')
  return JSON.parse(ran.out) as Record<string, unknown>
}

function readFile(path: string): Buffer {
  const file = files[path]
  if (file === undefined) throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' })
  return file
}

/** The control plane without a socket. */
const toAdmin: typeof fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input)
  const headers = new Headers(init?.headers)
  sent.push({ url, authorization: headers.get('authorization') })
  const body = init?.body
  const answer = await admin.admin.inject({
    method: init?.method ?? 'GET',
    path: url.slice(new URL(url).origin.length),
    headers: Object.fromEntries(headers),
    ...(body === undefined || body === null ? {} : { body: Buffer.from(body as string | Uint8Array) }),
  })
  return new Response(answer.payload, { status: answer.statusCode })
}

describe('tenants', () => {
  it('are created, shown, changed, listed as a tree and disabled', async () => {
    const words = ['tenant', 'create', 'gamma', '--name', 'Gamma Ltd', '--parent', 'alpha', '--plan', 'basic']
    const more = ['--attribute', 'cost_center=47=11', '--limit', 'cost:2.5/month', '--limit', 'concurrency:3,soft']
    expect(await json([...words, ...more, '--allow-model', 'us.*'])).toMatchObject({
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
    expect((await wb('tenant list')).out).toMatch(
      /^alpha .*\n {2}gamma +Gamma Ltd +basic +active +cost:2.5\/month concurrency:3,soft\nbeta /m,
    )
    expect((await wb('tenant show gamma')).out).toMatch(/^limits +cost:2.5\/month concurrency:3,soft$/m)
    const changed = await json(
      'tenant update gamma --no-plan --no-parent --no-own-limits --no-own-models --no-attributes',
    )
    expect(changed).toMatchObject({ plan_id: null, parent_id: null, limits: [], allowed_models: null, attributes: {} })
    expect(await json('tenant disable gamma')).toMatchObject({ status: 'disabled' })
    expect(await json('tenant update gamma --status active')).toMatchObject({ status: 'active', name: 'Gamma Ltd' })
  })

  it('beyond a page are all listed', async () => {
    for (let count = 0; count < 1_005; count += 1) {
      await admin.stores.tenants.createTenant({
        ...(await admin.stores.tenants.everyTenant())[0]!,
        id: `t${String(count).padStart(4, '0')}`,
      })
    }
    expect(((await json('tenant list')).tenants as unknown[]).length).toBe(1_007)
  }, 60_000)
})

describe('keys', () => {
  it('are made with their secrets first, listed without, rotated and revoked', async () => {
    const made = await wb('key create --tenant alpha --name ci --expires-at 2027-01-01 --may-act-for beta')
    expect(made.out).toMatch(
      /^secret +wb_[a-z2-7]{12}_[0-9a-f]{64}\naccess_key_id +WBAK\w{16}\nsecret_access_key +secret-of-WBAK/,
    )
    expect(made.out).toContain('shown this once')
    const id = /wb_([a-z2-7]{12})_/.exec(made.out)?.[1] ?? ''
    const listed = await wb('key list --tenant alpha')
    expect(listed.out).toContain(id)
    expect(listed.out).not.toContain('secret')
    expect(await json(`key update ${id} --tenant alpha --expires-at never`)).toMatchObject({ expires_at: null })
    const next = await json(`key rotate ${id} --tenant alpha --grace-seconds 60`)
    expect(next).toMatchObject({ secret: expect.stringMatching(/^wb_/) as string, may_act_for: ['beta'] })
    expect(await json(`key revoke ${String(next.key_id)} --tenant alpha`)).toMatchObject({ status: 'revoked' })
  })
})

describe('plans', () => {
  it('are set, listed, shown and deleted', async () => {
    const limits = ['--limit', 'tokens:100000/minute,burst=200000', '--limit', 'requests:10/ever']
    expect(await json(['plan', 'set', 'gold', '--allow-model', '*', ...limits, '--unpriced', 'refuse'])).toMatchObject({
      allowed_models: ['*'],
      limits: [
        { kind: 'tokens', per: 'minute', amount: 100_000, burst: 200_000 },
        { kind: 'requests', per: null, amount: 10 },
      ],
      unpriced: 'refuse',
    })
    expect((await wb('plan list')).out).toMatch(
      /^gold +gold +\* +tokens:100000\/minute,burst=200000 requests:10\/ever$/m,
    )
    expect((await wb('plan show gold')).code).toBe(0)
    expect(await json('plan delete gold')).toEqual({ id: 'gold', deleted: true })
  })
})

describe('prices', () => {
  it('of one model are set together, from now when no time is said', async () => {
    const prices = ['--price', 'input_tokens=3.5', '--price', 'output_tokens=16']
    const stored = await json([
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
    expect(admin.stores.prices.versions.at(-1)).toMatchObject({
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
    const listed = await wb('price list --model us.anthropic.claude-sonnet-5')
    expect(listed.out).toMatch(/^anthropic.claude-sonnet-5 +input_tokens +3.5 +1M +us-east-1 /m)
    expect(((await json('price list --all')).prices as unknown[]).length).toBe(4)
    expect((await wb('price versions')).out).toMatch(/^ +2 .* admin +2 +0 +why$/m)
  })

  it('that look like a slip need --confirm, which the words say', async () => {
    const line = 'price set anthropic.claude-sonnet-5 --price input_tokens=3000'
    const refused = await wb(line)
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('10,000 input_tokens would cost 30 USD; without it, 0.03 USD')
    expect(refused.err).toContain('Add --confirm if it is meant.')
    expect(await json(`${line} --dry-run`)).toMatchObject({ price_version: null })
    expect(await json(`${line} --confirm`)).toMatchObject({ price_version: 2 })
  })

  it.each([
    ['90', 9_000],
    ['87.5', 8_750],
    ['100.01', 10_001],
    ['0', 0],
  ])('are adjusted to %s percent for one tenant', async (percent, basisPoints) => {
    await json(`price adjust --tenant alpha --percent ${percent}`)
    expect(admin.stores.prices.versions.at(-1)?.adjustments).toMatchObject([{ tenantId: 'alpha', basisPoints }])
  })

  it('are missing, or none are', async () => {
    expect((await wb('price missing')).out).toMatch(/^anthropic.claude-sonnet-5 .* priced_now +2 /m)
    admin = await twoTenants({
      ledger: { ...admin.stores.ledger, page: async () => ({ entries: [], nextCursor: null }) },
    })
    expect((await wb('price missing')).out).toBe('Every call has a cost.\n')
  })

  it('are imported from a file or an address, shown first, and stored only with --apply', async () => {
    const read: string[] = []
    const price = (await twoTenants()).stores.prices.versions[0]?.prices[0]
    if (price === undefined) throw new Error('there is a price')
    admin = await twoTenants({
      readPriceList: (file) => {
        read.push(file.toString())
        const dearer = { ...price, unitPrice: 4_000_000n as never, effectiveFrom: '2026-02-01' }
        return { prices: [dearer], publishedAt: null, skipped: [{ reason: 'no model', count: 3, example: 'X' }] }
      },
    })
    files['list.json'] = Buffer.from('{"from":"a file"}')
    const before = await contentOf(admin)
    const shown = await wb('price import --aws-price-list list.json')
    expect(shown.out).toMatch(/^anthropic.claude-sonnet-5 +input_tokens .* 3 +4 +1M +2026-02-01$/m)
    expect(shown.out).toContain('0 new, 1 changed, 0 as they are. Nothing was stored; add --apply to store it.')
    expect(await contentOf(admin)).toBe(before)
    const applied = await wb('price import --aws-price-list https://prices.example/list.json --apply', {
      fetch: async (input, init) =>
        input === 'https://prices.example/list.json' ? new Response('{"from":"an address"}') : toAdmin(input, init),
    })
    expect(applied.out).toContain('Stored as version 2; 0 calls have a price now.')
    expect(read).toEqual(['{"from":"a file"}', '{"from":"an address"}'])
    expect(sent.every(({ url }) => url.startsWith('http://127.0.0.1:8787/'))).toBe(true)
  })

  it('are not imported from nowhere', async () => {
    expect(await wb('price import --aws-price-list nothing.json')).toMatchObject({ code: 2 })
    const gone = await wb('price import --aws-price-list https://prices.example/list.json', {
      fetch: async () => new Response('', { status: 404 }),
    })
    expect(gone).toMatchObject({ code: 1, err: 'wb: https://prices.example/list.json answered with status 404.\n' })
  })
})

describe('reports', () => {
  it('are CSV as the gateway wrote it', async () => {
    const ran = await wb('report daily --date 2026-11-20 --tenant alpha --format csv')
    expect(ran.out).toBe(
      'team_id,model_id,input_tokens,output_tokens,input_cost,output_cost,invocations,date\n' +
        'alpha,anthropic.claude-sonnet-5,2000,1000,,,2,2026-11-20\n',
    )
  })

  it('are tables for people, without columns that say nothing, unknown costs said', async () => {
    const ran = await wb('report spend --group-by tenant,day')
    expect(ran.out).toMatch(/^2026-11-01T00:00:00.000Z to 2026-11-20T13:00:00.000Z\n\ntenant +day +calls /)
    expect(ran.out).not.toContain('images')
    expect((await wb('report daily --date 2026-11-20')).out).toMatch(/^alpha .* unknown +unknown +2 +2026-11-20$/m)
    expect((await wb('report daily --date 2020-01-01')).out).toBe(
      'Nothing from 2020-01-01T00:00:00.000Z to 2020-01-02T00:00:00.000Z.\n',
    )
  })

  it('are JSON for programs', async () => {
    expect(await json('report unpriced')).toMatchObject({
      report: 'unpriced',
      rows: [{ tenant: 'alpha', unpriced_calls: 1 }, {}],
    })
  })
})

describe('the ledger', () => {
  it('is listed, newest first, with where to go on', async () => {
    const ran = await wb('ledger list --limit 3')
    expect(ran.out).toMatch(
      /alpha +anthropic.claude-sonnet-5 +completed +input_tokens=1000 output_tokens=500 +0.0105 +request-of-alpha$/m,
    )
    expect(ran.out).toContain('There are more: --cursor 3')
    expect((await json('ledger list --unpriced --tenant beta')).entries).toMatchObject([
      { request_id: 'request-of-beta-unpriced' },
    ])
    expect((await wb('ledger list --unpriced')).out).toMatch(/ unknown +request-of-/)
  })

  it('explains a call', async () => {
    const ran = await wb('explain request-of-alpha')
    expect(ran.out).toMatch(/^tenant +alpha$/m)
    expect(ran.out).toMatch(/^input_tokens +1000 +3 +1M +0.003 +2026-01-01 +test$/m)
    expect(await wb('explain request-of-nobody')).toMatchObject({
      code: 1,
      err: 'wb: There is no request request-of-nobody.\n',
    })
  })
})

describe('upkeep', () => {
  it('says what was done', async () => {
    expect(await json('rerate --from 2026-11-01 --to 2026-12-01 --dry-run')).toMatchObject({
      dry_run: true,
      corrections: 0,
    })
    expect((await wb('rollup rebuild')).out).toBe('4 entries folded into 2 buckets and rebuilt: 0 differ.\n')
    expect((await wb('limits show alpha')).out).toBe('No limit applies.\n')
    expect((await wb('model list')).out).toMatch(
      /^anthropic.claude-sonnet-5 +Claude Sonnet 5 +active +global, regional +3 +15$/m,
    )
    expect(await wb('db check')).toMatchObject({ code: 0, out: 'All is as it was stored.\n' })
  })

  it('exits with 1 when something differs', async () => {
    const { jobs } = admin.deps
    admin = await twoTenants({
      jobs: {
        ...jobs,
        rebuildRollups: async () => ({ entries: 4, buckets: 2, differences: ['hour 5: 3 calls, not 2'] }),
        checkStore: async () => ['price version 2 is missing'],
      },
    })
    const verified = await wb('rollup rebuild --verify')
    expect(verified).toMatchObject({ code: 1, out: expect.stringContaining('hour 5: 3 calls, not 2') as string })
    expect((await wb('rollup rebuild')).code).toBe(0)
    expect(await wb('db check --json')).toMatchObject({
      code: 1,
      out: expect.stringContaining('price version 2') as string,
    })
  })
})

describe('the processes', () => {
  it('are started by their commands', async () => {
    const started: unknown[] = []
    const world = {
      serve: async () => void started.push('serve'),
      demo: async (options: unknown) => started.push(options),
    }
    await wb('serve', world)
    expect((await wb('demo --once', world)).code).toBe(2)
    await wb('demo', world)
    expect(started).toEqual(['serve', { once: true }, { once: false }])
    expect((await wb('demo --json', world)).code).toBe(2)
  })
})

describe('what is not understood', () => {
  it.each([
    ['', 'Say which command: serve, demo, tenant'],
    ['nothing', '"nothing" is no command; there are serve, demo'],
    ['tenant', 'Say which command: create, list, show'],
    ['tenant remove', '"remove" is no command; there are create'],
    ['constructor', '"constructor" is no command'],
    ['tenant create', '<id> is missing'],
    ['tenant create a b', '"b" is one word too many'],
    ['tenant create a --color red', "Unknown option '--color'"],
    ['tenant create a --limit much', '--limit "much" is not of the form'],
    ['tenant create a --limit cost:1/day,loud', 'neither soft, hard nor burst'],
    ['tenant create a --attribute x', 'is not of the form name=value'],
    ['tenant update a', 'Nothing to change'],
    ['key create', '--tenant is missing'],
    ['key rotate k --tenant a --grace-seconds soon', 'whole number of seconds'],
    ['plan set gold', '--allow-model is missing'],
    ['price set m', '--price is missing'],
    ['price set m --price input_tokens', 'is not of the form dimension=usd'],
    ['price set m --price input_tokens=3 --context-above much', 'whole number'],
    ['price adjust --tenant a --percent lots', '--percent must be'],
    ['price list --all --at now', 'exclude each other'],
    ['report daily --format xml', '--format must be'],
    ['rerate --from 2026-01-01', '--to is missing'],
  ])('"%s" exits with 2 and says why, and how to ask', async (line, words) => {
    const ran = await wb(line)
    expect(ran).toMatchObject({ code: 2, out: '' })
    expect(ran.err).toContain(words)
    expect(ran.err).toMatch(/"npm run wb -- .*--help" says how it is used\.\n$/)
    expect(sent).toEqual([])
  })
})

describe('what the gateway refuses', () => {
  it('is said in its words, and nothing is printed', async () => {
    expect(await wb('tenant create alpha')).toEqual({ code: 1, out: '', err: 'wb: There is a tenant alpha already.\n' })
    expect(await wb('tenant show a/../b')).toMatchObject({
      code: 1,
      err: expect.stringContaining('tenant_id must be') as string,
    })
    expect(await wb('report spend --from never')).toMatchObject({
      code: 1,
      err: expect.stringContaining('from must be') as string,
    })
  })
})

describe('where the gateway is, and its token', () => {
  it('come from the environment', async () => {
    await wb('plan list', { environment: { ...TOKEN, WEIGHBRIDGE_URL: 'https://gateway.example:444' } })
    expect(sent).toEqual([
      { url: 'https://gateway.example:444/admin/v1/plans', authorization: `Bearer ${ADMIN_TOKEN}` },
    ])
  })

  it('else the token that a gateway on this machine keeps in its data folder', async () => {
    files['data/admin-token'] = Buffer.from(`${ADMIN_TOKEN}\n`)
    files['/var/wb/admin-token'] = Buffer.from(`${ADMIN_TOKEN}\n`)
    expect((await wb('plan list', { environment: {} })).code).toBe(0)
    expect((await wb('plan list', { environment: { WEIGHBRIDGE_DATA_DIR: '/var/wb' } })).code).toBe(0)
    expect((await wb('plan list', { environment: { WEIGHBRIDGE_URL: 'http://[::1]:8787' } })).code).toBe(0)
  })

  it.each(['https://gateway.example', 'http://127.0.0.1.example', 'http://10.0.0.1:8787', 'http://localhost.example'])(
    'which is never sent to %s',
    async (url) => {
      files['data/admin-token'] = Buffer.from(`${ADMIN_TOKEN}\n`)
      const ran = await wb('plan list', { environment: { WEIGHBRIDGE_URL: url } })
      expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('Set WEIGHBRIDGE_ADMIN_TOKEN') as string })
      expect(sent).toEqual([])
    },
  )

  it('missing, the words say where to find it', async () => {
    const ran = await wb('plan list', { environment: {} })
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('looked at data/admin-token') as string })
  })

  it('wrong, the words say what to set', async () => {
    const ran = await wb('plan list', { environment: { WEIGHBRIDGE_ADMIN_TOKEN: 'wba_not_the_right_one' } })
    expect(ran).toMatchObject({ code: 1, out: '' })
    expect(ran.err).toBe(
      'wb: The admin token is not the one of this gateway. Set WEIGHBRIDGE_ADMIN_TOKEN to the admin token of the gateway at http://127.0.0.1:8787.\n',
    )
  })

  it('with settings that are not valid, all of them are said', async () => {
    const ran = await wb('plan list', {
      environment: { ...TOKEN, WEIGHBRIDGE_URL: 'somewhere', WEIGHBRIDGE_PORT: 'x' },
    })
    expect(ran.code).toBe(2)
    expect(ran.err).toContain('WEIGHBRIDGE_URL must be')
    expect(ran.err).toContain('WEIGHBRIDGE_PORT must be')
  })

  it('when nobody answers, the words say how to start it', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), {
      cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    })
    const ran = await wb('plan list', { fetch: () => Promise.reject(refused) })
    expect(ran).toEqual({
      code: 1,
      out: '',
      err: 'wb: The gateway does not answer at http://127.0.0.1:8787 (ECONNREFUSED). Start it with "npm start", or set WEIGHBRIDGE_URL to where it runs.\n',
    })
  })

  it('when something else answers, the words say so', async () => {
    const ran = await wb('plan list', { fetch: async () => new Response('<html>', { status: 502 }) })
    expect(ran.err).toContain('is it a Weighbridge gateway of this version?')
  })
})

describe('help', () => {
  const nodes = (node: Command | Group, path: readonly string[] = []): (readonly [string, Command | Group])[] => [
    [path.join(' '), node],
    ...(isGroup(node) ? Object.entries(node.commands).flatMap(([name, one]) => nodes(one, [...path, name])) : []),
  ]

  it.each(nodes(COMMANDS))('of "%s" is at hand without a gateway', async (path, node) => {
    const ran = await wb(`${path} --help`, { environment: {} })
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toContain(node.words)
    expect(ran.out).toContain(`Usage: npm run wb --${path === '' ? '' : ` ${path}`}`)
    const parts = isGroup(node) ? Object.keys(node.commands) : Object.keys(node.options).map((name) => `--${name}`)
    for (const part of parts) expect(ran.out).toContain(`  ${part}`)
    if (!isGroup(node)) expect(ran.out.includes('--json')).toBe(!node.silent)
    expect(sent).toEqual([])
  })
})

describe('for people', () => {
  it('nothing that could steer a terminal is printed', async () => {
    const { ledger } = admin.stores
    const found = await ledger.get({ kind: 'all' }, 'request-of-alpha')
    if (found === null) throw new Error('there is an entry')
    const evil = { ...found, notes: ['\u001b[2J\u0007\u009b31mhidden'] }
    admin = await twoTenants({ ledger: { ...ledger, get: async () => evil } })
    const ran = await wb('explain request-of-alpha')
    expect(ran.out).toContain('?[2J??31mhidden')
    expect(ran.out).not.toContain('\u001b')
  })
})

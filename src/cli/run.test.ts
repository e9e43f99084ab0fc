// The command line as a program: processes, exit codes, and what it says when it is not understood or refused.

import { beforeEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN } from '../../test/fakes/admin.ts'
import { twoTenants } from '../../test/fakes/admin-requests.ts'
import { commandLine, TOKEN_SET, type CommandLine } from '../../test/fakes/command-line.ts'
import { isGroup, type Command, type Group } from './command.ts'
import { COMMANDS } from './commands.ts'

let line: CommandLine

beforeEach(async () => {
  line = commandLine(await twoTenants())
})

describe('the processes', () => {
  it('are started by their commands', async () => {
    const started: unknown[] = []
    const world = {
      serve: async () => void started.push('serve'),
      demo: async (options: unknown) => started.push(options),
    }
    await line.run('serve', world)
    expect((await line.run('demo --once', world)).code).toBe(2)
    await line.run('demo', world)
    expect(started).toEqual(['serve', { once: true }, { once: false }])
    expect((await line.run('demo --json', world)).code).toBe(2)
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
    ['tenant create a --limit cost:1/day,loud', 'is nothing that a limit has'],
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
  ])('"%s" exits with 2 and says why, and how to ask', async (words, why) => {
    const ran = await line.run(words)
    expect(ran).toMatchObject({ code: 2, out: '' })
    expect(ran.err).toContain(why)
    expect(ran.err).toMatch(/"npm run wb -- .*--help" says how it is used\.\n$/)
    expect(line.sent).toEqual([])
  })
})

describe('what the gateway refuses', () => {
  it('is said in its words, and nothing is printed', async () => {
    expect(await line.run('tenant create alpha')).toEqual({
      code: 1,
      out: '',
      err: 'wb: There is a tenant alpha already.\n',
    })
    expect(await line.run('tenant show a/../b')).toMatchObject({
      code: 1,
      err: expect.stringContaining('tenant_id must be') as string,
    })
    expect(await line.run('report spend --from never')).toMatchObject({
      code: 1,
      err: expect.stringContaining('from must be') as string,
    })
  })
})

describe('where the gateway is, and its token', () => {
  it('come from the environment', async () => {
    await line.run('plan list', { environment: { ...TOKEN_SET, WEIGHBRIDGE_URL: 'https://gateway.example:444' } })
    expect(line.sent).toEqual([
      { url: 'https://gateway.example:444/admin/v1/plans', authorization: `Bearer ${ADMIN_TOKEN}` },
    ])
  })

  it('else the token that a gateway on this machine keeps in its data folder', async () => {
    line.files['data/admin-token'] = Buffer.from(`${ADMIN_TOKEN}\n`)
    line.files['/var/wb/admin-token'] = Buffer.from(`${ADMIN_TOKEN}\n`)
    expect((await line.run('plan list', { environment: {} })).code).toBe(0)
    expect((await line.run('plan list', { environment: { WEIGHBRIDGE_DATA_DIR: '/var/wb' } })).code).toBe(0)
    expect((await line.run('plan list', { environment: { WEIGHBRIDGE_URL: 'http://[::1]:8787' } })).code).toBe(0)
  })

  it.each(['https://gateway.example', 'http://127.0.0.1.example', 'http://10.0.0.1:8787', 'http://localhost.example'])(
    'which is never line.sent to %s',
    async (url) => {
      line.files['data/admin-token'] = Buffer.from(`${ADMIN_TOKEN}\n`)
      const ran = await line.run('plan list', { environment: { WEIGHBRIDGE_URL: url } })
      expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('Set WEIGHBRIDGE_ADMIN_TOKEN') as string })
      expect(line.sent).toEqual([])
    },
  )

  it('missing, the words say where to find it', async () => {
    const ran = await line.run('plan list', { environment: {} })
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('looked at data/admin-token') as string })
  })

  it('wrong, the words say what to set', async () => {
    const ran = await line.run('plan list', { environment: { WEIGHBRIDGE_ADMIN_TOKEN: 'wba_not_the_right_one' } })
    expect(ran).toMatchObject({ code: 1, out: '' })
    expect(ran.err).toBe(
      'wb: The admin token is not the one of this gateway. Set WEIGHBRIDGE_ADMIN_TOKEN to the admin token of the gateway at http://127.0.0.1:8787.\n',
    )
  })

  it('with settings that are not valid, all of them are said', async () => {
    const ran = await line.run('plan list', {
      environment: { ...TOKEN_SET, WEIGHBRIDGE_URL: 'somewhere', WEIGHBRIDGE_PORT: 'x' },
    })
    expect(ran.code).toBe(2)
    expect(ran.err).toContain('WEIGHBRIDGE_URL must be')
    expect(ran.err).toContain('WEIGHBRIDGE_PORT must be')
  })

  it('when nobody answers, the words say how to start it', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), {
      cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    })
    const ran = await line.run('plan list', { fetch: () => Promise.reject(refused) })
    expect(ran).toEqual({
      code: 1,
      out: '',
      err: 'wb: The gateway does not answer at http://127.0.0.1:8787 (ECONNREFUSED). Start it with "npm start", or set WEIGHBRIDGE_URL to where it runs.\n',
    })
  })

  it('when something else answers, the words say so', async () => {
    const ran = await line.run('plan list', { fetch: async () => new Response('<html>', { status: 502 }) })
    expect(ran.err).toContain('is it a Weighbridge gateway of this version?')
  })
})

describe('help', () => {
  const nodes = (node: Command | Group, path: readonly string[] = []): (readonly [string, Command | Group])[] => [
    [path.join(' '), node],
    ...(isGroup(node) ? Object.entries(node.commands).flatMap(([name, one]) => nodes(one, [...path, name])) : []),
  ]

  it.each(nodes(COMMANDS))('of "%s" is at hand without a gateway', async (path, node) => {
    const ran = await line.run(`${path} --help`, { environment: {} })
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toContain(node.words)
    expect(ran.out).toContain(`Usage: npm run wb --${path === '' ? '' : ` ${path}`}`)
    const parts = isGroup(node) ? Object.keys(node.commands) : Object.keys(node.options).map((name) => `--${name}`)
    for (const part of parts) expect(ran.out).toContain(`  ${part}`)
    if (!isGroup(node)) expect(ran.out.includes('--json')).toBe(!node.silent)
    expect(line.sent).toEqual([])
  })
})

describe('for people', () => {
  it('nothing that could steer a terminal is printed', async () => {
    const { ledger } = line.admin.stores
    const found = await ledger.get({ kind: 'all' }, 'request-of-alpha')
    if (found === null) throw new Error('there is an entry')
    const evil = { ...found, notes: ['\u001b[2J\u0007\u009b31mhidden'] }
    line.admin = await twoTenants({ ledger: { ...ledger, get: async () => evil } })
    const ran = await line.run('explain request-of-alpha')
    expect(ran.out).toContain('?[2J??31mhidden')
    expect(ran.out).not.toContain('\u001b')
  })
})

// Alert rules and targets over the admin API: what is taken, what is refused, and that a secret is never shown again.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeAdmin, type FakeAdmin } from '../../test/fakes/admin.ts'
import type { AdminDependencies } from './dependencies.ts'

type Tools = AdminDependencies['alertTargets']

let world: FakeAdmin
let problem: ReturnType<Tools['problemOf']>
let failure: string | null
const judged: Parameters<Tools['problemOf']>[] = []

beforeEach(async () => {
  problem = null
  failure = null
  judged.length = 0
  const { jobs } = (await fakeAdmin()).deps
  world = await fakeAdmin({
    alertTargets: {
      problemOf(...asked) {
        judged.push(asked)
        return problem
      },
      seal: (secret, targetId) => `sealed(${secret}) for ${targetId}`,
    },
    jobs: { ...jobs, testAlertTarget: async () => failure },
  })
})
afterEach(() => world.admin.close())

const put = (path: string, body: unknown) => world.ask('PUT', path, body)
const WEBHOOK = { kind: 'webhook', url: 'https://hooks.example.com/a' }
const MAIL = { kind: 'smtp', host: 'mail.example.com', from: 'a@example.com', to: ['b@example.com'] }
const ARN = 'arn:aws:sns:us-east-1:123456789012:alerts'

describe('rules', () => {
  it('of every kind are kept as they are said, with what is usual for the rest', async () => {
    await put('alert-targets/ops', WEBHOOK)
    const rules = [
      [
        { kind: 'threshold', percents: [50, 99.95], target_ids: ['ops', 'ops'] },
        { limit_kinds: null, counting: 'used' },
      ],
      [{ kind: 'forecast' }, { percents: [100], limit_kinds: null, minimum_elapsed_percent: 10 }],
      [{ kind: 'unpriced' }, {}],
      [
        { kind: 'errors', percents: [5] },
        { window_minutes: 5, minimum_calls: 20 },
      ],
    ] as const
    for (const [index, [body, usual]] of rules.entries()) {
      const made = await put(`alert-rules/r${index}`, body)
      const expected = { id: `r${index}`, tenant_id: null, ...body, ...usual, target_ids: index === 0 ? ['ops'] : [] }
      expect([made.status, made.body]).toEqual([200, { ...expected, created_at: '2026-11-20T12:30:00.000Z' }])
      expect((await world.ask('GET', `alert-rules/r${index}`)).body).toEqual(made.body)
    }
    expect((await world.ask('GET', 'alert-rules')).body.rules).toHaveLength(4)
    expect((await world.ask('DELETE', 'alert-rules/r0')).body).toEqual({ id: 'r0', deleted: true })
    expect((await world.ask('DELETE', 'alert-rules/r0')).status).toBe(404)
    expect((await world.ask('GET', 'alert-rules/r0')).status).toBe(404)
  })

  it.each<[Record<string, unknown>, string]>([
    [{ kind: 'threshold' }, 'percents'],
    [{ kind: 'threshold', percents: [] }, 'percents'],
    [{ kind: 'threshold', percents: [0] }, 'percents[0]'],
    [{ kind: 'threshold', percents: [-5] }, 'percents[0]'],
    [{ kind: 'threshold', percents: [1_000.5] }, 'percents[0]'],
    [{ kind: 'threshold', percents: [33.333] }, 'percents[0]'],
    [{ kind: 'threshold', percents: [80, 80] }, 'percents'],
    [{ kind: 'threshold', percents: Array.from({ length: 21 }, (_, index) => index + 1) }, 'percents'],
    [{ kind: 'threshold', percents: ['80'] }, 'percents[0]'],
    [{ kind: 'threshold', percents: [80], limit_kinds: ['money'] }, 'limit_kinds[0]'],
    [{ kind: 'threshold', percents: [80], tenant_id: 'nobody' }, 'tenant_id'],
    [{ kind: 'threshold', percents: [80], target_ids: ['none'] }, 'target_ids[0]'],
    [{ kind: 'threshold', percents: [80], window_minutes: 5 }, 'window_minutes'],
    [{ kind: 'forecast', minimum_elapsed_percent: 100 }, 'minimum_elapsed_percent'],
    [{ kind: 'unpriced', percents: [80] }, 'percents'],
    [{ kind: 'errors', percents: [5], tenant_id: null }, 'tenant_id'],
    [{ kind: 'errors', percents: [5], window_minutes: 61 }, 'window_minutes'],
    [{ kind: 'errors', percents: [5], minimum_calls: 0 }, 'minimum_calls'],
    [{ kind: 'other' }, 'kind'],
  ])('%j are refused at %s', async (body, field) => {
    const { status, body: answer } = await put('alert-rules/r', body)
    expect([status, answer.error]).toMatchObject([400, { field }])
    expect((await world.ask('GET', 'alert-rules')).body.rules).toEqual([])
  })
})

describe('targets', () => {
  const kept = async () => (await world.stores.alerts.getTarget('t'))?.sealedSecret

  it('of webhooks get a signing secret that is shown once, and keep it when they move', async () => {
    const made = await put('alert-targets/t', WEBHOOK)
    const { secret } = made.body
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(await kept()).toBe(`sealed(${String(secret)}) for t`)
    const moved = await put('alert-targets/t', { ...WEBHOOK, url: 'https://other.example.com/' })
    expect([moved.status, moved.body]).toMatchObject([200, { url: 'https://other.example.com/', has_secret: true }])
    expect(moved.text).not.toContain('whsec')
    expect(await kept()).toBe(`sealed(${String(secret)}) for t`)
    const own = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
    const given = await put('alert-targets/t', { ...WEBHOOK, secret: own })
    expect(given.text).not.toContain(own)
    expect(await kept()).toBe(`sealed(${own}) for t`)
  })

  it('of mail keep their password for the same server and user only', async () => {
    const withUser = { ...MAIL, username: 'me' }
    expect((await put('alert-targets/t', withUser)).body.error).toMatchObject({ field: 'password' })
    await put('alert-targets/t', { ...withUser, password: 'hush' })
    expect((await put('alert-targets/t', { ...withUser, to: ['c@example.com'] })).status).toBe(200)
    expect(await kept()).toBe('sealed(hush) for t')
    for (const changed of [{ host: 'evil.example.com' }, { username: 'other' }]) {
      expect((await put('alert-targets/t', { ...withUser, ...changed })).body.error).toMatchObject({
        field: 'password',
      })
    }
    expect((await put('alert-targets/t', MAIL)).body).toMatchObject({
      has_secret: false,
      port: 587,
      security: 'starttls',
    })
    expect(await kept()).toBeNull()
  })

  it('of Slack never show their URL, and must be told it each time', async () => {
    const made = await put('alert-targets/t', { kind: 'slack', url: 'https://hooks.slack.example/services/SECRET' })
    expect(made.body).toMatchObject({ kind: 'slack', host: 'hooks.slack.example', has_secret: true })
    const listed = await world.ask('GET', 'alert-targets')
    expect(`${made.text}${listed.text}`).not.toContain('SECRET')
    expect((await put('alert-targets/t', { kind: 'slack' })).body.error).toMatchObject({ field: 'url' })
  })

  it('do not take over the secret of another kind', async () => {
    await put('alert-targets/t', { ...MAIL, username: 'me', password: 'hush' })
    const made = await put('alert-targets/t', WEBHOOK)
    expect(await kept()).toBe(`sealed(${String(made.body.secret)}) for t`)
    await put('alert-targets/t', { kind: 'sns', topic_arn: ARN })
    expect(await kept()).toBeNull()
  })

  it('are judged before they are kept', async () => {
    problem = { field: 'url', message: 'url cannot be used.' }
    const refused = await put('alert-targets/t', { kind: 'slack', url: 'https://10.0.0.1/' })
    expect([refused.status, refused.body.error]).toMatchObject([400, { field: 'url', message: 'url cannot be used.' }])
    expect(judged).toEqual([[{ kind: 'slack', host: '10.0.0.1' }, 'https://10.0.0.1/']])
    expect((await world.ask('GET', 'alert-targets')).body.targets).toEqual([])
  })

  it.each<[Record<string, unknown>, string]>([
    [{ ...WEBHOOK, url: 'ftp://hooks.example.com' }, 'url'],
    [{ ...WEBHOOK, url: 'https://a b' }, 'url'],
    [{ ...WEBHOOK, url: `https://${'a'.repeat(2_048)}` }, 'url'],
    [{ ...WEBHOOK, secret: 'short' }, 'secret'],
    [{ ...WEBHOOK, secret: `whsec_${'A'.repeat(28)}` }, 'secret'],
    [{ ...MAIL, host: 'mail.example.com\r\nX' }, 'host'],
    [{ ...MAIL, port: 0 }, 'port'],
    [{ ...MAIL, security: 'ssl' }, 'security'],
    [{ ...MAIL, from: 'a@example.com\r\nBcc: x@example.com' }, 'from'],
    [{ ...MAIL, from: 'Name <a@example.com>' }, 'from'],
    [{ ...MAIL, to: [] }, 'to'],
    [{ ...MAIL, to: ['a@example.com, b@example.com'] }, 'to[0]'],
    [{ ...MAIL, to: Array.from({ length: 51 }, () => 'a@example.com') }, 'to'],
    [{ ...MAIL, username: 'a\u0000b', password: 'x' }, 'username'],
    [{ kind: 'sns' }, 'topic_arn'],
    [{ kind: 'slack', url: 'javascript:alert(1)' }, 'url'],
  ])('%j are refused at %s', async (body, field) => {
    const { status, body: answer } = await put('alert-targets/t', body)
    expect([status, answer.error]).toMatchObject([400, { field }])
  })

  it('that a rule names stay', async () => {
    await put('alert-targets/t', WEBHOOK)
    await put('alert-rules/r', { kind: 'unpriced', target_ids: ['t'] })
    expect((await world.ask('DELETE', 'alert-targets/t')).status).toBe(409)
    await world.ask('DELETE', 'alert-rules/r')
    expect((await world.ask('DELETE', 'alert-targets/t')).status).toBe(200)
    expect((await world.ask('DELETE', 'alert-targets/t')).status).toBe(404)
  })

  it('can be tested', async () => {
    expect((await world.ask('POST', 'alert-tests', { target_id: 't' })).body.error).toMatchObject({
      field: 'target_id',
    })
    await put('alert-targets/t', WEBHOOK)
    const tested = async () => (await world.ask('POST', 'alert-tests', { target_id: 't' })).body
    expect(await tested()).toEqual({ target_id: 't', delivered: true, error: null })
    failure = 'answered 500'
    expect(await tested()).toEqual({ target_id: 't', delivered: false, error: 'answered 500' })
  })
})

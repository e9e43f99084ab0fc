// Anthropic's routes under the same rule as native ones: nobody's but the key's own tenant, its models, and never over a hard budget.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseScenario, NO_SCENARIO } from '../../simulator/scenario.ts'
import type { TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { dollarsOf, picoOf } from './truth.ts'

const CLAUDE = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
const NOVA = 'amazon.nova-lite-v1:0'
const ROUTES = ['messages', 'messages/count_tokens'].flatMap((route) => [`/anthropic/v1/${route}`, `/v1/${route}`])

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.close())
beforeEach(() => harness.simulator.reset())

type Answer = { status: number; headers: Headers; text: string; type: string | undefined }

async function ask(path: string, body: string | Buffer, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(harness.url + path, { method: 'POST', headers, body: new Uint8Array(Buffer.from(body)) })
  const text = await response.text()
  const error = text.startsWith('{"type":"error"') ? (JSON.parse(text) as { error: { type: string } }).error : undefined
  return { status: response.status, headers: response.headers, text, type: error?.type }
}

/** The answer costs more than its question can: whoever forgets to hold the cap overspends. */
const WORDY = 'Answer in 900 words.'

const bearer = (tenant: TestTenant) => ({ authorization: `Bearer ${tenant.secret}` })
const question = (model: string, over: object = {}): string =>
  JSON.stringify({ model, max_tokens: 1_500, messages: [{ role: 'user', content: WORDY }], ...over })

describe('a hard budget', () => {
  /** All are under way together: no answer comes before all have asked. */
  const together = parseScenario({ rules: [{ faults: ['delay:ms=1500'] }] })

  it.each([
    ['Claude', CLAUDE, false],
    ['Claude, streamed', CLAUDE, true],
    ['Converse', NOVA, false],
    ['Converse, streamed', NOVA, true],
  ])('is not overspent by calls of %s that come together', async (name, model, stream) => {
    const tenant = await harness.tenant(`together-${name.replaceAll(/\W+/g, '-').toLowerCase()}`)
    const budget = (amount: string): Promise<unknown> =>
      harness.admin('PATCH', `tenants/${tenant.id}`, { limits: [{ kind: 'cost', per: 'month', amount, mode: 'hard' }] })
    await budget('0')
    const refused = await ask('/v1/messages', question(model), bearer(tenant))
    const worst = picoOf(/could cost up to \$([\d.]+)/.exec(refused.text)?.[1] ?? '')
    const limit = worst * 5n
    await budget(`0.${String(limit).padStart(12, '0')}`)
    harness.simulator.setScenario(together)
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => ask('/v1/messages', question(model, { stream }), bearer(tenant))),
    )
    harness.simulator.setScenario(NO_SCENARIO)
    const passed = answers.filter(({ status }) => status === 200)
    expect(passed.length).toBeGreaterThan(0)
    expect(passed.length).toBeLessThanOrEqual(6)
    for (const answer of answers.filter((one) => one.status !== 200))
      expect([answer.status, answer.type, answer.headers.get('x-should-retry')]).toEqual([
        429,
        'billing_error',
        'false',
      ])
    const spent = harness.simulator.bill().reduce((sum, billed) => sum + dollarsOf(billed), 0n)
    expect(spent).toBeGreaterThan(0n)
    expect(spent).toBeLessThanOrEqual(limit)
    const lines = (await harness.ledger()).filter(({ tenant_id }) => tenant_id === tenant.id)
    expect(lines).toHaveLength(passed.length)
    expect(lines.reduce((sum, line) => sum + picoOf(line.cost_usd ?? ''), 0n)).toBe(spent)
  })

  it('of the model’s own maximum holds where the cap is hidden or said twice', async () => {
    const tenant = await harness.tenant('tricky', {
      limits: [{ kind: 'cost', per: 'month', amount: '0.001', mode: 'hard' }],
    })
    const body = question(CLAUDE).slice(0, -1)
    const tricks = [
      `${body},"max_tokens":1}`,
      `{"max_tokens":1,${question(CLAUDE, { max_tokens: 60_000 }).slice(1)}`,
      question(CLAUDE, { max_tokens: 60_000 }),
      `${body},"\\u006dax_tokens":60000}`,
    ]
    for (const trick of tricks) {
      const { status } = await ask('/v1/messages', trick, bearer(tenant))
      expect([400, 429], trick.slice(-60)).toContain(status)
    }
    expect(harness.simulator.bill()).toEqual([])
  })
})

describe.each(ROUTES)('%s', (path) => {
  it('is closed to who has no key, and to models that its tenant may not call', async () => {
    const name = path.replaceAll(/\W+/g, '-').slice(1)
    const closed = await harness.tenant(`closed-${name}`, { allowed_models: ['meta.*'] })
    const off = await harness.tenant(`off-${name}`)
    await harness.admin('PATCH', `tenants/${off.id}`, { status: 'disabled' })
    const refusals = [
      [{}, 401, 'authentication_error'],
      [{ authorization: 'Bearer wb_no_key' }, 401, 'authentication_error'],
      [{ 'x-api-key': `${closed.secret}x` }, 401, 'authentication_error'],
      [bearer(closed), 403, 'permission_error'],
      [bearer(off), 403, 'permission_error'],
      [{ ...bearer(closed), 'x-weighbridge-tenant': off.id }, 403, 'permission_error'],
    ] as const
    for (const [headers, status, type] of refusals) {
      for (const model of [CLAUDE, NOVA]) {
        const answer = await ask(path, question(model), headers)
        expect([answer.status, answer.type], JSON.stringify(headers)).toEqual([status, type])
        expect(answer.headers.get('request-id')).toBe(answer.headers.get('x-weighbridge-request-id'))
      }
    }
    expect(harness.simulator.bill()).toEqual([])
  })

  it('refuses hostile bodies before anything is asked', async () => {
    const tenant = await harness.tenant(`hostile-${path.replaceAll(/\W+/g, '-').slice(1)}`)
    const deep = 50_000
    const bodies: readonly (string | Buffer)[] = [
      '',
      '[]',
      'null',
      '{"model":',
      `{"model":"${CLAUDE}","messages":${'['.repeat(deep)}${']'.repeat(deep)}}`,
      `{"model":"${NOVA}","messages":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}`,
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
      '\ufeff{"model":"a"}',
      `${question(CLAUDE)} {}`,
      question('../../etc/passwd'),
      question(`${CLAUDE}/invoke?x=`),
      question('a'.repeat(100_000)),
      `{"__proto__":{"model":"${CLAUDE}"}}`,
    ]
    for (const body of bodies) {
      const answer = await ask(path, body, bearer(tenant))
      expect(answer.status, body.toString().slice(0, 60)).toBeGreaterThanOrEqual(400)
      expect(answer.status, body.toString().slice(0, 60)).toBeLessThan(500)
      expect(answer.type, body.toString().slice(0, 60)).toMatch(/^(?:invalid_request|not_found)_error$/)
    }
    expect(harness.simulator.bill()).toEqual([])
  })
})

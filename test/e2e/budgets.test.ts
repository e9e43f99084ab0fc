// A hard budget is never overspent, however many calls ask at once and on whichever route; limits refuse in the words that SDKs understand.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  ServiceQuotaExceededException,
  ThrottlingException,
} from '@aws-sdk/client-bedrock-runtime'
import { Pool } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import type { TestTenant } from './admin-client.ts'
import { billWhenSettled } from './bill-reader.ts'
import { startHarness, type Harness } from './harness.ts'
import { rawCall, type Seen } from './raw-call.ts'
import { claudeBody, converseBody, HAIKU, pathOf, type CallKind } from './requests.ts'
import { dollarsOf, picoOf } from './truth.ts'

const messages = [{ role: 'user' as const, content: [{ text: 'Answer in 40 words.' }] }]
/** All calls are under way together: no answer comes before all have asked. */
const slow = parseScenario({ rules: [{ faults: ['delay:ms=5000'] }] })
const fast = parseScenario({})

let dataDir: string
let harness: Harness
let pool: Pool
let clients: BedrockRuntimeClient[]

const start = (): Promise<Harness> => startHarness({ dataDir, settings: { WEIGHBRIDGE_METADATA_KEYS: 'call' } })

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-budgets-'))
  harness = await start()
  pool = new Pool(harness.url, { connections: 200, pipelining: 1 })
  clients = []
})

afterEach(async () => {
  for (const client of clients) client.destroy()
  await pool.destroy()
  await harness.close()
  rmSync(dataDir, { recursive: true, force: true })
})

function sdk(tenant: TestTenant, maxAttempts: number): BedrockRuntimeClient {
  const { accessKeyId, secretAccessKey } = tenant
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: harness.url,
    maxAttempts,
    credentials: { accessKeyId, secretAccessKey },
  })
  clients.push(client)
  return client
}

const budgetOf = (usd: string): Record<string, unknown> => ({ limits: [{ kind: 'cost', per: 'month', amount: usd }] })
const setBudget = (id: string, pico: bigint): Promise<unknown> =>
  harness.admin('PATCH', `tenants/${id}`, budgetOf(decimalOf(pico)))

const decimalOf = (pico: bigint): string => `${pico / 10n ** 12n}.${String(pico % 10n ** 12n).padStart(12, '0')}`

function call(tenant: TestTenant, kind: CallKind, name: string): Promise<Seen> {
  const body = kind.startsWith('invoke') ? claudeBody('Answer in 40 words.') : converseBody(name, 'Answer in 40 words.')
  return rawCall(pool, { path: pathOf(HAIKU, kind), body, key: tenant.secret })
}

/** What the gateway itself says that one such call could cost at most. */
async function worstCase(tenant: TestTenant, kind: CallKind): Promise<bigint> {
  await setBudget(tenant.id, 0n)
  const refused = await call(tenant, kind, 'probe-name')
  const [, usd = ''] = /could cost up to \$(\d+\.\d+)/.exec(refused.body.toString()) ?? []
  return picoOf(usd)
}

async function spent(): Promise<bigint> {
  const bill = await billWhenSettled(harness.simulator)
  return bill.reduce((sum, billed) => sum + dollarsOf(billed), 0n)
}

describe('200 calls at once against a budget that fits ten', () => {
  it.each<CallKind>(['converse', 'stream', 'invoke', 'invoke_stream'])(
    '%s: ten pass, the others are told why',
    async (kind) => {
      const tenant = await harness.tenant('team-a')
      const most = await worstCase(tenant, kind)
      const budget = (most * 21n) / 2n
      await setBudget('team-a', budget)
      harness.simulator.setScenario(slow)
      const all = await Promise.all(Array.from({ length: 200 }, (_, index) => call(tenant, kind, `call-${index}`)))
      const admitted = all.filter((seen) => seen.status === 200)
      expect(admitted).toHaveLength(10)
      const refused = all.filter((seen) => seen.status !== 200)
      for (const { status, headers, body } of refused) {
        expect([status, headers['x-amzn-errortype']]).toEqual([400, 'ServiceQuotaExceededException'])
        expect((JSON.parse(body.toString()) as { message: string }).message).toMatch(
          /budget of \$[\d.]+ per month of tenant "team-a" is used up: .* left; .*resets 20/,
        )
      }
      expect(await spent()).toBeLessThanOrEqual(budget)
      expect(await harness.ledger()).toHaveLength(10)
    },
  )

  it('of all kinds, from two tenants of one department: the department is not overspent', async () => {
    await harness.tenant('department')
    const teams = [
      await harness.tenant('team-a', { parent_id: 'department' }),
      await harness.tenant('team-b', { parent_id: 'department' }),
    ]
    const most = await worstCase(teams[0] as TestTenant, 'converse')
    await harness.admin('PATCH', 'tenants/team-a', { limits: [] })
    await setBudget('department', most * 10n)
    harness.simulator.setScenario(slow)
    const kinds: CallKind[] = ['converse', 'stream', 'invoke', 'invoke_stream']
    const asked = Array.from({ length: 200 }, (_, index) =>
      call(teams[index % 2] as TestTenant, kinds[index % 4] as CallKind, `call-${index}`),
    )
    const admitted = (await Promise.all(asked)).filter((seen) => seen.status === 200)
    expect(admitted.length).toBeGreaterThan(0)
    expect(admitted.length).toBeLessThanOrEqual(11)
    expect(await spent()).toBeLessThanOrEqual(most * 10n)
  })

  it('and one by one until nothing is left: never a pico-dollar more, also after a restart', async () => {
    const tenant = await harness.tenant('team-a')
    const budget = (await worstCase(tenant, 'converse')) * 3n
    await setBudget('team-a', budget)
    harness.simulator.setScenario(fast)
    let answered = 0
    for (let index = 0; index < 500 && (await call(tenant, 'converse', `call-${index}`)).status === 200; index += 1) {
      answered += 1
      expect(await spent()).toBeLessThanOrEqual(budget)
    }
    // what a call did not use is free for the next one: more pass than their worst cases would allow together
    expect(answered).toBeGreaterThan(3)
    await pool.destroy()
    await harness.close()
    harness = await start()
    pool = new Pool(harness.url, { connections: 10, pipelining: 1 })
    expect((await call(tenant, 'converse', 'after')).status).toBe(400)
    expect(await billWhenSettled(harness.simulator)).toEqual([])
  })
})

describe('a refusal by budget', () => {
  it('is typed in the AWS SDK, and tried once', async () => {
    const tenant = await harness.tenant('team-a', budgetOf('0.000001'))
    const client = sdk(tenant, 3)
    const commands = [
      () => client.send(new ConverseCommand({ modelId: HAIKU, messages })),
      () => client.send(new ConverseStreamCommand({ modelId: HAIKU, messages })),
      () => client.send(new InvokeModelCommand({ modelId: HAIKU, body: claudeBody('Hi') })),
    ]
    for (const send of commands) {
      const thrown: unknown = await send().catch((error: unknown) => error)
      expect(thrown).toBeInstanceOf(ServiceQuotaExceededException)
      expect(thrown).toMatchObject({ $metadata: { attempts: 1, httpStatusCode: 400 } })
    }
    expect(await billWhenSettled(harness.simulator)).toEqual([])
    expect(await harness.ledger()).toEqual([])
  })

  it('is explained by its request id: whose budget, what was used, when it ends', async () => {
    const parent = await harness.tenant('department', budgetOf('0.000001'))
    const tenant = await harness.tenant('team-a', { parent_id: parent.id })
    const ask = (modelId: string, key: string): Promise<Seen> =>
      rawCall(pool, { path: pathOf(modelId, 'converse'), body: converseBody('explained', 'Hi'), key })
    const explained = async (seen: Seen): Promise<Record<string, unknown>> =>
      harness.admin('GET', `requests/${String(seen.headers['x-weighbridge-request-id'])}`)
    expect(await explained(await ask(HAIKU, tenant.secret))).toMatchObject({
      state: 'refused',
      tenant: { id: 'team-a', chain: ['team-a', 'department'] },
      key: { key_id: tenant.keyId },
      refusal: {
        code: 'budget_exceeded',
        message: expect.stringMatching(/budget of \$0\.000001 per month of tenant "department".*resets 20/) as string,
        operation: 'Converse',
        model_id: HAIKU,
      },
      limits_now: [{ tenant_id: 'department', used: '0', held: '0', left: '0.000001' }],
    })
    expect(await explained(await ask(HAIKU, 'wb_nobody'))).toMatchObject({
      state: 'refused',
      tenant: null,
      refusal: { code: 'invalid_credential' },
    })
    await harness.admin('DELETE', 'tenants/department')
    expect(await explained(await ask(HAIKU, tenant.secret))).toMatchObject({ refusal: { code: 'tenant_disabled' } })
  })

  it('comes before a call whose price nobody knows', async () => {
    const tenant = await harness.tenant('team-a', budgetOf('1000'))
    const path = pathOf('somebody.new-model-v1:0', 'converse')
    const seen = await rawCall(pool, { path, body: converseBody('new', 'Hi'), key: tenant.secret })
    expect([seen.status, seen.headers['x-amzn-errortype']]).toEqual([400, 'ValidationException'])
    expect(seen.body.toString()).toContain('no price')
  })

  it('sees a demand for endless output as what it is', async () => {
    const tenant = await harness.tenant('team-a', budgetOf('0.01'))
    const body = converseBody('greedy', 'Hi', { inferenceConfig: { maxTokens: 1_000_000_000 } })
    const seen = await rawCall(pool, { path: pathOf(HAIKU, 'converse'), body, key: tenant.secret })
    expect(seen.headers['x-amzn-errortype']).toBe('ServiceQuotaExceededException')
  })
})

describe('a limit', () => {
  it('of calls is a ThrottlingException that says when to come back', async () => {
    const limits = [{ kind: 'requests', per: 'day', amount: 5 }]
    const tenant = await harness.tenant('team-a', { limits })
    const all = await Promise.all(Array.from({ length: 50 }, (_, index) => call(tenant, 'converse', `call-${index}`)))
    expect(all.filter((seen) => seen.status === 200)).toHaveLength(5)
    const refused = all.filter((seen) => seen.status === 429)
    expect(refused).toHaveLength(45)
    for (const { headers } of refused) {
      expect(headers['x-amzn-errortype']).toBe('ThrottlingException')
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(86_400)
    }
    const thrown: unknown = await sdk(tenant, 1)
      .send(new ConverseCommand({ modelId: HAIKU, messages }))
      .catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(ThrottlingException)
  })

  it('of calls at once frees its places', async () => {
    const tenant = await harness.tenant('team-a', { limits: [{ kind: 'concurrency', amount: 3 }] })
    harness.simulator.setScenario(slow)
    for (let round = 0; round < 2; round += 1) {
      const all = await Promise.all(Array.from({ length: 20 }, (_, index) => call(tenant, 'stream', `call-${index}`)))
      expect(all.filter((seen) => seen.status === 200)).toHaveLength(3)
      expect(all.filter((seen) => seen.status === 429)).toHaveLength(17)
    }
  })

  it('of the process refuses what is too much at once, to be tried again', async () => {
    const crowded = await startHarness({ settings: { WEIGHBRIDGE_MAX_CONCURRENT_CALLS: '1' } })
    crowded.simulator.setScenario(slow)
    const tenant = await crowded.tenant('team-a')
    const ask = (): Promise<Response> =>
      fetch(`${crowded.url}${pathOf(HAIKU, 'converse')}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tenant.secret}` },
        body: converseBody('crowd', 'Hi'),
      })
    const statuses = (await Promise.all([ask(), ask(), ask()])).map(({ status }) => status)
    expect(statuses.toSorted((left, right) => left - right)).toEqual([200, 503, 503])
    await crowded.close()
  })

  it('says in the answers what is left, where the plan asks for it', async () => {
    const plan = { allowed_models: ['*'], limits: [{ kind: 'requests', per: 'day', amount: 5 }] }
    await harness.admin('PUT', 'plans/telling', { ...plan, budgeting: { limit_headers: true } })
    await harness.admin('PUT', 'plans/silent', plan)
    const told = await harness.tenant('team-a', { plan_id: 'telling', ...budgetOf('1') })
    const untold = await harness.tenant('team-b', { plan_id: 'silent' })
    const { headers } = await call(told, 'converse', 'told')
    expect(headers['x-weighbridge-remaining-requests']).toBe('4')
    expect(headers['x-weighbridge-remaining-tokens']).toBeUndefined()
    expect(Number(headers['x-weighbridge-remaining-budget-usd'])).toBeLessThan(1)
    expect(Number(headers['x-weighbridge-remaining-budget-usd'])).toBeGreaterThan(0.5)
    expect(Number(headers['x-weighbridge-reset'])).toBeLessThanOrEqual(86_400)
    expect((await call(told, 'stream', 'told too')).headers['x-weighbridge-remaining-requests']).toBe('3')
    const silent = Object.keys((await call(untold, 'converse', 'untold')).headers)
    expect(silent.filter((name) => /remaining|reset/.test(name))).toEqual([])
  })

  it('of tokens counts what calls may use, then what they used', async () => {
    const tenant = await harness.tenant('team-a', { limits: [{ kind: 'tokens', per: 'day', amount: 20_000 }] })
    let tokens = 0
    for (let index = 0; index < 500; index += 1) {
      const seen = await call(tenant, 'converse', `call-${index}`)
      if (seen.status !== 200) break
      const { usage } = JSON.parse(seen.body.toString()) as { usage: { totalTokens: number } }
      tokens += usage.totalTokens
    }
    expect(tokens).toBeGreaterThan(15_000)
    expect(tokens).toBeLessThanOrEqual(20_000)
  })
})

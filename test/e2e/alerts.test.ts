// Alerts of a whole gateway, as a process that is killed and started again: raised once, delivered until they are taken.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { startSimulator, type RunningSimulator } from '../../simulator/server.ts'
import {
  startWebhookReceiver,
  withStatus,
  type ReceivedWebhook,
  type WebhookReceiver,
} from '../fakes/webhook-receiver.ts'
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts'
import type { TestTenant } from './admin-client.ts'
import { converseBody, HAIKU, NOVA_LITE } from './requests.ts'

const CALLS = 10
const FAILING = 'amazon.nova-pro-v1:0'
const UNPRICED = 'arn:aws:bedrock:us-east-1:123456789012:imported-model/simulatedim1'
const limits = [{ kind: 'requests', per: 'year', amount: CALLS }]

let dataDir: string
let simulator: RunningSimulator
let receiver: WebhookReceiver
let gateway: GatewayProcess
let secret: string

const start = (): Promise<GatewayProcess> =>
  startGatewayProcess({
    dataDir,
    simulatorUrl: simulator.url,
    settings: {
      WEIGHBRIDGE_ALERT_ALLOWED_HOSTS: '127.0.0.1',
      WEIGHBRIDGE_METADATA_KEYS: 'project',
      WEIGHBRIDGE_ALERT_TIMEOUT_MILLISECONDS: '1000',
      WEIGHBRIDGE_ALERT_RETRY_SECONDS: '1',
      WEIGHBRIDGE_SNS_ENDPOINT: simulator.url,
      WEIGHBRIDGE_LOG_LEVEL: 'debug',
    },
  })

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-alerts-'))
  simulator = await startSimulator()
  receiver = await startWebhookReceiver()
  gateway = await start()
  const made = await gateway.admin('PUT', 'alert-targets/ops', { kind: 'webhook', url: receiver.url })
  secret = String(made.secret)
  await gateway.admin('PUT', 'alert-rules/quotas', { kind: 'threshold', percents: [50, 80, 100], target_ids: ['ops'] })
})

afterAll(async () => {
  await gateway.kill()
  await receiver.close()
  await simulator.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function call(
  tenant: Pick<TestTenant, 'secret'>,
  count: number,
  modelId = HAIKU,
  project = 'none',
  maxTokens = 100,
): Promise<number> {
  let status = 0
  for (let index = 0; index < count; index += 1) {
    const response = await fetch(`${gateway.url}/model/${encodeURIComponent(modelId)}/converse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json' },
      body: converseBody(`call-${index}`, 'Answer in 5 words.', {
        requestMetadata: { project },
        inferenceConfig: { maxTokens },
      }),
    })
    await response.arrayBuffer()
    status = response.status
  }
  return status
}

/** What the rules without targets have raised. */
async function raisedBy(ruleId: string): Promise<Record<string, unknown>[]> {
  const { alerts } = (await gateway.admin('GET', 'alerts?limit=1000')) as { alerts: Record<string, unknown>[] }
  return alerts.filter(({ rule_id }) => rule_id === ruleId)
}

type Told = { readonly id: string; readonly tenant: unknown; readonly percent: unknown }

function verified({ headers, body }: ReceivedWebhook): Told {
  const said = new Webhook(secret).verify(body, headers as Record<string, string>) as { data: Record<string, unknown> }
  return { id: String(headers['webhook-id']), tenant: said.data.tenant_id, percent: said.data.percent }
}

const toldOf = (tenant: string): Told[] => receiver.received.map(verified).filter((told) => told.tenant === tenant)

/** The deliveries of an alert, from the control plane. */
async function deliveriesOf(alertId: string): Promise<unknown> {
  const { alerts } = (await gateway.admin('GET', 'alerts?limit=1000')) as { alerts: Record<string, unknown>[] }
  return alerts.find(({ id }) => id === alertId)?.deliveries
}

async function metrics(): Promise<string> {
  const answer = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${gateway.adminToken}` } })
  return answer.text()
}

async function deliveredOf(tenantId: string): Promise<number> {
  const { alerts } = await gateway.admin('GET', 'alerts')
  const own = (alerts as { tenant_id: string; deliveries: { state: string }[] }[]).filter(
    ({ tenant_id }) => tenant_id === tenantId,
  )
  return own.flatMap(({ deliveries }) => deliveries).filter(({ state }) => state === 'delivered').length
}

const LONG = { timeout: 30_000, interval: 50 }

describe('alerts', () => {
  it('of a quota are raised once for each threshold, whatever is called afterwards, and across a restart', async () => {
    const tenant = await gateway.tenant('team-a', { limits })
    await call(tenant, 4)
    await call(tenant, 1)
    await expect.poll(() => toldOf('team-a').map(({ percent }) => percent), LONG).toEqual([50])
    expect(await call(tenant, CALLS)).toBe(429)
    await expect.poll(() => toldOf('team-a').length, LONG).toBe(3)
    // a receiver hears again of what was not yet noted as delivered, under the same id; that is another test's
    await expect.poll(() => deliveredOf('team-a'), LONG).toBe(3)
    await gateway.kill()
    gateway = await start()
    // what comes of another tenant's alert shows that all were looked at again
    const fence = await gateway.tenant('fence', { limits })
    await call(fence, 5)
    await call(tenant, 3)
    await expect.poll(() => toldOf('fence').length, LONG).toBe(1)
    const told = toldOf('team-a')
    expect(new Set(told.map(({ percent }) => percent))).toEqual(new Set([50, 80, 100]))
    expect([told.length, new Set(told.map(({ id }) => id)).size]).toEqual([3, 3])
  }, 60_000)

  it('of the whole of a hard budget are raised at the first refusal, once, also across a kill', async () => {
    const budget = (amount: string) => ({ limits: [{ kind: 'cost', per: 'year', amount }] })
    const tenant = await gateway.tenant('team-w', budget('0.003'))
    // a call that an untouched budget would not take says nothing of this one
    expect(await call(tenant, 1, HAIKU, 'none', 60_000)).toBe(400)
    while ((await call(tenant, 1, HAIKU, 'none', 100)) === 200);
    expect(await call(tenant, 3, HAIKU, 'none', 100)).toBe(400)
    const all = async () => (await raisedBy('quotas')).filter(({ tenant_id }) => tenant_id === 'team-w')
    const whole = async () => (await all()).filter(({ data }) => (data as { percent: number }).percent === 100)
    await expect.poll(whole, LONG).toMatchObject([{ data: { reached_by: 'refusal', limit_kind: 'cost' } }])
    await gateway.kill()
    gateway = await start()
    expect(await call(tenant, 3, HAIKU, 'none', 100)).toBe(400)
    const fence = await gateway.tenant('fence-w', budget('0.003'))
    while ((await call(fence, 1, HAIKU, 'none', 100)) === 200);
    await expect
      .poll(async () => (await raisedBy('quotas')).some(({ tenant_id }) => tenant_id === 'fence-w'), LONG)
      .toBe(true)
    expect(await whole()).toHaveLength(1)
  }, 90_000)

  it('reach a receiver that fails and redirects at first, under one id', async () => {
    const before = receiver.received.length
    receiver.answerWith((response, count) => {
      const answers = [withStatus(500), withStatus(302, { location: `${receiver.url}/elsewhere` })]
      const next = answers[count - before - 1] ?? withStatus(204)
      next(response)
    })
    await call(await gateway.tenant('team-b', { limits }), 5)
    await expect.poll(() => toldOf('team-b').length, LONG).toBe(3)
    const [first, ...others] = toldOf('team-b')
    expect(others.map(({ id }) => id)).toEqual([first?.id, first?.id])
    expect(receiver.received.map(({ path }) => path)).not.toContain('/elsewhere')
    await expect
      .poll(() => deliveriesOf(first?.id ?? ''), LONG)
      .toMatchObject([{ target_id: 'ops', state: 'delivered', attempts: 3, last_error: null }])
  }, 60_000)

  it('survive a kill between being raised and being delivered', async () => {
    receiver.answerWith(() => undefined)
    await call(await gateway.tenant('team-c', { limits }), 5)
    await expect.poll(() => toldOf('team-c').length, LONG).toBe(1)
    await gateway.kill()
    receiver.answerWith(withStatus(204))
    gateway = await start()
    await expect.poll(() => toldOf('team-c').length, LONG).toBe(2)
    const [first, second] = toldOf('team-c')
    expect(second).toEqual(first)
    await expect.poll(() => deliveriesOf(first?.id ?? ''), LONG).toMatchObject([{ state: 'delivered', attempts: 2 }])
  }, 60_000)

  it('are told for a part of the tree alone, to topics too, and counted', async () => {
    await gateway.tenant('department')
    const tenant = await gateway.tenant('team-d', { limits, parent_id: 'department' })
    const other = await gateway.tenant('team-e', { limits })
    const topic = 'arn:aws:sns:us-east-1:123456789012:alerts'
    await gateway.admin('PUT', 'alert-targets/topic', { kind: 'sns', topic_arn: topic })
    const rule = { kind: 'threshold', percents: [10], tenant_id: 'department', target_ids: ['topic'] }
    await gateway.admin('PUT', 'alert-rules/department', rule)
    await call(other, 1)
    await call(tenant, 1)
    await expect.poll(() => simulator.published().length, LONG).toBe(1)
    const [published] = simulator.published()
    expect(published?.message.default).toContain('tenant team-d has reached 10% of its limit of 10 requests')
    await expect.poll(metrics, LONG).toMatch(/weighbridge_alert_attempts_total\{target="sns",state="delivered"\} 1/)
    expect(await metrics()).toMatch(/weighbridge_alerts_total\{kind="threshold"\} [1-9]/)
  }, 60_000)

  it('are raised for the limits of a key alone, and for each part of a limit that is split', async () => {
    await gateway.tenant('team-g')
    const key = await gateway.admin('POST', 'tenants/team-g/keys', { name: 'alone', limits })
    await call({ secret: String(key.secret) }, 5)
    await expect.poll(() => toldOf('team-g').length, LONG).toBe(1)
    const tenant = await gateway.tenant('team-h', {
      limits: limits.map((limit) => ({ ...limit, split_by: 'project' })),
    })
    for (const project of ['apollo', 'gemini']) await call(tenant, 5, HAIKU, project)
    await expect.poll(() => toldOf('team-h').length, LONG).toBe(2)
    const told = (await raisedBy('quotas')).filter(({ tenant_id }) => tenant_id === 'team-h')
    expect(new Set(told.map(({ data }) => (data as { split: string }).split))).toEqual(new Set(['apollo', 'gemini']))
  }, 60_000)

  it('tell of a model that fails upstream, and of one without a price', async () => {
    const tenant = await gateway.tenant('team-f')
    const failing = { match: { model_id: NOVA_LITE }, faults: ['error:type=ValidationException'] }
    const broken = { match: { model_id: FAILING }, faults: ['error:type=InternalServerException'] }
    simulator.setScenario(parseScenario({ rules: [failing, broken] }))
    expect(await call(tenant, 3, NOVA_LITE)).toBe(400)
    expect(await call(tenant, 3, FAILING)).toBe(500)
    await gateway.admin('PUT', 'alert-rules/errors', { kind: 'errors', percents: [99], minimum_calls: 3 })
    await expect.poll(() => raisedBy('errors'), LONG).toHaveLength(1)
    expect(await raisedBy('errors')).toMatchObject([{ data: { model_id: FAILING, region: 'us-east-1', percent: 99 } }])
    simulator.setScenario(parseScenario({}))
    expect(await call(tenant, 1, UNPRICED)).toBe(200)
    await gateway.admin('PUT', 'alert-rules/prices', { kind: 'unpriced', tenant_id: 'team-f' })
    await expect
      .poll(() => raisedBy('prices'), LONG)
      .toMatchObject([{ tenant_id: 'team-f', data: { model_id: UNPRICED, calls: 1 } }])
  }, 60_000)

  it('can be tested, and a target at a private address is refused when it is set and when it is connected to', async () => {
    expect(await gateway.admin('POST', 'alert-tests', { target_id: 'ops' })).toMatchObject({
      delivered: true,
      error: null,
    })
    for (const url of [
      'https://169.254.169.254/',
      'https://2852039166/',
      'https://[fd00:ec2::254]/',
      'http://example.com/',
    ]) {
      await expect(gateway.admin('PUT', 'alert-targets/evil', { kind: 'webhook', url })).rejects.toThrow('answered 400')
    }
    await gateway.admin('PUT', 'alert-targets/evil', { kind: 'webhook', url: 'https://localhost:1/' })
    const tested = await gateway.admin('POST', 'alert-tests', { target_id: 'evil' })
    expect(tested.delivered).toBe(false)
    expect(String(tested.error)).toMatch(/which is not public|cannot be reached/)
    const { rows } = await gateway.admin('GET', 'audit?resource=alert_target&limit=4')
    const row = (resource_id: string, outcome: string, after: object) => ({
      action: 'POST /admin/v1/alert-tests',
      actor: { kind: 'admin_token' },
      resource_id,
      outcome,
      after,
    })
    expect((rows as unknown[]).slice(0, 2)).toMatchObject([
      row('evil', 'finished', { delivered: false }),
      row('evil', 'started', { job: 'test' }),
    ])
  }, 60_000)

  it('leave no secret in the data folder, the log or any answer', async () => {
    const slackUrl = 'https://hooks.example.com/services/CANARYslackQ7X2'
    await gateway.admin('PUT', 'alert-targets/chat', { kind: 'slack', url: slackUrl })
    const mail = {
      kind: 'smtp',
      host: 'mail.example.com',
      username: 'me',
      password: 'CANARYmailQ7X2',
      from: 'a@example.com',
      to: ['b@example.com'],
    }
    await gateway.admin('PUT', 'alert-targets/mail', mail)
    const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
    const answers = [await gateway.admin('GET', 'alert-targets'), await gateway.admin('GET', 'audit?limit=1000')]
    const places = [...files, gateway.output(), JSON.stringify(answers)]
    expect(places.at(-1)).toMatch(/alert_rule.*alert_target|alert_target.*alert_rule/)
    expect(places.length).toBeGreaterThan(3)
    for (const canary of ['CANARY', secret.slice('whsec_'.length)]) {
      expect(places.filter((place) => place.includes(canary))).toEqual([])
    }
  })
})

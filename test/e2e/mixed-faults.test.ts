// Thousands of mixed calls under random faults and disconnects: at the end the ledger equals the bill, in dollars to the last digit.

import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BilledCall } from '../../simulator/bill.ts'
import { parseScenario } from '../../simulator/scenario.ts'
import { startSimulator, type RunningSimulator } from '../../simulator/server.ts'
import type { LedgerLine, TestTenant } from './admin-client.ts'
import { billWhenSettled } from './bill-reader.ts'
import { faultRules, leavesUsageUnknown, liesAboutUsage, saysAbsurdUsage } from './mixed-faults.ts'
import { mixedTraffic, type MixedCall } from './mixed-traffic.ts'
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts'
import { createHttp2Client } from './http2-client.ts'
import { choicesFor } from './random.ts'
import { type Asker, rawCall, type Seen } from './raw-call.ts'
import { CALL_KEY, reconcile } from './reconcile.ts'
import { picoOf } from './truth.ts'

const COUNT = Number(process.env.WEIGHBRIDGE_TEST_CALLS ?? 10_000)
const SDK_SHARE = 0.03
const CONCURRENT = { http1: 40, http2: 16, sdk: 8 }

const choices = choicesFor('mixed faults')
const calls = mixedTraffic(choices, COUNT, Math.floor(COUNT * SDK_SHARE))
const seen = new Map<string, Seen>()
let simulator: RunningSimulator
let gateway: GatewayProcess
let dataDir: string
let ledger: readonly LedgerLine[]
let bill: readonly BilledCall[]
let tenants: Readonly<Record<MixedCall['plan'], TestTenant>>

beforeAll(async () => {
  const scenario = parseScenario({ seed: choices.seed, rules: faultRules(CALL_KEY) })
  simulator = await startSimulator({ scenario })
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-mixed-'))
  gateway = await startGatewayProcess({
    dataDir,
    simulatorUrl: simulator.url,
    settings: {
      WEIGHBRIDGE_METADATA_KEYS: CALL_KEY,
      WEIGHBRIDGE_UPSTREAM_IDLE_TIMEOUT_MILLISECONDS: '8000',
      WEIGHBRIDGE_UPSTREAM_HEADERS_TIMEOUT_MILLISECONDS: '15000',
      WEIGHBRIDGE_LOG_LEVEL: 'silent',
    },
  })
  for (const plan of ['drain', 'abort']) {
    await gateway.admin('PUT', `plans/${plan}`, { allowed_models: ['*'], on_disconnect: plan })
  }
  tenants = {
    drain: await gateway.tenant('team-drain', { plan_id: 'drain', allowed_models: null }),
    abort: await gateway.tenant('team-abort', { plan_id: 'abort', allowed_models: null }),
  }
  await makeAllCalls()
  bill = await billWhenSettled(simulator)
  ledger = await gateway.ledger()
}, 1_200_000)

async function makeAllCalls(): Promise<void> {
  const pool = new Pool(gateway.url, { connections: CONCURRENT.http1, pipelining: 1 })
  const session = createHttp2Client(gateway.url)
  const clients = { drain: sdkClient(tenants.drain), abort: sdkClient(tenants.abort) }
  await Promise.all([work('http1', raw(pool)), work('http2', raw(session)), work('sdk', throughSdk(clients))])
  await Promise.all([pool.destroy(), session.destroy()])
  for (const client of Object.values(clients)) client.destroy()
  await noneRunning()
}

afterAll(async () => {
  await gateway.kill()
  await simulator.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** So many workers, each taking the next call when it is done with one. */
async function work(over: MixedCall['over'], make: (call: MixedCall) => Promise<void>): Promise<void> {
  const queue = calls.filter((call) => call.over === over).values()
  const worker = async (): Promise<void> => {
    for (const call of queue) await make(call)
  }
  await Promise.all(Array.from({ length: CONCURRENT[over] }, worker))
}

function raw(asker: Asker): (call: MixedCall) => Promise<void> {
  return async (call) => {
    const key = tenants[call.plan].secret
    if (call.leavesUpload) await leaveDuringUpload(call, key)
    else seen.set(call.name, await rawCall(asker, { ...call.request, key, leave: call.leave }))
  }
}

/** Sends the head and half of the body, then closes. */
function leaveDuringUpload({ request }: MixedCall, key: string): Promise<void> {
  const { hostname, port } = new URL(gateway.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      const head = `POST ${request.path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\n`
      const lines = Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`${head}${lines.join('')}content-length: ${request.body.length}\r\n\r\n`)
      socket.write(request.body.subarray(0, request.body.length / 2), () => socket.destroy())
    })
    socket.on('error', reject)
    socket.on('close', () => resolve())
  })
}

function throughSdk(clients: Readonly<Record<MixedCall['plan'], BedrockRuntimeClient>>) {
  return async ({ request, plan }: MixedCall): Promise<void> => {
    const [, modelId = '', operation] = /^\/model\/([^/]+)\/(.*)$/.exec(request.path) ?? []
    const input = { ...JSON.parse(request.body.toString()), modelId: decodeURIComponent(modelId) }
    try {
      if (operation === 'converse') await clients[plan].send(new ConverseCommand(input))
      else for await (const _ of (await clients[plan].send(new ConverseStreamCommand(input))).stream ?? []) continue
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown
    }
  }
}

const sdkClient = ({ accessKeyId, secretAccessKey }: TestTenant): BedrockRuntimeClient =>
  new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: gateway.url,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
  })

describe(`${COUNT} mixed calls with random faults and disconnects`, () => {
  it('leave a ledger that equals the bill, call by call and in dollars', () => {
    const result = reconcile({ ledger, bill, seen, mayDiffer: liesAboutUsage })
    process.stdout.write(
      `mixed faults: ${COUNT} calls; ${bill.length} billed: ${result.exact} exact for ${result.billedPico} pico-dollars, ` +
        `${result.estimated} estimated; ${result.unbilled} entries without a bill; answers by status: ${statuses()}\n`,
    )
    expect(result.problems).toEqual([])
    expect(result.ledgerPico).toBe(result.billedPico)
    expect(result.exact).toBeGreaterThan(COUNT / 2)
  })

  it('estimate only where a fault made usage unknowable', () => {
    const byName = new Map(calls.map((call) => [call.name, call]))
    const wrong = billedEntries()
      .filter(({ entry, billed }) => entry.estimated && !leavesUsageUnknown(billed))
      .filter(({ name }) => byName.get(name)?.leave === null || byName.get(name)?.plan === 'drain')
      .map(({ name, entry, billed }) => `${name} ${entry.operation} ${entry.ending} ${billed.faults?.join()}`)
    expect(wrong).toEqual([])
  })

  it('never write a number, nor a price, where an answer says something absurd of its usage', () => {
    const absurd = billedEntries().filter(({ billed }) => saysAbsurdUsage(billed))
    expect(absurd.length).toBeGreaterThan(0)
    for (const { entry } of absurd) {
      const counts = Object.values(entry.usage ?? {})
      expect(counts.every((count) => count === null || Number.isSafeInteger(count))).toBe(true)
      expect(entry.usage === null || counts.includes(null) || entry.estimated).toBe(true)
      if (entry.usage === null || counts.includes(null)) expect(entry.cost_usd).toBeNull()
      expect(entry.notes.join()).toContain('suspect')
    }
  })

  it('answer every client that stays, and enter nothing for what never was a call', () => {
    const stayed = calls.filter((call) => call.leave === null && !call.leavesUpload && call.over !== 'sdk')
    expect(stayed.filter((call) => seen.get(call.name)?.status === 0).map((call) => call.name)).toEqual([])
    const never = new Set(calls.filter((call) => call.leavesUpload || call.refused).map((call) => call.name))
    expect(ledger.filter((entry) => never.has(entry.metadata[CALL_KEY] ?? ''))).toEqual([])
    const refused = calls.filter((call) => call.refused).map((call) => seen.get(call.name)?.status ?? 0)
    expect(refused.every((status) => status >= 400 && status < 500)).toBe(true)
  })

  it('keep sums that equal the entries', async () => {
    const spent = await gateway.spent()
    expect(spent.calls).toBe(ledger.length)
    const costs = ledger.map((entry) => (entry.cost_usd === null ? 0n : picoOf(entry.cost_usd)))
    expect(picoOf(String(spent.cost_usd))).toBe(costs.reduce((sum, cost) => sum + cost, 0n))
  })
})

function statuses(): string {
  const counts = new Map<number, number>()
  for (const { status } of seen.values()) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts]
    .toSorted(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')
}

function billedEntries(): { name: string; entry: LedgerLine; billed: BilledCall }[] {
  const entries = new Map(ledger.map((entry) => [entry.metadata[CALL_KEY], entry]))
  return bill.flatMap((billed) => {
    const name = billed.request_metadata?.[CALL_KEY] ?? ''
    const entry = entries.get(name)
    return entry === undefined ? [] : [{ name, entry, billed }]
  })
}

/** Calls whose client left may still be read to their end. */
async function noneRunning(): Promise<void> {
  for (let look = 0; look < 600; look += 1) {
    const metrics = await fetch(`${gateway.url}/metrics`, {
      headers: { authorization: `Bearer ${gateway.adminToken}` },
    })
    if (/^weighbridge_running_calls 0$/m.test(await metrics.text())) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('calls still run in the gateway')
}

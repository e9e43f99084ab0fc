// SIGTERM: no new connections, running answers end, the rest is stopped and settled at the deadline, exit code 0; nothing is lost in any order of signals.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { startSimulator, type RunningSimulator } from '../../simulator/server.ts'
import type { LedgerLine } from './admin-client.ts'
import { billWhenSettled } from './bill-reader.ts'
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts'
import { createHttp2Client } from './http2-client.ts'
import { type Asker, rawCall, type Seen } from './raw-call.ts'
import { CALL_KEY, reconcile, type Reconciled } from './reconcile.ts'
import { callNamed } from './requests.ts'

type Client = Asker & { destroy(): Promise<void> }

const TIMEOUT = { timeout: 120_000 }
/** Calls named like this never end by themselves. */
const STALLED = 'stalled'
const scenario = parseScenario({
  rules: [{ match: { request_metadata: { [CALL_KEY]: `*${STALLED}` } }, faults: ['stall:at=mid_event,after=3'] }],
})

let simulator: RunningSimulator
let dataDir: string
let gateway: GatewayProcess
let key: string
let clients: Client[]
let seen: Map<string, Seen>

beforeEach(async () => {
  // an answer of 100 tokens takes a second
  simulator = await startSimulator({ tokensPerSecond: 100, scenario })
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-shutdown-'))
  seen = new Map()
  clients = []
})

afterEach(async () => {
  await gateway.kill()
  await Promise.all(clients.map((client) => client.destroy()))
  await simulator.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function begin(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  gateway = await startGatewayProcess({
    dataDir,
    simulatorUrl: simulator.url,
    settings: { WEIGHBRIDGE_METADATA_KEYS: CALL_KEY, ...settings },
  })
  key = (await gateway.tenant('team-a')).secret
}

/** Starts streams and resolves once each has shown its first bytes; `ended` when all clients know how theirs ended. */
async function streams(names: readonly string[], client: Client): Promise<{ ended: Promise<unknown> }> {
  clients.push(client)
  let begun = 0
  const ended = Promise.all(
    names.map(async (name) => {
      const onFirstBytes = (): void => void (begun += 1)
      seen.set(name, await rawCall(client, { ...callNamed(name, 'stream', 100), key, onFirstBytes }))
    }),
  )
  for (let look = 0; begun < names.length && look < 600; look += 1) await wait(50)
  expect(begun).toBe(names.length)
  return { ended }
}

const poolOf = (connections: number): Pool => new Pool(gateway.url, { connections, pipelining: 1 })
const named = (count: number, kind: string): string[] => Array.from({ length: count }, (_, index) => `${index}-${kind}`)

/** Starts the gateway again on the same data and holds its ledger against the bill and the clients. */
async function afterRestart(): Promise<{ ledger: readonly LedgerLine[]; result: Reconciled }> {
  const bill = await billWhenSettled(simulator)
  gateway = await startGatewayProcess({ dataDir, simulatorUrl: simulator.url })
  const ledger = await gateway.ledger()
  return { ledger, result: reconcile({ ledger, bill, seen }) }
}

describe('SIGTERM with 100 running streams', () => {
  it('takes no new connection, lets every stream end, exits with 0 and has lost nothing', TIMEOUT, async () => {
    await begin()
    const over1 = await streams(named(90, 'http1'), poolOf(90))
    const over2 = await streams(named(10, 'http2'), createHttp2Client(gateway.url))
    gateway.signal('SIGTERM')
    expect(await refusesConnections()).toBe(true)
    await Promise.all([over1.ended, over2.ended])
    expect(await gateway.exited).toEqual({ code: 0, signal: null })
    const broken = [...seen].filter(([, call]) => !call.whole || !call.ended)
    expect(broken.map(([name, call]) => `${name}: ${call.failure}`)).toEqual([])
    const { ledger, result } = await afterRestart()
    expect(result.problems).toEqual([])
    expect(result).toMatchObject({ exact: 100, estimated: 0, unbilled: 0 })
    expect(ledger.map((entry) => entry.ending)).toEqual(ledger.map(() => 'completed'))
  })
})

/** The port must be closed while streams still run; the signal takes a moment to arrive. */
async function refusesConnections(): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const refused = await fetch(`${gateway.url}/healthz`, { headers: { connection: 'close' } }).then(
      () => false,
      () => true,
    )
    if (refused) return true
    await wait(10)
  }
  return false
}

describe('the deadline of a shutdown', () => {
  it('stops what still runs, settles it, tells its clients, and exits with 0', TIMEOUT, async () => {
    await begin({ WEIGHBRIDGE_SHUTDOWN_DEADLINE_SECONDS: '5' })
    const { ended } = await streams([...named(10, STALLED), ...named(10, 'paced')], poolOf(20))
    gateway.signal('SIGTERM')
    await ended
    expect(await gateway.exited).toEqual({ code: 0, signal: null })
    const { ledger, result } = await afterRestart()
    expect(result.problems).toEqual([])
    expect(result).toMatchObject({ exact: 10, estimated: 10, unbilled: 0 })
    for (const entry of ledger) {
      const stalled = entry.metadata[CALL_KEY]?.endsWith(STALLED) ?? false
      expect(entry.ending).toBe(stalled ? 'gateway_stopped' : 'completed')
      expect(entry.usage?.input_tokens).toBeGreaterThan(0)
    }
    const stopped = [...seen].filter(([name]) => name.endsWith(STALLED)).map(([, call]) => call)
    expect(stopped.map((call) => call.messages.at(-1)?.exception)).toEqual(
      stopped.map(() => 'serviceUnavailableException'),
    )
  })

  it('also ends calls whose client has left and that are read to their end', TIMEOUT, async () => {
    await begin({ WEIGHBRIDGE_SHUTDOWN_DEADLINE_SECONDS: '1' })
    const pool = poolOf(5)
    await streams(named(5, STALLED), pool)
    await pool.destroy()
    gateway.signal('SIGTERM')
    expect(await gateway.exited).toEqual({ code: 0, signal: null })
    const { ledger, result } = await afterRestart()
    expect(result).toMatchObject({ problems: [], estimated: 5 })
    expect(ledger.map((entry) => entry.ending)).toEqual(ledger.map(() => 'client_aborted'))
  })
})

describe('impatience', () => {
  it.each([
    ['a second SIGTERM', 'SIGTERM', { code: 1, signal: null }],
    ['SIGKILL after SIGTERM', 'SIGKILL', { code: null, signal: 'SIGKILL' }],
  ] as const)('%s ends at once; the next start accounts for every call', TIMEOUT, async (_name, second, exit) => {
    await begin()
    const { ended } = await streams([...named(10, STALLED), ...named(10, 'paced')], poolOf(20))
    gateway.signal('SIGTERM')
    expect(await refusesConnections()).toBe(true)
    gateway.process.kill(second)
    expect(await gateway.exited).toEqual(exit)
    await ended
    const { ledger, result } = await afterRestart()
    expect(result.problems).toEqual([])
    expect(ledger).toHaveLength(20)
    expect(result.estimated).toBeGreaterThanOrEqual(10)
  })
})

describe('a second gateway on the same data', () => {
  it('does not start, says why, and leaves the first one alone', TIMEOUT, async () => {
    await begin()
    const second = startGatewayProcess({ dataDir, simulatorUrl: simulator.url })
    await expect(second).rejects.toThrow(/another process|in use|locked/i)
    const { ended } = await streams(named(1, 'paced'), poolOf(1))
    await ended
    expect([...seen.values()].map((call) => call.whole)).toEqual([true])
  })
})

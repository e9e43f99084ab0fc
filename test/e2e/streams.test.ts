// Clients that leave in every moment, alone and in crowds, and clients that read slowly: always one entry, never a free answer.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { startSimulator, type RunningSimulator, type SimulatorOptions } from '../../simulator/server.ts'
import type { LedgerLine } from './admin-client.ts'
import { billWhenSettled } from './bill-reader.ts'
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts'
import { rawCall, type Leave } from './raw-call.ts'
import { CALL_KEY } from './reconcile.ts'
import { callNamed, type CallKind } from './requests.ts'
import { counted } from './truth.ts'

const TIMEOUT = { timeout: 120_000 }
const PLANS = ['drain', 'abort'] as const

let simulator: RunningSimulator
let gateway: GatewayProcess
let dataDir: string
let keys: Readonly<Record<string, string>>

async function begin(options: SimulatorOptions, settings: Readonly<Record<string, string>> = {}): Promise<void> {
  simulator = await startSimulator(options)
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-streams-'))
  gateway = await startGatewayProcess({
    dataDir,
    simulatorUrl: simulator.url,
    settings: { WEIGHBRIDGE_METADATA_KEYS: CALL_KEY, ...settings },
  })
  const made: Record<string, string> = {}
  for (const plan of PLANS) {
    await gateway.admin('PUT', `plans/${plan}`, { allowed_models: ['*'], on_disconnect: plan })
    made[plan] = (await gateway.tenant(`team-${plan}`, { plan_id: plan, allowed_models: null })).secret
  }
  keys = made
}

afterEach(async () => {
  await gateway.kill()
  await simulator.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function gauge(name: string): Promise<number> {
  const metrics = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${gateway.adminToken}` } })
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await metrics.text())?.[1] ?? Number.NaN)
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 600; look += 1) {
    if (await isSo()) return
    await wait(50)
  }
  throw new Error(`still not: ${what}`)
}

const allSettled = (): Promise<void> =>
  until('all calls settled', async () => (await gauge('weighbridge_running_calls')) === 0)

describe('a client that leaves', () => {
  const later: [string, CallKind, Leave][] = [
    ['after the headers', 'stream', { at: 'headers' }],
    ['after the first event', 'stream', { at: 'event', count: 1 }],
    ['after some events', 'invoke_stream', { at: 'event', count: 5 }],
  ]
  const early: [string, CallKind][] = [
    ['before the first byte', 'stream'],
    ['before the answer of a call that is not streamed', 'converse'],
  ]

  it(
    'is charged what it used: to the last token where the plan drains, by estimate where it aborts',
    TIMEOUT,
    async () => {
      // every answer takes about a second, so that all of them are left in the middle
      await begin({ tokensPerSecond: 100 })
      const pool = new Pool(gateway.url, { connections: 20, pipelining: 1 })
      const leaving = (moments: [string, CallKind, Leave][]) =>
        PLANS.flatMap((plan) =>
          moments.map(([moment, kind, leave]) =>
            rawCall(pool, { ...callNamed(`${plan} ${moment}`, kind, 100), key: keys[plan] ?? '', leave }),
          ),
        )
      let go = (): void => undefined
      const moment = new Promise<void>((resolve) => (go = resolve))
      const first = leaving(early.map(([name, kind]) => [name, kind, { at: 'moment', moment }]))
      await until('all run', async () => (await gauge('weighbridge_running_calls')) === first.length)
      go()
      const left = [...(await Promise.all(first)), ...(await Promise.all(leaving(later)))]
      expect(left.filter((seen) => seen.whole)).toEqual([])
      await allSettled()
      const bill = new Map((await billWhenSettled(simulator)).map((call) => [call.request_metadata?.[CALL_KEY], call]))
      const ledger = await gateway.ledger()
      expect(ledger).toHaveLength(left.length)
      for (const entry of ledger) {
        expect(entry.ending).toBe('client_aborted')
        const billed = bill.get(entry.metadata[CALL_KEY])
        const drained = entry.tenant_id === 'team-drain'
        expect(entry.estimated).toBe(!drained)
        if (drained) expect(counted(entry.usage)).toEqual(billed?.usage)
        // the connection of an aborted call is given back at once: the upstream sees its client leave
        else expect(billed?.client_gone).toBe(true)
        if (!drained && entry.usage !== null) expect(Number(entry.cost_usd)).toBeGreaterThan(0)
      }
      await pool.destroy()
    },
  )

  it('just before the usage event is charged exactly where the plan drains', TIMEOUT, async () => {
    await begin({ scenario: parseScenario({ rules: [{ faults: ['stall:at=after_stop,ms=500'] }] }) })
    const pool = new Pool(gateway.url, { connections: 4, pipelining: 1 })
    const received: { whole: number; left: number }[] = []
    for (const plan of PLANS) {
      const probe = await rawCall(pool, { ...callNamed('probe', 'stream', 30), key: keys[plan] ?? '' })
      const leave: Leave = { at: 'event', count: probe.messages.length - 1 }
      const seen = await rawCall(pool, { ...callNamed(plan, 'stream', 30), key: keys[plan] ?? '', leave })
      expect([seen.messages.at(-1)?.type, seen.whole]).toEqual(['messageStop', false])
      received.push({ whole: probe.body.length, left: seen.body.length })
    }
    await allSettled()
    const bill = await billWhenSettled(simulator)
    const all = await gateway.ledger()
    const ledger = all.filter((entry) => entry.metadata[CALL_KEY] !== 'probe')
    // what was delivered stands beside what was billed: all of it, or as much as the client has seen
    const deliveredOf = (entries: readonly LedgerLine[]): number[] => entries.map((entry) => entry.delivered_bytes)
    const probes = all.filter((entry) => entry.metadata[CALL_KEY] === 'probe')
    expect(deliveredOf(probes)).toEqual(received.map(({ whole }) => whole))
    expect(deliveredOf(ledger)).toEqual(received.map(({ left }) => left))
    expect(ledger.map((entry) => [entry.ending, entry.estimated])).toEqual([
      ['client_aborted', false],
      ['client_aborted', true],
    ])
    for (const entry of ledger) {
      const billed = bill.find((call) => call.request_metadata?.[CALL_KEY] === entry.metadata[CALL_KEY])
      expect(entry.usage?.output_tokens).toBe(billed?.usage.output_tokens)
    }
    await pool.destroy()
  })

  it('in the middle of its own request makes no call at all', TIMEOUT, async () => {
    await begin({})
    const { path, body } = callNamed('upload', 'stream', 30)
    const { socket } = await sent(path, body.subarray(0, 20), body.length)
    socket.destroy()
    // an HTTP request on a new connection is answered after the gateway has seen the other one close
    await until('the connection is closed', async () => (await gauge('weighbridge_client_connections')) <= 2)
    expect(await gateway.ledger()).toEqual([])
    expect(await billWhenSettled(simulator)).toEqual([])
  })
})

describe('a crowd of 500 clients that leaves at once', () => {
  it('is drained within the bound, the rest is aborted, and everybody is charged', TIMEOUT, async () => {
    const streams = 500
    const drains = 50
    await begin({ tokensPerSecond: 30 }, { WEIGHBRIDGE_DRAIN_MAX_STREAMS: String(drains) })
    const pool = new Pool(gateway.url, { connections: streams, pipelining: 1 })
    let begun = 0
    const running = Array.from({ length: streams }, (_, index) =>
      rawCall(pool, {
        ...callNamed(`crowd-${index}`, 'stream', 240),
        key: keys.drain ?? '',
        onFirstBytes: () => void (begun += 1),
      }),
    )
    await until('all streams run', async () => begun === streams)
    await pool.destroy()
    await Promise.all(running)
    await until('only drains run', async () => (await gauge('weighbridge_running_calls')) <= drains)
    expect(await gauge('weighbridge_drains')).toBeLessThanOrEqual(drains)
    await allSettled()
    const bill = await billWhenSettled(simulator)
    const ledger = await gateway.ledger()
    expect(ledger).toHaveLength(streams)
    expect(new Set(ledger.map((entry) => entry.ending))).toEqual(new Set(['client_aborted']))
    const exact = ledger.filter((entry) => !entry.estimated)
    expect(exact.length).toBeGreaterThanOrEqual(drains)
    expect(exact.length).toBeLessThan(streams / 2)
    // an aborted call gives its upstream connection back: the upstream saw its client go, a drained one was read to its end
    expect(bill.filter((call) => call.client_gone)).toHaveLength(streams - exact.length)
    expect(ledger.filter((entry) => Number(entry.cost_usd) <= 0)).toEqual([])
  })
})

describe('a client that does not read', () => {
  /** 24 answers of some 12 MB each: much more than the kernel's buffers, and than the gateway may grow by. */
  const readers = 24
  const padding = parseScenario({ rules: [{ faults: ['padding:bytes=100000+tokens:n=300'] }] })
  const mostGrowthBytes = 200_000_000

  it('holds its upstream back instead of filling the memory, and gets all when it reads on', TIMEOUT, async () => {
    await begin({ scenario: padding }, { WEIGHBRIDGE_WRITE_STALL_TIMEOUT_MILLISECONDS: '100000' })
    const before = residentBytes()
    const paused = await Promise.all(Array.from({ length: readers }, (_, index) => silentReader(index)))
    await until('all run', async () => (await gauge('weighbridge_running_calls')) === readers)
    await settledMemory()
    process.stdout.write(`silent readers: the gateway grew by ${residentBytes() - before} bytes\n`)
    expect(residentBytes() - before).toBeLessThan(mostGrowthBytes)
    expect(await gauge('weighbridge_running_calls')).toBe(readers)
    const lengths = await Promise.all(paused.map((socket) => readAll(socket)))
    expect(Math.min(...lengths)).toBeGreaterThan(5_000_000)
    expect(await agrees()).toEqual(Array.from({ length: readers }, () => 'completed'))
  })

  it('is cut off after the write-stall time, and charged', TIMEOUT, async () => {
    await begin({ scenario: padding }, { WEIGHBRIDGE_WRITE_STALL_TIMEOUT_MILLISECONDS: '500' })
    const sockets = await Promise.all(Array.from({ length: readers }, (_, index) => silentReader(index)))
    await until('all are charged', async () => (await gateway.ledger()).length === readers)
    expect(await agrees()).toEqual(Array.from({ length: readers }, () => 'gateway_stopped'))
    for (const socket of sockets) socket.destroy()
  })

  async function silentReader(index: number): Promise<Socket> {
    const { path, body } = callNamed(`silent-${index}`, 'stream', 300)
    const { socket } = await sent(path, body, body.length)
    socket.pause()
    return socket
  }

  /** Every entry says what was billed; how the calls ended. */
  async function agrees(): Promise<string[]> {
    await allSettled()
    const bill = new Map((await billWhenSettled(simulator)).map((call) => [call.request_metadata?.[CALL_KEY], call]))
    const ledger: LedgerLine[] = await gateway.ledger()
    for (const entry of ledger) expect(counted(entry.usage)).toEqual(bill.get(entry.metadata[CALL_KEY])?.usage)
    return ledger.map((entry) => entry.ending)
  }

  /** Until nothing moves any more: the gateway's memory is the same in five looks. */
  async function settledMemory(): Promise<void> {
    let last = -1
    let same = 0
    await until('nothing moves', async () => {
      const now = residentBytes()
      same = Math.abs(now - last) < 1_000_000 ? same + 1 : 0
      last = now
      return same >= 5
    })
  }

  function residentBytes(): number {
    const status = readFileSync(`/proc/${gateway.process.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1_024
  }
})

/** Sends the head of a request and a part of its body over a plain socket. */
function sent(path: string, part: Buffer, length: number): Promise<{ socket: Socket }> {
  const { hostname, port } = new URL(gateway.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    socket.once('error', reject)
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${keys.drain}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n`,
    )
    socket.write(part, () => resolve({ socket }))
  })
}

function readAll(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
    socket.on('end', () => resolve(bytes))
    socket.on('error', reject)
    socket.resume()
  })
}

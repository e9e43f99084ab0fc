// A disk that is full: calls are refused, nothing that a client was given is lost, and with room again everything goes on.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator, type RunningSimulator } from '../../simulator/server.ts'
import { billWhenSettled } from './bill-reader.ts'
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts'
import { rawCall, type Seen } from './raw-call.ts'
import { CALL_KEY, reconcile } from './reconcile.ts'
import { callNamed, type CallKind } from './requests.ts'

const KINDS: CallKind[] = ['converse', 'stream', 'invoke', 'invoke_stream']
const MOST_CALLS = 20_000
const AT_ONCE = 20

let simulator: RunningSimulator
let dataDir: string
let gateway: GatewayProcess
const seen = new Map<string, Seen>()

beforeAll(async () => {
  simulator = await startSimulator()
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-full-'))
})

afterAll(async () => {
  await gateway.kill()
  await simulator.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const settings = { WEIGHBRIDGE_METADATA_KEYS: CALL_KEY, WEIGHBRIDGE_LOG_LEVEL: 'silent' }

/** Calls until so many are refused because the ledger cannot take them. */
async function callUntilRefused(key: string, refusals: number): Promise<number> {
  const pool = new Pool(gateway.url, { connections: AT_ONCE, pipelining: 1 })
  let next = 0
  let refused = 0
  const worker = async (): Promise<void> => {
    while (refused < refusals && next < MOST_CALLS) {
      const name = `call-${seen.size}-${next}`
      const kind = KINDS[next % KINDS.length] as CallKind
      next += 1
      const result = await rawCall(pool, { ...callNamed(name, kind, 10), key })
      seen.set(name, result)
      if (result.status === 503 || (result.status === 200 && !result.whole)) refused += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await pool.destroy()
  return refused
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 600; look += 1) {
    if (await isSo()) return
    await wait(100)
  }
  throw new Error(`still not: ${what}`)
}

/** As if somebody had made room. */
const makeRoom = (): void =>
  void execFileSync('prlimit', [`--pid=${gateway.process.pid}`, '--fsize=unlimited:unlimited'])

describe('a disk that fills up while calls run', () => {
  let key: string

  it('makes the gateway refuse calls, in words and before they cost anything', { timeout: 180_000 }, async () => {
    gateway = await startGatewayProcess({ dataDir, simulatorUrl: simulator.url, settings, largestFileKilobytes: 3_000 })
    key = (await gateway.tenant('team-a')).secret
    expect(await callUntilRefused(key, 300)).toBeGreaterThanOrEqual(300)
    const refused = [...seen.values()].filter((call) => call.status === 503)
    expect(refused.length).toBeGreaterThan(250)
    for (const call of refused) expect(call.headers['x-amzn-errortype']).toBe('ServiceUnavailableException')
    const answered = [...seen.values()].filter((call) => call.whole).length
    expect(answered).toBeGreaterThan(0)
    // what was under way when the disk filled up was billed all the same; nothing was begun after that
    const bill = await billWhenSettled(simulator)
    expect(bill.length - answered).toBeLessThanOrEqual(3 * AT_ONCE)
  })

  it('and has room again: it goes on by itself, and every call is in the ledger, exactly', {
    timeout: 120_000,
  }, async () => {
    makeRoom()
    const pool = new Pool(gateway.url)
    let tries = 0
    await until('calls are taken again', async () => {
      const name = `again-${tries++}`
      const result = await rawCall(pool, { ...callNamed(name, 'stream', 10), key })
      seen.set(name, result)
      return result.whole
    })
    await pool.destroy()
    const bill = await billWhenSettled(simulator)
    await until('the ledger has all', async () => (await gateway.ledger()).length >= bill.length)
    const result = reconcile({ ledger: await gateway.ledger(), bill, seen })
    process.stdout.write(`disk full: ${seen.size} calls, ${bill.length} billed, ${result.exact} exact\n`)
    expect(result.problems).toEqual([])
    expect([result.exact, result.estimated]).toEqual([bill.length, 0])
  })

  it('and is killed instead: the next start accounts for every call', { timeout: 120_000 }, async () => {
    await gateway.kill()
    gateway = await startGatewayProcess({ dataDir, simulatorUrl: simulator.url, settings, largestFileKilobytes: 6_000 })
    await callUntilRefused(key, 100)
    await gateway.kill()
    gateway = await startGatewayProcess({ dataDir, simulatorUrl: simulator.url, settings })
    const bill = await billWhenSettled(simulator)
    const result = reconcile({ ledger: await gateway.ledger(), bill, seen })
    expect(result.problems).toEqual([])
    expect(result.estimated).toBeLessThanOrEqual(3 * AT_ONCE)
  })
})

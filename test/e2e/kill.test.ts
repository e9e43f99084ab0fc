// Killing the gateway with SIGKILL while calls run loses no entry and invents none: what a client saw whole is in the ledger, exactly once.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { startSimulator, type RunningSimulator } from '../../simulator/server.ts'
import type { LedgerLine } from './admin-client.ts'
import { billWhenSettled } from './bill-reader.ts'
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts'
import { choicesFor, type Choices } from './random.ts'
import { rawCall, type Seen } from './raw-call.ts'
import { CALL_KEY, reconcile } from './reconcile.ts'
import { callNamed, type CallKind } from './requests.ts'
import { picoOf } from './truth.ts'

const CALLS_BY_ROUND = [200, 60, 60, 60, 60, 60, 60, 60, 60, 60]
/** Calls named like this are answered at once and in one piece: the answer may be there before the hold is durable. */
const INSTANT = 'instant'
const scenario = parseScenario({
  rules: [{ match: { request_metadata: { [CALL_KEY]: `*${INSTANT}` } }, faults: ['slow:ms=0+merge'] }],
})
const KINDS: readonly CallKind[] = ['stream', 'stream', 'stream', 'stream', 'invoke_stream', 'converse', 'invoke']

let simulator: RunningSimulator
let dataDir: string
let choices: Choices
const seen = new Map<string, Seen>()

beforeAll(async () => {
  choices = choicesFor('kill')
  simulator = await startSimulator({ tokensPerSecond: 400, scenario })
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-kill-'))
})

afterAll(async () => {
  await simulator.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const startGateway = (): Promise<GatewayProcess> =>
  startGatewayProcess({ dataDir, simulatorUrl: simulator.url, settings: { WEIGHBRIDGE_METADATA_KEYS: CALL_KEY } })

/** Sends all calls of a round at once, kills the gateway when so many of them are answered, and waits until every client knows. */
async function killDuring(gateway: GatewayProcess, round: number, key: string): Promise<void> {
  const calls = CALLS_BY_ROUND[round] ?? 0
  const killAfterAnswers = choices.below(calls)
  const extraMilliseconds = choices.below(5)
  const pool = new Pool(gateway.url, { connections: calls, pipelining: 1 })
  let answered = 0
  let killed: Promise<void> | null = null
  const kill = async (): Promise<void> => {
    if (killAfterAnswers === 0) await wait(choices.below(150))
    if (extraMilliseconds > 0) await wait(extraMilliseconds)
    await gateway.kill()
  }
  if (killAfterAnswers === 0) killed = kill()
  const running = Array.from({ length: calls }, async (_, index) => {
    const call = `${round}-${index}-${choices.chance(0.25) ? INSTANT : 'paced'}`
    const request = callNamed(call, choices.pick(KINDS), 8 + choices.below(120))
    let told = false
    const onAnswer = (): void => {
      if (told) return
      told = true
      answered += 1
      if (answered >= killAfterAnswers) killed ??= kill()
    }
    seen.set(call, await rawCall(pool, { ...request, key, onFinalEvent: onAnswer }))
    onAnswer()
  })
  await Promise.all(running)
  await (killed ?? kill())
  await pool.destroy()
}

describe('a gateway that is killed ten times with calls in flight', () => {
  let ledger: readonly LedgerLine[]
  let spent: Record<string, string | number | null>

  it('starts again each time, and its ledger agrees with every client and with the bill', {
    timeout: 240_000,
  }, async () => {
    let key = ''
    for (const round of CALLS_BY_ROUND.keys()) {
      const gateway = await startGateway()
      if (round === 0) key = (await gateway.tenant('team-a')).secret
      await killDuring(gateway, round, key)
    }
    const last = await startGateway()
    const bill = await billWhenSettled(simulator)
    ledger = await last.ledger()
    spent = await last.spent()
    await last.kill()
    const result = reconcile({ ledger, bill, seen })
    const whole = [...seen.values()].filter((call) => call.whole).length
    process.stdout.write(
      `kill: ${seen.size} calls, ${whole} seen whole; ${bill.length} billed: ${result.exact} exact, ${result.estimated} estimated\n`,
    )
    expect(result.problems).toEqual([])
    expect(result.ledgerPico).toBe(result.billedPico)
    expect(whole).toBeGreaterThan(0)
    expect(seen.size - whole).toBeGreaterThan(0)
    expect(result.exact).toBeGreaterThanOrEqual(whole)
  })

  it('keeps sums that equal the entries', () => {
    const costs = ledger.map((entry) => (entry.cost_usd === null ? 0n : picoOf(entry.cost_usd)))
    expect(spent.calls).toBe(ledger.length)
    expect(picoOf(String(spent.cost_usd))).toBe(costs.reduce((sum, cost) => sum + cost, 0n))
    expect(spent.output_tokens).toBe(ledger.reduce((sum, entry) => sum + (entry.usage?.output_tokens ?? 0), 0))
  })

  it('marks what it cannot know as recovered and estimated, never as zero', () => {
    const recovered = ledger.filter((entry) => entry.ending === 'recovered')
    expect(recovered.length).toBeGreaterThan(0)
    for (const entry of recovered) expect(entry).toMatchObject({ estimated: true, usage: null, cost_usd: null })
  })
})

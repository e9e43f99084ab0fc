// Starts a simulator of Bedrock and SageMaker on one port and hands out its address and its bill.
import { randomUUID } from 'node:crypto'
import { administer, isAdminPath } from './admin.ts'
import type { KeyPair } from './authenticate.ts'
import { type Bill, type BilledCall, createBill } from './bill.ts'
import { exchange, refuse } from './exchange.ts'
import { FAMILIES } from './families/index.ts'
import type { Family } from './family.ts'
import { createInvocationLog } from './invocation-log.ts'
import { createFastPath } from './fast.ts'
import { listen } from './listener.ts'
import { createModelTable } from './models.ts'
import { OPERATIONS } from './operations/index.ts'
import { createPromptCache } from './prompt-cache.ts'
import { createResources, type Published } from './resources.ts'
import { NO_SCENARIO, type Scenario } from './scenario.ts'
import { createSessions } from './sessions.ts'
import type { Simulator } from './simulator.ts'
import { digest } from './tokens.ts'
import type { Wire } from './wire.ts'

export const DEFAULT_KEY_PAIR: KeyPair = { accessKeyId: 'AKIASIMULATOR000001', secretAccessKey: 'simulator-secret' }
export const DEFAULT_BEARER_KEY = 'simulator-bearer-key'

export type SimulatorOptions = {
  /** 127.0.0.1 */
  host?: string
  /** 0: any free port */
  port?: number
  /** key pairs that are known; the fixed pair when absent */
  keyPairs?: readonly KeyPair[]
  bearerKeys?: readonly string[]
  allowAnyCredentials?: boolean
  /** generated tokens per second; 0 (default): as fast as possible */
  tokensPerSecond?: number
  onDisconnect?: 'finish' | 'stop'
  scenario?: Scenario
  /** folder for ModelInvocationLog records; none are written when absent */
  logFolder?: string
  /** milliseconds since 1970; Date.now when absent */
  now?: () => number
  newRequestId?: () => string
  families?: readonly Family[]
  /** an empty one when absent */
  bill?: Bill
  /** a benchmark's upstream: Converse and ConverseStream from prepared bytes, unchecked; their bill is totals only */
  fast?: boolean
}

export type RunningSimulator = {
  url: string
  port: number
  close(): Promise<void>
  bill(): BilledCall[]
  /** what SNS was given */
  published(): readonly Published[]
  reset(): void
  setScenario(scenario: Scenario): void
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const simulator = createSimulator(options)
  if (options.scenario !== undefined) simulator.setScenario(options.scenario)
  const host = options.host ?? '127.0.0.1'
  const fast = options.fast === true ? createFastPath(simulator) : null
  const answer = (wire: Wire): void => void (fast?.take(wire) || handle(simulator, wire))
  const listener = await listen(host, options.port ?? 0, answer, fast?.shortcut)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listener.port}`,
    port: listener.port,
    async close() {
      await listener.close()
      await simulator.log?.flush()
    },
    bill: () => simulator.bill.calls(),
    published: () => simulator.resources.published,
    reset: () => simulator.reset(),
    setScenario: (scenario) => simulator.setScenario(scenario),
  }
}

function createSimulator(options: SimulatorOptions): Simulator {
  const bill = options.bill ?? createBill()
  const cache = createPromptCache(digest)
  const resources = createResources()
  const sessions = createSessions()
  return {
    credentials: {
      keyPairs: options.keyPairs ?? [DEFAULT_KEY_PAIR],
      bearerKeys: options.bearerKeys ?? [DEFAULT_BEARER_KEY],
      allowAny: options.allowAnyCredentials ?? false,
      sessions,
    },
    models: createModelTable(options.families ?? FAMILIES),
    resources,
    sessions,
    bill,
    cache,
    scenario: NO_SCENARIO,
    log: options.logFolder === undefined ? null : createInvocationLog(options.logFolder),
    now: options.now ?? Date.now,
    newRequestId: options.newRequestId ?? randomUUID,
    tokensPerSecond: options.tokensPerSecond ?? 0,
    onDisconnect: options.onDisconnect ?? 'finish',
    setScenario(scenario) {
      this.scenario = scenario
      resources.addAliases(scenario.aliases)
    },
    reset() {
      bill.clear()
      cache.clear()
      resources.clear()
      sessions.clear()
    },
  }
}

async function handle(simulator: Simulator, wire: Wire): Promise<void> {
  try {
    if (isAdminPath(wire.target)) await administer(simulator, wire)
    else await exchange(simulator, OPERATIONS, wire)
  } catch (thrown) {
    refuse(wire, simulator.newRequestId(), thrown)
  }
}

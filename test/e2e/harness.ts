// A whole gateway in front of a whole simulator, over real sockets, for end-to-end tests.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator, type RunningSimulator, type SimulatorOptions } from '../../simulator/server.ts'
import { loadConfig } from '../../src/config.ts'
import { start, type Started } from '../../src/wiring.ts'

export type TestTenant = {
  readonly id: string
  readonly keyId: string
  readonly secret: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export type Harness = {
  readonly simulator: RunningSimulator
  readonly gateway: Started
  readonly url: string
  readonly adminToken: string
  admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  /** Makes a tenant with a key. Without a plan it may call every model, without limits. */
  tenant(id: string, over?: Record<string, unknown>): Promise<TestTenant>
  /** Every ledger entry, oldest first. */
  ledger(): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

export const TEST_ADMIN_TOKEN = 'test-admin-token-0123456789'
const SIMULATOR_BEARER = 'simulator-bearer-key'

export async function startHarness(
  options: {
    readonly simulator?: SimulatorOptions
    readonly settings?: Readonly<Record<string, string>>
    readonly dataDir?: string
  } = {},
): Promise<Harness> {
  const simulator = await startSimulator(options.simulator)
  const own = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), 'weighbridge-e2e-')) : null
  process.env.AWS_ACCESS_KEY_ID = 'AKIASIMULATOR000001'
  process.env.AWS_SECRET_ACCESS_KEY = 'simulator-secret'
  const gateway = await start(
    loadConfig(
      {
        WEIGHBRIDGE_PORT: '0',
        WEIGHBRIDGE_DATA_DIR: options.dataDir ?? own ?? '',
        WEIGHBRIDGE_ADMIN_TOKEN: TEST_ADMIN_TOKEN,
        WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: simulator.url,
        WEIGHBRIDGE_BEDROCK_ENDPOINT: simulator.url,
        WEIGHBRIDGE_LOG_LEVEL: 'silent',
        ...options.settings,
      },
      () => '',
    ),
  )
  const admin = adminOf(gateway.url)
  return {
    simulator,
    gateway,
    url: gateway.url,
    adminToken: TEST_ADMIN_TOKEN,
    admin,
    async tenant(id, over = {}) {
      await admin('POST', 'tenants', { id, name: id, allowed_models: ['*'], ...over })
      const key = await admin('POST', `tenants/${id}/keys`, { name: 'test' })
      return {
        id,
        keyId: String(key.key_id),
        secret: String(key.secret),
        accessKeyId: String(key.access_key_id),
        secretAccessKey: String(key.secret_access_key),
      }
    },
    ledger: () => wholeLedger(admin),
    async close() {
      await gateway.stop()
      await simulator.close()
      if (own !== null) rmSync(own, { recursive: true, force: true })
    },
  }
}

function adminOf(url: string): Harness['admin'] {
  return async (method, path, body) => {
    const response = await fetch(`${url}/admin/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${TEST_ADMIN_TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} /admin/v1/${path} answered ${response.status}: ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
}

async function wholeLedger(admin: Harness['admin']): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await admin('GET', `ledger?limit=1000${query}`)
    entries.push(...(page.entries as Record<string, unknown>[]))
    cursor = typeof page.next_cursor === 'string' ? page.next_cursor : null
  } while (cursor !== null)
  return entries.toReversed()
}

export { SIMULATOR_BEARER }

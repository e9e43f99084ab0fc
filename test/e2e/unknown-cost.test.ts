// A call of which nobody knows the cost is counted by budgets as what was held for it: a restart forgives nothing.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { startHarness, type Harness } from './harness.ts'
import { rawCall } from './raw-call.ts'
import { callNamed } from './requests.ts'
import { picoOf } from './truth.ts'

const scenario = () => parseScenario({ rules: [{ faults: ['reset:at=before_headers,billed=yes'] }] })

let dataDir: string
let harness: Harness

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-unknown-'))
  harness = await startHarness({ dataDir, simulator: { scenario: scenario() } })
})

afterAll(async () => {
  await harness.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function used(): Promise<bigint> {
  const { limits } = await harness.admin('GET', 'limits/team')
  return picoOf(String((limits as { used: string }[])[0]?.used))
}

it('is counted as what was held, over a restart and by a recount', { timeout: 60_000 }, async () => {
  const limits = [{ kind: 'cost', per: 'month', amount: '5' }]
  const tenant = await harness.tenant('team', { limits })
  const pool = new Pool(harness.url)
  const seen = await rawCall(pool, { ...callNamed('lost', 'converse', 30), key: tenant.secret })
  await pool.destroy()
  expect(seen.status).toBe(502)
  const [entry] = await harness.ledger()
  expect(entry).toMatchObject({ ending: 'upstream_failed', usage: null, cost_usd: null })
  const held = picoOf(String((entry as { held_cost_usd?: string }).held_cost_usd))
  expect(held).toBeGreaterThan(0n)
  expect(await used()).toBe(held)
  const verified = await harness.admin('POST', 'counters/verify', { repair: true })
  expect(verified).toMatchObject({ differences: [] })

  await harness.close()
  harness = await startHarness({ dataDir, simulator: { scenario: scenario() } })
  expect(await used()).toBe(held)
})

// What a plan assumes of a model without a price is counted by its budgets as long as no price is known: over a restart, and until one comes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startHarness, type Harness } from './harness.ts'
import { rawCall } from './raw-call.ts'
import { converseBody, pathOf } from './requests.ts'
import { picoOf } from './truth.ts'

const MODEL = 'anthropic.claude-mythos-5-1'

let dataDir: string
let harness: Harness

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-fallback-'))
  harness = await startHarness({ dataDir })
})

afterAll(async () => {
  await harness.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function used(): Promise<bigint> {
  const { limits } = await harness.admin('GET', 'limits/team')
  return picoOf(String((limits as { used: string }[])[0]?.used))
}

it('is counted over a restart, and gives way to the price when it comes', { timeout: 60_000 }, async () => {
  await harness.admin('PUT', 'plans/team', {
    allowed_models: ['*'],
    limits: [{ kind: 'cost', per: 'month', amount: '5' }],
    budgeting: { fallback_price: { input: '10', output: '50' } },
  })
  const tenant = await harness.tenant('team', { plan_id: 'team' })
  const pool = new Pool(harness.url)
  for (const words of [20, 40]) {
    const body = converseBody('x', `Answer in ${words} words.`)
    const seen = await rawCall(pool, { path: pathOf(`us.${MODEL}`, 'converse'), body, key: tenant.secret })
    expect(seen.status).toBe(200)
  }
  await pool.destroy()
  const entries = await harness.ledger()
  const tokens = (name: string): bigint => entries.reduce((sum, { usage }) => sum + BigInt(usage?.[name] ?? 0), 0n)
  const assumed = tokens('input_tokens') * 10_000_000n + tokens('output_tokens') * 50_000_000n
  expect(entries.map((entry) => entry.cost_usd)).toEqual([null, null])
  expect(await used()).toBe(assumed)

  await harness.close()
  harness = await startHarness({ dataDir })
  expect(await used()).toBe(assumed)

  const price = (dimension: string, usd: string): object => ({
    base_model: MODEL,
    dimension,
    usd,
    effective_from: '2026-01-01',
  })
  await harness.admin('POST', 'prices', {
    prices: [price('input_tokens', '2'), price('output_tokens', '8')],
    note: 'it came',
  })
  const real = tokens('input_tokens') * 2_000_000n + tokens('output_tokens') * 8_000_000n
  await expect.poll(used, { timeout: 10_000 }).toBe(real)
  await harness.close()
  harness = await startHarness({ dataDir })
  expect(await used()).toBe(real)
})

// The ledger alone: durable entries with their rollups in batches, and how fast the rollups are rebuilt from them.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { picoUsd } from '../src/core/money.ts'
import type { LedgerEntry } from '../src/core/ledger.ts'
import { createRequestIds } from '../src/gateway/request-id.ts'
import { openSqliteStore } from '../src/stores/sql/sqlite.ts'

const ENTRIES = Number(process.env.BENCH_ENTRIES ?? 300_000)
const IN_FLIGHT = 4_000

export async function benchStore(print: (line?: string) => void): Promise<void> {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'weighbridge-bench-store-'))
  const store = await openSqliteStore({ dataDir: folder, now: Date.now })
  const newId = createRequestIds(Date.now)
  try {
    const began = performance.now()
    let running: Promise<unknown>[] = []
    for (let count = 0; count < ENTRIES; count += 1) {
      running.push(store.ledger.append(entryOf(newId(), count)))
      if (running.length < IN_FLIGHT) continue
      await Promise.all(running)
      running = []
    }
    await Promise.all(running)
    const appended = (performance.now() - began) / 1_000
    const rebuildBegan = performance.now()
    const rebuilt = await store.rollups.rebuild({ verifyOnly: false })
    const rebuildSeconds = (performance.now() - rebuildBegan) / 1_000
    print()
    print(`Ledger alone, ${ENTRIES} entries over 40 tenants and 5 models`)
    print(`  durable      ${(ENTRIES / appended).toFixed(0)} entries/s with rollup, in batches   (goal: 50000 or more)`)
    print(
      `  rebuild      ${(rebuilt.entries / rebuildSeconds).toFixed(0)} entries/s, ${rebuilt.buckets} buckets, ${rebuilt.differences.length} differences   (goal: 300000 or more)`,
    )
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const MODELS = [
  'claude-haiku-4-5-20251001-v1:0',
  'claude-sonnet-4-5-20250929-v1:0',
  'claude-sonnet-5',
  'claude-opus-5',
  'claude-opus-5-5',
]

function entryOf(requestId: string, count: number): LedgerEntry {
  const baseModel = `anthropic.${MODELS[count % MODELS.length]}`
  const startedAt = Date.now()
  return {
    requestId,
    upstreamRequestId: `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`,
    tenantId: `team-${count % 40}`,
    keyId: `key${count % 40}`,
    modelId: `us.${baseModel}`,
    baseModel,
    routing: 'regional',
    region: 'us-east-1',
    tier: 'standard',
    operation: 'Converse',
    surface: 'bedrock',
    startedAt,
    endedAt: startedAt + 900,
    ending: 'completed',
    status: 200,
    attempts: 1,
    usage: {
      quantities: { input_tokens: 200 + (count % 100), output_tokens: 150, cache_read_tokens: 0 },
      estimated: false,
    },
    inputCost: picoUsd(660_000_000n),
    cost: picoUsd(3_135_000_000n),
    priceVersion: 1,
    estimated: false,
    deliveredBytes: 1_100,
    metadata: {},
    notes: [],
    corrects: null,
    ratesUnpriced: false,
  }
}

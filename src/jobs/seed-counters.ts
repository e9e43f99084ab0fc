// At start: what every tenant already spent in each running calendar window, read from the rollups and handed to the counters.

import { windowStart, type PeriodOrEver } from '../core/policy.ts'
import type { Counters, SpentSeed } from '../core/reservation.ts'
import type { RollupRow, RollupStore } from '../core/rollup.ts'
import { ALL_TENANTS, type Tenant } from '../core/tenant.ts'
import { CONTEXT_DIMENSIONS } from '../core/usage.ts'

/** Windows shorter than an hour begin empty: the rollups are hourly, and such windows are over before they matter. */
const SEEDED_PERIODS: readonly PeriodOrEver[] = ['hour', 'day', 'week', 'month', 'quarter', 'year', 'ever']

export async function seedCounters(dependencies: {
  readonly counters: Counters
  readonly rollups: RollupStore
  readonly tenants: ReadonlyMap<string, Tenant>
  readonly now: number
}): Promise<void> {
  const { counters, rollups, tenants, now } = dependencies
  const seeds: SpentSeed[] = []
  for (const period of SEEDED_PERIODS) {
    const from = windowStart(period, now)
    const rows = await rollups.query(ALL_TENANTS, { from, to: now + 3_600_000, groupBy: ['tenant'] })
    for (const row of rows) {
      for (const tenantId of ancestry(row.group.tenant ?? '', tenants)) seeds.push(seedOf(row, tenantId, period, from))
    }
  }
  counters.seed(seeds, now)
}

function seedOf(row: RollupRow, tenantId: string, period: PeriodOrEver, start: number): SpentSeed {
  let tokens = row.quantities.output_tokens ?? 0n
  for (const dimension of CONTEXT_DIMENSIONS) tokens += row.quantities[dimension] ?? 0n
  const cost = row.inputCost + row.outputCost
  return { tenantId, period, windowStart: start, requests: Number(row.calls), tokens: Number(tokens), cost }
}

function ancestry(tenantId: string, tenants: ReadonlyMap<string, Tenant>): readonly string[] {
  const chain: string[] = []
  let next: string | null = tenantId
  while (next !== null && next !== '' && !chain.includes(next)) {
    chain.push(next)
    next = tenants.get(next)?.parentId ?? null
  }
  return chain
}

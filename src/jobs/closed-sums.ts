// The sums of a period by tenant and model, also by the hour: from the rollups where the period is whole hours, else from the entries themselves.

import type { LedgerStore } from '../core/ledger.ts'
import { emptySums, foldEntry, HOUR_MILLISECONDS, hourOf, type RollupRow, type RollupStore } from '../core/rollup.ts'
import { ALL_TENANTS } from '../core/tenant.ts'
import type { Window } from '../core/window.ts'

type Stores = { readonly rollups: RollupStore; readonly ledger: LedgerStore }
type By = 'day' | 'hour' | 'month'

/** Sorted by tenant, model and hour. */
export async function closedSums({ rollups, ledger }: Stores, window: Window, by: By): Promise<readonly RollupRow[]> {
  const { start: from, end: to } = window
  // sums are kept by the hour; where days begin at half past, the period is folded from its entries
  const whole = from % HOUR_MILLISECONDS === 0 && to % HOUR_MILLISECONDS === 0
  if (!whole) return foldedRows(ledger, { from, to }, by)
  return rollups.query(ALL_TENANTS, {
    from,
    to,
    groupBy: by === 'hour' ? ['tenant', 'model', 'hour'] : ['tenant', 'model'],
  })
}

type Folded = { readonly group: Readonly<Record<string, string>>; readonly sums: ReturnType<typeof emptySums> }

async function foldedRows(
  ledger: LedgerStore,
  period: { readonly from: number; readonly to: number },
  by: By,
): Promise<readonly RollupRow[]> {
  const groups = new Map<string, Folded>()
  for await (const batch of ledger.scan(ALL_TENANTS, period)) {
    for (const entry of batch) {
      const hour = by === 'hour' ? { hour: new Date(hourOf(entry.startedAt)).toISOString().replace('.000Z', 'Z') } : {}
      const group = { tenant: entry.tenantId, model: entry.modelId, ...hour }
      const name = Object.values(group).join(' ')
      const folded = groups.get(name) ?? { group, sums: emptySums() }
      groups.set(name, folded)
      const quantities = entry.usage?.quantities ?? null
      foldEntry(folded.sums, { ...entry, correction: entry.ending === 'correction', quantities })
    }
  }
  return [...groups.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, folded]) => rowOf(folded))
}

function rowOf({ group, sums }: Folded): RollupRow {
  const { calls, unpricedCalls, estimatedCalls, ...rest } = sums
  return {
    ...rest,
    group,
    calls: BigInt(calls),
    unpricedCalls: BigInt(unpricedCalls),
    estimatedCalls: BigInt(estimatedCalls),
  }
}

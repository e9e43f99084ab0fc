// What was used and what it cost, grouped by anything that rollups are keyed by, and by hour, day or month.

import { addUsd } from '../core/money.ts'
import { ROLLUP_KEYS, type RollupRow } from '../core/rollup.ts'
import { DIMENSION_NAMES } from '../core/usage.ts'
import { model, report, some, tenant, time, type Column, type Row } from './descriptor.ts'
import { periodOf } from './periods.ts'

const GROUPS = [...ROLLUP_KEYS, 'hour', 'day', 'month'] as const
const USUAL_GROUPS = ['tenant', 'model'] as const

const SUMS: readonly Column[] = [
  { name: 'calls', kind: 'count' },
  { name: 'unpriced_calls', kind: 'count' },
  { name: 'estimated_calls', kind: 'count' },
  ...DIMENSION_NAMES.map((name): Column => ({ name, kind: 'count' })),
  { name: 'input_cost_usd', kind: 'usd' },
  { name: 'output_cost_usd', kind: 'usd' },
  { name: 'cost_usd', kind: 'usd' },
]

export const spend = report({
  name: 'spend',
  words:
    'Calls, usage and costs of a period, grouped as asked. Costs are of the priced calls; unpriced_calls says how many are left out, and where all are, the costs are empty.',
  parameters: {
    from: time('from when the calls began, down to the whole hour; the start of the month when left out'),
    to: time('until when, exclusive, up to the whole hour; now when left out'),
    group_by: some(GROUPS, 'columns to group by; tenant,model when left out'),
    tenant: tenant('only this tenant'),
    model: model('only this model id'),
  },
  columns: SUMS,
  async run({ rollups, scope, now }, asked) {
    const { from, to } = periodOf(asked, now)
    const groupBy = asked.group_by ?? USUAL_GROUPS
    const rows = await rollups.query(scope, {
      from,
      to,
      groupBy,
      ...(asked.tenant === null ? {} : { tenantId: asked.tenant }),
      ...(asked.model === null ? {} : { modelId: asked.model }),
    })
    const columns = [...groupBy.map((name): Column => ({ name, kind: 'text' })), ...SUMS]
    return { from, to, columns, rows: rows.map(rowOf) }
  },
})

function rowOf(row: RollupRow): Row {
  const unknown = row.calls > 0n && row.unpricedCalls === row.calls
  const quantities = DIMENSION_NAMES.map((name) => [name, row.quantities[name] ?? null])
  return {
    ...row.group,
    calls: row.calls,
    unpriced_calls: row.unpricedCalls,
    estimated_calls: row.estimatedCalls,
    ...(Object.fromEntries(quantities) as Record<string, bigint | null>),
    input_cost_usd: unknown ? null : row.inputCost,
    output_cost_usd: unknown ? null : row.outputCost,
    cost_usd: unknown ? null : addUsd(row.inputCost, row.outputCost),
  }
}

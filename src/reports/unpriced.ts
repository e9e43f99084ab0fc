// Calls without a cost: by model and what a price is looked up by, so that each row is a price that is missing.

import { report, tenant, time, type Column } from './descriptor.ts'
import { periodOf } from './periods.ts'

const GROUPS = ['base_model', 'model', 'routing', 'tier', 'region', 'tenant'] as const

const COLUMNS: readonly Column[] = [
  ...GROUPS.map((name): Column => ({ name, kind: 'text' })),
  { name: 'calls', kind: 'count' },
  { name: 'unpriced_calls', kind: 'count' },
]

export const unpriced = report({
  name: 'unpriced',
  words: 'Calls whose cost nobody knows yet, by model, routing, tier, region and tenant.',
  parameters: {
    from: time('from when the calls began, down to the whole hour; the start of the month when left out'),
    to: time('until when, exclusive, up to the whole hour; now when left out'),
    tenant: tenant('only this tenant'),
  },
  columns: COLUMNS,
  async run({ rollups, scope, now }, asked) {
    const { from, to } = periodOf(asked, now)
    const rows = await rollups.query(scope, {
      from,
      to,
      groupBy: GROUPS,
      ...(asked.tenant === null ? {} : { tenantId: asked.tenant }),
    })
    return {
      from,
      to,
      columns: COLUMNS,
      rows: rows
        .filter((row) => row.unpricedCalls !== 0n)
        .map((row) => ({ ...row.group, calls: row.calls, unpriced_calls: row.unpricedCalls })),
    }
  },
})

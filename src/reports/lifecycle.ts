// Calls of models that are coming to their end, by tenant: who has to move, and by when.

import { addUsd } from '../core/money.ts'
import { report, tenant, time, type Column, type Row } from './descriptor.ts'
import { periodOf } from './periods.ts'

const GROUPS = ['tenant', 'model', 'base_model'] as const

const COLUMNS: readonly Column[] = [
  ...GROUPS.map((name): Column => ({ name, kind: 'text' })),
  { name: 'lifecycle', kind: 'text' },
  { name: 'end_of_life_on', kind: 'text' },
  { name: 'calls', kind: 'count' },
  { name: 'cost_usd', kind: 'usd' },
]

export const lifecycle = report({
  name: 'lifecycle',
  words:
    'Calls of legacy and retired models, by tenant and model, with the date on which the model ends where it is known.',
  parameters: {
    from: time('from when the calls began, down to the whole hour; the start of the month when left out'),
    to: time('until when, exclusive, up to the whole hour; now when left out'),
    tenant: tenant('only this tenant'),
  },
  columns: COLUMNS,
  async run({ rollups, scope, now, lifecycleOf }, asked) {
    const { from, to } = periodOf(asked, now)
    const rows = await rollups.query(scope, {
      from,
      to,
      groupBy: GROUPS,
      ...(asked.tenant === null ? {} : { tenantId: asked.tenant }),
    })
    const found = rows.flatMap((row): Row[] => {
      const known = lifecycleOf(row.group['base_model'] ?? '')
      if (known === null || known.status === 'active') return []
      const unknown = row.unpricedCalls === row.calls
      return [
        {
          ...row.group,
          lifecycle: known.status,
          end_of_life_on: known.endOfLifeOn,
          calls: row.calls,
          cost_usd: unknown ? null : addUsd(row.inputCost, row.outputCost),
        },
      ]
    })
    return { from, to, columns: COLUMNS, rows: found }
  },
})

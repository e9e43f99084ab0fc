// The daily chargeback report: one row for each tenant and model id as called, of one UTC day.

import type { RollupRow } from '../core/rollup.ts'
import { DIMENSION_NAMES, DIMENSIONS, type Dimension } from '../core/usage.ts'
import { day, report, tenant, type Column, type Row } from './descriptor.ts'
import { DAY_MILLISECONDS } from './periods.ts'

/** Names and order are what spreadsheets and accounting jobs read: they never change. */
const COLUMNS: readonly Column[] = [
  { name: 'team_id', kind: 'text' },
  { name: 'model_id', kind: 'text' },
  { name: 'input_tokens', kind: 'count' },
  { name: 'output_tokens', kind: 'count' },
  { name: 'input_cost', kind: 'usd' },
  { name: 'output_cost', kind: 'usd' },
  { name: 'invocations', kind: 'count' },
  { name: 'date', kind: 'text' },
]

/** Token dimensions of a side: those priced by the million. */
const tokensOf = (side: 'input' | 'output'): readonly Dimension[] =>
  DIMENSION_NAMES.filter((name) => DIMENSIONS[name].side === side && DIMENSIONS[name].per === 'million')

const INPUT_TOKENS = tokensOf('input')
const OUTPUT_TOKENS = tokensOf('output')

export const daily = report({
  name: 'daily',
  words:
    'What each tenant used of each model on one day: tokens, costs in USD and calls. A row with a call that has no price yet has empty costs.',
  parameters: {
    date: day('the UTC day; yesterday when left out'),
    tenant: tenant('only this tenant'),
  },
  columns: COLUMNS,
  async run({ rollups, scope, now }, asked) {
    const from = asked.date ?? now - (now % DAY_MILLISECONDS) - DAY_MILLISECONDS
    const to = from + DAY_MILLISECONDS
    const date = new Date(from).toISOString().slice(0, 10)
    const rows = await rollups.query(scope, {
      from,
      to,
      groupBy: ['tenant', 'model'],
      ...(asked.tenant === null ? {} : { tenantId: asked.tenant }),
    })
    return { from, to, columns: COLUMNS, rows: rows.map((row) => rowOf(row, date)) }
  },
})

function rowOf(row: RollupRow, date: string): Row {
  const priced = row.unpricedCalls === 0n
  return {
    team_id: row.group.tenant ?? '',
    model_id: row.group.model ?? '',
    input_tokens: sumOf(row, INPUT_TOKENS),
    output_tokens: sumOf(row, OUTPUT_TOKENS),
    // A sum that leaves a call out would look like the whole: unknown stays unknown.
    input_cost: priced ? row.inputCost : null,
    output_cost: priced ? row.outputCost : null,
    invocations: row.calls,
    date,
  }
}

const sumOf = (row: RollupRow, dimensions: readonly Dimension[]): bigint =>
  dimensions.reduce((sum, dimension) => sum + (row.quantities[dimension] ?? 0n), 0n)

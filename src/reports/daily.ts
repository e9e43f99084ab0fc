// The daily chargeback report: one row for each tenant and model id as called, of each UTC day.

import type { RollupRow } from '../core/rollup.ts'
import { DIMENSION_NAMES, DIMENSIONS, type Dimension } from '../core/usage.ts'
import { day, model, report, ReportProblem, tenant, type Column, type Row } from './descriptor.ts'
import { DAY_MILLISECONDS, periodOf } from './periods.ts'

/** Names and order are what spreadsheets and accounting jobs read: they never change. */
export const DAILY_COLUMNS: readonly Column[] = [
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
    'What each tenant used of each model on a day: tokens, costs in USD and calls. A row with a call that has no price yet has empty costs.',
  parameters: {
    date: day('the UTC day; yesterday when left out'),
    from: day('instead of date: the first of several days, each with rows of its own'),
    to: day('the day after the last; the day after from when left out'),
    tenant: tenant('only this tenant'),
    model: model('only this model id'),
  },
  columns: DAILY_COLUMNS,
  async run({ rollups, scope, now }, asked) {
    const { from, to } = daysOf(asked, now)
    const rows = await rollups.query(scope, {
      from,
      to,
      groupBy: ['tenant', 'model', 'day'],
      ...(asked.tenant === null ? {} : { tenantId: asked.tenant }),
      ...(asked.model === null ? {} : { modelId: asked.model }),
    })
    return { from, to, columns: DAILY_COLUMNS, rows: rows.map(dailyRowOf) }
  },
})

type Days = { readonly date: number | null; readonly from: number | null; readonly to: number | null }

function daysOf({ date, from, to }: Days, now: number): { from: number; to: number } {
  if (date !== null && (from !== null || to !== null)) {
    throw new ReportProblem('date', 'date goes with neither from nor to.')
  }
  if (from === null && to !== null) throw new ReportProblem('to', 'to needs from.')
  const first = date ?? from ?? now - (now % DAY_MILLISECONDS) - DAY_MILLISECONDS
  return periodOf({ from: first, to: to ?? first + DAY_MILLISECONDS }, now)
}

/** A row of sums by tenant, model and day. */
export function dailyRowOf(row: RollupRow): Row {
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
    date: row.group.day ?? '',
  }
}

const sumOf = (row: RollupRow, dimensions: readonly Dimension[]): bigint =>
  dimensions.reduce((sum, dimension) => sum + (row.quantities[dimension] ?? 0n), 0n)

// Adds sums to their hourly bucket in SQLite, exactly: money is carried from pico-USD to whole USD so that neither column overflows.

import type { Database } from 'better-sqlite3'
import type { RollupSums } from '../../core/rollup.ts'
import { DIMENSION_NAMES } from '../../core/usage.ts'

export const PICO_IN_USD = 1_000_000_000_000n

export function rollupUpsert(database: Database): (hour: number, rollupKeyId: bigint, sums: RollupSums) => void {
  const statement = database.prepare(UPSERT)
  return (hour, rollupKeyId, sums) => {
    statement.run(
      hour,
      rollupKeyId,
      sums.calls,
      sums.unpricedCalls,
      sums.estimatedCalls,
      sums.inputCost / PICO_IN_USD,
      sums.inputCost % PICO_IN_USD,
      sums.outputCost / PICO_IN_USD,
      sums.outputCost % PICO_IN_USD,
      ...DIMENSION_NAMES.map((dimension) => sums.quantities[dimension] ?? null),
    )
  }
}

const COLUMNS = [
  'hour',
  'rollup_key_id',
  'calls',
  'unpriced_calls',
  'estimated_calls',
  'input_cost_usd',
  'input_cost_pico',
  'output_cost_usd',
  'output_cost_pico',
  ...DIMENSION_NAMES,
]

// SQLite's / and % both cut towards zero, so usd * 1e12 + pico stays the exact sum for negative differences too
const addMoney = (side: string): string =>
  `${side}_usd = ${side}_usd + excluded.${side}_usd + (${side}_pico + excluded.${side}_pico) / ${PICO_IN_USD},
   ${side}_pico = (${side}_pico + excluded.${side}_pico) % ${PICO_IN_USD}`

const UPSERT = `INSERT INTO rollups (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (hour, rollup_key_id) DO UPDATE SET
    calls = calls + excluded.calls,
    unpriced_calls = unpriced_calls + excluded.unpriced_calls,
    estimated_calls = estimated_calls + excluded.estimated_calls,
    ${addMoney('input_cost')},
    ${addMoney('output_cost')},
    ${DIMENSION_NAMES.map((name) => `${name} = coalesce(${name} + excluded.${name}, ${name}, excluded.${name})`).join(',\n    ')}`

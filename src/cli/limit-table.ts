// Limits with what is counted for them, as people read them.

import type { Json } from './client.ts'
import { cellText, tableOf } from './table.ts'

const NUMERIC = ['amount', 'used', 'held', 'left']

/** A column that no row has a value for stays out. */
export function limitTable(limits: readonly Json[]): string {
  const names = [
    'tenant_id',
    'source',
    'key_id',
    'id',
    'split',
    'kind',
    'per',
    'mode',
    ...NUMERIC,
    'resets_at',
    'added',
  ]
  const rows = limits.map((row): Json => ({ ...row, amount: row.amount_now ?? row.amount, added: addedText(row) }))
  const there = names.filter((name) => NEEDED.includes(name) || rows.some((row) => isThere(row[name])))
  return tableOf(
    there.map((title) => ({ title, numeric: NUMERIC.includes(title) })),
    rows.map((row) => there.map((name) => row[name])),
  )
}

const NEEDED = ['tenant_id', 'source', 'id', 'mode', ...NUMERIC, 'resets_at']

const isThere = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

/** "50 until 2026-12-24T00:00:00.000Z (launch)", one after the other. */
function addedText({ adjustments }: Json): string {
  if (!Array.isArray(adjustments)) return ''
  return (adjustments as readonly Json[])
    .map(({ amount, from, until, reason }) => {
      const end = typeof until === 'string' ? `until ${until}` : `in the window of ${cellText(from)}`
      return `${cellText(amount)} ${end}${typeof reason === 'string' ? ` (${reason})` : ''}`
    })
    .join('; ')
}

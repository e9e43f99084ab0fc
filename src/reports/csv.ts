// A report as CSV: RFC 4180 quoting, exact decimals, and no text that a spreadsheet would run as a formula.

import { formatPicoUsd, picoUsd } from '../core/money.ts'
import type { Cell, Column, ReportTable } from './descriptor.ts'

/** Lines end with a line feed, the last one too; an unknown value is an empty cell. */
export function csvOf({ columns, rows }: Pick<ReportTable, 'columns' | 'rows'>): string {
  const lines = [columns.map((column) => csvText(column.name)).join(',')]
  for (const row of rows) lines.push(columns.map((column) => csvCell(column, row[column.name] ?? null)).join(','))
  return `${lines.join('\n')}\n`
}

/** A cell's exact text, as it stands in CSV and in tables. */
export function cellText({ kind }: Column, cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'string') return cell
  return kind === 'usd' ? formatPicoUsd(picoUsd(cell)) : cell.toString()
}

/** Numbers are ours and stay as they are, a minus sign included; texts may be anybody's. */
function csvCell(column: Column, cell: Cell): string {
  return typeof cell === 'string' ? csvText(cell) : cellText(column, cell)
}

/** What spreadsheets take for the start of a formula, or drop before they look for one. */
const FORMULA_START = /^[\t\r\n ]*[=+\-@]|^[\t\r]/

const NEEDS_QUOTES = /[",\r\n]/

function csvText(text: string): string {
  const safe = FORMULA_START.test(text) ? `'${text}` : text
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

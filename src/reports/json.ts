// A report as JSON: money as decimal strings, counts as numbers, unknown as null.

import { formatPicoUsd, picoUsd } from '../core/money.ts'
import type { Cell, ColumnKind, Report, ReportTable } from './descriptor.ts'

export type ReportJson = {
  report: string
  from: string
  to: string
  columns: string[]
  rows: Record<string, string | number | null>[]
}

export function jsonOf(report: Report, table: ReportTable): ReportJson {
  return {
    report: report.name,
    from: new Date(table.from).toISOString(),
    to: new Date(table.to).toISOString(),
    columns: table.columns.map((column) => column.name),
    rows: table.rows.map((row) =>
      Object.fromEntries(table.columns.map(({ name, kind }) => [name, valueOf(kind, row[name] ?? null)])),
    ),
  }
}

function valueOf(kind: ColumnKind, cell: Cell): string | number | null {
  if (cell === null || typeof cell === 'string') return cell
  return kind === 'usd' ? formatPicoUsd(picoUsd(cell)) : exactNumber(cell)
}

/** Sums beyond 2^53 would silently change in JSON: they are refused, and CSV still has them. */
export function exactNumber(count: bigint): number {
  const value = Number(count)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${count} is too large for a JSON number`)
  return value
}

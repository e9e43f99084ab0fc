// What closed days are written as: by the day, the hour and the month, as CSV and as Parquet; names and columns never change.

import type { parquetOf as writeParquet } from './archives/parquet.ts'
import type { ParquetTable } from './archives/parquet-process.ts'
import type { ClosedRow } from './core/closing.ts'
import type { CloseDayDependencies, CloseGranularity } from './jobs/close-day.ts'
import type { FileKind } from './jobs/closed-files.ts'
import { cellText, csvOf } from './reports/csv.ts'
import { DAILY_COLUMNS } from './reports/daily.ts'
import type { Column } from './reports/descriptor.ts'

/** `parquet` null: CSV only. Days are always written. */
export function closeKindsOf(
  granularities: readonly CloseGranularity[],
  parquet: typeof writeParquet | null,
): CloseDayDependencies['kinds'] {
  const kindsOf = (granularity: CloseGranularity): [FileKind, ...FileKind[]] => [
    csvKind(granularity),
    ...(parquet === null ? [] : [parquetKind(granularity, parquet)]),
  ]
  return {
    day: kindsOf('day'),
    ...(granularities.includes('hour') ? { hour: kindsOf('hour') } : {}),
    ...(granularities.includes('month') ? { month: kindsOf('month') } : {}),
  }
}

const columnsOf = (granularity: CloseGranularity): readonly Column[] =>
  granularity === 'hour' ? [...DAILY_COLUMNS, { name: 'hour', kind: 'text' }] : DAILY_COLUMNS

const csvKind = (granularity: CloseGranularity): FileKind => ({
  nameOf: (stem) => (granularity === 'day' ? `${stem}.csv` : `${granularity}/${stem}.csv`),
  bytesOf: (rows) => Promise.resolve(Buffer.from(csvOf({ columns: columnsOf(granularity), rows }))),
})

/** A folder for each granularity: what reads a folder as a table finds files of one shape in it. */
const parquetKind = (granularity: CloseGranularity, write: typeof writeParquet): FileKind => ({
  nameOf: (stem) => `parquet/${granularity}/${stem}.parquet`,
  bytesOf: (rows) => write(tableOf(granularity, rows)),
})

function tableOf(granularity: CloseGranularity, rows: readonly ClosedRow[]): ParquetTable {
  const columns = columnsOf(granularity)
  const cellsOf = (row: ClosedRow): (string | null)[] =>
    columns.map((column) => {
      const cell = row[column.name] ?? null
      return cell === null ? null : cellText(column, cell)
    })
  return {
    columns: columns.map((column) => ({ name: column.name, type: typeOf(granularity, column) })),
    rows: rows.map(cellsOf),
  }
}

function typeOf(granularity: CloseGranularity, { name, kind }: Column): ParquetTable['columns'][number]['type'] {
  if (name === 'date' && granularity !== 'month') return 'date'
  if (name === 'hour') return 'time'
  return kind === 'usd' || kind === 'count' ? kind : 'text'
}

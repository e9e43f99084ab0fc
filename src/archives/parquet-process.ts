// The process that makes one Parquet file of the rows that its parent sends, answers with the file, and is done.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'

export const PARQUET_TYPES = {
  text: 'VARCHAR',
  count: 'BIGINT',
  /** USD with all twelve places of the ledger */
  usd: 'DECIMAL(38,12)',
  date: 'DATE',
  time: 'TIMESTAMPTZ',
} as const

export type ParquetTable = {
  readonly columns: readonly { readonly name: string; readonly type: keyof typeof PARQUET_TYPES }[]
  /** cells as exact texts in the order of the columns; null is NULL */
  readonly rows: readonly (readonly (string | null)[])[]
}

export type ParquetReply = { readonly file: Uint8Array } | { readonly failed: string }

/** What was built into the library is all there is: nothing is fetched, whatever a query would like. */
const OPTIONS = {
  threads: '1',
  max_memory: '512MB',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
}

async function fileOf({ columns, rows }: ParquetTable): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'weighbridge-parquet-'))
  const path = join(folder, 'table.parquet')
  try {
    const instance = await DuckDBInstance.create(':memory:', OPTIONS)
    const connection = await instance.connect()
    await fill(connection, columns, rows)
    const typed = columns.map(({ name, type }) => `CAST(${quoted(name)} AS ${PARQUET_TYPES[type]}) AS ${quoted(name)}`)
    await connection.run(
      `COPY (SELECT ${typed.join(', ')} FROM texts) TO '${path.replaceAll("'", "''")}' (FORMAT PARQUET, COMPRESSION ZSTD)`,
    )
    connection.closeSync()
    instance.closeSync()
    return await readFile(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function fill(
  connection: DuckDBConnection,
  columns: ParquetTable['columns'],
  rows: ParquetTable['rows'],
): Promise<void> {
  await connection.run(`CREATE TABLE texts (${columns.map(({ name }) => `${quoted(name)} VARCHAR`).join(', ')})`)
  const appender = await connection.createAppender('texts')
  for (const row of rows) {
    for (const cell of row) {
      if (cell === null) appender.appendNull()
      else appender.appendVarchar(cell)
    }
    appender.endRow()
  }
  appender.closeSync()
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

if (process.send !== undefined) {
  const send = process.send.bind(process)
  process.once('message', (table: ParquetTable) => {
    void fileOf(table)
      .then(
        (file): ParquetReply => ({ file }),
        (thrown): ParquetReply => ({ failed: thrown instanceof Error ? thrown.message : String(thrown) }),
      )
      .then((reply) => send(reply, () => process.disconnect()))
  })
}

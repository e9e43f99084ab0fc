// Brings a SQLite database to this version's schema: numbered files, each in its own transaction, each recorded with its checksum.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Database } from 'better-sqlite3'

type Applied = { number: number; name: string; checksum: number }

export function migrate(database: Database, directory: string, now: number): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  )
  const files = readMigrations(directory)
  const applied = readApplied(database)
  refuseUnknown(applied, files)
  const record = database.prepare('INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)')
  for (const file of files.slice(applied.length)) {
    database.transaction(() => {
      database.exec(file.text)
      record.run(file.number, file.name, file.checksum, now)
    })()
  }
}

export type MigrationState = { readonly applied: readonly string[]; readonly pending: readonly string[] }

/** Changes nothing. Throws in words when the database is not one that this version can go on with. */
export function migrationState(database: Database, directory: string): MigrationState {
  const files = readMigrations(directory)
  const table = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'").get()
  const applied = table === undefined ? [] : readApplied(database)
  refuseUnknown(applied, files)
  return { applied: applied.map(({ name }) => name), pending: files.slice(applied.length).map(({ name }) => name) }
}

const readApplied = (database: Database): Applied[] =>
  database.prepare<[], Applied>('SELECT number, name, checksum FROM migrations ORDER BY number').all()

function readMigrations(directory: string): (Applied & { text: string })[] {
  const names = readdirSync(directory)
    .filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name))
    .sort()
  return names.map((name, index) => {
    const text = readFileSync(join(directory, name), 'utf8')
    if (Number(name.slice(0, 4)) !== index + 1) throw new Error(`migrations must be numbered without gaps: ${name}`)
    return { number: index + 1, name, text, checksum: crc32(text) }
  })
}

function refuseUnknown(applied: readonly Applied[], files: readonly Applied[]): void {
  const newest = applied.at(-1)?.number ?? 0
  if (newest > files.length) {
    throw new Error(
      `the database has schema ${newest}, this version of Weighbridge knows schemas up to ${files.length}: start the newer version, or restore a backup made by this one`,
    )
  }
  for (const [index, row] of applied.entries()) {
    const file = files[index]
    if (file === undefined || file.number !== row.number || file.checksum !== row.checksum) {
      throw new Error(
        `the database was migrated with another text of ${row.name} than this version of Weighbridge carries; it cannot be trusted to have the expected tables`,
      )
    }
  }
}

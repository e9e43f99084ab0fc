// Looks into the database of a data directory that no gateway uses: what it is, without bringing it to this version's schema.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { DATABASE_FILE, MIGRATIONS_FOLDER, openingWords } from './sqlite-file.ts'
import { migrationState, type MigrationState } from './sqlite-migrations.ts'

/** Throws in words: no database, one that is in use, one of a newer version. */
export function readMigrationState(dataDir: string, migrationsDir: string = MIGRATIONS_FOLDER): MigrationState {
  const file = join(dataDir, DATABASE_FILE)
  if (!existsSync(file)) throw new Error(`there is no data in ${dataDir} (no file ${DATABASE_FILE})`)
  let database: SqliteDatabase.Database | null = null
  try {
    database = new SqliteDatabase(file, { fileMustExist: true, timeout: 0 })
    database.pragma('locking_mode = EXCLUSIVE')
    // takes the lock: a gateway that runs has it, and what it holds is not looked at
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    return migrationState(database, migrationsDir)
  } catch (thrown) {
    throw new Error(openingWords(thrown, dataDir), { cause: thrown })
  } finally {
    database?.close()
  }
}

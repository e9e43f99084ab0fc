// The thread that owns the SQLite database: opens and locks it, migrates it, takes batches of entries and runs everyone else's queries.

import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import SqliteDatabase from 'better-sqlite3'
import type { Database, Statement } from 'better-sqlite3'
import { Appender } from './sqlite-append.ts'
import { DATABASE_FILE, openingWords } from './sqlite-file.ts'
import { createVerifier } from './sqlite-verify.ts'
import type { Verifier, VerifyStep } from './sqlite-verify.ts'
import { migrate } from './sqlite-migrations.ts'

export type WorkerSettings = {
  readonly directory: string
  readonly migrations: string
  /** pages of 4 KiB in the write-ahead log before they are moved into the database */
  readonly checkpointPages: number
  readonly now: number
}

/** A batch of entries travels as a plain text and is answered by a plain text; everything else as one of these. */
export type WorkerCall =
  | { readonly id: number; readonly kind: 'query'; readonly sql: string; readonly parameters: readonly unknown[] }
  | { readonly id: number; readonly kind: 'verify'; readonly step: VerifyStep }
  | { readonly id: number; readonly kind: 'backup'; readonly file: string }
  | { readonly id: number; readonly kind: 'close' }

export type WorkerFailure = { readonly message: string; readonly code: string | null; readonly broken: boolean }

export type WorkerReply =
  | string
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number | 'batch' | 'open'; readonly failure: WorkerFailure }
  | { readonly id: 'open'; readonly result: null }

export type QueryResult = { readonly rows: readonly unknown[]; readonly changes: bigint }

const STATEMENT_CACHE_ENTRIES = 200
const BACKUP_PAGES = 500

function serve(port: MessagePort, settings: WorkerSettings): void {
  const reply = (message: WorkerReply): void => port.postMessage(message)
  let opened: { database: Database; verifier: Verifier; appender: Appender }
  try {
    const openedDatabase = openLocked(settings)
    const verifier = createVerifier(openedDatabase)
    opened = { database: openedDatabase, verifier, appender: new Appender(openedDatabase, verifier.onCreated) }
  } catch (error) {
    reply({ id: 'open', failure: failureOf(error, settings.directory) })
    return
  }
  const { database, verifier, appender } = opened
  const query = createQuery(database)

  function call(message: Exclude<WorkerCall, { kind: 'backup' }>): unknown {
    if (message.kind === 'query') return query(message.sql, message.parameters)
    if (message.kind === 'verify') return verifier.run(message.step)
    database.close()
    return null
  }

  const fail = (id: number | 'batch', error: unknown): void => {
    reply({ id, failure: failureOf(error, settings.directory) })
  }

  port.on('message', (message: string | WorkerCall) => {
    const id = typeof message === 'string' ? 'batch' : message.id
    try {
      if (typeof message === 'string') {
        reply(appender.append(message))
      } else if (message.kind === 'backup') {
        backUp(database, message.file).then(
          () => reply({ id: message.id, result: null }),
          (error: unknown) => fail(id, error),
        )
      } else {
        reply({ id: message.id, result: call(message) })
        if (message.kind === 'close') port.close()
      }
    } catch (error) {
      fail(id, error)
    }
  })
  reply({ id: 'open', result: null })
}

function openLocked(settings: WorkerSettings): Database {
  if (mkdirSync(settings.directory, { recursive: true, mode: 0o700 }) !== undefined)
    chmodSync(settings.directory, 0o700)
  const database = new SqliteDatabase(join(settings.directory, DATABASE_FILE), { timeout: 0 })
  try {
    // exclusive before the first read: the write-ahead log's index then lives in memory and no second process gets in
    database.pragma('locking_mode = EXCLUSIVE')
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    database.pragma('trusted_schema = OFF')
    database.pragma('temp_store = MEMORY')
    database.pragma(`wal_autocheckpoint = ${settings.checkpointPages}`)
    database.pragma('journal_size_limit = 67108864')
    // takes the lock now, not at the first write
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    migrate(database, settings.migrations, settings.now)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Some pages at a time, so that batches go on in between; what they change is copied along. */
async function backUp(database: Database, file: string): Promise<void> {
  if (existsSync(file)) throw new Error(`there is a file ${file} already; a backup does not overwrite`)
  const partial = `${file}.partial`
  rmSync(partial, { force: true })
  // a backup that meets an open transaction at its first step says it is done and has copied nothing
  for (let pages = 0; pages === 0; ) {
    pages = (await database.backup(partial, { progress: () => BACKUP_PAGES })).totalPages
    if (pages === 0) await setTimeout(1)
  }
  renameSync(partial, file)
}

function createQuery(database: Database): (sql: string, parameters: readonly unknown[]) => QueryResult {
  const statements = new Map<string, Statement>()
  return (sql, parameters) => {
    let statement = statements.get(sql)
    if (statement === undefined) {
      if (statements.size >= STATEMENT_CACHE_ENTRIES) statements.clear()
      statement = database.prepare(sql).safeIntegers(true)
      statements.set(sql, statement)
    }
    if (statement.reader) return { rows: statement.all(...parameters), changes: 0n }
    return { rows: [], changes: BigInt(statement.run(...parameters).changes) }
  }
}

/** After these nobody knows what is on the disk: the store must be opened again before it takes anything. */
const BREAKING = /^SQLITE_(IOERR_(FSYNC|DIR_FSYNC|SHORT_READ|CORRUPTFS)|CORRUPT|NOTADB)/

function failureOf(error: unknown, directory: string): WorkerFailure {
  if (!(error instanceof Error)) return { message: String(error), code: null, broken: false }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null
  return { message: openingWords(error, directory), code, broken: code !== null && BREAKING.test(code) }
}

// last, when everything above is there
if (parentPort !== null) serve(parentPort, workerData as WorkerSettings)

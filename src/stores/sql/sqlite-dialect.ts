// Kysely's way to the SQLite thread: one connection, lent to one user at a time, so that a transaction is alone on it.

import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult as KyselyResult } from 'kysely'
import type { SqliteThread } from './sqlite-thread.ts'

/** `onTransaction` is told when a transaction begins (true) and when it has ended (false): no batch may be sent in between. */
export function sqliteDialect(thread: SqliteThread, onTransaction: (open: boolean) => void): Dialect {
  return {
    createDriver: () => createDriver(thread, onTransaction),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database),
  }
}

function createDriver(thread: SqliteThread, onTransaction: (open: boolean) => void): Driver {
  let last: Promise<void> = Promise.resolve()
  let release: (() => void) | null = null
  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<KyselyResult<R>> {
      const result = await thread.query(query.sql, query.parameters)
      return { rows: result.rows as R[], numAffectedRows: result.changes }
    },
    streamQuery() {
      throw new Error('this store reads in pages, not in streams')
    },
  }
  const run = async (statement: string): Promise<void> => {
    await thread.query(statement, [])
  }
  return {
    async init() {},
    async acquireConnection() {
      const before = last
      const { promise, resolve } = Promise.withResolvers<void>()
      last = promise
      await before
      release = resolve
      return connection
    },
    async releaseConnection() {
      release?.()
    },
    async beginTransaction() {
      onTransaction(true)
      try {
        await run('BEGIN IMMEDIATE')
      } catch (error) {
        onTransaction(false)
        throw error
      }
    },
    async commitTransaction() {
      await run('COMMIT')
      onTransaction(false)
    },
    async rollbackTransaction() {
      // after an error such as a full disk SQLite has already rolled back by itself
      await run('ROLLBACK').catch(() => undefined)
      onTransaction(false)
    },
    async destroy() {},
  }
}

// The embedded store: SQLite in a thread of its own, owned by one process, durable at every acknowledged write.

import { Kysely } from 'kysely'
import { byItself, type AuditOrigin } from '../../core/audit.ts'
import type { RollupStore } from '../../core/rollup.ts'
import { createAlertStore } from './alerts.ts'
import { AppendQueue } from './append-queue.ts'
import { checkAudit, createAuditStore } from './audit.ts'
import { readChangeCounter, type Writer } from './changes.ts'
import { createKeptAnswerStore } from './kept-answers.ts'
import { createLedgerStore } from './ledger.ts'
import { createAliasStore } from './aliases.ts'
import { createEndpointStore } from './endpoints.ts'
import { createPlanStore } from './plans.ts'
import { checkPriceVersions, createPriceStore } from './prices.ts'
import { createRollupStore } from './rollups.ts'
import type { Schema } from './schema.ts'
import { createSettingStore } from './settings.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { MIGRATIONS_FOLDER } from './sqlite-file.ts'
import { startSqliteThread } from './sqlite-thread.ts'
import type { SqliteThread } from './sqlite-thread.ts'
import type { ChangedStores, Store } from './store.ts'
import { createTenantStore } from './tenants.ts'

const STEP_ENTRIES = 2_000
const MAX_REPORTED_PROBLEMS = 1_000

export type SqliteStoreOptions = {
  readonly dataDir: string
  readonly now: () => number
  /** entries that may wait; beyond, append rejects */
  readonly maxQueuedEntries?: number
  readonly maxBatchEntries?: number
  /** another folder of migrations, for tests of migrating */
  readonly migrationsDir?: string
}

export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const thread = await startSqliteThread({
    directory: options.dataDir,
    migrations: options.migrationsDir ?? MIGRATIONS_FOLDER,
    checkpointPages: 16_384,
    now: options.now(),
  })
  const counts = { batches: 0, entries: 0 }
  const queue = new AppendQueue({
    maxQueuedEntries: options.maxQueuedEntries ?? 20_000,
    maxBatchEntries: options.maxBatchEntries ?? 1_000,
    async send(batch) {
      const outcomes = await thread.append(batch)
      counts.batches += 1
      counts.entries += outcomes.length
      return outcomes
    },
  })
  const database = new Kysely<Schema>({
    dialect: sqliteDialect(thread, (open) => (open ? queue.pause() : queue.resume())),
  })
  const rebuild = createRebuild(database, thread)
  const changesBy = (origin: AuditOrigin): ChangedStores => {
    const writer: Writer = { database, origin, now: options.now }
    return {
      tenants: createTenantStore(writer),
      plans: createPlanStore(writer),
      aliases: createAliasStore(writer),
      endpoints: createEndpointStore(writer),
      prices: createPriceStore(writer),
      alerts: createAlertStore(writer),
    }
  }
  return {
    ...changesBy(byItself('start')),
    changesBy,
    ledger: createLedgerStore(database, queue),
    rollups: createRollupStore(database, rebuild),
    settings: createSettingStore(database),
    keptAnswers: createKeptAnswerStore(database),
    audit: createAuditStore(database, options.now),
    changeCounter: () => readChangeCounter(database),
    check: () => check(database, thread, rebuild),
    backup: (file) => thread.backup(file),
    stats: () => ({
      queuedEntries: queue.depth,
      batches: counts.batches,
      appendedEntries: counts.entries,
      broken: thread.broken,
    }),
    async close() {
      await queue.drain()
      await thread.close()
    },
  }
}

/** Step by step, each alone on the connection and short, so that batches and reads go on in between; one at a time. */
function createRebuild(database: Kysely<Schema>, thread: SqliteThread): RollupStore['rebuild'] {
  let running: Promise<unknown> = Promise.resolve()
  return (options) => {
    const result = running.then(async () => {
      const sum = { entries: 0, buckets: 0, differences: [] as string[] }
      const step = (asked: Parameters<SqliteThread['verify']>[0]) =>
        database.connection().execute(() => thread.verify(asked))
      await step({ do: 'start', repair: !options.verifyOnly })
      for (;;) {
        const progress = await step({ do: 'next', maxEntries: STEP_ENTRIES })
        sum.entries += progress.entries
        sum.buckets += progress.buckets
        sum.differences.push(...progress.differences.slice(0, MAX_REPORTED_PROBLEMS - sum.differences.length))
        options.onProgress?.(sum.entries)
        if (progress.done) return sum
      }
    })
    running = result.catch(() => undefined)
    return result
  }
}

async function check(
  database: Kysely<Schema>,
  thread: SqliteThread,
  rebuild: RollupStore['rebuild'],
): Promise<readonly string[]> {
  const problems = await checkFile(thread)
  // what a damaged file says further is not worth asking
  if (problems.length > 0) return problems
  const foreign = await thread.query('PRAGMA foreign_key_check', [])
  for (const row of foreign.rows as { table: string; parent: string }[]) {
    problems.push(`a row of ${row.table} names a row of ${row.parent} that is not there`)
  }
  problems.push(...(await checkPriceVersions(database)), ...(await checkAudit(database)))
  for (let after = -1n; ; ) {
    const progress = await thread.checksums(after, STEP_ENTRIES)
    problems.push(...progress.problems)
    if (progress.after === null) break
    after = progress.after
  }
  const { differences } = await rebuild({ verifyOnly: true })
  return [...problems, ...differences].slice(0, MAX_REPORTED_PROBLEMS)
}

async function checkFile(thread: SqliteThread): Promise<string[]> {
  const words = (what: string): string => `the database file is damaged: ${what}`
  try {
    const { rows } = await thread.query('PRAGMA integrity_check(100)', [])
    return (rows as { integrity_check: string }[])
      .map((row) => row.integrity_check)
      .filter((found) => found !== 'ok')
      .map(words)
  } catch (error) {
    return [words(error instanceof Error ? error.message : String(error))]
  }
}

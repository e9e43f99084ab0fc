// Takes a batch of entries into SQLite in one transaction: every entry exactly once, its rollup with it, or nothing at all.

import type { Database } from 'better-sqlite3'
import { CONTENT_GROUP, entryContent } from '../../core/ledger.ts'
import { emptySums, foldEntry } from '../../core/rollup.ts'
import type { FoldedPart, RollupSums } from '../../core/rollup.ts'
import { OUTCOMES } from './append-queue.ts'
import { ENTRY_COLUMNS, entryFromRow, KEY_COLUMNS, positionOf, SEQUENCE_BITS } from './ledger-rows.ts'
import type { EntryRow } from './ledger-rows.ts'
import { BOUND_COLUMNS, readContent } from './sqlite-bindings.ts'
import type { BoundEntry } from './sqlite-bindings.ts'
import { createKeyIds } from './sqlite-keys.ts'
import { rollupUpsert } from './sqlite-rollups.ts'

const SEQUENCE_LIMIT = 1n << SEQUENCE_BITS
/** Rows of one INSERT: fewer calls into SQLite for the same rows. */
const ROWS_AT_ONCE = 16

/** Told of each entry that became new, once its batch is durable. */
export type AppendListener = (position: bigint, hour: number, rollupKeyId: bigint, part: FoldedPart) => void

type Buckets = Map<string, { hour: number; keyId: bigint; sums: RollupSums }>

export class Appender {
  readonly #database: Database
  readonly #onCreated: AppendListener
  readonly #statements: ReturnType<typeof prepare>
  readonly #keyIds: ReturnType<typeof createKeyIds>
  readonly #upsert: ReturnType<typeof rollupUpsert>
  #sequence: bigint

  constructor(database: Database, onCreated: AppendListener) {
    this.#database = database
    this.#onCreated = onCreated
    this.#statements = prepare(database)
    this.#keyIds = createKeyIds(database)
    this.#upsert = rollupUpsert(database)
    const last = database.prepare<[], bigint>('SELECT max(position) FROM entries').pluck().safeIntegers(true).get()
    this.#sequence = (last ?? 0n) % SEQUENCE_LIMIT
  }

  /** One letter for each entry, in order: OUTCOMES. Throws when the whole batch could not be taken; then nothing of it was. */
  append(batch: string): string {
    const contents = batch.split(CONTENT_GROUP)
    return this.#takeAllNew(contents) ?? this.#takeEach(contents)
  }

  /** The usual case, every entry new, with few statements; null, and nothing done, when any is not. */
  #takeAllNew(contents: readonly string[]): string | null {
    return this.#transaction(() => {
      const entries: BoundEntry[] = []
      for (const content of contents) {
        const entry = readContent(content, this.#keyIds.get)
        if (entry === null) return null
        this.#place(entry)
        entries.push(entry)
      }
      try {
        if (!this.#insertAll(entries)) return null
      } catch (error) {
        if (isTakenPosition(error)) return null
        throw error
      }
      return { created: entries, answer: OUTCOMES.created.repeat(entries.length) }
    })
  }

  #insertAll(entries: readonly BoundEntry[]): boolean {
    let at = 0
    for (; at + ROWS_AT_ONCE <= entries.length; at += ROWS_AT_ONCE) {
      const bindings: unknown[] = []
      for (let row = at; row < at + ROWS_AT_ONCE; row += 1) {
        for (const value of (entries[row] as BoundEntry).bindings) bindings.push(value)
      }
      if (this.#statements.insertMany.run(bindings).changes !== ROWS_AT_ONCE) return false
    }
    for (; at < entries.length; at += 1) {
      if (this.#statements.insertOne.run((entries[at] as BoundEntry).bindings).changes !== 1) return false
    }
    return true
  }

  /** One by one, when something in the batch was there before, or is wrong. */
  #takeEach(contents: readonly string[]): string {
    const answer = this.#transaction(() => {
      const created: BoundEntry[] = []
      let outcomes = ''
      for (const content of contents) {
        const entry = readContent(content, this.#keyIds.get)
        if (entry === null) outcomes += OUTCOMES.malformed
        else if (this.#insertPlaced(entry)) {
          created.push(entry)
          outcomes += OUTCOMES.created
        } else {
          const found = this.#statements.find.get(entry.requestId)
          const same = found !== undefined && entryContent(entryFromRow(found)) === content
          outcomes += same ? OUTCOMES.exists : OUTCOMES.conflict
        }
      }
      return { created, answer: outcomes }
    })
    if (answer === null) throw new Error('a batch was neither taken nor refused')
    return answer
  }

  #place(entry: BoundEntry): void {
    this.#sequence = (this.#sequence + 1n) % SEQUENCE_LIMIT
    entry.bindings[0] = positionOf(entry.startedAt) + this.#sequence
  }

  #insertPlaced(entry: BoundEntry): boolean {
    for (let attempt = 0n; attempt < SEQUENCE_LIMIT; attempt += 1n) {
      this.#place(entry)
      try {
        return this.#statements.insertOne.run(entry.bindings).changes === 1
      } catch (error) {
        if (!isTakenPosition(error)) throw error
      }
    }
    throw new Error('too many entries started in one millisecond')
  }

  /** Runs `take` and folds what it created into the rollups, all or nothing. */
  #transaction(take: () => { created: readonly BoundEntry[]; answer: string } | null): string | null {
    this.#statements.begin.run()
    try {
      const taken = take()
      if (taken === null) {
        this.#rollback()
        return null
      }
      for (const bucket of foldAll(taken.created).values()) this.#upsert(bucket.hour, bucket.keyId, bucket.sums)
      this.#statements.commit.run()
      for (const entry of taken.created) {
        this.#onCreated(entry.bindings[0] as bigint, entry.hour, entry.rollupKeyId, entry.part)
      }
      return taken.answer
    } catch (error) {
      this.#rollback()
      throw error
    }
  }

  #rollback(): void {
    // SQLite has already rolled back by itself on some errors, such as a full disk
    if (this.#database.inTransaction) this.#statements.rollback.run()
    // an id that was remembered may name a row that is not there any more
    this.#keyIds.forget()
  }
}

function foldAll(entries: readonly BoundEntry[]): Buckets {
  const buckets: Buckets = new Map()
  for (const { hour, rollupKeyId: keyId, part } of entries) {
    const name = `${hour}:${keyId}`
    let bucket = buckets.get(name)
    if (bucket === undefined) {
      bucket = { hour, keyId, sums: emptySums() }
      buckets.set(name, bucket)
    }
    foldEntry(bucket.sums, part)
  }
  return buckets
}

function prepare(database: Database) {
  const row = `(${BOUND_COLUMNS.map(() => '?').join(', ')})`
  const insert = (rows: number): string =>
    `INSERT INTO entries (${BOUND_COLUMNS.join(', ')}) VALUES ${Array.from({ length: rows }, () => row).join(', ')}
     ON CONFLICT (request_id) DO NOTHING`
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    insertOne: database.prepare(insert(1)),
    insertMany: database.prepare(insert(ROWS_AT_ONCE)),
    find: database
      .prepare<[string], EntryRow>(
        `SELECT ${[...ENTRY_COLUMNS, ...KEY_COLUMNS].join(', ')} FROM entries
         JOIN rollup_keys ON rollup_keys.id = entries.rollup_key_id WHERE entries.request_id = ?`,
      )
      .safeIntegers(true),
  }
}

const isTakenPosition = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || error.code === 'SQLITE_CONSTRAINT_ROWID')

// Takes a batch of entries into SQLite in one transaction: every entry exactly once, its rollup with it, or nothing at all.

import { crc32 } from 'node:zlib'
import type { Database } from 'better-sqlite3'
import { CONTENT_NULL, CONTENT_PART, CONTENT_UNIT, entryContent } from '../../core/ledger.ts'
import type { Ending } from '../../core/ledger.ts'
import { picoUsd } from '../../core/money.ts'
import { emptySums, foldEntry, hourOf, ROLLUP_KEYS } from '../../core/rollup.ts'
import type { FoldedPart, RollupSums } from '../../core/rollup.ts'
import type { Quantities } from '../../core/usage.ts'
import { BATCH_SEPARATOR, OUTCOMES } from './append-queue.ts'
import { ENTRY_COLUMNS, entryFromRow, KEY_COLUMN, KEY_COLUMNS, positionOf, SEQUENCE_BITS } from './ledger-rows.ts'
import type { EntryRow } from './ledger-rows.ts'
import { rollupUpsert } from './sqlite-rollups.ts'

const KEY_CACHE_ENTRIES = 50_000
const SEQUENCE_LIMIT = 1n << SEQUENCE_BITS

/** Told of each entry that became new, before its transaction ends. */
export type AppendListener = (position: bigint, hour: number, rollupKeyId: bigint, part: FoldedPart) => void

export type Appender = {
  /** One letter for each entry, in order: OUTCOMES. Throws when the whole batch could not be taken; then nothing of it was. */
  append: (batch: string) => string
}

export function createAppender(database: Database, onCreated: AppendListener): Appender {
  const insertEntry = database.prepare(INSERT_ENTRY)
  const findEntry = database.prepare<[string], EntryRow>(FIND_ENTRY).safeIntegers(true)
  const keyIds = createKeyIds(database)
  const upsert = rollupUpsert(database)
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  let sequence = lastSequence(database)

  /** False when there is an entry with this id already. */
  function insert(fields: StoredFields): boolean {
    for (let attempt = 0n; attempt < SEQUENCE_LIMIT; attempt += 1n) {
      sequence = (sequence + 1n) % SEQUENCE_LIMIT
      fields[0] = positionOf(Number(fields[POSITION_STARTED_AT])) + sequence
      try {
        return insertEntry.run(...(fields.slice(0, POSITION_STARTED_AT) as unknown[])).changes === 1
      } catch (error) {
        if (errorCode(error) !== 'SQLITE_CONSTRAINT_PRIMARYKEY' && errorCode(error) !== 'SQLITE_CONSTRAINT_ROWID')
          throw error
      }
    }
    throw new Error('too many entries started in one millisecond')
  }

  function appendOne(content: string, buckets: Map<string, BatchBucket>): string {
    const split = content.indexOf(CONTENT_PART)
    const keyId = keyIds.get(content.slice(0, split))
    const stored = storedFields(content, split, keyId)
    if (!insert(stored.fields)) {
      const found = findEntry.get(stored.fields[1] as string)
      return found !== undefined && entryContent(entryFromRow(found)) === content ? OUTCOMES.exists : OUTCOMES.conflict
    }
    const hour = hourOf(stored.startedAt)
    const name = `${hour}:${keyId}`
    let bucket = buckets.get(name)
    if (bucket === undefined) {
      bucket = { hour, keyId, sums: emptySums() }
      buckets.set(name, bucket)
    }
    foldEntry(bucket.sums, stored.part)
    onCreated(stored.fields[0] as bigint, hour, keyId, stored.part)
    return OUTCOMES.created
  }

  return {
    append(batch) {
      const buckets = new Map<string, BatchBucket>()
      let outcomes = ''
      begin.run()
      try {
        for (const content of batch.split(BATCH_SEPARATOR)) outcomes += appendOne(content, buckets)
        for (const bucket of buckets.values()) upsert(bucket.hour, bucket.keyId, bucket.sums)
        commit.run()
        return outcomes
      } catch (error) {
        // SQLite has already rolled back by itself on some errors, such as a full disk
        if (database.inTransaction) database.exec('ROLLBACK')
        keyIds.forget()
        throw error
      }
    },
  }
}

type BatchBucket = { hour: number; keyId: bigint; sums: RollupSums }
type StoredFields = (string | number | bigint | null)[]

/** Where storedFields leaves the start, behind the bound columns. */
const POSITION_STARTED_AT = 22

function storedFields(
  content: string,
  split: number,
  keyId: bigint,
): { fields: StoredFields; startedAt: number; part: FoldedPart } {
  const rest = content.slice(split + 1).split(CONTENT_UNIT)
  if (rest.length !== 19) throw new Error('an entry of an unknown form')
  const at = (index: number): string => rest[index] as string
  const nullable = (index: number): string | null => (rest[index] === CONTENT_NULL ? null : at(index))
  const money = (index: number): bigint | null => (rest[index] === '' ? null : BigInt(at(index)))
  const count = (index: number): number | null => (rest[index] === '' ? null : Number(rest[index]))
  const startedAt = Number(rest[2])
  const quantities = nullable(7)
  const cost = money(11)
  const inputCost = money(12)
  return {
    startedAt,
    part: {
      ending: at(4) as Ending,
      cost: cost === null ? null : picoUsd(cost),
      inputCost: inputCost === null ? null : picoUsd(inputCost),
      estimated: rest[14] === '1',
      ratesUnpriced: rest[18] === '1',
      quantities: quantities === null ? null : (JSON.parse(quantities) as Quantities),
    },
    fields: [
      null, // position, chosen at insertion
      at(0),
      nullable(1),
      content.slice(0, content.indexOf(CONTENT_UNIT)),
      keyId,
      Number(rest[3]) - startedAt,
      at(4),
      Number(rest[5]),
      Number(rest[6]),
      quantities,
      count(8),
      nullable(9),
      Number(rest[10]),
      cost,
      inputCost,
      count(13),
      Number(rest[14]),
      Number(rest[15]),
      rest[16] === '[]' ? null : at(16),
      nullable(17),
      Number(rest[18]),
      crc32(content),
      startedAt,
    ],
  }
}

/** The ids of rollup keys by their content, remembered within a bound. */
function createKeyIds(database: Database): { get: (content: string) => bigint; forget: () => void } {
  const names = ROLLUP_KEYS.map((name) => KEY_COLUMN[name])
  const insert = database.prepare(
    `INSERT INTO rollup_keys (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`,
  )
  const find = database
    .prepare<string[], bigint>(`SELECT id FROM rollup_keys WHERE ${names.map((name) => `${name} = ?`).join(' AND ')}`)
    .pluck()
    .safeIntegers(true)
  const ids = new Map<string, bigint>()
  return {
    get(content) {
      const known = ids.get(content)
      if (known !== undefined) return known
      const parts = content.split(CONTENT_UNIT)
      let id = find.get(...parts)
      if (id === undefined) {
        insert.run(...parts)
        id = find.get(...parts)
      }
      if (id === undefined) throw new Error('a rollup key could not be stored')
      if (ids.size >= KEY_CACHE_ENTRIES) ids.clear()
      ids.set(content, id)
      return id
    },
    // after a rollback a remembered id may name a row that is not there
    forget: () => ids.clear(),
  }
}

const lastSequence = (database: Database): bigint => {
  const last = database.prepare<[], bigint>('SELECT max(position) FROM entries').pluck().safeIntegers(true).get()
  return (last ?? 0n) % SEQUENCE_LIMIT
}

const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const INSERT_ENTRY = `INSERT INTO entries (position, request_id, upstream_request_id, tenant_id, rollup_key_id, duration, ending, status,
  attempts, quantities, reasoning_tokens, variant, usage_estimated, cost, input_cost, price_version, estimated, delivered_bytes, notes,
  corrects, rates_unpriced, checksum) VALUES (${Array.from({ length: 22 }, () => '?').join(', ')})
  ON CONFLICT (request_id) DO NOTHING`

const FIND_ENTRY = `SELECT ${[...ENTRY_COLUMNS, ...KEY_COLUMNS].join(', ')} FROM entries
  JOIN rollup_keys ON rollup_keys.id = entries.rollup_key_id WHERE entries.request_id = ?`

// Proves rollups and checksums from the entries, or rebuilds the rollups, in short steps between which batches are taken.

import { crc32 } from 'node:zlib'
import type { Database, Statement } from 'better-sqlite3'
import { entryContent } from '../../core/ledger.ts'
import type { PicoUsd } from '../../core/money.ts'
import { emptySums, foldEntry, HOUR_MILLISECONDS } from '../../core/rollup.ts'
import type { FoldedPart, RollupSums } from '../../core/rollup.ts'
import { DIMENSION_NAMES } from '../../core/usage.ts'
import { ENTRY_COLUMNS, entryFromRow, KEY_COLUMNS, positionOf, SEQUENCE_BITS } from './ledger-rows.ts'
import type { EntryRow } from './ledger-rows.ts'
import type { AppendListener } from './sqlite-append.ts'
import { foldedPart } from './sqlite-bindings.ts'
import { PICO_IN_USD, rollupUpsert } from './sqlite-rollups.ts'

/** `start` begins anew; each `next` folds a bounded number of entries; `checksums` compares those after `after`. */
export type VerifyStep =
  | { readonly do: 'start'; readonly repair: boolean }
  | { readonly do: 'next'; readonly maxEntries: number }
  | { readonly do: 'checksums'; readonly after: bigint; readonly maxEntries: number }

export type VerifyProgress = {
  readonly done: boolean
  readonly entries: number
  readonly buckets: number
  readonly differences: readonly string[]
}
export type ChecksumProgress = { readonly after: bigint | null; readonly problems: readonly string[] }

export type Verifier = { run: (step: VerifyStep) => VerifyProgress | ChecksumProgress; onCreated: AppendListener }

/** The hour being folded: all its entries with a position up to `folded` are in `sums`. */
type Hour = { readonly hour: number; folded: bigint; readonly sums: Map<bigint, RollupSums> }

export function createVerifier(database: Database): Verifier {
  const statements = prepare(database)
  const checksums = createChecksums(database)
  const replaceHour = createReplaceHour(database, statements)
  let repair = false
  let current: Hour | null = null
  let nextHourFrom = 0

  function addTo(hour: Hour, rollupKeyId: bigint, part: FoldedPart): void {
    let sums = hour.sums.get(rollupKeyId)
    if (sums === undefined) {
      sums = emptySums()
      hour.sums.set(rollupKeyId, sums)
    }
    foldEntry(sums, part)
  }

  function next(maxEntries: number): VerifyProgress {
    const progress = { entries: 0, buckets: 0, differences: [] as string[] }
    while (progress.entries < maxEntries) {
      current ??= beginHour(statements, nextHourFrom)
      if (current === null) return { done: true, ...progress }
      const { hour } = current
      const end = positionOf(hour + HOUR_MILLISECONDS)
      const limit = maxEntries - progress.entries
      let seen = 0
      for (const row of statements.entriesOfHour.iterate(current.folded, end, limit)) {
        current.folded = row[0]
        addTo(current, row[1], partFromRow(row))
        seen += 1
      }
      progress.entries += seen
      if (seen === limit) return { done: false, ...progress }
      const differences = compareHour(statements, hour, current.sums)
      if (repair && differences.length > 0) replaceHour(hour, current.sums)
      progress.buckets += current.sums.size
      progress.differences.push(...differences)
      nextHourFrom = hour + HOUR_MILLISECONDS
      current = null
    }
    return { done: false, ...progress }
  }

  return {
    run(step) {
      if (step.do === 'checksums') return checksums(step.after, step.maxEntries)
      if (step.do === 'start') {
        repair = step.repair
        current = null
        nextHourFrom = 0
        return { done: false, entries: 0, buckets: 0, differences: [] }
      }
      return next(step.maxEntries)
    },
    // what is appended behind the fold's back belongs to it too; what comes after it will be read
    onCreated(position, hour, rollupKeyId, part) {
      if (current !== null && current.hour === hour && position <= current.folded) addTo(current, rollupKeyId, part)
    },
  }
}

type FoldRow = [bigint, bigint, bigint, bigint | null, bigint | null, string | null]

const partFromRow = (row: FoldRow): FoldedPart =>
  foldedPart(Number(row[2]), row[3] as PicoUsd | null, row[4] as PicoUsd | null, row[5])

type Statements = {
  entriesOfHour: Statement<[bigint, bigint, number], FoldRow>
  firstEntryFrom: Statement<[bigint], bigint>
  firstRollupFrom: Statement<[number], bigint>
  rollupsOfHour: Statement<[number], Record<string, bigint | null>>
  keyWords: Statement<[bigint], Record<string, string>>
}

const prepare = (database: Database): Statements => ({
  entriesOfHour: database
    .prepare<[bigint, bigint, number], FoldRow>(
      `SELECT position, rollup_key_id, marks, cost, input_cost, quantities
       FROM entries WHERE position > ? AND position < ? ORDER BY position LIMIT ?`,
    )
    .raw()
    .safeIntegers(true),
  firstEntryFrom: database
    .prepare<[bigint], bigint>('SELECT position FROM entries WHERE position >= ? ORDER BY position LIMIT 1')
    .pluck()
    .safeIntegers(true),
  firstRollupFrom: database
    .prepare<[number], bigint>('SELECT hour FROM rollups WHERE hour >= ? ORDER BY hour LIMIT 1')
    .pluck()
    .safeIntegers(true),
  rollupsOfHour: database
    .prepare<[number], Record<string, bigint | null>>('SELECT * FROM rollups WHERE hour = ?')
    .safeIntegers(true),
  keyWords: database.prepare<[bigint], Record<string, string>>('SELECT * FROM rollup_keys WHERE id = ?'),
})

/** The first hour from `from` on that has an entry or a bucket. */
function beginHour(statements: Statements, from: number): Hour | null {
  const position = statements.firstEntryFrom.get(positionOf(from))
  const bucket = statements.firstRollupFrom.get(from)
  const hours: number[] = []
  if (position !== undefined) hours.push(hourStart(Number(position >> SEQUENCE_BITS)))
  if (bucket !== undefined) hours.push(Number(bucket))
  if (hours.length === 0) return null
  const hour = Math.min(...hours)
  return { hour, folded: positionOf(hour) - 1n, sums: new Map() }
}

const hourStart = (time: number): number => time - (time % HOUR_MILLISECONDS)

function compareHour(statements: Statements, hour: number, expected: ReadonlyMap<bigint, RollupSums>): string[] {
  const differences: string[] = []
  const missing = new Set(expected.keys())
  for (const row of statements.rollupsOfHour.all(hour)) {
    const id = row['rollup_key_id'] as bigint
    missing.delete(id)
    const wanted = comparable(expected.get(id) ?? emptySums())
    for (const [name, value] of comparableRow(row)) {
      if (value !== wanted.get(name))
        differences.push(difference(statements, hour, id, name, value, wanted.get(name) ?? null))
    }
  }
  for (const id of missing) {
    for (const [name, value] of comparable(expected.get(id) ?? emptySums())) {
      if (value !== null && value !== 0n) differences.push(difference(statements, hour, id, name, null, value))
    }
  }
  return differences
}

const comparable = (sums: RollupSums): Map<string, bigint | null> =>
  new Map<string, bigint | null>([
    ['calls', BigInt(sums.calls)],
    ['unpriced calls', BigInt(sums.unpricedCalls)],
    ['estimated calls', BigInt(sums.estimatedCalls)],
    ['input cost (pico-USD)', sums.inputCost],
    ['output cost (pico-USD)', sums.outputCost],
    ...DIMENSION_NAMES.map((name): [string, bigint | null] => [name, sums.quantities[name] ?? null]),
  ])

const comparableRow = (row: Record<string, bigint | null>): Map<string, bigint | null> => {
  const number = (name: string): bigint => row[name] ?? 0n
  return new Map<string, bigint | null>([
    ['calls', number('calls')],
    ['unpriced calls', number('unpriced_calls')],
    ['estimated calls', number('estimated_calls')],
    ['input cost (pico-USD)', number('input_cost_usd') * PICO_IN_USD + number('input_cost_pico')],
    ['output cost (pico-USD)', number('output_cost_usd') * PICO_IN_USD + number('output_cost_pico')],
    ...DIMENSION_NAMES.map((name): [string, bigint | null] => [name, row[name] ?? null]),
  ])
}

function difference(
  statements: Statements,
  hour: number,
  id: bigint,
  name: string,
  stored: bigint | null,
  wanted: bigint | null,
): string {
  const words = statements.keyWords.get(id)
  const who =
    words === undefined
      ? `rollup key ${id}`
      : `tenant ${words['tenant_id']}, model ${words['model_id']}, key ${words['key_id']}`
  return `${new Date(hour).toISOString()} ${who}: ${name} is ${stored ?? 'absent'} in the rollup, ${wanted ?? 'absent'} by the entries`
}

function createReplaceHour(
  database: Database,
  statements: Statements,
): (hour: number, sums: ReadonlyMap<bigint, RollupSums>) => void {
  const upsert = rollupUpsert(database)
  const remove = database.prepare('DELETE FROM rollups WHERE hour = ?')
  const replace = database.transaction((hour: number, sums: ReadonlyMap<bigint, RollupSums>) => {
    remove.run(hour)
    for (const [id, value] of sums) upsert(hour, id, value)
  })
  return (hour, sums) => {
    replace(hour, sums)
    const left = compareHour(statements, hour, sums)
    if (left.length > 0) throw new Error(`rebuilding did not settle the difference: ${left[0]}`)
  }
}

/** Compares each entry with the checksum that it was stored with. */
function createChecksums(database: Database): (after: bigint, maxEntries: number) => ChecksumProgress {
  const read = database
    .prepare<[bigint, number], EntryRow & { stored_tenant_id: string; key_found: bigint | null }>(
      `SELECT ${[...ENTRY_COLUMNS, ...KEY_COLUMNS].join(', ')}, entries.tenant_id AS stored_tenant_id, rollup_keys.id AS key_found
       FROM entries LEFT JOIN rollup_keys ON rollup_keys.id = entries.rollup_key_id
       WHERE entries.position > ? ORDER BY entries.position LIMIT ?`,
    )
    .safeIntegers(true)
  return (after, maxEntries) => {
    const problems: string[] = []
    let last: bigint | null = null
    for (const row of read.iterate(after, maxEntries)) {
      last = row.position
      if (row.key_found === null || row.stored_tenant_id !== row.tenant_id || !matches(row)) {
        problems.push(`entry ${row.request_id}: its content is not what was stored (checksum)`)
      }
    }
    return { after: last, problems }
  }
}

function matches(row: EntryRow): boolean {
  try {
    return BigInt(crc32(entryContent(entryFromRow(row)))) === row.checksum
  } catch {
    // unreadable JSON is as bad as another number
    return false
  }
}

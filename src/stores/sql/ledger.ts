// The ledger in SQL: entries go in through the append queue, and come out in bounded slices that never hold up appends for long.

import type { ExpressionBuilder, Kysely } from 'kysely'
import { entryContent, MARKS } from '../../core/ledger.ts'
import type { LedgerEntry, LedgerFilter, LedgerPage, LedgerStore } from '../../core/ledger.ts'
import { inScope } from '../../core/tenant.ts'
import type { TenantScope } from '../../core/tenant.ts'
import type { Dimension, Quantities } from '../../core/usage.ts'
import type { AppendQueue } from './append-queue.ts'
import { ENTRY_COLUMNS, entryFromRow, KEY_COLUMNS, markedValues, positionOf } from './ledger-rows.ts'
import type { EntryRow } from './ledger-rows.ts'
import type { Schema } from './schema.ts'

/** The most that one entry may cost, either way: what fits 64 bits, about 9.2 million USD. */
const MAX_COST = 9_223_372_036_854_775_807n
/** The most of one dimension in one entry: sums of a whole hour then fit 64 bits. */
const MAX_QUANTITY = 1_000_000_000_000
/** Positions hold the start in 43 bits: until the year 2248. */
const MAX_TIME = 2 ** 43 - 1
/** Rows looked at in one query: about two milliseconds of the store's thread. */
const SLICE_ROWS = 5_000
const MAX_PAGE_ENTRIES = 1_000
const SCAN_BATCH_ENTRIES = 1_000

export function createLedgerStore(database: Kysely<Schema>, queue: AppendQueue): LedgerStore {
  const read = createReader(database)
  return {
    append(entry) {
      try {
        refuseUnstorable(entry)
        return queue.append(entry.requestId, entryContent(entry))
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(String(error)))
      }
    },
    async get(scope, requestId) {
      const row = await selectEntries(database).where('entries.request_id', '=', requestId).executeTakeFirst()
      return row === undefined || !inScope(scope, row.tenant_id) ? null : entryFromRow(row)
    },
    async correctionsOf(scope, requestId) {
      const rows = await selectEntries(database).where('entries.corrects', '=', requestId).execute()
      return rows
        .map((row) => ({ entry: entryFromRow(row), position: row.position }))
        .filter(({ entry }) => inScope(scope, entry.tenantId))
        .sort((left, right) => left.entry.endedAt - right.entry.endedAt || (left.position < right.position ? -1 : 1))
        .map(({ entry }) => entry)
    },
    async page(scope, filter, { cursor, limit }) {
      const wanted = Math.min(Math.max(limit, 1), MAX_PAGE_ENTRIES)
      return read.page(scope, filter, cursor === null ? null : positionFromCursor(cursor), wanted)
    },
    async *scan(scope, filter) {
      let after: bigint | null = null
      for (;;) {
        const slice: Slice = await read.slice(scope, filter, 'oldest', after, SCAN_BATCH_ENTRIES)
        if (slice.entries.length > 0) yield slice.entries
        if (slice.end === null) return
        after = slice.end
      }
    },
  }
}

/** `end`: where the next slice begins; null when nothing is left. */
type Slice = { readonly entries: readonly LedgerEntry[]; readonly end: bigint | null }
type Order = 'newest' | 'oldest'

function createReader(database: Kysely<Schema>) {
  /** Up to `limit` entries among the next SLICE_ROWS rows behind `after`. */
  async function slice(
    scope: TenantScope,
    filter: LedgerFilter,
    order: Order,
    after: bigint | null,
    limit: number,
  ): Promise<Slice> {
    if (scope.kind === 'tenants' && scope.tenantIds.length === 0) return { entries: [], end: null }
    const range = rangeOf(filter, order, after)
    const tenantId = oneTenant(scope, filter)
    const direction = order === 'newest' ? 'desc' : 'asc'
    const looked = await database
      .selectFrom((from) =>
        from
          .selectFrom('entries')
          .select('position')
          .where('position', '>', range.above)
          .where('position', '<', range.below)
          .$if(tenantId !== null, (query) => query.where('tenant_id', '=', tenantId))
          .$if(filter.unpricedOnly === true, (query) => query.where('cost', 'is', null))
          .orderBy('position', direction)
          .limit(SLICE_ROWS)
          .as('looked'),
      )
      .select((select) => [
        select.fn.min('position').as('first'),
        select.fn.max('position').as('last'),
        select.fn.countAll().as('rows'),
      ])
      .executeTakeFirstOrThrow()
    const rows = Number(looked.rows)
    if (rows === 0) return { entries: [], end: null }
    const found = await selectEntries(database)
      .where('entries.position', '>=', looked.first)
      .where('entries.position', '<=', looked.last)
      .where((where) => matching(where, scope, filter))
      .orderBy('entries.position', direction)
      .limit(limit)
      .execute()
    const last = found.at(-1)
    const more = found.length === limit && last !== undefined
    const rest = rows < SLICE_ROWS ? null : order === 'newest' ? looked.first : looked.last
    return { entries: found.map(entryFromRow), end: more ? last.position : rest }
  }

  async function page(
    scope: TenantScope,
    filter: LedgerFilter,
    after: bigint | null,
    limit: number,
  ): Promise<LedgerPage> {
    const entries: LedgerEntry[] = []
    let from = after
    for (;;) {
      const next = await slice(scope, filter, 'newest', from, limit - entries.length)
      entries.push(...next.entries)
      if (next.end === null) return { entries, nextCursor: null }
      if (entries.length >= limit) return { entries, nextCursor: cursorFromPosition(next.end) }
      from = next.end
    }
  }
  return { slice, page }
}

const selectEntries = (database: Kysely<Schema>) =>
  database
    .selectFrom('entries')
    .innerJoin('rollup_keys', 'rollup_keys.id', 'entries.rollup_key_id')
    .select([...ENTRY_COLUMNS, ...KEY_COLUMNS])
    .$castTo<EntryRow>()

function rangeOf(filter: LedgerFilter, order: Order, after: bigint | null): { above: bigint; below: bigint } {
  const from = filter.from === undefined ? -1n : positionOf(clampTime(filter.from)) - 1n
  const to = positionOf(filter.to === undefined ? MAX_TIME : clampTime(filter.to))
  if (after === null) return { above: from, below: to }
  return order === 'newest'
    ? { above: from, below: after < to ? after : to }
    : { above: after > from ? after : from, below: to }
}

const clampTime = (time: number): number => Math.min(Math.max(Math.ceil(time), 0), MAX_TIME)

/** The one tenant that can be asked by index; null when several may match. */
function oneTenant(scope: TenantScope, filter: LedgerFilter): string | null {
  if (filter.tenantId !== undefined) return filter.tenantId
  return scope.kind === 'tenants' && scope.tenantIds.length === 1 ? (scope.tenantIds[0] ?? null) : null
}

function matching(
  where: ExpressionBuilder<Schema, 'entries' | 'rollup_keys'>,
  scope: TenantScope,
  filter: LedgerFilter,
) {
  const conditions = []
  if (scope.kind === 'tenants') conditions.push(where('rollup_keys.tenant_id', 'in', [...scope.tenantIds]))
  if (filter.tenantId !== undefined) conditions.push(where('entries.tenant_id', '=', filter.tenantId))
  if (filter.keyId !== undefined) conditions.push(where('rollup_keys.key_id', '=', filter.keyId))
  if (filter.modelId !== undefined) conditions.push(where('rollup_keys.model_id', '=', filter.modelId))
  if (filter.baseModel !== undefined) conditions.push(where('rollup_keys.base_model', '=', filter.baseModel))
  if (filter.estimatedOnly === true) conditions.push(where('entries.marks', 'in', markedValues(MARKS.estimated)))
  if (filter.unpricedOnly === true) {
    conditions.push(
      where('entries.cost', 'is', null),
      where('entries.marks', 'not in', markedValues(MARKS.correction)),
      where.not(
        where.exists(
          where
            .selectFrom('entries as rated')
            .select('rated.position')
            .whereRef('rated.corrects', '=', 'entries.request_id')
            .where('rated.marks', 'in', markedValues(MARKS.ratesUnpriced)),
        ),
      ),
    )
  }
  return where.and(conditions)
}

/** What the tables could not hold exactly is refused before it meets other entries' batch. */
function refuseUnstorable(entry: LedgerEntry): void {
  const { cost, inputCost, startedAt, endedAt } = entry
  if ((cost === null) !== (inputCost === null))
    throw new RangeError('an entry has both cost and input cost, or neither')
  refuseCost(cost)
  refuseCost(inputCost)
  if (entry.usage !== null) refuseQuantities(entry.usage.quantities)
  if (!isTime(startedAt) || !isTime(endedAt)) {
    throw new RangeError(`an entry's times are whole milliseconds since 1970, not ${startedAt} and ${endedAt}`)
  }
}

function refuseCost(cost: bigint | null): void {
  if (cost !== null && (cost > MAX_COST || cost < -MAX_COST)) {
    throw new RangeError(`a cost of ${cost} pico-USD is more than one entry can hold (${MAX_COST})`)
  }
}

function refuseQuantities(quantities: Quantities): void {
  for (const name in quantities) {
    const quantity = quantities[name as Dimension]
    if (quantity === null || quantity === undefined) continue
    if (!Number.isInteger(quantity) || quantity < 0 || quantity > MAX_QUANTITY) {
      throw new RangeError(`${quantity} ${name} is no quantity of one call (0 to ${MAX_QUANTITY})`)
    }
  }
}

const isTime = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= MAX_TIME

const cursorFromPosition = (position: bigint): string => position.toString(36)

export class BadCursor extends RangeError {
  constructor(cursor: string) {
    super(`"${cursor.slice(0, 40)}" is not a cursor that this ledger gave out`)
    this.name = 'BadCursor'
  }
}

function positionFromCursor(cursor: string): bigint {
  if (!/^[0-9a-z]{1,13}$/.test(cursor)) throw new BadCursor(cursor)
  let position = 0n
  for (const digit of cursor) position = position * 36n + BigInt(Number.parseInt(digit, 36))
  if (position > 2n ** 63n - 1n) throw new BadCursor(cursor)
  return position
}

// The audit trail in SQL: rows are appended to the chain inside somebody's transaction, and never touched again.

import { hash } from 'node:crypto'
import type { Kysely, Selectable, SelectQueryBuilder, Transaction } from 'kysely'
import { AUDIT_GENESIS, nextAuditRow, walkAudit } from '../../core/audit.ts'
import type {
  AuditActorKind,
  AuditFact,
  AuditFilter,
  AuditHead,
  AuditOrigin,
  AuditOutcome,
  AuditResource,
  AuditRow,
  AuditStore,
} from '../../core/audit.ts'
import type { Schema } from './schema.ts'

const BATCH_ROWS = 100
const MOST_PROBLEMS = 100

const sha256 = (text: string): string => hash('sha256', text, 'hex')

export function createAuditStore(database: Kysely<Schema>, now: () => number): AuditStore {
  return {
    async note(origin, fact) {
      await database.transaction().execute((transaction) => appendAudit(transaction, origin, [fact], now()))
    },
    async page(filter, { cursor, limit }) {
      const before = cursor === null ? null : sequenceOf(cursor)
      const rows = await chosen(database.selectFrom('audit').selectAll(), filter)
        .$if(before !== null, (query) => query.where('sequence', '<', BigInt(before ?? 0)))
        .orderBy('sequence', 'desc')
        .limit(limit + 1)
        .execute()
      const page = rows.slice(0, limit)
      return {
        rows: page.map(rowFromSql),
        nextCursor: rows.length > page.length ? String(page.at(-1)?.sequence) : null,
      }
    },
    scan: (filter) => scan(database, filter),
    head: () => readHead(database),
  }
}

/** In the transaction of the change itself, so that neither can be without the other. */
export async function appendAudit(
  transaction: Transaction<Schema>,
  origin: AuditOrigin,
  facts: readonly AuditFact[],
  at: number,
): Promise<void> {
  let head = await readHead(transaction)
  for (const fact of facts) {
    const row = nextAuditRow(sha256, head, { ...origin, ...fact, at })
    await transaction.insertInto('audit').values(rowToSql(row)).execute()
    head = row
  }
}

/** What is wrong with the chain as it is stored; empty when nothing is. */
export async function checkAudit(database: Kysely<Schema>): Promise<readonly string[]> {
  const walk = walkAudit(sha256)
  const problems: string[] = []
  for await (const rows of scan(database, {})) {
    problems.push(...rows.flatMap((row) => walk.add(row)))
    if (problems.length >= MOST_PROBLEMS) break
  }
  return problems.slice(0, MOST_PROBLEMS).map((problem) => `audit trail: ${problem}`)
}

async function readHead(database: Kysely<Schema> | Transaction<Schema>): Promise<AuditHead> {
  const row = await database
    .selectFrom('audit')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? AUDIT_GENESIS : { sequence: Number(row.sequence), hash: row.hash }
}

async function* scan(database: Kysely<Schema>, filter: AuditFilter): AsyncIterable<readonly AuditRow[]> {
  const { sequence: last } = await readHead(database)
  for (let after = 0n; ; ) {
    const rows = await chosen(database.selectFrom('audit').selectAll(), filter)
      .where('sequence', '>', after)
      .where('sequence', '<=', BigInt(last))
      .orderBy('sequence')
      .limit(BATCH_ROWS)
      .execute()
    if (rows.length === 0) return
    after = rows.at(-1)?.sequence ?? after
    yield rows.map(rowFromSql)
  }
}

type AuditQuery = SelectQueryBuilder<Schema, 'audit', Selectable<Schema['audit']>>

function chosen(query: AuditQuery, filter: AuditFilter): AuditQuery {
  let asked = query
  if (filter.from !== undefined) asked = asked.where('at', '>=', BigInt(filter.from))
  if (filter.to !== undefined) asked = asked.where('at', '<', BigInt(filter.to))
  for (const [name, column] of EQUALS) {
    const value = filter[name]
    if (value !== undefined) asked = asked.where(column, '=', value)
  }
  return asked
}

const EQUALS = [
  ['resource', 'resource'],
  ['resourceId', 'resource_id'],
  ['tenantId', 'tenant_id'],
  ['actor', 'actor_kind'],
  ['actorId', 'actor_id'],
  ['outcome', 'outcome'],
] as const

function sequenceOf(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) throw new RangeError('the cursor is not one that this audit trail gave out')
  return Number(cursor)
}

const rowToSql = (row: AuditRow) => ({
  sequence: row.sequence,
  at: row.at,
  actor_kind: row.actor.kind,
  actor_id: row.actor.id,
  remote_address: row.remoteAddress,
  user_agent: row.userAgent,
  request_id: row.requestId,
  action: row.action,
  resource: row.resource,
  resource_id: row.resourceId,
  tenant_id: row.tenantId,
  outcome: row.outcome,
  reason: row.reason,
  before: row.before,
  after: row.after,
  previous_hash: row.previousHash,
  hash: row.hash,
})

const rowFromSql = (row: Selectable<Schema['audit']>): AuditRow => ({
  sequence: Number(row.sequence),
  at: Number(row.at),
  actor: { kind: row.actor_kind as AuditActorKind, id: row.actor_id },
  remoteAddress: row.remote_address,
  userAgent: row.user_agent,
  requestId: row.request_id,
  action: row.action,
  resource: row.resource as AuditResource | null,
  resourceId: row.resource_id,
  tenantId: row.tenant_id,
  outcome: row.outcome as AuditOutcome,
  reason: row.reason,
  before: row.before,
  after: row.after,
  previousHash: row.previous_hash,
  hash: row.hash,
})

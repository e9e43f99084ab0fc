// The audit trail, read only: rows newest first a page at a time, or all of them in the order of the chain.

import { z } from 'zod'
import {
  AUDIT_ACTORS,
  AUDIT_OUTCOMES,
  AUDIT_RESOURCES,
  type AuditActorKind,
  type AuditFilter,
  type AuditRow,
} from '../core/audit.ts'
import type { AdminDependencies } from './dependencies.ts'
import { invalid } from './errors.ts'
import * as fields from './fields.ts'
import { Lines, operation } from './operation.ts'

const rowReply = z.object({
  sequence: z.number(),
  at: z.string(),
  actor: z.object({ kind: z.enum(AUDIT_ACTORS), id: z.string().nullable() }),
  remote_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  request_id: z.string().nullable(),
  action: z.string(),
  resource: z.enum(AUDIT_RESOURCES).nullable(),
  resource_id: z.string().nullable(),
  tenant_id: z.string().nullable(),
  outcome: z.enum(AUDIT_OUTCOMES),
  reason: z.string().nullable(),
  before: z.unknown().meta({ description: 'null: it was not there' }),
  after: z.unknown(),
  previous_hash: z.string(),
  hash: z.string(),
})

const actor = z
  .string()
  .regex(
    new RegExp(`^(?:${AUDIT_ACTORS.join('|')})(?::[A-Za-z0-9._-]{1,128})?$`),
    `must be one of ${AUDIT_ACTORS.join(', ')}, or one of them with an id behind a colon`,
  )

export const listAudit = operation({
  words:
    'Every change of the control plane and every refused one: newest first, a page at a time; with `format=ndjson` all of them, one JSON object in each line, oldest first, as the chain goes.',
  query: z.strictObject({
    from: fields.instant.optional(),
    to: fields.instant.optional(),
    resource: z.enum(AUDIT_RESOURCES).optional(),
    tenant: fields.tenantId.optional(),
    actor: actor.optional(),
    outcome: z.enum(AUDIT_OUTCOMES).optional(),
    cursor: z
      .string()
      .regex(/^\d{1,15}$/, 'must be the next_cursor of an earlier answer')
      .optional(),
    limit: fields.queryNumber(1_000, 100),
    format: z.enum(['json', 'ndjson']).default('json'),
  }),
  reply: z.object({
    rows: z.array(rowReply),
    next_cursor: fields.nextCursor,
    head: z
      .object({ sequence: z.number(), hash: z.string() })
      .meta({ description: 'the end of the chain now; note it elsewhere, and rows cannot be taken away unseen' }),
  }),
  alsoAs: 'application/x-ndjson',
  async run({ deps, query }) {
    const filter = filterOf(query)
    if (query.format === 'ndjson') {
      if (query.cursor !== undefined) throw invalid('cursor', 'cursor must be left out: everything comes at once.')
      return new Lines(linesOf(deps, filter), 'audit.ndjson')
    }
    const { rows, nextCursor } = await deps.audit.page(filter, { cursor: query.cursor ?? null, limit: query.limit })
    return { rows: rows.map(rowToJson), next_cursor: nextCursor, head: await deps.audit.head() }
  },
})

type Filters = {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly resource?: AuditFilter['resource'] | undefined
  readonly tenant?: string | undefined
  readonly actor?: string | undefined
  readonly outcome?: AuditFilter['outcome'] | undefined
}

function filterOf({ from, to, resource, tenant, actor: who, outcome }: Filters): AuditFilter {
  const [kind, id] = who?.split(':') ?? []
  return {
    ...(from === undefined ? {} : { from: fields.millisecondsOf(from) }),
    ...(to === undefined ? {} : { to: fields.millisecondsOf(to) }),
    ...(resource === undefined ? {} : { resource }),
    ...(tenant === undefined ? {} : { tenantId: tenant }),
    ...(kind === undefined ? {} : { actor: kind as AuditActorKind }),
    ...(id === undefined ? {} : { actorId: id }),
    ...(outcome === undefined ? {} : { outcome }),
  }
}

async function* linesOf({ audit }: AdminDependencies, filter: AuditFilter): AsyncIterable<string> {
  for await (const rows of audit.scan(filter)) {
    yield rows.map((row) => `${JSON.stringify(rowToJson(row))}\n`).join('')
  }
}

const jsonOrNull = (text: string | null): unknown => (text === null ? null : (JSON.parse(text) as unknown))

const rowToJson = (row: AuditRow): z.input<typeof rowReply> => ({
  sequence: row.sequence,
  at: fields.timeOf(row.at),
  actor: row.actor,
  remote_address: row.remoteAddress,
  user_agent: row.userAgent,
  request_id: row.requestId,
  action: row.action,
  resource: row.resource,
  resource_id: row.resourceId,
  tenant_id: row.tenantId,
  outcome: row.outcome,
  reason: row.reason,
  before: jsonOrNull(row.before),
  after: jsonOrNull(row.after),
  previous_hash: row.previousHash,
  hash: row.hash,
})

// The audit trail: who changed what, from where, before and after; each row carries the hash of the one before it.

/** Who asked for a change. What an unproven credential says of itself is marked as a claim. */
export const AUDIT_ACTORS = [
  'admin_token', // a holder of the admin token; the id tells tokens apart
  'claimed_key', // somebody who came with what looks like the API key of a tenant; the id is the key id in it, unproven
  'unknown', // nobody that the gateway knows
  'gateway', // the process itself: its start, its jobs
] as const
export type AuditActorKind = (typeof AUDIT_ACTORS)[number]

export const AUDIT_RESOURCES = [
  'tenant',
  'api_key',
  'plan',
  'alias',
  'endpoint',
  'price_version',
  'alert_rule',
  'alert_target',
  'ledger',
  'rollups',
  'counters',
  'closed_day',
] as const
export type AuditResource = (typeof AUDIT_RESOURCES)[number]

export const AUDIT_OUTCOMES = [
  'changed', // stands in the same transaction as the change
  'refused', // somebody asked for a change that was not made
  'started', // a job is about to make its first change
  'finished', // the job that had started came to its end
  'failed', // the job, or the request, broke off
] as const
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number]

/** What is the same for everything that one request, or one job, changes. */
export type AuditOrigin = {
  readonly actor: { readonly kind: AuditActorKind; readonly id: string | null }
  /** null: it came from no connection */
  readonly remoteAddress: string | null
  readonly userAgent: string | null
  readonly requestId: string | null
  /** "PATCH /admin/v1/tenants/{tenant_id}", "start" */
  readonly action: string
}

export type AuditFact = {
  readonly resource: AuditResource | null
  readonly resourceId: string | null
  /** whose thing it is; null: nobody's alone */
  readonly tenantId: string | null
  readonly outcome: AuditOutcome
  /** a code, never words of a caller; null: nothing went wrong */
  readonly reason: string | null
  /** canonical JSON, see auditJson; null: it was not there */
  readonly before: string | null
  readonly after: string | null
}

export type AuditRow = AuditOrigin &
  AuditFact & {
    /** 1, 2, 3 … without gaps */
    readonly sequence: number
    /** milliseconds since the epoch */
    readonly at: number
    readonly previousHash: string
    readonly hash: string
  }

/** The end of the chain. Whoever notes it elsewhere can tell later that nothing up to it was taken away. */
export type AuditHead = { readonly sequence: number; readonly hash: string }

/** Of what the process does unasked, at its start or later. */
export const byItself = (action: string): AuditOrigin => ({
  actor: { kind: 'gateway', id: null },
  remoteAddress: null,
  userAgent: null,
  requestId: null,
  action,
})

/** What stands before the first row. */
export const AUDIT_GENESIS: AuditHead = { sequence: 0, hash: '0'.repeat(64) }

export type AuditFilter = {
  /** by the time of the row; half-open */
  readonly from?: number
  readonly to?: number
  readonly resource?: AuditResource
  readonly resourceId?: string
  readonly tenantId?: string
  readonly actor?: AuditActorKind
  readonly actorId?: string
  readonly outcome?: AuditOutcome
}

export type AuditPage = { readonly rows: readonly AuditRow[]; readonly nextCursor: string | null }

export interface AuditStore {
  /** Writes a row that stands beside no change of the store: a refusal, the start and the end of a job. Durable when it resolves. */
  note(origin: AuditOrigin, fact: AuditFact): Promise<void>
  /** Newest first. RangeError for a cursor that is none. */
  page(filter: AuditFilter, page: { readonly cursor: string | null; readonly limit: number }): Promise<AuditPage>
  /** Oldest first, in batches of bounded size, up to the head that it found when it began. */
  scan(filter: AuditFilter): AsyncIterable<readonly AuditRow[]>
  head(): Promise<AuditHead>
}

/** Hex SHA-256 of a text. */
export type Sha256 = (text: string) => string

/** Everything that a row says, in one order; its hash is over this and the hash before it. */
export const auditContent = (row: Omit<AuditRow, 'hash' | 'previousHash'>): string =>
  JSON.stringify([
    row.sequence,
    row.at,
    row.actor.kind,
    row.actor.id,
    row.remoteAddress,
    row.userAgent,
    row.requestId,
    row.action,
    row.resource,
    row.resourceId,
    row.tenantId,
    row.outcome,
    row.reason,
    row.before,
    row.after,
  ])

/** The row that follows `head`. */
export function nextAuditRow(
  sha256: Sha256,
  head: AuditHead,
  content: AuditOrigin & AuditFact & { readonly at: number },
): AuditRow {
  const row = { ...content, sequence: head.sequence + 1 }
  return { ...row, previousHash: head.hash, hash: hashOf(sha256, head.hash, row) }
}

const hashOf = (sha256: Sha256, previousHash: string, row: Omit<AuditRow, 'hash' | 'previousHash'>): string =>
  sha256(`${previousHash}\n${auditContent(row)}`)

export type AuditWalk = {
  /** Rows in the order of the chain; one sentence for each that breaks it. */
  readonly add: (row: AuditRow) => readonly string[]
  /** What is wrong with the whole; call once, after the last row. */
  readonly end: () => readonly string[]
  readonly head: AuditHead
}

/**
 * Walks the chain from the row after `from`. `expectHead`: a hash that was noted earlier and must be in the chain; without it nobody can
 * tell that rows at the end were taken away.
 */
export function walkAudit(
  sha256: Sha256,
  { from = AUDIT_GENESIS, expectHead = null }: { from?: AuditHead; expectHead?: string | null } = {},
): AuditWalk {
  let head = from
  let met = expectHead === null || expectHead === from.hash
  return {
    add(row) {
      const problems: string[] = []
      if (row.sequence !== head.sequence + 1) problems.push(outOfOrder(head, row))
      else if (row.previousHash !== head.hash)
        problems.push(`row ${row.sequence} does not follow the row before it: one of the two was replaced`)
      if (hashOf(sha256, row.previousHash, row) !== row.hash)
        problems.push(`row ${row.sequence}: its content is not what was written`)
      head = { sequence: row.sequence, hash: row.hash }
      met ||= row.hash === expectHead
      return problems
    },
    end: () =>
      met
        ? []
        : [`the expected head ${expectHead} is not in the chain: rows at its end are missing, or all was replaced`],
    get head() {
      return head
    },
  }
}

const outOfOrder = (head: AuditHead, { sequence }: AuditRow): string =>
  sequence > head.sequence + 1
    ? `rows ${head.sequence + 1} to ${sequence - 1} are missing`
    : `row ${sequence} stands behind row ${head.sequence}`

/** JSON with the members of every object sorted; a bigint becomes a text. The same value always gives the same text. */
export const auditJson = (value: unknown): string => JSON.stringify(sorted(value))

function sorted(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.toSorted(byName).map(([name, member]) => [name, sorted(member)]))
}

const byName = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : left > right ? 1 : 0

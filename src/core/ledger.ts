// The ledger: one immutable entry for every admitted call, and corrections, which are entries too.

import type { PicoUsd } from './money.ts'
import type { Routing, Tier } from './model.ts'
import type { TenantScope } from './tenant.ts'
import type { Usage } from './usage.ts'

/** How a call ended; one word each, said once. */
export const ENDINGS = [
  'completed', // the client got the whole answer
  'client_aborted', // the client left before the end
  'upstream_refused', // the upstream answered with an error status and billed nothing
  'upstream_failed', // the upstream broke off, or answered with an exception inside the stream
  'gateway_stopped', // the gateway ended the call: time limit, slow reader, shutdown
  'recovered', // the process died while the call ran; written at the next start from its hold
  'correction', // not a call: amends an earlier entry
] as const
export type Ending = (typeof ENDINGS)[number]

export type LedgerEntry = {
  readonly requestId: string
  readonly upstreamRequestId: string | null
  readonly tenantId: string
  readonly keyId: string
  readonly modelId: string
  readonly baseModel: string | null
  readonly routing: Routing
  readonly region: string
  /** the tier that was served, where the upstream says it; else the one asked for */
  readonly tier: Tier
  readonly operation: string
  readonly surface: string
  /** milliseconds since the epoch, UTC */
  readonly startedAt: number
  readonly endedAt: number
  readonly ending: Ending
  /** status sent to the client; 0 when none was sent */
  readonly status: number
  readonly attempts: number
  /** null: nobody knows */
  readonly usage: Usage | null
  /** null: no price, or no usage; never 0 for unknown */
  readonly cost: PicoUsd | null
  /** the input side's part of cost; null exactly when cost is. The output side's is the rest. */
  readonly inputCost: PicoUsd | null
  /** version of the price book that the cost was computed from; null with a null cost */
  readonly priceVersion: number | null
  readonly estimated: boolean
  /** bytes of the answer that reached the client's connection */
  readonly deliveredBytes: number
  /** request metadata kept for grouping: only the configured keys */
  readonly metadata: Readonly<Record<string, string>>
  /** contradictions between what different parts of one answer said of usage; empty when none */
  readonly notes: readonly string[]
  /** corrections only: the request id of the entry that this one amends. Its cost is the difference. */
  readonly corrects: string | null
  /** corrections only: true when the amended entry had no cost until now */
  readonly ratesUnpriced: boolean
}

export class LedgerConflict extends Error {
  constructor(requestId: string) {
    super(`the ledger already holds another entry ${requestId}`)
    this.name = 'LedgerConflict'
  }
}

export type LedgerFilter = {
  readonly from?: number
  readonly to?: number
  readonly tenantId?: string
  readonly keyId?: string
  readonly modelId?: string
  readonly baseModel?: string
  /** calls without a cost that no correction has rated since */
  readonly unpricedOnly?: boolean
  readonly estimatedOnly?: boolean
}

export type LedgerPage = { readonly entries: readonly LedgerEntry[]; readonly nextCursor: string | null }

export interface LedgerStore {
  /**
   * Durable, with its rollup, when the promise resolves. The same id with the same content: 'exists'; with other content: rejects with
   * LedgerConflict. Rejects with another error when the store cannot take it (disk full, closed).
   */
  append(entry: LedgerEntry): Promise<'created' | 'exists'>
  get(scope: TenantScope, requestId: string): Promise<LedgerEntry | null>
  /** The entry's corrections, oldest first. */
  correctionsOf(scope: TenantScope, requestId: string): Promise<readonly LedgerEntry[]>
  /** Newest first. */
  page(scope: TenantScope, filter: LedgerFilter, page: { cursor: string | null; limit: number }): Promise<LedgerPage>
  /** Oldest first, in batches of bounded size, for rebuilds and re-rating. */
  scan(scope: TenantScope, filter: LedgerFilter): AsyncIterable<readonly LedgerEntry[]>
}

/** Separators inside an entry's content; no text of an entry may hold them, or any other control character. */
export const CONTENT_UNIT = '\x1f'
export const CONTENT_PART = '\x1e'
/** Stands for null where an empty text is something else. */
export const CONTENT_NULL = '\x00'

/**
 * Everything an entry says, as one text with a fixed order: two entries are the same exactly when their contents are. The first part is
 * what its rollup bucket is keyed by, the second the rest.
 */
export function entryContent(entry: LedgerEntry): string {
  refuseControlCharacters(entry)
  const u = CONTENT_UNIT
  return (
    `${rollupKeyContent(entry)}${CONTENT_PART}${entry.requestId}${u}${entry.upstreamRequestId ?? CONTENT_NULL}${u}` +
    `${entry.startedAt}${u}${entry.endedAt}${u}${entry.ending}${u}${entry.status}${u}${entry.attempts}${u}` +
    `${usageContent(entry.usage)}${u}` +
    `${entry.cost ?? ''}${u}${entry.inputCost ?? ''}${u}${entry.priceVersion ?? ''}${u}${flag(entry.estimated)}${u}` +
    `${entry.deliveredBytes}${u}${entry.notes.length === 0 ? '[]' : JSON.stringify(entry.notes)}${u}` +
    `${entry.corrects ?? CONTENT_NULL}${u}${flag(entry.ratesUnpriced)}`
  )
}

const flag = (value: boolean): '0' | '1' => (value ? '1' : '0')

function usageContent(usage: Usage | null): string {
  const u = CONTENT_UNIT
  if (usage === null) return `${CONTENT_NULL}${u}${u}${CONTENT_NULL}${u}0`
  const { quantities, reasoningTokens, variant, estimated } = usage
  return `${canonicalJson(quantities)}${u}${reasoningTokens ?? ''}${u}${variant ?? CONTENT_NULL}${u}${flag(estimated)}`
}

/** Anything below the space. */
const CONTROL_CHARACTERS = /[^ -\uffff]/

function refuseControlCharacters(entry: LedgerEntry): void {
  const ids =
    `${entry.tenantId}${entry.keyId}${entry.modelId}${entry.baseModel}${entry.region}${entry.requestId}` +
    `${entry.upstreamRequestId}${entry.corrects}${entry.usage?.variant}`
  if (CONTROL_CHARACTERS.test(ids)) throw new RangeError('a ledger entry may not hold control characters in its ids')
}

/** What an entry's rollup bucket is keyed by, in the order of ROLLUP_KEYS. An unknown base model is the empty text. */
export function rollupKeyContent(entry: LedgerEntry): string {
  const u = CONTENT_UNIT
  return (
    `${entry.tenantId}${u}${entry.keyId}${u}${entry.modelId}${u}${entry.baseModel ?? ''}${u}${entry.routing}${u}${entry.tier}${u}` +
    `${entry.region}${u}${entry.operation}${u}${entry.surface}${u}${canonicalJson(entry.metadata)}`
  )
}

/** JSON of a flat object with its keys sorted; absent members are left out. */
export function canonicalJson(flat: Readonly<Record<string, string | number | null | undefined>>): string {
  let text = '{'
  for (const name of Object.keys(flat).sort()) {
    const value = flat[name]
    if (value === undefined) continue
    text += `${text === '{' ? '' : ','}${JSON.stringify(name)}:${typeof value === 'string' ? JSON.stringify(value) : value}`
  }
  return `${text}}`
}

// The ledger: one immutable entry for every admitted call, and corrections, which are entries too.

import type { PicoUsd } from './money.ts'
import type { Routing, Tier } from './model.ts'
import type { TenantScope } from './tenant.ts'
import { DIMENSION_NAMES, type Dimension, type Quantities, type Usage } from './usage.ts'

/** How a call ended; one word each, said once. */
export const ENDINGS = [
  'completed', // the client got the whole answer
  'client_aborted', // the client left before the end
  'upstream_refused', // the upstream answered with an error status and billed nothing
  'upstream_failed', // the upstream broke off, or answered with an exception inside the stream
  'gateway_stopped', // the gateway ended the call: time limit, slow reader, shutdown
  'budget_cut', // the gateway ended the answer: it outgrew what the budget held for it
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
  /** of a call whose cost is not known: what was held for it, which budgets count until a correction rates it */
  readonly heldCost?: PicoUsd
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

/** Separators inside an entry's content, and of contents from each other; no text of an entry may hold them. */
export const CONTENT_UNIT = '\x1f'
export const CONTENT_PART = '\x1e'
export const CONTENT_GROUP = '\x1d'

/**
 * Everything an entry says, as one text with a fixed order: two entries are the same exactly when their contents are. Two parts: what its
 * rollup bucket is keyed by, and the rest (CONTENT_FIELDS). On the hot path, hence few fields and plain concatenation.
 */
export function entryContent(entry: LedgerEntry): string {
  const u = CONTENT_UNIT
  const { usage, cost, inputCost } = entry
  const content =
    `${rollupKeyContent(entry)}${CONTENT_PART}${entry.requestId}${u}${entry.startedAt}${u}` +
    `${usage === null ? '' : quantitiesJson(usage.quantities)}${u}${cost ?? ''}${u}${inputCost ?? ''}${u}` +
    `${entry.corrects ?? ''}${u}${entryMarks(entry)}${u}${detailsJson(entry)}`
  // the other separators are counted where the content is taken apart
  if (content.includes(CONTENT_GROUP)) throw new RangeError('a ledger entry may not hold control characters in its ids')
  return content
}

export const CONTENT_FIELDS = [
  'requestId',
  'startedAt',
  'quantities',
  'cost',
  'inputCost',
  'corrects',
  'marks',
  'details',
] as const

/** The yes-or-no sides of an entry that sums and filters ask for, as bits of one number. */
export const MARKS = { estimated: 1, correction: 2, ratesUnpriced: 4 } as const

const entryMarks = (entry: LedgerEntry): number =>
  (entry.estimated ? MARKS.estimated : 0) |
  (entry.ending === 'correction' ? MARKS.correction : 0) |
  (entry.ratesUnpriced ? MARKS.ratesUnpriced : 0)

/** What nothing is summed, filtered or sorted by, in this order. */
export type EntryDetails = readonly [
  upstreamRequestId: string | null,
  endedAt: number,
  ending: Ending,
  status: number,
  attempts: number,
  priceVersion: number | null,
  deliveredBytes: number,
  notes: readonly string[],
  usageEstimated: 0 | 1,
  reasoningTokens: number | null,
  variant: string | null,
  heldCost?: string,
]

function detailsJson(entry: LedgerEntry): string {
  const { usage, notes, upstreamRequestId } = entry
  const upstream = upstreamRequestId === null ? 'null' : JSON.stringify(upstreamRequestId)
  const variant = usage?.variant === undefined ? 'null' : JSON.stringify(usage.variant)
  return (
    `[${upstream},${entry.endedAt},"${entry.ending}",${entry.status},${entry.attempts},${entry.priceVersion},` +
    `${entry.deliveredBytes},${notes.length === 0 ? '[]' : JSON.stringify(notes)},` +
    `${usage?.estimated === true ? 1 : 0},${usage?.reasoningTokens ?? 'null'},${variant}` +
    `${entry.heldCost === undefined ? '' : `,"${entry.heldCost}"`}]`
  )
}

const SORTED_DIMENSIONS: readonly Dimension[] = [...DIMENSION_NAMES].sort()

/** As canonicalJson, for the names of dimensions, which need no escaping. */
function quantitiesJson(quantities: Quantities): string {
  let text = ''
  for (const name of SORTED_DIMENSIONS) {
    const value = quantities[name]
    if (value !== undefined) text += `${text === '' ? '{"' : ',"'}${name}":${value}`
  }
  return text === '' ? '{}' : `${text}}`
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
function canonicalJson(flat: Readonly<Record<string, string | number | null | undefined>>): string {
  let text = '{'
  if (isEmpty(flat)) return '{}'
  for (const name of Object.keys(flat).sort()) {
    const value = flat[name]
    if (value === undefined) continue
    text += `${text === '{' ? '' : ','}${JSON.stringify(name)}:${typeof value === 'string' ? JSON.stringify(value) : value}`
  }
  return `${text}}`
}

function isEmpty(flat: object): boolean {
  for (const _name in flat) return false
  return true
}

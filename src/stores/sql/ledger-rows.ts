// A stored entry, read back: the row of `entries` with its `rollup_keys` becomes the LedgerEntry that was appended.

import type { Ending, LedgerEntry } from '../../core/ledger.ts'
import type { Routing, Tier } from '../../core/model.ts'
import { picoUsd } from '../../core/money.ts'
import type { RollupKey } from '../../core/rollup.ts'
import type { Quantities, Usage } from '../../core/usage.ts'
import type { RollupKeyColumns } from './schema.ts'

/** Bits of a position below the time: a million entries may start in one millisecond. */
export const SEQUENCE_BITS = 20n

export const positionOf = (startedAt: number): bigint => BigInt(startedAt) << SEQUENCE_BITS

/** What ENTRY_COLUMNS and KEY_COLUMNS select. */
export type EntryRow = RollupKeyColumns & {
  position: bigint
  request_id: string
  upstream_request_id: string | null
  duration: bigint
  ending: string
  status: bigint
  attempts: bigint
  quantities: string | null
  reasoning_tokens: bigint | null
  variant: string | null
  usage_estimated: bigint
  cost: bigint | null
  input_cost: bigint | null
  price_version: bigint | null
  estimated: bigint
  delivered_bytes: bigint
  notes: string | null
  corrects: string | null
  rates_unpriced: bigint
  checksum: bigint
}

export const ENTRY_COLUMNS = [
  'entries.position',
  'entries.request_id',
  'entries.upstream_request_id',
  'entries.duration',
  'entries.ending',
  'entries.status',
  'entries.attempts',
  'entries.quantities',
  'entries.reasoning_tokens',
  'entries.variant',
  'entries.usage_estimated',
  'entries.cost',
  'entries.input_cost',
  'entries.price_version',
  'entries.estimated',
  'entries.delivered_bytes',
  'entries.notes',
  'entries.corrects',
  'entries.rates_unpriced',
  'entries.checksum',
] as const

export const KEY_COLUMNS = [
  'rollup_keys.tenant_id',
  'rollup_keys.key_id',
  'rollup_keys.model_id',
  'rollup_keys.base_model',
  'rollup_keys.routing',
  'rollup_keys.tier',
  'rollup_keys.region',
  'rollup_keys.operation',
  'rollup_keys.surface',
  'rollup_keys.metadata',
] as const

/** The column of each thing that a rollup is keyed by. */
export const KEY_COLUMN = {
  tenant: 'tenant_id',
  key: 'key_id',
  model: 'model_id',
  base_model: 'base_model',
  routing: 'routing',
  tier: 'tier',
  region: 'region',
  operation: 'operation',
  surface: 'surface',
  metadata: 'metadata',
} as const satisfies Record<RollupKey, string>

export function entryFromRow(row: EntryRow): LedgerEntry {
  const startedAt = Number(row.position >> SEQUENCE_BITS)
  return {
    requestId: row.request_id,
    upstreamRequestId: row.upstream_request_id,
    tenantId: row.tenant_id,
    keyId: row.key_id,
    modelId: row.model_id,
    baseModel: row.base_model === '' ? null : row.base_model,
    routing: row.routing as Routing,
    region: row.region,
    tier: row.tier as Tier,
    operation: row.operation,
    surface: row.surface,
    startedAt,
    endedAt: startedAt + Number(row.duration),
    ending: row.ending as Ending,
    status: Number(row.status),
    attempts: Number(row.attempts),
    usage: usageFromRow(row),
    cost: row.cost === null ? null : picoUsd(row.cost),
    inputCost: row.input_cost === null ? null : picoUsd(row.input_cost),
    priceVersion: row.price_version === null ? null : Number(row.price_version),
    estimated: row.estimated === 1n,
    deliveredBytes: Number(row.delivered_bytes),
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    notes: row.notes === null ? [] : (JSON.parse(row.notes) as string[]),
    corrects: row.corrects,
    ratesUnpriced: row.rates_unpriced === 1n,
  }
}

function usageFromRow(row: EntryRow): Usage | null {
  if (row.quantities === null) return null
  return {
    quantities: JSON.parse(row.quantities) as Quantities,
    estimated: row.usage_estimated === 1n,
    ...(row.reasoning_tokens === null ? {} : { reasoningTokens: Number(row.reasoning_tokens) }),
    ...(row.variant === null ? {} : { variant: row.variant }),
  }
}

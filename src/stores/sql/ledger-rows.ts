// A stored entry, read back: the row of `entries` with its `rollup_keys` becomes the LedgerEntry that was appended.

import { MARKS } from '../../core/ledger.ts'
import type { EntryDetails, LedgerEntry } from '../../core/ledger.ts'
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
  quantities: string | null
  cost: bigint | null
  input_cost: bigint | null
  corrects: string | null
  marks: bigint
  details: string
  checksum: bigint
}

export const ENTRY_COLUMNS = [
  'entries.position',
  'entries.request_id',
  'entries.quantities',
  'entries.cost',
  'entries.input_cost',
  'entries.corrects',
  'entries.marks',
  'entries.details',
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
  const [upstreamRequestId, endedAt, ending, status, attempts, priceVersion, deliveredBytes, notes, ...rest] =
    JSON.parse(row.details) as EntryDetails
  const [usageEstimated, reasoningTokens, variant, heldCost] = rest
  return {
    requestId: row.request_id,
    upstreamRequestId,
    tenantId: row.tenant_id,
    keyId: row.key_id,
    modelId: row.model_id,
    baseModel: row.base_model === '' ? null : row.base_model,
    routing: row.routing as Routing,
    region: row.region,
    tier: row.tier as Tier,
    operation: row.operation,
    surface: row.surface,
    startedAt: Number(row.position >> SEQUENCE_BITS),
    endedAt,
    ending,
    status,
    attempts,
    usage: row.quantities === null ? null : usageFrom(row.quantities, [usageEstimated, reasoningTokens, variant]),
    cost: row.cost === null ? null : picoUsd(row.cost),
    ...(heldCost === undefined ? {} : { heldCost: picoUsd(BigInt(heldCost)) }),
    inputCost: row.input_cost === null ? null : picoUsd(row.input_cost),
    priceVersion,
    estimated: isMarked(row.marks, MARKS.estimated),
    deliveredBytes,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    notes,
    corrects: row.corrects,
    ratesUnpriced: isMarked(row.marks, MARKS.ratesUnpriced),
  }
}

export const isMarked = (marks: bigint | number, mark: number): boolean => (Number(marks) & mark) !== 0

/** All values of the column that have this mark. */
export const markedValues = (mark: number): bigint[] =>
  [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].filter((marks) => isMarked(marks, mark))

function usageFrom(quantities: string, consumed: readonly [0 | 1, number | null, string | null]): Usage {
  const [estimated, reasoningTokens, variant] = consumed
  return {
    quantities: JSON.parse(quantities) as Quantities,
    estimated: estimated === 1,
    ...(reasoningTokens === null ? {} : { reasoningTokens }),
    ...(variant === null ? {} : { variant }),
  }
}

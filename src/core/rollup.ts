// Rollups: hourly sums folded from ledger entries; they can be deleted and rebuilt to the same numbers.

import type { PicoUsd } from './money.ts'
import type { TenantScope } from './tenant.ts'
import type { Dimension } from './usage.ts'

/** The columns a bucket is keyed by, beside the hour. `metadata` is the canonical JSON of the configured keys. */
export const ROLLUP_KEYS = [
  'tenant',
  'key',
  'model',
  'base_model',
  'routing',
  'tier',
  'region',
  'operation',
  'surface',
  'metadata',
] as const
export type RollupKey = (typeof ROLLUP_KEYS)[number]

export type RollupBucket = {
  /** milliseconds since the epoch of the hour's start, by when the call began */
  readonly hour: number
  readonly key: Readonly<Record<RollupKey, string>>
  readonly calls: number
  /** calls whose cost is unknown and no correction has rated since */
  readonly unpricedCalls: number
  readonly estimatedCalls: number
  readonly quantities: Readonly<Partial<Record<Dimension, bigint>>>
  /** sums over the priced entries and corrections only */
  readonly inputCost: PicoUsd
  readonly outputCost: PicoUsd
}

export type RollupQuestion = {
  readonly from: number
  readonly to: number
  readonly groupBy: readonly (RollupKey | 'hour' | 'day' | 'month')[]
  readonly tenantId?: string
  readonly modelId?: string
}

/** One row of a grouped answer; `group` holds a value for each asked column (times as ISO 8601 dates). */
export type RollupRow = {
  readonly group: Readonly<Record<string, string>>
  readonly calls: bigint
  readonly unpricedCalls: bigint
  readonly estimatedCalls: bigint
  readonly quantities: Readonly<Partial<Record<Dimension, bigint>>>
  readonly inputCost: PicoUsd
  readonly outputCost: PicoUsd
}

export interface RollupStore {
  /** Sorted by the group columns in the order asked. */
  query(scope: TenantScope, question: RollupQuestion): Promise<readonly RollupRow[]>
  /** Deletes and rebuilds from the ledger; returns how many entries were folded and whether anything differed before. */
  rebuild(options: { verifyOnly: boolean; onProgress?: (entries: number) => void }): Promise<{
    entries: number
    buckets: number
    differences: readonly string[]
  }>
}

// Rollups: hourly sums folded from ledger entries; they can be deleted and rebuilt to the same numbers.

import { CONTENT_UNIT, rollupKeyContent } from './ledger.ts'
import type { LedgerEntry } from './ledger.ts'
import { addUsd, subtractUsd, ZERO_USD } from './money.ts'
import type { PicoUsd } from './money.ts'
import type { TenantScope } from './tenant.ts'
import type { Dimension, Quantities } from './usage.ts'

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

export const HOUR_MILLISECONDS = 3_600_000

export const hourOf = (startedAt: number): number => startedAt - (startedAt % HOUR_MILLISECONDS)

/** The sums of a bucket while entries are folded into them. */
export type RollupSums = {
  calls: number
  unpricedCalls: number
  estimatedCalls: number
  quantities: Partial<Record<Dimension, bigint>>
  inputCost: PicoUsd
  outputCost: PicoUsd
}

export const emptySums = (): RollupSums => ({
  calls: 0,
  unpricedCalls: 0,
  estimatedCalls: 0,
  quantities: {},
  inputCost: ZERO_USD,
  outputCost: ZERO_USD,
})

/** The part of an entry that sums are made of. */
export type FoldedPart = Pick<LedgerEntry, 'cost' | 'inputCost' | 'estimated' | 'ratesUnpriced'> & {
  readonly correction: boolean
  readonly quantities: Quantities | null
}

/**
 * Adds one entry. A correction is no call: it adds its difference in cost and, where it rates a call that had no cost, takes that call
 * out of the unpriced ones; what was consumed stays with the call.
 */
export function foldEntry(sums: RollupSums, entry: FoldedPart): void {
  if (entry.cost !== null && entry.inputCost !== null) {
    sums.inputCost = addUsd(sums.inputCost, entry.inputCost)
    sums.outputCost = addUsd(sums.outputCost, subtractUsd(entry.cost, entry.inputCost))
  }
  if (entry.correction) {
    if (entry.ratesUnpriced) sums.unpricedCalls -= 1
    return
  }
  sums.calls += 1
  if (entry.cost === null) sums.unpricedCalls += 1
  if (entry.estimated) sums.estimatedCalls += 1
  for (const name in entry.quantities) {
    const dimension = name as Dimension
    const quantity = entry.quantities[dimension]
    if (quantity === null || quantity === undefined) continue
    sums.quantities[dimension] = (sums.quantities[dimension] ?? 0n) + BigInt(quantity)
  }
}

/** Adds one set of sums to another. */
export function foldSums(into: RollupSums, more: RollupSums): void {
  into.calls += more.calls
  into.unpricedCalls += more.unpricedCalls
  into.estimatedCalls += more.estimatedCalls
  into.inputCost = addUsd(into.inputCost, more.inputCost)
  into.outputCost = addUsd(into.outputCost, more.outputCost)
  for (const [name, quantity] of Object.entries(more.quantities)) {
    const dimension = name as Dimension
    into.quantities[dimension] = (into.quantities[dimension] ?? 0n) + quantity
  }
}

/** Folds entries into hourly buckets, sorted by hour and key. */
export function fold(entries: Iterable<LedgerEntry>): readonly RollupBucket[] {
  const buckets = new Map<string, { hour: number; content: string; sums: RollupSums }>()
  for (const entry of entries) {
    const hour = hourOf(entry.startedAt)
    const content = rollupKeyContent(entry)
    const name = `${String(hour).padStart(15, '0')}${CONTENT_UNIT}${content}`
    const bucket = buckets.get(name) ?? { hour, content, sums: emptySums() }
    buckets.set(name, bucket)
    foldEntry(bucket.sums, {
      ...entry,
      correction: entry.ending === 'correction',
      quantities: entry.usage?.quantities ?? null,
    })
  }
  return [...buckets.keys()].sort().map((name) => {
    const { hour, content, sums } = buckets.get(name) as { hour: number; content: string; sums: RollupSums }
    return { hour, key: rollupKeyFrom(content), ...sums }
  })
}

/** Reads back what rollupKeyContent wrote. */
export function rollupKeyFrom(content: string): Readonly<Record<RollupKey, string>> {
  const parts = content.split(CONTENT_UNIT)
  return Object.fromEntries(ROLLUP_KEYS.map((name, index) => [name, parts[index] ?? ''])) as Record<RollupKey, string>
}

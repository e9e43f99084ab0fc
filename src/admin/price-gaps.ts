// Which prices are missing: the calls without a cost, by what stands in the way of one.

import { z } from 'zod'
import type { LedgerEntry } from '../core/ledger.ts'
import type { PriceBook } from '../core/price-book.ts'
import { rate } from '../core/rating.ts'
import { DIMENSION_NAMES, type Dimension } from '../core/usage.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'

const MOST_ENTRIES = 20_000
const PAGE_ENTRIES = 1_000

/**
 * no_price: the dimensions lack one · unknown_usage: nobody knows what was used · unknown_model: the id names no base model ·
 * priced_now: a price has come since, and the next re-rating takes it
 */
const REASONS = ['no_price', 'unknown_usage', 'unknown_model', 'priced_now'] as const

type Gap = {
  base_model: string | null
  model_id: string
  routing: LedgerEntry['routing']
  region: string
  tier: LedgerEntry['tier']
  variant: string
  dimensions: Dimension[]
  reason: (typeof REASONS)[number]
  calls: number
  first_at: string
  last_at: string
}

export const listMissingPrices = operation({
  words: 'Calls without a cost, by model and what stands in the way, most calls first.',
  query: z.strictObject({ from: fields.instant.optional(), to: fields.instant.optional() }),
  reply: z.object({
    missing: z.array(
      z.object({
        base_model: z.string().nullable(),
        model_id: z.string(),
        routing: z.string(),
        region: z.string(),
        tier: z.string(),
        variant: z.string(),
        dimensions: z.array(z.enum(DIMENSION_NAMES)),
        reason: z.enum(REASONS),
        calls: z.number(),
        first_at: z.string(),
        last_at: z.string(),
      }),
    ),
    entries_read: z.number(),
    complete: z.boolean().meta({ description: `false: only the newest ${MOST_ENTRIES} calls were read` }),
  }),
  async run({ deps, scope, query }) {
    const book = deps.priceBook()
    const gaps = new Map<string, Gap>()
    const filter = {
      unpricedOnly: true,
      ...(query.from === undefined ? {} : { from: fields.millisecondsOf(query.from) }),
      ...(query.to === undefined ? {} : { to: fields.millisecondsOf(query.to) }),
    }
    let cursor: string | null = null
    let read = 0
    do {
      const page: Awaited<ReturnType<typeof deps.ledger.page>> = await deps.ledger.page(scope, filter, {
        cursor,
        limit: PAGE_ENTRIES,
      })
      for (const entry of page.entries) addGap(gaps, entry, book)
      read += page.entries.length
      cursor = page.nextCursor
    } while (cursor !== null && read < MOST_ENTRIES)
    const missing = [...gaps.values()].toSorted((a, b) => b.calls - a.calls)
    return { missing, entries_read: read, complete: cursor === null }
  },
})

function addGap(gaps: Map<string, Gap>, entry: LedgerEntry, book: PriceBook): void {
  const { reason, dimensions } = reasonOf(entry, book)
  const { baseModel, modelId, routing, region, tier } = entry
  const variant = entry.usage?.variant ?? ''
  const name = JSON.stringify([baseModel, modelId, routing, region, tier, variant, reason, dimensions])
  const at = fields.timeOf(entry.startedAt)
  const gap = gaps.get(name)
  if (gap === undefined) {
    const found = { base_model: baseModel, model_id: modelId, routing, region, tier, variant, dimensions, reason }
    gaps.set(name, { ...found, calls: 1, first_at: at, last_at: at })
    return
  }
  gap.calls += 1
  if (at < gap.first_at) gap.first_at = at
  if (at > gap.last_at) gap.last_at = at
}

function reasonOf(entry: LedgerEntry, book: PriceBook): Pick<Gap, 'reason' | 'dimensions'> {
  const { baseModel, usage, routing, region, tier, tenantId, startedAt: at } = entry
  if (baseModel === null) return { reason: 'unknown_model', dimensions: [] }
  const unknown = usage === null ? [] : DIMENSION_NAMES.filter((name) => usage.quantities[name] === null)
  if (usage === null || unknown.length > 0) return { reason: 'unknown_usage', dimensions: unknown }
  const { missing } = rate(book, { baseModel, routing, region, tier, tenantId, at }, usage)
  return { reason: missing.length === 0 ? 'priced_now' : 'no_price', dimensions: [...missing] }
}

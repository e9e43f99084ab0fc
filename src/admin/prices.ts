// The price book: what holds when, its versions, and changes to it; nothing stored is ever edited.

import { z } from 'zod'
import { parseModelId } from '../core/model.ts'
import { listPrices as pricesIn, priceKey, type FoundPrice, type PriceVersion } from '../core/price-book.ts'
import { SHIPPING_AUTHOR } from '../core/shipped-prices.ts'
import { invalid, notFound } from './errors.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'
import { applyChange } from './price-changes.ts'
import {
  adjustmentFromJson,
  hourlyPriceFromJson,
  hourlyPriceToJson,
  priceFromJson,
  priceReply,
  priceToJson,
  writtenAdjustment,
  writtenHourlyPrice,
  writtenPrice,
} from './price-json.ts'

const MOST_SHOWN = 5_000

/** A cursor of a list that is made anew for each page: the version that it was made from, and how many went before. */
const listCursor = z.string().regex(/^\d{1,9}-\d{1,9}$/, 'must be the next_cursor of an earlier answer')

export const listPrices = operation({
  words:
    'Prices, a page at a time; with `at`, those that a call beginning then is rated by. `model_id` may be a profile.',
  query: z.strictObject({
    model_id: fields.modelId.optional(),
    at: z.union([fields.instant, z.literal('now')]).optional(),
    tenant: fields.tenantId.optional().meta({ description: "only this tenant's own prices" }),
    cursor: listCursor.optional(),
    limit: fields.queryNumber(MOST_SHOWN, 1_000),
  }),
  reply: z.object({ price_version: z.number(), prices: z.array(priceReply), next_cursor: fields.nextCursor }),
  async run({ deps, query }) {
    const book = deps.priceBook()
    const asked = query.model_id === undefined ? null : parseModelId(query.model_id)
    if (query.model_id !== undefined && (asked === null || asked.baseModel === null)) {
      throw invalid('model_id', `"${query.model_id}" names no model that could have a price.`)
    }
    const at = query.at === 'now' ? deps.now() : query.at === undefined ? undefined : fields.millisecondsOf(query.at)
    const found = pricesIn(book, {
      ...(asked === null || asked.baseModel === null ? {} : { baseModel: asked.baseModel }),
      ...(at === undefined ? {} : { at }),
    }).filter(({ price }) => {
      if (query.tenant !== undefined && price.tenantId !== query.tenant) return false
      return asked?.kind !== 'system_profile' || price.routing === '*' || price.routing === asked.routing
    })
    const { page, next } = pageOf(found.toSorted(byKey), book.version, query)
    return { price_version: book.version, prices: page.map(priceToJson), next_cursor: next }
  },
})

export const changePrices = operation({
  words:
    'Stores a version of the price book. What contradicts itself is refused; what looks like a slip answers 409 with an example until `confirm` is true. Calls that were held without a price are rated at once.',
  body: z
    .strictObject({
      prices: z.array(writtenPrice).max(MOST_SHOWN).default([]),
      adjustments: z.array(writtenAdjustment).max(MOST_SHOWN).default([]),
      hourly: z.array(writtenHourlyPrice).max(MOST_SHOWN).default([]),
      note: z.string().trim().max(500).default(''),
      author: z
        .string()
        .trim()
        .min(1)
        .max(100)
        .refine((author) => author !== SHIPPING_AUTHOR, 'must not be the one of prices that came with the gateway')
        .default('admin'),
      confirm: z.boolean().default(false),
      dry_run: z.boolean().default(false),
    })
    .refine(({ prices, adjustments, hourly }) => prices.length + adjustments.length + hourly.length > 0, {
      path: ['prices'],
      message: 'must hold at least one price, or adjustments at least one percentage',
    }),
  reply: z.object({
    price_version: z.number().nullable().meta({ description: 'the version that was stored; null in a dry run' }),
    prices: z.number(),
    adjustments: z.number(),
    doubts: z.array(z.string()),
    rated_calls: z.number().nullable().meta({ description: 'null: they will be rated later' }),
  }),
  status: 201,
  async run({ deps, body }) {
    const prices = body.prices.map(priceFromJson)
    const adjustments = body.adjustments.map(adjustmentFromJson)
    const { author, note, confirm, dry_run: dryRun } = body
    const hourly = body.hourly.map(hourlyPriceFromJson)
    const outcome = await applyChange(deps, { prices, adjustments, hourly, author, note, confirm, dryRun })
    return {
      price_version: outcome.version,
      prices: prices.length,
      adjustments: adjustments.length,
      doubts: [...outcome.doubts],
      rated_calls: outcome.ratedCalls,
    }
  },
})

const versionReply = z.object({
  version: z.number(),
  created_at: z.string(),
  author: z.string(),
  note: z.string(),
  prices: z.number(),
  adjustments: z.number(),
})

export const listVersions = operation({
  words: 'All versions of the price book, newest first.',
  query: z.strictObject({ cursor: listCursor.optional(), limit: fields.queryNumber(1_000, 100) }),
  reply: z.object({ versions: z.array(versionReply), next_cursor: fields.nextCursor }),
  async run({ deps, query }) {
    const { version, versions } = deps.priceBook()
    const { page, next } = pageOf(versions.toReversed(), version, query)
    return { versions: page.map(versionToJson), next_cursor: next }
  },
})

export const getVersion = operation({
  words: 'One version of the price book with what it changed.',
  params: z.strictObject({
    version: z
      .string()
      .regex(/^[1-9]\d{0,8}$/, 'must be a whole number')
      .transform(Number),
  }),
  query: z.strictObject({ cursor: listCursor.optional(), limit: fields.queryNumber(MOST_SHOWN, 1_000) }),
  reply: versionReply.extend({
    changed_prices: z.array(priceReply),
    changed_adjustments: z.array(
      z.object({
        tenant_id: z.string(),
        basis_points: z.number(),
        effective_from: z.string(),
        effective_to: z.string().nullable(),
      }),
    ),
    changed_hourly: z.array(writtenHourlyPrice),
    next_cursor: fields.nextCursor,
  }),
  async run({ deps, params, query }) {
    const version = deps.priceBook().versions.find((one) => one.version === params.version)
    if (version === undefined) throw notFound(`price version ${params.version}`)
    const { page, next } = pageOf(version.prices, version.version, query)
    return {
      ...versionToJson(version),
      changed_prices: page.map((price) => priceToJson({ price, version: version.version })),
      changed_adjustments: version.adjustments.slice(0, MOST_SHOWN).map((adjustment) => ({
        tenant_id: adjustment.tenantId,
        basis_points: adjustment.basisPoints,
        effective_from: adjustment.effectiveFrom,
        effective_to: adjustment.effectiveTo,
      })),
      changed_hourly: (version.hourly ?? []).slice(0, MOST_SHOWN).map(hourlyPriceToJson),
      next_cursor: next,
    }
  },
})

const versionToJson = (version: PriceVersion): z.input<typeof versionReply> => ({
  version: version.version,
  created_at: version.createdAt,
  author: version.author,
  note: version.note,
  prices: version.prices.length,
  adjustments: version.adjustments.length,
})

const sortKey = ({ price }: FoundPrice): string => `${priceKey(price)}|${price.effectiveFrom}`

const byKey = (left: FoundPrice, right: FoundPrice): number => (sortKey(left) < sortKey(right) ? -1 : 1)

/** A book that has changed between two pages makes the cursor of the first worthless: that is said, not hidden. */
function pageOf<Item>(
  items: readonly Item[],
  version: number,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): { page: readonly Item[]; next: string | null } {
  const [made = version, start = 0] = (cursor ?? '').split('-').filter(Boolean).map(Number)
  if (made !== version)
    throw invalid('cursor', 'The price book has changed since this cursor was given out; begin again.')
  const end = start + limit
  return { page: items.slice(start, end), next: end < items.length ? `${version}-${end}` : null }
}

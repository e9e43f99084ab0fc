// AWS Price List files on their way into the book: read, compared with what holds, shown, and only then stored.

import { z } from 'zod'
import type { PicoUsd } from '../core/money.ts'
import { formatUnitPrice, type Price } from '../core/price-book.ts'
import { diffPrices } from '../core/price-diff.ts'
import type { AdminDependencies, PriceListReading } from './dependencies.ts'
import { invalid } from './errors.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'
import { applyChange } from './price-changes.ts'
import { perOf } from './price-json.ts'

const PRICE_LIST_BYTES = 67_108_864
const SHOWN_CHANGES = 500

const changeReply = z.object({
  base_model: z.string(),
  dimension: z.string(),
  region: z.string(),
  routing: z.string(),
  tier: z.string(),
  context_above: z.number(),
  variant: z.string(),
  effective_from: z.string(),
  before_usd: z.string().nullable(),
  after_usd: z.string(),
  per: z.enum(['1M', '1']),
})

export const importPriceList = operation({
  words:
    'Reads an AWS Price List file (AmazonBedrock or AmazonBedrockFoundationModels, JSON) sent as the body. `dry_run=true` shows what would change, `dry_run=false` stores it.',
  query: z.strictObject({ dry_run: fields.queryFlag, confirm: fields.queryFlag.default(false) }),
  body: z
    .custom<Buffer>((value) => Buffer.isBuffer(value) && value.length > 0, 'must be sent')
    .meta({ type: 'object' }),
  rawBodyBytes: PRICE_LIST_BYTES,
  reply: z.object({
    price_version: z.number().nullable(),
    published_at: z.string().nullable(),
    added: z.number(),
    changed: z.number(),
    unchanged: z.number(),
    changes: z.array(changeReply).meta({ description: `the first ${SHOWN_CHANGES}` }),
    skipped: z.array(z.object({ reason: z.string(), count: z.number(), example: z.string() })),
    doubts: z.array(z.string()),
    rated_calls: z.number().nullable().meta({ description: 'null: they will be rated later' }),
  }),
  async run({ deps, query, body }) {
    const reading = await readOrRefuse(deps, body)
    const changes = changesOf(deps, reading.prices)
    const wanted = changes.map(({ price }) => price)
    const outcome =
      wanted.length === 0
        ? { version: null, doubts: [], ratedCalls: 0 }
        : await applyChange(deps, {
            prices: wanted,
            adjustments: [],
            author: 'AWS Price List',
            note: `imported${reading.publishedAt === null ? '' : `, published ${reading.publishedAt}`}`,
            confirm: query.confirm,
            dryRun: query.dry_run,
          })
    const added = changes.filter(({ before }) => before === null).length
    return {
      price_version: outcome.version,
      published_at: reading.publishedAt,
      added,
      changed: changes.length - added,
      unchanged: reading.prices.length - changes.length,
      changes: changes.slice(0, SHOWN_CHANGES).map(changeToJson),
      skipped: reading.skipped.map((row) => ({ ...row })),
      doubts: outcome.doubts.slice(0, SHOWN_CHANGES),
      rated_calls: outcome.ratedCalls,
    }
  },
})

async function readOrRefuse(deps: AdminDependencies, file: Buffer): Promise<PriceListReading> {
  try {
    return await deps.readPriceList(file)
  } catch (thrown) {
    if (!(thrown instanceof RangeError) && !(thrown instanceof SyntaxError)) throw thrown
    throw invalid(null, `This is not an AWS Price List file: ${thrown.message}`)
  }
}

type Change = { readonly price: Price; readonly before: PicoUsd | null }

/** What calls would be charged otherwise than now; a row that says the same as a wider one changes nothing. */
function changesOf(deps: AdminDependencies, prices: readonly Price[]): readonly Change[] {
  const { added, changed } = diffPrices(deps.priceBook(), prices, deps.now())
  return [
    ...changed.map(({ price, old }) => ({ price, before: old })),
    ...added.map((price) => ({ price, before: null })),
  ]
}

const changeToJson = ({ price, before }: Change): z.input<typeof changeReply> => ({
  base_model: price.baseModel,
  dimension: price.dimension,
  region: price.region,
  routing: price.routing,
  tier: price.tier,
  context_above: price.contextAbove,
  variant: price.variant,
  effective_from: price.effectiveFrom,
  before_usd: before === null ? null : formatUnitPrice(before, price.dimension),
  after_usd: formatUnitPrice(price.unitPrice, price.dimension),
  per: perOf(price.dimension),
})

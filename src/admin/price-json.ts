// Prices between JSON and the domain: entered and shown in USD per 1M tokens, or per one image, second or search.

import { z } from 'zod'
import { ROUTINGS, TIERS } from '../core/model.ts'
import { formatPicoUsd, parsePicoUsd } from '../core/money.ts'
import {
  formatUnitPrice,
  parseUnitPrice,
  type FoundPrice,
  type HourlyPrice,
  type Price,
  type PriceAdjustment,
} from '../core/price-book.ts'
import { DIMENSION_NAMES, DIMENSIONS, type Dimension } from '../core/usage.ts'
import { invalid } from './errors.ts'
import * as fields from './fields.ts'

const dimension = z.enum(DIMENSION_NAMES as [Dimension, ...Dimension[]])
const routing = z.enum([...ROUTINGS, '*'])

const SHORT_TEXT = /^[A-Za-z0-9][A-Za-z0-9 ._:/x-]{0,63}$/

/** One price as people write it. */
export const writtenPrice = z.strictObject({
  base_model: fields.modelId,
  dimension,
  usd: z
    .string()
    .regex(/^\d{1,9}(?:\.\d{1,12})?$/, 'must be a decimal string in USD, such as "3" or "0.0375"')
    .meta({ description: 'USD per 1M tokens; per one of images, seconds, searches, text units and requests' }),
  region: z.string().max(32).default('*'),
  routing: routing.default('*'),
  tier: z.enum(TIERS).default('standard'),
  context_above: z.int().min(0).default(0),
  variant: z.union([z.literal(''), z.string().regex(SHORT_TEXT, 'must be a size, quality or resolution')]).default(''),
  tenant_id: fields.tenantId.nullable().default(null),
  effective_from: fields.instant,
  effective_to: fields.instant.nullable().default(null),
  source: z.string().trim().min(1).max(300).default('entered'),
})

/** A percentage on list prices for one tenant. */
export const writtenAdjustment = z.strictObject({
  tenant_id: fields.tenantId,
  basis_points: z.int().min(0).max(1_000_000).meta({ description: '10000 changes nothing, 9000 is ten percent off' }),
  effective_from: fields.instant,
  effective_to: fields.instant.nullable().default(null),
})

/** What capacity costs for an hour, used or not. */
export const writtenHourlyPrice = z.strictObject({
  model_id: fields.modelId.meta({
    description: 'the id that is called: "sagemaker.<id>", or the ARN of provisioned throughput',
  }),
  usd: z
    .string()
    .regex(/^\d{1,6}(?:\.\d{1,12})?$/, 'must be a decimal string in USD, such as "1.408"')
    .meta({ description: 'USD for one instance, or model unit, for one hour' }),
  units: z.int().min(0).max(10_000).default(1).meta({ description: 'instances, or model units' }),
  idle_tenant_id: fields.tenantId
    .nullable()
    .default(null)
    .meta({ description: 'who pays for hours in which nobody calls; null: nobody' }),
  effective_from: fields.instant,
  effective_to: fields.instant.nullable().default(null),
  source: z.string().trim().min(1).max(300).default('entered'),
})

export const hourlyPriceFromJson = (written: z.output<typeof writtenHourlyPrice>): HourlyPrice => ({
  modelId: written.model_id,
  unitPrice: parsePicoUsd(written.usd),
  units: written.units,
  idleTenantId: written.idle_tenant_id,
  effectiveFrom: written.effective_from,
  effectiveTo: written.effective_to,
  source: written.source,
})

export const hourlyPriceToJson = (price: HourlyPrice): z.input<typeof writtenHourlyPrice> => ({
  model_id: price.modelId,
  usd: formatPicoUsd(price.unitPrice),
  units: price.units,
  idle_tenant_id: price.idleTenantId,
  effective_from: price.effectiveFrom,
  effective_to: price.effectiveTo,
  source: price.source,
})

export const priceReply = z.object({
  base_model: z.string(),
  dimension,
  usd: z.string(),
  per: z.enum(['1M', '1']),
  region: z.string(),
  routing,
  tier: z.enum(TIERS),
  context_above: z.number(),
  variant: z.string(),
  tenant_id: z.string().nullable(),
  effective_from: z.string(),
  effective_to: z.string().nullable(),
  source: z.string(),
  version: z.number(),
})

export function priceFromJson(written: z.output<typeof writtenPrice>, index: number): Price {
  return {
    baseModel: written.base_model,
    region: written.region,
    routing: written.routing,
    tier: written.tier,
    contextAbove: written.context_above,
    dimension: written.dimension,
    variant: written.variant,
    tenantId: written.tenant_id,
    unitPrice: unitPriceOf(written.usd, written.dimension, index),
    effectiveFrom: written.effective_from,
    effectiveTo: written.effective_to,
    source: written.source,
  }
}

function unitPriceOf(usd: string, of: Dimension, index: number): Price['unitPrice'] {
  try {
    return parseUnitPrice(usd, of)
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown
    throw invalid(`prices[${index}].usd`, `${thrown.message}.`)
  }
}

export const adjustmentFromJson = (written: z.output<typeof writtenAdjustment>): PriceAdjustment => ({
  tenantId: written.tenant_id,
  basisPoints: written.basis_points,
  effectiveFrom: written.effective_from,
  effectiveTo: written.effective_to,
})

export const priceToJson = ({ price, version }: Pick<FoundPrice, 'price' | 'version'>): z.input<typeof priceReply> => ({
  base_model: price.baseModel,
  dimension: price.dimension,
  usd: formatUnitPrice(price.unitPrice, price.dimension),
  per: perOf(price.dimension),
  region: price.region,
  routing: price.routing,
  tier: price.tier,
  context_above: price.contextAbove,
  variant: price.variant,
  tenant_id: price.tenantId,
  effective_from: price.effectiveFrom,
  effective_to: price.effectiveTo,
  source: price.source,
  version,
})

export const perOf = (of: Dimension): '1M' | '1' => (DIMENSIONS[of].per === 'million' ? '1M' : '1')

// A change to the price book on its way in: checked, confirmed where it looks like a slip, stored whole, made effective.

import { parseModelId } from '../core/model.ts'
import { formatPicoUsd, picoUsd } from '../core/money.ts'
import {
  findPrice,
  periodOf,
  type HourlyPrice,
  type Price,
  type PriceAdjustment,
  type PriceBook,
} from '../core/price-book.ts'
import { checkPrices } from '../core/price-check.ts'
import { DIMENSIONS } from '../core/usage.ts'
import type { AdminDependencies } from './dependencies.ts'
import { makeEffective } from './effective.ts'
import { AdminError, invalid } from './errors.ts'
import { timeOf } from './fields.ts'
import { shadowsOf } from './price-shadows.ts'

export type WantedChange = {
  readonly prices: readonly Price[]
  readonly adjustments: readonly PriceAdjustment[]
  readonly hourly?: readonly HourlyPrice[]
  readonly author: string
  readonly note: string
  readonly confirm: boolean
  readonly dryRun: boolean
}

export type PriceOutcome = {
  /** null: nothing was stored */
  readonly version: number | null
  /** what looks like a slip, in words */
  readonly doubts: readonly string[]
  /** calls without a price until now that have one now; null: the version is stored, and rating them failed */
  readonly ratedCalls: number | null
}

const SHOWN_DOUBTS = 5

/** Throws AdminError: what contradicts itself is refused; what looks like a slip needs `confirm`, except in a dry run. */
export async function applyChange(deps: AdminDependencies, wanted: WantedChange): Promise<PriceOutcome> {
  const { prices, adjustments, hourly = [], author, note } = wanted
  const book = deps.priceBook()
  const problems = checkPrices({ prices, adjustments }, book)
  const refused = problems.find(({ kind }) => kind === 'refused')
  if (refused !== undefined) throw invalid(fieldOf(refused.index), refused.message)
  for (const [index, price] of hourly.entries()) refuseHourly(price, index)
  await refuseUnknownTenants(deps, { prices, adjustments, hourly })
  const shadows = shadowsOf(prices, book)
  const doubts = [
    ...problems.map(({ index, message }) => {
      const price = index === null ? undefined : prices[index]
      return price === undefined ? message : `${message} ${exampleOf(price, book)}`
    }),
    ...shadows.map(({ message }) => message),
  ]
  if (wanted.dryRun) return { version: null, doubts, ratedCalls: 0 }
  if (doubts.length > 0 && !wanted.confirm)
    throw confirmationNeeded(doubts, [...problems, ...shadows][0]?.index ?? null)
  const version = await deps.prices.appendVersion({
    prices,
    adjustments,
    ...(hourly.length === 0 ? {} : { hourly }),
    author,
    note,
    createdAt: timeOf(deps.now()),
  })
  await makeEffective(deps)
  return { version, doubts, ratedCalls: await rateHeldCalls(deps) }
}

async function rateHeldCalls(deps: AdminDependencies): Promise<number | null> {
  try {
    return (await deps.jobs.ratePreviouslyUnpriced()).rated
  } catch (thrown) {
    deps.onFailure(thrown, 'change')
    return null
  }
}

const fieldOf = (index: number | null): string => (index === null ? 'adjustments' : `prices[${index}]`)

function confirmationNeeded(doubts: readonly string[], index: number | null): AdminError {
  const shown = doubts.slice(0, SHOWN_DOUBTS).join(' ')
  const more = doubts.length > SHOWN_DOUBTS ? ` And ${doubts.length - SHOWN_DOUBTS} more.` : ''
  return new AdminError('confirmation_needed', {
    field: fieldOf(index),
    message: `${shown}${more} Nothing was stored. Send it again with "confirm": true if it is meant.`,
  })
}

/** The same call at the new price and at the one that holds without it. */
function exampleOf(price: Price, book: PriceBook): string {
  const quantity = DIMENSIONS[price.dimension].per === 'million' ? 10_000n : 1n
  const found = findPrice(
    book,
    {
      baseModel: price.baseModel,
      routing: price.routing === '*' ? 'regional' : price.routing,
      region: price.region,
      tier: price.tier,
      contextTokens: price.contextAbove === 0 ? 0 : price.contextAbove + 1,
      variant: price.variant,
      tenantId: price.tenantId ?? '',
      at: periodOf(price).from,
    },
    price.dimension,
  )
  const cost = (unitPrice: bigint): string => `${formatPicoUsd(picoUsd(unitPrice * quantity))} USD`
  const before = found === null ? 'it has no price without it' : `without it, ${cost(found.unitPrice)}`
  return `For example, ${quantity.toLocaleString('en-US')} ${price.dimension} would cost ${cost(price.unitPrice)}; ${before}.`
}

const HOUR_MILLISECONDS = 3_600_000

/** Hours are divided whole, so no price changes within one. */
function refuseHourly(price: HourlyPrice, index: number): void {
  const { from, to } = periodOf(price)
  const field = `hourly[${index}]`
  if (parseModelId(price.modelId) === null) throw invalid(`${field}.model_id`, `"${price.modelId}" names no model.`)
  if (to <= from) throw invalid(`${field}.effective_to`, 'A price that ends when it begins or before never holds.')
  if (from % HOUR_MILLISECONDS !== 0)
    throw invalid(`${field}.effective_from`, 'A price by the hour begins at a full hour, UTC.')
  if (Number.isFinite(to) && to % HOUR_MILLISECONDS !== 0)
    throw invalid(`${field}.effective_to`, 'A price by the hour ends at a full hour, UTC.')
}

async function refuseUnknownTenants(
  deps: AdminDependencies,
  { prices, adjustments, hourly }: Required<Pick<WantedChange, 'prices' | 'adjustments' | 'hourly'>>,
): Promise<void> {
  const named = new Map<string, string>()
  for (const [index, { tenantId }] of adjustments.entries()) named.set(tenantId, `adjustments[${index}].tenant_id`)
  for (const [index, { tenantId }] of prices.entries()) {
    if (tenantId !== null) named.set(tenantId, `prices[${index}].tenant_id`)
  }
  for (const [index, { idleTenantId }] of hourly.entries()) {
    if (idleTenantId !== null) named.set(idleTenantId, `hourly[${index}].idle_tenant_id`)
  }
  for (const [tenantId, field] of named) {
    const tenant = await deps.tenants.getTenant({ kind: 'all' }, tenantId)
    if (tenant === null) throw invalid(field, `There is no tenant ${tenantId}.`)
  }
}

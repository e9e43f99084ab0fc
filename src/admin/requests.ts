// Explains one call: who made it, what was measured, which price applied to each part, what was corrected since, what limits say.

import { z } from 'zod'
import { ERRORS } from '../core/errors.ts'
import type { LedgerEntry } from '../core/ledger.ts'
import { addUsd, formatPicoUsd, type PicoUsd } from '../core/money.ts'
import { buildPriceBook, formatUnitPrice, GUARDRAIL_BASE_MODEL, type PriceBook } from '../core/price-book.ts'
import { rate, type RatedLine } from '../core/rating.ts'
import type { RefusedCall } from '../core/refused-call.ts'
import type { Hold } from '../core/reservation.ts'
import type { TenantScope } from '../core/tenant.ts'
import { inScope } from '../core/tenant.ts'
import type { AdminDependencies } from './dependencies.ts'
import { notFound } from './errors.ts'
import * as fields from './fields.ts'
import { entryReply, entryToJson } from './ledger.ts'
import { limitStatusOf, limitStatusReply } from './limits.ts'
import { operation } from './operation.ts'
import { perOf } from './price-json.ts'

const lineReply = z.object({
  dimension: z.string(),
  quantity: z.number(),
  unit_price_usd: z.string(),
  per: z.enum(['1M', '1']),
  cost_usd: fields.usd,
  source: z.string().nullable(),
  effective_from: z.string().nullable(),
})

const holdReply = z.object({
  tenant_id: z.string(),
  key_id: z.string(),
  model_id: z.string(),
  operation: z.string(),
  started_at: z.string(),
  held_cost_usd: fields.usd.nullable(),
  held_tokens: z.number(),
})

const refusalReply = z.object({
  at: z.string(),
  code: z.enum(Object.keys(ERRORS) as [string, ...string[]]),
  message: z.string().meta({ description: 'what the caller was told' }),
  operation: z.string().nullable(),
  model_id: z.string().nullable(),
  surface: z.string(),
})

export const explainRequest = operation({
  words:
    'Everything that is known of one call. While it runs there is only its hold; afterwards there is its ledger entry. A call that was refused has neither: why is known while it is among the last refused ones of this process. What limits say is always as of now.',
  params: z.strictObject({ request_id: fields.requestId }),
  reply: z.object({
    request_id: z.string(),
    state: z.enum(['running', 'settled', 'refused']),
    tenant: z.object({ id: z.string(), name: z.string(), chain: z.array(z.string()) }).nullable(),
    key: z.object({ key_id: z.string(), name: z.string() }).nullable(),
    hold: holdReply.nullable(),
    refusal: refusalReply.nullable(),
    entry: entryReply.nullable(),
    rating: z
      .object({
        price_version: z.number(),
        lines: z.array(lineReply),
        missing: z.array(z.string()),
        agrees: z.boolean().nullable().meta({ description: 'whether the lines add up to the cost of the entry' }),
      })
      .nullable(),
    corrections: z.array(entryReply),
    cost_now_usd: fields.usd.nullable().meta({ description: 'the cost with all corrections' }),
    limits_now: z.array(limitStatusReply),
  }),
  async run({ deps, scope, params: { request_id } }) {
    const entry = await deps.ledger.get(scope, request_id)
    const hold = holdInScope(deps, scope, request_id)
    const refused = entry === null && hold === null ? refusedInScope(deps, scope, request_id) : null
    const known = entry ?? hold ?? refused
    if (known === null) throw notFound(`request ${request_id}`)
    const { tenantId, keyId } = known
    return {
      request_id,
      state: stateOf(entry, hold),
      ...(tenantId === null ? NOBODY : await callerOf(deps, scope, tenantId, keyId ?? '')),
      hold: hold && holdToJson(hold),
      refusal: refused && refusalToJson(refused),
      ...(entry === null ? NOT_SETTLED : await settledOf(deps, scope, entry)),
      limits_now: tenantId === null ? [] : await limitStatusOf(deps, scope, tenantId),
    }
  },
})

const stateOf = (entry: LedgerEntry | null, hold: Hold | null): 'settled' | 'running' | 'refused' =>
  entry !== null ? 'settled' : hold !== null ? 'running' : 'refused'

const NOBODY = { tenant: null, key: null }
const NOT_SETTLED = { entry: null, rating: null, corrections: [], cost_now_usd: null }

async function settledOf(deps: AdminDependencies, scope: TenantScope, entry: LedgerEntry) {
  const corrections = await deps.ledger.correctionsOf(scope, entry.requestId)
  return {
    entry: entryToJson(entry),
    rating: ratingOf(deps.priceBook(), entry),
    corrections: corrections.map(entryToJson),
    cost_now_usd: costNow(entry, corrections),
  }
}

function holdInScope(deps: AdminDependencies, scope: TenantScope, requestId: string): Hold | null {
  const hold = deps.runningHold(requestId)
  return hold !== null && inScope(scope, hold.tenantId) ? hold : null
}

/** Of a caller that was not known only who sees everything hears. */
function refusedInScope(deps: AdminDependencies, scope: TenantScope, requestId: string): RefusedCall | null {
  const refused = deps.refusedCall(requestId)
  if (refused === null) return null
  const visible = refused.tenantId === null ? scope.kind === 'all' : inScope(scope, refused.tenantId)
  return visible ? refused : null
}

async function callerOf(deps: AdminDependencies, scope: TenantScope, tenantId: string, keyId: string) {
  const chain: string[] = []
  const tenant = await deps.tenants.getTenant(scope, tenantId)
  for (let node = tenant; node !== null && !chain.includes(node.id); ) {
    chain.push(node.id)
    node = node.parentId === null ? null : await deps.tenants.getTenant(scope, node.parentId)
  }
  const key = await deps.tenants.getKey(scope, keyId)
  return {
    tenant: tenant === null ? null : { id: tenant.id, name: tenant.name, chain },
    key: key === null ? null : { key_id: key.id, name: key.name },
  }
}

/** Rated again from the very version that the entry names; an unpriced one from the book of now, to show what is missing. */
function ratingOf(book: PriceBook, entry: LedgerEntry) {
  const { baseModel, routing, region, tier, tenantId, startedAt: at, priceVersion } = entry
  if (entry.ending === 'correction' || baseModel === null || entry.usage === null) return null
  const version = priceVersion ?? book.version
  const rated = rate(bookAt(book, version, baseModel), { baseModel, routing, region, tier, tenantId, at }, entry.usage)
  return {
    price_version: version,
    lines: rated.lines.map(lineToJson),
    missing: [...rated.missing],
    agrees: entry.cost === null ? null : rated.cost === entry.cost,
  }
}

/** The book as it stood at a version, as far as this model goes. */
function bookAt(book: PriceBook, version: number, baseModel: string): PriceBook {
  const names = new Set([baseModel, GUARDRAIL_BASE_MODEL])
  const versions = book.versions
    .filter((one) => one.version <= version)
    .map((one) => ({ ...one, prices: one.prices.filter((price) => names.has(price.baseModel)) }))
  return buildPriceBook(versions)
}

const lineToJson = (line: RatedLine): z.input<typeof lineReply> => ({
  dimension: line.dimension,
  quantity: line.quantity,
  unit_price_usd: formatUnitPrice(line.unitPrice, line.dimension),
  per: perOf(line.dimension),
  cost_usd: formatPicoUsd(line.cost),
  source: line.source,
  effective_from: line.effectiveFrom,
})

const refusalToJson = (refused: RefusedCall): z.input<typeof refusalReply> => ({
  at: fields.timeOf(refused.at),
  code: refused.code,
  message: refused.message,
  operation: refused.operation,
  model_id: refused.modelId,
  surface: refused.surface,
})

const holdToJson = (hold: Hold): z.input<typeof holdReply> => ({
  tenant_id: hold.tenantId,
  key_id: hold.keyId,
  model_id: hold.modelId,
  operation: hold.operation,
  started_at: fields.timeOf(hold.startedAt),
  held_cost_usd: hold.heldCost === null ? null : formatPicoUsd(hold.heldCost),
  held_tokens: hold.heldTokens,
})

/** The first correction of a call without a cost brings the cost; until then it is unknown. */
function costNow(entry: LedgerEntry, corrections: readonly LedgerEntry[]): string | null {
  let cost: PicoUsd | null = entry.cost
  for (const correction of corrections) {
    if (correction.cost !== null) cost = cost === null ? correction.cost : addUsd(cost, correction.cost)
  }
  return cost === null ? null : formatPicoUsd(cost)
}

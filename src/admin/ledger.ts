// The ledger, read only: entries newest first, by filters, a page at a time.

import { z } from 'zod'
import { ENDINGS, type LedgerEntry, type LedgerFilter } from '../core/ledger.ts'
import { ROUTINGS, TIERS } from '../core/model.ts'
import { formatPicoUsd } from '../core/money.ts'
import type { PicoUsd } from '../core/money.ts'
import { invalid } from './errors.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'

export const entryReply = z.object({
  request_id: z.string(),
  upstream_request_id: z.string().nullable(),
  tenant_id: z.string(),
  key_id: z.string(),
  model_id: z.string(),
  base_model: z.string().nullable(),
  routing: z.enum(ROUTINGS),
  region: z.string(),
  tier: z.enum(TIERS),
  operation: z.string(),
  surface: z.string(),
  started_at: z.string(),
  ended_at: z.string(),
  ending: z.enum(ENDINGS),
  status: z.number(),
  attempts: z.number(),
  usage: z.record(z.string(), z.number().nullable()).nullable().meta({ description: 'null: nobody knows' }),
  reasoning_tokens: z.number().nullable(),
  variant: z.string().nullable(),
  cost_usd: fields.usd.nullable(),
  held_cost_usd: fields.usd
    .optional()
    .meta({ description: 'of a call without a cost: what was held for it, which budgets count until it has one' }),
  input_cost_usd: fields.usd.nullable(),
  price_version: z.number().nullable(),
  estimated: z.boolean(),
  delivered_bytes: z.number(),
  metadata: z.record(z.string(), z.string()),
  notes: z.array(z.string()),
  corrects: z.string().optional(),
})

export const listLedger = operation({
  words: 'Ledger entries, newest first.',
  query: z.strictObject({
    from: fields.instant.optional(),
    to: fields.instant.optional(),
    tenant: fields.tenantId.optional(),
    key: fields.credentialId.optional(),
    model: fields.modelId.optional(),
    base_model: fields.modelId.optional(),
    unpriced: fields.queryFlag.optional(),
    estimated: fields.queryFlag.optional(),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9_.:-]{1,200}$/, 'must be the next_cursor of an earlier answer')
      .optional(),
    limit: fields.queryNumber(1_000, 100),
  }),
  reply: z.object({ entries: z.array(entryReply), next_cursor: fields.nextCursor }),
  async run({ deps, scope, query }) {
    const filter: LedgerFilter = {
      ...(query.from === undefined ? {} : { from: fields.millisecondsOf(query.from) }),
      ...(query.to === undefined ? {} : { to: fields.millisecondsOf(query.to) }),
      ...(query.tenant === undefined ? {} : { tenantId: query.tenant }),
      ...(query.key === undefined ? {} : { keyId: query.key }),
      ...(query.model === undefined ? {} : { modelId: query.model }),
      ...(query.base_model === undefined ? {} : { baseModel: query.base_model }),
      ...(query.unpriced === true ? { unpricedOnly: true } : {}),
      ...(query.estimated === true ? { estimatedOnly: true } : {}),
    }
    const cursor = query.cursor ?? null
    const page = await deps.ledger.page(scope, filter, { cursor, limit: query.limit }).catch((thrown: unknown) => {
      if (cursor !== null && thrown instanceof RangeError)
        throw invalid('cursor', 'cursor is not one that this ledger gave out.')
      throw thrown
    })
    return { entries: page.entries.map(entryToJson), next_cursor: page.nextCursor }
  },
})

const usdOrNull = (amount: PicoUsd | null): string | null => (amount === null ? null : formatPicoUsd(amount))

export const entryToJson = (entry: LedgerEntry): z.input<typeof entryReply> => ({
  request_id: entry.requestId,
  upstream_request_id: entry.upstreamRequestId,
  tenant_id: entry.tenantId,
  key_id: entry.keyId,
  model_id: entry.modelId,
  base_model: entry.baseModel,
  routing: entry.routing,
  region: entry.region,
  tier: entry.tier,
  operation: entry.operation,
  surface: entry.surface,
  started_at: fields.timeOf(entry.startedAt),
  ended_at: fields.timeOf(entry.endedAt),
  ending: entry.ending,
  status: entry.status,
  attempts: entry.attempts,
  usage: entry.usage === null ? null : { ...entry.usage.quantities },
  reasoning_tokens: entry.usage?.reasoningTokens ?? null,
  variant: entry.usage?.variant ?? null,
  cost_usd: usdOrNull(entry.cost),
  ...(entry.heldCost === undefined ? {} : { held_cost_usd: formatPicoUsd(entry.heldCost) }),
  input_cost_usd: usdOrNull(entry.inputCost),
  price_version: entry.priceVersion,
  estimated: entry.estimated,
  delivered_bytes: entry.deliveredBytes,
  metadata: { ...entry.metadata },
  notes: [...entry.notes],
  ...(entry.corrects === null ? {} : { corrects: entry.corrects }),
})

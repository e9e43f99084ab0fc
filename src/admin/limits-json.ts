// Limits between JSON and the domain: costs are decimal strings in USD, everything else is a number; what is as usual is left out.

import { z } from 'zod'
import {
  LIMIT_KINDS,
  LIMIT_MODES,
  LIMIT_PERIODS,
  limitOf,
  ON_CHANGE,
  TOKEN_SIDES,
  type Limit,
  type LimitAdjustment,
} from '../core/limit.ts'
import { formatPicoUsd, parsePicoUsd, picoUsd } from '../core/money.ts'
import { TIERS } from '../core/model.ts'
import { millisecondsOf, timeOf } from './fields.ts'
import { scopeOf, type WrittenLimit } from './limit-fields.ts'

export const shownAmount = z.union([z.number(), z.string()])

export const adjustmentReply = z.object({
  amount: shownAmount,
  from: z.string(),
  until: z.string().nullable().meta({ description: 'null: the end of the window of from' }),
  reason: z.string().nullable(),
})

/** What says how a limit differs from the usual; each is left out where it does not. */
const unusual = {
  counts: z.enum(TOKEN_SIDES).optional(),
  burn_down: z.literal(true).optional(),
  time_zone: z.string().optional(),
  fiscal_start_month: z.number().optional(),
  scope: z
    .object({
      models: z.array(z.string()).optional(),
      tiers: z.array(z.enum(TIERS)).optional(),
      surfaces: z.array(z.string()).optional(),
      metadata: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  split_by: z.string().optional(),
  rollover: z.object({ cap: shownAmount }).optional(),
  adjustments: z.array(adjustmentReply).optional(),
  on_change: z.enum(ON_CHANGE).optional(),
  allow_exceed: z.literal(true).optional(),
}

/** A limit in answers. */
export const limitReply = z.object({
  id: z.string(),
  kind: z.enum(LIMIT_KINDS),
  per: z.enum(LIMIT_PERIODS).nullable(),
  amount: shownAmount,
  burst: z.number().nullable(),
  mode: z.enum(LIMIT_MODES),
  ...unusual,
})

/** Of limits that the schema let through, in the place of those that were there before: the same id is the same limit. */
export function limitsFromJson(written: readonly WrittenLimit[], before: readonly Limit[], now: number): Limit[] {
  const known = new Map(before.map((limit) => [limit.id, limit]))
  return written.map((each) => {
    const limit = limitFromJson(each, now)
    const old = known.get(limit.id)
    const since = old === undefined ? now : old.since
    return { ...limit, since, resetAt: old === undefined ? null : resetAt(old, limit, now) }
  })
}

const resetAt = (old: Limit, limit: Limit, now: number): number | null =>
  limit.onChange === 'reset' && limit.amount !== old.amount ? now : old.resetAt

function limitFromJson(written: WrittenLimit, now: number): Limit {
  const { id, kind, per, amount, burst, mode, rollover } = written
  return limitOf({
    ...(id === undefined ? {} : { id }),
    kind,
    per: per ?? null,
    amount: amountFromJson(amount),
    burst: burst === null || burst === undefined ? null : BigInt(burst),
    mode,
    counts: written.counts,
    burnDown: written.burn_down,
    timeZone: written.time_zone,
    fiscalStartMonth: written.fiscal_start_month,
    scope: scopeOf(written.scope),
    splitBy: written.split_by ?? null,
    rolloverCap: rollover ? amountFromJson(rollover.cap) : null,
    adjustments: written.adjustments.map((adjustment) => adjustmentFromJson(adjustment, now)),
    onChange: written.on_change,
    allowExceed: written.allow_exceed,
  })
}

const adjustmentFromJson = (
  { amount, from, until, reason }: WrittenLimit['adjustments'][number],
  now: number,
): LimitAdjustment => ({
  amount: amountFromJson(amount),
  from: from === undefined ? now : millisecondsOf(from),
  until: until ? millisecondsOf(until) : null,
  reason: reason ?? null,
})

export function limitToJson(limit: Limit): z.input<typeof limitReply> {
  const { id, kind, per, amount, burst, mode, scope } = limit
  return {
    id,
    kind,
    per,
    amount: amountToJson(kind, amount),
    burst: burst === null ? null : Number(burst),
    mode,
    ...(limit.counts === 'both' ? {} : { counts: limit.counts }),
    ...(limit.burnDown ? { burn_down: true } : {}),
    ...(limit.timeZone === 'UTC' ? {} : { time_zone: limit.timeZone }),
    ...(limit.fiscalStartMonth === 1 ? {} : { fiscal_start_month: limit.fiscalStartMonth }),
    ...(scope === null ? {} : { scope: scopeToJson(scope) }),
    ...(limit.splitBy === null ? {} : { split_by: limit.splitBy }),
    ...(limit.rolloverCap === null ? {} : { rollover: { cap: amountToJson(kind, limit.rolloverCap) } }),
    ...(limit.adjustments.length === 0 ? {} : { adjustments: adjustmentsToJson(limit) }),
    ...(limit.onChange === 'preserve' ? {} : { on_change: limit.onChange }),
    ...(limit.allowExceed ? { allow_exceed: true } : {}),
  }
}

const scopeToJson = ({ models, tiers, surfaces, metadata }: NonNullable<Limit['scope']>) => ({
  ...(models === undefined ? {} : { models: [...models] }),
  ...(tiers === undefined ? {} : { tiers: [...tiers] }),
  ...(surfaces === undefined ? {} : { surfaces: [...surfaces] }),
  ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
})

export const adjustmentsToJson = ({ kind, adjustments }: Limit) =>
  adjustments.map(({ amount, from, until, reason }) => ({
    amount: amountToJson(kind, amount),
    from: timeOf(from),
    until: until === null ? null : timeOf(until),
    reason,
  }))

const amountFromJson = (amount: number | string): bigint =>
  typeof amount === 'string' ? parsePicoUsd(amount) : BigInt(amount)

/** An amount in its kind's own unit and form. */
export const amountToJson = (kind: Limit['kind'], amount: bigint): number | string =>
  kind === 'cost' ? formatPicoUsd(picoUsd(amount)) : Number(amount)

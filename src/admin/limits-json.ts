// Limits between JSON and the domain: costs are decimal strings in USD, everything else is a number.

import { z } from 'zod'
import { formatPicoUsd, parsePicoUsd, picoUsd } from '../core/money.ts'
import { LIMIT_KINDS, LIMIT_MODES, LIMIT_PERIODS, type Limit } from '../core/plan.ts'
import type { WrittenLimit } from './fields.ts'

/** A limit in answers. */
export const limitReply = z.object({
  kind: z.enum(LIMIT_KINDS),
  per: z.enum(LIMIT_PERIODS).nullable(),
  amount: z.union([z.number(), z.string()]),
  burst: z.number().nullable(),
  mode: z.enum(LIMIT_MODES),
})

/** Of a limit that the schema `limit` let through. */
export const limitFromJson = ({ kind, per, amount, burst, mode }: WrittenLimit): Limit => ({
  kind,
  per: per ?? null,
  amount: typeof amount === 'string' ? parsePicoUsd(amount) : BigInt(amount),
  burst: burst === null || burst === undefined ? null : BigInt(burst),
  mode,
})

export const limitToJson = ({ kind, per, amount, burst, mode }: Limit): z.input<typeof limitReply> => ({
  kind,
  per,
  amount: amountToJson(kind, amount),
  burst: burst === null ? null : Number(burst),
  mode,
})

/** An amount in its kind's own unit and form. */
export const amountToJson = (kind: Limit['kind'], amount: bigint): number | string =>
  kind === 'cost' ? formatPicoUsd(picoUsd(amount)) : Number(amount)

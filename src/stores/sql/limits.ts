// Limits as JSON text: what is as usual is left out, and amounts are strings, because they may be larger than JSON numbers are exact.

import { limitOf, type Limit, type LimitAdjustment } from '../../core/limit.ts'

const AMOUNTS = ['amount', 'burst', 'rolloverCap'] as const

export const limitsToJson = (limits: readonly Limit[]): string => JSON.stringify(limits.map(unusual), asText)

const asText = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

function unusual(limit: Limit): Partial<Limit> {
  const { kind, amount, per, burst, mode, id } = limit
  const usual = limitOf({ kind, amount })
  const names = (Object.keys(limit) as (keyof Limit)[]).filter((name) => !isUsual(limit[name], usual[name]))
  return { id, kind, per, amount, burst, mode, ...Object.fromEntries(names.map((name) => [name, limit[name]])) }
}

const isUsual = (value: Limit[keyof Limit], usual: Limit[keyof Limit]): boolean =>
  value === usual || (Array.isArray(value) && value.length === 0)

type Stored = Omit<Limit, (typeof AMOUNTS)[number] | 'adjustments'> & {
  readonly [name in (typeof AMOUNTS)[number]]?: string | null
} & { readonly adjustments?: readonly StoredAdjustment[] }
type StoredAdjustment = Omit<LimitAdjustment, 'amount'> & { readonly amount: string }

export const limitsFromJson = (json: string): readonly Limit[] =>
  (JSON.parse(json) as Stored[]).map(({ amount, burst, rolloverCap, adjustments, ...rest }) =>
    limitOf({
      ...rest,
      amount: BigInt(amount ?? '0'),
      burst: amountOf(burst),
      rolloverCap: amountOf(rolloverCap),
      adjustments: (adjustments ?? []).map(adjustmentFromStored),
    }),
  )

const adjustmentFromStored = (stored: StoredAdjustment): LimitAdjustment => ({
  ...stored,
  amount: BigInt(stored.amount),
})

/** By the ids of the limits that they add to. */
type Adjustments = Readonly<Record<string, readonly LimitAdjustment[]>>

export const adjustmentsToJson = (adjustments: Adjustments): string => JSON.stringify(adjustments, asText)

export const adjustmentsFromJson = (json: string): Adjustments =>
  Object.fromEntries(
    Object.entries(JSON.parse(json) as Record<string, readonly StoredAdjustment[]>).map(([limitId, list]) => [
      limitId,
      list.map(adjustmentFromStored),
    ]),
  )

const amountOf = (text: string | null | undefined): bigint | null =>
  text === null || text === undefined ? null : BigInt(text)

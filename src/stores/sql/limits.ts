// Limits as JSON text: what is as usual is left out, and amounts are strings, because they may be larger than JSON numbers are exact.

import { limitOf, type Limit, type LimitAdjustment } from '../../core/limit.ts'

const AMOUNTS = ['amount', 'burst', 'rolloverCap'] as const

export const limitsToJson = (limits: readonly Limit[]): string =>
  JSON.stringify(limits.map(unusual), (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

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
} & { readonly adjustments?: readonly (Omit<LimitAdjustment, 'amount'> & { readonly amount: string })[] }

export const limitsFromJson = (json: string): readonly Limit[] =>
  (JSON.parse(json) as Stored[]).map(({ amount, burst, rolloverCap, adjustments, ...rest }) =>
    limitOf({
      ...rest,
      amount: BigInt(amount ?? '0'),
      burst: amountOf(burst),
      rolloverCap: amountOf(rolloverCap),
      adjustments: (adjustments ?? []).map((adjustment) => ({ ...adjustment, amount: BigInt(adjustment.amount) })),
    }),
  )

const amountOf = (text: string | null | undefined): bigint | null =>
  text === null || text === undefined ? null : BigInt(text)

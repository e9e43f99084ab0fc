// Limits as JSON text: amounts are strings there, because they may be larger than a JSON number can hold exactly.

import type { Limit } from '../../core/plan.ts'

type StoredLimit = Omit<Limit, 'amount' | 'burst'> & { readonly amount: string; readonly burst: string | null }

export const limitsToJson = (limits: readonly Limit[]): string =>
  JSON.stringify(
    limits.map(
      ({ kind, per, amount, burst, mode }): StoredLimit => ({
        kind,
        per,
        amount: String(amount),
        burst: burst === null ? null : String(burst),
        mode,
      }),
    ),
  )

export const limitsFromJson = (json: string): readonly Limit[] =>
  (JSON.parse(json) as StoredLimit[]).map(({ kind, per, amount, burst, mode }) => ({
    kind,
    per,
    amount: BigInt(amount),
    burst: burst === null ? null : BigInt(burst),
    mode,
  }))

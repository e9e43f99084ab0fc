// A limit: how much of one thing may be used in one window by whoever it stands on, for all calls or only for some.

import type { Tier } from './model.ts'

export const LIMIT_KINDS = ['requests', 'tokens', 'concurrency', 'cost'] as const
export type LimitKind = (typeof LIMIT_KINDS)[number]

export const LIMIT_PERIODS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const
export type LimitPeriod = (typeof LIMIT_PERIODS)[number]

/** hard refuses · soft counts, for read-outs and alerts · shadow counts, and counts what it would have refused */
export const LIMIT_MODES = ['hard', 'soft', 'shadow'] as const
export type LimitMode = (typeof LIMIT_MODES)[number]

export const TOKEN_SIDES = ['both', 'input', 'output'] as const
export type TokenSide = (typeof TOKEN_SIDES)[number]

export const ON_CHANGE = ['preserve', 'reset'] as const
export type OnChange = (typeof ON_CHANGE)[number]

/** Which calls a limit is about; a missing part leaves that open, all parts that are there must agree. */
export type LimitScope = {
  /** globs, as in lists of allowed models */
  readonly models?: readonly string[]
  readonly tiers?: readonly Tier[]
  readonly surfaces?: readonly string[]
  /** request metadata; each must have this value */
  readonly metadata?: Readonly<Record<string, string>>
}

/** More for a while: from `from` until `until`, both in milliseconds since the epoch; null: to the end of the window of `from`. */
export type LimitAdjustment = {
  readonly amount: bigint
  readonly from: number
  readonly until: number | null
  readonly reason: string | null
}

/** `amount` is in the kind's unit: calls, tokens, calls at once, pico-USD. `per` null means for ever (concurrency: always). */
export type Limit = {
  /** names it among the limits of its owner; a changed amount keeps the id, and with it what was counted */
  readonly id: string
  readonly kind: LimitKind
  readonly per: LimitPeriod | null
  readonly amount: bigint
  /** requests and tokens per second or minute: the size of a token bucket; null: calendar windows */
  readonly burst: bigint | null
  readonly mode: LimitMode
  /** which tokens; other kinds do not ask */
  readonly counts: TokenSide
  /** tokens weighted as Bedrock's own quotas weigh them */
  readonly burnDown: boolean
  /** IANA name; windows from a day up begin at its midnights */
  readonly timeZone: string
  /** 1 to 12: the month in which years, and with them quarters, begin */
  readonly fiscalStartMonth: number
  readonly scope: LimitScope | null
  /** a key of the request metadata: each of its values is counted by itself */
  readonly splitBy: string | null
  /** what was left of the last window's own amount is added, up to this; null: it lapses */
  readonly rolloverCap: bigint | null
  readonly adjustments: readonly LimitAdjustment[]
  /** what becomes of that which was counted when the amount changes */
  readonly onChange: OnChange
  /** it may be above what a tenant over it allows */
  readonly allowExceed: boolean
  /** milliseconds since the epoch when it was made; windows that ended before leave nothing over. null: not known */
  readonly since: number | null
  /** calls that began earlier are not counted; null: all are */
  readonly resetAt: number | null
}

export const LIMIT_SOURCES = ['key', 'tenant', 'plan', 'router'] as const
export type LimitSource = (typeof LIMIT_SOURCES)[number]

/** No tenant has this id. */
export const EVERYBODY = ''

/** A limit as it applies to a call: whom it stands on. */
export type ScopedLimit = {
  /** EVERYBODY: it counts over all tenants */
  readonly ownerTenantId: string
  /** the key that it stands on, or the first of those that this key replaced; null: it stands on the tenant */
  readonly ownerKeyId: string | null
  /** the path router that it stands on, by name; missing: on none */
  readonly ownerRouter?: string
  readonly source: LimitSource
  /** names its counter: source, owner and id of the limit */
  readonly counterId: string
  readonly limit: Limit
}

export function scopedLimit(
  limit: Limit,
  owner: { readonly source: LimitSource; readonly tenantId: string; readonly keyId?: string },
): ScopedLimit {
  const { source, tenantId, keyId = null } = owner
  const counterId = `${source}:${keyId ?? tenantId}:${limit.id}`
  return { ownerTenantId: tenantId, ownerKeyId: keyId, source, counterId, limit }
}

/** A limit that stands on a path router and counts over all tenants. */
export const routerLimit = (limit: Limit, router: string): ScopedLimit => ({
  ownerTenantId: EVERYBODY,
  ownerKeyId: null,
  ownerRouter: router,
  source: 'router',
  counterId: `router:${router}:${limit.id}`,
  limit,
})

/** A limit with everything that was not said at what it usually is. */
export function limitOf(given: Pick<Limit, 'kind' | 'amount'> & Partial<Limit>): Limit {
  const limit: Limit = {
    id: '',
    per: null,
    burst: null,
    mode: 'hard',
    counts: 'both',
    burnDown: false,
    timeZone: 'UTC',
    fiscalStartMonth: 1,
    scope: null,
    splitBy: null,
    rolloverCap: null,
    adjustments: [],
    onChange: 'preserve',
    allowExceed: false,
    since: null,
    resetAt: null,
    ...given,
  }
  return limit.id === '' ? { ...limit, id: derivedId(limit) } : limit
}

export const LIMIT_ID_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** What a limit is called that was given no name: "cost-month", "tokens-minute-burst", "cost-month-by-project". */
function derivedId({ kind, per, burst, mode, counts, scope, splitBy }: Limit): string {
  const parts = [
    kind,
    kind === 'concurrency' ? '' : (per ?? 'ever'),
    counts === 'both' ? '' : counts,
    burst === null ? '' : 'burst',
    mode === 'hard' ? '' : mode,
    ...(scope === null ? [] : wordsOf(scope)),
    splitBy === null ? '' : `by-${splitBy}`,
  ]
  return parts
    .map((part) => part.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, '-'))
    .map((part) => part.replaceAll(/^-+|-+$/g, ''))
    .filter((part) => part !== '')
    .join('-')
    .slice(0, 64)
}

const wordsOf = ({ models = [], tiers = [], surfaces = [], metadata = {} }: LimitScope): readonly string[] => [
  ...models,
  ...tiers,
  ...surfaces,
  ...Object.values(metadata),
]

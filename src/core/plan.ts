// Usage plans: the named set of allowed models and limits that tenants share.

export const LIMIT_KINDS = ['requests', 'tokens', 'concurrency', 'cost'] as const
export type LimitKind = (typeof LIMIT_KINDS)[number]

export const LIMIT_PERIODS = ['second', 'minute', 'hour', 'day', 'week', 'month'] as const
export type LimitPeriod = (typeof LIMIT_PERIODS)[number]

export const LIMIT_MODES = ['hard', 'soft'] as const
export type LimitMode = (typeof LIMIT_MODES)[number]

/**
 * One limit. `amount` is in the kind's unit: calls, tokens, calls at once, pico-USD. `per` null means for ever (concurrency: always).
 * Windows are calendar windows in UTC; with `burst` (requests and tokens per second or minute) the limit is a token bucket.
 */
export type Limit = {
  readonly kind: LimitKind
  readonly per: LimitPeriod | null
  readonly amount: bigint
  readonly burst: bigint | null
  readonly mode: LimitMode
}

export const ON_DISCONNECT = ['drain', 'abort'] as const
export type OnDisconnect = (typeof ON_DISCONNECT)[number]

export const UNPRICED_POLICIES = ['hold', 'refuse'] as const
export type UnpricedPolicy = (typeof UNPRICED_POLICIES)[number]

export type Plan = {
  readonly id: string
  readonly name: string
  readonly allowedModels: readonly string[]
  readonly limits: readonly Limit[]
  /** what happens to the upstream call when its client leaves */
  readonly onDisconnect: OnDisconnect
  /** what happens to a call whose model has no price */
  readonly unpriced: UnpricedPolicy
  readonly createdAt: string
}

export interface PlanStore {
  /** Creates or replaces. */
  putPlan(plan: Plan): Promise<void>
  getPlan(planId: string): Promise<Plan | null>
  /** Sorted by id. */
  listPlans(): Promise<readonly Plan[]>
  /** StoreConflict when a tenant still has it; false when there is none. */
  deletePlan(planId: string): Promise<boolean>
}

// Usage plans: the named set of allowed models and limits that tenants share.

import type { AccessPolicy } from './access.ts'
import type { Budgeting } from './budgeting.ts'
import type { DialectPolicy } from './dialects.ts'
import type { FallbackRule } from './fallback.ts'
import type { Limit } from './limit.ts'

export const ON_DISCONNECT = ['drain', 'abort'] as const
export type OnDisconnect = (typeof ON_DISCONNECT)[number]

export const UNPRICED_POLICIES = ['hold', 'refuse'] as const
export type UnpricedPolicy = (typeof UNPRICED_POLICIES)[number]

export type Plan = {
  readonly id: string
  readonly name: string
  readonly allowedModels: readonly string[]
  readonly access: AccessPolicy
  readonly limits: readonly Limit[]
  /** what happens to the upstream call when its client leaves */
  readonly onDisconnect: OnDisconnect
  /** what happens to a call whose model has no price */
  readonly unpriced: UnpricedPolicy
  readonly budgeting: Budgeting
  readonly dialects: DialectPolicy
  readonly fallbacks: readonly FallbackRule[]
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

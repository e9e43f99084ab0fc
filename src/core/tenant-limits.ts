// The limits that stand on a tenant: its own, and its plan's for it alone, with what was added to them for a while.

import { scopedLimit, type Limit, type ScopedLimit } from './limit.ts'
import type { Plan } from './plan.ts'
import type { Tenant } from './tenant.ts'

/** A plan's limits hold for each tenant that has the plan, not for all of them together. */
export function limitsOnTenant(tenant: Tenant, plan: Plan | null): readonly ScopedLimit[] {
  const tenantId = tenant.id
  const own = tenant.limits.map((limit) => scopedLimit(limit, { source: 'tenant', tenantId }))
  const shared = (plan?.limits ?? []).map((limit) =>
    scopedLimit(planLimitFor(tenant, limit), { source: 'plan', tenantId }),
  )
  return [...own, ...shared]
}

/** A limit of the tenant's plan with what was added to it for this tenant. */
export function planLimitFor({ planAdjustments }: Tenant, limit: Limit): Limit {
  const more = Object.hasOwn(planAdjustments, limit.id) ? (planAdjustments[limit.id] ?? []) : []
  return more.length === 0 ? limit : { ...limit, adjustments: [...limit.adjustments, ...more] }
}

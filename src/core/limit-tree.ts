// Limits up the tree: a hard limit that is above the same limit of a tenant over it can never be used up, which is nearly always a slip.

import type { Limit } from './limit.ts'
import type { Plan } from './plan.ts'
import type { Tenant } from './tenant.ts'

export type Exceeding = {
  readonly tenantId: string
  readonly limit: Limit
  readonly above: { readonly tenantId: string; readonly limit: Limit }
}

/** Every limit that exceeds one over it and does not say that it may. */
export function exceedingLimits(tenants: readonly Tenant[], plans: readonly Plan[]): readonly Exceeding[] {
  const byId = new Map(tenants.map((tenant) => [tenant.id, tenant]))
  const planned = new Map(plans.map((plan) => [plan.id, plan.limits]))
  const limitsOn = (tenant: Tenant): readonly Limit[] => [...tenant.limits, ...(planned.get(tenant.planId ?? '') ?? [])]
  return tenants.flatMap((tenant) => {
    const own = limitsOn(tenant).filter((limit) => limit.mode === 'hard' && !limit.allowExceed)
    if (own.length === 0) return []
    return ancestorsOf(tenant, byId).flatMap((ancestor) =>
      limitsOn(ancestor).flatMap((above) =>
        own
          .filter((limit) => above.mode === 'hard' && isSameMeasure(limit, above) && limit.amount > above.amount)
          .map((limit) => ({ tenantId: tenant.id, limit, above: { tenantId: ancestor.id, limit: above } })),
      ),
    )
  })
}

/** Only limits about all calls are compared: others are about different things. */
const isSameMeasure = (left: Limit, right: Limit): boolean =>
  left.kind === right.kind &&
  left.per === right.per &&
  left.counts === right.counts &&
  left.burnDown === right.burnDown &&
  [left, right].every(({ scope, splitBy, burst }) => scope === null && splitBy === null && burst === null)

function ancestorsOf(tenant: Tenant, byId: ReadonlyMap<string, Tenant>): readonly Tenant[] {
  const found: Tenant[] = []
  let next = tenant.parentId === null ? undefined : byId.get(tenant.parentId)
  while (next !== undefined && !found.includes(next)) {
    found.push(next)
    next = next.parentId === null ? undefined : byId.get(next.parentId)
  }
  return found
}

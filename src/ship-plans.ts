// The example plans on their way into a store that is new: once, and never into one where somebody has plans or tenants.

import { SHIPPED_PLANS } from './catalogue/plans.ts'
import { ALL_TENANTS } from './core/tenant.ts'
import type { Store } from './stores/sql/store.ts'

const SETTING = 'shipped_plans'

/** Call once at start. A plan that was deleted or changed stays so: the store remembers that it was new once. */
export async function shipPlans(
  store: {
    readonly plans: Pick<Store['plans'], 'listPlans' | 'putPlan'>
    readonly tenants: Pick<Store['tenants'], 'listTenants'>
    readonly settings: Store['settings']
  },
  now: () => number,
): Promise<void> {
  if ((await store.settings.get(SETTING)) !== null) return
  const [plans, tenants] = await Promise.all([
    store.plans.listPlans(),
    store.tenants.listTenants(ALL_TENANTS, { afterId: null, limit: 1 }),
  ])
  const at = now()
  if (tenants.length === 0 && plans.every(({ id }) => SHIPPED_PLANS.some((shipped) => shipped.id === id))) {
    // those that are there come from a start that was cut short
    const missing = SHIPPED_PLANS.filter(({ id }) => !plans.some((plan) => plan.id === id))
    for (const plan of missing) {
      const limits = plan.limits.map((limit) => ({ ...limit, since: at }))
      await store.plans.putPlan({ ...plan, limits, createdAt: new Date(at).toISOString() })
    }
  }
  await store.settings.set(SETTING, SHIPPED_PLANS.map(({ id }) => id).join(' '))
}

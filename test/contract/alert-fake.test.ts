// The alert store in memory keeps the promises of the port: what is tested over it holds over the real one.

import { fakeAlerts } from '../fakes/alerts.ts'
import { fakeStores } from '../fakes/stores.ts'
import { alertStoreContract } from './alert-store.ts'

alertStoreContract('in memory', async () => {
  const { tenants } = fakeStores()
  const known = new Set<string>()
  return {
    tenants: {
      ...tenants,
      async createTenant(tenant) {
        known.add(tenant.id)
        await tenants.createTenant(tenant)
      },
    },
    alerts: fakeAlerts((tenantId) => known.has(tenantId)),
    close: async () => undefined,
  }
})

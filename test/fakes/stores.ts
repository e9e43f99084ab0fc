// The stores in memory, for tests of what stands on them: the promises of the ports, without durability.

import { hash } from 'node:crypto'
import { fakeAlerts } from './alerts.ts'
import { AUDIT_GENESIS, nextAuditRow } from '../../src/core/audit.ts'
import type { AlertStore } from '../../src/core/alert-delivery.ts'
import type { AuditHead, AuditOrigin, AuditRow, AuditStore } from '../../src/core/audit.ts'
import type { Alias, AliasStore } from '../../src/core/alias.ts'
import type { Endpoint, EndpointStore } from '../../src/core/endpoint.ts'
import type { LedgerEntry, LedgerFilter, LedgerStore } from '../../src/core/ledger.ts'
import { entryContent, LedgerConflict } from '../../src/core/ledger.ts'
import type { Plan, PlanStore } from '../../src/core/plan.ts'
import type { PriceStore, PriceVersion } from '../../src/core/price-book.ts'
import { emptySums, fold, foldSums } from '../../src/core/rollup.ts'
import type { RollupKey, RollupRow, RollupStore } from '../../src/core/rollup.ts'
import { inScope, StoreConflict } from '../../src/core/tenant.ts'
import type { ApiKey, Tenant, TenantStore } from '../../src/core/tenant.ts'

export type FakeStores = {
  readonly tenants: TenantStore
  readonly plans: PlanStore
  readonly aliases: AliasStore
  readonly endpoints: EndpointStore
  readonly prices: PriceStore & { readonly versions: PriceVersion[] }
  readonly alerts: AlertStore
  readonly ledger: LedgerStore
  readonly rollups: RollupStore
  readonly audit: AuditStore
  readonly changesBy: (
    origin: AuditOrigin,
  ) => Pick<FakeStores, 'tenants' | 'plans' | 'aliases' | 'endpoints' | 'prices' | 'alerts'>
}

export function fakeStores(): FakeStores {
  const tenants = new Map<string, Tenant>()
  const plans = new Map<string, Plan>()
  const ledger = fakeLedger()
  const changed = {
    tenants: fakeTenants(tenants, plans),
    plans: fakePlans(plans, tenants),
    aliases: fakeAliases(tenants),
    endpoints: fakeEndpoints(),
    prices: fakePrices(),
    alerts: fakeAlerts((tenantId) => tenants.has(tenantId)),
  }
  return {
    ...changed,
    // changes leave no rows here; the embedded stores show that they do
    changesBy: () => changed,
    audit: fakeAudit(),
    ledger: ledger.store,
    rollups: fakeRollups(ledger.entries),
  }
}

/** The same store, each answer a turn of the event loop later: what may interleave does. */
export function unhurried(tenants: TenantStore): TenantStore {
  const later = async <Result>(result: Promise<Result>): Promise<Result> => {
    const given = await result
    await new Promise((resolve) => setImmediate(resolve))
    return given
  }
  return {
    ...tenants,
    getTenant: (scope, id) => later(tenants.getTenant(scope, id)),
    getKey: (scope, id) => later(tenants.getKey(scope, id)),
    listKeys: (scope, id) => later(tenants.listKeys(scope, id)),
    updateTenant: (scope, tenant) => later(tenants.updateTenant(scope, tenant)),
  }
}

const byId = (left: { readonly id: string }, right: { readonly id: string }): number => (left.id < right.id ? -1 : 1)

function fakeTenants(tenants: Map<string, Tenant>, plans: ReadonlyMap<string, Plan>): TenantStore {
  const keys = new Map<string, ApiKey>()
  const checkPlace = (tenant: Tenant): void => {
    if (tenant.planId !== null && !plans.has(tenant.planId)) {
      throw new StoreConflict('plan_id', `there is no plan ${tenant.planId}`)
    }
    let depth = 0
    for (let id = tenant.parentId; id !== null; id = tenants.get(id)?.parentId ?? null) {
      depth += 1
      if (!tenants.has(id)) throw new StoreConflict('parent_id', `there is no tenant ${id} to be the parent`)
      if (id === tenant.id) throw new StoreConflict('parent_id', `tenant ${id} would be its own ancestor`)
      if (depth >= 16) throw new StoreConflict('parent_id', 'tenants may be nested 16 deep at most')
    }
  }
  return {
    async createTenant(tenant) {
      if (tenants.has(tenant.id)) throw new StoreConflict('id', `there is a tenant ${tenant.id} already`)
      checkPlace(tenant)
      tenants.set(tenant.id, tenant)
    },
    async updateTenant(scope, tenant) {
      if (!inScope(scope, tenant.id) || !tenants.has(tenant.id)) return false
      checkPlace(tenant)
      tenants.set(tenant.id, tenant)
      return true
    },
    getTenant: async (scope, id) => (inScope(scope, id) ? (tenants.get(id) ?? null) : null),
    async listTenants(scope, { afterId, limit }) {
      const seen = [...tenants.values()].filter(({ id }) => inScope(scope, id) && id > (afterId ?? ''))
      return seen.toSorted(byId).slice(0, limit)
    },
    async createKey(key) {
      keys.set(key.id, key)
    },
    async updateKey(scope, key) {
      const before = keys.get(key.id)
      if (before === undefined || !inScope(scope, before.tenantId)) return false
      keys.set(key.id, key)
      return true
    },
    async replaceKey(scope, ended, successor) {
      const before = keys.get(ended.id)
      if (before === undefined || !inScope(scope, before.tenantId)) return false
      keys.set(ended.id, ended).set(successor.id, successor)
      return true
    },
    async getKey(scope, id) {
      const key = keys.get(id)
      return key !== undefined && inScope(scope, key.tenantId) ? key : null
    },
    async listKeys(scope, tenantId) {
      if (!inScope(scope, tenantId)) return []
      return [...keys.values()].filter((key) => key.tenantId === tenantId).toSorted(byId)
    },
    everyTenant: async () => [...tenants.values()].toSorted(byId),
    everyKey: async () => [...keys.values()].toSorted(byId),
  }
}

function fakePlans(plans: Map<string, Plan>, tenants: ReadonlyMap<string, Tenant>): PlanStore {
  return {
    async putPlan(plan) {
      plans.set(plan.id, plan)
    },
    getPlan: async (id) => plans.get(id) ?? null,
    listPlans: async () => [...plans.values()].toSorted(byId),
    async deletePlan(id) {
      const user = [...tenants.values()].find((tenant) => tenant.planId === id)
      if (user !== undefined) throw new StoreConflict('plan_id', `plan ${id} is still the plan of tenant ${user.id}`)
      return plans.delete(id)
    },
  }
}

function fakeAudit(): AuditStore {
  const rows: AuditRow[] = []
  const sha256 = (text: string): string => hash('sha256', text, 'hex')
  const head = (): AuditHead => rows.at(-1) ?? AUDIT_GENESIS
  return {
    async note(origin, fact) {
      rows.push(nextAuditRow(sha256, head(), { ...origin, ...fact, at: 0 }))
    },
    page: async (_filter, { limit }) => ({ rows: rows.toReversed().slice(0, limit), nextCursor: null }),
    async *scan() {
      yield [...rows]
    },
    head: async () => head(),
  }
}

function fakeAliases(tenants: ReadonlyMap<string, Tenant>): AliasStore {
  const aliases = new Map<string, Alias>()
  const idOf = (tenantId: string | null, name: string): string => `${tenantId ?? ''}/${name}`
  return {
    async putAlias(alias) {
      const { tenantId, name } = alias
      if (tenantId !== null && !tenants.has(tenantId))
        throw new StoreConflict('tenant_id', `there is no tenant ${tenantId}`)
      aliases.set(idOf(tenantId, name), alias)
    },
    getAlias: async (tenantId, name) => aliases.get(idOf(tenantId, name)) ?? null,
    listAliases: async () =>
      [...aliases].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, alias]) => alias),
    deleteAlias: async (tenantId, name) => aliases.delete(idOf(tenantId, name)),
  }
}

function fakeEndpoints(): EndpointStore {
  const endpoints = new Map<string, Endpoint>()
  return {
    async putEndpoint(endpoint) {
      const namesake = [...endpoints.values()].find(({ id, name }) => name === endpoint.name && id !== endpoint.id)
      if (namesake !== undefined) throw new StoreConflict('name', `the endpoint ${namesake.id} has that name`)
      endpoints.set(endpoint.id, endpoint)
    },
    getEndpoint: async (id) => endpoints.get(id) ?? null,
    listEndpoints: async () => [...endpoints.values()].toSorted(byId),
    deleteEndpoint: async (id) => endpoints.delete(id),
  }
}

function fakePrices(): FakeStores['prices'] {
  const versions: PriceVersion[] = []
  return {
    versions,
    async appendVersion(change) {
      versions.push({ ...change, version: versions.length + 1 })
      return versions.length
    },
    versionsAfter: async (after) => versions.filter(({ version }) => version > after),
  }
}

function fakeLedger(): { readonly store: LedgerStore; readonly entries: readonly LedgerEntry[] } {
  const entries: LedgerEntry[] = []
  const newestFirst = (): readonly LedgerEntry[] => entries.toSorted((a, b) => b.startedAt - a.startedAt)
  const store: LedgerStore = {
    async append(entry) {
      const before = entries.find(({ requestId }) => requestId === entry.requestId)
      if (before !== undefined && entryContent(before) !== entryContent(entry))
        throw new LedgerConflict(entry.requestId)
      if (before !== undefined) return 'exists'
      entries.push(entry)
      return 'created'
    },
    get: async (scope, id) =>
      entries.find(({ requestId, tenantId }) => requestId === id && inScope(scope, tenantId)) ?? null,
    correctionsOf: async (scope, id) =>
      entries.filter(({ corrects, tenantId }) => corrects === id && inScope(scope, tenantId)),
    async page(scope, filter, { cursor, limit }) {
      if (cursor !== null && !/^\d+$/.test(cursor)) throw new RangeError('not a cursor')
      const found = newestFirst().filter((entry) => inScope(scope, entry.tenantId) && matches(entry, filter, entries))
      const start = Number(cursor ?? 0)
      const end = start + limit
      return { entries: found.slice(start, end), nextCursor: end < found.length ? String(end) : null }
    },
    async *scan(scope, filter) {
      yield newestFirst()
        .filter((entry) => inScope(scope, entry.tenantId) && matches(entry, filter, entries))
        .toReversed()
    },
  }
  return { store, entries }
}

function matches(entry: LedgerEntry, filter: LedgerFilter, entries: readonly LedgerEntry[]): boolean {
  if (entry.startedAt < (filter.from ?? 0) || entry.startedAt >= (filter.to ?? Number.POSITIVE_INFINITY)) return false
  const asked = ['tenantId', 'keyId', 'modelId', 'baseModel'] as const
  if (asked.some((name) => filter[name] !== undefined && filter[name] !== entry[name])) return false
  if (filter.estimatedOnly === true && !entry.estimated) return false
  return filter.unpricedOnly !== true || isUnpriced(entry, entries)
}

const isUnpriced = (entry: LedgerEntry, entries: readonly LedgerEntry[]): boolean =>
  entry.cost === null && !entries.some(({ corrects, ratesUnpriced }) => corrects === entry.requestId && ratesUnpriced)

export function fakeRollups(entries: readonly LedgerEntry[]): RollupStore {
  return {
    async query(scope, { from, to, groupBy, tenantId, modelId }) {
      const groups = new Map<string, { group: Record<string, string>; sums: ReturnType<typeof emptySums> }>()
      for (const bucket of fold(entries)) {
        const { tenant, model } = bucket.key
        if (bucket.hour < from || bucket.hour >= to || !inScope(scope, tenant)) continue
        if ((tenantId ?? tenant) !== tenant || (modelId ?? model) !== model) continue
        const iso = new Date(bucket.hour).toISOString()
        const times = { hour: `${iso.slice(0, 19)}Z`, day: iso.slice(0, 10), month: iso.slice(0, 7) }
        const group = Object.fromEntries(
          groupBy.map((name) => [name, name in times ? times[name as 'hour'] : bucket.key[name as RollupKey]]),
        )
        const id = JSON.stringify(groupBy.map((name) => group[name]))
        const found = groups.get(id) ?? { group, sums: emptySums() }
        groups.set(id, found)
        foldSums(found.sums, { ...bucket })
      }
      return [...groups.keys()].toSorted().map((id): RollupRow => {
        const { group, sums } = groups.get(id) as { group: Record<string, string>; sums: ReturnType<typeof emptySums> }
        const { calls, unpricedCalls, estimatedCalls } = sums
        return {
          group,
          ...sums,
          calls: BigInt(calls),
          unpricedCalls: BigInt(unpricedCalls),
          estimatedCalls: BigInt(estimatedCalls),
        }
      })
    },
    rebuild: async () => ({ entries: entries.length, buckets: fold(entries).length, differences: [] }),
  }
}

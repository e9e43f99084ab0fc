// The directory: an immutable snapshot of tenants, keys and plans that answers, without I/O, who a key is and what it may do.

import { joinAccess, type Access } from './access.ts'
import { createAliasTable, type Alias, type AliasTable } from './alias.ts'
import { createEndpointTable, type Endpoint, type EndpointTable } from './endpoint.ts'
import { budgetingOf, type Budgeting, type FallbackPrice } from './budgeting.ts'
import { joinDialects, type DialectPolicy } from './dialects.ts'
import type { FallbackRule } from './fallback.ts'
import type { OnDisconnect, Plan, UnpricedPolicy } from './plan.ts'
import { scopedLimit, type ScopedLimit } from './limit.ts'
import type { ApiKey, Principal, Tenant } from './tenant.ts'
import { limitsOnTenant } from './tenant-limits.ts'

const DEEPEST_TREE = 16

/** A principal with everything about it that a call needs, worked out once per snapshot. */
export type Member = {
  readonly principal: Principal
  readonly tenantIds: readonly string[]
  /** of the first of the keys that this one came to replace */
  readonly firstKeyId: string
  readonly access: Access
  readonly limits: readonly ScopedLimit[]
  readonly hasHardBudget: boolean
  readonly onDisconnect: OnDisconnect
  readonly unpriced: UnpricedPolicy
  readonly budgeting: Budgeting
  readonly dialects: DialectPolicy
  /** of the nearest plan first */
  readonly fallbacks: readonly FallbackRule[]
  /** when the key stops working, in milliseconds since the epoch; Infinity: never */
  readonly validUntil: number
  /** the nearest disabled tenant of the chain; null: all are active */
  readonly disabledBy: string | null
}

export type Directory = {
  memberByKeyId(keyId: string): Member | null
  memberByAccessKeyId(accessKeyId: string): Member | null
  /** The member of a credential that is kept elsewhere; null when its tenant does not exist. */
  memberOf(credential: ApiKey): Member | null
  /** The first of the keys that this one, step by step, came to replace; itself when it replaced none. */
  firstKeyId(keyId: string): string
  /** The member for a key that acts for another tenant; null when it may not. */
  actingFor(member: Member, tenantId: string): Member | null
  /** of all tenants and keys, each once */
  readonly limits: readonly ScopedLimit[]
  readonly tenantIds: readonly string[]
  /** the tenant, its parent, … up to the root */
  tenantIdsOf(tenantId: string): readonly string[]
  /** what its budgets assume of a model without a price; null: nothing */
  fallbackPriceOf(tenantId: string): FallbackPrice | null
  readonly tenants: ReadonlyMap<string, Tenant>
  readonly aliases: AliasTable
  readonly endpoints: EndpointTable
}

export function buildDirectory(content: {
  readonly tenants: readonly Tenant[]
  readonly keys: readonly ApiKey[]
  readonly plans: readonly Plan[]
  readonly aliases: readonly Alias[]
  readonly endpoints: readonly Endpoint[]
  readonly defaultUnpriced: UnpricedPolicy
}): Directory {
  const tenants = new Map(content.tenants.map((tenant) => [tenant.id, tenant]))
  const plans = new Map(content.plans.map((plan) => [plan.id, plan]))
  const firstKeyId = keyLines(content.keys)
  const nodes = new Map(content.tenants.map((tenant) => [tenant.id, nodeOf(tenant, plans)]))
  const chains = new Map(content.tenants.map((tenant) => [tenant.id, chainOf(tenant, tenants)]))
  const chainLimits = new Map([...chains].map(([id, chain]) => [id, limitsOfAll(chain, nodes)]))
  const { defaultUnpriced } = content
  const member = (key: ApiKey, tenant: Tenant): Member =>
    memberOf(key, tenant, { nodes, chains, chainLimits, defaultUnpriced, firstKeyId })
  const byKeyId = new Map<string, Member>()
  const byAccessKeyId = new Map<string, Member>()
  const acting = new WeakMap<Member, Map<string, Member>>()
  for (const key of content.keys) {
    const tenant = tenants.get(key.tenantId)
    if (tenant === undefined) continue
    const built = member(key, tenant)
    byKeyId.set(key.id, built)
    byAccessKeyId.set(key.accessKeyId, built)
  }
  return {
    memberByKeyId: (keyId) => byKeyId.get(keyId) ?? null,
    memberByAccessKeyId: (accessKeyId) => byAccessKeyId.get(accessKeyId) ?? null,
    memberOf(credential) {
      const tenant = tenants.get(credential.tenantId)
      return tenant === undefined ? null : member(credential, tenant)
    },
    firstKeyId,
    actingFor(caller, tenantId) {
      const { key, tenant: own } = caller.principal
      if (tenantId === own.id) return caller
      const tenant = tenants.get(tenantId)
      if (tenant === undefined || !key.mayActFor.includes(tenantId)) return null
      // worked out when it is first asked for: a key may act for many and seldom does for all
      const others = acting.get(caller) ?? new Map<string, Member>()
      acting.set(caller, others)
      const made = others.get(tenantId) ?? member(key, tenant)
      others.set(tenantId, made)
      return made
    },
    limits: [...[...nodes.values()].flatMap((node) => node.limits), ...limitsOfKeys(content.keys, firstKeyId)],
    tenantIds: content.tenants.map((tenant) => tenant.id),
    tenantIdsOf: (tenantId) => chains.get(tenantId)?.map((node) => node.id) ?? [tenantId],
    fallbackPriceOf: (tenantId) => budgetingOf(plansOf(chains.get(tenantId) ?? [], nodes)).fallbackPrice,
    tenants,
    aliases: createAliasTable(content.aliases),
    endpoints: createEndpointTable(content.endpoints),
  }
}

const plansOf = (chain: readonly Tenant[], nodes: ReadonlyMap<string, Node>): readonly Budgeting[] =>
  chain.flatMap(({ id }) => nodes.get(id)?.plan?.budgeting ?? [])

type Node = { readonly tenant: Tenant; readonly plan: Plan | undefined; readonly limits: readonly ScopedLimit[] }

type Content = {
  readonly nodes: ReadonlyMap<string, Node>
  readonly chains: ReadonlyMap<string, readonly Tenant[]>
  /** one list for all keys of a tenant that have no limits of their own */
  readonly chainLimits: ReadonlyMap<string, readonly ScopedLimit[]>
  readonly defaultUnpriced: UnpricedPolicy
  readonly firstKeyId: (keyId: string) => string
}

function memberOf(key: ApiKey, tenant: Tenant, content: Content): Member {
  const chain = content.chains.get(tenant.id) ?? [tenant]
  const nodes = chain.map(({ id }) => content.nodes.get(id)).filter((node) => node !== undefined)
  const firstKeyId = content.firstKeyId(key.id)
  const above = content.chainLimits.get(tenant.id) ?? []
  const limits = key.limits.length === 0 ? above : [...limitsOfKey(key, firstKeyId), ...above]
  const nearestPlan = nodes.find(({ plan }) => plan !== undefined)?.plan
  return {
    principal: { tenant, key, chain },
    tenantIds: chain.map((node) => node.id),
    firstKeyId,
    access: joinAccess(
      nodes.map((node) => node.tenant.allowedModels ?? node.plan?.allowedModels).filter((list) => list !== undefined),
      nodes
        .toReversed()
        .flatMap((node) => (node.plan === undefined ? [node.tenant.access] : [node.plan.access, node.tenant.access])),
      {
        tenantId: tenant.id,
        keyId: key.id,
        attribute: (name) => chain.find(({ attributes }) => Object.hasOwn(attributes, name))?.attributes[name] ?? null,
      },
    ),
    limits,
    hasHardBudget: limits.some((scoped) => scoped.limit.kind === 'cost' && scoped.limit.mode === 'hard'),
    onDisconnect: nearestPlan?.onDisconnect ?? 'drain',
    unpriced: nearestPlan?.unpriced ?? content.defaultUnpriced,
    budgeting: budgetingOf(nodes.flatMap(({ plan }) => (plan === undefined ? [] : [plan.budgeting]))),
    dialects: joinDialects(nodes.flatMap(({ plan }) => (plan === undefined ? [] : [plan.dialects]))),
    fallbacks: nodes.flatMap(({ plan }) => plan?.fallbacks ?? []),
    validUntil: Math.min(endOf(key.expiresAt), endOf(key.revokedAt)),
    disabledBy: chain.find((node) => node.status === 'disabled')?.id ?? null,
  }
}

function nodeOf(tenant: Tenant, plans: ReadonlyMap<string, Plan>): Node {
  const plan = tenant.planId === null ? undefined : plans.get(tenant.planId)
  return { tenant, plan, limits: limitsOnTenant(tenant, plan ?? null) }
}

const limitsOfAll = (chain: readonly Tenant[], nodes: ReadonlyMap<string, Node>): readonly ScopedLimit[] =>
  chain.flatMap((tenant) => nodes.get(tenant.id)?.limits ?? [])

const limitsOfKey = (key: ApiKey, firstKeyId: string): readonly ScopedLimit[] =>
  key.limits.map((limit) => scopedLimit(limit, { source: 'key', tenantId: key.tenantId, keyId: firstKeyId }))

/** Of a line of keys, those of the newest. */
function limitsOfKeys(keys: readonly ApiKey[], firstKeyId: (keyId: string) => string): readonly ScopedLimit[] {
  const byLine = new Map<string, ScopedLimit>()
  for (const key of keys) {
    if (key.replacedBy !== null) continue
    for (const scoped of limitsOfKey(key, firstKeyId(key.id))) byLine.set(scoped.counterId, scoped)
  }
  return [...byLine.values()]
}

/** A replaced key goes on in the one that replaced it: what was counted for its limits is not forgotten with it. */
function keyLines(keys: readonly ApiKey[]): (keyId: string) => string {
  const before = new Map(keys.filter((key) => key.replacedBy !== null).map((key) => [key.replacedBy, key.id]))
  return (keyId) => {
    const seen = new Set<string>()
    let first = keyId
    for (let next: string | undefined = keyId; next !== undefined && !seen.has(next); next = before.get(next)) {
      seen.add(next)
      first = next
    }
    return first
  }
}

const endOf = (time: string | null): number => (time === null ? Number.POSITIVE_INFINITY : Date.parse(time))

/** The tenant, its parent, … up to the root; a loop or a depth beyond 16 ends it (stores refuse both). */
function chainOf(tenant: Tenant, tenants: ReadonlyMap<string, Tenant>): readonly Tenant[] {
  const chain: Tenant[] = []
  let node: Tenant | undefined = tenant
  while (node !== undefined && chain.length < DEEPEST_TREE && !chain.includes(node)) {
    chain.push(node)
    node = node.parentId === null ? undefined : tenants.get(node.parentId)
  }
  return chain
}

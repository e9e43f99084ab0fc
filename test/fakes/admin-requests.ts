// A request that succeeds for every route of the control plane, in a world of two tenants that must not see each other.

import { NO_ACCESS_POLICY } from '../../src/core/access.ts'
import { USUAL_BUDGETING } from '../../src/core/budgeting.ts'
import { USUAL_DIALECTS } from '../../src/core/dialects.ts'
import { limitOf } from '../../src/core/limit.ts'
import { ALL_TENANTS } from '../../src/core/tenant.ts'
import { entry, fakeAdmin, type FakeAdmin } from './admin.ts'
import type { AdminDependencies } from '../../src/admin/dependencies.ts'
import type { TenantScope } from '../../src/core/tenant.ts'
import type { FakeStores } from './stores.ts'

export type Owner = 'alpha' | 'beta'

export type AdminRequest = {
  /** values of the parameters in braces */
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
}

/** What each owner's things are called. Every name holds its owner's, so that a leak is seen in any answer. */
export const THINGS = {
  alpha: { tenant: 'alpha', key: 'alphakey0001', request: 'request-of-alpha' },
  beta: { tenant: 'beta', key: 'betakey00001', request: 'request-of-beta' },
} as const

/** `owner` says whose thing stands at a place such as "path.tenant_id". */
export type RequestMaker = (owner: (place: string) => Owner) => AdminRequest

const tenantPath: RequestMaker = (owner) => ({ path: { tenant_id: THINGS[owner('path.tenant_id')].tenant } })

const keyPath: RequestMaker = (owner) => ({
  path: { tenant_id: THINGS[owner('path.tenant_id')].tenant, key_id: THINGS[owner('path.key_id')].key },
})

const tenantQuery: RequestMaker = (owner) => ({ query: { tenant: THINGS[owner('query.tenant')].tenant } })

const nothing: RequestMaker = () => ({})

const PRICE = {
  base_model: 'anthropic.claude-sonnet-5',
  dimension: 'input_tokens',
  usd: '3.5',
  effective_from: '2026-12-01',
}

/** By "METHOD /path". */
export const REQUESTS: Readonly<Record<string, RequestMaker>> = {
  'GET /tenants': nothing,
  'POST /tenants': (owner) => ({ body: { id: 'alpha.new', parent_id: THINGS[owner('body.parent_id')].tenant } }),
  'GET /tenants/{tenant_id}': tenantPath,
  'PATCH /tenants/{tenant_id}': (owner) => ({
    ...tenantPath(owner),
    body: owner('body.parent_id') === 'alpha' ? { name: 'changed' } : { parent_id: 'beta' },
  }),
  'DELETE /tenants/{tenant_id}': tenantPath,
  'GET /tenants/{tenant_id}/keys': tenantPath,
  'POST /tenants/{tenant_id}/keys': (owner) => ({
    ...tenantPath(owner),
    body: { name: 'new', may_act_for: [THINGS[owner('body.may_act_for')].tenant] },
  }),
  'GET /tenants/{tenant_id}/keys/{key_id}': keyPath,
  'PATCH /tenants/{tenant_id}/keys/{key_id}': (owner) => ({
    ...keyPath(owner),
    body: { may_act_for: [THINGS[owner('body.may_act_for')].tenant] },
  }),
  'POST /tenants/{tenant_id}/keys/{key_id}/rotate': (owner) => ({ ...keyPath(owner), body: { grace_seconds: 60 } }),
  'DELETE /tenants/{tenant_id}/keys/{key_id}': keyPath,
  'GET /alerts': nothing,
  'GET /alert-rules': nothing,
  'GET /alert-rules/{rule_id}': () => ({ path: { rule_id: 'rule' } }),
  'PUT /alert-rules/{rule_id}': () => ({ path: { rule_id: 'rule' }, body: { kind: 'threshold', percents: [90] } }),
  'DELETE /alert-rules/{rule_id}': () => ({ path: { rule_id: 'rule' } }),
  'GET /alert-targets': nothing,
  'PUT /alert-targets/{target_id}': () => ({
    path: { target_id: 'unused' },
    body: { kind: 'sns', topic_arn: 'arn:aws:sns:us-east-1:123456789012:alerts' },
  }),
  'DELETE /alert-targets/{target_id}': () => ({ path: { target_id: 'unused' } }),
  'POST /alert-tests': () => ({ body: { target_id: 'ops' } }),
  'GET /aliases': nothing,
  'PUT /aliases/{alias}': () => ({ path: { alias: 'chat' }, body: { model_id: 'anthropic.claude-sonnet-5' } }),
  'DELETE /aliases/{alias}': () => ({ path: { alias: 'unused' } }),
  'GET /endpoints': nothing,
  'GET /endpoints/{endpoint_id}': () => ({ path: { endpoint_id: 'unused' } }),
  'PUT /endpoints/{endpoint_id}': () => ({ path: { endpoint_id: 'chat' }, body: { endpoint_name: 'SM-Chat' } }),
  'DELETE /endpoints/{endpoint_id}': () => ({ path: { endpoint_id: 'unused' } }),
  'GET /plans': nothing,
  'GET /plans/{plan_id}': () => ({ path: { plan_id: 'basic' } }),
  'PUT /plans/{plan_id}': () => ({ path: { plan_id: 'basic' }, body: { allowed_models: ['anthropic.*'] } }),
  'DELETE /plans/{plan_id}': () => ({ path: { plan_id: 'unused' } }),
  'GET /prices': nothing,
  'POST /prices': () => ({ body: { prices: [PRICE] } }),
  'GET /prices/missing': nothing,
  'POST /prices/import': () => ({ query: { dry_run: 'true' }, body: { offerCode: 'AmazonBedrock' } }),
  'GET /prices/versions': nothing,
  'GET /prices/versions/{version}': () => ({ path: { version: '1' } }),
  'GET /models': nothing,
  'GET /limits/{tenant_id}': tenantPath,
  'POST /limits/{tenant_id}/adjustments': (owner) => ({
    ...tenantPath(owner),
    body: { limit_id: 'requests-day', key_id: THINGS[owner('body.key_id')].key, amount: 5 },
  }),
  'DELETE /limits/{tenant_id}/adjustments': (owner) => ({
    ...tenantPath(owner),
    query: { limit_id: 'requests-day', key: THINGS[owner('query.key')].key },
  }),
  'GET /requests/{request_id}': (owner) => ({ path: { request_id: THINGS[owner('path.request_id')].request } }),
  'GET /ledger': (owner) => ({
    query: { tenant: THINGS[owner('query.tenant')].tenant, key: THINGS[owner('query.key')].key },
  }),
  'GET /reports': nothing,
  'GET /reports/daily': (owner) => ({ query: { ...tenantQuery(owner).query, date: '2026-11-20' } }),
  'GET /reports/spend': tenantQuery,
  'GET /reports/unpriced': tenantQuery,
  'GET /reports/lifecycle': tenantQuery,
  'GET /calls': nothing,
  'GET /audit': nothing,
  'POST /rerate': () => ({ body: { from: '2026-11-01', to: '2026-12-01', dry_run: true } }),
  'POST /close-day': () => ({ body: { date: '2026-11-19' } }),
  'POST /rollups/rebuild': () => ({ body: { verify_only: true } }),
  'POST /counters/verify': () => ({ body: { repair: false } }),
  'GET /store/check': nothing,
  'GET /openapi.json': nothing,
}

const UNUSED_TARGET = { modelId: 'anthropic.claude-sonnet-5', from: '2026-01-01T00:00:00.000Z' }

const PLAN = {
  name: 'plan',
  allowedModels: ['anthropic.*'],
  access: NO_ACCESS_POLICY,
  onDisconnect: 'drain',
  unpriced: 'hold',
  budgeting: USUAL_BUDGETING,
  dialects: USUAL_DIALECTS,
  fallbacks: [],
} as const

const UNUSED_ENDPOINT = {
  id: 'unused',
  name: 'Unused',
  endpointName: 'SM-Unused',
  inferenceComponent: null,
  region: null,
  kind: null,
  maxOutputTokens: null,
  createdAt: '2026-01-01T00:00:00.000Z',
}

/** Two tenants, each with a key, a call and an unpriced call; a plan in use and one that is not; two prices. */
export async function twoTenants(changed: Partial<AdminDependencies> = {}, stores?: FakeStores): Promise<FakeAdmin> {
  const world = await fakeAdmin(changed, stores)
  const { tenants, plans, aliases, endpoints, prices, ledger } = world.stores
  await aliases.putAlias({ name: 'unused', tenantId: null, targets: [UNUSED_TARGET], createdAt: '2026-01-01' })
  await endpoints.putEndpoint(UNUSED_ENDPOINT)
  for (const id of ['basic', 'unused']) await plans.putPlan({ ...PLAN, id, limits: [], createdAt: '2026-01-01' })
  for (const { tenant, key, request } of Object.values(THINGS)) {
    await tenants.createTenant({
      id: tenant,
      name: `name of ${tenant}`,
      parentId: null,
      planId: 'basic',
      attributes: { owner: `attribute of ${tenant}` },
      status: 'active',
      allowedModels: null,
      access: NO_ACCESS_POLICY,
      limits: [],
      planAdjustments: {},
      createdAt: '2026-01-01T00:00:00.000Z',
    })
    await tenants.createKey({
      id: key,
      tenantId: tenant,
      name: `key of ${tenant}`,
      secretHash: tenant === 'alpha' ? 'a'.repeat(64) : 'b'.repeat(64),
      accessKeyId: `WBAK${tenant.toUpperCase()}`,
      mayActFor: [],
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
      revokedAt: null,
      replacedBy: null,
      limits: [limitOf({ kind: 'requests', per: 'day', amount: 1_000n })],
    })
    await ledger.append(entry({ requestId: request, tenantId: tenant, keyId: key }))
    const unpriced = { cost: null, inputCost: null, priceVersion: null }
    await ledger.append(entry({ requestId: `${request}-unpriced`, tenantId: tenant, keyId: key, ...unpriced }))
  }
  const price = (dimension: 'input_tokens' | 'output_tokens', unitPrice: bigint) => ({
    baseModel: 'anthropic.claude-sonnet-5',
    region: '*',
    routing: '*' as const,
    tier: 'standard' as const,
    contextAbove: 0,
    dimension,
    variant: '',
    tenantId: null,
    unitPrice: unitPrice as never,
    effectiveFrom: '2026-01-01',
    effectiveTo: null,
    source: 'test',
  })
  await prices.appendVersion({
    createdAt: '2026-01-01T00:00:00.000Z',
    author: 'test',
    note: '',
    prices: [price('input_tokens', 3_000_000n), price('output_tokens', 15_000_000n)],
    adjustments: [],
  })
  await addAlerts(world)
  return world
}

/** A rule that tells one of two targets, and an alert of each tenant and of none. */
async function addAlerts({ stores: { alerts } }: FakeAdmin): Promise<void> {
  const createdAt = '2026-01-01T00:00:00.000Z'
  for (const id of ['ops', 'unused']) {
    const settings = { kind: 'webhook', url: 'https://hooks.example.com/' } as const
    await alerts.putTarget({ id, settings, sealedSecret: 'sealed', createdAt })
  }
  await alerts.putRule({ id: 'rule', kind: 'unpriced', tenantId: null, targetIds: ['ops'], createdAt })
  for (const tenantId of ['alpha', 'beta', null]) {
    const facts = { kind: 'unpriced', modelId: `model-of-${tenantId ?? 'beta-and-all'}`, calls: 1n } as const
    const window = { raisedAt: 1, windowStart: 0, windowEnd: null }
    const id = `alert-of-${tenantId ?? 'beta-and-all'}`
    await alerts.raise({ id, identity: id, ruleId: 'rule', tenantId, ...window, facts }, ['ops'])
  }
}

export const onlyAlpha = (): TenantScope => ({ kind: 'tenants', tenantIds: ['alpha', 'alpha.new'] })

/** Everything that is stored, as text: the same text means that nothing was changed. */
export async function contentOf({ stores }: FakeAdmin): Promise<string> {
  const content = {
    tenants: await stores.tenants.everyTenant(),
    keys: await stores.tenants.everyKey(),
    plans: await stores.plans.listPlans(),
    rules: await stores.alerts.listRules(),
    targets: await stores.alerts.listTargets(),
    aliases: await stores.aliases.listAliases(),
    endpoints: await stores.endpoints.listEndpoints(),
    versions: await stores.prices.versionsAfter(0),
    ledger: await stores.ledger.page(ALL_TENANTS, {}, { cursor: null, limit: 1_000 }),
  }
  return JSON.stringify(content, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}

/** Path with query of a request to a route such as "GET /tenants/{tenant_id}". */
export function targetOf(route: string, { path = {}, query = {} }: AdminRequest): string {
  const filled = route.slice(route.indexOf(' ') + 2).replaceAll(/\{(\w+)\}/g, (_, name: string) => path[name] ?? '')
  const asked = Object.entries(query).map(([name, value]) => `${name}=${value}`)
  return asked.length === 0 ? filled : `${filled}?${asked.join('&')}`
}

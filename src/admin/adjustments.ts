// Adjustments: more of a limit for a while, in one step, for one tenant or one of its keys; top-ups and temporary increases.

import { z } from 'zod'
import { LIMIT_SOURCES, type Limit, type LimitSource } from '../core/limit.ts'
import type { ApiKey, Tenant, TenantScope } from '../core/tenant.ts'
import { planLimitFor } from '../core/tenant-limits.ts'
import { windowOf } from '../core/window.ts'
import type { AdminDependencies } from './dependencies.ts'
import { invalid } from './errors.ts'
import * as fields from './fields.ts'
import { keyOr404, storeKey } from './keys.ts'
import { adjustment, limit as limitField } from './limit-fields.ts'
import { adjustmentsToJson, limitsFromJson, limitToJson } from './limits-json.ts'
import { limitStatusOf, limitStatusReply } from './limits.ts'
import { operation } from './operation.ts'
import { replaceTenant, tenantOr404 } from './tenants.ts'

const params = z.strictObject({ tenant_id: fields.tenantId })

const which = {
  limit_id: z.string().max(64).meta({ description: 'the id of the limit, as GET /limits/{tenant_id} shows it' }),
  source: z
    .enum(LIMIT_SOURCES)
    .optional()
    .meta({ description: 'needed where the tenant and its plan have a limit of the same id' }),
  key_id: fields.keyId.optional().meta({ description: 'the key that the limit stands on' }),
}

const reply = z.object({ tenant_id: z.string(), limits: z.array(limitStatusReply) })

export const addAdjustment = operation({
  words:
    'Adds to a limit that stands on a tenant, on its plan (for this tenant alone) or on one of its keys: until the end of the window, or until a time.',
  params,
  body: z.strictObject({ ...which, ...adjustment.shape }),
  reply,
  status: 201,
  async run({ deps, scope, params: { tenant_id }, body }) {
    const { limit_id, source, key_id, ...more } = body
    await tenantOr404(deps, scope, tenant_id)
    const key = key_id === undefined ? null : await deps.tenants.getKey(scope, key_id)
    if (key_id !== undefined && key?.tenantId !== tenant_id)
      throw invalid('key_id', `There is no key ${key_id} of tenant ${tenant_id}.`)
    const found = await findLimit(deps, scope, tenant_id, { limit_id, source, key })
    return replaced(deps, scope, found, withMore(found.limit, more, deps.now()))
  },
})

export const removeAdjustments = operation({
  words: 'Takes away all that was added to a limit of a tenant, of its plan for this tenant, or of one of its keys.',
  params,
  query: z.strictObject({ limit_id: which.limit_id, source: which.source, key: which.key_id }),
  reply,
  async run({ deps, scope, params: { tenant_id }, query: { limit_id, source, key } }) {
    const on = key === undefined ? null : await keyOr404(deps, scope, { tenant_id, key_id: key })
    const found = await findLimit(deps, scope, tenant_id, { limit_id, source, key: on })
    return replaced(deps, scope, found, { ...found.limit, adjustments: [] })
  },
})

type Which = {
  readonly limit_id: string
  readonly source: LimitSource | undefined
  readonly key: ApiKey | null
}

type Found = {
  readonly source: LimitSource
  readonly tenant: Tenant
  /** null: it stands on no key */
  readonly key: ApiKey | null
  /** of a plan: what it has of its own stays out, only what was added for this tenant is there */
  readonly limit: Limit
}

async function findLimit(
  deps: AdminDependencies,
  scope: TenantScope,
  tenantId: string,
  { limit_id, source, key }: Which,
): Promise<Found> {
  const tenant = await tenantOr404(deps, scope, tenantId)
  const plan = tenant.planId === null ? null : await deps.plans.getPlan(tenant.planId)
  const ofPlan = (plan?.limits ?? []).map((limit) => planLimitFor(tenant, { ...limit, adjustments: [] }))
  const all: readonly Found[] = [
    ...(key?.limits ?? []).map((limit) => ({ source: 'key' as const, tenant, key, limit })),
    ...tenant.limits.map((limit) => ({ source: 'tenant' as const, tenant, key: null, limit })),
    ...ofPlan.map((limit) => ({ source: 'plan' as const, tenant, key: null, limit })),
  ]
  const wanted = source ?? (key === null ? undefined : 'key')
  const named = all.filter(({ limit, source: at }) => limit.id === limit_id && (wanted === undefined || at === wanted))
  const [found, other] = named
  if (found === undefined) throw invalid('limit_id', noLimit(limit_id, tenantId, all))
  if (other === undefined) return found
  throw invalid(
    'source',
    `Tenant ${tenantId} and its plan both have a limit "${limit_id}": say source, tenant or plan.`,
  )
}

function noLimit(limitId: string, tenantId: string, all: readonly Found[]): string {
  const there = all.map(({ limit, source }) => `"${limit.id}" (${source})`).join(', ')
  const known = there === '' ? 'It has none of its own, nor by its plan.' : `There are ${there}.`
  return `There is no limit "${limitId}" on tenant ${tenantId}. ${known} Limits of tenants above it are adjusted there; those of a key need key_id.`
}

/** The limit as its owner would write it with one adjustment more: the same rules hold. */
function withMore(limit: Limit, more: z.output<typeof adjustment>, now: number): Limit {
  const kept = {
    ...limit,
    adjustments: limit.adjustments.filter((each) => endOf(limit, each) > forgetBefore(limit, now)),
  }
  const parsed = limitField.safeParse({ ...limitToJson(kept), adjustments: [...adjustmentsToJson(kept), more] })
  if (parsed.success) return limitsFromJson([parsed.data], [limit], now)[0] ?? limit
  const [issue] = parsed.error.issues
  const member = issue?.path.at(-1)
  const field = typeof member === 'string' && member !== 'adjustments' ? member : null
  throw invalid(field, `${field ?? 'adjustments'} ${issue?.message ?? 'is not valid'}.`)
}

const endOf = (limit: Limit, { from, until }: Limit['adjustments'][number]): number =>
  until ?? windowOf(limit, from).end

/** What is left over of the window before still asks what was added to it. */
const forgetBefore = (limit: Limit, now: number): number => windowOf(limit, windowOf(limit, now).start - 1).start

async function replaced(deps: AdminDependencies, scope: TenantScope, found: Found, limit: Limit) {
  const { tenant, key, source } = found
  const inPlace = (limits: readonly Limit[]): readonly Limit[] =>
    limits.map((each) => (each.id === limit.id ? limit : each))
  if (key !== null) await storeKey(deps, scope, { ...key, limits: inPlace(key.limits) })
  else if (source === 'tenant') await replaceTenant(deps, scope, { ...tenant, limits: inPlace(tenant.limits) })
  else await replaceTenant(deps, scope, { ...tenant, planAdjustments: planAdjustments(tenant, limit) })
  const statuses = await limitStatusOf(deps, scope, tenant.id)
  return {
    tenant_id: tenant.id,
    limits: statuses.filter((row) => row.id === limit.id && row.source === source && row.tenant_id === tenant.id),
  }
}

function planAdjustments({ planAdjustments: before }: Tenant, { id, adjustments }: Limit): Tenant['planAdjustments'] {
  const { [id]: _, ...others } = before
  return adjustments.length === 0 ? others : { ...others, [id]: adjustments }
}

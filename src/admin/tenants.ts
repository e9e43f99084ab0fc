// Tenants: the tree of customers. A tenant is never deleted, only disabled, because the ledger speaks of it.

import { z } from 'zod'
import { NO_ACCESS_POLICY } from '../core/access.ts'
import type { Limit } from '../core/limit.ts'
import { inScope, type Tenant, type TenantScope } from '../core/tenant.ts'
import { accessChange, accessReply, accessToJson, changedAccess, checkAccessGlobs } from './access.ts'
import type { AdminDependencies } from './dependencies.ts'
import { makeEffective } from './effective.ts'
import { AdminError, invalid, notFound } from './errors.ts'
import * as fields from './fields.ts'
import { checkLimits, checkTree } from './limit-checks.ts'
import { limits, type WrittenLimit } from './limit-fields.ts'
import { limitReply, limitsFromJson, limitToJson } from './limits-json.ts'
import { checkGlobs } from './model-globs.ts'
import { operation } from './operation.ts'

const STATUSES = ['active', 'disabled'] as const

const attributes = z
  .record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, 'must be a name of letters, digits, "_", "." and "-"'),
    z.string().max(256),
  )
  .refine((record) => Object.keys(record).length <= 32, 'must have at most 32 members')

const changeable = {
  name: fields.displayName.optional(),
  parent_id: fields.tenantId.nullable().optional(),
  plan_id: fields.planId.nullable().optional(),
  attributes: attributes.optional(),
  status: z.enum(STATUSES).optional(),
  allowed_models: fields.modelGlobs.nullable().optional(),
  access: accessChange.nullable().optional(),
  limits: limits.optional(),
  allow_unknown_models: z.boolean().default(false),
}

const newTenant = z.strictObject({ id: fields.tenantId, ...changeable })
const tenantChange = z.strictObject(changeable)

export const tenantReply = z.object({
  id: z.string(),
  name: z.string(),
  parent_id: z.string().nullable(),
  plan_id: z.string().nullable(),
  attributes: z.record(z.string(), z.string()),
  status: z.enum(STATUSES),
  allowed_models: z.array(z.string()).nullable(),
  access: accessReply,
  limits: z.array(limitReply),
  created_at: z.string(),
})

const params = z.strictObject({ tenant_id: fields.tenantId })

export const createTenant = operation({
  words: 'Creates a tenant. It is closed until it, or its plan, allows models.',
  body: newTenant,
  reply: tenantReply,
  status: 201,
  async run({ deps, scope, body }) {
    refuseParentOutside(scope, body.parent_id ?? null)
    const blank: Tenant = {
      id: body.id,
      name: body.id,
      parentId: null,
      planId: null,
      attributes: {},
      status: 'active',
      allowedModels: null,
      access: NO_ACCESS_POLICY,
      limits: [],
      planAdjustments: {},
      createdAt: fields.timeOf(deps.now()),
    }
    refuseCredentials(scope, body)
    const tenant = changed(deps, blank, body)
    await checkTree(deps, { tenant })
    await deps.tenants.createTenant(tenant)
    await makeEffective(deps)
    return tenantToJson(tenant)
  },
})

export const listTenants = operation({
  words: 'All tenants by id, a page at a time.',
  query: z.strictObject({ cursor: fields.tenantId.optional(), limit: fields.queryNumber(1_000, 100) }),
  reply: z.object({ tenants: z.array(tenantReply), next_cursor: fields.nextCursor }),
  async run({ deps, scope, query }) {
    const found = await deps.tenants.listTenants(scope, { afterId: query.cursor ?? null, limit: query.limit + 1 })
    const page = found.slice(0, query.limit)
    return {
      tenants: page.map(tenantToJson),
      next_cursor: found.length > page.length ? (page.at(-1)?.id ?? null) : null,
    }
  },
})

export const getTenant = operation({
  words: 'One tenant.',
  params,
  reply: tenantReply,
  run: async ({ deps, scope, params: { tenant_id } }) => tenantToJson(await tenantOr404(deps, scope, tenant_id)),
})

export const updateTenant = operation({
  words: 'Changes the members that are given; each is replaced whole.',
  params,
  body: tenantChange,
  reply: tenantReply,
  async run({ deps, scope, params: { tenant_id }, body }) {
    const before = await tenantOr404(deps, scope, tenant_id)
    if (body.parent_id !== undefined && body.parent_id !== before.parentId) refuseParentOutside(scope, body.parent_id)
    refuseCredentials(scope, body)
    const tenant = changed(deps, before, body)
    await checkTree(deps, { tenant })
    return replaceTenant(deps, scope, tenant)
  },
})

export const disableTenant = operation({
  words: 'Disables a tenant: its keys, and those of everyone below it, stop working. Its ledger entries stay.',
  params,
  reply: tenantReply,
  async run({ deps, scope, params: { tenant_id } }) {
    const before = await tenantOr404(deps, scope, tenant_id)
    return replaceTenant(deps, scope, { ...before, status: 'disabled' })
  },
})

export async function tenantOr404(deps: AdminDependencies, scope: TenantScope, tenantId: string): Promise<Tenant> {
  const tenant = await deps.tenants.getTenant(scope, tenantId)
  if (tenant === null) throw notFound(`tenant ${tenantId}`)
  return tenant
}

export async function replaceTenant(deps: AdminDependencies, scope: TenantScope, tenant: Tenant) {
  if (!(await deps.tenants.updateTenant(scope, tenant))) throw notFound(`tenant ${tenant.id}`)
  await makeEffective(deps)
  return tenantToJson(tenant)
}

/** Who sees only some tenants can neither make a new root nor hang one of theirs under somebody else's. */
function refuseParentOutside(scope: TenantScope, parentId: string | null): void {
  if (scope.kind === 'all') return
  if (parentId === null) throw new AdminError('outside_your_tenants', { field: 'parent_id' })
  if (!inScope(scope, parentId)) throw invalid('parent_id', `There is no tenant ${parentId} to be the parent.`)
}

/** Roles and targets are of the gateway's own AWS account or of others' that trust it: not for who sees only some tenants to choose. */
function refuseCredentials(scope: TenantScope, change: z.output<typeof tenantChange>): void {
  if (scope.kind === 'all' || change.access === undefined) return
  const named = (['assume_role', 'send_to'] as const).find(
    (name) => change.access === null || change.access?.[name] !== undefined,
  )
  if (named !== undefined) throw new AdminError('outside_your_tenants', { field: `access.${named}` })
}

function changed(deps: AdminDependencies, before: Tenant, change: z.output<typeof tenantChange>): Tenant {
  if (!change.allow_unknown_models) {
    checkGlobs(deps, change.allowed_models ?? [])
    checkAccessGlobs(deps, change.access ?? {})
  }
  return {
    ...before,
    name: change.name ?? before.name,
    parentId: change.parent_id === undefined ? before.parentId : change.parent_id,
    ...(change.plan_id === undefined ? {} : withPlan(before, change.plan_id)),
    attributes: change.attributes ?? before.attributes,
    status: change.status ?? before.status,
    allowedModels: change.allowed_models === undefined ? before.allowedModels : change.allowed_models,
    access: change.access === undefined ? before.access : changedAccess(before.access, change.access),
    limits: change.limits === undefined ? before.limits : ownLimits(deps, before, change.limits, change),
  }
}

/** What was added to limits of a plan goes with the plan. */
const withPlan = (before: Tenant, planId: string | null): Pick<Tenant, 'planId' | 'planAdjustments'> => ({
  planId,
  planAdjustments: planId === before.planId ? before.planAdjustments : {},
})

function ownLimits(
  deps: AdminDependencies,
  before: Tenant,
  written: readonly WrittenLimit[],
  { allow_unknown_models }: Pick<z.output<typeof tenantChange>, 'allow_unknown_models'>,
): readonly Limit[] {
  const own = limitsFromJson(written, before.limits, deps.now())
  checkLimits(deps, own, { allowUnknownModels: allow_unknown_models })
  return own
}

const tenantToJson = (tenant: Tenant): z.input<typeof tenantReply> => ({
  id: tenant.id,
  name: tenant.name,
  parent_id: tenant.parentId,
  plan_id: tenant.planId,
  attributes: { ...tenant.attributes },
  status: tenant.status,
  allowed_models: tenant.allowedModels === null ? null : [...tenant.allowedModels],
  access: accessToJson(tenant.access),
  limits: tenant.limits.map(limitToJson),
  created_at: tenant.createdAt,
})

// Refuses limits that can never apply: about models that nobody knows, metadata that is not kept, or above what the tree allows.

import type { Limit, LimitScope } from '../core/limit.ts'
import { exceedingLimits, type Exceeding } from '../core/limit-tree.ts'
import type { Plan } from '../core/plan.ts'
import type { Tenant } from '../core/tenant.ts'
import type { AdminDependencies } from './dependencies.ts'
import { invalid } from './errors.ts'
import { amountToJson } from './limits-json.ts'
import { checkGlobs } from './model-globs.ts'

/** Each limit by itself. */
export function checkLimits(
  deps: AdminDependencies,
  limits: readonly Limit[],
  { allowUnknownModels }: { readonly allowUnknownModels: boolean },
): void {
  for (const [index, limit] of limits.entries()) {
    const field = `limits[${index}]`
    if (limit.scope !== null) checkScope(deps, limit.scope, { field: `${field}.scope`, allowUnknownModels })
    if (limit.splitBy !== null) checkKept(deps, limit.splitBy, `${field}.split_by`)
  }
}

function checkScope(
  deps: AdminDependencies,
  scope: LimitScope,
  { field, allowUnknownModels }: { readonly field: string; readonly allowUnknownModels: boolean },
): void {
  const { models = [], surfaces = [], metadata = {} } = scope
  if (!allowUnknownModels) checkGlobs(deps, models, (at) => `${field}.models[${at}]`)
  for (const [at, surface] of surfaces.entries()) {
    if (deps.surfaces.includes(surface)) continue
    throw invalid(`${field}.surfaces[${at}]`, `There is no surface "${surface}": ${deps.surfaces.join(', ')}.`)
  }
  for (const key of Object.keys(metadata)) checkKept(deps, key, `${field}.metadata`)
}

function checkKept(deps: AdminDependencies, key: string, field: string): void {
  if (deps.metadataKeys.includes(key)) return
  throw invalid(field, `The metadata "${key.slice(0, 64)}" is not kept: add it to WEIGHBRIDGE_METADATA_KEYS first.`)
}

/** What a change makes exceed a limit over it, and did not before. */
export async function checkTree(
  deps: AdminDependencies,
  change: { readonly tenant: Tenant } | { readonly plan: Plan },
): Promise<void> {
  const [tenants, plans] = await Promise.all([deps.tenants.everyTenant(), deps.plans.listPlans()])
  const before = new Set(exceedingLimits(tenants, plans).map(nameOf))
  const after =
    'tenant' in change
      ? exceedingLimits([...tenants.filter(({ id }) => id !== change.tenant.id), change.tenant], plans)
      : exceedingLimits(tenants, [...plans.filter(({ id }) => id !== change.plan.id), change.plan])
  const found = after.find((one) => !before.has(nameOf(one)))
  if (found === undefined) return
  const { tenantId, limit, above } = found
  const changed = 'tenant' in change ? change.tenant : change.plan
  const index = changed.limits.indexOf('tenant' in change && tenantId !== change.tenant.id ? above.limit : limit)
  throw invalid(
    index === -1 ? 'limits' : `limits[${index}]`,
    `The limit "${limit.id}" of tenant ${tenantId} (${shown(limit)}) is above "${above.limit.id}" of tenant ` +
      `${above.tenantId} over it (${shown(above.limit)}). Lower it, or send "allow_exceed": true with it if it is meant.`,
  )
}

const shown = ({ kind, amount }: Limit): string => String(amountToJson(kind, amount))

const nameOf = ({ tenantId, limit, above }: Exceeding): string =>
  JSON.stringify([tenantId, limit.id, String(limit.amount), above.tenantId, above.limit.id, String(above.limit.amount)])

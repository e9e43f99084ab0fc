// What is left: every limit that applies to a tenant, its own and its ancestors', with what is used and held now.

import { z } from 'zod'
import { LIMIT_KINDS, LIMIT_MODES, LIMIT_PERIODS, LIMIT_SOURCES, type ScopedLimit } from '../core/limit.ts'
import type { LimitStatus } from '../core/reservation.ts'
import type { Tenant, TenantScope } from '../core/tenant.ts'
import { limitsOnTenant } from '../core/tenant-limits.ts'
import { windowOf } from '../core/window.ts'
import type { AdminDependencies } from './dependencies.ts'
import * as fields from './fields.ts'
import { adjustmentReply, adjustmentsToJson, amountToJson, shownAmount } from './limits-json.ts'
import { operation } from './operation.ts'
import { tenantOr404 } from './tenants.ts'

export const limitStatusReply = z.object({
  tenant_id: z.string(),
  key_id: z.string().optional().meta({ description: 'where it stands on a key: the first of its line' }),
  source: z.enum(LIMIT_SOURCES),
  id: z.string(),
  kind: z.enum(LIMIT_KINDS),
  per: z.enum(LIMIT_PERIODS).nullable(),
  mode: z.enum(LIMIT_MODES),
  amount: shownAmount,
  burst: z.number().nullable(),
  split: z.string().optional().meta({ description: 'the value of the metadata that is counted by itself' }),
  amount_now: shownAmount
    .nullable()
    .meta({ description: 'what may be used in this window in all: the amount, with what was added to it' }),
  used: shownAmount.nullable().meta({ description: 'null: not counted here' }),
  held: shownAmount.nullable().meta({ description: 'set aside for running calls' }),
  left: shownAmount.nullable(),
  resets_at: z.string().nullable(),
  adjustments: z.array(adjustmentReply).optional().meta({ description: 'what was added to it, or will be' }),
  would_have_refused: z.number().optional().meta({ description: 'limits in shadow: calls, since the gateway started' }),
})

type Reply = z.input<typeof limitStatusReply>

export const getLimits = operation({
  words: 'Every limit that applies to a tenant, nearest first, with what is used, held and left now.',
  params: z.strictObject({ tenant_id: fields.tenantId }),
  reply: z.object({ tenant_id: z.string(), limits: z.array(limitStatusReply) }),
  async run({ deps, scope, params: { tenant_id } }) {
    await tenantOr404(deps, scope, tenant_id)
    return { tenant_id, limits: await limitStatusOf(deps, scope, tenant_id) }
  },
})

/** Ancestors that the caller may not see stay out. */
export async function limitStatusOf(deps: AdminDependencies, scope: TenantScope, tenantId: string): Promise<Reply[]> {
  const ofKeys = (await deps.limitStatuses(tenantId)).filter(({ scoped }) => scoped.source === 'key')
  const found = ofKeys.map((status) => statusToJson(status.scoped, status, deps.now()))
  const seen = new Set<string>()
  let tenant = await deps.tenants.getTenant(scope, tenantId)
  while (tenant !== null && !seen.has(tenant.id)) {
    seen.add(tenant.id)
    const statuses = Map.groupBy(await deps.limitStatuses(tenant.id), ({ scoped }) => scoped.counterId)
    for (const scoped of await limitsOn(deps, tenant)) {
      const counters = statuses.get(scoped.counterId) ?? (scoped.limit.splitBy === null ? [null] : [])
      found.push(...counters.map((status) => statusToJson(scoped, status, deps.now())))
    }
    tenant = tenant.parentId === null ? null : await deps.tenants.getTenant(scope, tenant.parentId)
  }
  return found
}

async function limitsOn(deps: AdminDependencies, tenant: Tenant): Promise<readonly ScopedLimit[]> {
  const plan = tenant.planId === null ? null : await deps.plans.getPlan(tenant.planId)
  return limitsOnTenant(tenant, plan)
}

function statusToJson(scoped: ScopedLimit, status: LimitStatus | null, now: number): Reply {
  const { ownerTenantId, ownerKeyId, source, limit } = scoped
  const { id, kind, per, mode, amount, burst } = limit
  return {
    tenant_id: ownerTenantId,
    ...(ownerKeyId === null ? {} : { key_id: ownerKeyId }),
    source,
    id,
    kind,
    per,
    mode,
    amount: amountToJson(kind, amount),
    burst: burst === null ? null : Number(burst),
    ...(status === null ? NOT_COUNTED : countToJson(status)),
    resets_at: resetOf(scoped, now),
    ...(limit.adjustments.length === 0 ? {} : { adjustments: adjustmentsToJson(limit) }),
  }
}

const NOT_COUNTED = { amount_now: null, used: null, held: null, left: null }

function countToJson({ scoped, split, amount, used, held, wouldHaveRefused }: LimitStatus) {
  const { kind, mode } = scoped.limit
  const left = amount - used - held
  return {
    ...(split === null ? {} : { split }),
    amount_now: amountToJson(kind, amount),
    used: amountToJson(kind, used),
    held: amountToJson(kind, held),
    left: amountToJson(kind, left < 0n ? 0n : left),
    ...(mode === 'shadow' ? { would_have_refused: wouldHaveRefused } : {}),
  }
}

/** Concurrency ends with a call, a bucket fills all the time, and a limit without a period never ends. */
function resetOf({ limit }: ScopedLimit, now: number): string | null {
  const { kind, per, burst } = limit
  return kind === 'concurrency' || per === null || burst !== null ? null : fields.timeOf(windowOf(limit, now).end)
}

// What is left: every limit that applies to a tenant, its own and its ancestors', with what is used and held now.

import { z } from 'zod'
import { LIMIT_KINDS, LIMIT_MODES, LIMIT_PERIODS, type Limit } from '../core/limit.ts'
import { windowEnd, type CounterReading } from '../core/policy.ts'
import type { TenantScope } from '../core/tenant.ts'
import type { AdminDependencies } from './dependencies.ts'
import * as fields from './fields.ts'
import { amountToJson } from './limits-json.ts'
import { operation } from './operation.ts'
import { tenantOr404 } from './tenants.ts'

const amount = z.union([z.number(), z.string()])

export const limitStatusReply = z.object({
  tenant_id: z.string(),
  source: z.enum(['tenant', 'plan']),
  kind: z.enum(LIMIT_KINDS),
  per: z.enum(LIMIT_PERIODS).nullable(),
  mode: z.enum(LIMIT_MODES),
  amount,
  burst: z.number().nullable(),
  used: amount.nullable().meta({ description: 'null: not counted here, or a token bucket' }),
  held: amount.nullable().meta({ description: 'set aside for running calls' }),
  left: amount.nullable(),
  resets_at: z.string().nullable(),
})

type LimitStatus = z.input<typeof limitStatusReply>

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
export async function limitStatusOf(
  deps: AdminDependencies,
  scope: TenantScope,
  tenantId: string,
): Promise<LimitStatus[]> {
  const found: LimitStatus[] = []
  const seen = new Set<string>()
  let tenant = await deps.tenants.getTenant(scope, tenantId)
  while (tenant !== null && !seen.has(tenant.id)) {
    seen.add(tenant.id)
    const owner = tenant.id
    const counters = deps.limitStatus(owner)
    const plan = tenant.planId === null ? null : await deps.plans.getPlan(tenant.planId)
    const add = (source: 'tenant' | 'plan', limits: readonly Limit[]): void => {
      for (const limit of limits) found.push(statusOf(owner, source, limit, counters, deps.now()))
    }
    add('tenant', tenant.limits)
    add('plan', plan?.limits ?? [])
    tenant = tenant.parentId === null ? null : await deps.tenants.getTenant(scope, tenant.parentId)
  }
  return found
}

function statusOf(
  tenantId: string,
  source: 'tenant' | 'plan',
  limit: Limit,
  counters: CounterReading | null,
  now: number,
): LimitStatus {
  return {
    tenant_id: tenantId,
    source,
    kind: limit.kind,
    per: limit.per,
    mode: limit.mode,
    amount: amountToJson(limit.kind, limit.amount),
    burst: limit.burst === null ? null : Number(limit.burst),
    ...(counters === null || limit.burst !== null ? NOT_COUNTED : shownOf(limit, countedOf(limit, counters))),
    resets_at: resetOf(limit, now),
  }
}

const NOT_COUNTED = { used: null, held: null, left: null }

function shownOf(limit: Limit, { used, held }: Counted): { used: Shown; held: Shown; left: Shown } {
  const left = limit.amount - used - held
  const show = (value: bigint): Shown => amountToJson(limit.kind, value)
  return { used: show(used), held: show(held), left: show(left < 0n ? 0n : left) }
}

type Shown = number | string
type Counted = { readonly used: bigint; readonly held: bigint }

/** Concurrency ends with a call, a bucket fills all the time, and a limit without a period never ends. */
function resetOf({ kind, per, burst }: Limit, now: number): string | null {
  return kind === 'concurrency' || per === null || burst !== null ? null : fields.timeOf(windowEnd(per, now))
}

function countedOf(limit: Limit, counters: CounterReading): Counted {
  if (limit.kind === 'concurrency') return { used: 0n, held: BigInt(counters.concurrent) }
  const spent = counters.spent(limit.per ?? 'ever')
  if (limit.kind === 'requests') return { used: BigInt(spent.requests), held: 0n }
  if (limit.kind === 'tokens') return { used: BigInt(spent.tokens), held: BigInt(counters.heldTokens) }
  return { used: spent.cost, held: counters.heldCost }
}

// Usage plans: the named sets of allowed models and limits that tenants share.

import { z } from 'zod'
import { NO_ACCESS_POLICY } from '../core/access.ts'
import { ON_DISCONNECT, UNPRICED_POLICIES, type Plan } from '../core/plan.ts'
import { accessChange, accessReply, accessToJson, changedAccess, checkAccessGlobs } from './access.ts'
import { budgeting, budgetingFromJson, budgetingReply, budgetingToJson } from './budgeting-json.ts'
import { dialects, dialectsFromJson, dialectsReply, dialectsToJson } from './dialects-json.ts'
import { makeEffective } from './effective.ts'
import { notFound } from './errors.ts'
import { checkFallbacks, fallbacks, fallbacksFromJson, fallbacksReply, fallbacksToJson } from './fallbacks-json.ts'
import * as fields from './fields.ts'
import { checkLimits, checkTree } from './limit-checks.ts'
import { limits } from './limit-fields.ts'
import { limitReply, limitsFromJson, limitToJson } from './limits-json.ts'
import { checkGlobs } from './model-globs.ts'
import { operation } from './operation.ts'

const params = z.strictObject({ plan_id: fields.planId })

const planReply = z.object({
  id: z.string(),
  name: z.string(),
  allowed_models: z.array(z.string()),
  access: accessReply,
  limits: z.array(limitReply),
  on_disconnect: z.enum(ON_DISCONNECT),
  unpriced: z.enum(UNPRICED_POLICIES),
  budgeting: budgetingReply,
  dialects: dialectsReply,
  fallbacks: fallbacksReply,
  created_at: z.string(),
})

export const putPlan = operation({
  words: 'Creates a plan or replaces it whole. Its tenants follow at once.',
  params,
  body: z.strictObject({
    name: fields.displayName.optional(),
    allowed_models: fields.modelGlobs,
    access: accessChange.prefault({}),
    limits: limits.default([]),
    on_disconnect: z.enum(ON_DISCONNECT).default('drain'),
    unpriced: z.enum(UNPRICED_POLICIES).default('hold'),
    budgeting: budgeting.prefault({}),
    dialects: dialects.prefault({}),
    fallbacks: fallbacks.default([]).meta({
      description: 'what is called in the place of a model that is throttled or fails before it has begun to answer',
    }),
    allow_unknown_models: z.boolean().default(false),
  }),
  reply: planReply,
  async run({ deps, params: { plan_id }, body }) {
    if (!body.allow_unknown_models) {
      checkGlobs(deps, body.allowed_models)
      checkAccessGlobs(deps, body.access)
      checkFallbacks(deps, body.fallbacks)
    }
    const before = await deps.plans.getPlan(plan_id)
    const plan: Plan = {
      id: plan_id,
      name: body.name ?? plan_id,
      allowedModels: body.allowed_models,
      access: changedAccess(NO_ACCESS_POLICY, body.access),
      limits: limitsFromJson(body.limits, before?.limits ?? [], deps.now()),
      onDisconnect: body.on_disconnect,
      unpriced: body.unpriced,
      budgeting: budgetingFromJson(body.budgeting),
      dialects: dialectsFromJson(body.dialects),
      fallbacks: fallbacksFromJson(body.fallbacks),
      createdAt: before?.createdAt ?? fields.timeOf(deps.now()),
    }
    checkLimits(deps, plan.limits, { allowUnknownModels: body.allow_unknown_models })
    await checkTree(deps, { plan })
    await deps.plans.putPlan(plan)
    await makeEffective(deps)
    return planToJson(plan)
  },
})

export const listPlans = operation({
  words: 'All plans by id.',
  reply: z.object({ plans: z.array(planReply) }),
  run: async ({ deps }) => ({ plans: (await deps.plans.listPlans()).map(planToJson) }),
})

export const getPlan = operation({
  words: 'One plan.',
  params,
  reply: planReply,
  async run({ deps, params: { plan_id } }) {
    const plan = await deps.plans.getPlan(plan_id)
    if (plan === null) throw notFound(`plan ${plan_id}`)
    return planToJson(plan)
  },
})

export const deletePlan = operation({
  words: 'Deletes a plan that no tenant has.',
  params,
  reply: z.object({ id: z.string(), deleted: z.literal(true) }),
  async run({ deps, params: { plan_id } }) {
    if (!(await deps.plans.deletePlan(plan_id))) throw notFound(`plan ${plan_id}`)
    await makeEffective(deps)
    return { id: plan_id, deleted: true as const }
  },
})

const planToJson = (plan: Plan): z.input<typeof planReply> => ({
  id: plan.id,
  name: plan.name,
  allowed_models: [...plan.allowedModels],
  access: accessToJson(plan.access),
  limits: plan.limits.map(limitToJson),
  on_disconnect: plan.onDisconnect,
  unpriced: plan.unpriced,
  budgeting: budgetingToJson(plan.budgeting),
  dialects: dialectsToJson(plan.dialects),
  fallbacks: fallbacksToJson(plan.fallbacks),
  created_at: plan.createdAt,
})

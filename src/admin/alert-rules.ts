// Alert rules: what is watched, for which part of the tenant tree, and who is told.

import { z } from 'zod'
import { ALERT_COUNTINGS, type AlertRule } from '../core/alert.ts'
import { MOST_WINDOW_MINUTES } from '../core/error-rate.ts'
import { LIMIT_KINDS } from '../core/limit.ts'
import { StoreConflict } from '../core/tenant.ts'
import { invalid, notFound, type AdminError } from './errors.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'

const MOST_PERCENTS = 20
const MOST_TARGETS = 16

export const alertId = fields.planId
const params = z.strictObject({ rule_id: alertId })

const percents = z
  .array(
    z
      .number()
      .min(0.01)
      .max(1_000)
      .refine((percent) => Number.isInteger(Math.round(percent * 1e6) / 1e4), 'must have at most two decimals'),
  )
  .min(1)
  .max(MOST_PERCENTS)
  .refine((list) => new Set(list).size === list.length, 'must not repeat a percentage')
  .meta({ description: 'percentages, each of which is alerted once' })

const common = {
  tenant_id: fields.tenantId
    .nullable()
    .default(null)
    .meta({ description: 'the tenant that is watched, with all below it; null: all tenants' }),
  target_ids: z.array(alertId).max(MOST_TARGETS).default([]),
}

const limitKinds = z
  .array(z.enum(LIMIT_KINDS))
  .min(1)
  .max(LIMIT_KINDS.length)
  .nullable()
  .default(null)
  .meta({ description: 'null: limits of every kind' })

const body = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('threshold'),
    ...common,
    percents,
    limit_kinds: limitKinds,
    counting: z.enum(ALERT_COUNTINGS).default('used'),
  }),
  z.strictObject({
    kind: z.literal('forecast'),
    ...common,
    percents: percents.default([100]),
    limit_kinds: limitKinds,
    minimum_elapsed_percent: z.number().min(0).max(99).default(10),
  }),
  z.strictObject({ kind: z.literal('unpriced'), ...common }),
  z.strictObject({
    kind: z.literal('errors'),
    target_ids: common.target_ids,
    percents,
    window_minutes: z.int().min(1).max(MOST_WINDOW_MINUTES).default(5),
    minimum_calls: z.int().min(1).max(1_000_000).default(20),
  }),
])

const ruleReply = z.object({
  id: z.string(),
  kind: z.enum(['threshold', 'forecast', 'unpriced', 'errors']),
  tenant_id: z.string().nullable(),
  target_ids: z.array(z.string()),
  percents: z.array(z.number()).optional(),
  limit_kinds: z.array(z.enum(LIMIT_KINDS)).nullable().optional(),
  counting: z.enum(ALERT_COUNTINGS).optional(),
  minimum_elapsed_percent: z.number().optional(),
  window_minutes: z.number().optional(),
  minimum_calls: z.number().optional(),
  created_at: z.string(),
})

export const putAlertRule = operation({
  words: 'Creates an alert rule or replaces it whole. What it has raised stays raised.',
  params,
  body,
  reply: ruleReply,
  async run({ deps, params: { rule_id }, body: written }) {
    const before = await deps.alerts.getRule(rule_id)
    const rule = ruleFrom(written, { id: rule_id, createdAt: before?.createdAt ?? fields.timeOf(deps.now()) })
    try {
      await deps.alerts.putRule(rule)
    } catch (thrown) {
      // the caller named what is not there: that is a mistake in the request, not a conflict with what is stored
      if (thrown instanceof StoreConflict) throw invalid(thrown.field, `${thrown.field}: ${thrown.message}.`)
      throw thrown
    }
    return ruleToJson(rule)
  },
})

export const listAlertRules = operation({
  words: 'All alert rules by id.',
  reply: z.object({ rules: z.array(ruleReply) }),
  run: async ({ deps }) => ({ rules: (await deps.alerts.listRules()).map(ruleToJson) }),
})

export const getAlertRule = operation({
  words: 'One alert rule.',
  params,
  reply: ruleReply,
  async run({ deps, params: { rule_id } }) {
    const rule = await deps.alerts.getRule(rule_id)
    if (rule === null) throw noRule(rule_id)
    return ruleToJson(rule)
  },
})

export const deleteAlertRule = operation({
  words: 'Deletes an alert rule. What it has raised stays in the list of alerts.',
  params,
  reply: z.object({ id: z.string(), deleted: z.literal(true) }),
  async run({ deps, params: { rule_id } }) {
    if (!(await deps.alerts.deleteRule(rule_id))) throw noRule(rule_id)
    return { id: rule_id, deleted: true as const }
  },
})

const noRule = (id: string): AdminError => notFound(`alert rule ${id}`)

function ruleFrom(written: z.output<typeof body>, named: Pick<AlertRule, 'id' | 'createdAt'>): AlertRule {
  const base = {
    ...named,
    tenantId: 'tenant_id' in written ? written.tenant_id : null,
    targetIds: [...new Set(written.target_ids)],
  }
  switch (written.kind) {
    case 'threshold': {
      const { kind, percents: asked, limit_kinds, counting } = written
      return { ...base, kind, percents: asked, limitKinds: limit_kinds, counting }
    }
    case 'forecast': {
      const { kind, percents: asked, limit_kinds, minimum_elapsed_percent } = written
      return { ...base, kind, percents: asked, limitKinds: limit_kinds, minimumElapsedPercent: minimum_elapsed_percent }
    }
    case 'unpriced':
      return { ...base, kind: written.kind }
    case 'errors': {
      const { kind, percents: asked, window_minutes, minimum_calls } = written
      return { ...base, kind, percents: asked, windowMinutes: window_minutes, minimumCalls: minimum_calls }
    }
  }
}

function ruleToJson(rule: AlertRule): z.input<typeof ruleReply> {
  return {
    id: rule.id,
    kind: rule.kind,
    tenant_id: rule.tenantId,
    target_ids: [...rule.targetIds],
    ...('percents' in rule ? { percents: [...rule.percents] } : {}),
    ...('limitKinds' in rule ? { limit_kinds: rule.limitKinds === null ? null : [...rule.limitKinds] } : {}),
    ...('counting' in rule ? { counting: rule.counting } : {}),
    ...('minimumElapsedPercent' in rule ? { minimum_elapsed_percent: rule.minimumElapsedPercent } : {}),
    ...('windowMinutes' in rule ? { window_minutes: rule.windowMinutes, minimum_calls: rule.minimumCalls } : {}),
    created_at: rule.createdAt,
  }
}

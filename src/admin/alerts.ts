// What was raised, and whether those who should know have been told.

import { z } from 'zod'
import { notificationOf } from '../core/alert-message.ts'
import { DELIVERY_STATES, type AlertPage } from '../core/alert-delivery.ts'
import { invalid } from './errors.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'

const MOST_ALERTS = 1_000
const USUAL_ALERTS = 100

const deliveryReply = z.object({
  target_id: z.string(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.number(),
  next_attempt_at: z.string().nullable(),
  delivered_at: z.string().nullable(),
  last_error: z.string().nullable(),
})

const alertReply = z.object({
  id: z.string(),
  rule_id: z.string(),
  kind: z.string(),
  tenant_id: z.string().nullable().meta({ description: "null: the whole installation's" }),
  raised_at: z.string(),
  title: z.string(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  deliveries: z.array(deliveryReply),
})

export const listAlerts = operation({
  words: 'Alerts that were raised, newest first, with what came of telling their targets.',
  query: z.strictObject({
    cursor: z.string().max(100).optional(),
    limit: fields.queryNumber(MOST_ALERTS, USUAL_ALERTS),
  }),
  reply: z.object({ alerts: z.array(alertReply), next_cursor: fields.nextCursor }),
  async run({ deps, scope, query: { cursor = null, limit } }) {
    if (cursor !== null && !/^\d{1,15}$/.test(cursor)) throw invalid('cursor', 'cursor is none of ours.')
    const { alerts, nextCursor } = await deps.alerts.page(scope, { cursor, limit })
    return { alerts: alerts.map(alertToJson), next_cursor: nextCursor }
  },
})

function alertToJson(alert: AlertPage['alerts'][number]): z.input<typeof alertReply> {
  const { title, data } = notificationOf(alert)
  const timeOrNull = (at: number | null): string | null => (at === null ? null : fields.timeOf(at))
  return {
    id: alert.id,
    rule_id: alert.ruleId,
    kind: alert.facts.kind,
    tenant_id: alert.tenantId,
    raised_at: fields.timeOf(alert.raisedAt),
    title,
    data,
    deliveries: alert.deliveries.map((delivery) => ({
      target_id: delivery.targetId,
      state: delivery.state,
      attempts: delivery.attempts,
      next_attempt_at: timeOrNull(delivery.nextAttemptAt),
      delivered_at: timeOrNull(delivery.deliveredAt),
      last_error: delivery.lastError,
    })),
  }
}

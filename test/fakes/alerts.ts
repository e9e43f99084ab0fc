// The alert store in memory: the promises of the port, without durability.

import type { AlertRule } from '../../src/core/alert.ts'
import type { AlertStore, AlertTarget, Delivery, RaisedAlert } from '../../src/core/alert-delivery.ts'
import { inScope, StoreConflict } from '../../src/core/tenant.ts'

type Kept = { readonly alert: RaisedAlert; readonly deliveries: Map<string, Delivery> }

const byId = (left: { readonly id: string }, right: { readonly id: string }): number => (left.id < right.id ? -1 : 1)

export function fakeAlerts(hasTenant: (tenantId: string) => boolean = () => true): AlertStore {
  const rules = new Map<string, AlertRule>()
  const targets = new Map<string, AlertTarget>()
  return {
    async putRule(rule) {
      if (rule.tenantId !== null && !hasTenant(rule.tenantId)) {
        throw new StoreConflict('tenant_id', `there is no tenant ${rule.tenantId}`)
      }
      for (const [index, id] of rule.targetIds.entries()) {
        if (!targets.has(id)) throw new StoreConflict(`target_ids[${index}]`, `there is no target ${id}`)
      }
      rules.set(rule.id, rule)
    },
    getRule: async (id) => rules.get(id) ?? null,
    listRules: async () => [...rules.values()].toSorted(byId),
    deleteRule: async (id) => rules.delete(id),
    async putTarget(target) {
      targets.set(target.id, target)
    },
    getTarget: async (id) => targets.get(id) ?? null,
    listTargets: async () => [...targets.values()].toSorted(byId),
    async deleteTarget(id) {
      const user = [...rules.values()].find(({ targetIds }) => targetIds.includes(id))
      if (user !== undefined) throw new StoreConflict('target_id', `target ${id} is still a target of rule ${user.id}`)
      return targets.delete(id)
    },
    ...fakeOutbox(),
  }
}

function fakeOutbox(): Pick<AlertStore, 'raise' | 'page' | 'claim' | 'finish'> {
  const kept = new Map<string, Kept>()
  return {
    async raise(alert, targetIds) {
      if (kept.has(alert.id)) return 'exists'
      const pending = {
        state: 'pending',
        attempts: 0,
        nextAttemptAt: alert.raisedAt,
        deliveredAt: null,
        lastError: null,
      } as const
      kept.set(alert.id, {
        alert,
        deliveries: new Map(targetIds.map((targetId) => [targetId, { targetId, ...pending }])),
      })
      return 'raised'
    },
    async page(scope, { cursor, limit }) {
      if (cursor !== null && !/^\d{1,15}$/.test(cursor)) throw new RangeError('not a cursor')
      const seen = [...kept.values()]
        .toReversed()
        .filter(({ alert }) => scope.kind === 'all' || (alert.tenantId !== null && inScope(scope, alert.tenantId)))
      const start = Number(cursor ?? 0)
      const shown = seen.slice(start, start + limit)
      return {
        alerts: shown.map(({ alert, deliveries }) => ({ ...alert, deliveries: [...deliveries.values()] })),
        nextCursor: start + limit < seen.length ? String(start + limit) : null,
      }
    },
    async claim({ now, until, limit, limitPerTarget, busyTargetIds }) {
      const due = [...kept.values()].flatMap(({ alert, deliveries }) =>
        [...deliveries.values()]
          .filter(({ nextAttemptAt }) => nextAttemptAt !== null && nextAttemptAt <= now)
          .map((delivery) => ({ alert, deliveries, delivery })),
      )
      const turns = new Map<string, number>()
      const inTurn = due.filter(({ delivery: { targetId } }) => {
        const turn = (turns.get(targetId) ?? 0) + 1
        turns.set(targetId, turn)
        return turn <= limitPerTarget && !busyTargetIds.includes(targetId)
      })
      return inTurn.slice(0, limit).map(({ alert, deliveries, delivery }) => {
        const attempt = delivery.attempts + 1
        deliveries.set(delivery.targetId, { ...delivery, attempts: attempt, nextAttemptAt: until })
        return { alert, targetId: delivery.targetId, attempt }
      })
    },
    async finish({ alertId, targetId }, outcome) {
      const deliveries = kept.get(alertId)?.deliveries
      const before = deliveries?.get(targetId)
      if (deliveries === undefined || before === undefined || before.nextAttemptAt === null) return
      deliveries.set(targetId, {
        ...before,
        state: outcome.state,
        nextAttemptAt: outcome.state === 'failed' ? outcome.nextAttemptAt : null,
        deliveredAt: outcome.state === 'delivered' ? outcome.at : null,
        lastError: outcome.state === 'delivered' ? null : outcome.error,
      })
    },
  }
}

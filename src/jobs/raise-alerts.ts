// Looks at what is counted and raises the alerts that rules ask for. The store decides who raises: any number of these may run at once.

import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import {
  errorAlerts,
  limitAlerts,
  unpricedAlerts,
  type Alert,
  type AlertContext,
  type AlertRule,
  type ErrorRate,
  type WatchedLimit,
  type UnpricedUsage,
} from '../core/alert.ts'
import type { AlertStore, RaisedAlert } from '../core/alert-delivery.ts'
import type { RollupStore } from '../core/rollup.ts'
import { ALL_TENANTS } from '../core/tenant.ts'

export type AlertRaiserDependencies = {
  readonly alerts: Pick<AlertStore, 'listRules' | 'raise'>
  readonly rollups: Pick<RollupStore, 'query'>
  /** every limit with what is counted for it */
  readonly watchedLimits: (now: number) => Promise<readonly WatchedLimit[]>
  readonly errorRates: (milliseconds: number, now: number) => readonly ErrorRate[]
  readonly isWithin: AlertContext['isWithin']
  readonly now: () => number
  /** Hears of each alert that was raised here. Must not throw. */
  readonly onRaised: (alert: RaisedAlert) => void
}

const SLICE_LIMITS = 1_000
const UNPRICED_EVERY_MILLISECONDS = 30_000
const DAY_MILLISECONDS = 86_400_000
const FORGET_ABOVE = 10_000

/** Returns what one look does; resolves with the number of alerts that it raised. */
export function createAlertRaiser(dependencies: AlertRaiserDependencies): () => Promise<number> {
  const { alerts, now } = dependencies
  /** identity and end of its window, of what is kept for certain: asking the store again would be harmless, and needless */
  const fired = new Map<string, number | null>()
  const unpriced = readsUnpriced(dependencies)

  const raise = async (found: readonly Alert[], rules: readonly AlertRule[]): Promise<number> => {
    let raised = 0
    for (const alert of found) {
      const kept = { ...alert, id: alertId(alert) }
      const targetIds = rules.find(({ id }) => id === alert.ruleId)?.targetIds ?? []
      const outcome = await alerts.raise(kept, targetIds)
      fired.set(alert.identity, alert.windowEnd)
      if (outcome === 'exists') continue
      raised += 1
      dependencies.onRaised(kept)
    }
    return raised
  }

  return async () => {
    const rules = await alerts.listRules()
    if (rules.length === 0) return 0
    const at = now()
    const context = { now: at, isWithin: dependencies.isWithin, fired: (identity: string) => fired.has(identity) }
    let raised = await raise(
      errorAlerts(rules, (within) => dependencies.errorRates(within, at), context),
      rules,
    )
    if (rules.some(({ kind }) => kind === 'unpriced')) {
      raised += await raise(unpricedAlerts(rules, await unpriced(at), context), rules)
    }
    const watched = rules.some(({ kind }) => kind === 'threshold' || kind === 'forecast')
    const limits = watched ? await dependencies.watchedLimits(at) : []
    for (let from = 0; from < limits.length; from += SLICE_LIMITS) {
      raised += await raise(limitAlerts(rules, limits.slice(from, from + SLICE_LIMITS), context), rules)
      // calls go first: a large installation is looked at piece by piece
      await setImmediate()
    }
    if (fired.size > FORGET_ABOVE) forgetEnded(fired, at)
    return raised
  }
}

/** Short, the same for the same identity everywhere, and free of what a header may not hold. */
const alertId = ({ identity }: Alert): string => `alert_${hash('sha256', identity, 'hex').slice(0, 32)}`

/** Calls that began yesterday may end today. Asked for rarely: the answer reads a day of the rollups. */
function readsUnpriced({ rollups }: AlertRaiserDependencies): (at: number) => Promise<readonly UnpricedUsage[]> {
  let readAt = Number.NEGATIVE_INFINITY
  let held: readonly UnpricedUsage[] = []
  return async (at) => {
    if (at >= readAt && at - readAt < UNPRICED_EVERY_MILLISECONDS) return held
    const from = at - (at % DAY_MILLISECONDS) - DAY_MILLISECONDS
    const rows = await rollups.query(ALL_TENANTS, {
      from,
      to: from + 2 * DAY_MILLISECONDS,
      groupBy: ['tenant', 'model', 'day'],
    })
    held = rows
      .filter(({ unpricedCalls }) => unpricedCalls > 0n)
      .map(({ group, unpricedCalls }) => ({
        tenantId: group.tenant ?? '',
        modelId: group.model ?? '',
        dayStart: Date.parse(group.day ?? ''),
        calls: unpricedCalls,
      }))
    readAt = at
    return held
  }
}

function forgetEnded(fired: Map<string, number | null>, now: number): void {
  for (const [identity, windowEnd] of fired) {
    if (windowEnd !== null && windowEnd <= now) fired.delete(identity)
  }
}

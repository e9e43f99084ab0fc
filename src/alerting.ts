// Alerting as one part: who looks, who delivers, through what, and what the control plane is given of it.

import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { Logger } from 'pino'
import type { AlertTargetTools } from './admin/dependencies.ts'
import type { Config } from './config.ts'
import type { WatchedLimit } from './core/alert.ts'
import type { AlertTarget, Notifiers } from './core/alert-delivery.ts'
import { createErrorRates, type ErrorRates } from './core/error-rate.ts'
import type { LedgerEntry } from './core/ledger.ts'
import type { Counters, LimitStatus } from './core/reservation.ts'
import type { Tenant } from './core/tenant.ts'
import { createAlertDeliverer, type AlertDeliverer } from './jobs/deliver-alerts.ts'
import { createAlertRaiser } from './jobs/raise-alerts.ts'
import { repeat, type Repeating } from './jobs/repeat.ts'
import type { Metrics } from './metrics.ts'
import { createAddressGuard, type AddressGuard } from './notifiers/address-guard.ts'
import { createPoster } from './notifiers/poster.ts'
import { createSlackNotifier } from './notifiers/slack.ts'
import { createSmtpNotifier } from './notifiers/smtp.ts'
import { createSnsNotifier } from './notifiers/sns.ts'
import { targetProblem } from './notifiers/target-check.ts'
import { createWebhookNotifier } from './notifiers/webhook.ts'
import { createSeal } from './secrets.ts'
import type { Snapshots } from './snapshots.ts'
import type { Store } from './stores/sql/store.ts'

export type Alerting = {
  /** Hears of every ledger entry; costs two look-ups. */
  readonly onEntry: (entry: LedgerEntry) => void
  readonly targets: AlertTargetTools
  /** Sends a test; null: it was taken, else why not. */
  readonly test: (target: AlertTarget) => Promise<string | null>
  readonly start: () => void
  /** Waits for what is being looked at, and breaks off what is being delivered. */
  readonly stop: () => Promise<void>
}

export type AlertingParts = {
  readonly config: Config
  readonly log: Logger
  readonly store: Store
  readonly metrics: Pick<Metrics, 'onAlert' | 'onAlertAttempt'>
  readonly rootSecret: string
  readonly snapshots: Pick<Snapshots, 'directory'>
  readonly counters: Counters
  readonly newId: () => string
  readonly now: () => number
  readonly random: () => number
}

const LOOK_MILLISECONDS = 1_000
const DELIVER_MILLISECONDS = 1_000
const MOST_ATTEMPTS = 12
const DELIVERIES_AT_ONCE = 16
const DELIVERIES_AT_ONCE_PER_TARGET = 4

export function createAlerting(parts: AlertingParts): Alerting {
  const { config, now } = parts
  const rates = createErrorRates()
  const guard = createAddressGuard({ allowed: config.alertAllowedHosts })
  const { notifiers, close } = notifiersOf(config, guard)
  const seal = createSeal(parts.rootSecret)
  const ownerOf = (targetId: string): string => `alert target ${targetId}`
  const deliverer = delivererOf(parts, notifiers, (sealed, targetId) => seal.open(sealed, ownerOf(targetId)))
  const raise = raiserOf(parts, rates)
  const loops: Repeating[] = []
  return {
    onEntry: (entry) => rates.add(entry, now()),
    targets: {
      problemOf: (settings, secretUrl) => targetProblem(guard, settings, secretUrl),
      seal: (secret, targetId) => seal.seal(secret, ownerOf(targetId)),
    },
    test: (target) => deliverer.test(target, `test_${parts.newId()}`),
    start: () => void loops.push(...startLoops(parts, raise, deliverer)),
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()))
      await deliverer.stop()
      await close()
    },
  }
}

function notifiersOf(
  config: Config,
  guard: AddressGuard,
): { readonly notifiers: Notifiers; readonly close: () => Promise<void> } {
  const poster = createPoster(guard)
  const credentials = fromNodeProviderChain(config.awsProfile === null ? {} : { profile: config.awsProfile })
  const sns = createSnsNotifier({ endpoint: config.snsEndpoint, credentials })
  return {
    notifiers: {
      webhook: createWebhookNotifier(poster),
      slack: createSlackNotifier(poster),
      smtp: createSmtpNotifier(guard),
      sns,
    },
    async close() {
      sns.close()
      await poster.close()
    },
  }
}

function delivererOf(
  { store, config, metrics, log, now, random }: AlertingParts,
  notifiers: Notifiers,
  openSecret: (sealed: string, targetId: string) => string,
): AlertDeliverer {
  return createAlertDeliverer({
    alerts: store.alerts,
    notifiers,
    openSecret,
    now,
    random,
    limits: {
      attempts: MOST_ATTEMPTS,
      firstRetryMilliseconds: config.alertRetrySeconds * 1_000,
      timeoutMilliseconds: config.alertTimeoutMilliseconds,
      atOnce: DELIVERIES_AT_ONCE,
      atOncePerTarget: DELIVERIES_AT_ONCE_PER_TARGET,
    },
    onAttempt({ alertId, targetId, kind, outcome }) {
      metrics.onAlertAttempt(kind ?? 'none', outcome.state)
      if (outcome.state === 'delivered') return
      const fields = { alert_id: alertId, target_id: targetId, detail: outcome.error }
      log.warn(fields, `an alert's delivery is ${outcome.state}`)
    },
  })
}

function raiserOf(parts: AlertingParts, rates: ErrorRates): () => Promise<number> {
  const { store, snapshots, metrics, log, now } = parts
  return createAlertRaiser({
    alerts: store.alerts,
    rollups: store.rollups,
    watchedLimits: async (at) => (await parts.counters.limitStatuses(at)).map(watchedLimit),
    errorRates: rates.within,
    isWithin: (tenantId, rootId) => isWithin(snapshots.directory().tenants, tenantId, rootId),
    now,
    onRaised({ id, ruleId, tenantId, facts }) {
      metrics.onAlert(facts.kind)
      log.info({ alert_id: id, rule_id: ruleId, tenant_id: tenantId }, 'an alert was raised')
    },
  })
}

function startLoops(
  { log, now }: AlertingParts,
  raise: () => Promise<number>,
  deliverer: AlertDeliverer,
): readonly Repeating[] {
  const fails = (what: string) => (thrown: unknown) => log.error({ detail: String(thrown) }, `${what} failed`)
  const delivering = repeat({
    everyMilliseconds: DELIVER_MILLISECONDS,
    work: deliverer.begin,
    onFailure: fails('delivering alerts'),
    now,
  })
  const looking = repeat({
    everyMilliseconds: LOOK_MILLISECONDS,
    async work() {
      if ((await raise()) > 0) delivering.soon()
    },
    onFailure: fails('looking for alerts'),
    now,
  })
  return [looking, delivering]
}

const DEEPEST_TREE = 16

/** Whether a tenant is the root, or hangs below it. */
function isWithin(tenants: ReadonlyMap<string, Tenant>, tenantId: string, rootId: string): boolean {
  let at: string | null = tenantId
  for (let depth = 0; at !== null && depth < DEEPEST_TREE; depth += 1) {
    if (at === rootId) return true
    at = tenants.get(at)?.parentId ?? null
  }
  return false
}

function watchedLimit(status: LimitStatus): WatchedLimit {
  const { scoped, split, amount, used, held, windowStart, windowEnd, refusedAt } = status
  const { kind, burst } = scoped.limit
  const continuous = kind === 'concurrency' || burst !== null
  return {
    ownerTenantId: scoped.ownerTenantId,
    limitId: scoped.counterId,
    split,
    limitKind: kind,
    amount,
    used,
    held,
    refusedAt,
    windowStart: continuous ? null : windowStart,
    windowEnd: continuous ? null : windowEnd,
  }
}

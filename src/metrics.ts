// Prometheus metrics with bounded label sets: nothing that a caller names ever becomes a label.

import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { AlertFacts } from './core/alert.ts'
import type { DeliveryState, TargetKind } from './core/alert-delivery.ts'
import type { ErrorCode } from './core/errors.ts'
import type { LedgerEntry } from './core/ledger.ts'
import type { LimitKind } from './core/limit.ts'

export type Metrics = {
  readonly onEntry: (entry: LedgerEntry) => void
  readonly onRefusal: (code: ErrorCode) => void
  /** A limit in shadow would have refused a call. */
  readonly onShadowRefusal: (kind: LimitKind) => void
  /** How a processor of path routers did. */
  readonly onProcessor: (name: string, outcome: 'completed' | 'failed' | 'timeout') => void
  /** Records of the call log, or work after an answer, that nobody will see. */
  readonly onCallLogLost: (why: 'full' | 'refused' | 'overloaded', records: number) => void
  /** HTTP itself refused a request; codes are the listener's own. */
  readonly onHttpFault: (code: string) => void
  readonly onAlert: (kind: AlertFacts['kind']) => void
  readonly onAlertAttempt: (target: TargetKind | 'none', state: DeliveryState) => void
  readonly text: () => Promise<string>
}

export function createMetrics(gauges: {
  readonly runningCalls: () => number
  readonly drains: () => number
  readonly connections: () => number
}): Metrics {
  const register = new Registry()
  const registers = [register]
  collectDefaultMetrics({ register, prefix: 'weighbridge_' })
  const calls = new Counter({
    name: 'weighbridge_calls_total',
    help: 'Calls with a ledger entry, by how they ended',
    labelNames: ['operation', 'ending'],
    registers,
  })
  const unpriced = new Counter({
    name: 'weighbridge_unpriced_calls_total',
    help: 'Calls whose cost is not known yet',
    registers,
  })
  const refusals = new Counter({
    name: 'weighbridge_refusals_total',
    help: 'Calls that were refused before the upstream, by reason',
    labelNames: ['code'],
    registers,
  })
  const httpFaults = new Counter({
    name: 'weighbridge_http_refusals_total',
    help: 'Requests that HTTP itself refused, before anybody asked what they are, by reason',
    labelNames: ['code'],
    registers,
  })
  for (const [name, help, read] of [
    ['weighbridge_running_calls', 'Admitted calls that have not ended', gauges.runningCalls],
    ['weighbridge_drains', 'Calls read to their end after their client left', gauges.drains],
    ['weighbridge_client_connections', 'Open client connections', gauges.connections],
  ] as const) {
    register.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read())
        },
      }),
    )
  }
  // Label look-ups cost more than the counting: the few combinations are resolved once.
  const resolved = new Map<string, Counter.Internal>()
  return {
    onEntry(entry) {
      const id = `${entry.operation} ${entry.ending}`
      let counter = resolved.get(id)
      if (counter === undefined) {
        counter = calls.labels(entry.operation, entry.ending)
        resolved.set(id, counter)
      }
      counter.inc()
      if (entry.cost === null) unpriced.inc()
    },
    ...shadowMetrics(registers),
    ...processingMetrics(registers),
    onRefusal: (code) => refusals.labels(code).inc(),
    onHttpFault: (code) => httpFaults.labels(code).inc(),
    ...alertMetrics(registers),
    text: () => register.metrics(),
  }
}

/** Names of processors are the configuration's. */
function processingMetrics(registers: Registry[]): Pick<Metrics, 'onProcessor' | 'onCallLogLost'> {
  const runs = new Counter({
    name: 'weighbridge_processor_runs_total',
    help: 'Calls that processors of path routers were asked about, by what came of it',
    labelNames: ['processor', 'outcome'],
    registers,
  })
  const lost = new Counter({
    name: 'weighbridge_call_log_lost_total',
    help: 'Records of the call log that are lost: too many waited, their place refused them, or too much was to be done after answers',
    labelNames: ['why'],
    registers,
  })
  return {
    onProcessor: (processor, outcome) => runs.inc({ processor, outcome }),
    onCallLogLost: (why, records) => lost.inc({ why }, records),
  }
}

function shadowMetrics(registers: Registry[]): Pick<Metrics, 'onShadowRefusal'> {
  const refusals = new Counter({
    name: 'weighbridge_shadow_refusals_total',
    help: 'Calls that a limit in shadow would have refused, by its kind',
    labelNames: ['kind'],
    registers,
  })
  return { onShadowRefusal: (kind) => refusals.labels(kind).inc() }
}

function alertMetrics(registers: Registry[]): Pick<Metrics, 'onAlert' | 'onAlertAttempt'> {
  const alerts = new Counter({
    name: 'weighbridge_alerts_total',
    help: 'Alerts that this process raised',
    labelNames: ['kind'],
    registers,
  })
  const attempts = new Counter({
    name: 'weighbridge_alert_attempts_total',
    help: 'Attempts to deliver an alert, by kind of target and by what came of it',
    labelNames: ['target', 'state'],
    registers,
  })
  return {
    onAlert: (kind) => alerts.labels(kind).inc(),
    onAlertAttempt: (target, state) => attempts.labels(target, state).inc(),
  }
}

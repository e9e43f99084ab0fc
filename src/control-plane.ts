// What the control plane is given of the running parts: ports as they are, jobs and read-outs bound to them.

import type { AdminDependencies, AdminJobs, ChangingDependencies, KnownModel } from './admin/dependencies.ts'
import { announcing, audited } from './audited-jobs.ts'
import { readPriceListAside } from './catalogue/price-list-aside.ts'
import { MODELS } from './catalogue/models.ts'
import type { AlertTarget } from './core/alert-delivery.ts'
import { byItself, type AuditOrigin } from './core/audit.ts'
import { endpointModelId, type Endpoint } from './core/endpoint.ts'
import { formatPicoUsd } from './core/money.ts'
import type { Alerting } from './alerting.ts'
import type { Config } from './config.ts'
import type { Directory } from './core/directory.ts'
import type { CounterDifference, Counters, LedgerCounts } from './core/reservation.ts'
import type { Lifecycles } from './gateway/lifecycles.ts'
import { SURFACES } from './gateway/surfaces/index.ts'
import type { Pipeline } from './gateway/pipeline.ts'
import type { DayCloser } from './jobs/close-schedule.ts'
import type { HourDivider } from './jobs/hour-divider.ts'
import type { Processing } from './processors/index.ts'
import type { RefusedCalls } from './gateway/refused-calls.ts'
import { countingCorrections } from './jobs/count-corrections.ts'
import { rateUnpriced } from './jobs/rate-unpriced.ts'
import { rerate, type RerateOutcome } from './jobs/rerate.ts'
import type { Snapshots } from './snapshots.ts'
import type { Store } from './stores/sql/store.ts'

export type ControlPlaneParts = {
  readonly store: Store
  readonly snapshots: Snapshots
  readonly config: Pick<Config, 'metadataKeys'>
  readonly counters: Counters
  /** what limits count, by the ledger */
  readonly countsOf: (directory: Directory) => LedgerCounts
  readonly pipeline: Pipeline
  readonly lifecycles: Lifecycles
  readonly dayCloser: DayCloser
  readonly hourDivider: HourDivider
  readonly refusedCalls: RefusedCalls
  readonly processing: Pick<Processing, 'recent'>
  readonly alerting: Alerting
  readonly newId: () => string
  readonly now: () => number
  readonly randomBytes: (count: number) => Buffer
  readonly deriveSecretAccessKey: (accessKeyId: string) => string
  readonly adminTokenHash: string
  readonly onFailure: (thrown: unknown, requestId: string) => void
}

export function adminDependenciesOf(parts: ControlPlaneParts): AdminDependencies {
  const { store, snapshots, counters, pipeline, now } = parts
  return {
    ...changesBy(parts, byItself('job')),
    changesBy: (origin) => changesBy(parts, origin),
    audit: store.audit,
    alertTargets: parts.alerting.targets,
    ledger: store.ledger,
    rollups: store.rollups,
    adminTokenHash: parts.adminTokenHash,
    now,
    newId: parts.newId,
    randomBytes: parts.randomBytes,
    deriveSecretAccessKey: parts.deriveSecretAccessKey,
    priceBook: snapshots.priceBook,
    changed: snapshots.reload,
    models: () => [...KNOWN_MODELS, ...snapshots.directory().endpoints.all.map(modelOfEndpoint)],
    surfaces: SURFACES.map(({ name }) => name),
    metadataKeys: parts.config.metadataKeys,
    lifecycleOf: parts.lifecycles.of,
    limitStatuses: (tenantId) => counters.limitStatuses(now(), tenantId),
    runningHold: pipeline.runningHold,
    refusedCall: parts.refusedCalls.find,
    recentCalls: (count, routerPath) => parts.processing.recent.last(count, routerPath),
    readPriceList: (file) => readPriceListAside(file),
    onFailure: parts.onFailure,
  }
}

const changesBy = (parts: ControlPlaneParts, origin: AuditOrigin): ChangingDependencies => ({
  ...parts.store.changesBy(origin),
  jobs: jobsOf(parts, origin),
})

function verifyCounters(
  { store, snapshots, counters, countsOf, now }: ControlPlaneParts,
  origin: AuditOrigin,
  repair: boolean,
): Promise<readonly CounterDifference[]> {
  return audited({
    audit: store.audit,
    origin,
    resource: 'counters',
    asked: { job: 'verify', repair },
    figures: (differences) => ({ differing: differences.length }),
    async run(announce) {
      if (repair) await announce()
      return counters.verify(countsOf(snapshots.directory()), now, repair)
    },
  })
}

function testAlertTarget(
  { store, alerting }: ControlPlaneParts,
  origin: AuditOrigin,
  target: AlertTarget,
): Promise<string | null> {
  return audited({
    audit: store.audit,
    origin,
    resource: 'alert_target',
    resourceId: target.id,
    asked: { job: 'test' },
    figures: (error) => ({ delivered: error === null }),
    async run(announce) {
      await announce()
      return alerting.test(target)
    },
  })
}

function jobsOf(parts: ControlPlaneParts, origin: AuditOrigin): AdminJobs {
  const { store, snapshots, dayCloser, counters, now } = parts
  const { audit } = store
  const ledger = countingCorrections(store.ledger, { counters, directory: snapshots.directory })
  const correcting = (announce: () => Promise<void>) => ({
    ledger: announcing(ledger, announce),
    book: snapshots.priceBook(),
    now,
  })
  const figures = ({ corrections, difference, priceVersion }: RerateOutcome) => ({
    corrections,
    difference_usd: formatPicoUsd(difference),
    price_version: priceVersion,
  })
  return {
    rerate: ({ modelId, ...options }) =>
      audited({
        audit,
        origin,
        resource: 'ledger',
        tenantId: options.tenantId ?? null,
        asked: { job: 'rerate', from: options.from, to: options.to, model_id: modelId, tenant_id: options.tenantId },
        figures,
        async run(announce) {
          const glob = modelId === undefined ? {} : { modelGlob: modelId }
          const outcome = await rerate(correcting(announce), { ...options, ...glob })
          // hours are whole: whoever asks for a range has all of its hours divided again
          if (!options.dryRun) await parts.hourDivider.divide(options)
          return outcome
        },
      }),
    ratePreviouslyUnpriced: () =>
      audited({
        audit,
        origin,
        resource: 'ledger',
        asked: { job: 'rate_unpriced' },
        figures,
        run: (announce) => rateUnpriced(correcting(announce)),
      }),
    rebuildRollups: (options) =>
      audited({
        audit,
        origin,
        resource: 'rollups',
        asked: { job: 'rebuild' },
        figures: ({ entries, buckets, differences }) => ({ entries, buckets, differing: differences.length }),
        async run(announce) {
          if (!options.verifyOnly) await announce()
          return store.rollups.rebuild(options)
        },
      }),
    testAlertTarget: (target) => testAlertTarget(parts, origin, target),
    verifyCounters: (repair) => verifyCounters(parts, origin, repair),
    checkStore: () => store.check(),
    closeDay: (date) =>
      audited({
        audit,
        origin,
        resource: 'closed_day',
        asked: { job: 'close_day', date },
        figures: ({ date: closed, state, files }) => ({ date: closed, state, files }),
        async run(announce) {
          await announce()
          return dayCloser.close(date)
        },
      }),
  }
}

const modelOfEndpoint = (endpoint: Endpoint): KnownModel => ({
  baseModel: endpointModelId(endpoint),
  name: endpoint.name,
  maker: 'Amazon SageMaker',
  lifecycle: null,
  routings: ['regional'],
  endOfLifeOn: null,
  contextTokens: null,
  maxOutputTokens: endpoint.maxOutputTokens,
  profiles: [],
})

const KNOWN_MODELS: readonly KnownModel[] = MODELS.map((model) => ({
  baseModel: model.baseModel,
  name: model.name,
  maker: model.maker,
  lifecycle: model.lifecycle,
  routings: model.routings,
  endOfLifeOn: null,
  contextTokens: model.contextTokens,
  maxOutputTokens: model.maxOutputTokens,
  profiles: [],
}))

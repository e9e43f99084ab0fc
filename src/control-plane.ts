// What the control plane is given of the running parts: ports as they are, jobs and read-outs bound to them.

import type { AdminDependencies, AdminJobs, KnownModel } from './admin/dependencies.ts'
import { readPriceList } from './catalogue/aws-price-list.ts'
import { MODELS } from './catalogue/models.ts'
import type { Counters } from './core/reservation.ts'
import type { Pipeline } from './gateway/pipeline.ts'
import { rateUnpriced } from './jobs/rate-unpriced.ts'
import { rerate } from './jobs/rerate.ts'
import type { Snapshots } from './snapshots.ts'
import type { Store } from './stores/sql/store.ts'

export type ControlPlaneParts = {
  readonly store: Store
  readonly snapshots: Snapshots
  readonly counters: Counters
  readonly pipeline: Pipeline
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
    tenants: store.tenants,
    plans: store.plans,
    prices: store.prices,
    ledger: store.ledger,
    rollups: store.rollups,
    jobs: jobsOf(parts),
    adminTokenHash: parts.adminTokenHash,
    now,
    newId: parts.newId,
    randomBytes: parts.randomBytes,
    deriveSecretAccessKey: parts.deriveSecretAccessKey,
    priceBook: snapshots.priceBook,
    changed: snapshots.reload,
    models: () => KNOWN_MODELS,
    limitStatus: (tenantId) => counters.read(tenantId, now()),
    runningHold: pipeline.runningHold,
    readPriceList,
    onFailure: parts.onFailure,
  }
}

function jobsOf({ store, snapshots, now }: ControlPlaneParts): AdminJobs {
  const dependencies = () => ({ ledger: store.ledger, book: snapshots.priceBook(), now })
  return {
    rerate: ({ modelId, ...options }) =>
      rerate(dependencies(), { ...options, ...(modelId === undefined ? {} : { modelGlob: modelId }) }),
    ratePreviouslyUnpriced: () => rateUnpriced(dependencies()),
    rebuildRollups: (options) => store.rollups.rebuild(options),
    checkStore: () => store.check(),
  }
}

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

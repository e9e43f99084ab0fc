// The composition root: the only file that names a concrete store, counter or upstream. It makes the parts and joins them.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pino, type Logger } from 'pino'
import { createAdmin } from './admin/index.ts'
import { createAlerting, type Alerting } from './alerting.ts'
import { costItemsOf, dayCloserOf, hourDividerOf, meteringLogOf } from './bookkeeping.ts'
import { createApplication } from './application.ts'
import { burnRateOf } from './catalogue/burn-down.ts'
import { modelFacts, MODELS } from './catalogue/models.ts'
import { shippedPrices } from './catalogue/prices/index.ts'
import type { Config } from './config.ts'
import { adminDependenciesOf } from './control-plane.ts'
import type { TokenVerifier } from './core/identity.ts'
import type { Directory } from './core/directory.ts'
import type { EndpointTable } from './core/endpoint.ts'
import type { Counters, HoldJournal, LedgerCounts } from './core/reservation.ts'
import { limitsOfRouters } from './core/router.ts'
import type { Upstream } from './core/upstream.ts'
import { createInProcessCounters } from './counters/in-process.ts'
import type { ModelBounds } from './gateway/bounds.ts'
import { Drains } from './gateway/drains.ts'
import { createCors } from './gateway/cors.ts'
import { createFacadeOperations, type FacadeOperations } from './gateway/facade-operations.ts'
import { createHoldGatherer } from './gateway/hold-gatherer.ts'
import { createAskInside, type AskInside } from './gateway/inner-call.ts'
import { InputEstimates } from './gateway/input-estimates.ts'
import { createLifecycles, type Lifecycles } from './gateway/lifecycles.ts'
import { createStickySessions } from './gateway/fallbacks.ts'
import { createResourceOwners } from './gateway/owners.ts'
import { createPipeline, type Pipeline } from './gateway/pipeline.ts'
import { createRefusedCalls, type RefusedCalls } from './gateway/refused-calls.ts'
import { createRequestIds } from './gateway/request-id.ts'
import { createSockets, type SocketDependencies, type Sockets } from './gateway/sockets.ts'
import { createTokenVerifier } from './identity/token-verifier.ts'
import type { Listener } from './http/listener.ts'
import type { DayCloser } from './jobs/close-schedule.ts'
import { countLedger } from './jobs/count-ledger.ts'
import type { MeteringLog } from './jobs/metering-log.ts'
import { frontOf, socketLimitsOf } from './front.ts'
import { processingOf, type RoutersProcessing } from './processing.ts'
import { recover } from './recovery.ts'
import { openRouterFile, type RouterFile } from './router-file.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { upstreamsOf } from './outbound.ts'
import { adminTokenHash, createSeal, createSecretDerivation, rootSecret } from './secrets.ts'
import { shipPlans } from './ship-plans.ts'
import { shipPrices } from './ship-prices.ts'
import { createSnapshots, type Snapshots } from './snapshots.ts'
import { openHoldJournal } from './stores/hold-journal.ts'
import { openPollResults, type OpenPollResults } from './stores/poll-results.ts'
import { openSqliteStore } from './stores/sql/sqlite.ts'
import type { Store } from './stores/sql/store.ts'

export type Started = {
  /** Reads the file of routers again, now. A bad one is told of, and changes nothing. */
  readonly reloadRouters: () => void
  readonly url: string
  readonly port: number
  /** the admin token in clear when it was made at this start; null otherwise */
  readonly newAdminToken: string | null
  /** Lets running calls end within the deadline, settles all of them, closes everything. */
  readonly stop: () => Promise<void>
}

type Parts = {
  readonly config: Config
  readonly log: Logger
  readonly store: Store
  readonly holds: HoldJournal
  readonly snapshots: Snapshots
  readonly counters: Counters
  readonly upstream: Upstream
  readonly drains: Drains
  readonly metrics: Metrics
  readonly routerFile: RouterFile
  readonly askInside: AskInside
  readonly processing: RoutersProcessing
  readonly refusedCalls: RefusedCalls
  readonly alerting: Alerting
  readonly newId: () => string
  readonly deriveSecretAccessKey: (accessKeyId: string) => string
  readonly pollResults: OpenPollResults
  readonly lifecycles: Lifecycles
  /** null: it is written nowhere */
  readonly meteringLog: MeteringLog | null
}

const POLL_MILLISECONDS = 500
const CLOSE_CHECK_MILLISECONDS = 60_000
const MOST_POLL_RESULTS = 10_000
const MOST_BUFFERED_BYTES = 262_144
/** For places of the call log that do not answer: what they have not taken then is kept. */
const CALL_LOG_STOP_MILLISECONDS = 3_000
const now = Date.now

const facadeOperationsOf = (
  { store }: Parts,
  more: { readonly adminTokenHash: string; readonly tokens: TokenVerifier | null; readonly dayCloser: DayCloser },
): FacadeOperations =>
  createFacadeOperations({
    adminTokenHash: more.adminTokenHash,
    tokens: more.tokens,
    closeToday: () => more.dayCloser.closeRunning(),
    costItems: () => costItemsOf(store, now()),
  })

/** Asked for only when both are there. */
const insideOf = (made: { readonly parts: () => Parts; readonly pipeline: () => Pipeline }): AskInside =>
  createAskInside({
    directory: () => made.parts().snapshots.directory(),
    handle: (exchange, known) => made.pipeline().handle(exchange, known),
  })

export async function start(config: Config): Promise<Started> {
  const log = pino({ level: config.logLevel, base: null })
  const routerFile = routerFileOf(config, log)
  const store = await openSqliteStore({ dataDir: config.dataDir, now })
  const token = await adminTokenHash(config.adminToken, store.settings)
  const drains = new Drains({ maxStreams: config.drainMaxStreams, maxSeconds: config.drainMaxSeconds })
  const metrics = createMetrics({
    runningCalls: () => pipeline.running,
    drains: () => drains.running,
    connections: () => listener.connections,
  })
  const askInside = insideOf({ parts: () => parts, pipeline: () => pipeline })
  const parts = await openParts({ config, log, store, drains, metrics, routerFile, askInside })
  const tokens = tokensOf(parts)
  const pipeline = pipelineOf(parts, tokens)
  const dayCloser = dayCloserOf(parts)
  const hourDivider = hourDividerOf(parts)
  const admin = await createAdmin(
    adminDependenciesOf({
      ...parts,
      pipeline,
      dayCloser,
      hourDivider,
      countsOf: (directory) => countsOf(store, directory, false),
      adminTokenHash: token.hash,
      randomBytes,
      now,
      onFailure: (thrown, requestId) =>
        log.error({ request_id: requestId, detail: String(thrown) }, 'an admin request failed'),
    }),
  )
  const cors = createCors(config.corsAllowedOrigins)
  const application = createApplication({
    admin,
    pipeline,
    cors,
    facadeOperations: facadeOperationsOf(parts, { adminTokenHash: token.hash, tokens, dayCloser }),
    metrics,
    adminTokenHash: token.hash,
    notReady: () => Promise.resolve(store.stats().broken),
    routers: routerFile.state,
    onFailure: (thrown) => log.error({ detail: String(thrown) }, 'a request failed outside the data plane'),
  })
  const sockets = socketsOf(parts, { tokens, pipeline, allowsOrigin: cors.allows })
  const listener = frontOf({ ...parts, application, sockets, now })
  const { port } = await listener.listen(config.port, config.host)
  const onReloadFailure = (thrown: unknown): void => log.error({ detail: String(thrown) }, 'a reload failed')
  parts.snapshots.startPolling(POLL_MILLISECONDS, onReloadFailure)
  parts.routerFile.startWatching(POLL_MILLISECONDS, () => void parts.snapshots.refresh().catch(onReloadFailure))
  dayCloser.start(CLOSE_CHECK_MILLISECONDS)
  hourDivider.start(CLOSE_CHECK_MILLISECONDS)
  parts.alerting.start()
  let stopping: Promise<void> | null = null
  return {
    url: urlOf(config, port),
    port,
    newAdminToken: token.made,
    reloadRouters: routerFile.reload,
    stop() {
      stopping ??= stopAll(parts, pipeline, listener, async () => {
        await Promise.all([admin.close(), dayCloser.stop(), hourDivider.stop(), parts.alerting.stop()])
      })
      return stopping
    },
  }
}

async function openParts(
  opened: Pick<Parts, 'config' | 'log' | 'store' | 'drains' | 'metrics' | 'routerFile' | 'askInside'>,
): Promise<Parts> {
  const { config, log, store, routerFile } = opened
  const root = await rootSecret(config.rootSecret, store.settings)
  const holds = openHoldJournal({ dir: config.dataDir, now })
  const deriveSecretAccessKey = createSecretDerivation(root)
  const say = (level: 'info' | 'error', fields: object, words: string): void => log[level](fields, words)
  await shipPrices({ store, shipped: shippedPrices(), log: say, now })
  await shipPlans(store, now)
  await recover({ holds, store, log, now })
  const counters = countersOf(opened)
  let idle = true
  const snapshots = await createSnapshots({
    tenants: store.tenants,
    plans: store.plans,
    aliases: store.aliases,
    endpoints: store.endpoints,
    prices: store.prices,
    changeCounter: () => store.changeCounter(),
    defaultUnpriced: config.unpriced,
    prepare(directory) {
      const limits = [...directory.limits, ...limitsOfRouters(routerFile.current())]
      return counters.adopt({ ...directory, limits }, countsOf(store, directory, idle), now)
    },
  })
  idle = false
  const newId = createRequestIds(now)
  return {
    ...opened,
    holds,
    snapshots,
    counters,
    processing: processingOf(opened),
    refusedCalls: createRefusedCalls(config.explainedRefusedCalls),
    upstream: upstreamsOf(config, now),
    alerting: createAlerting({ ...opened, rootSecret: root, snapshots, counters, newId, now, random: Math.random }),
    newId,
    deriveSecretAccessKey,
    pollResults: await pollResultsOf(config, log, deriveSecretAccessKey),
    lifecycles: createLifecycles(
      MODELS.map(({ baseModel, lifecycle }) => [baseModel, { status: lifecycle, endOfLifeOn: null }]),
    ),
    meteringLog: await meteringLogOf(opened),
  }
}

const routerFileOf = ({ routersFile: file }: Config, log: Logger): RouterFile =>
  openRouterFile({ file, environment: process.env, now, log: (level, fields, words) => log[level](fields, words) })

function pollResultsOf(config: Config, log: Logger, derive: (name: string) => string): Promise<OpenPollResults> {
  const secret = derive('poll-results')
  return openPollResults({
    dir: join(config.dataDir, 'polls'),
    secret,
    seal: createSeal(secret),
    now,
    keepMilliseconds: config.pollResultSeconds * 1_000,
    most: MOST_POLL_RESULTS,
    onFailure: (thrown) => log.error({ detail: String(thrown) }, 'an answer that was fetched could not be removed'),
  })
}

const countsOf = ({ ledger, rollups }: Store, directory: Directory, idle: boolean): LedgerCounts =>
  countLedger({ ledger, rollups, directory, burnRateOf, idle })

/** Places outlast whatever may keep a call: its time upstream, then that of its drain, then a minute for the disk. */
function countersOf({ config, metrics }: Pick<Parts, 'config' | 'metrics'>): Counters {
  const longestCall = config.upstreamTotalTimeoutMilliseconds + config.drainMaxSeconds * 1_000
  return createInProcessCounters({
    placeMilliseconds: longestCall + 60_000,
    onShadowRefusal: ({ limit }) => metrics.onShadowRefusal(limit.kind),
  })
}

function pipelineOf(parts: Parts, tokens: TokenVerifier | null): Pipeline {
  const { config, log, store, snapshots, metrics } = parts
  return createPipeline({
    directory: snapshots.directory,
    priceBook: snapshots.priceBook,
    deriveSecretAccessKey: parts.deriveSecretAccessKey,
    tokens,
    pollResults: parts.pollResults,
    counters: parts.counters,
    holds: parts.holds,
    holdGatherer: createHoldGatherer(parts.holds),
    ledger: store.ledger,
    upstream: parts.upstream,
    drains: parts.drains,
    routers: parts.routerFile.current,
    routerProcessing: parts.processing,
    owners: createResourceOwners(store.settings),
    keptAnswers: store.keptAnswers,
    sessions: createStickySessions(),
    lifecycles: parts.lifecycles,
    modelBounds: (baseModel) => modelBoundsOf(baseModel, snapshots.directory().endpoints),
    inputEstimates: new InputEstimates(),
    burnRateOf,
    now,
    newId: parts.newId,
    random: Math.random,
    region: config.region,
    regionByModel: Object.entries(config.regionByModel),
    metadataKeys: config.metadataKeys,
    onEntry(entry) {
      metrics.onEntry(entry)
      parts.alerting.onEntry(entry)
      parts.meteringLog?.onEntry(entry)
    },
    onRefusal(refused) {
      metrics.onRefusal(refused.code)
      parts.refusedCalls.keep(refused)
    },
    log: (level, words, fields) => log[level](fields, words),
    pipelineLimits: {
      maxBodyBytes: config.maxBodyBytes,
      bodyTimeoutMilliseconds: config.bodyTimeoutMilliseconds,
      maxConcurrentCalls: config.maxConcurrentCalls,
    },
    forwardLimits: {
      retries: config.upstreamRetries,
      totalTimeoutMilliseconds: config.upstreamTotalTimeoutMilliseconds,
      maxBufferedBytes: MOST_BUFFERED_BYTES,
    },
  })
}

function socketsOf(
  { config, snapshots, deriveSecretAccessKey, metrics }: Parts,
  joined: Pick<SocketDependencies, 'tokens' | 'pipeline' | 'allowsOrigin'>,
): Sockets {
  return createSockets({
    ...joined,
    directory: snapshots.directory,
    deriveSecretAccessKey,
    now,
    limits: socketLimitsOf(config),
    onRefusal: metrics.onRefusal,
  })
}

function tokensOf({ config, log }: Parts): TokenVerifier | null {
  if (config.oidcIssuers.length === 0) return null
  return createTokenVerifier({
    issuers: config.oidcIssuers,
    fetch,
    now,
    onFailure: ({ alias }, thrown) =>
      log.warn({ issuer: alias, detail: String(thrown) }, 'the keys of an OpenID issuer could not be fetched'),
  })
}

function modelBoundsOf(baseModel: string, endpoints: EndpointTable): ModelBounds {
  const endpoint = endpoints.named(baseModel)
  if (endpoint !== null)
    return { outputTokens: endpoint.kind === 'embeddings' ? 0 : endpoint.maxOutputTokens, contextTokens: null }
  const facts = modelFacts(baseModel)
  return { outputTokens: facts?.maxOutputTokens ?? null, contextTokens: facts?.contextTokens ?? null }
}

/** The listener waits for its exchanges, the exchanges for their calls: both get the same time, what is kept closes last. */
async function stopAll(
  parts: Parts,
  pipeline: Pipeline,
  listener: Listener,
  closeAdmin: () => Promise<void>,
): Promise<void> {
  const deadline = parts.config.shutdownDeadlineSeconds * 1_000
  await Promise.all([pipeline.drain(deadline), listener.close(deadline + 1_000)])
  await parts.processing.stop(CALL_LOG_STOP_MILLISECONDS)
  parts.routerFile.stop()
  parts.snapshots.stop()
  await closeAdmin()
  await parts.upstream.close()
  await parts.holds.shutdown()
  await parts.pollResults.close()
  await parts.meteringLog?.stop()
  await parts.store.close()
}

function urlOf(config: Config, port: number): string {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  return `${config.tlsCertFile === null ? 'http' : 'https'}://${host}:${port}`
}

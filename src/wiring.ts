// The composition root: the only file that names a concrete store, counter or upstream. It makes the parts and joins them.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import { pino } from 'pino'
import { createApplication, type Application } from './application.ts'
import { modelFacts } from './catalogue/models.ts'
import { shippedPrices } from './catalogue/prices/index.ts'
import type { Config } from './config.ts'
import { createInProcessCounters } from './counters/in-process.ts'
import { Drains } from './gateway/drains.ts'
import { createResourceOwners } from './gateway/owners.ts'
import { createPipeline } from './gateway/pipeline.ts'
import { createRequestIds } from './gateway/request-id.ts'
import { createListener } from './http/listener.ts'
import { recoverHolds } from './jobs/recover-holds.ts'
import { seedCounters } from './jobs/seed-counters.ts'
import { createMetrics } from './metrics.ts'
import { adminTokenHash, createSecretDerivation, rootSecret } from './secrets.ts'
import { createSnapshots } from './snapshots.ts'
import { openHoldJournal } from './stores/hold-journal.ts'
import { openSqliteStore } from './stores/sql/sqlite.ts'
import { createCredentialSource } from './upstreams/bedrock/credentials.ts'
import { createBedrockUpstream } from './upstreams/bedrock/index.ts'

export type Started = {
  readonly application: Application
  readonly url: string
  readonly port: number
  /** the admin token in clear when it was made at this start; null otherwise */
  readonly newAdminToken: string | null
  /** Lets running calls end within the deadline, settles all of them, closes everything. */
  readonly stop: () => Promise<void>
}

const POLL_MILLISECONDS = 500

export async function start(config: Config): Promise<Started> {
  const now = Date.now
  const log = pino({ level: config.logLevel, base: null })
  const store = await openSqliteStore({ dataDir: config.dataDir, now })
  const holds = openHoldJournal({ dir: config.dataDir, now })
  const token = await adminTokenHash(config.adminToken, store.settings)
  const deriveSecretAccessKey = createSecretDerivation(await rootSecret(config.rootSecret, store.settings))
  await shipPrices(store.prices, now)
  const recovered = await recoverHolds({ holds, ledger: store.ledger, now })
  if (recovered.recovered > 0)
    log.warn(recovered, 'calls of an earlier run had no ledger entry; they now have estimated ones')

  const snapshots = await createSnapshots({
    tenants: store.tenants,
    plans: store.plans,
    prices: store.prices,
    changeCounter: store.changeCounter,
    defaultUnpriced: config.unpriced,
  })
  const counters = createInProcessCounters()
  await seedCounters({ counters, rollups: store.rollups, tenants: snapshots.directory().tenants, now: now() })
  const upstream = bedrockOf(config, now)
  const drains = new Drains({ maxStreams: config.drainMaxStreams, maxSeconds: config.drainMaxSeconds })
  const metrics = createMetrics({
    runningCalls: () => pipeline.running,
    drains: () => drains.running,
    connections: () => listener.connections,
  })
  const newId = createRequestIds(now)
  const pipeline = createPipeline({
    directory: snapshots.directory,
    priceBook: snapshots.priceBook,
    deriveSecretAccessKey,
    counters,
    holds,
    ledger: store.ledger,
    upstream,
    drains,
    owners: createResourceOwners(store.settings),
    maxOutputTokens: (baseModel) => modelFacts(baseModel)?.maxOutputTokens ?? null,
    now,
    newId,
    random: Math.random,
    region: config.region,
    regionByModel: Object.entries(config.regionByModel),
    metadataKeys: config.metadataKeys,
    onEntry: metrics.onEntry,
    onRefusal: metrics.onRefusal,
    log: (level, words, fields) => log[level](fields, words),
    pipelineLimits: {
      maxBodyBytes: config.maxBodyBytes,
      bodyTimeoutMilliseconds: config.bodyTimeoutMilliseconds,
      maxConcurrentCalls: config.maxConnections,
    },
    forwardLimits: {
      retries: config.upstreamRetries,
      totalTimeoutMilliseconds: config.upstreamTotalTimeoutMilliseconds,
      maxBufferedBytes: 262_144,
    },
  })
  const application = await createApplication({
    config,
    store,
    snapshots,
    counters,
    pipeline,
    metrics,
    deriveSecretAccessKey,
    adminTokenHash: token.hash,
    newId,
    randomBytes,
    now,
    log,
  })
  const listener = createListener({
    onRequest: (exchange) => void application.handle(exchange),
    ...tlsOf(config),
    limits: {
      headerBytes: config.maxHeaderBytes,
      headersMilliseconds: config.headersTimeoutMilliseconds,
      keepAliveIdleMilliseconds: config.keepAliveTimeoutMilliseconds,
      writeStallMilliseconds: config.writeStallTimeoutMilliseconds,
      requestMilliseconds: config.bodyTimeoutMilliseconds,
      connections: config.maxConnections,
    },
  })
  const { port } = await listener.listen(config.port, config.host)
  snapshots.startPolling(POLL_MILLISECONDS, (thrown) =>
    log.error({ detail: String(thrown) }, 'settings could not be reloaded'),
  )
  const scheme = config.tlsCertFile === null ? 'http' : 'https'
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  let stopping: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    const deadline = config.shutdownDeadlineSeconds * 1_000
    // The listener waits for its exchanges, the exchanges for their calls: both get the same time.
    await Promise.all([pipeline.drain(deadline), listener.close(deadline + 1_000)])
    snapshots.stop()
    await application.close()
    await upstream.close()
    await holds.shutdown()
    await store.close()
  }
  return {
    application,
    url: `${scheme}://${host}:${port}`,
    port,
    newAdminToken: token.made,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

function bedrockOf(config: Config, now: () => number) {
  const { awsProfile: profile, bedrockRoleArn, region } = config
  const chain = fromNodeProviderChain(profile === null ? {} : { profile })
  const provider =
    bedrockRoleArn === null
      ? chain
      : fromTemporaryCredentials({
          masterCredentials: chain,
          params: { RoleArn: bedrockRoleArn, RoleSessionName: 'weighbridge' },
          clientConfig: { region },
        })
  return createBedrockUpstream({
    endpoints: { runtime: config.bedrockRuntimeEndpoint, control: config.bedrockEndpoint },
    region,
    credentials: createCredentialSource({ bearerToken: config.bedrockBearerToken, provider: () => provider(), now }),
    limits: {
      connections: config.upstreamConnections,
      connectTimeoutMilliseconds: config.upstreamConnectTimeoutMilliseconds,
      headersTimeoutMilliseconds: config.upstreamHeadersTimeoutMilliseconds,
      idleTimeoutMilliseconds: config.upstreamIdleTimeoutMilliseconds,
      maxHeaderBytes: config.maxHeaderBytes,
    },
    now,
  })
}

/** An empty book is filled with the prices that this version ships; a book that somebody has is left to them. */
async function shipPrices(prices: Parameters<typeof createSnapshots>[0]['prices'], now: () => number): Promise<void> {
  if ((await prices.versionsAfter(0)).length > 0) return
  await prices.appendVersion({ ...shippedPrices(), createdAt: new Date(now()).toISOString() })
}

function tlsOf(config: Config) {
  const { tlsCertFile, tlsKeyFile } = config
  if (tlsCertFile === null || tlsKeyFile === null) return {}
  return { tls: { cert: readFileSync(tlsCertFile), key: readFileSync(tlsKeyFile) } }
}

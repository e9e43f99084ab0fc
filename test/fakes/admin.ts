// The control plane over stores in memory, with a clock that stands still and bytes that are not random.

import { createHash } from 'node:crypto'
import { createAdmin, type Admin } from '../../src/admin/index.ts'
import type { RecentCall } from '../../src/core/call-log.ts'
import type { AdminDependencies, KnownModel } from '../../src/admin/dependencies.ts'
import type { LedgerEntry } from '../../src/core/ledger.ts'
import { picoUsd } from '../../src/core/money.ts'
import { buildPriceBook } from '../../src/core/price-book.ts'
import { fakeStores, type FakeStores } from './stores.ts'

export const ADMIN_TOKEN = 'wba_0123456789abcdef'
export const NOW = Date.UTC(2026, 10, 20, 12, 30)

export type FakeAdmin = {
  readonly admin: Admin
  readonly stores: FakeStores
  readonly deps: AdminDependencies
  /** what went wrong inside, and how often the data plane was told of changes */
  readonly heard: { failures: unknown[]; changes: number }
  /** with the admin token; the body of the answer as JSON */
  ask(method: string, path: string, body?: unknown): Promise<Answer>
}

export type Answer = {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
  readonly headers: Readonly<Record<string, unknown>>
}

export async function fakeAdmin(
  changed: Partial<AdminDependencies> = {},
  stores: FakeStores = fakeStores(),
): Promise<FakeAdmin> {
  const heard: FakeAdmin['heard'] = { failures: [], changes: 0 }
  const given = { ...dependenciesOn(stores, heard), ...changed }
  const { tenants, plans, aliases, endpoints, prices, alerts, jobs } = given
  // what a test put in the place of a store stays there
  const replaced = changed.tenants ?? changed.plans ?? changed.prices
  const deps: AdminDependencies = {
    ...given,
    changesBy: (origin) =>
      replaced === undefined
        ? { ...stores.changesBy(origin), jobs }
        : { tenants, plans, aliases, endpoints, prices, alerts, jobs },
  }
  const admin = await createAdmin(deps)
  return { admin, stores, deps, heard, ask: (method, path, body) => ask(admin, method, path, body) }
}

async function ask(admin: Admin, method: string, path: string, body: unknown): Promise<Answer> {
  const answer = await admin.inject({
    method,
    path: `/admin/v1/${path}`,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = answer.payload
  const isJson = String(answer.headers['content-type']).startsWith('application/json')
  return {
    status: answer.statusCode,
    body: (isJson ? JSON.parse(text) : {}) as Record<string, unknown>,
    text,
    headers: answer.headers,
  }
}

const recentCall = (tenantId: string): RecentCall => ({
  transactionId: `WEIGHBRG_1_1_0-${tenantId}`,
  requestId: `request-${tenantId}`,
  tenantId,
  routerPath: '/service/',
  sentTo: null,
  startedAt: 0,
  milliseconds: 5,
  status: 200,
  error: null,
})

const RECENT_CALLS = [recentCall('alpha'), recentCall('beta')]

function dependenciesOn(stores: FakeStores, heard: FakeAdmin['heard']): Omit<AdminDependencies, 'changesBy'> {
  let made = 0
  return {
    ...stores,
    alertTargets: {
      problemOf: () => null,
      seal: (secret, id) => `sealed ${secret.length} for ${id}`,
    },
    jobs: {
      rerate: async () => ({
        entriesRead: 0,
        corrections: 0,
        difference: picoUsd(0n),
        priceVersion: stores.prices.versions.length,
        stillUnpriced: 0,
      }),
      ratePreviouslyUnpriced: async () => ({ rated: 0, stillUnpriced: 0 }),
      rebuildRollups: (options) => stores.rollups.rebuild(options),
      verifyCounters: async () => [],
      checkStore: async () => [],
      testAlertTarget: async () => null,
      closeDay: async (date) => ({
        date: date ?? '2026-11-19',
        window: { start: 0, end: 86_400_000 },
        state: 'closed',
        files: [`${date ?? '2026-11-19'}.csv`],
        rows: [],
      }),
    },
    adminTokenHash: createHash('sha256').update(ADMIN_TOKEN).digest('hex'),
    now: () => NOW,
    newId: () => `request-${(made += 1)}`,
    randomBytes: (count) =>
      createHash('shake256', { outputLength: count })
        .update(String((made += 1)))
        .digest(),
    deriveSecretAccessKey: (accessKeyId) => `secret-of-${accessKeyId}`,
    priceBook: () => buildPriceBook(stores.prices.versions),
    changed: () => {
      heard.changes += 1
    },
    models: () => [SONNET],
    surfaces: ['bedrock', 'openai'],
    metadataKeys: ['team', 'project'],
    lifecycleOf: () => null,
    limitStatuses: async () => [],
    runningHold: () => null,
    refusedCall: () => null,
    recentCalls: () => RECENT_CALLS,
    readPriceList: () => ({ prices: [], publishedAt: null, skipped: [] }),
    onFailure: (thrown) => void heard.failures.push(thrown),
  }
}

const SONNET: KnownModel = {
  baseModel: 'anthropic.claude-sonnet-5',
  name: 'Claude Sonnet 5',
  maker: 'Anthropic',
  lifecycle: 'active',
  endOfLifeOn: null,
  contextTokens: 1_000_000,
  maxOutputTokens: 128_000,
  routings: ['global', 'regional'],
  profiles: [],
}

/** A call that ended well: 1,000 tokens in, 500 out, for 0.0105 USD. */
export const entry = (changed: Partial<LedgerEntry> = {}): LedgerEntry => ({
  requestId: 'request-a',
  upstreamRequestId: 'upstream-a',
  tenantId: 'alpha',
  keyId: 'aaaaaaaaaaaa',
  modelId: 'anthropic.claude-sonnet-5',
  baseModel: 'anthropic.claude-sonnet-5',
  routing: 'regional',
  region: 'us-east-1',
  tier: 'standard',
  operation: 'Converse',
  surface: 'bedrock',
  startedAt: NOW - 1_000,
  endedAt: NOW,
  ending: 'completed',
  status: 200,
  attempts: 1,
  usage: { quantities: { input_tokens: 1_000, output_tokens: 500 }, estimated: false },
  cost: picoUsd(10_500_000_000n),
  inputCost: picoUsd(3_000_000_000n),
  priceVersion: 1,
  estimated: false,
  deliveredBytes: 2_000,
  metadata: {},
  notes: [],
  corrects: null,
  ratesUnpriced: false,
  ...changed,
})

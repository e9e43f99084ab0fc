// Admission alone: from a known caller and a whole body to a written hold, under a chain of four tenants and six limits; CPU of this thread.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { burnRateOf } from '../src/catalogue/burn-down.ts'
import { modelFacts } from '../src/catalogue/models.ts'
import { shippedPrices } from '../src/catalogue/prices/index.ts'
import { NO_ACCESS_POLICY } from '../src/core/access.ts'
import { USUAL_BUDGETING } from '../src/core/budgeting.ts'
import { USUAL_DIALECTS } from '../src/core/dialects.ts'
import { buildDirectory, type Member } from '../src/core/directory.ts'
import { createEndpointTable } from '../src/core/endpoint.ts'
import { limitOf, type Limit } from '../src/core/limit.ts'
import { picoUsd } from '../src/core/money.ts'
import { buildPriceBook } from '../src/core/price-book.ts'
import { createInProcessCounters } from '../src/counters/in-process.ts'
import { admit, type AdmitDependencies } from '../src/gateway/admit.ts'
import { createHoldGatherer } from '../src/gateway/hold-gatherer.ts'
import { InputEstimates } from '../src/gateway/input-estimates.ts'
import { createRequestIds } from '../src/gateway/request-id.ts'
import { resolveCall } from '../src/gateway/resolve.ts'
import { rewrite } from '../src/gateway/rewrite.ts'
import { bedrockSurface } from '../src/gateway/surfaces/bedrock.ts'
import { openHoldJournal } from '../src/stores/hold-journal.ts'
import { MODEL } from './targets.ts'

const NO_ENDPOINTS = { endpoints: createEndpointTable([]) }

const CALLS = 30_000
const AT_ONCE = 32
const CREATED = '2026-01-01T00:00:00Z'
const LIMITS: readonly (readonly Limit[])[] = [
  [
    limitOf({ kind: 'cost', per: 'month', amount: 10n ** 24n }),
    limitOf({ kind: 'requests', per: 'minute', amount: 10n ** 9n }),
  ],
  [limitOf({ kind: 'cost', per: 'month', amount: 10n ** 24n })],
  [limitOf({ kind: 'tokens', per: 'day', amount: 10n ** 15n }), limitOf({ kind: 'concurrency', amount: 10n ** 6n })],
  [limitOf({ kind: 'cost', per: 'day', amount: 10n ** 24n })],
]

export async function benchAdmission(print: (line?: string) => void): Promise<void> {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'weighbridge-bench-admission-'))
  const holds = openHoldJournal({ dir: folder, now: Date.now })
  try {
    const admitOne = admission(holds)
    // the first ones are those that the compiler learns from
    for (const isMeasured of [false, false, true]) {
      const before = process.threadCpuUsage()
      for (let done = 0; done < CALLS; done += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, admitOne))
      const { user, system } = process.threadCpuUsage(before)
      if (!isMeasured) continue
      print()
      print('Admission alone, 1 KB Converse, a chain of four tenants and six limits, with the hold written')
      print(`  CPU          ${((user + system) / CALLS).toFixed(1)} µs a call   (goal: 15 or less)`)
    }
  } finally {
    await holds.shutdown()
    rmSync(folder, { recursive: true, force: true })
  }
}

function admission(holds: ReturnType<typeof openHoldJournal>): () => Promise<void> {
  const counters = createInProcessCounters({ placeMilliseconds: 600_000 })
  const book = buildPriceBook([{ ...shippedPrices(), version: 1 }])
  const dependencies: AdmitDependencies = {
    counters,
    holdGatherer: createHoldGatherer(holds),
    priceBook: () => book,
    modelBounds: (baseModel) => {
      const facts = modelFacts(baseModel)
      return { outputTokens: facts?.maxOutputTokens ?? null, contextTokens: facts?.contextTokens ?? null }
    },
    inputEstimates: new InputEstimates(),
    burnRateOf,
  }
  const member = memberOfChain()
  const newId = createRequestIds(Date.now)
  const path = `/model/${encodeURIComponent(MODEL)}/converse`
  const body = Buffer.from(
    JSON.stringify({
      messages: [{ role: 'user', content: [{ text: 'w'.repeat(900) }] }],
      inferenceConfig: { maxTokens: 256 },
    }),
  )
  return async () => {
    const route = bedrockSurface.match('POST', path)
    if (route === null) throw new Error('the path is of no operation')
    const requestId = newId()
    const prepared = bedrockSurface.prepare(route, () => undefined, body)
    if (prepared.translate !== null) throw new Error('a native call is not translated')
    const { facts } = prepared
    const now = Date.now()
    const resolved = resolveCall({ region: 'us-east-1', regionByModel: [], directory: () => NO_ENDPOINTS } as never, {
      member,
      route,
      facts,
      surface: bedrockSurface,
      inferenceComponent: null,
      now,
    })
    const { model, renamed, alias } = resolved instanceof Promise ? await resolved : resolved
    const { operation, upstreamPath, streams } = route
    const call = rewrite(
      { operation, path: upstreamPath, headers: [], body, streams, facts, answer: null },
      { access: member.access, tenantId: member.principal.tenant.id, renamed },
    )
    const admitted = await admit(dependencies, {
      requestId,
      member,
      operation,
      surface: 'bedrock',
      facts: call.facts,
      model,
      body,
      now,
      alias,
    })
    if (admitted.taken.ask.cost === null) throw new Error('the call has no price')
    counters.settle(admitted.taken, { ...admitted.taken.ask, cost: picoUsd(1n) })
    holds.close(requestId)
  }
}

function memberOfChain(): Member {
  const names = ['company', 'department', 'team', 'project']
  const tenants = names.map((id, index) => ({
    id,
    name: id,
    parentId: names[index - 1] ?? null,
    planId: 'bench',
    attributes: {},
    status: 'active' as const,
    allowedModels: null,
    access: NO_ACCESS_POLICY,
    limits: LIMITS[index] ?? [],
    planAdjustments: {},
    createdAt: CREATED,
  }))
  const plan = {
    id: 'bench',
    name: 'Bench',
    allowedModels: ['anthropic.*', 'amazon.*'],
    access: NO_ACCESS_POLICY,
    limits: [],
    onDisconnect: 'drain' as const,
    unpriced: 'hold' as const,
    budgeting: USUAL_BUDGETING,
    dialects: USUAL_DIALECTS,
    fallbacks: [],
    createdAt: CREATED,
  }
  const key = {
    id: 'bench',
    tenantId: 'project',
    name: 'bench',
    secretHash: '00'.repeat(32),
    accessKeyId: 'WBAKBENCH',
    mayActFor: [],
    createdAt: CREATED,
    expiresAt: null,
    revokedAt: null,
    replacedBy: null,
    limits: [],
  }
  const directory = buildDirectory({
    tenants,
    keys: [key],
    plans: [plan],
    aliases: [],
    endpoints: [],
    defaultUnpriced: 'hold',
  })
  const member = directory.memberByKeyId('bench')
  if (member === null) throw new Error('the key has no member')
  return member
}

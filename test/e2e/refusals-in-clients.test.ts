// What a refusal is in the clients themselves: the type of its error, and how often they ask again; every surface under the same budget.

import Anthropic from '@anthropic-ai/sdk'
import {
  AccessDeniedException,
  BedrockRuntimeClient,
  ConverseCommand,
  ServiceQuotaExceededException,
  ThrottlingException,
} from '@aws-sdk/client-bedrock-runtime'
import OpenAI from 'openai'
import { Pool } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NO_SCENARIO, parseScenario } from '../../simulator/scenario.ts'
import type { TestTenant } from './admin-client.ts'
import { billWhenSettled } from './bill-reader.ts'
import { startHarness, type Harness } from './harness.ts'
import { rawCall } from './raw-call.ts'
import { claudeBody, converseBody, HAIKU, pathOf } from './requests.ts'
import { dollarsOf, picoOf } from './truth.ts'

const REFUSING = {
  spent: { limits: [{ kind: 'cost', per: 'month', amount: '0.000001' }] },
  busy: { limits: [{ kind: 'requests', per: 'day', amount: 1 }] },
  narrow: { allowed_models: ['amazon.nova-*'] },
} as const
type Who = keyof typeof REFUSING

let harness: Harness
let pool: Pool
const tenants = {} as Record<Who, TestTenant>

beforeAll(async () => {
  harness = await startHarness()
  pool = new Pool(harness.url, { connections: 200, pipelining: 1 })
  for (const [id, over] of Object.entries(REFUSING)) tenants[id as Who] = await harness.tenant(id, over)
  const { status } = await rawCall(pool, {
    path: pathOf(HAIKU, 'converse'),
    body: converseBody('x', 'Hi'),
    key: tenants.busy.secret,
  })
  if (status !== 200) throw new Error(`the one call of the quota was answered with ${status}`)
})
afterAll(async () => {
  await pool.destroy()
  await harness.close()
})
beforeEach(() => harness.simulator.reset())

type Failed = { readonly error: unknown; readonly attempts: number }

/** Counts what a client of fetch sends. */
function counting(): { readonly fetch: typeof fetch; readonly count: () => number } {
  let count = 0
  return {
    fetch: (...sent) => {
      count += 1
      return fetch(...sent)
    },
    count: () => count,
  }
}

const failureOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => null,
    (error: unknown) => error,
  )

async function byAws(who: Who, modelId: string): Promise<Failed> {
  const { accessKeyId, secretAccessKey } = tenants[who]
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: harness.url,
    maxAttempts: 2,
    credentials: { accessKeyId, secretAccessKey },
  })
  const messages = [{ role: 'user' as const, content: [{ text: 'Hi' }] }]
  const error = await failureOf(client.send(new ConverseCommand({ modelId, messages })))
  client.destroy()
  return { error, attempts: (error as { $metadata: { attempts: number } }).$metadata.attempts }
}

async function byOpenai(who: Who, model: string): Promise<Failed> {
  const sent = counting()
  const client = new OpenAI({
    baseURL: `${harness.url}/openai/v1`,
    apiKey: tenants[who].secret,
    maxRetries: 1,
    fetch: sent.fetch,
  })
  const asked = client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] })
  return { error: await failureOf(asked), attempts: sent.count() }
}

async function byAnthropic(who: Who, model: string): Promise<Failed> {
  const sent = counting()
  const client = new Anthropic({
    baseURL: `${harness.url}/anthropic`,
    apiKey: tenants[who].secret,
    maxRetries: 1,
    fetch: sent.fetch,
  })
  const asked = client.messages.create({ model, max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] })
  return { error: await failureOf(asked), attempts: sent.count() }
}

type Ask = (who: Who, model: string) => Promise<Failed>
type ErrorClass = new (...values: never[]) => Error

describe('a refusal is the error that its client has for it, tried as often as it may help', () => {
  it.each<[string, Ask, Who, string, ErrorClass, number]>([
    ['a spent budget by the AWS SDK', byAws, 'spent', HAIKU, ServiceQuotaExceededException, 1],
    ['a used quota by the AWS SDK', byAws, 'busy', HAIKU, ThrottlingException, 2],
    ['a model that is not allowed by the AWS SDK', byAws, 'narrow', HAIKU, AccessDeniedException, 1],
    ['a spent budget by the OpenAI SDK', byOpenai, 'spent', HAIKU, OpenAI.RateLimitError, 1],
    ['a used quota by the OpenAI SDK', byOpenai, 'busy', HAIKU, OpenAI.RateLimitError, 2],
    ['a model that is not allowed by the OpenAI SDK', byOpenai, 'narrow', HAIKU, OpenAI.PermissionDeniedError, 1],
    ['a spent budget by the Anthropic SDK', byAnthropic, 'spent', HAIKU, Anthropic.RateLimitError, 1],
    // it would sleep until the quota begins anew
    ['a used quota by the Anthropic SDK', byAnthropic, 'busy', HAIKU, Anthropic.RateLimitError, 1],
    [
      'a model that is not allowed by the Anthropic SDK',
      byAnthropic,
      'narrow',
      HAIKU,
      Anthropic.PermissionDeniedError,
      1,
    ],
  ])('%s', async (_what, ask, who, model, type, attempts) => {
    const failed = await ask(who, model)
    expect(failed.error).toBeInstanceOf(type)
    expect(failed.attempts).toBe(attempts)
    expect(await billWhenSettled(harness.simulator)).toEqual([])
  })
})

const CHAT = { model: HAIKU, max_tokens: 1_000, messages: [{ role: 'user', content: 'Answer in 40 words.' }] }
const json = (body: unknown): Buffer => Buffer.from(JSON.stringify(body))

type SurfaceCall = { readonly path: string; readonly body: Buffer }

/** One way in of each surface; the native ones are also in budgets.test.ts, each by itself. */
const SURFACES: readonly (readonly [name: string, call: SurfaceCall])[] = [
  ['native, streamed', { path: pathOf(HAIKU, 'stream'), body: converseBody('any', 'Answer in 40 words.') }],
  ['native, below /bedrock', { path: `/bedrock${pathOf(HAIKU, 'invoke')}`, body: claudeBody('Answer in 40 words.') }],
  ['OpenAI', { path: '/openai/v1/chat/completions', body: json(CHAT) }],
  ['OpenAI, streamed', { path: '/v1/chat/completions', body: json({ ...CHAT, stream: true }) }],
  ['Anthropic', { path: '/anthropic/v1/messages', body: json(CHAT) }],
  ['Anthropic, streamed', { path: '/v1/messages', body: json({ ...CHAT, stream: true }) }],
]

const CALLS = 200
const FIT = 10

describe('faults 32: 200 calls at once against a budget that fits ten', () => {
  const slow = parseScenario({ rules: [{ faults: ['delay:ms=4000'] }] })
  let made = 0

  /** A budget for ten and a half calls, as the gateway itself prices their worst case. */
  async function tenantFor({
    path,
    body,
  }: SurfaceCall): Promise<{ readonly tenant: TestTenant; readonly budget: bigint }> {
    made += 1
    const limits = (amount: string) => ({ limits: [{ kind: 'cost', per: 'month', amount }] })
    const tenant = await harness.tenant(`crowd-${made}`, limits('0'))
    const probe = await rawCall(pool, { path, body, key: tenant.secret })
    const [, usd = ''] = /could cost up to \$(\d+\.\d+)/.exec(probe.body.toString()) ?? []
    const budget = (picoOf(usd) * BigInt(2 * FIT + 1)) / 2n
    await harness.admin('PATCH', `tenants/${tenant.id}`, limits(`0.${String(budget).padStart(12, '0')}`))
    return { tenant, budget }
  }

  /** What is used and held now. */
  async function taken({ id }: TestTenant): Promise<bigint> {
    const { limits } = await harness.admin('GET', `limits/${id}`)
    const [{ used, held } = { used: '0', held: '0' }] = limits as { readonly used: string; readonly held: string }[]
    return picoOf(used) + picoOf(held)
  }

  it.each(SURFACES)(
    '%s: ten are let in, and nothing is overspent',
    async (_name, call) => {
      const { tenant, budget } = await tenantFor(call)
      harness.simulator.setScenario(slow)
      const ended: number[] = []
      const all = Promise.all(
        Array.from({ length: CALLS }, async () => {
          ended.push((await rawCall(pool, { ...call, key: tenant.secret })).status)
        }),
      )
      let most = 0n
      while (!ended.includes(200)) {
        const now = await taken(tenant)
        if (now > most) most = now
      }
      await all
      harness.simulator.setScenario(NO_SCENARIO)
      const bill = await billWhenSettled(harness.simulator)
      expect(bill.reduce((sum, billed) => sum + dollarsOf(billed), 0n)).toBeLessThanOrEqual(budget)
      expect(most).toBeGreaterThan((budget * 9n) / 11n)
      expect(most).toBeLessThanOrEqual(budget)
      expect(bill).toHaveLength(ended.filter((status) => status === 200).length)
      // as long as none had answered, ten held all of it; what an answer gave back may let in another
      const untilFirst = ended.slice(0, ended.indexOf(200))
      expect(untilFirst.length).toBeLessThanOrEqual(CALLS - FIT)
      if (untilFirst.length === CALLS - FIT) expect(bill).toHaveLength(FIT)
    },
    60_000,
  )
})

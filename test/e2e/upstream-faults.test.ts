// What an upstream may do beside answering: refuse, be away, send strange headers, answer twice, lie about usage.

import { createServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime'
import { Pool } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { EXPIRED_TLS_FOR_TESTS, TLS_FOR_TESTS } from '../../src/http/tls.fixture.ts'
import type { LedgerLine, TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { rawCall, type Seen } from './raw-call.ts'
import { CONVERSE_ANSWER, startRecordingUpstream } from './recording-upstream.ts'
import { callNamed, type CallKind } from './requests.ts'
import { counted } from './truth.ts'

let harness: Harness
let tenant: TestTenant
let pool: Pool

async function begin(rules: object[], settings: Readonly<Record<string, string>> = {}): Promise<void> {
  harness = await startHarness({ simulator: { scenario: parseScenario({ rules }) }, settings })
  tenant = await harness.tenant('team-a')
  pool = new Pool(harness.url, { connections: 10, pipelining: 1 })
}

afterEach(async () => {
  await pool.destroy()
  await harness.close()
})

const call = (kind: CallKind, name = 'one'): Promise<Seen> =>
  rawCall(pool, { ...callNamed(name, kind, 30), key: tenant.secret })

/** The only entry. */
async function entry(): Promise<LedgerLine> {
  const ledger = await harness.ledger()
  expect(ledger).toHaveLength(1)
  return ledger[0] as LedgerLine
}

describe('an upstream that refuses', () => {
  it.each([
    'throttle:retry_after=1',
    'error:type=ServiceUnavailableException,retry_after=1',
    'plain_error:status=503',
    'reset:at=before_headers',
  ])('%s and then answers', async (fault) => {
    await begin([{ first: 1, faults: [fault] }])
    const seen = await call('stream')
    const retried = !fault.startsWith('reset')
    // a request that may have been carried out is not sent again
    expect([seen.status, seen.whole]).toEqual(retried ? [200, true] : [502, false])
    const { attempts, ending, usage } = await entry()
    expect([attempts, ending]).toEqual(retried ? [2, 'completed'] : [1, 'upstream_failed'])
    expect(counted(usage)).toEqual(retried ? harness.simulator.bill()[0]?.usage : {})
  })

  it('and asks for more patience than the call has is told on at once', async () => {
    await begin([{ faults: ['throttle:retry_after=30'] }], { WEIGHBRIDGE_UPSTREAM_TOTAL_TIMEOUT_MILLISECONDS: '5000' })
    const seen = await call('converse')
    expect([seen.status, seen.headers['retry-after']]).toEqual([429, '30'])
    expect(await entry()).toMatchObject({ attempts: 1, ending: 'upstream_refused', cost_usd: '0' })
  })

  it('every time is told on, charged nothing, and tried as often as the settings say', async () => {
    await begin([{ faults: ['throttle:retry_after=0'] }], { WEIGHBRIDGE_UPSTREAM_RETRIES: '3' })
    const { accessKeyId, secretAccessKey } = tenant
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      endpoint: harness.url,
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey },
    })
    const messages = [{ role: 'user' as const, content: [{ text: 'Hi' }] }]
    const command = new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages })
    await expect(client.send(command)).rejects.toMatchObject({ name: 'ThrottlingException' })
    client.destroy()
    expect(await entry()).toMatchObject({ attempts: 4, ending: 'upstream_refused', cost_usd: '0', estimated: false })
  })
})

describe('a call that runs longer than it may', () => {
  const limited = { WEIGHBRIDGE_UPSTREAM_TOTAL_TIMEOUT_MILLISECONDS: '400' }

  it.each<[string, CallKind, string, number]>([
    ['before its first byte', 'converse', 'stall:at=before_headers', 504],
    ['in the middle of its stream', 'stream', 'stall:at=mid_event', 200],
  ])('is ended %s, and written down as ended by the gateway', async (_, kind, fault, status) => {
    await begin([{ faults: [fault] }], limited)
    const seen = await call(kind)
    expect([seen.status, seen.whole]).toEqual([status, false])
    expect(await entry()).toMatchObject({ ending: 'gateway_stopped', estimated: true })
  })
})

describe('a refusal that breaks off', () => {
  it('is still a refusal: nothing was billed, and the call is tried again', async () => {
    let requests = 0
    const upstream = await startRecordingUpstream((_, response) => {
      requests += 1
      if (requests > 1) {
        response.writeHead(200, { 'content-type': 'application/json', 'x-amzn-requestid': 'the-second' })
        response.end(CONVERSE_ANSWER)
        return
      }
      response.writeHead(503, { 'content-length': '100', 'x-amzn-requestid': 'the-first' })
      response.write('{"message":')
      setTimeout(() => response.destroy(), 50)
    })
    await begin([], { WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: upstream.url })
    expect((await call('converse')).status).toBe(200)
    expect(await entry()).toMatchObject({ attempts: 2, ending: 'completed', upstream_request_id: 'the-second' })
    await upstream.close()
  })

  it('is forgotten when the next attempt fails otherwise: its request id names another call', async () => {
    let requests = 0
    const upstream = await startRecordingUpstream((request, response) => {
      requests += 1
      if (requests > 1) request.socket.resetAndDestroy()
      else response.writeHead(503, { 'x-amzn-requestid': 'the-first' }).end()
    })
    await begin([], { WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: upstream.url })
    expect((await call('converse')).status).toBe(502)
    expect(await entry()).toMatchObject({
      attempts: 2,
      ending: 'upstream_failed',
      upstream_request_id: null,
      usage: null,
    })
    await upstream.close()
  })
})

describe('a call that cannot be sent', () => {
  it('because its ARN names no region is refused, and holds nothing afterwards', async () => {
    await begin([], { WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: '' })
    await harness.admin('PATCH', 'tenants/team-a', { limits: [{ kind: 'concurrency', amount: 1 }] })
    const path = `/model/${encodeURIComponent('arn:aws:bedrock:zz-nowhere-99::foundation-model/amazon.nova-lite-v1:0')}/converse`
    for (let times = 0; times < 3; times += 1) {
      const seen = await rawCall(pool, { ...callNamed('one', 'converse', 30), path, key: tenant.secret })
      expect([seen.status, seen.headers['x-amzn-errortype']]).toEqual([400, 'ValidationException'])
    }
    const ledger = await harness.ledger()
    expect(ledger.map(({ ending, cost_usd }) => [ending, cost_usd])).toEqual(ledger.map(() => ['upstream_failed', '0']))
  })
})

describe('an upstream that is not there', () => {
  it('is said to be away at once, and charged nothing', async () => {
    await begin([], { WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: 'http://127.0.0.1:9' })
    const seen = await call('converse')
    expect([seen.status, seen.headers['x-amzn-errortype']]).toEqual([503, 'ServiceUnavailableException'])
    expect(await entry()).toMatchObject({ ending: 'upstream_failed', cost_usd: '0', estimated: false })
  })

  it('has a name that nobody knows', async () => {
    await begin([], { WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: 'http://no-such-host.invalid:1' })
    expect((await call('converse')).status).toBe(503)
    expect(await entry()).toMatchObject({ ending: 'upstream_failed', cost_usd: '0' })
  })
})

describe('an upstream with a certificate', () => {
  const usual = getCACertificates('default')
  afterEach(() => setDefaultCACertificates(usual))

  const trusted = [TLS_FOR_TESTS.cert, EXPIRED_TLS_FOR_TESTS.cert]
  it.each([
    ['that is vouched for', TLS_FOR_TESTS, '127.0.0.1', trusted, 200],
    ['that nobody vouches for', TLS_FOR_TESTS, '127.0.0.1', [], 503],
    ['of another host', TLS_FOR_TESTS, '127.0.0.2', trusted, 503],
    ['that has run out', EXPIRED_TLS_FOR_TESTS, '127.0.0.1', trusted, 503],
  ])('%s is spoken to only if it is in order', async (_name, identity, host, vouched, expected) => {
    setDefaultCACertificates([...usual, ...vouched])
    let requests = 0
    const server = createServer(identity, (_, response) => {
      requests += 1
      response.end(CONVERSE_ANSWER)
    })
    await new Promise<void>((resolve) => void server.listen(0, resolve))
    const { port } = server.address() as AddressInfo
    await begin([], { WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: `https://${host}:${port}` })
    expect((await call('converse')).status).toBe(expected)
    expect([requests, (await entry()).cost_usd === '0']).toEqual(expected === 200 ? [1, false] : [0, true])
    server.close()
  })
})

describe('unusual headers of an upstream', () => {
  const kinds = ['set_cookie', 'connection', 'hop_by_hop', 'latin1', 'duplicate']

  it.each(
    kinds.flatMap(
      (kind) =>
        [
          [kind, 'converse'],
          [kind, 'stream'],
        ] as [string, CallKind][],
    ),
  )('%s on %s: what is for one hop, or for browsers, is not passed on', async (kind, operation) => {
    await begin([{ faults: [`headers:kind=${kind}`] }])
    const seen = await call(operation)
    expect(seen.whole).toBe(true)
    const foreign = ['set-cookie', 'x-foo', 'proxy-authenticate', 'proxy-connection', 'trailer', 'upgrade']
    expect(foreign.filter((name) => seen.headers[name] !== undefined)).toEqual([])
    expect(seen.headers['keep-alive'] ?? '').not.toContain('timeout=1')
    expect(seen.headers.connection ?? '').not.toContain('x-foo')
    expect(await entry()).toMatchObject({ ending: 'completed', estimated: false })
  })

  it('that are too large are a failure of the upstream, and the call is marked for reconciliation', async () => {
    await begin([{ faults: ['headers:kind=large'] }])
    expect((await call('converse')).status).toBe(502)
    expect(await entry()).toMatchObject({ ending: 'upstream_failed', usage: null, cost_usd: null, estimated: true })
  })
})

describe('an answer that nobody asked for', () => {
  it('on an idle connection reaches nobody', async () => {
    await begin([{ first: 1, faults: ['extra_bytes:ms=1'] }])
    expect((await call('converse', 'first')).whole).toBe(true)
    await upstreamConnectionsClosed()
    const next = await call('converse', 'second')
    expect(next.body.toString()).not.toContain('unasked')
    const ledger = await harness.ledger()
    expect(ledger.map(({ ending, estimated }) => [ending, estimated])).toEqual([
      ['completed', false],
      ['completed', false],
    ])
  })

  /** The unasked bytes make the gateway close the connection; a call that comes before that could not tell. */
  async function upstreamConnectionsClosed(): Promise<void> {
    const { hostname, port } = new URL(harness.simulator.url)
    // a new connection to the simulator, answered after the unasked bytes were sent and met
    for (let turn = 0; turn < 20; turn += 1) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => socket.end())
        socket.on('close', () => resolve())
        socket.on('error', reject)
        socket.resume()
      })
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
})

describe('an answer that ends with its connection', () => {
  it.each<CallKind>(['converse', 'stream', 'invoke'])('%s is complete when it says so itself', async (kind) => {
    await begin([{ faults: ['close_delimited'] }])
    expect((await call(kind)).whole).toBe(true)
    const { usage, estimated } = await entry()
    expect([counted(usage), estimated]).toEqual([harness.simulator.bill()[0]?.usage, false])
  })
})

describe('usage that cannot be true', () => {
  const operations: CallKind[] = ['converse', 'stream', 'invoke', 'invoke_stream']

  it.each(['negative', 'absurd', 'huge', 'string', 'fraction'])(
    '%s is unknown, noted, and has no price',
    async (kind) => {
      await begin([{ faults: [`usage:kind=${kind}`] }])
      for (const operation of operations) await call(operation, operation)
      const ledger = await harness.ledger()
      expect(ledger).toHaveLength(operations.length)
      for (const { usage, cost_usd, notes, estimated } of ledger) {
        const counts = Object.values(usage ?? {})
        expect(counts.filter((count) => count !== null && !Number.isSafeInteger(count))).toEqual([])
        expect(estimated || counts.includes(null)).toBe(true)
        if (!estimated) expect(cost_usd).toBeNull()
        expect(notes.join()).toContain('suspect')
      }
    },
  )

  it.each(['missing', 'null'])('%s usage is estimated or unknown, never zero', async (kind) => {
    await begin([{ faults: [`usage:kind=${kind}`] }])
    for (const operation of operations) await call(operation, operation)
    for (const { usage, estimated, cost_usd } of await harness.ledger()) {
      const counts = [usage?.input_tokens, usage?.output_tokens]
      expect(counts.filter((count) => count === 0 || count === undefined)).toEqual([])
      expect([estimated, cost_usd === null]).toEqual(counts.includes(null) ? [false, true] : [true, false])
    }
  })
})

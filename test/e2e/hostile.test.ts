// Hostile requests on the data plane: nothing that a client writes chooses the upstream, slips past the policy or reaches Bedrock in another form.

import { once } from 'node:events'
import { connect } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectRaw } from '../../src/http/raw-client.fixture.ts'
import type { TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { pathTricks } from './path-tricks.ts'
import { startRecordingUpstream, type Received, type RecordingUpstream } from './recording-upstream.ts'

const ALLOWED = 'amazon.nova-lite-v1:0'
const OTHER = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
const BODY = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hi' }] }] })
const PATH = `/model/${ALLOWED}/converse`

let upstream: RecordingUpstream
let harness: Harness
let restricted: TestTenant
let port: number
let entriesBefore: number

beforeAll(async () => {
  upstream = await startRecordingUpstream()
  harness = await startHarness({
    settings: {
      WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: upstream.url,
      WEIGHBRIDGE_BEDROCK_ENDPOINT: upstream.url,
      WEIGHBRIDGE_METADATA_KEYS: 'team',
    },
  })
  restricted = await harness.tenant('team-a', { allowed_models: [ALLOWED] })
  port = harness.gateway.port
})

afterAll(async () => {
  await harness.close()
  await upstream.close()
})

beforeEach(async () => {
  upstream.received.length = 0
  entriesBefore = (await harness.ledger()).length
})

type Answered = { readonly status: number; readonly text: string }

type Sent = {
  readonly path?: string
  readonly method?: string
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
  readonly authorization?: string
  /** header lines that stand in the place of host */
  readonly host?: string
}

/** One request over a plain socket, byte for byte as it is given. */
async function send(sent: Sent): Promise<Answered> {
  const { path = PATH, method = 'POST', headers = [], body = BODY, host = 'gateway.example' } = sent
  const { authorization = `Bearer ${restricted.secret}` } = sent
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `host: ${host}`,
    `authorization: ${authorization}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...headers,
  ]
  const client = connectRaw(port, `${lines.join('\r\n')}\r\n\r\n`)
  client.write(body)
  const text = await client.closed()
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text }
}

async function nothingHappened(): Promise<void> {
  expect(upstream.received).toEqual([])
  expect(await harness.ledger()).toHaveLength(entriesBefore)
}

const headerNames = ({ headers }: Received): string[] => headers.map(([name]) => name)
const headerOf = ({ headers }: Received, wanted: string): string | undefined =>
  headers.find(([name]) => name === wanted)?.[1]

describe('what a client writes about the upstream', () => {
  const secrets = 'cookie: session=secret-cookie'
  const overrides = [
    'x-forwarded-host: evil.example',
    'x-forwarded-for: 10.0.0.1',
    'forwarded: host=evil.example',
    'x-original-url: /model/evil/converse',
    'x-rewrite-url: /model/evil/converse',
    'x-bedrock-host: evil.example',
    'api-base: http://evil.example',
    'x-amz-target: Evil',
    'x-amz-date: 20200101T000000Z',
    'x-amz-security-token: evil-token',
    'x-amz-user-agent: evil',
    'x-amzn-requestid: evil-id',
    'x-amzn-trace-id: evil-trace',
    'x-amzn-errortype: Evil',
    'proxy-authorization: Basic ZXZpbA==',
    'te: trailers',
    'via: 1.1 evil',
    'user-agent: evil-agent',
    secrets,
  ]

  it('in headers does not leave the gateway', async () => {
    const { status } = await send({ headers: overrides })
    expect(status).toBe(200)
    const [received] = upstream.received as [Received]
    const permitted = [
      'host',
      'connection',
      'content-type',
      'content-length',
      'user-agent',
      'authorization',
      'x-amz-date',
      'x-amz-content-sha256',
    ]
    expect(headerNames(received).filter((name) => !permitted.includes(name))).toEqual([])
    expect(headerOf(received, 'host')).toBe(new URL(upstream.url).host)
    expect(headerOf(received, 'user-agent')).toBe('weighbridge')
    expect(headerOf(received, 'authorization')).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIASIMULATOR000001\//)
    expect(JSON.stringify(received)).not.toMatch(/evil|secret-cookie/i)
    expect(JSON.stringify(received)).not.toContain(restricted.secret)
  })

  it('in Bedrock’s own headers passes, and nothing else does', async () => {
    const headers = ['x-amzn-bedrock-trace: ENABLED', 'x-amzn-bedrock-guardrailidentifier: abc', 'x-amzn-bedrok: no']
    await send({ headers })
    const [received] = upstream.received as [Received]
    expect(headerNames(received).filter((name) => name.startsWith('x-amzn-'))).toEqual([
      'x-amzn-bedrock-trace',
      'x-amzn-bedrock-guardrailidentifier',
    ])
  })

  it('as a header of Bedrock that stands twice is refused: policy and upstream could read another one', async () => {
    const twice = ['x-amzn-bedrock-service-tier: flex', 'x-amzn-bedrock-service-tier: priority']
    expect((await send({ headers: twice })).status).toBe(400)
    await nothingHappened()
  })

  it.each([
    ['an absolute target', { path: `http://evil.example${PATH}` }],
    ['a second host', { headers: ['host: evil.example'] }],
    ['a second authorization', { headers: ['authorization: Bearer evil'] }],
  ])('as %s is refused', async (_name, sent) => {
    expect((await send(sent)).status).toBe(400)
    await nothingHappened()
  })

  it('as another host, or a member of the body, changes nothing', async () => {
    const body = JSON.stringify({
      ...JSON.parse(BODY),
      api_base: 'http://evil.example',
      modelId: OTHER,
      region: 'eu-west-9',
    })
    expect((await send({ host: 'evil.example:1', body })).status).toBe(200)
    const [received] = upstream.received as [Received]
    expect(headerOf(received, 'host')).toBe(new URL(upstream.url).host)
    expect([received.target, received.body]).toEqual([PATH, body])
  })

  it.each([
    'arn:aws:bedrock:eu-west-1:999999999999:inference-profile/us.amazon.nova-lite-v1:0',
    'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0',
  ])('as the ARN %s of an allowed model goes to the configured host alone', async (arn) => {
    expect((await send({ path: `/model/${encodeURIComponent(arn)}/converse` })).status).toBe(200)
    const [received] = upstream.received as [Received]
    expect(headerOf(received, 'host')).toBe(new URL(upstream.url).host)
    expect(decodeURIComponent(received.target)).toBe(`/model/${arn}/converse`)
  })

  it.each([
    'arn:aws:bedrock:us-east-1:999999999999:provisioned-model/abc',
    'arn:aws:bedrock:us-east-1:999999999999:custom-model/amazon.nova-lite-v1:0/abc',
    'arn:aws:bedrock:us-east-1:999999999999:default-prompt-router/anthropic.claude:1',
    `arn:aws:bedrock:us-east-1:999999999999:inference-profile/${OTHER}`,
    'arn:aws:bedrock:evil.example/x:999999999999:provisioned-model/abc',
    'arn:aws:s3:::bucket/amazon.nova-lite-v1:0',
  ])('as the ARN %s is refused', async (arn) => {
    const { status } = await send({ path: `/model/${encodeURIComponent(arn)}/converse` })
    expect([400, 403, 404]).toContain(status)
    await nothingHappened()
  })
})

describe('tricks with the path', () => {
  const tricks = pathTricks(ALLOWED, OTHER)

  it.each(tricks)('%s is refused', async (path) => {
    const { status } = await send({ path })
    expect([400, 403, 404]).toContain(status)
    await nothingHappened()
  })

  it('are decided over HTTP/2 as over HTTP/1.1', async () => {
    const session = connect(harness.url)
    const statuses: [string, number][] = []
    for (const path of tricks) {
      const stream = session.request({ ':method': 'POST', ':path': path, authorization: `Bearer ${restricted.secret}` })
      stream.end(BODY)
      const [headers] = (await once(stream, 'response')) as [Record<string, number>]
      statuses.push([path, headers[':status'] ?? 0])
      stream.resume()
    }
    session.destroy()
    const expected: [string, number][] = []
    for (const path of tricks) expected.push([path, (await send({ path })).status])
    expect(statuses).toEqual(expected)
    await nothingHappened()
  })

  it.each([
    ['a question mark and another model behind it', `${PATH}?x=/model/${OTHER}/converse`],
    ['encoded colons', `/model/${encodeURIComponent(ALLOWED)}/converse`],
    ['a base path', `/bedrock${PATH}`],
  ])('%s means what the upstream is asked', async (_name, path) => {
    expect((await send({ path })).status).toBe(200)
    const [received] = upstream.received as [Received]
    const [target = ''] = received.target.split('?')
    expect(decodeURIComponent(target)).toBe(PATH)
    expect((await harness.ledger()).at(-1)?.model_id).toBe(ALLOWED)
  })
})

describe('tricks with the body', () => {
  const inside = BODY.slice(1)
  const deep = (open: string, close: string, times: number): string => open.repeat(times) + close.repeat(times)
  const bodies: [string, string | Buffer][] = [
    ['a cap that stands twice', `{"inferenceConfig":{"maxTokens":1,"maxTokens":64000},${inside}`],
    [
      'a cap in two objects of one name',
      `{"inferenceConfig":{"maxTokens":1},"inferenceConfig":{"maxTokens":9},${inside}`,
    ],
    ['a cap under an escaped name', `{"inferenceConfig":{"maxTokens":1,"max\\u0054okens":64000},${inside}`],
    ['a tier that stands twice', `{"serviceTier":{"type":"flex"},"serviceTier":{"type":"priority"},${inside}`],
    ['metadata that stands twice', `{"requestMetadata":{"team":"a"},"requestMetadata":{"team":"b"},${inside}`],
    ['a model that stands twice', `{"modelId":"a","modelId":"b",${inside}`],
    ['a byte order mark', `\uFEFF${BODY}`],
    ['something after its end', `${BODY}x`],
    ['a second value', `${BODY}${BODY}`],
    ['a NUL at its end', `${BODY}\0`],
    ['half of itself', BODY.slice(0, -3)],
    ['single quotes', BODY.replaceAll('"', "'")],
    ['a comment', `/* */${BODY}`],
    ['a trailing comma', `${BODY.slice(0, -1)},}`],
    ['NaN', `{"inferenceConfig":{"maxTokens":NaN},${inside}`],
    ['1e999', `{"inferenceConfig":{"maxTokens":1e999},${inside}`],
    ['a number of output tokens beyond all numbers', `{"inferenceConfig":{"maxTokens":99999999999999999999},${inside}`],
    [
      'bytes that are not UTF-8',
      Buffer.concat([Buffer.from(`{"x":"`), Buffer.from([0xff, 0xfe]), Buffer.from(`",${inside}`)]),
    ],
    ['overlong UTF-8', Buffer.concat([Buffer.from(`{"x":"`), Buffer.from([0xc0, 0xaf]), Buffer.from(`",${inside}`)])],
    ['100,000 nested lists', deep('[', ']', 100_000)],
    ['100,000 nested objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['100,000 opened lists', '['.repeat(100_000)],
  ]

  it.each(bodies)('%s: 400, in words', async (_name, body) => {
    const { status, text } = await send({ body })
    expect(status).toBe(400)
    expect(text).toContain('x-amzn-errortype: ValidationException')
    expect(text.toLowerCase()).toMatch(/the request body|must be a whole number/)
    await nothingHappened()
  })

  it.each([
    ['__proto__ and constructor', `{"__proto__":{"maxTokens":1},"constructor":{"prototype":{"x":1}},${inside}`],
    ['a lone surrogate', `{"x":"\\ud800",${inside}`],
    ['a number that no double holds', `{"x":123456789012345678901234567890.5e-7,${inside}`],
    ['a string of 10 MB', `{"x":"${'a'.repeat(10_000_000)}",${inside}`],
    ['a list of a million', `{"x":[${'0,'.repeat(999_999)}0],${inside}`],
    ['spaces everywhere', ` \n\t{ "messages" : ${JSON.stringify(JSON.parse(BODY).messages)} } \r\n`],
  ])('%s reaches the upstream byte for byte', async (_name, body) => {
    expect((await send({ body })).status).toBe(200)
    const [received] = upstream.received as [Received]
    expect(received.body === body).toBe(true)
    expect(({} as { maxTokens?: number }).maxTokens).toBeUndefined()
  })

  it.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, identity', 'x-evil'])('%s encoded: 415', async (encoding) => {
    const { status } = await send({
      body: gzipSync(Buffer.alloc(1_000_000)),
      headers: [`content-encoding: ${encoding}`],
    })
    expect(status).toBe(415)
    await nothingHappened()
  })

  it('of more than it may have: 413', async () => {
    expect((await send({ body: Buffer.alloc(26_000_001, ' ') })).status).toBe(413)
    await nothingHappened()
  })
})

describe('tricks with the credential', () => {
  it.each([
    '',
    'Bearer',
    'Bearer wb_',
    'Bearer wb__',
    "Bearer wb_' OR 1=1 --_0123456789abcdef0123456789abcdef",
    'Bearer wb_%00_0123456789abcdef0123456789abcdef',
    'Bearer wb___proto___0123456789abcdef0123456789abcdef',
    'Bearer wb_constructor_0123456789abcdef0123456789abcdef',
    `Bearer wb_${'a'.repeat(4_000)}_x`,
    'Bearer wb_аbcdefghijkl_0123456789abcdef',
    'Basic d2I6d2I=',
    'AWS4-HMAC-SHA256',
    'AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=',
    'AWS4-HMAC-SHA256 Credential=../../x/20261120/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
    'AWS4-HMAC-SHA256 Credential=WBAK/20261120/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
  ])('%j: 403', async (authorization) => {
    const { status, text } = await send({ authorization })
    expect(status).toBe(403)
    expect(text).toMatch(/x-amzn-errortype: (UnrecognizedClient|InvalidSignature)Exception/)
    await nothingHappened()
  })

  it.each([
    ['a NUL', 'Bearer wb_\0', 400],
    ['a line feed', 'Bearer wb_\nx-evil: 1', 400],
    ['a megabyte', `Bearer ${'a'.repeat(1_000_000)}`, 431],
  ])('with %s inside: refused by HTTP', async (_name, authorization, expected) => {
    expect((await send({ authorization })).status).toBe(expected)
    await nothingHappened()
  })
})

describe('values that are carried on', () => {
  it.each(['=cmd|calc', '\r\nset-cookie: evil=1', '\u001f\u001e\u001d\u0000', '<script>', '💥'.repeat(60)])(
    'the metadata value %j stays a value, in the entry and in the answer',
    async (team) => {
      const body = JSON.stringify({ ...JSON.parse(BODY), requestMetadata: { team } })
      const { status, text } = await send({ body })
      expect(status).toBe(200)
      expect(text).not.toMatch(/^set-cookie/im)
      expect((await harness.ledger()).at(-1)).toMatchObject({ metadata: { team }, ending: 'completed' })
    },
  )

  it('a model id that is not one is named in the refusal, and is no header and no second line of it', async () => {
    const { status, text } = await send({ path: '/model/evil%3cscript%3e/converse' })
    expect(status).toBe(404)
    expect(text).toContain('content-type: application/json')
    await nothingHappened()
  })
})

// Pages of named origins may call the data plane from a browser: asked before, told after, refusals too; no other page, and never the control plane.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHarness, type Harness } from './harness.ts'

const PAGE = 'https://app.example.com'
const NOVA = 'amazon.nova-lite-v1:0'

let harness: Harness
let closed: Harness
let key: string

beforeAll(async () => {
  harness = await startHarness({
    settings: {
      WEIGHBRIDGE_CORS_ALLOWED_ORIGINS: `http://localhost:3000, ${PAGE}`,
      WEIGHBRIDGE_MAX_BODY_BYTES: '2048',
    },
  })
  closed = await startHarness()
  key = (await harness.tenant('reader')).secret
})

afterAll(async () => {
  await harness.close()
  await closed.close()
})

const preflight = (path: string, over: Record<string, string> = {}, url = harness.url) =>
  fetch(`${url}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin: PAGE,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,team_id',
      ...over,
    },
  })
const header = (response: Response, name: string) => response.headers.get(`access-control-${name}`)

const PATHS = [
  '/invoke_model?model_id=x',
  '/prod/list_foundation_models',
  '/cost_track_manual',
  `/model/${NOVA}/converse`,
  '/v1/chat/completions',
  '/anthropic/v1/messages',
  '/openapi.json',
]

describe('a preflight', () => {
  it.each(PATHS)('for %s is answered for a page that may call', async (path) => {
    const response = await preflight(path)
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect(header(response, 'allow-origin')).toBe(PAGE)
    expect(header(response, 'allow-methods')?.split(', ')).toContain('POST')
    expect(header(response, 'allow-headers')).toBe('authorization,content-type,team_id')
    expect(Number(header(response, 'max-age'))).toBeGreaterThan(0)
    expect(response.headers.get('vary')).toContain('Origin')
    expect(header(response, 'allow-credentials')).toBeNull()
  })

  it.each([
    'https://evil.example',
    `${PAGE}.evil.example`,
    'https://app.example.co',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://APP.example.com',
    'null',
    '*',
  ])('of %s allows nothing', async (origin) => {
    const response = await preflight('/invoke_model', { origin })
    expect(response.status).toBe(403)
    for (const name of ['allow-origin', 'allow-methods', 'allow-headers', 'allow-credentials'])
      expect(header(response, name)).toBeNull()
  })

  it.each(['a\tb', '"quoted"', 'x'.repeat(5_000)])(
    'does not repeat what are no names of headers: %s',
    async (names) => {
      const response = await preflight('/invoke_model', { 'access-control-request-headers': names })
      expect(header(response, 'allow-headers')).toBeNull()
    },
  )

  it('allows nothing on the control plane', async () => {
    const response = await preflight('/admin/v1/tenants')
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(header(response, 'allow-origin')).toBeNull()
  })

  it('is no more than an unknown operation where no origin is named', async () => {
    const response = await preflight('/invoke_model', {}, closed.url)
    expect(response.status).toBe(404)
    expect(header(response, 'allow-origin')).toBeNull()
  })
})

describe('an answer', () => {
  const call = (over: Record<string, string> = {}, inputs: unknown = 'Hi') =>
    fetch(`${harness.url}/invoke_model?model_id=${NOVA}`, {
      method: 'POST',
      headers: { origin: PAGE, authorization: `Bearer ${key}`, ...over },
      body: JSON.stringify({ inputs }),
    })

  it.each<[string, number, () => Promise<Response>]>([
    ['of a call', 200, () => call()],
    ['of events', 200, () => call({ accept: 'text/event-stream' })],
    ['that refuses the key', 403, () => call({ authorization: 'Bearer wb_aaaaaaaaaaaa_00' })],
    ['that refuses the body', 400, () => call({}, 7)],
    ['that refuses its size', 413, () => call({}, 'x'.repeat(4_096))],
    ['that is a native one', 200, () => native()],
  ])('%s may be read by the page that asked', async (_, status, ask) => {
    const response = await ask()
    await response.arrayBuffer()
    expect(response.status).toBe(status)
    expect(header(response, 'allow-origin')).toBe(PAGE)
    expect(header(response, 'expose-headers')?.split(', ')).toContain('x-weighbridge-request-id')
    expect(header(response, 'allow-credentials')).toBeNull()
    expect(response.headers.get('vary')).toBe('Origin')
  })

  const native = () =>
    fetch(`${harness.url}/model/${NOVA}/converse`, {
      method: 'POST',
      headers: { origin: PAGE, authorization: `Bearer ${key}` },
      body: JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }),
    })

  it('says nothing to other pages, to programs, and on the control plane', async () => {
    const answers = [
      await call({ origin: 'https://evil.example' }),
      await fetch(`${harness.url}/healthz`),
      await fetch(`${harness.url}/admin/v1/tenants`, {
        headers: { origin: PAGE, authorization: `Bearer ${harness.adminToken}` },
      }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(header(answer, 'allow-origin')).toBeNull()
    }
  })
})

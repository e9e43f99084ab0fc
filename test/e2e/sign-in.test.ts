// Tokens of a configured OpenID issuer are credentials like keys; everything that only looks like one is refused.

import { createHmac } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportSPKI, exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey } from 'jose'
import { Provider } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHarness, type Harness } from './harness.ts'
import { AUDIENCE, startTestIssuer, type TestIssuer } from './openid-issuer.ts'

let issuer: TestIssuer
let provider: { readonly url: string; readonly server: Server }
let harness: Harness

beforeAll(async () => {
  issuer = await startTestIssuer()
  provider = await startProvider()
  harness = await startHarness({
    settings: {
      WEIGHBRIDGE_OIDC_ISSUERS: JSON.stringify({
        pool: {
          issuer: issuer.url,
          audience: AUDIENCE,
          tenant_claim: 'cognito:username',
          groups_claim: 'cognito:groups',
          roles: { users: 'member', operators: 'admin' },
        },
        provider: {
          issuer: provider.url,
          audience: 'urn:gateway',
          tenant_claim: 'client_id',
          tenants: { 'batch-service': 'batch' },
        },
      }),
    },
  })
  await harness.tenant('alice')
  await harness.tenant('batch')
  await harness.tenant('poor', { limits: [{ kind: 'requests', per: 'day', amount: 1, mode: 'hard' }] })
})

afterAll(async () => {
  await harness.close()
  await issuer.close()
  provider.server.close()
})

/** A real OpenID provider, which issues an access token in JWT form to a service. */
async function startProvider() {
  let handler: RequestListener | null = null
  const server = createServer((request, response) => handler?.(request, response))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const made = new Provider(url, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'provider-key', alg: 'ES256', use: 'sig' }] },
    clients: [
      {
        client_id: 'batch-service',
        client_secret: 'a-secret-of-the-batch-service',
        grant_types: ['client_credentials'],
        id_token_signed_response_alg: 'ES256',
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'call',
          audience: 'urn:gateway',
          accessTokenFormat: 'jwt' as const,
          jwt: { sign: { alg: 'ES256' as const } },
        }),
      },
    },
  })
  handler = made.callback()
  return { url, server }
}

async function call(token: string): Promise<{ status: number; type: string | null; message: string }> {
  const response = await fetch(`${harness.url}/model/amazon.nova-lite-v1:0/converse`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }),
  })
  const body = (await response.json()) as { message?: string }
  return { status: response.status, type: response.headers.get('x-amzn-errortype'), message: body.message ?? '' }
}

const user = (over: Record<string, unknown> = {}) => ({
  'cognito:username': 'alice',
  'cognito:groups': ['users'],
  token_use: 'id',
  ...over,
})

describe('a token of a user pool', () => {
  it('is charged to the tenant that its claim names, under an id that names no person', async () => {
    const token = await issuer.sign(user({ sub: 'alice@example.com' }))
    expect((await call(token)).status).toBe(200)
    expect((await call(token)).status).toBe(200)
    const entries = (await harness.ledger()).filter((entry) => entry.tenant_id === 'alice')
    expect(entries).toHaveLength(2)
    expect(entries[0]?.key_id).toMatch(/^jwt:pool:[0-9a-f]{16}$/)
    const found = await harness.admin('GET', `ledger?key=${encodeURIComponent(entries[0]?.key_id ?? '')}`)
    expect((found['entries'] as unknown[]).length).toBe(2)
    expect(JSON.stringify(await harness.admin('GET', `requests/${entries[0]?.request_id}`))).not.toContain(
      'example.com',
    )
  })

  it('may also name its client in client_id, as access tokens of Cognito do', async () => {
    const claims = user({ aud: undefined, client_id: AUDIENCE, token_use: 'access' })
    expect((await call(await issuer.sign(claims))).status).toBe(200)
  })

  it('is held to the limits of its tenant, whichever person it is', async () => {
    const first = await issuer.sign(user({ 'cognito:username': 'poor', sub: 'one' }))
    const second = await issuer.sign(user({ 'cognito:username': 'poor', sub: 'two' }))
    expect((await call(first)).status).toBe(200)
    expect(await call(second)).toMatchObject({ status: 429, type: 'ThrottlingException' })
  })

  it('stops when its tenant is disabled, though it was verified before', async () => {
    await harness.tenant('short-lived')
    const token = await issuer.sign(user({ 'cognito:username': 'short-lived' }))
    expect((await call(token)).status).toBe(200)
    await harness.admin('PATCH', 'tenants/short-lived', { status: 'disabled' })
    expect(await call(token)).toMatchObject({ status: 403, type: 'AccessDeniedException' })
  })

  it.each([
    ['nobody', { 'cognito:username': 'nobody' }, 'there is no tenant "nobody"'],
    ['no tenant', { 'cognito:username': undefined }, 'names no tenant'],
    ['an id that no tenant can have', { 'cognito:username': "x' OR 1=1 --" }, 'names no tenant'],
    ['two tenants', { 'cognito:username': ['alice', 'poor'] }, 'names more than one tenant'],
    ['a group without a role', { 'cognito:groups': ['guests'] }, 'none of its groups'],
    ['no group', { 'cognito:groups': undefined }, 'none of its groups'],
  ])('that names %s may do nothing, and says so', async (_, over, words) => {
    const answer = await call(await issuer.sign(user(over)))
    expect(answer).toMatchObject({ status: 403, type: 'AccessDeniedException' })
    expect(answer.message).toContain(words)
  })
})

describe('a token of a real OpenID provider', () => {
  it('speaks for the tenant that its client is mapped to', async () => {
    const response = await fetch(`${provider.url}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'batch-service',
        client_secret: 'a-secret-of-the-batch-service',
        resource: 'urn:gateway',
        scope: 'call',
      }),
    })
    const answer = (await response.json()) as { access_token: string }
    expect(answer).toEqual(expect.objectContaining({ token_type: 'Bearer' }))
    const { access_token: token } = answer
    expect((await call(token)).status).toBe(200)
    expect((await harness.ledger()).filter((entry) => entry.tenant_id === 'batch')).toHaveLength(1)
  })
})

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

async function forged(): Promise<readonly (readonly [string, string])[]> {
  const seconds = Math.floor(Date.now() / 1_000)
  const good = { iss: issuer.url, aud: AUDIENCE, sub: 'person-1', exp: seconds + 300, ...user() }
  const [header = '', payload = '', signature = ''] = (await issuer.sign(user())).split('.')
  const stranger = await generateKeyPair('RS256', { extractable: true })
  const published = issuer.keys[0]
  const pem = await exportSPKI(await importPublished(published))
  const hmac = (secret: string): string => {
    const head = `${encode({ alg: 'HS256', kid: 'first' })}.${encode(good)}`
    return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
  }
  const byStranger = async (over: Record<string, unknown>) =>
    new SignJWT(good).setProtectedHeader({ alg: 'RS256', kid: 'first', ...over }).sign(stranger.privateKey)
  const strangersKey = await exportJWK(stranger.publicKey)
  return [
    ['alg none', `${encode({ alg: 'none' })}.${encode(good)}.`],
    ['alg NONE with a signature', `${encode({ alg: 'NONE', kid: 'first' })}.${encode(good)}.${signature}`],
    ['HS256 with the public key as PEM', hmac(pem)],
    ['HS256 with the public key as JSON', hmac(JSON.stringify(published))],
    ['HS256 with nothing', hmac('')],
    ["a stranger's key", await byStranger({})],
    ["a stranger's key in the header", await byStranger({ jwk: strangersKey })],
    ["a stranger's key set in jku", await byStranger({ jku: 'http://127.0.0.1:1/jwks' })],
    ["a stranger's certificate in x5u", await byStranger({ x5u: 'http://127.0.0.1:1/cert' })],
    [
      'another payload under a good signature',
      `${header}.${encode({ ...good, 'cognito:username': 'poor' })}.${signature}`,
    ],
    ['the same beginning, another signature', `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`],
    ['a good beginning without a signature', `${header}.${payload}.`],
    ['a wrong audience', await issuer.sign(user({ aud: 'somebody-else' }))],
    ['no audience', await issuer.sign(user({ aud: undefined }))],
    ['a client_id beside a wrong audience', await issuer.sign(user({ aud: 'somebody-else', client_id: AUDIENCE }))],
    ['a wrong issuer', await issuer.sign(user({ iss: 'https://issuer.example' }))],
    ['the issuer in capitals', await issuer.sign(user({ iss: `${issuer.url}/` }))],
    ['no issuer', await issuer.sign(user({ iss: undefined }))],
    ['an end an hour ago', await issuer.sign(user({ exp: seconds - 3_600 }))],
    ['no end', await issuer.sign(user({ exp: undefined }))],
    ['an end that is text', await issuer.sign(user({ exp: '9999999999' }))],
    ['a beginning in an hour', await issuer.sign(user({ nbf: seconds + 3_600 }))],
    ['no subject', await issuer.sign(user({ sub: undefined }))],
    ['another kind of token', await issuer.sign(user(), { header: { typ: 'logout+jwt' } })],
    [
      'an unknown critical header',
      `${encode({ alg: 'RS256', kid: 'first', crit: ['x'], x: 1 })}.${payload}.${signature}`,
    ],
    ['a kid that is a path', await byStranger({ kid: '../../etc/passwd' })],
    ['a kid that is SQL', await byStranger({ kid: "first' UNION SELECT 'x" })],
    ['a huge kid', await byStranger({ kid: 'k'.repeat(9_000) })],
    ['a huge token', `${header}.${payload}.${'A'.repeat(20_000)}`],
    ['a payload that is no JSON', `${header}.AAAA.${signature}`],
    ['dots', 'a.b.c'],
  ]
}

async function importPublished(jwk: object | undefined): Promise<CryptoKey> {
  return (await importJWK(jwk ?? {}, 'RS256', { extractable: true })) as CryptoKey
}

describe('what only looks like a token', () => {
  it('is refused in every known way, after a good one of the same beginning was taken', async () => {
    const good = await issuer.sign(user())
    expect((await call(good)).status).toBe(200)
    const before = (await harness.ledger()).length
    const taken: string[] = []
    for (const [name, token] of await forged()) {
      const answer = await call(token)
      if (answer.status !== 403 || answer.type !== 'UnrecognizedClientException')
        taken.push(`${name}: ${answer.status}`)
    }
    expect(taken).toEqual([])
    expect(await harness.ledger()).toHaveLength(before)
  })

  it('is told from a token that has ended', async () => {
    const seconds = Math.floor(Date.now() / 1_000)
    expect((await call(await issuer.sign(user({ exp: seconds - 40 })))).message).toBe('The incoming token has expired.')
    expect((await call(await issuer.sign(user({ exp: seconds - 10 })))).status).toBe(200)
  })
})

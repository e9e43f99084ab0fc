// What the verifier remembers and asks for: keys that rotate, an issuer that is away, answers without measure.

import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Issuer } from '../core/identity.ts'
import { FETCH_LIMITS } from './fetch-json.ts'
import { KEY_SET_LIMITS } from './key-set.ts'
import { createTokenVerifier } from './token-verifier.ts'

const ISSUER: Issuer = {
  alias: 'corp',
  issuer: 'https://issuer.example/pool/',
  audiences: ['us'],
  jwksUrl: null,
  tenantClaim: 'team',
  tenants: null,
  groupsClaim: 'groups',
  roles: null,
}
const DISCOVERY = 'https://issuer.example/pool/.well-known/openid-configuration'
const JWKS = 'https://issuer.example/pool/keys'

type Pair = { readonly jwk: JWK; readonly privateKey: CryptoKey }
let old: Pair
let fresh: Pair

async function pair(kid: string): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }, privateKey }
}

beforeAll(async () => {
  old = await pair('old')
  fresh = await pair('fresh')
})

let clock: number
let answers: Map<string, unknown>
let asked: string[]
let away: boolean
let failures: string[]

beforeEach(() => {
  clock = Date.UTC(2026, 10, 21)
  answers = new Map<string, unknown>([
    [DISCOVERY, { issuer: ISSUER.issuer, jwks_uri: JWKS }],
    [JWKS, { keys: [old.jwk] }],
  ])
  asked = []
  away = false
  failures = []
})

const verifier = (issuer: Partial<Issuer> = {}) =>
  createTokenVerifier({
    issuers: [{ ...ISSUER, ...issuer }],
    now: () => clock,
    onFailure: (_, thrown) => failures.push(String(thrown)),
    fetch: async (url) => {
      asked.push(url)
      if (away) throw new TypeError('fetch failed')
      const answer = answers.get(url)
      return answer === undefined
        ? new Response('', { status: 404 })
        : new Response(typeof answer === 'string' ? answer : JSON.stringify(answer))
    },
  })

const sign = (by: Pair, over: Record<string, unknown> = {}): Promise<string> =>
  new SignJWT({ iss: ISSUER.issuer, aud: 'us', sub: 'x', team: 'a', exp: clock / 1_000 + 3_000_000, ...over })
    .setProtectedHeader({ alg: 'ES256', kid: by.jwk.kid ?? '' })
    .sign(by.privateKey)

describe('the keys of an issuer', () => {
  it('are fetched once for many tokens, and a token that was verified costs no promise', async () => {
    const tokens = verifier()
    const signed = await Promise.all(['a', 'b', 'c'].map((team) => sign(old, { team })))
    const identities = await Promise.all(signed.map(async (token) => tokens.verify(token)))
    expect(identities.map(({ key }) => key.tenantId)).toEqual(['a', 'b', 'c'])
    expect(asked).toEqual([DISCOVERY, JWKS])
    expect(tokens.verify(signed[1] ?? '')).toBe(identities[1])
  })

  it('are asked for anew when a token names another, but not for every such token', async () => {
    const tokens = verifier()
    await tokens.verify(await sign(old))
    answers.set(JWKS, { keys: [fresh.jwk] })
    await expect(tokens.verify(await sign(fresh))).rejects.toMatchObject({ code: 'invalid_credential' })
    expect(asked).toHaveLength(2)
    clock += KEY_SET_LIMITS.cooldownMilliseconds
    for (let count = 0; count < 20; count += 1)
      await expect(tokens.verify(await sign(await pair(`guess ${count}`)))).rejects.toMatchObject({
        code: 'invalid_credential',
      })
    expect(asked).toHaveLength(4)
    expect((await tokens.verify(await sign(fresh))).key.tenantId).toBe('a')
  })

  it('that their issuer withdrew stop working, also for a token that was verified before', async () => {
    const tokens = verifier()
    const token = await sign(old)
    await tokens.verify(token)
    answers.set(JWKS, { keys: [fresh.jwk] })
    clock += KEY_SET_LIMITS.freshMilliseconds + 1
    // the first after that time is still answered with what is there, and has it fetched
    await tokens.verify(token)
    await Promise.resolve()
    await tokens.verify(await sign(fresh))
    clock += KEY_SET_LIMITS.freshMilliseconds + 1
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'invalid_credential' })
  })

  it('are used on while the issuer is away, for a day', async () => {
    const tokens = verifier()
    await tokens.verify(await sign(old))
    away = true
    clock += KEY_SET_LIMITS.maxAgeMilliseconds - 1
    expect((await tokens.verify(await sign(old, { sub: 'y' }))).key.tenantId).toBe('a')
    clock += 60_000
    await expect(tokens.verify(await sign(old, { sub: 'z' }))).rejects.toMatchObject({ code: 'overloaded' })
    expect(failures.at(-1)).toContain('fetch failed')
  })

  it('that were never there give 503 without a question for each call', async () => {
    away = true
    const tokens = verifier()
    for (const sub of ['1', '2', '3'])
      await expect(tokens.verify(await sign(old, { sub }))).rejects.toMatchObject({
        code: 'overloaded',
        retryAfterSeconds: 30,
      })
    expect(asked).toHaveLength(1)
  })
})

describe('an issuer that answers', () => {
  it.each<[string, () => void]>([
    [
      'with another issuer in its document',
      () => answers.set(DISCOVERY, { issuer: 'https://other.example', jwks_uri: JWKS }),
    ],
    [
      'with a place that is not https',
      () => answers.set(DISCOVERY, { issuer: ISSUER.issuer, jwks_uri: 'http://issuer.example/pool/keys' }),
    ],
    ['with no place', () => answers.set(DISCOVERY, { issuer: ISSUER.issuer })],
    ['with 404', () => answers.delete(JWKS)],
    ['with no JSON', () => answers.set(JWKS, '<html>')],
    ['with a list', () => answers.set(JWKS, '[]')],
    ['with no list of keys', () => answers.set(JWKS, { keys: {} })],
    ['with no keys', () => answers.set(JWKS, { keys: [] })],
    ['with a private key', () => answers.set(JWKS, { keys: [{ ...old.jwk, d: 'AAAA' }] })],
    ['with a shared secret', () => answers.set(JWKS, { keys: [{ kty: 'oct', k: 'AAAA', kid: 'old' }] })],
    [
      'with too many keys',
      () => answers.set(JWKS, { keys: Array.from({ length: KEY_SET_LIMITS.maxKeys + 1 }, () => old.jwk) }),
    ],
    [
      'with too much',
      () => answers.set(JWKS, JSON.stringify({ keys: [old.jwk], more: ' '.repeat(FETCH_LIMITS.maxBytes) })),
    ],
  ])('%s is not believed', async (_, arrange) => {
    arrange()
    await expect(verifier().verify(await sign(old))).rejects.toMatchObject({ code: 'overloaded' })
    expect(failures).toHaveLength(1)
  })

  it('is not asked where its keys are when the settings say so', async () => {
    await verifier({ jwksUrl: JWKS }).verify(await sign(old))
    expect(asked).toEqual([JWKS])
  })
})

describe('a remembered token', () => {
  it('ends when the token does', async () => {
    const tokens = verifier()
    const token = await sign(old, { exp: clock / 1_000 + 60 })
    await tokens.verify(token)
    clock += 91_000
    await expect(tokens.verify(token)).rejects.toThrow('The incoming token has expired.')
  })

  it('that would end after the end of time ends before it', async () => {
    const { key } = await verifier().verify(await sign(old, { exp: Number.MAX_SAFE_INTEGER }))
    expect(key.expiresAt).toMatch(/^\+275760-/)
  })

  it('is not taken for one that shares its beginning', async () => {
    const tokens = verifier()
    const token = await sign(old)
    await tokens.verify(token)
    const [header, payload] = token.split('.')
    const other = (await sign(fresh)).split('.')[2]
    await expect(tokens.verify(`${header}.${payload}.${other}`)).rejects.toMatchObject({ code: 'invalid_credential' })
  })
})

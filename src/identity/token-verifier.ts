// Checks tokens of the configured OpenID issuers, and remembers what it checked, so that a call costs a hash and no I/O.

import { hash } from 'node:crypto'
import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import { GatewayError } from '../core/errors.ts'
import { identityOf, type Identity, type Issuer, type TokenVerifier } from '../core/identity.ts'
import { createKeySet, type KeySet, type KeySetDependencies } from './key-set.ts'

export type TokenVerifierDependencies = KeySetDependencies & { readonly issuers: readonly Issuer[] }

export const TOKEN_LIMITS = {
  maxCharacters: 16_384,
  maxRemembered: 10_000,
  /** a token is checked anew after this, so that a key that its issuer withdrew stops working */
  maxRememberedMilliseconds: 600_000,
  maxVerifyingAtOnce: 256,
  clockToleranceSeconds: 30,
} as const

/** Signatures that only the issuer can make: nothing symmetric, and never "none". */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

const TYPES = new Set(['jwt', 'at+jwt', 'application/at+jwt'])

type Known = { readonly identity: Identity; readonly until: number }
type Trusted = { readonly issuer: Issuer; readonly keys: KeySet }

export function createTokenVerifier(dependencies: TokenVerifierDependencies): TokenVerifier {
  const { now } = dependencies
  const trusted = new Map(
    dependencies.issuers.map((issuer) => [issuer.issuer, { issuer, keys: createKeySet(issuer, dependencies) }]),
  )
  // by the hash of the whole token: a cache by a part of it would take one token for another
  const known = new Map<string, Known>()
  const running = new Map<string, Promise<Identity>>()

  const remember = (digest: string, { identity, until }: Known): void => {
    known.set(digest, { identity, until })
    if (known.size <= TOKEN_LIMITS.maxRemembered) return
    const [oldest] = known.keys()
    if (oldest !== undefined) known.delete(oldest)
  }
  const check = async (digest: string, token: string): Promise<Identity> => {
    const identity = await verify(trusted, token, now())
    const end = Date.parse(identity.key.expiresAt ?? '')
    remember(digest, { identity, until: Math.min(end, now() + TOKEN_LIMITS.maxRememberedMilliseconds) })
    return identity
  }

  return {
    verify(token) {
      if (token.length > TOKEN_LIMITS.maxCharacters) throw invalid()
      const digest = hash('sha256', token, 'base64')
      const found = known.get(digest)
      if (found !== undefined) {
        known.delete(digest)
        if (now() < found.until) {
          known.set(digest, found)
          return found.identity
        }
      }
      const already = running.get(digest)
      if (already !== undefined) return already
      if (running.size >= TOKEN_LIMITS.maxVerifyingAtOnce)
        throw new GatewayError('overloaded', { retryAfterSeconds: 1 })
      const checking = check(digest, token).finally(() => running.delete(digest))
      running.set(digest, checking)
      return checking
    },
  }
}

async function verify(trusted: ReadonlyMap<string, Trusted>, token: string, now: number): Promise<Identity> {
  const found = issuerOf(trusted, token)
  if (found === undefined) throw invalid()
  const { issuer, keys } = found
  const claims = await verifiedClaims(issuer, keys, token, now)
  const tolerance = TOKEN_LIMITS.clockToleranceSeconds
  return identityOf(issuer, claims, {
    subjectHash: hash('sha256', `${issuer.issuer} ${claims.sub}`, 'hex').slice(0, 16),
    startsAt: now,
    endsAt: (Math.min(claims.exp ?? 0, LATEST_SECONDS) + tolerance) * 1_000,
  })
}

/** The last second that a Date can hold with room for the tolerance; a later end is as good. */
const LATEST_SECONDS = 8_640_000_000_000 - TOKEN_LIMITS.clockToleranceSeconds

/** Only chooses whose keys are asked: nothing here is believed yet. */
function issuerOf(trusted: ReadonlyMap<string, Trusted>, token: string): Trusted | undefined {
  try {
    return trusted.get(decodeJwt(token).iss ?? '')
  } catch {
    return undefined
  }
}

async function verifiedClaims(issuer: Issuer, keys: KeySet, token: string, now: number): Promise<JWTPayload> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, (header) => keys.keyFor(header), {
      issuer: issuer.issuer,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: TOKEN_LIMITS.clockToleranceSeconds,
      currentDate: new Date(now),
    })
    if (!TYPES.has((protectedHeader.typ ?? 'jwt').toLowerCase())) throw invalid()
    return payload
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown
    // jose looks at the times only after the signature: who reads this sentence has a token that was once good
    if (thrown instanceof errors.JWTExpired) throw expired(thrown)
    throw invalid(thrown)
  }
}

const invalid = (cause?: unknown): GatewayError =>
  new GatewayError('invalid_credential', { message: 'The security token included in the request is invalid.', cause })

const expired = (cause: unknown): GatewayError =>
  new GatewayError('invalid_credential', { message: 'The incoming token has expired.', cause })

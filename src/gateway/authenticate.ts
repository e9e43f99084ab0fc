// Finds out who a request is: a bearer key, an x-api-key, a SigV4 signature made with a key's virtual access key pair, an ID token.

import { hash, timingSafeEqual } from 'node:crypto'
import type { Directory, Member } from '../core/directory.ts'
import { GatewayError } from '../core/errors.ts'
import type { Identity, TokenVerifier } from '../core/identity.ts'
import type { HttpExchange } from '../http/exchange.ts'
import {
  createVerifier,
  parseSigV4Authorization,
  type ParsedAuthorization,
  type Verifier,
  type VerificationFailure,
} from '../http/sigv4.ts'

/** `checkBody` is there when the credential also covers the body; call it before believing the member. */
export type Authenticated = { readonly member: Member; readonly checkBody: ((body: Buffer) => void) | null }

/** What of a request says whose it is. */
type Asking = Pick<HttpExchange, 'method' | 'path' | 'rawHeaders' | 'header'>

/** How the clients of a dialect prove who they are, where it is not as usual. */
export type CredentialForms = {
  /** a header that a token may come in, with or without a scheme */
  readonly tokenHeader?: string
  /** the service that signatures are for; absent: bedrock */
  readonly signingService?: string
}

/** At once, except for an ID token that was not verified lately. */
export type Authenticate = (exchange: Asking, dialect?: CredentialForms) => Authenticated | Promise<Authenticated>

export type AuthenticateDependencies = {
  readonly directory: () => Directory
  readonly now: () => number
  /** the secret half of a virtual access key pair, derived from the root secret */
  readonly deriveSecretAccessKey: (accessKeyId: string) => string
  /** null: no issuer is configured */
  readonly tokens: TokenVerifier | null
}

const KEY_PREFIX = 'wb_'
const LONGEST_KEY = 256
const BEARER = /^Bearer +(\S+)$/i
/** Three parts with dots between them; no API key holds a dot. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/
const NO_KEY_HASH = Buffer.alloc(32)

export function createAuthenticate(dependencies: AuthenticateDependencies): Authenticate {
  const { directory, now } = dependencies
  const verifier = createVerifier()
  const byToken = createByToken(dependencies)
  return (exchange, { tokenHeader, signingService = 'bedrock' } = {}) => {
    const authorization = exchange.header('authorization')
    if (authorization?.startsWith('AWS4-HMAC-SHA256')) {
      return bySignature(dependencies, verifier, exchange, { authorization, signingService })
    }
    const bearer = bearerKey(authorization) ?? plainToken(exchange, tokenHeader)
    if (bearer !== undefined && TOKEN.test(bearer)) return byToken(bearer)
    const key = bearer ?? exchange.header('x-api-key')
    if (key === undefined) throw new GatewayError('missing_credential', { message: MISSING })
    return { member: admitMember(byKey(directory(), key), now()), checkBody: null }
  }
}

/** Checks an API key that came otherwise than as the credential of a dialect. Throws GatewayError. */
export type KeyCheck = (key: string) => Member

export const createKeyCheck =
  ({ directory, now }: Pick<AuthenticateDependencies, 'directory' | 'now'>): KeyCheck =>
  (key) =>
    admitMember(byKey(directory(), key), now())

/** The member of a verified token, worked out once per token and directory. */
function createByToken({ directory, now, tokens }: AuthenticateDependencies) {
  const members = new WeakMap<Identity, { readonly directory: Directory; readonly member: Member | null }>()
  const authenticated = (identity: Identity): Authenticated => {
    const current = directory()
    let known = members.get(identity)
    if (known?.directory !== current) {
      known = { directory: current, member: current.memberOf(identity.key) }
      members.set(identity, known)
    }
    if (known.member === null) throw unknownTenant(identity)
    return { member: admitMember(known.member, now()), checkBody: null }
  }
  return (token: string): Authenticated | Promise<Authenticated> => {
    const identity = tokens?.verify(token)
    if (identity === undefined) return { member: admitMember(null, now()), checkBody: null }
    return identity instanceof Promise ? identity.then(authenticated) : authenticated(identity)
  }
}

const unknownTenant = ({ key }: Identity): GatewayError =>
  new GatewayError('may_not_act_for', {
    message: `The token is valid, but there is no tenant "${key.tenantId}" at this gateway.`,
  })

const MISSING =
  'The request carries no credential. Send the API key as "Authorization: Bearer wb_…" or "x-api-key", or sign with its access key pair.'

function bearerKey(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
}

function plainToken(exchange: Asking, header: string | undefined): string | undefined {
  const value = header === undefined ? undefined : exchange.header(header)
  return value === undefined ? undefined : (bearerKey(value) ?? value)
}

/** Unknown id and wrong secret take the same path: one hash, one comparison in constant time, one answer. */
function byKey(directory: Directory, key: string): Member | null {
  if (key.length > LONGEST_KEY || !key.startsWith(KEY_PREFIX)) return null
  const secretAt = key.indexOf('_', KEY_PREFIX.length)
  const member = secretAt === -1 ? null : directory.memberByKeyId(key.slice(KEY_PREFIX.length, secretAt))
  const expected = member === null ? NO_KEY_HASH : Buffer.from(member.principal.key.secretHash, 'hex')
  const matches = timingSafeEqual(hash('sha256', key, 'buffer'), expected)
  return matches ? member : null
}

function bySignature(
  dependencies: AuthenticateDependencies,
  verifier: Verifier,
  exchange: Asking,
  { authorization, signingService }: { readonly authorization: string; readonly signingService: string },
): Authenticated {
  const parsed = parseSigV4Authorization(authorization)
  if (parsed === null || parsed.service !== signingService) {
    throw new GatewayError('invalid_signature', {
      message: `The Authorization header is not a valid signature for the service ${signingService}.`,
    })
  }
  const found = dependencies.directory().memberByAccessKeyId(parsed.accessKeyId)
  const member = admitMember(found, dependencies.now())
  return { member, checkBody: (body) => checkSignature(dependencies, verifier, exchange, parsed, body) }
}

function checkSignature(
  dependencies: AuthenticateDependencies,
  verifier: Verifier,
  exchange: Asking,
  parsed: ParsedAuthorization,
  body: Buffer,
): void {
  const result = verifier.verify({
    parsed,
    secretAccessKey: dependencies.deriveSecretAccessKey(parsed.accessKeyId),
    method: exchange.method,
    path: exchange.path,
    rawHeaders: exchange.rawHeaders,
    body,
    now: dependencies.now(),
  })
  if (!result.ok) throw new GatewayError('invalid_signature', { message: SIGNATURE_WORDS[result.reason] })
}

/** In AWS's words where it has them: clients match on them. */
const SIGNATURE_WORDS: Readonly<Record<VerificationFailure, string>> = {
  signature:
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
  skew: 'Signature expired or not yet current: the date of the request is more than 5 minutes from the time of the server.',
  date: 'Date in Credential scope does not match the date of the request, or the request has no valid x-amz-date.',
  payload_hash: 'The value of x-amz-content-sha256 is not the SHA-256 of the body that arrived.',
  unsigned_header: 'A header that must be signed is missing or is not among the signed headers.',
}

/** One sentence for a wrong, an expired and a revoked key alike: who guesses learns nothing. */
function admitMember(member: Member | null, now: number): Member {
  if (member === null || now >= member.validUntil) {
    throw new GatewayError('invalid_credential', { message: 'The security token included in the request is invalid.' })
  }
  if (member.disabledBy !== null) {
    throw new GatewayError('tenant_disabled', { message: `The tenant "${member.disabledBy}" is disabled.` })
  }
  return member
}

// AWS Signature Version 4: signs requests on their way to AWS, and verifies requests that were signed with a gateway key pair.

import { timingSafeEqual } from 'node:crypto'
import {
  ALGORITHM,
  canonicalPath,
  canonicalQuery,
  canonicalValue,
  createSigningKeys,
  sha256Hex,
  signatureOf,
  withoutDotSegments,
} from './sigv4-canonical.ts'

export { sha256Hex } from './sigv4-canonical.ts'

export type SigningCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export type RequestToSign = {
  readonly method: string
  /** with the port, when the request will name it */
  readonly host: string
  /** path and query string exactly as they will be sent */
  readonly path: string
  /** flat: name, value, …; names in lower case. All are signed but those that proxies may change (user-agent, …). No host. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** when the caller knows it already; else it is computed */
  readonly bodySha256Hex?: string
  readonly region: string
  readonly credentials: SigningCredentials
  readonly now: Date
}

export interface Signer {
  /** The headers to add, flat: x-amz-date, x-amz-content-sha256, x-amz-security-token (with a session token), authorization. */
  sign(request: RequestToSign): string[]
}

export function createSigner({ service, maxKeys = 1_000 }: { service: string; maxKeys?: number }): Signer {
  const keys = createSigningKeys({ maxKeys })
  const dateOf = createAmzDates()
  const pathOf = createPathCache()
  let plan: HeaderPlan | null = null
  return {
    sign(request) {
      const { credentials, region } = request
      const amzDate = dateOf(request.now)
      const payloadHash = request.bodySha256Hex ?? sha256Hex(request.body)
      const added = ['x-amz-date', amzDate, 'x-amz-content-sha256', payloadHash]
      if (credentials.sessionToken !== undefined) added.push('x-amz-security-token', credentials.sessionToken)
      if (plan === null || !fits(plan, request.headers, added)) plan = planOf(request.headers, added)
      const lines = plan === null ? linesToSign(request, added) : plannedLines(plan, request, added)
      const scope = { date: amzDate.slice(0, 8), region, service }
      const key = keys.get(credentials.accessKeyId, credentials.secretAccessKey, scope)
      const canonical = `${request.method}\n${pathOf(request.path)}\n${lines.canonical}\n${lines.names}\n${payloadHash}`
      const signature = signatureOf(key, amzDate, scope, canonical)
      added.push(
        'authorization',
        `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope.date}/${region}/${service}/aws4_request, ` +
          `SignedHeaders=${lines.names}, Signature=${signature}`,
      )
      return added
    },
  }
}

export type ParsedAuthorization = {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

/** The parts of a well-formed Signature Version 4 Authorization header, in the order in which all clients write them; else null. */
export function parseSigV4Authorization(value: string): ParsedAuthorization | null {
  const parts = AUTHORIZATION.exec(value)
  if (parts === null) return null
  return {
    accessKeyId: parts[1]!,
    date: parts[2]!,
    region: parts[3]!,
    service: parts[4]!,
    signedHeaders: parts[5]!.split(';'),
    signature: parts[6]!,
  }
}

export type RequestToVerify = {
  readonly parsed: ParsedAuthorization
  readonly secretAccessKey: string
  readonly method: string
  /** path and query string exactly as they arrived */
  readonly path: string
  /** flat: name, value, …; names in lower case, with the pseudo headers of HTTP/2 */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** milliseconds since the epoch */
  readonly now: number
}

export type VerificationFailure =
  | 'date' // x-amz-date is missing or malformed, or is of another day than the credential's scope
  | 'skew' // signed too long ago, or too far ahead
  | 'unsigned_header' // a header that must be signed is not, or a signed one is missing
  | 'payload_hash' // the body is declared unsigned or streamed, or is not the body that was signed
  | 'signature'

export type Verification =
  | { readonly ok: true; readonly bodySha256Hex: string }
  | { readonly ok: false; readonly reason: VerificationFailure }

export interface Verifier {
  verify(request: RequestToVerify): Verification
}

export function createVerifier(options: { maxSkewMilliseconds?: number; maxKeys?: number } = {}): Verifier {
  const { maxSkewMilliseconds = 300_000, maxKeys = 10_000 } = options
  const keys = createSigningKeys({ maxKeys })
  const millisecondsOf = createAmzDateReader()
  return {
    verify(request) {
      const { parsed, rawHeaders } = request
      const amzDate = valueOf(rawHeaders, 'x-amz-date') ?? ''
      const signedAt = millisecondsOf(amzDate, parsed.date)
      if (signedAt === null) return refused('date')
      if (Math.abs(request.now - signedAt) > maxSkewMilliseconds) return refused('skew')
      const lines = signedLines(rawHeaders, parsed.signedHeaders)
      if (lines === null || !signsEnough(rawHeaders, parsed.signedHeaders)) return refused('unsigned_header')
      const declared = valueOf(rawHeaders, 'x-amz-content-sha256')
      if (declared !== undefined && !SHA256_HEX.test(declared)) return refused('payload_hash')
      const payloadHash = declared ?? sha256Hex(request.body)
      const key = keys.get(parsed.accessKeyId, request.secretAccessKey, parsed)
      const expected = signatureOf(key, amzDate, parsed, canonicalRequestOf(request, lines, payloadHash))
      if (!sameHex(expected, parsed.signature)) return refused('signature')
      // last, so that only the holder of a key can make us hash a large body
      if (declared !== undefined && sha256Hex(request.body) !== declared) return refused('payload_hash')
      return { ok: true, bodySha256Hex: payloadHash }
    },
  }
}

function canonicalRequestOf({ method, path, parsed }: RequestToVerify, lines: string, payloadHash: string): string {
  const { rawPath, rawQuery } = splitTarget(path)
  return (
    `${method}\n${canonicalPath(rawPath)}\n${canonicalQuery(rawQuery)}\n` +
    `${lines}\n${parsed.signedHeaders.join(';')}\n${payloadHash}`
  )
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([\w-]{1,128})\/(\d{8})\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/aws4_request, ?SignedHeaders=(:?[a-z0-9_.-]+(?:;[a-z0-9_.-]+)*), ?Signature=([0-9a-f]{64})$/
const SHA256_HEX = /^[0-9a-f]{64}$/
const AMZ_DATE = /^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z$/

/** Added or changed on the way by proxies and load balancers, so never signed. */
const NEVER_SIGNED: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'connection',
  'expect',
  'from',
  'keep-alive',
  'max-forwards',
  'pragma',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-amzn-trace-id',
])

/** Added by AWS's own load balancers and CDN after the client has signed. */
const ADDED_AFTER_SIGNING: ReadonlySet<string> = new Set(['x-amzn-trace-id', 'x-amz-cf-id'])

function linesToSign(request: RequestToSign, added: readonly string[]): { canonical: string; names: string } {
  const lines: [string, string][] = [['host', request.host]]
  for (const list of [request.headers, added]) {
    for (let index = 0; index < list.length; index += 2) {
      const name = list[index]!
      if (!NEVER_SIGNED.has(name)) insertSorted(lines, name, canonicalValue(list[index + 1]!))
    }
  }
  let canonical = ''
  let names = ''
  for (const [name, value] of lines) {
    canonical += `${name}:${value}\n`
    names += names === '' ? name : `;${name}`
  }
  return { canonical, names }
}

/** How the headers of one shape of request are signed: most requests have the shape of the one before. */
type HeaderPlan = {
  /** of request.headers and of what is added, in their order */
  readonly names: readonly string[]
  /** sorted by name; `at` is the place of the value in both lists put together, -1 the host */
  readonly lines: readonly { readonly name: string; readonly at: number }[]
  readonly signedNames: string
}

/** null: a name comes twice, which needs its values joined. */
function planOf(headers: readonly string[], added: readonly string[]): HeaderPlan | null {
  const names = [...headers, ...added].filter((_, index) => index % 2 === 0)
  if (new Set(names).size !== names.length) return null
  const lines = [{ name: 'host', at: -1 }, ...names.map((name, index) => ({ name, at: 2 * index + 1 }))]
    .filter(({ name }) => !NEVER_SIGNED.has(name))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
  return { names, lines, signedNames: lines.map(({ name }) => name).join(';') }
}

function fits({ names }: HeaderPlan, headers: readonly string[], added: readonly string[]): boolean {
  if (headers.length + added.length !== 2 * names.length) return false
  for (let index = 0; index < headers.length; index += 2) if (headers[index] !== names[index / 2]) return false
  const before = headers.length / 2
  for (let index = 0; index < added.length; index += 2) if (added[index] !== names[before + index / 2]) return false
  return true
}

function plannedLines(
  plan: HeaderPlan,
  request: RequestToSign,
  added: readonly string[],
): { canonical: string; names: string } {
  const { headers, host } = request
  let canonical = ''
  for (const { name, at } of plan.lines) {
    const value = at === -1 ? host : at < headers.length ? headers[at] : added[at - headers.length]
    canonical += `${name}:${canonicalValue(value ?? '')}\n`
  }
  return { canonical, names: plan.signedNames }
}

const CACHED_PATHS = 1_000

/** The canonical path and query of the targets that come again and again: one for each model and operation. */
function createPathCache(): (target: string) => string {
  const known = new Map<string, string>()
  return (target) => {
    let canonical = known.get(target)
    if (canonical === undefined) {
      const { rawPath, rawQuery } = splitTarget(target)
      canonical = `${canonicalPath(withoutDotSegments(rawPath))}\n${canonicalQuery(rawQuery)}`
      if (known.size >= CACHED_PATHS) known.clear()
      known.set(target, canonical)
    }
    return canonical
  }
}

/** Insertion is the fastest sort for a dozen; a second line of one name is joined to the first. */
function insertSorted(lines: [string, string][], name: string, value: string): void {
  let at = lines.length
  while (at > 0 && lines[at - 1]![0] > name) at--
  const before = lines[at - 1]
  if (before !== undefined && before[0] === name) before[1] = `${before[1]},${value}`
  else lines.splice(at, 0, [name, value])
}

/** Host and date must be signed, and every header that AWS gives a meaning to: or it could be changed on the way. */
function signsEnough(rawHeaders: readonly string[], signedHeaders: readonly string[]): boolean {
  if (!signedHeaders.includes('host') && !signedHeaders.includes(':authority')) return false
  if (!signedHeaders.includes('x-amz-date')) return false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (name.startsWith('x-amz') && !signedHeaders.includes(name) && !ADDED_AFTER_SIGNING.has(name)) return false
  }
  return true
}

/** The canonical lines of exactly the signed headers; null when one is not there. */
function signedLines(rawHeaders: readonly string[], signedHeaders: readonly string[]): string | null {
  let lines = ''
  for (const name of signedHeaders) {
    const value = valueOf(rawHeaders, name) ?? hostByOtherName(rawHeaders, name)
    if (value === undefined) return null
    lines += `${name}:${value}\n`
  }
  return lines
}

/** Host and :authority are one thing; a proxy that translates between the protocols renames it. */
function hostByOtherName(rawHeaders: readonly string[], name: string): string | undefined {
  if (name === 'host') return valueOf(rawHeaders, ':authority')
  return name === ':authority' ? valueOf(rawHeaders, 'host') : undefined
}

function valueOf(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index] !== name) continue
    const value = canonicalValue(rawHeaders[index + 1]!)
    found = found === undefined ? value : `${found},${value}`
  }
  return found
}

function splitTarget(target: string): { rawPath: string; rawQuery: string } {
  const query = target.indexOf('?')
  return query < 0
    ? { rawPath: target, rawQuery: '' }
    : { rawPath: target.slice(0, query), rawQuery: target.slice(query + 1) }
}

/** Null for a malformed time, and for one of another day than the scope. Most requests of one moment carry the same second: the last one read is kept. */
function createAmzDateReader(): (amzDate: string, scopeDate: string) => number | null {
  let text = ''
  let milliseconds: number | null = null
  return (amzDate, scopeDate) => {
    if (amzDate !== text) {
      text = amzDate
      const parts = AMZ_DATE.exec(amzDate)
      milliseconds =
        parts === null ? null : Date.UTC(+parts[1]!, +parts[2]! - 1, +parts[3]!, +parts[4]!, +parts[5]!, +parts[6]!)
    }
    return amzDate.startsWith(scopeDate) ? milliseconds : null
  }
}

/** "20261120T110523Z"; made anew once a second. */
function createAmzDates(): (now: Date) => string {
  let second = Number.NaN
  let text = ''
  return (now) => {
    const current = Math.floor(now.getTime() / 1_000)
    if (current !== second) {
      second = current
      text = now.toISOString().replace(/[:-]|\.\d{3}/g, '')
    }
    return text
  }
}

function sameHex(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
}

function refused(reason: VerificationFailure): Verification {
  return { ok: false, reason }
}

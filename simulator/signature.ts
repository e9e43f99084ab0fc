// AWS Signature Version 4 from the server's side: recomputes the signature of a request and says how AWS would refuse it.
// Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html; h2 clients sign :authority instead of host.
import { createHash, createHmac } from 'node:crypto'
import { ApiError } from './errors.ts'

const SKEW_MS = 5 * 60_000
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
  'signing method. Consult the service documentation for details.'

export type SignedRequest = {
  method: string
  /** path and query as they came */
  target: string
  headers: Readonly<Record<string, string>>
  body: Buffer
}

export type Signature = {
  accessKeyId: string
  date: string
  region: string
  service: string
  signedHeaders: string[]
  signature: string
}

/** The parts of an `AWS4-HMAC-SHA256 Credential=…` header; throws what AWS answers to an incomplete one. */
export function readAuthorization(authorization: string): Signature {
  const fields = new Map<string, string>()
  for (const part of authorization.slice('AWS4-HMAC-SHA256'.length).split(',')) {
    const equals = part.indexOf('=')
    if (equals > 0) fields.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim())
  }
  const need = (name: string): string => {
    const value = fields.get(name)
    if (value) return value
    const message = `Authorization header requires '${name}' parameter. Authorization=AWS4-HMAC-SHA256`
    throw new ApiError('IncompleteSignatureException', message)
  }
  const [accessKeyId, date, region, service, end, ...rest] = need('Credential').split('/')
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request' || rest.length > 0) {
    const message = `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term`
    throw new ApiError('IncompleteSignatureException', message)
  }
  const signedHeaders = need('SignedHeaders').toLowerCase().split(';')
  return { accessKeyId, date, region, service, signedHeaders, signature: need('Signature') }
}

/** Throws the refusal that AWS would answer; returns when the request is signed with this secret, now, for this service. */
export function verifySignature(
  request: SignedRequest,
  signature: Signature,
  secretAccessKey: string,
  service: string,
  now: number,
): void {
  if (signature.service !== service) {
    throw new ApiError('InvalidSignatureException', `Credential should be scoped to correct service: '${service}'.`)
  }
  const time = request.headers['x-amz-date'] ?? ''
  checkTime(time, signature.date, now)
  for (const name of Object.keys(request.headers)) {
    // AWS demands that what it acts on is signed; the request-metadata page says so of that header by name.
    const needed = name === 'x-amzn-bedrock-request-metadata' || name === 'host' || name === 'x-amz-date'
    if (needed && !signature.signedHeaders.includes(name)) throw new ApiError('InvalidSignatureException', MISMATCH)
  }
  const canonical = canonicalRequest(request, signature.signedHeaders)
  if (canonical === null) throw new ApiError('InvalidSignatureException', MISMATCH)
  const scope = `${signature.date}/${signature.region}/${signature.service}/aws4_request`
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`
  const expected = createHmac('sha256', signingKey(secretAccessKey, signature)).update(toSign).digest('hex')
  if (expected !== signature.signature) throw new ApiError('InvalidSignatureException', MISMATCH)
}

function checkTime(time: string, scopeDate: string, now: number): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time)
  if (parts === null) {
    throw new ApiError('IncompleteSignatureException', `Date must be in ISO-8601 'basic format'. Got '${time}'.`)
  }
  const [, year, month, day, hour, minute, second] = parts
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (time.slice(0, 8) !== scopeDate) {
    const message = `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP`
    throw new ApiError(
      'InvalidSignatureException',
      `${message}: '${scopeDate}' != '${time.slice(0, 8)}', from '${time}'.`,
    )
  }
  const current = basicTime(now)
  if (at < now - SKEW_MS) {
    const words = `Signature expired: ${time} is now earlier than ${basicTime(now - SKEW_MS)} (${current} - 5 min.)`
    throw new ApiError('InvalidSignatureException', words)
  }
  if (at > now + SKEW_MS) {
    const words = `Signature not yet current: ${time} is still later than ${basicTime(now + SKEW_MS)} (${current} + 5 min.)`
    throw new ApiError('InvalidSignatureException', words)
  }
}

/** null: a header that was signed is not there, or the body is not the one that was hashed. */
function canonicalRequest(request: SignedRequest, signedHeaders: string[]): string | null {
  const question = request.target.indexOf('?')
  const path = question < 0 ? request.target : request.target.slice(0, question)
  const query = question < 0 ? '' : request.target.slice(question + 1)
  const lines: string[] = []
  for (const name of signedHeaders) {
    const value = name === 'host' ? (request.headers.host ?? request.headers[':authority']) : request.headers[name]
    if (value === undefined) return null
    lines.push(`${name}:${value.trim().replace(/ +/g, ' ')}\n`)
  }
  const bodyHash = sha256(request.body)
  const declaredHash = request.headers['x-amz-content-sha256']
  if (declaredHash !== undefined && declaredHash !== bodyHash && declaredHash !== 'UNSIGNED-PAYLOAD') return null
  const uri = path.split('/').map(encode).join('/') || '/'
  return [
    request.method,
    uri,
    canonicalQuery(query),
    lines.join(''),
    signedHeaders.join(';'),
    declaredHash ?? bodyHash,
  ].join('\n')
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query.split('&').map((pair) => {
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    return `${encode(decode(name))}=${encode(decode(equals < 0 ? '' : pair.slice(equals + 1)))}`
  })
  return pairs.toSorted().join('&')
}

function signingKey(secret: string, signature: Signature): Buffer {
  const dated = hmac(hmac(`AWS4${secret}`, signature.date), signature.region)
  return hmac(hmac(dated, signature.service), 'aws4_request')
}

const hmac = (key: Buffer | string, part: string): Buffer => createHmac('sha256', key).update(part).digest()

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')

const basicTime = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '')

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// The parts of AWS Signature Version 4 that signing and verifying share: canonical forms, the string to sign, the signing key.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

export function sha256Hex(data: Buffer | string): string {
  return hash('sha256', data, 'hex')
}

/** The raw path with everything but unreserved characters and "/" percent-encoded once more: "%3A" becomes "%253A". */
export function canonicalPath(rawPath: string): string {
  return RESERVED_IN_PATH.test(rawPath) ? rawPath.replace(EACH_RESERVED_IN_PATH, percentEncode) : rawPath
}

/** As the AWS SDKs do it before they sign: no empty segments, no dot segments. */
export function withoutDotSegments(rawPath: string): string {
  if (!rawPath.includes('//') && !rawPath.includes('/.')) return rawPath
  const kept: string[] = []
  for (const segment of rawPath.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') kept.pop()
    else kept.push(segment)
  }
  return `/${kept.join('/')}${kept.length > 0 && rawPath.endsWith('/') ? '/' : ''}`
}

/** Names and values in one normal form of percent-encoding, sorted by name, then by value. */
export function canonicalQuery(rawQuery: string): string {
  if (rawQuery === '') return ''
  const pairs: [string, string][] = []
  for (const part of rawQuery.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    pairs.push([encodeOnce(name), equals < 0 ? '' : encodeOnce(part.slice(equals + 1))])
  }
  pairs.sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

/** Without spaces around, and with runs of spaces inside made one. */
export function canonicalValue(value: string): string {
  const trimmed = value.trim()
  return trimmed.includes('  ') ? trimmed.replace(RUN_OF_SPACES, ' ') : trimmed
}

export type CredentialScope = { readonly date: string; readonly region: string; readonly service: string }

export function signatureOf(key: KeyObject, amzDate: string, scope: CredentialScope, canonicalRequest: string): string {
  const { date, region, service } = scope
  const toSign = `${ALGORITHM}\n${amzDate}\n${date}/${region}/${service}/aws4_request\n${sha256Hex(canonicalRequest)}`
  return createHmac('sha256', key).update(toSign).digest('hex')
}

export interface SigningKeys {
  get(accessKeyId: string, secretAccessKey: string, scope: CredentialScope): KeyObject
}

/** Signing keys change once a day for each region: the last `maxKeys` are kept, since making one costs more than a signature. */
export function createSigningKeys({ maxKeys }: { maxKeys: number }): SigningKeys {
  const kept = new Map<string, { secretAccessKey: string; key: KeyObject }>()
  return {
    get(accessKeyId, secretAccessKey, scope) {
      const name = `${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`
      const known = kept.get(name)
      if (known !== undefined && known.secretAccessKey === secretAccessKey) return known.key
      if (known === undefined && kept.size >= maxKeys) {
        for (const oldest of kept.keys()) {
          kept.delete(oldest)
          break
        }
      }
      const key = deriveKey(secretAccessKey, scope)
      kept.set(name, { secretAccessKey, key })
      return key
    },
  }
}

function deriveKey(secretAccessKey: string, { date, region, service }: CredentialScope): KeyObject {
  let key = Buffer.from(`AWS4${secretAccessKey}`)
  for (const part of [date, region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
  return createSecretKey(key)
}

const RESERVED_IN_PATH = /[^A-Za-z0-9\-._~/]/
const EACH_RESERVED_IN_PATH = /[^A-Za-z0-9\-._~/]/gu
const RUN_OF_SPACES = / {2,}/g
const QUERY_UNITS = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~]/gu
const UNRESERVED = /^[A-Za-z0-9\-._~]$/

function percentEncode(character: string): string {
  let encoded = ''
  for (const byte of Buffer.from(character)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return encoded
}

/** Encodes what is not encoded, decodes what need not be, and leaves the rest: the same for every spelling of one text. */
function encodeOnce(text: string): string {
  return text.replace(QUERY_UNITS, (unit) => {
    if (unit.length !== 3 || unit[0] !== '%') return percentEncode(unit)
    const character = String.fromCharCode(Number.parseInt(unit.slice(1), 16))
    return UNRESERVED.test(character) ? character : unit.toUpperCase()
  })
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

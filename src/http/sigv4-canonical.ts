// The parts of AWS Signature Version 4 that signing and verifying share: canonical forms, the string to sign, the signing key.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHmac, hash } from 'node:crypto'

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

/**
 * A key as HMAC uses it (RFC 2104): both pads are worked out once, each in front of room for what is hashed with it. Two one-shot
 * hashes then cost a third of an Hmac object.
 */
export type SigningKey = { readonly inner: Buffer; readonly outer: Buffer }

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
/** "AWS4-HMAC-SHA256", the date, the scope (its parts are limited on the way in) and a hash, with room to spare. */
const MOST_BYTES_TO_SIGN = 1_024

export function signatureOf(
  key: SigningKey,
  amzDate: string,
  scope: CredentialScope,
  canonicalRequest: string,
): string {
  const { date, region, service } = scope
  const toSign = `${ALGORITHM}\n${amzDate}\n${date}/${region}/${service}/aws4_request\n${sha256Hex(canonicalRequest)}`
  if (toSign.length > MOST_BYTES_TO_SIGN) throw new RangeError('the credential scope is too long')
  const written = key.inner.write(toSign, BLOCK_BYTES, 'latin1')
  hash('sha256', key.inner.subarray(0, BLOCK_BYTES + written), 'buffer').copy(key.outer, BLOCK_BYTES)
  return hash('sha256', key.outer, 'hex')
}

export interface SigningKeys {
  get(accessKeyId: string, secretAccessKey: string, scope: CredentialScope): SigningKey
}

/** Signing keys change once a day for each region: the last `maxKeys` are kept, since making one costs more than a signature. */
export function createSigningKeys({ maxKeys }: { maxKeys: number }): SigningKeys {
  const kept = new Map<string, { secretAccessKey: string; key: SigningKey }>()
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

function deriveKey(secretAccessKey: string, { date, region, service }: CredentialScope): SigningKey {
  let key = Buffer.from(`AWS4${secretAccessKey}`)
  for (const part of [date, region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
  const inner = Buffer.alloc(BLOCK_BYTES + MOST_BYTES_TO_SIGN, 0x36)
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c)
  for (const [index, byte] of key.entries()) {
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  }
  return { inner, outer }
}

const RESERVED_IN_PATH = /[^A-Za-z0-9\-._~/]/
const EACH_RESERVED_IN_PATH = /[^A-Za-z0-9\-._~/]/gu
const RUN_OF_SPACES = / {2,}/g
const QUERY_UNITS = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~]/gu
const UNRESERVED = /^[A-Za-z0-9\-._~]$/

/** "%00" to "%7F" */
const ASCII_ENCODED = Array.from({ length: 128 }, (_, code) => `%${code.toString(16).toUpperCase().padStart(2, '0')}`)

function percentEncode(character: string): string {
  const ascii = ASCII_ENCODED[character.charCodeAt(0)]
  if (ascii !== undefined) return ascii
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

// Raw header lists (name, value, name, value …): look-up without building an object, and the checks that the parsers leave to us.

import { HttpFault } from './exchange.ts'

/** Joins several lines of one name with ", ". */
export function findHeader(raw: readonly string[], name: string): string | undefined {
  let found: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index] === name) found = found === undefined ? raw[index + 1] : `${found}, ${raw[index + 1]}`
  }
  return found
}

export function* headerEntries(raw: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!
    if (name.charCodeAt(0) !== COLON) yield [name, raw[index + 1]!]
  }
}

/** As the parsers count: names and values, without separators. */
export function headerBytes(raw: readonly string[]): number {
  let bytes = 0
  for (let index = 0; index < raw.length; index++) bytes += raw[index]!.length
  return bytes
}

/** Puts the names of a raw header list into lower case, in place. */
export function lowerCaseNames(raw: string[]): void {
  for (let index = 0; index < raw.length; index += 2) raw[index] = raw[index]!.toLowerCase()
}

/**
 * Header lists that two readers could understand in two ways, and bodies that we do not decode. Node's parsers refuse the rest:
 * contradictory lengths, transfer codings, folded lines, control characters (probed with raw sockets on Node 24.21, 2026-11-20).
 */
export function faultOfHeaders(raw: readonly string[], maxLines: number): HttpFault | null {
  if (raw.length > 2 * maxLines) return new HttpFault('headers_too_large')
  let seen = 0
  for (let index = 0; index < raw.length; index += 2) {
    const bit = SINGLETONS.get(raw[index]!)
    if (bit === undefined) continue
    if ((seen & bit) !== 0) return new HttpFault('duplicate_header', `The header ${raw[index]} appears more than once.`)
    seen |= bit
    if (bit === CONTENT_ENCODING && !isIdentity(raw[index + 1]!)) return new HttpFault('unsupported_encoding')
  }
  return null
}

/** Only a path ("origin form") is understood: an absolute target could name another host than the Host header does. */
export function faultOfTarget(target: string): HttpFault | null {
  return target.charCodeAt(0) === SLASH && !UNSAFE_IN_TARGET.test(target) ? null : new HttpFault('invalid_target')
}

/**
 * The list with the content-length that the body has, whatever it said before; as it is where there is no body to count. A transfer coding
 * beside a length would let two readers see two bodies.
 */
export function withContentLength(
  head: { status: number; method: string },
  headers: readonly string[],
  length: number,
): string[] {
  const bodyless = head.status === 204 || head.status === 304
  const keepsLength = bodyless || (head.method === 'HEAD' && findLength(headers) !== null)
  const framed: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index]!
    if (isFraming(name) && !(keepsLength && name.length === CONTENT_LENGTH.length)) continue
    framed.push(name, headers[index + 1]!)
  }
  if (!keepsLength) framed.push(CONTENT_LENGTH, String(length))
  return framed
}

/** The content-length of a list whose names may be in any case; null when there is none. */
export function findLength(headers: readonly string[]): number | null {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index]!
    if (name.length === CONTENT_LENGTH.length && name.toLowerCase() === CONTENT_LENGTH)
      return Number(headers[index + 1])
  }
  return null
}

function isFraming(name: string): boolean {
  if (name.length !== CONTENT_LENGTH.length && name.length !== TRANSFER_ENCODING.length) return false
  const lower = name.toLowerCase()
  return lower === CONTENT_LENGTH || lower === TRANSFER_ENCODING
}

/** What is left of a list that node refused to send: only names and values that both protocols carry. */
export function withoutInvalid(headers: readonly string[]): string[] {
  const valid: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index]!
    const value = headers[index + 1]!
    if (VALID_NAME.test(name) && !INVALID_IN_VALUE.test(value) && !HOP_BY_HOP.has(name.toLowerCase())) {
      valid.push(name, value)
    }
  }
  return valid
}

const CONTENT_LENGTH = 'content-length'
const TRANSFER_ENCODING = 'transfer-encoding'
const COLON = 0x3a
const SLASH = 0x2f
const VALID_NAME = /^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$/
const INVALID_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const UNSAFE_IN_TARGET = /[^\x21-\x7e]|#/
const SINGLETONS: ReadonlyMap<string, number> = new Map(
  [
    'host',
    'expect',
    'x-api-key',
    'x-amz-date',
    'content-type',
    'authorization',
    'content-length',
    'content-encoding',
    'x-amz-content-sha256',
    'x-amz-security-token',
  ].map((name, index) => [name, 1 << index]),
)
const CONTENT_ENCODING = SINGLETONS.get('content-encoding')

function isIdentity(value: string): boolean {
  return value === '' || value.trim().toLowerCase() === 'identity'
}

// What a call through a path router looks like on its way upstream and its answer on the way back: which headers, which path, which query.

import { withoutParameters } from '../../core/query.ts'
import type { Router, RouterRequest } from '../../core/router.ts'
import { linesOf } from './ingress.ts'

/** About one connection, or about the gateway itself. */
const HOP_BY_HOP = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const NEVER_OUT = new Set([...HOP_BY_HOP, 'content-length', 'expect', 'host'])
/** What clients say of the way here, and what upstreams would believe; and codings that usage could not be read through. */
const NOT_OUT = new Set(['accept-encoding', 'forwarded', 'via', 'x-real-ip'])
const NOT_OUT_PREFIX = 'x-forwarded-'
const OWN_PREFIX = 'x-weighbridge-'
export const KEY_HEADER = 'x-weighbridge-key'

/** Of our own keys none leaves the gateway, wherever it was put. */
const OWN_KEY = /(?:^|\s)wb_[\w-]+_[\w-]+$/

/** Headers that a SigV4 signature covers: whatever else is left out, these must arrive. */
function signedNames(headers: readonly string[]): ReadonlySet<string> {
  const [authorization = ''] = linesOf(headers, 'authorization')
  const names = /SignedHeaders=([\w;-]{1,4096})/.exec(authorization)?.[1] ?? ''
  return new Set(names.split(';'))
}

/** The client's headers that go on: flat, in their order. `credential`: names of those that the gateway itself has read. */
export function headersToSend(raw: readonly string[], router: Router, credential: ReadonlySet<string>): string[] {
  const signed = router.credential.kind === 'presigned' ? signedNames(raw) : NONE
  const connection = new Set(linesOf(raw, 'connection').flatMap((line) => line.toLowerCase().split(/\s*,\s*/)))
  const kept: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    if (isOurs(name, value)) continue
    const isLeftOut = credential.has(name) || connection.has(name) || saysOfTheWay(name)
    if (signed.has(name) || !(isLeftOut || router.removedHeaders.has(name))) kept.push(name, value)
  }
  return kept
}

const isOurs = (name: string, value: string): boolean =>
  name.startsWith(':') || name.startsWith(OWN_PREFIX) || NEVER_OUT.has(name) || OWN_KEY.test(value)

const saysOfTheWay = (name: string): boolean => NOT_OUT.has(name) || name.startsWith(NOT_OUT_PREFIX)

const NONE: ReadonlySet<string> = new Set()

/** Flat lists; what is set goes before what was there under the same names. */
export function withHeaders(headers: readonly string[], setHeaders: readonly string[]): string[] {
  const set = new Set(setHeaders.filter((_, index) => index % 2 === 0))
  const kept: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (!set.has(headers[index] as string)) kept.push(headers[index] as string, headers[index + 1] as string)
  }
  return [...kept, ...setHeaders]
}

/** Path and query as they go upstream, byte for byte as the client and the configuration wrote them. */
export function pathToSend({ router: { target }, subpath, query }: RouterRequest): string {
  if (target === null) return `/${subpath}${query === '' ? '' : `?${query}`}`
  const own = withoutParameters(query, target.queryNames)
  const joined = own === '' || target.query === '' ? own + target.query : `${own}&${target.query}`
  return `${target.basePath}/${target.endpoint ?? subpath}${joined === '' ? '' : `?${joined}`}`
}

/** A shared connection's cookies belong to no client; how long a connection lives is the listener's to say. */
const NOT_BACK = new Set([...HOP_BY_HOP, 'alt-svc', 'set-cookie', 'strict-transport-security'])
/** In the place of a value that is not shown. */
export const MASK = '*****MASKED*****'
const UNPRINTABLE = /[^\t\x20-\x7e\x80-\xff]/

/** The upstream's headers as the client may have them: flat. `own`: the gateway's, which go before the upstream's of those names. */
export function headersToAnswer(
  upstream: readonly string[],
  router: Router,
  { own, streams }: { readonly own: readonly string[]; readonly streams: boolean },
): string[] {
  const ownNames = new Set(own.filter((_, index) => index % 2 === 0))
  // a client that knows the length of a stream knows its end before the entry is made
  if (streams) ownNames.add('content-length')
  const connection = new Set(linesOf(upstream, 'connection').flatMap((line) => line.toLowerCase().split(/\s*,\s*/)))
  const flat = [...own]
  for (let index = 0; index + 1 < upstream.length; index += 2) {
    const name = upstream[index] as string
    const value = upstream[index + 1] as string
    const isSecret = router.maskedHeaders.has(name) && value !== MASK
    if (isSecret || NOT_BACK.has(name) || ownNames.has(name) || connection.has(name)) continue
    if (!name.startsWith(OWN_PREFIX) && !UNPRINTABLE.test(value)) flat.push(name, value)
  }
  return flat
}

/** Bytes that are to be passed as they come: events, lines, and everything of which nobody says how long it will be. */
export const isStreamed = (headers: readonly string[]): boolean =>
  isStreamType(headers) || linesOf(headers, 'content-length').length === 0

export function isStreamType(headers: readonly string[]): boolean {
  const [type = ''] = linesOf(headers, 'content-type')
  return STREAM_TYPE.test(type)
}

const STREAM_TYPE = /^(?:text\/event-stream|application\/(?:vnd\.amazon\.eventstream|x-ndjson|jsonl|stream\+json))/i

// Headers as processors and the call log have them: an object from names to lists of values, masked; and back again.

import { maskedHeadersOf, type Router } from '../core/router.ts'

/** In the place of a value that neither processors nor the call log may see. */
export const MASK = '*****MASKED*****'

export type HeaderLists = Readonly<Record<string, readonly string[]>>

/** As HTTP headers are usually written: Content-Type. */
const canonical = (name: string): string => name.replaceAll(/(^|-)([a-z])/g, (letters) => letters.toUpperCase())

/** Of a flat list in lower case. */
export function headerLists(flat: readonly string[], routers: readonly Router[]): HeaderLists {
  const masked = routers.reduce((headers, router) => maskedHeadersOf(headers, router, MASK), flat)
  const lists = new Map<string, string[]>()
  for (let index = 0; index + 1 < masked.length; index += 2) {
    const name = canonical(masked[index] as string)
    const value = masked[index + 1] as string
    const known = lists.get(name)
    if (known === undefined) lists.set(name, [value])
    else known.push(value)
  }
  return Object.fromEntries(lists)
}

/** About one connection or one body, or about the gateway itself: nobody else's to say. */
const NEVER_WRITTEN = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Flat again, as written; what is masked keeps the values that it had, and what nobody may write is as it was. */
export function flatHeaders(written: HeaderLists, before: readonly string[], masks: ReadonlySet<string>): string[] {
  const isKept = (name: string): boolean =>
    masks.has(name) || NEVER_WRITTEN.has(name) || name.startsWith('x-weighbridge-')
  const flat: string[] = []
  for (const [name, values] of Object.entries(written)) {
    const lower = name.toLowerCase()
    if (!isKept(lower)) for (const value of values) flat.push(lower, value)
  }
  for (let index = 0; index + 1 < before.length; index += 2) {
    const name = before[index] as string
    if (isKept(name)) flat.push(name, before[index + 1] as string)
  }
  return flat
}

/** Without the headers that say something of bytes which are others now. */
export const withoutLength = (flat: readonly string[]): string[] =>
  flat.filter((_, index) => !OF_BYTES.has(flat[index - (index % 2)] as string))

const OF_BYTES = new Set(['content-length', 'content-md5', 'content-encoding', 'digest', 'etag', 'repr-digest'])

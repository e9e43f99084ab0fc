// What a model family knows about usage: where its answers say it, and what only its requests say.

import { compilePaths, type Finding, type PathNode } from './json-paths.ts'
import { JsonScanner } from './json-scanner.ts'
import type { CacheTtl, Sheet } from './sheet.ts'

export type Reads = (value: unknown, sheet: Sheet) => void

export type Family = {
  readonly name: string
  /** Values of the answer's JSON by path: of the body, or of each chunk of a stream. */
  readonly answer?: Readonly<Record<string, Reads>>
  /** The beginnings of values of the answer's JSON by path, one by one: for lists that are counted. */
  readonly heads?: Readonly<Record<string, (head: string, sheet: Sheet) => void>>
  /** Paths of the request's JSON that `finish` asks for; a path that ends in `[]` gives the number of elements. */
  readonly request?: readonly string[]
  /** After an answer with a success status; `whole` tells whether it came to its end. */
  readonly finish?: (sheet: Sheet, asked: Asked, whole: boolean) => void
  /** the time to live of cache writes that the answer does not split; 5 minutes unless said */
  readonly cacheTtl?: CacheTtl
}

/** The wanted values of the request by their paths; the last one of a path, as in JSON. */
export type Asked = {
  text(path: string): string | null
  number(path: string): number | null
  count(path: string): number
  has(path: string): boolean
  /** bytes of the request's body */
  readonly bytes: number
}

export function answerPaths(family: Family, common: Readonly<Record<string, Reads>>): PathNode<Sheet> {
  const findings: Finding<Sheet>[] = []
  for (const [path, found] of Object.entries({ ...common, ...family.answer })) {
    findings.push({ path, kind: 'value', found })
  }
  for (const [path, found] of Object.entries(family.heads ?? {})) findings.push({ path, kind: 'head', found })
  return compilePaths(findings)
}

/** Reads the wanted paths of a request, without parsing the images in it. */
export function askRequest(paths: readonly string[], prefix: string, body: Buffer): Asked {
  const values = new Map<string, unknown>()
  const counts = new Map<string, number>()
  const findings = paths.map((path): Finding<null> => {
    const full = `${prefix}${path}`
    if (path.endsWith('[]')) {
      return { path: full, kind: 'head', found: () => void counts.set(path, (counts.get(path) ?? 0) + 1) }
    }
    return { path: full, kind: 'value', found: (value) => void values.set(path, value) }
  })
  const scanner = new JsonScanner(compilePaths(findings), null, ({ path }) => void values.set(path, undefined))
  scanner.feed(body)
  return {
    text: (path) => textOrNull(values.get(path)),
    number: (path) => numberOrNull(values.get(path)),
    count: (path) => counts.get(path) ?? 0,
    has: (path) => values.has(path) || counts.has(path),
    bytes: body.length,
  }
}

/** A member of an object from outside; undefined when there is no object or no such member of its own. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

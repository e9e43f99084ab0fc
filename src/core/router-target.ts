// Where calls through a path router go, and where their answers say what they used.

import type { Dimension } from './usage.ts'

/** Where the calls of a router go. */
export type RouterTarget = {
  /** names what has connections of its own: equal only where origin, certificates and time limits are */
  readonly id: string
  readonly origin: string
  /** in front of what the client's path has behind the router's; no slash at its end */
  readonly basePath: string
  /** in the place of what the client's path has behind the router's; null: that is taken */
  readonly endpoint: string | null
  /** what url and endpoint say, the endpoint before the url; goes before what the client says under the same names */
  readonly query: string
  readonly queryNames: ReadonlySet<string>
  /** PEM; null: those of the system alone */
  readonly certificates: string | null
  readonly systemCertificates: boolean
  readonly connectTimeoutMilliseconds: number
  readonly headersTimeoutMilliseconds: number
  readonly idleTimeoutMilliseconds: number
}

/** Where answers, or the events of streamed ones, say what they used. What is said last counts. */
export type RouterUsage = {
  /** keys and places in lists, from the outside in; a dimension may stand at several */
  readonly paths: readonly (readonly [dimension: Dimension, path: readonly string[]])[]
  /** dimensions that are inside another one in the answer, such as cached tokens inside the prompt's: taken out of it */
  readonly includes: readonly (readonly [whole: Dimension, part: Dimension])[]
  /** what an answer may hold at most where the request caps it nowhere */
  readonly maxOutputTokens: number | null
}

/** An answer that is all here. `headers` is flat. */
export type WholeAnswer = { readonly status: number; readonly headers: readonly string[]; readonly body: Buffer }

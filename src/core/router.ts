// Path routers: what the configuration says of a prefix and of the upstream behind it, and the contract of what may step in between.
//
// A call through a router passes these steps, in this order:
//   1. its path is matched; `RouterProcessing.begin` hears of it
//   2. the router's header rules and the caller's credential are checked, and the body is read whole
//   3. `RouterProcess.request` may change it, answer it ("control"), or send it to another router, whose own rules then apply
//   4. the router's headers and address are put on it; `RouterProcess.sent` hears what goes out
//   5. it is priced, admitted and held like any call; what is answered without an upstream too
//   6. the answer passes as it comes, and `RouterProcess.chunk` sees a copy; where `wantsAnswer` says so, a whole answer is kept first
//   7. its entry is made durable; then `RouterProcess.answer` may change the answer that was kept, and it is released
//   8. `RouterProcess.ended`, once, whatever happened since `begin`
// Nothing here may change what is charged: usage is read from the upstream's own bytes.

import type { LedgerEntry } from './ledger.ts'
import type { GatewayError } from './errors.ts'
import { routerLimit, type Limit, type ScopedLimit } from './limit.ts'
import type { LinearPattern } from './linear-pattern.ts'
import type { RouterTarget, RouterUsage, WholeAnswer } from './router-target.ts'

export type { RouterTarget, RouterUsage, WholeAnswer } from './router-target.ts'

/** Slashes around segments of letters and digits. */
export const ROUTER_PATH_PATTERN = /^(?:\/[a-zA-Z0-9]{1,64}){1,16}\/$/

/** What a header of the request must be. Names are in lower case, here and everywhere below. */
export type HeaderRule = {
  readonly name: string
  /** one of them, exactly; null: any value */
  readonly values: readonly string[] | null
  /** the whole value must match; null: any value */
  readonly pattern: LinearPattern | null
}

/**
 * Who pays for a call. key: whoever the Weighbridge credential of the request belongs to · rules: the named tenant, for requests that the
 * header rules let in · presigned: the same, for requests that their client has signed for the upstream itself. A Weighbridge key in
 * x-weighbridge-key goes before the named tenant.
 */
export type RouterCredential =
  | { readonly kind: 'key' }
  | { readonly kind: 'rules' | 'presigned'; readonly tenantId: string }

/** Which model a call is priced as and checked for; where it says none, `router.<name>`. */
export type RouterModel = {
  /** fixed: this id · body: a text at this path of a JSON request · path: the segment behind this one */
  readonly from: 'fixed' | 'body' | 'path'
  /** of the body: keys joined by dots */
  readonly value: string
  /** put in front of what is found, such as "openai." */
  readonly prefix: string
}

export type Router = {
  /** its path without the outer slashes */
  readonly name: string
  readonly path: string
  readonly headerRules: readonly HeaderRule[]
  readonly credential: RouterCredential
  /** who may use it, they and all below them; null: every tenant */
  readonly tenantIds: readonly string[] | null
  /** null: no upstream, the answer is the request ("/echo/") */
  readonly target: RouterTarget | null
  /** flat; they go out in the place of the client's of these names */
  readonly setHeaders: readonly string[]
  readonly removedHeaders: ReadonlySet<string>
  /** go upstream in clear, and are shown to nobody; answers do not bring them back */
  readonly maskedHeaders: ReadonlySet<string>
  readonly model: RouterModel | null
  readonly usage: RouterUsage | null
  /** of the router itself: counted over all tenants */
  readonly limits: readonly Limit[]
  readonly maxBodyBytes: number | null
  readonly retries: number
}

/** What a router is called among the surfaces: in ledger entries, reports and the scopes of limits. */
export const surfaceOfRouter = (name: string): string => `router:${name}`

/** One file of routers, checked. */
export type RouterConfiguration = {
  readonly routers: readonly Router[]
  /** hex SHA-256 of the file's text and of the certificates that it names */
  readonly checksum: string
  /** eight capital letters and digits, in front of the ids of sessions */
  readonly gatewayId: string
  /** header that names the session, on requests and answers */
  readonly sessionHeader: string
  /** hosts that may be called as through a proxy, and the router that their calls take; null: they are calls of this gateway's own API */
  readonly proxyHosts: ReadonlyMap<string, string | null>
  /** the file's other sections, as their readers (OTHER_SECTIONS in config-routers.ts) have made them */
  readonly sections: Readonly<Record<string, unknown>>
}

/** As they are counted, whoever calls. */
export const limitsOfRouters = ({ routers }: RouterConfiguration): readonly ScopedLimit[] =>
  routers.flatMap(({ limits, name }) => limits.map((limit) => routerLimit(limit, name)))

export const NO_ROUTERS: RouterConfiguration = {
  routers: [],
  checksum: '',
  gatewayId: 'WEIGHBRG',
  sessionHeader: 'session-id',
  proxyHosts: new Map(),
  sections: {},
}

/** A call as it came. Headers are flat, in lower case, and hold credentials in clear: see `maskedHeadersOf`. */
export type RouterCall = {
  readonly requestId: string
  readonly sessionId: string
  readonly transactionId: string
  readonly router: Router
  readonly method: string
  /** what stands behind the router's path, raw, and the query behind the question mark */
  readonly subpath: string
  readonly query: string
  readonly headers: readonly string[]
  readonly startedAt: number
}

/** What `request` sees, and may give back otherwise. The headers are those that go on: without the gateway's own credential. */
export type RouterRequest = {
  readonly router: Router
  readonly subpath: string
  readonly query: string
  readonly headers: readonly string[]
  readonly body: Buffer
}

export type RouterCaller = { readonly tenantId: string; readonly keyId: string }

export type RouterDecision =
  /** goes on as it says; `router` may be another one, by name from `RouterProcessing`'s configuration */
  | { readonly kind: 'send'; readonly request: RouterRequest }
  /** is answered by this and goes nowhere ("control") */
  | { readonly kind: 'answer'; readonly answer: WholeAnswer }

/** What goes upstream, complete. */
export type SentRequest = {
  readonly router: Router
  readonly url: string
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly sentAt: number
}

export type RouterEnd = {
  /** status that the client got; 0: none */
  readonly status: number
  /** why it was refused or failed; null: it has the upstream's answer */
  readonly error: GatewayError | null
  /** null: it was refused before it was admitted, and nothing is charged */
  readonly entry: LedgerEntry | null
  /** what the upstream answered before anything changed it; null: nothing */
  readonly upstream: { readonly status: number; readonly headers: readonly string[] } | null
  /** headers that the client got; empty: none */
  readonly headers: readonly string[]
  /** when the upstream began to answer, and when its answer was whole; null: never */
  readonly answeredAt: number | null
  readonly completedAt: number | null
  readonly endedAt: number
}

/** One call on its way. No method may throw but `request` and `answer`, whose GatewayError becomes the answer. */
export interface RouterProcess {
  request(request: RouterRequest, caller: RouterCaller): Promise<RouterDecision>
  sent(sent: SentRequest): void
  /** true: an answer that is no stream is kept, up to the gateway's bound, and given to `answer` before it is released */
  readonly wantsAnswer: boolean
  answer(answer: WholeAnswer): Promise<WholeAnswer>
  /** a copy of the upstream's answer as it passes; do not keep the bytes, copy them */
  chunk(bytes: Buffer): void
  ended(end: RouterEnd): void
}

export interface RouterProcessing {
  /** null: nobody wants to hear of this call. It costs nothing then. */
  begin(call: RouterCall): RouterProcess | null
}

/** The shape in which processors and logs may see headers: values of masked ones are replaced. */
export function maskedHeadersOf(headers: readonly string[], router: Router, mask: string): readonly string[] {
  return headers.map((part, index) =>
    index % 2 === 1 && router.maskedHeaders.has(headers[index - 1] as string) ? mask : part,
  )
}

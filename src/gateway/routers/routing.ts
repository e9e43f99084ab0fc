// A call through a path router, from its path to what goes upstream and back: what the pipeline asks in the place of a dialect.

import type { Member } from '../../core/directory.ts'
import { GatewayError } from '../../core/errors.ts'
import type {
  Router,
  RouterConfiguration,
  RouterProcess,
  RouterProcessing,
  RouterRequest,
  WholeAnswer,
} from '../../core/router.ts'
import { surfaceOfRouter } from '../../core/router.ts'
import type { UpstreamCall } from '../../core/upstream.ts'
import type { HttpExchange } from '../../http/exchange.ts'
import type { Authenticate, Authenticated, AuthenticateDependencies, KeyCheck } from '../authenticate.ts'
import { ownHeaders, type OwnWords } from '../headers.ts'
import type { Passage } from '../passage.ts'
import { createRouterMatch, type MatchedRouter, type RoutedPath } from '../surfaces/router/index.ts'
import type { Route, Surface } from '../surfaces/surface.ts'
import { echoOf } from './echo.ts'
import { createReadRoutedFacts, type ReadRoutedFacts, type RoutedFacts, type RoutedFactsDependencies } from './facts.ts'
import {
  checkHeaders,
  checkPresigned,
  checkSubpath,
  checkTenant,
  createMemberships,
  memberOfRouter,
} from './ingress.ts'
import { headersToSend, KEY_HEADER, pathToSend, withHeaders } from './outgoing.ts'
import { createPassage, type CallTimes } from './passing.ts'
import { createSessions, type Sessions } from './sessions.ts'

export type RoutingDependencies = RoutedFactsDependencies &
  Pick<AuthenticateDependencies, 'directory' | 'now'> & {
    readonly authenticate: Authenticate
    readonly keyCheck: KeyCheck
    readonly routers: () => RouterConfiguration
    /** null: nothing steps in between */
    readonly routerProcessing: RouterProcessing | null
  }

export type Routing = {
  /** The call that the path of a router begins; null: it is no router's. Never throws. */
  begin(exchange: HttpExchange, requestId: string): RoutedCall | null
}

/** What the pipeline admits and sends. */
export type RoutedOutgoing = RoutedFacts & {
  readonly member: Member
  readonly surfaceName: string
  readonly body: Buffer
  readonly call: Omit<UpstreamCall, 'region' | 'credentials' | 'body'>
}

export function createRouting(dependencies: RoutingDependencies): Routing {
  const parts: Parts = {
    ...dependencies,
    sessions: createSessions(dependencies.now),
    memberships: createMemberships(),
    readFacts: createReadRoutedFacts(dependencies),
  }
  const match = createRouterMatch(dependencies.routers)
  return {
    begin(exchange, requestId) {
      const matched = match(exchange.path)
      return matched === null ? null : new RoutedCall(parts, exchange, requestId, matched)
    },
  }
}

type Parts = RoutingDependencies & {
  readonly sessions: Sessions
  readonly memberships: ReturnType<typeof createMemberships>
  readonly readFacts: ReadRoutedFacts
}

/** Names of headers that a virtual key pair's signature is made of: what was signed for the gateway means nothing to the upstream. */
const SIGNATURE_HEADERS = ['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']

export class RoutedCall {
  /** the dialect of its refusals, which name the session too */
  readonly surface: Surface
  readonly route: Route
  readonly requestId: string
  readonly #parts: Parts
  readonly #exchange: HttpExchange
  readonly #path: RoutedPath
  readonly #configuration: RouterConfiguration
  readonly #startedAt: number
  /** names of the headers that the gateway itself has read */
  readonly #credential = new Set<string>()
  #router: Router
  /** of the answer: the session's */
  #sessionHeaders: readonly string[] = []
  #process: RouterProcess | null = null

  constructor(parts: Parts, exchange: HttpExchange, requestId: string, { surface, route }: MatchedRouter) {
    this.#parts = parts
    this.#exchange = exchange
    this.requestId = requestId
    this.route = route
    this.#path = route.routed
    this.#configuration = route.routed.configuration
    this.#router = route.routed.router
    this.#startedAt = parts.now()
    this.surface = {
      ...surface,
      renderError: (error, id) => {
        const rendered = surface.renderError(error, id)
        return { ...rendered, headers: [...rendered.headers, ...this.#sessionHeaders] }
      },
    }
  }

  get maxBodyBytes(): number | null {
    return this.#router.maxBodyBytes
  }

  /** Throws GatewayError for what the router does not let in. */
  authenticate(): Authenticated | Promise<Authenticated> {
    const { router, subpath } = this.#path
    if (subpath === null)
      throw new GatewayError('invalid_request', { message: "Unsupported path without '/' behind the router's." })
    checkSubpath(subpath)
    this.#checkIngress(router)
    const who = this.#authenticated(router)
    return who instanceof Promise ? who.then((known) => this.#known(known)) : this.#known(who)
  }

  /** From a known caller and a whole body to what is admitted and sent. Throws GatewayError. */
  async prepare(caller: Member, body: Buffer): Promise<RoutedOutgoing> {
    const { subpath, query, router } = this.#path
    const headers = headersToSend(this.#exchange.rawHeaders, router, this.#credential)
    const asked: RouterRequest = { router, subpath: subpath ?? '', query, headers, body }
    const { request, answer } = await this.#decided(asked, caller)
    if (request.router !== router) this.#switchTo(request.router, caller)
    const to = answer ?? request.router.target ?? echoOf(request)
    const outgoing = this.#complete(request)
    const member = this.#parts.memberships(caller, request.router)
    const facts = this.#parts.readFacts({ request, member, isLocal: answer !== null || request.router.target === null })
    const path = pathToSend(request)
    const origin = request.router.target?.origin ?? ''
    if (answer === null) this.#process?.sent({ ...outgoing, url: origin + path, sentAt: this.#parts.now() })
    return {
      ...facts,
      member,
      surfaceName: surfaceOfRouter(request.router.name),
      body: request.body,
      call: {
        operation: 'Router',
        service: 'router',
        method: this.#exchange.method,
        path,
        headers: outgoing.headers,
        router: { to, usage: request.router.usage },
      },
    }
  }

  passage(ownWords: OwnWords): Passage {
    const times: CallTimes = { now: this.#parts.now }
    const own = [...ownHeaders(this.requestId, ownWords), ...this.#sessionHeaders]
    return createPassage({ router: this.#router, process: this.#process, own, times })
  }

  /** It was refused before it was sent. */
  refused(error: GatewayError, status: number): void {
    const endedAt = this.#parts.now()
    const never = { entry: null, upstream: null, answeredAt: null, completedAt: null }
    this.#process?.ended({ ...never, status, error, headers: this.#sessionHeaders, endedAt })
  }

  #checkIngress({ headerRules, credential }: Router): void {
    const { rawHeaders } = this.#exchange
    try {
      checkHeaders(headerRules, rawHeaders)
      if (credential.kind === 'presigned') checkPresigned(rawHeaders, this.#path.query)
    } catch (thrown) {
      if (this.#process === null) this.#begin(null)
      throw thrown
    }
  }

  #authenticated(router: Router): Authenticated | Promise<Authenticated> {
    const { authenticate, keyCheck, directory } = this.#parts
    const key = this.#exchange.header(KEY_HEADER)
    if (key !== undefined) return { member: keyCheck(key), checkBody: null }
    const { credential } = router
    if (credential.kind !== 'key')
      return { member: memberOfRouter(directory(), router, credential.tenantId), checkBody: null }
    this.#noteCredential(this.#exchange.header('authorization'))
    return authenticate(this.#exchange)
  }

  #noteCredential(authorization: string | undefined): void {
    if (authorization === undefined) this.#credential.add('x-api-key')
    else if (!authorization.startsWith('AWS4-')) this.#credential.add('authorization')
    else for (const name of SIGNATURE_HEADERS) this.#credential.add(name)
  }

  #known(known: Authenticated): Authenticated {
    checkTenant(this.#router, known.member)
    this.#begin(known.member)
    return known
  }

  /** Sessions belong to tenants; who is not known has none. */
  #begin(member: Member | null): void {
    const { sessions, routerProcessing } = this.#parts
    const { gatewayId, sessionHeader } = this.#configuration
    const { router, subpath, query } = this.#path
    const owner = member?.principal.tenant.id ?? ''
    const given = member === null ? undefined : this.#exchange.header(sessionHeader)
    const { sessionId, transactionId } = sessions.next(gatewayId, given, owner)
    this.#sessionHeaders = [sessionHeader, transactionId]
    const headers = [...this.#exchange.headerEntries()].flat()
    const method = this.#exchange.method
    const call = { requestId: this.requestId, sessionId, transactionId, router, method, query, headers }
    this.#process = routerProcessing?.begin({ ...call, subpath: subpath ?? '', startedAt: this.#startedAt }) ?? null
  }

  async #decided(
    asked: RouterRequest,
    caller: Member,
  ): Promise<{ readonly request: RouterRequest; readonly answer: WholeAnswer | null }> {
    if (this.#process === null) return { request: asked, answer: null }
    const { tenant, key } = caller.principal
    const decision = await this.#process.request(asked, { tenantId: tenant.id, keyId: key.id })
    if (decision.kind === 'answer') return { request: asked, answer: decision.answer }
    checkSubpath(decision.request.subpath)
    return { request: decision.request, answer: null }
  }

  /** Another router's own rules hold for what the client sent, as if it had come to that one. */
  #switchTo(router: Router, caller: Member): void {
    this.#checkIngress(router)
    checkTenant(router, caller)
    this.#router = router
  }

  #complete(request: RouterRequest) {
    const { router, body } = request
    // what its client has signed goes on as it is
    if (router.credential.kind === 'presigned')
      return { router, headers: withHeaders(request.headers, router.setHeaders), body }
    const isKept = (index: number): boolean => !router.removedHeaders.has(request.headers[index] as string)
    const kept = request.headers.filter((_, index) => isKept(index - (index % 2)))
    return { router, headers: withHeaders(kept, [...this.#sessionHeaders, ...router.setHeaders]), body }
  }
}

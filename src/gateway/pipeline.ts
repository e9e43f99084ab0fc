// The data plane on one screen: accept → recognise → authenticate → read → resolve → admit → forward, meter, settle.

import type { Directory, Member } from '../core/directory.ts'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { RefusedCall } from '../core/refused-call.ts'
import type { Hold } from '../core/reservation.ts'
import { Roster } from '../http/roster.ts'
import { HttpFault, type HttpExchange } from '../http/exchange.ts'
import { attemptOf, resolveQuestionOf, type AttemptDependencies } from './attempt.ts'
import {
  createAuthenticate,
  createKeyCheck,
  type Authenticated,
  type AuthenticateDependencies,
} from './authenticate.ts'
import { Backlog } from './backlog.ts'
import { firstOfChain, type FallbackDependencies } from './fallbacks.ts'
import { forward } from './forward.ts'
import type { ForwardDependencies } from './forward-question.ts'
import { deadlineTickMilliseconds, type RunningCall } from './running-call.ts'
import { REQUEST_ID_HEADER } from './headers.ts'
import { createLongPolling, type LongPollingDependencies } from './long-polling.ts'
import { answerUnmetered } from './models.ts'
import type { Lifecycles } from './lifecycles.ts'
import { resolveCall, type ResolveDependencies } from './resolve.ts'
import { createRouting, type RoutedCall, type RoutingDependencies } from './routers/routing.ts'
import { startRouted } from './routers/start.ts'
import { DEFAULT_SURFACE, matchSurface } from './surfaces/index.ts'
import type { Route, Surface } from './surfaces/surface.ts'

export type PipelineLimits = {
  readonly maxBodyBytes: number
  readonly bodyTimeoutMilliseconds: number
  readonly maxConcurrentCalls: number
}

export type PipelineDependencies = AuthenticateDependencies &
  AttemptDependencies &
  FallbackDependencies &
  ResolveDependencies &
  LongPollingDependencies &
  Omit<RoutingDependencies, 'authenticate' | 'keyCheck'> &
  Omit<ForwardDependencies, 'limits' | 'backlog'> & {
    readonly forwardLimits: ForwardDependencies['limits']
    readonly pipelineLimits: PipelineLimits
    readonly lifecycles: Lifecycles
    readonly directory: () => Directory
    readonly newId: () => string
    readonly onRefusal: (refused: RefusedCall) => void
  }

export type Pipeline = {
  /** Answers one exchange. Never rejects. `known`: who asks, where the gateway itself does for one of its tenants. */
  handle(exchange: HttpExchange, known?: Member): Promise<void>
  readonly running: number
  /** Entries that the ledger has refused and not taken since; while there are any, calls are refused. */
  readonly unwritten: number
  /** The hold of a call that runs in this process; null: none of that id runs. */
  readonly runningHold: (requestId: string) => Hold | null
  /** From now on new calls are refused; resolves when no call runs any more, after `deadlineMilliseconds` at the latest. */
  drain(deadlineMilliseconds: number): Promise<void>
}

export function createPipeline(dependencies: PipelineDependencies): Pipeline {
  const authenticate = createAuthenticate(dependencies)
  const routing = createRouting({ ...dependencies, authenticate, keyCheck: createKeyCheck(dependencies) })
  const calls = new Roster<RunningCall>()
  const longPolling = createLongPolling(dependencies)
  const backlog = new Backlog(dependencies)
  const forwardDependencies: ForwardDependencies = { ...dependencies, backlog, limits: dependencies.forwardLimits }
  const state = { draining: false }
  const ticking = setInterval(
    () => calls.forEach((call) => call.tick()),
    deadlineTickMilliseconds(dependencies.forwardLimits.totalTimeoutMilliseconds),
  ).unref()
  const { maxConcurrentCalls, maxBodyBytes, bodyTimeoutMilliseconds } = dependencies.pipelineLimits

  const run = async (asked: Asked, route: Route): Promise<void> => {
    const { exchange, surface, requestId, routed } = asked
    if (state.draining) throw new GatewayError('draining', { retryAfterSeconds: 1 })
    if (calls.size >= maxConcurrentCalls) throw new GatewayError('overloaded', { retryAfterSeconds: 1 })
    const who = asked.known ?? (routed === null ? authenticate(exchange, surface) : routed.authenticate())
    const { member: caller, checkBody } = who instanceof Promise ? await who : who
    const body = await exchange.readBody(bodyLimitOf(routed, maxBodyBytes), bodyTimeoutMilliseconds)
    checkBody?.(body)
    // not before: until then nobody has proven who they are
    asked.member = caller
    // the shutdown may have begun while the body arrived, and must not meet a call that it does not know
    if (state.draining) throw new GatewayError('draining', { retryAfterSeconds: 1 })
    const poll = { requestId, polledId: route.polledId, member: caller }
    if (route.kind === 'poll') return longPolling.answer(exchange, poll)
    const member = actingMember(dependencies.directory(), caller, asked)
    asked.member = member
    if (route.kind !== 'call') return answerUnmetered(dependencies, { exchange, surface, route, member, requestId })
    if (backlog.size > 0) throw new GatewayError('ledger_unavailable', { retryAfterSeconds: 1 })
    const start = (to: HttpExchange): Promise<RunningCall> =>
      startEither(dependencies, forwardDependencies, asked, { route, member, body, to })
    const call = await (isFetchedLater(asked) ? longPolling.begin(exchange, poll, start) : start(exchange))
    calls.add(call)
    await call.done
    calls.remove(call)
  }

  return {
    async handle(exchange, known) {
      const asked = newlyAsked(exchange, dependencies.newId(), known)
      try {
        asked.routed = routing.begin(exchange, asked.requestId)
        const matched = asked.routed ?? matchSurface(exchange.method, exchange.path)
        if (matched === null) throw new GatewayError('unknown_route', { message: unknownRoute(exchange) })
        asked.surface = matched.surface
        asked.route = matched.route
        await run(asked, matched.route)
      } catch (thrown) {
        refuse(dependencies, asked, thrown)
      }
    },
    get running() {
      return calls.size
    },
    get unwritten() {
      return backlog.size
    },
    runningHold: (requestId) => calls.find((call) => call.hold.requestId === requestId)?.hold ?? null,
    async drain(deadlineMilliseconds) {
      state.draining = true
      await untilNoneRuns(calls, deadlineMilliseconds)
      clearInterval(ticking)
      await backlog.flush()
    },
  }
}

const bodyLimitOf = (routed: RoutedCall | null, usual: number): number => routed?.maxBodyBytes ?? usual

const isFetchedLater = ({ exchange, surface }: Asked): boolean =>
  surface.answersLater?.((name) => exchange.header(name)) ?? false

async function untilNoneRuns(calls: Roster<RunningCall>, deadlineMilliseconds: number): Promise<void> {
  const timer = setTimeout(() => calls.forEach((call) => call.stop()), deadlineMilliseconds)
  while (calls.size > 0) {
    const running: Promise<void>[] = []
    calls.forEach((call) => running.push(call.done))
    await Promise.all(running)
  }
  clearTimeout(timer)
}

/** Names the tenant that a call is for, where the key may act for more than its own. */
const TENANT_HEADER = 'x-weighbridge-tenant'

function actingMember(directory: Directory, caller: Member, { exchange, surface }: Asked): Member {
  const tenantId = exchange.header(surface.tenantHeader ?? TENANT_HEADER)
  if (tenantId === undefined) return caller
  const member = directory.actingFor(caller, tenantId)
  if (member === null) {
    const { key } = caller.principal
    throw new GatewayError('may_not_act_for', {
      message: `The key "${key.id}" may not act for the tenant "${tenantId.slice(0, 64)}".`,
    })
  }
  if (member.disabledBy !== null)
    throw new GatewayError('tenant_disabled', { message: `The tenant "${member.disabledBy}" is disabled.` })
  return member
}

/** What is known of a request so far, so that its refusal can say it. */
type Asked = {
  /** who asks, where the gateway itself does for one of its tenants; null: that is to be proven */
  readonly known: Authenticated | null
  readonly exchange: HttpExchange
  readonly requestId: string
  surface: Surface
  route: Route | null
  /** null: it goes through no path router */
  routed: RoutedCall | null
  member: Member | null
  modelId: string | null
}

const newlyAsked = (exchange: HttpExchange, requestId: string, known: Member | undefined): Asked => ({
  known: known === undefined ? null : { member: known, checkBody: null },
  exchange,
  requestId,
  surface: DEFAULT_SURFACE,
  route: null,
  routed: null,
  member: null,
  modelId: null,
})

type Question = { readonly route: Route; readonly member: Member; readonly body: Buffer; readonly to: HttpExchange }

function startEither(
  dependencies: PipelineDependencies,
  forwardDependencies: ForwardDependencies,
  asked: Asked,
  question: Question,
): Promise<RunningCall> {
  const { routed } = asked
  if (routed === null) return startCall(dependencies, forwardDependencies, asked, question)
  const { member, body, to: exchange } = question
  return startRouted({ ...dependencies, ...forwardDependencies }, asked, { routed, member, body, exchange })
}

/** From a known caller and a whole body to a running call. */
async function startCall(
  dependencies: PipelineDependencies,
  forwardDependencies: ForwardDependencies,
  asked: Asked,
  question: Question,
): Promise<RunningCall> {
  const { surface, requestId } = asked
  const { route, member, to: exchange, body } = question
  if (route.operation === 'InvokeModelWithBidirectionalStream')
    throw new GatewayError('not_supported', { message: NO_BIDIRECTIONAL })
  const prepared = surface.prepare(route, (name) => exchange.header(name), body)
  asked.modelId = route.modelId ?? prepared.facts.modelId
  const now = dependencies.now()
  const call = { exchange, surface, route, member, requestId, body, prepared, now }
  const resolving = resolveCall(dependencies, resolveQuestionOf(call))
  const resolved = resolving instanceof Promise ? await resolving : resolving
  if (member.fallbacks.length > 0) {
    const { attempt, fallbacks } = await firstOfChain(dependencies, call, resolved)
    return forward(forwardDependencies, { ...attempt, exchange, surface, fallbacks })
  }
  const attempt = await attemptOf(dependencies, call, resolved)
  return forward(forwardDependencies, { ...attempt, exchange, surface, fallbacks: null })
}

const NO_BIDIRECTIONAL =
  'InvokeModelWithBidirectionalStream is not supported by this gateway yet; call Bedrock directly for bidirectional streams.'

const unknownRoute = (exchange: HttpExchange): string =>
  `There is no operation ${exchange.method} ${exchange.path.split('?', 1)[0]?.slice(0, 200)} here.`

function refuse(dependencies: PipelineDependencies, asked: Asked, thrown: unknown): void {
  const { exchange, surface, requestId } = asked
  if (exchange.headersSent) {
    exchange.destroy()
    return
  }
  const error = thrown instanceof HttpFault ? errorOfFault(thrown) : toGatewayError(thrown)
  if (error.code === 'internal')
    dependencies.log('error', 'a call failed inside the gateway', { request_id: requestId, detail: error.detail })
  dependencies.onRefusal(refusedCall(asked, error, dependencies.now()))
  const { status, headers, body } = surface.renderError(error, requestId)
  asked.routed?.refused(error, status)
  exchange.respond(status, [...headers, REQUEST_ID_HEADER, requestId], body)
}

function refusedCall(
  { requestId, surface, route, member, modelId }: Asked,
  error: GatewayError,
  at: number,
): RefusedCall {
  return {
    requestId,
    at,
    code: error.code,
    message: error.message,
    tenantId: member?.principal.tenant.id ?? null,
    keyId: member?.principal.key.id ?? null,
    operation: route?.operation ?? null,
    modelId: (modelId ?? route?.modelId)?.slice(0, LONGEST_MODEL_ID) ?? null,
    surface: surface.name,
  }
}

const LONGEST_MODEL_ID = 200

const FAULT_CODES: Partial<Record<HttpFault['code'], GatewayError['code']>> = {
  body_too_large: 'body_too_large',
  overloaded: 'overloaded',
  request_timeout: 'request_timeout',
  client_closed: 'request_timeout',
  unsupported_encoding: 'unsupported_encoding',
}

const errorOfFault = (fault: HttpFault): GatewayError =>
  new GatewayError(FAULT_CODES[fault.code] ?? 'invalid_request', { message: fault.message })

// The control plane behind one door: an exchange goes in, is authenticated, answered from the table of routes, and never throws.

import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { HttpExchange } from '../http/exchange.ts'
import { createAuthenticate } from './caller.ts'
import type { AdminDependencies } from './dependencies.ts'
import { ADMIN_ERRORS, AdminError, errorBody, toAdminError } from './errors.ts'
import { passOn } from './answer.ts'
import { ADMIN_PREFIX, ROUTES } from './routes.ts'
import { createRefusals, type Refusals } from './refusals.ts'
import { createServer, MOST_BODY_BYTES } from './server.ts'

export type Admin = {
  /** Answers every request under /admin/. Never rejects. */
  handle(exchange: HttpExchange): Promise<void>
  /** The same without a connection. */
  inject(request: InjectedRequest): Promise<LightMyRequestResponse>
  /** every route that the web framework knows, as "GET /admin/v1/tenants" */
  readonly registeredRoutes: readonly string[]
  close(): Promise<void>
}

export type InjectedRequest = {
  readonly method: string
  /** raw path with query */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  readonly remoteAddress?: string
}

const BODY_MILLISECONDS = 120_000
const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export async function createAdmin(deps: AdminDependencies): Promise<Admin> {
  const refusals = createRefusals(deps)
  const { fastify, registered } = await createServer(deps, refusals)
  const authenticate = createAuthenticate(deps.adminTokenHash)

  /** Throws AdminError before anything of the body is read. */
  const admit = (request: Pick<InjectedRequest, 'method' | 'path'>, authorization: string | undefined): void => {
    authenticate(authorization)
    if (!METHODS.includes(request.method)) throw new AdminError('method_not_allowed')
    if (!isPlainPath(request.path)) throw new AdminError('invalid_path')
  }

  return {
    registeredRoutes: registered,
    close: () => fastify.close(),
    async inject(request) {
      return dispatch(fastify, request)
    },
    async handle(exchange) {
      const { method, path } = exchange
      try {
        admit({ method, path }, exchange.header('authorization'))
        const body = await exchange.readBody(mostBodyBytes(path), BODY_MILLISECONDS)
        const request = { method, path, headers: headersOf(exchange), body, remoteAddress: exchange.remoteAddress }
        await passOn(await dispatch(fastify, request, true), exchange)
      } catch (thrown) {
        await answerError(deps, refusals, thrown, exchange)
      }
    },
  }
}

function dispatch(
  fastify: FastifyInstance,
  { method, path, headers, body, remoteAddress }: InjectedRequest,
  payloadAsStream = false,
): Promise<LightMyRequestResponse> {
  return fastify.inject({
    method: method as Method,
    url: path,
    // without a word of its own the framework's injection would name itself
    headers: { 'user-agent': '', ...headers },
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    payloadAsStream,
    ...(body === undefined || body.length === 0 ? {} : { payload: body }),
  })
}

/** The few headers that the control plane reads; nothing else of a client comes further. */
function headersOf(exchange: HttpExchange): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of ['authorization', 'content-type', 'user-agent']) {
    const value = exchange.header(name)
    if (value !== undefined) headers[name] = value
  }
  return headers
}

/** Printable, and meant as it stands: a path that is normalised on the way could be another one to whoever looks at it next. */
const isPlainPath = (path: string): boolean =>
  /^\/[!-~]*$/.test(path) &&
  !/[#\\]|\/\/|\/(?:\.|%2e){1,2}(?:[/?]|$)/i.test(path.split('?', 1)[0] ?? '') &&
  !path.includes('#')

function mostBodyBytes(path: string): number {
  const plain = path.split('?', 1)[0]
  const route = ROUTES.find((one) => one.operation.rawBodyBytes !== null && `${ADMIN_PREFIX}${one.path}` === plain)
  return route?.operation.rawBodyBytes ?? MOST_BODY_BYTES
}

async function answerError(
  deps: AdminDependencies,
  refusals: Refusals,
  thrown: unknown,
  exchange: HttpExchange,
): Promise<void> {
  const error = toAdminError(thrown)
  const requestId = deps.newId()
  const authorization = exchange.header('authorization')
  const { method, path, remoteAddress } = exchange
  const userAgent = exchange.header('user-agent')
  await refusals.note({ method, path, requestId, remoteAddress, userAgent, authorization, caller: null }, error)
  if (error.code === 'internal') deps.onFailure(error.cause ?? thrown, requestId)
  if (exchange.headersSent) {
    exchange.destroy()
    return
  }
  const challenge = error.status === ADMIN_ERRORS.missing_credential.status ? ['www-authenticate', 'Bearer'] : []
  exchange.respond(
    error.status,
    [
      'content-type',
      'application/json; charset=utf-8',
      'cache-control',
      'no-store',
      'x-weighbridge-request-id',
      requestId,
      ...challenge,
    ],
    Buffer.from(JSON.stringify(errorBody(error))),
  )
}

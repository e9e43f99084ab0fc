// The web framework around the table of routes: authentication first, validation, one form of answer, nothing that is not in the table.

import { Readable } from 'node:stream'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { jsonSchemaTransform, serializerCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { TenantScope } from '../core/tenant.ts'
import { readJson } from './body.ts'
import { createAuthenticate, scopeOf, type Caller } from './caller.ts'
import type { AdminDependencies } from './dependencies.ts'
import { ADMIN_ERRORS, AdminError, errorBody, toAdminError } from './errors.ts'
import { Csv, Lines } from './operation.ts'
import { originOf, type Asked } from './origin.ts'
import type { Refusals } from './refusals.ts'
import { ADMIN_PREFIX, ROUTES, type Route } from './routes.ts'
import { createTurns, type Turns } from './turns.ts'
import { validatorOf } from './validation.ts'

export const MOST_BODY_BYTES = 1_048_576
const LONGEST_PATH_PARAMETER = 4_096

export type AdminServer = {
  readonly fastify: FastifyInstance
  /** what the framework has registered, as "GET /admin/v1/tenants/{tenant_id}" */
  readonly registered: readonly string[]
}

type Context = {
  readonly deps: AdminDependencies
  readonly turns: Turns
  readonly describeApi: () => Record<string, unknown>
  readonly refusals: Refusals
  readonly callers: WeakMap<FastifyRequest, Caller>
}

export async function createServer(deps: AdminDependencies, refusals: Refusals): Promise<AdminServer> {
  const callers: Context['callers'] = new WeakMap()
  const answerErrorOf = (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    answerError({ deps, refusals, callers }, error, request, reply)
  const fastify = Fastify({
    bodyLimit: MOST_BODY_BYTES,
    exposeHeadRoutes: false,
    logger: false,
    genReqId: () => deps.newId(),
    routerOptions: { maxParamLength: LONGEST_PATH_PARAMETER },
    frameworkErrors: (error, request, reply) => {
      void reply.headers(headersOf(request))
      void answerErrorOf(error, request, reply)
    },
  })
  const registered = watchRoutes(fastify)
  readBodies(fastify)
  fastify.setValidatorCompiler(({ schema }) => validatorOf(schema as unknown as z.ZodType))
  fastify.setSerializerCompiler(serializerCompiler)
  await describe(fastify)
  const describeApi = (): Record<string, unknown> => ({ ...fastify.swagger() })
  const context: Context = { deps, turns: createTurns(), describeApi, refusals, callers }
  const authenticate = createAuthenticate(deps.adminTokenHash)
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.headers(headersOf(request))
    callers.set(request, authenticate(request.headers.authorization))
  })
  fastify.setNotFoundHandler((request, reply) => answerErrorOf(new AdminError('unknown_route'), request, reply))
  fastify.setErrorHandler(answerErrorOf)
  await fastify.register(async (instance) => {
    for (const route of ROUTES) register(instance, context, route)
  })
  await fastify.ready()
  return { fastify, registered }
}

const headersOf = (request: FastifyRequest): Record<string, string> => ({
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-weighbridge-request-id': request.id,
})

async function answerError(
  { deps, refusals, callers }: Pick<Context, 'deps' | 'refusals' | 'callers'>,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const error = toAdminError(thrown)
  await refusals.note(askedOf(request, callers.get(request) ?? null), error)
  if (error.code === 'internal') deps.onFailure(error.cause ?? thrown, request.id)
  if (error.status === 401) void reply.header('www-authenticate', 'Bearer')
  return reply
    .code(error.status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(error)))
}

const askedOf = (request: FastifyRequest, caller: Caller | null): Asked => ({
  method: request.method,
  path: request.raw.url ?? '',
  requestId: request.id,
  remoteAddress: request.ip,
  userAgent: request.headers['user-agent'],
  authorization: request.headers.authorization,
  caller,
})

/** What is registered, however it came to be; a route that is not in the table stops the start. */
function watchRoutes(fastify: FastifyInstance): readonly string[] {
  const known = new Set(ROUTES.map(nameOf))
  const registered: string[] = []
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) {
      const name = `${one} ${url.replaceAll(/:(\w+)/g, '{$1}')}`
      if (!known.has(name)) throw new Error(`${name} is not in the table of routes`)
      registered.push(name)
    }
  })
  return registered
}

/** "GET /admin/v1/tenants/{tenant_id}" */
export const nameOf = ({ method, path }: Route): string => `${method} ${ADMIN_PREFIX}${path}`

function readBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = Buffer.from(body)
    try {
      done(null, takesBytes(request) ? bytes : readJson(bytes))
    } catch (thrown) {
      done(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
  })
}

const takesBytes = (request: FastifyRequest): boolean =>
  (request.routeOptions.config as { takesBytes?: boolean }).takesBytes === true

const errorReply = z.object({
  error: z.object({
    code: z.enum(Object.keys(ADMIN_ERRORS) as [string, ...string[]]),
    message: z.string(),
    field: z.string().optional(),
  }),
})

async function describe(fastify: FastifyInstance): Promise<void> {
  await fastify.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Weighbridge control plane', version: '1', description: DESCRIPTION },
      components: { securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } } },
      security: [{ adminToken: [] }],
    },
    transform: jsonSchemaTransform,
  })
}

const DESCRIPTION =
  'Money is a decimal string in USD, tokens are numbers, times are ISO 8601 UTC; null is unknown, never zero. Fields that are not listed are refused.'

function register(fastify: FastifyInstance, context: Context, route: Route): void {
  const { method, path, operation } = route
  const { body, rawBodyBytes, reply, status } = operation
  const { alsoAs } = operation
  const answers =
    alsoAs === null ? reply : { content: { 'application/json': { schema: reply }, [alsoAs]: { schema: z.string() } } }
  fastify.route({
    method,
    url: `${ADMIN_PREFIX}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    ...(rawBodyBytes === null ? {} : { bodyLimit: rawBodyBytes }),
    config: { takesBytes: rawBodyBytes !== null },
    schema: {
      summary: operation.words,
      tags: [path.split('/')[1] ?? ''],
      params: operation.params,
      querystring: operation.query,
      ...(body === null ? {} : { body }),
      response: { [status]: answers, default: errorReply },
    },
    onRequest: async (request) => {
      if (route.scope === 'admin' && scopeOfRequest(context, request).kind !== 'all') {
        throw new AdminError('outside_your_tenants')
      }
    },
    handler: async (request, answer) => {
      const result = await runInTurn(context, route, request)
      if (!(result instanceof Csv || result instanceof Lines)) return answer.code(status).send(result)
      void answer.header('content-disposition', `attachment; filename="${result.fileName}"`)
      return result instanceof Csv
        ? answer.type('text/csv; charset=utf-8; header=present').send(result.text)
        : answer.type('application/x-ndjson; charset=utf-8').send(Readable.from(result.text, { objectMode: false }))
    },
  })
}

function scopeOfRequest(context: Context, request: FastifyRequest): TenantScope {
  return (context.deps.scopeOf ?? scopeOf)(callerOf(context, request))
}

function callerOf({ callers }: Context, request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (caller === undefined) throw new Error('the request was not authenticated')
  return caller
}

/** Keys and plans belong to tenants, corrections to prices: such writes wait for one another. */
const TURN_OF: Readonly<Record<string, string>> = {
  plans: 'tenants',
  limits: 'tenants',
  rerate: 'prices',
  'alert-targets': 'alert-rules',
}

function runInTurn(context: Context, { method, path, operation }: Route, request: FastifyRequest): Promise<unknown> {
  const call = {
    deps: context.deps,
    scope: scopeOfRequest(context, request),
    describeApi: context.describeApi,
    params: request.params,
    query: request.query,
    body: request.body,
  }
  if (method === 'GET') return operation.run(call)
  const resource = path.split('/')[1] ?? ''
  // only here: whatever an operation changes, it changes in the name of its request
  const origin = originOf(askedOf(request, callerOf(context, request)))
  const deps = { ...context.deps, ...context.deps.changesBy(origin) }
  return context.turns(TURN_OF[resource] ?? resource, () => operation.run({ ...call, deps }))
}

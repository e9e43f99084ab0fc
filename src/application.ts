// Who answers which path of the one port: the control plane, the operations routes, else the data plane.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Admin } from './admin/index.ts'
import type { Cors } from './gateway/cors.ts'
import { FACADE_DESCRIPTION } from './gateway/facade-description.ts'
import type { FacadeOperations } from './gateway/facade-operations.ts'
import type { Pipeline } from './gateway/pipeline.ts'
import type { HttpExchange } from './http/exchange.ts'
import type { Metrics } from './metrics.ts'

export type Application = {
  /** Never rejects. */
  handle(exchange: HttpExchange): Promise<void>
}

export type ApplicationDependencies = {
  readonly admin: Admin
  readonly pipeline: Pipeline
  readonly cors: Cors
  readonly facadeOperations: FacadeOperations
  readonly metrics: Metrics
  readonly adminTokenHash: string
  /** null: ready; else one sentence that says what is missing */
  readonly notReady: () => Promise<string | null>
  /** what the last look at the file of routers found */
  readonly routers: () => RoutersState
  readonly onFailure: (thrown: unknown) => void
}

/** Anybody may ask: no path, and no words of what is wrong with the file. */
export type RoutersState = {
  /** null: there is none */
  readonly file: string | null
  readonly checksum: string
  readonly loadedAt: number
  readonly problems: readonly string[]
}

const ADMIN_PREFIX = '/admin/'
const OPERATIONS: Readonly<
  Record<string, (dependencies: ApplicationDependencies, exchange: HttpExchange) => Promise<void>>
> = {
  '/healthz': answerHello,
  '/openapi.json': answerDescription,
  '/readyz': answerReady,
  '/metrics': answerMetrics,
  '/api/hello': answerHello,
  '/anthropic/api/hello': answerHello,
}

export function createApplication(dependencies: ApplicationDependencies): Application {
  const { cors } = dependencies
  return {
    handle(asked) {
      if (asked.path.startsWith(ADMIN_PREFIX)) {
        return guarded(dependencies, asked, () => dependencies.admin.handle(asked))
      }
      if (cors.answersPreflight(asked)) return Promise.resolve()
      const exchange = cors.readable(asked)
      const operation = operationOf(exchange)
      if (operation !== undefined) return guarded(dependencies, exchange, () => operation(dependencies, exchange))
      const facade = dependencies.facadeOperations.match(exchange)
      return facade === null ? dependencies.pipeline.handle(exchange) : guarded(dependencies, exchange, facade)
    },
  }
}

async function guarded(
  dependencies: ApplicationDependencies,
  exchange: HttpExchange,
  answer: () => Promise<void>,
): Promise<void> {
  try {
    await answer()
  } catch (thrown) {
    dependencies.onFailure(thrown)
    if (exchange.headersSent) exchange.destroy()
    else respondJson(exchange, 500, { message: 'The gateway failed.' })
  }
}

function operationOf(exchange: HttpExchange) {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return undefined
  const path = exchange.path.split('?', 1)[0] ?? ''
  return Object.hasOwn(OPERATIONS, path) ? OPERATIONS[path] : undefined
}

/** Claude Code asks a base address for /api/hello before its first call, to learn whether anybody is there. */
async function answerHello(_dependencies: ApplicationDependencies, exchange: HttpExchange): Promise<void> {
  respondJson(exchange, 200, { status: 'ok' })
}

/** What may be known by anybody; the control plane describes itself to who has its token. */
async function answerDescription(_dependencies: ApplicationDependencies, exchange: HttpExchange): Promise<void> {
  respondJson(exchange, 200, FACADE_DESCRIPTION)
}

async function answerReady(dependencies: ApplicationDependencies, exchange: HttpExchange): Promise<void> {
  const reason = await dependencies.notReady()
  const routers = routersJson(dependencies.routers())
  if (reason === null) respondJson(exchange, 200, { status: 'ready', ...routers })
  else respondJson(exchange, 503, { status: 'not ready', reason, ...routers })
}

function routersJson({ file, checksum, loadedAt, problems }: RoutersState): object {
  if (file === null) return {}
  return { routers: { checksum, loaded_at: new Date(loadedAt).toISOString(), problems: problems.length } }
}

async function answerMetrics(dependencies: ApplicationDependencies, exchange: HttpExchange): Promise<void> {
  const token = /^Bearer +(\S+)$/i.exec(exchange.header('authorization') ?? '')?.[1] ?? ''
  const given = createHash('sha256').update(token).digest()
  if (!timingSafeEqual(given, Buffer.from(dependencies.adminTokenHash, 'hex'))) {
    respondJson(exchange, 401, { message: 'Metrics need the admin token: "Authorization: Bearer <admin token>".' })
    return
  }
  const text = await dependencies.metrics.text()
  exchange.respond(200, ['content-type', 'text/plain; version=0.0.4; charset=utf-8'], Buffer.from(text))
}

function respondJson(exchange: HttpExchange, status: number, body: unknown): void {
  exchange.respond(
    status,
    ['content-type', 'application/json', 'cache-control', 'no-store'],
    Buffer.from(JSON.stringify(body)),
  )
}

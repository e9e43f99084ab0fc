// Refusals and failures of path routers: a JSON object with "error", in the words that clients of the sample gateway know where it had any.

import { ERRORS, GatewayError, type ErrorCode } from '../../../core/errors.ts'
import type { RenderedAnswer } from '../surface.ts'

/** A header of the request is not what the router asks for. */
export class HeaderRefused extends GatewayError {
  constructor(name: string, what: 'missing' | 'values missing' | 'values invalid') {
    super('invalid_credential', { message: `unauthorized header:'${canonical(name)}' ${what}` })
  }
}

/** As HTTP headers are usually written: Content-Type. */
const canonical = (name: string): string => name.replaceAll(/(^|-)([a-z])/g, (letter) => letter.toUpperCase())

/** Where the other dialects say otherwise: who is not known is 401 here, and what is used up is 429. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  missing_credential: 401,
  invalid_credential: 401,
  invalid_signature: 401,
  budget_exceeded: 429,
}

const UPSTREAM_FAILURES: ReadonlySet<ErrorCode> = new Set([
  'upstream_unreachable',
  'upstream_timeout',
  'upstream_failed',
])

export function renderRouterError(error: GatewayError, routerPath: string): RenderedAnswer {
  const status = STATUSES[error.code] ?? ERRORS[error.code].status
  if (error instanceof HeaderRefused) return rendered(status, 'text/plain; charset=utf-8', { error: error.message })
  const retry = error.retryAfterSeconds === null ? [] : ['retry-after', String(error.retryAfterSeconds)]
  const answer = rendered(status, 'application/json', contentOf(error, routerPath))
  return { ...answer, headers: [...answer.headers, ...retry] }
}

function contentOf({ code, message }: GatewayError, routerPath: string): object {
  if (UPSTREAM_FAILURES.has(code)) return { error: 'failure making request', reason: message }
  if (code === 'internal') return { error: 'internal server error', reason: message }
  if (code !== 'rate_limited' && code !== 'budget_exceeded') return { error: message }
  return { Error: 'Consumption Cap Exceeded. Try again later', Path: routerPath, error: message }
}

const rendered = (status: number, type: string, content: object): RenderedAnswer => ({
  status,
  headers: ['content-type', type, 'cache-control', 'no-store'],
  body: Buffer.from(JSON.stringify(content)),
})

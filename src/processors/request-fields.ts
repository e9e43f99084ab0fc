// The request's side of a call as fields, and what of the fields that processors wrote goes on.

import { GatewayError } from '../core/errors.ts'
import { CONTROL_FIELD, type CallFields } from '../core/processor.ts'
import type { Router, RouterCall, RouterDecision, RouterRequest } from '../core/router.ts'
import { flatHeaders, headerLists, type HeaderLists } from './headers.ts'
import { bodyOf } from './payload.ts'
import type { Plan } from './plan.ts'

type Parameter = { readonly name: string; readonly details: readonly string[] }

export function ingressFields(call: RouterCall, request: RouterRequest, payload: unknown): CallFields {
  const parameters = parametersOf(call.query)
  return {
    gl_path: call.router.path,
    ingress_headers: headerLists(call.headers, [call.router]),
    ingress_subpath: call.subpath,
    ingress_query_parameters: parameters,
    ingress_payload: payload,
    outbound_headers: headerLists(request.headers, [call.router]),
    outbound_subpath: request.subpath,
    outbound_query_parameters: parameters,
    outbound_payload: payload,
  }
}

/** What no processor has touched goes on as the bytes that came. */
export function decisionOf(
  before: CallFields,
  after: CallFields,
  request: RouterRequest,
  plan: Pick<Plan, 'routerAt'>,
): RouterDecision {
  if (Object.hasOwn(after, CONTROL_FIELD)) return { kind: 'answer', answer: controlAnswer(after) }
  const router = routerFor(after, request, plan)
  const changed = (name: string): boolean => before[name] !== after[name]
  return {
    kind: 'send',
    request: {
      router,
      subpath: changed('outbound_subpath') ? (after['outbound_subpath'] as string) : request.subpath,
      query: changed('outbound_query_parameters')
        ? queryOf(after['outbound_query_parameters'] as readonly Parameter[])
        : request.query,
      headers: changed('outbound_headers')
        ? flatHeaders(after['outbound_headers'] as HeaderLists, request.headers, request.router.maskedHeaders)
        : request.headers,
      body: changed('outbound_payload') ? bodyOf(after['outbound_payload']) : request.body,
    },
  }
}

function routerFor({ gl_path: path }: CallFields, request: RouterRequest, plan: Pick<Plan, 'routerAt'>): Router {
  if (path === request.router.path) return request.router
  const router = plan.routerAt(String(path))
  if (router !== undefined) return router
  const message = `A processor sent the call to the router "${String(path).slice(0, 64)}", which there is not.`
  throw new GatewayError('internal', { message })
}

function controlAnswer(fields: CallFields) {
  const headers = (fields['control_headers'] ?? {}) as HeaderLists
  const flat = flatHeaders(headers, [], new Set())
  const isTyped = flat.some((name, index) => index % 2 === 0 && name === 'content-type')
  return {
    status: (fields['control_status'] as number | undefined) ?? 200,
    headers: isTyped ? flat : ['content-type', 'application/json', ...flat],
    body: Buffer.from(JSON.stringify(fields[CONTROL_FIELD])),
  }
}

/** Names and values as they are meant, in their order; all values of a name together. */
function parametersOf(query: string): readonly Parameter[] {
  const byName = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(query)) byName.set(name, [...(byName.get(name) ?? []), value])
  return [...byName].map(([name, details]) => ({ name, details }))
}

/** As RFC 3986 and signatures have it: a space is %20. */
const queryOf = (parameters: readonly Parameter[]): string =>
  parameters.flatMap(({ name, details }) => details.map((value) => `${encoded(name)}=${encoded(value)}`)).join('&')

const encoded = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )

// Who asks for a change, from where and for what, as the audit trail keeps it: nothing in it is longer, or more, than it must be.

import type { AuditOrigin, AuditResource } from '../core/audit.ts'
import type { Caller } from './caller.ts'
import { ADMIN_PREFIX, ROUTES, type Route } from './routes.ts'

export type Asked = {
  readonly method: string
  /** raw, with the query */
  readonly path: string
  readonly requestId: string
  readonly remoteAddress: string
  readonly userAgent: string | undefined
  readonly authorization: string | undefined
  /** null: the credential was not accepted, or nobody has looked yet */
  readonly caller: Caller | null
}

/** What a refused change was about; null where the path does not say. */
export type Target = {
  readonly resource: AuditResource | null
  readonly resourceId: string | null
  readonly tenantId: string | null
}

const LONGEST_USER_AGENT = 200
const LONGEST_ADDRESS = 64

export const isChange = (method: string): boolean => !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method)

export const originOf = (asked: Asked): AuditOrigin => ({
  actor: asked.caller === null ? claimedActor(asked.authorization) : actorOf(asked.caller),
  remoteAddress: asked.remoteAddress === '' ? null : asked.remoteAddress.slice(0, LONGEST_ADDRESS),
  userAgent: asked.userAgent === undefined || asked.userAgent === '' ? null : plain(asked.userAgent),
  requestId: asked.requestId,
  action: actionOf(asked),
})

function actorOf(caller: Caller): AuditOrigin['actor'] {
  switch (caller.kind) {
    case 'operator':
      return { kind: 'admin_token', id: caller.tokenId }
  }
}

/** The id part of an API key is no secret; the rest of the credential never gets here. */
function claimedActor(authorization: string | undefined): AuditOrigin['actor'] {
  const keyId = /^Bearer +wb_([a-z0-9]{12})_/i.exec(authorization ?? '')?.[1]
  return keyId === undefined ? { kind: 'unknown', id: null } : { kind: 'claimed_key', id: keyId }
}

const plain = (text: string): string => text.slice(0, LONGEST_USER_AGENT).replaceAll(/[^ -~]/g, '?')

/** The route as the table names it, never the path itself: anything may have been typed into that. */
function actionOf({ method, path }: Asked): string {
  const known = METHODS.includes(method) ? method : 'OTHER'
  const found = routeFor(path)
  return `${known} ${found === null ? '(no such path)' : `${ADMIN_PREFIX}${found.route.path}`}`
}

const METHODS: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET']

const RESOURCES: Readonly<Record<string, AuditResource>> = {
  tenants: 'tenant',
  limits: 'tenant',
  keys: 'api_key',
  plans: 'plan',
  aliases: 'alias',
  endpoints: 'endpoint',
  prices: 'price_version',
  rerate: 'ledger',
  rollups: 'rollups',
  counters: 'counters',
  'close-day': 'closed_day',
  'alert-rules': 'alert_rule',
  'alert-targets': 'alert_target',
  'alert-tests': 'alert_target',
}

export function targetOf(path: string): Target {
  const found = routeFor(path)
  if (found === null) return { resource: null, resourceId: null, tenantId: null }
  const { tenant_id: tenantId = null, ...things } = found.parameters
  const words = found.route.path.split('/').filter((word) => Object.hasOwn(RESOURCES, word))
  return { resource: RESOURCES[words.at(-1) ?? ''] ?? null, resourceId: Object.values(things)[0] ?? tenantId, tenantId }
}

type FoundRoute = { readonly route: Route; readonly parameters: Readonly<Record<string, string>> }

function routeFor(path: string): FoundRoute | null {
  const segments = (path.split('?', 1)[0] ?? '').slice(ADMIN_PREFIX.length).split('/')
  if (!path.startsWith(`${ADMIN_PREFIX}/`)) return null
  for (const route of ROUTES) {
    const parameters = match(route.path.split('/'), segments)
    if (parameters !== null) return { route, parameters }
  }
  return null
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  if (pattern.length !== segments.length) return null
  const parameters: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const given = segments[index] ?? ''
    if (!part.startsWith('{')) {
      if (part !== given) return null
    } else if (isId(given)) parameters[part.slice(1, -1)] = given
  }
  return parameters
}

/** Looks like the id of something, and not like a credential that was put into the wrong place. */
const isId = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text) && !/^(?:wba?_|WBAK)/i.test(text)

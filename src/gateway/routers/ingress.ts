// What must be true of a request before a path router takes it: its path, its headers, and whom it is charged to.

import { hash, timingSafeEqual } from 'node:crypto'
import type { Directory, Member } from '../../core/directory.ts'
import { GatewayError } from '../../core/errors.ts'
import { routerLimit } from '../../core/limit.ts'
import type { HeaderRule, Router } from '../../core/router.ts'
import type { ApiKey } from '../../core/tenant.ts'
import { HeaderRefused } from '../surfaces/router/errors.ts'

/** Throws HeaderRefused for the first rule that the headers (flat) do not keep. */
export function checkHeaders(rules: readonly HeaderRule[], headers: readonly string[]): void {
  for (const rule of rules) {
    const lines = linesOf(headers, rule.name)
    if (lines.length === 0) throw new HeaderRefused(rule.name, 'missing')
    if (lines.every((line) => line === '')) throw new HeaderRefused(rule.name, 'values missing')
    if (!lines.every((line) => isAllowed(rule, line))) throw new HeaderRefused(rule.name, 'values invalid')
  }
}

export const linesOf = (headers: readonly string[], name: string): readonly string[] =>
  headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === name)

function isAllowed({ values, pattern }: HeaderRule, line: string): boolean {
  if (pattern !== null) return pattern.matches(line)
  return values === null || values.some((value) => equalInConstantTime(value, line))
}

/** What is compared may be a secret. */
const equalInConstantTime = (left: string, right: string): boolean =>
  timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'))

const ENCODED = /%(?:2e|2f|5c|00)/gi
const DECODED: Readonly<Record<string, string>> = { '%2e': '.', '%2f': '/', '%5c': '\\', '%00': '\0' }

/**
 * Paths go upstream as they came, so what could lead out of the configured address there is refused here: segments of dots, in every
 * spelling that some server takes for them.
 */
export function checkSubpath(subpath: string): void {
  const plain = subpath.replaceAll(ENCODED, (code) => DECODED[code.toLowerCase()] ?? code)
  if (plain.includes('\0')) throw refusedPath('holds an encoded NUL')
  const climbs = plain.split(/[/\\]/).some((segment) => /^\.{1,2}(?:;|$)/.test(segment))
  if (climbs) throw refusedPath('has a segment of dots, which could lead out of what this router is for')
}

const refusedPath = (why: string): GatewayError =>
  new GatewayError('invalid_request', { message: `The path behind the router's ${why}.` })

/** A request that its client has signed for the upstream: in the Authorization header, or in the query. */
export function checkPresigned(headers: readonly string[], query: string): void {
  const [authorization] = linesOf(headers, 'authorization')
  const isSigned = authorization?.startsWith('AWS4-') ?? /(?:^|&)X-Amz-Signature=[0-9a-f]{64}(?:&|$)/i.test(query)
  if (!isSigned) throw new HeaderRefused('authorization', authorization === undefined ? 'missing' : 'values invalid')
}

/** The member that stands for a router which charges a tenant that it names. */
export function memberOfRouter(directory: Directory, router: Router, tenantId: string): Member {
  const member = directory.memberOf(keyOf(router.name, tenantId))
  if (member === null)
    throw new GatewayError('may_not_act_for', {
      message: `The router "${router.name}" charges the tenant "${tenantId}", which there is not.`,
    })
  if (member.disabledBy !== null)
    throw new GatewayError('tenant_disabled', { message: `The tenant "${member.disabledBy}" is disabled.` })
  return member
}

const keyOf = (name: string, tenantId: string): ApiKey => ({
  id: `router:${name}`,
  tenantId,
  name,
  // no API key has an empty hash, so that nothing can be presented that equals it
  secretHash: '',
  accessKeyId: '',
  mayActFor: [],
  createdAt: new Date(0).toISOString(),
  expiresAt: null,
  revokedAt: null,
  replacedBy: null,
  limits: [],
})

/** Throws where the router is not for this tenant or those above it. */
export function checkTenant({ tenantIds, name }: Router, member: Member): void {
  if (tenantIds === null || member.tenantIds.some((id) => tenantIds.includes(id))) return
  throw new GatewayError('model_not_allowed', {
    message: `The tenant "${member.principal.tenant.id}" may not use the router "${name}".`,
  })
}

/**
 * The member as admission sees it behind this router: its limits and the router's own. Bodies pass untouched, so no output cap is written
 * into them. Worked out once for each, which lets the counters find their slots by the list.
 */
export function createMemberships(): (member: Member, router: Router) => Member {
  const known = new WeakMap<Member, Map<Router, Member>>()
  return (member, router) => {
    const ofMember = known.get(member) ?? new Map<Router, Member>()
    known.set(member, ofMember)
    const made = ofMember.get(router) ?? behind(member, router)
    // routers of configurations that were replaced
    if (ofMember.size > MOST_ROUTERS) ofMember.clear()
    ofMember.set(router, made)
    return made
  }
}

const MOST_ROUTERS = 1_000

function behind(member: Member, router: Router): Member {
  const own = router.limits.map((limit) => routerLimit(limit, router.name))
  const limits = own.length === 0 ? member.limits : [...own, ...member.limits]
  const hasHardBudget = member.hasHardBudget || own.some(({ limit }) => limit.kind === 'cost' && limit.mode === 'hard')
  return { ...member, limits, hasHardBudget, budgeting: { ...member.budgeting, capOutput: false } }
}

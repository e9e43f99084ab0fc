// The check of the setting that names OpenID issuers: which tokens are taken, and what their claims mean.

import type { Check } from './config-checks.ts'
import { ROLES, type Issuer, type Role } from './core/identity.ts'
import { TENANT_ID_PATTERN } from './core/tenant.ts'

const MEMBERS = new Set(['issuer', 'audience', 'jwks_url', 'tenant_claim', 'tenants', 'groups_claim', 'roles'])
const ALIAS = /^[a-z0-9][a-z0-9-]{0,31}$/
const LONGEST_TEXT = 512
const MOST_PAIRS = 10_000

export function issuers(most: number): Check<readonly Issuer[]> {
  return (text) => {
    const named = Object.entries(jsonObject(text))
    if (named.length > most) throw new RangeError(`holds more than ${most} issuers`)
    const found = named.map(([alias, value]) => issuerFrom(alias, value))
    if (new Set(found.map(({ issuer }) => issuer)).size < found.length)
      throw new RangeError('names the same issuer twice')
    return Object.freeze(found)
  }
}

function jsonObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // the sentence below says it
  }
  throw new RangeError('must be a JSON object from short names to issuers')
}

function issuerFrom(alias: string, value: unknown): Issuer {
  if (!ALIAS.test(alias))
    throw new RangeError('must name issuers by 1 to 32 small letters, digits and "-", as they stand in ledger entries')
  const wrong = (words: string): RangeError => new RangeError(`is wrong at "${alias}": ${words}`)
  if (!isObject(value)) throw wrong('must be an object')
  const members = value as Record<string, unknown>
  const unknown = Object.keys(members).find((name) => !MEMBERS.has(name))
  if (unknown !== undefined) throw wrong(`"${unknown.slice(0, 80)}" is not a member of an issuer`)
  const text = (name: string, fallback?: string): string => {
    const found = members[name] ?? fallback
    if (!isText(found)) throw wrong(`${name} must be a text of 1 to ${LONGEST_TEXT} characters`)
    return found
  }
  const audience = Array.isArray(members['audience']) ? members['audience'] : [members['audience']]
  if (audience.length === 0 || !audience.every(isText)) throw wrong('audience must be a text or a list of texts')
  return {
    alias,
    issuer: webUrl(text('issuer'), () => wrong(URL_WORDS('issuer'))),
    audiences: audience,
    jwksUrl: members['jwks_url'] === undefined ? null : webUrl(text('jwks_url'), () => wrong(URL_WORDS('jwks_url'))),
    tenantClaim: text('tenant_claim'),
    tenants: pairs(
      members['tenants'],
      (id) => isText(id) && TENANT_ID_PATTERN.test(id),
      () => wrong('tenants must be an object from values of the claim to tenant ids'),
    ) as Record<string, string> | null,
    groupsClaim: text('groups_claim', 'groups'),
    roles: pairs(
      members['roles'],
      (role) => ROLES.includes(role as Role),
      () => wrong(`roles must be an object from groups to ${ROLES.join(' or ')}`),
    ) as Record<string, Role> | null,
  }
}

const URL_WORDS = (name: string): string => `${name} must be an https URL, or http to a loopback address`
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** Tokens are only as good as the way that their keys come. */
function webUrl(text: string, wrong: () => RangeError): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const safe = url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname)))
  if (!safe || url.username !== '' || url.password !== '' || url.hash !== '') throw wrong()
  return text
}

function pairs(value: unknown, check: (value: unknown) => boolean, wrong: () => RangeError): object | null {
  if (value === undefined) return null
  if (!isObject(value)) throw wrong()
  const entries: [string, unknown][] = Object.entries(value)
  if (entries.length > MOST_PAIRS || !entries.every(([name, item]) => isText(name) && check(item))) throw wrong()
  return Object.freeze(Object.fromEntries(entries))
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT

// Who a token of a configured OpenID issuer speaks for: which of its claims count, decided purely; the port that checks tokens.

import { GatewayError } from './errors.ts'
import { TENANT_ID_PATTERN, type ApiKey } from './tenant.ts'

export const ROLES = ['member', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** An OpenID issuer whose tokens are taken, and what its claims mean here. */
export type Issuer = {
  /** its short name in ledger entries */
  readonly alias: string
  /** exactly as tokens say it in `iss` */
  readonly issuer: string
  readonly audiences: readonly string[]
  /** null: found in the issuer's discovery document */
  readonly jwksUrl: string | null
  readonly tenantClaim: string
  /** claim value → tenant id; null: the value is the tenant id */
  readonly tenants: Readonly<Record<string, string>> | null
  readonly groupsClaim: string
  /** group → role, a token in none of them is refused; null: every token is a member's */
  readonly roles: Readonly<Record<string, Role>> | null
}

/** What a verified token stands for. `key` is what entries and limits see in the place of an API key. */
export type Identity = { readonly key: ApiKey; readonly role: Role }

export interface TokenVerifier {
  /** At once for a token that was verified lately. Throws or rejects with GatewayError: invalid_credential, may_not_act_for, overloaded. */
  verify(token: string): Identity | Promise<Identity>
}

export type Claims = Readonly<Record<string, unknown>>

/** For claims whose signature, issuer and times were checked. `subjectHash` stands for `sub`: no person's name enters the ledger. */
export function identityOf(
  issuer: Issuer,
  claims: Claims,
  token: { readonly subjectHash: string; readonly startsAt: number; readonly endsAt: number },
): Identity {
  checkAudience(issuer, claims)
  const tenantId = tenantOf(issuer, claims)
  const role = roleOf(issuer, claims)
  return {
    role,
    key: {
      id: `jwt:${issuer.alias}:${token.subjectHash}`,
      tenantId,
      name: issuer.alias,
      // no API key has an empty hash, so that nothing can be presented that equals it
      secretHash: '',
      accessKeyId: '',
      mayActFor: [],
      createdAt: new Date(token.startsAt).toISOString(),
      expiresAt: new Date(token.endsAt).toISOString(),
      revokedAt: null,
      replacedBy: null,
      limits: [],
    },
  }
}

/** Cognito's access tokens have no `aud`; they name their client in `client_id`. */
function checkAudience(issuer: Issuer, claims: Claims): void {
  const named = claims['aud'] === undefined ? textsOf(claims['client_id']) : textsOf(claims['aud'])
  if (!named.some((audience) => issuer.audiences.includes(audience)))
    throw new GatewayError('invalid_credential', { message: 'The token was issued for another audience.' })
}

function tenantOf(issuer: Issuer, claims: Claims): string {
  const named = new Set(textsOf(claims[issuer.tenantClaim]).flatMap((value) => tenantNamed(issuer, value)))
  const [tenantId] = named
  if (tenantId !== undefined && named.size === 1) return tenantId
  const found = named.size === 0 ? 'no tenant' : 'more than one tenant'
  throw new GatewayError('may_not_act_for', {
    message: `The token is valid, but its claim "${issuer.tenantClaim}" names ${found} of this gateway.`,
  })
}

function tenantNamed({ tenants }: Issuer, value: string): string[] {
  if (tenants === null) return TENANT_ID_PATTERN.test(value) ? [value] : []
  const tenantId = Object.hasOwn(tenants, value) ? tenants[value] : undefined
  return tenantId === undefined ? [] : [tenantId]
}

/** The highest role of all groups of the token. */
function roleOf({ roles, groupsClaim }: Issuer, claims: Claims): Role {
  if (roles === null) return 'member'
  const held = textsOf(claims[groupsClaim]).flatMap((group) => (Object.hasOwn(roles, group) ? [roles[group]] : []))
  if (held.includes('admin')) return 'admin'
  if (held.includes('member')) return 'member'
  throw new GatewayError('may_not_act_for', {
    message: `The token is valid, but none of its groups (claim "${groupsClaim}") has a role at this gateway.`,
  })
}

function textsOf(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((item) => typeof item === 'string')
}

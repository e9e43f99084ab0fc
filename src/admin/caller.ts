// Who calls the control plane, and which tenants that caller may see: decided here and nowhere else.

import { createHash, timingSafeEqual } from 'node:crypto'
import { ALL_TENANTS, type TenantScope } from '../core/tenant.ts'
import { AdminError } from './errors.ts'

/** Holders of the admin token; the token id tells one token from another and opens nothing. Callers who see only some tenants will be further members. */
export type Caller = { readonly kind: 'operator'; readonly tokenId: string }

const BEARER = /^Bearer +(\S{1,512})$/i
const TENANT_KEY_PREFIX = 'wb_'
/** of the hex hash: enough to tell tokens apart, useless for finding one */
const TOKEN_ID_LENGTH = 8

/** Throws AdminError for everyone who is not known. */
export function createAuthenticate(adminTokenHash: string): (authorization: string | undefined) => Caller {
  const expected = Buffer.from(adminTokenHash, 'hex')
  const tokenId = adminTokenHash.slice(0, TOKEN_ID_LENGTH)
  if (expected.length !== 32) throw new RangeError('the admin token hash is not a hex SHA-256')
  return (authorization) => {
    if (authorization === undefined) throw new AdminError('missing_credential')
    const token = BEARER.exec(authorization)?.[1] ?? ''
    // Hashed first, so that the comparison takes the same time whatever the length and the common prefix.
    if (timingSafeEqual(createHash('sha256').update(token).digest(), expected)) return { kind: 'operator', tokenId }
    throw new AdminError(token.startsWith(TENANT_KEY_PREFIX) ? 'not_an_admin' : 'invalid_credential')
  }
}

export function scopeOf(caller: Caller): TenantScope {
  switch (caller.kind) {
    case 'operator':
      return ALL_TENANTS
  }
}

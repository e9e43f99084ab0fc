// Tenants, their API keys and who a request is once known; the port through which they are kept.

import type { AccessPolicy } from './access.ts'
import type { Limit, LimitAdjustment } from './limit.ts'

export const TENANT_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export type TenantStatus = 'active' | 'disabled'

/** A node of the customer tree: organisation, department, team, project, user. */
export type Tenant = {
  readonly id: string
  readonly name: string
  readonly parentId: string | null
  readonly planId: string | null
  readonly attributes: Readonly<Record<string, string>>
  readonly status: TenantStatus
  /** globs; null: what the plan says. A tenant with neither is closed. */
  readonly allowedModels: readonly string[] | null
  readonly access: AccessPolicy
  readonly limits: readonly Limit[]
  /** what was added to limits of its plan, for it alone, by their ids */
  readonly planAdjustments: Readonly<Record<string, readonly LimitAdjustment[]>>
  readonly createdAt: string
}

/** An API key without its secrets. `secretHash` is the hex SHA-256 of the whole bearer key. */
export type ApiKey = {
  readonly id: string
  readonly tenantId: string
  readonly name: string
  readonly secretHash: string
  readonly accessKeyId: string
  readonly mayActFor: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string | null
  /** when it stops working: set by revoke (now) and rotate (now + grace) */
  readonly revokedAt: string | null
  readonly replacedBy: string | null
  /** of this key alone; a key that replaces it goes on with them and with what was counted */
  readonly limits: readonly Limit[]
}

/** Who a request is, once its credential was checked. */
export type Principal = {
  readonly tenant: Tenant
  readonly key: ApiKey
  /** the tenant first, then its parent, up to the root */
  readonly chain: readonly Tenant[]
}

/** Which tenants a control-plane caller may read; every store method takes one. */
export type TenantScope = { readonly kind: 'all' } | { readonly kind: 'tenants'; readonly tenantIds: readonly string[] }

export const ALL_TENANTS: TenantScope = { kind: 'all' }

export const inScope = (scope: TenantScope, tenantId: string): boolean =>
  scope.kind === 'all' || scope.tenantIds.includes(tenantId)

/** Thrown by a store when a write cannot be done; `field` names what is wrong. */
export class StoreConflict extends Error {
  readonly field: string
  constructor(field: string, message: string) {
    super(message)
    this.name = 'StoreConflict'
    this.field = field
  }
}

export interface TenantStore {
  /** Creates; StoreConflict when the id exists, the parent is unknown or the tree would loop or grow deeper than 16. */
  createTenant(tenant: Tenant): Promise<void>
  /** Replaces all but id and createdAt; StoreConflict as above; false when there is none in scope. */
  updateTenant(scope: TenantScope, tenant: Tenant): Promise<boolean>
  getTenant(scope: TenantScope, tenantId: string): Promise<Tenant | null>
  /** Sorted by id. */
  listTenants(scope: TenantScope, page: { afterId: string | null; limit: number }): Promise<readonly Tenant[]>
  createKey(key: ApiKey): Promise<void>
  updateKey(scope: TenantScope, key: ApiKey): Promise<boolean>
  /** As updateKey for `ended` and createKey for `successor`: both or neither. */
  replaceKey(scope: TenantScope, ended: ApiKey, successor: ApiKey): Promise<boolean>
  getKey(scope: TenantScope, keyId: string): Promise<ApiKey | null>
  listKeys(scope: TenantScope, tenantId: string): Promise<readonly ApiKey[]>
  /** Everything, for the data plane's snapshot. */
  everyTenant(): Promise<readonly Tenant[]>
  everyKey(): Promise<readonly ApiKey[]>
}

// Tenants and their API keys in SQL; the tree stays a tree, at most 16 deep.

import type { Kysely, Selectable, Transaction } from 'kysely'
import type { AuditFact } from '../../core/audit.ts'
import { keyChange, tenantChange } from '../../core/audited.ts'
import { inScope, StoreConflict } from '../../core/tenant.ts'
import { accessFromJson, accessToJson } from './access.ts'
import type { ApiKey, Tenant, TenantScope, TenantStatus, TenantStore } from '../../core/tenant.ts'
import { changing, type Writer } from './changes.ts'
import { adjustmentsFromJson, adjustmentsToJson, limitsFromJson, limitsToJson } from './limits.ts'
import type { Schema } from './schema.ts'

const MAX_DEPTH = 16

type KeyMethods = Pick<TenantStore, 'createKey' | 'updateKey' | 'replaceKey' | 'getKey' | 'listKeys' | 'everyKey'>

export const createTenantStore = (writer: Writer): TenantStore => ({
  ...tenantMethods(writer),
  ...keyMethods(writer),
})

function tenantMethods(writer: Writer): Omit<TenantStore, keyof KeyMethods> {
  const { database } = writer
  return {
    async createTenant(tenant) {
      await changing(writer, async (transaction) => {
        if ((await findTenant(transaction, tenant.id)) !== undefined) {
          throw new StoreConflict('id', `there is a tenant ${tenant.id} already`)
        }
        await checkPlan(transaction, tenant.planId)
        await checkPlace(transaction, tenant)
        await transaction.insertInto('tenants').values(rowFromTenant(tenant)).execute()
        return { result: undefined, facts: [tenantChange(null, tenant)] }
      })
    },
    updateTenant: (scope, tenant) =>
      changing(writer, async (transaction) => {
        const before = inScope(scope, tenant.id) ? await findTenant(transaction, tenant.id) : undefined
        if (before === undefined) return NOT_FOUND
        await checkPlan(transaction, tenant.planId)
        if (before.parent_id !== tenant.parentId) {
          if (tenant.parentId !== null && !inScope(scope, tenant.parentId)) throw unknownParent(tenant.parentId)
          await checkPlace(transaction, tenant)
        }
        const { id: _, created_at: __, ...changes } = rowFromTenant(tenant)
        await transaction.updateTable('tenants').set(changes).where('id', '=', tenant.id).execute()
        const after = { ...tenant, createdAt: before.created_at }
        return { result: true, facts: [tenantChange(tenantFromRow(before), after)] }
      }),
    async getTenant(scope, tenantId) {
      if (!inScope(scope, tenantId)) return null
      const row = await findTenant(database, tenantId)
      return row === undefined ? null : tenantFromRow(row)
    },
    async listTenants(scope, page) {
      const rows = await database
        .selectFrom('tenants')
        .selectAll()
        .$if(scope.kind === 'tenants', (query) =>
          query.where('id', 'in', scope.kind === 'tenants' ? [...scope.tenantIds] : []),
        )
        .$if(page.afterId !== null, (query) => query.where('id', '>', page.afterId))
        .orderBy('id')
        .limit(page.limit)
        .execute()
      return rows.map(tenantFromRow)
    },
    async everyTenant() {
      return (await database.selectFrom('tenants').selectAll().orderBy('id').execute()).map(tenantFromRow)
    },
  }
}

function keyMethods(writer: Writer): KeyMethods {
  const { database } = writer
  return {
    async createKey(key) {
      await changing(writer, async (transaction) => ({
        result: undefined,
        facts: [await insertKey(transaction, key)],
      }))
    },
    updateKey: (scope, key) =>
      changing(writer, async (transaction) => {
        const fact = await replaceContent(transaction, scope, key)
        return fact === null ? NOT_FOUND : { result: true, facts: [fact] }
      }),
    replaceKey: (scope, ended, successor) =>
      changing(writer, async (transaction) => {
        const end = await replaceContent(transaction, scope, ended)
        if (end === null) return NOT_FOUND
        return { result: true, facts: [end, await insertKey(transaction, successor)] }
      }),
    async getKey(scope, keyId) {
      const row = await findKey(database, keyId)
      return row === undefined || !inScope(scope, row.tenant_id) ? null : keyFromRow(row)
    },
    async listKeys(scope, tenantId) {
      if (!inScope(scope, tenantId)) return []
      const rows = await database
        .selectFrom('api_keys')
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .orderBy('id')
        .execute()
      return rows.map(keyFromRow)
    },
    async everyKey() {
      return (await database.selectFrom('api_keys').selectAll().orderBy('id').execute()).map(keyFromRow)
    },
  }
}

const NOT_FOUND = { result: false, facts: [] }

async function insertKey(transaction: Transaction<Schema>, key: ApiKey): Promise<AuditFact> {
  if ((await findTenant(transaction, key.tenantId)) === undefined) {
    throw new StoreConflict('tenant_id', `there is no tenant ${key.tenantId}`)
  }
  await checkKeyIsNew(transaction, key)
  await transaction.insertInto('api_keys').values(rowFromKey(key)).execute()
  return keyChange(null, key)
}

/** Null: there is no such key in scope. */
async function replaceContent(
  transaction: Transaction<Schema>,
  scope: TenantScope,
  key: ApiKey,
): Promise<AuditFact | null> {
  const before = await findKey(transaction, key.id)
  if (before === undefined || !inScope(scope, before.tenant_id)) return null
  checkKeyIsTheSame(before, key)
  const { id: _, created_at: __, ...changes } = rowFromKey(key)
  await transaction.updateTable('api_keys').set(changes).where('id', '=', key.id).execute()
  return keyChange(keyFromRow(before), { ...key, createdAt: before.created_at })
}

const findTenant = (database: Kysely<Schema> | Transaction<Schema>, id: string) =>
  database.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst()

const findKey = (database: Kysely<Schema> | Transaction<Schema>, id: string) =>
  database.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst()

const unknownParent = (parentId: string): StoreConflict =>
  new StoreConflict('parent_id', `there is no tenant ${parentId} to be the parent`)

async function checkPlan(transaction: Transaction<Schema>, planId: string | null): Promise<void> {
  if (planId === null) return
  const plan = await transaction.selectFrom('plans').select('id').where('id', '=', planId).executeTakeFirst()
  if (plan === undefined) throw new StoreConflict('plan_id', `there is no plan ${planId}`)
}

/** Walks up from the new parent (depth, loops) and down from the tenant (the depth of what hangs below it). */
async function checkPlace(transaction: Transaction<Schema>, tenant: Tenant): Promise<void> {
  let above = 0
  for (let id = tenant.parentId; id !== null; ) {
    if (id === tenant.id) {
      throw new StoreConflict('parent_id', `tenant ${tenant.id} would be its own ancestor`)
    }
    const parent = await findTenant(transaction, id)
    if (parent === undefined) throw unknownParent(id)
    above += 1
    if (above >= MAX_DEPTH) throw tooDeep()
    id = parent.parent_id
  }
  let level: string[] = [tenant.id]
  for (let below = 0; level.length > 0; below += 1) {
    if (above + below >= MAX_DEPTH) throw tooDeep()
    const children = await transaction.selectFrom('tenants').select('id').where('parent_id', 'in', level).execute()
    level = children.map((child) => child.id)
  }
}

const tooDeep = (): StoreConflict => new StoreConflict('parent_id', `tenants may be nested ${MAX_DEPTH} deep at most`)

function checkKeyIsTheSame(before: Selectable<Schema['api_keys']>, key: ApiKey): void {
  if (before.tenant_id !== key.tenantId) throw new StoreConflict('tenant_id', 'an API key cannot change hands')
  if (before.secret_hash !== key.secretHash || before.access_key_id !== key.accessKeyId) {
    throw new StoreConflict('secret', 'the secrets of an API key cannot be changed; replace the key')
  }
}

async function checkKeyIsNew(transaction: Transaction<Schema>, key: ApiKey): Promise<void> {
  const same = await transaction
    .selectFrom('api_keys')
    .select(['id', 'access_key_id'])
    .where((where) =>
      where.or([
        where('id', '=', key.id),
        where('access_key_id', '=', key.accessKeyId),
        where('secret_hash', '=', key.secretHash),
      ]),
    )
    .executeTakeFirst()
  if (same === undefined) return
  const field = same.id === key.id ? 'id' : same.access_key_id === key.accessKeyId ? 'access_key_id' : 'secret'
  throw new StoreConflict(field, `there is an API key with this ${field} already`)
}

const rowFromTenant = (tenant: Tenant): Selectable<Schema['tenants']> => ({
  id: tenant.id,
  name: tenant.name,
  parent_id: tenant.parentId,
  plan_id: tenant.planId,
  attributes: JSON.stringify(tenant.attributes),
  status: tenant.status,
  allowed_models: tenant.allowedModels === null ? null : JSON.stringify(tenant.allowedModels),
  access: accessToJson(tenant.access),
  limits: limitsToJson(tenant.limits),
  plan_adjustments: adjustmentsToJson(tenant.planAdjustments),
  created_at: tenant.createdAt,
})

const tenantFromRow = (row: Selectable<Schema['tenants']>): Tenant => ({
  id: row.id,
  name: row.name,
  parentId: row.parent_id,
  planId: row.plan_id,
  attributes: JSON.parse(row.attributes) as Record<string, string>,
  status: row.status as TenantStatus,
  allowedModels: row.allowed_models === null ? null : (JSON.parse(row.allowed_models) as string[]),
  access: accessFromJson(row.access),
  limits: limitsFromJson(row.limits),
  planAdjustments: adjustmentsFromJson(row.plan_adjustments),
  createdAt: row.created_at,
})

const rowFromKey = (key: ApiKey): Selectable<Schema['api_keys']> => ({
  id: key.id,
  tenant_id: key.tenantId,
  name: key.name,
  secret_hash: key.secretHash,
  access_key_id: key.accessKeyId,
  may_act_for: JSON.stringify(key.mayActFor),
  created_at: key.createdAt,
  expires_at: key.expiresAt,
  revoked_at: key.revokedAt,
  replaced_by: key.replacedBy,
  limits: limitsToJson(key.limits),
})

const keyFromRow = (row: Selectable<Schema['api_keys']>): ApiKey => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  secretHash: row.secret_hash,
  accessKeyId: row.access_key_id,
  mayActFor: JSON.parse(row.may_act_for) as string[],
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  replacedBy: row.replaced_by,
  limits: limitsFromJson(row.limits),
})

// What every TenantStore must do.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NO_ACCESS_POLICY } from '../../src/core/access.ts'
import { limitOf } from '../../src/core/limit.ts'
import type { PlanStore } from '../../src/core/plan.ts'
import { ALL_TENANTS, StoreConflict } from '../../src/core/tenant.ts'
import type { ApiKey, Tenant, TenantScope, TenantStore } from '../../src/core/tenant.ts'
import { anAccessPolicy, aPlan } from './plan-store.ts'

export type OpenedTenants = {
  readonly tenants: TenantStore
  readonly plans: PlanStore
  readonly changeCounter: () => Promise<number>
  readonly close: () => Promise<void>
}

export const aTenant = (id: string, changes: Partial<Tenant> = {}): Tenant => ({
  id,
  name: `Tenant ${id}`,
  parentId: null,
  planId: null,
  attributes: {},
  status: 'active',
  allowedModels: null,
  access: NO_ACCESS_POLICY,
  limits: [],
  planAdjustments: {},
  createdAt: '2026-10-01T00:00:00.000Z',
  ...changes,
})

const aKey = (id: string, tenantId: string, changes: Partial<ApiKey> = {}): ApiKey => ({
  id,
  tenantId,
  name: '',
  secretHash: `hash of ${id}`,
  accessKeyId: `WBAK${id}`,
  mayActFor: [],
  createdAt: '2026-10-01T00:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
  replacedBy: null,
  limits: [],
  ...changes,
})

const only = (...tenantIds: string[]): TenantScope => ({ kind: 'tenants', tenantIds })
const conflictOn = (field: string) => expect.objectContaining({ name: 'StoreConflict', field })

export function tenantStoreContract(name: string, open: () => Promise<OpenedTenants>): void {
  describe(`${name}: tenants and keys`, () => {
    let opened: OpenedTenants
    let tenants: TenantStore
    beforeEach(async () => {
      opened = await open()
      tenants = opened.tenants
    })
    afterEach(() => opened.close())

    const chainOf = async (length: number): Promise<void> => {
      for (let depth = 1; depth <= length; depth += 1) {
        await tenants.createTenant(aTenant(`t${depth}`, { parentId: depth === 1 ? null : `t${depth - 1}` }))
      }
    }

    it('gives back a tenant as it was created', async () => {
      await opened.plans.putPlan(aPlan('plan-1'))
      await tenants.createTenant(aTenant('parent'))
      const tenant = aTenant('full', {
        parentId: 'parent',
        planId: 'plan-1',
        attributes: { cost_center: '4711', "it's": '"quoted"; DROP TABLE tenants' },
        status: 'disabled',
        allowedModels: ['anthropic.*'],
        access: anAccessPolicy,
        planAdjustments: { "it's": [{ amount: 2n ** 66n, from: 1, until: null, reason: 'a "word"' }] },
        limits: [
          limitOf({ kind: 'cost', per: 'month', amount: 2n ** 80n }),
          limitOf({ kind: 'requests', per: 'second', amount: 10n, burst: 100n, mode: 'soft' }),
          limitOf({ kind: 'concurrency', amount: 4n }),
          limitOf({ kind: 'tokens', per: 'day', amount: 5n, counts: 'output', scope: { models: ['amazon.*'] } }),
          limitOf({
            id: 'project',
            kind: 'cost',
            per: 'quarter',
            amount: 9n,
            mode: 'shadow',
            burnDown: true,
            timeZone: 'Europe/Berlin',
            fiscalStartMonth: 4,
            scope: { tiers: ['flex'], surfaces: ['bedrock'], metadata: { team: 'a "b"' } },
            splitBy: 'project',
            rolloverCap: 2n ** 70n,
            adjustments: [
              { amount: 2n ** 65n, from: 5, until: 9, reason: "it's a fair" },
              { amount: 1n, from: 7, until: null, reason: null },
            ],
            onChange: 'reset',
            allowExceed: true,
            since: 3,
            resetAt: 4,
          }),
        ],
      })
      await tenants.createTenant(tenant)
      expect(await tenants.getTenant(ALL_TENANTS, 'full')).toEqual(tenant)
      expect(await tenants.everyTenant()).toEqual([tenant, aTenant('parent')])
    })

    it('keeps "no models of its own" apart from "no models"', async () => {
      await tenants.createTenant(aTenant('a', { allowedModels: null }))
      await tenants.createTenant(aTenant('b', { allowedModels: [] }))
      expect((await tenants.everyTenant()).map((tenant) => tenant.allowedModels)).toEqual([null, []])
    })

    it('refuses what would break the tree', async () => {
      await tenants.createTenant(aTenant('a'))
      await expect(tenants.createTenant(aTenant('a'))).rejects.toThrow(conflictOn('id'))
      await expect(tenants.createTenant(aTenant('b', { parentId: 'nobody' }))).rejects.toThrow(conflictOn('parent_id'))
      await expect(tenants.createTenant(aTenant('b', { parentId: 'b' }))).rejects.toThrow(conflictOn('parent_id'))
      await expect(tenants.createTenant(aTenant('b', { planId: 'none' }))).rejects.toThrow(conflictOn('plan_id'))
      await expect(tenants.updateTenant(ALL_TENANTS, aTenant('a', { planId: 'none' }))).rejects.toThrow(StoreConflict)
      expect(await tenants.everyTenant()).toEqual([aTenant('a')])
    })

    it('refuses a loop', async () => {
      await chainOf(3)
      await expect(tenants.updateTenant(ALL_TENANTS, aTenant('t1', { parentId: 't3' }))).rejects.toThrow(
        conflictOn('parent_id'),
      )
      await expect(tenants.updateTenant(ALL_TENANTS, aTenant('t1', { parentId: 't1' }))).rejects.toThrow(
        conflictOn('parent_id'),
      )
      expect((await tenants.getTenant(ALL_TENANTS, 't1'))?.parentId).toBeNull()
    })

    it('allows sixteen levels and no more, also when a branch moves', async () => {
      await chainOf(16)
      await expect(tenants.createTenant(aTenant('t17', { parentId: 't16' }))).rejects.toThrow(conflictOn('parent_id'))
      await tenants.createTenant(aTenant('branch'))
      await tenants.createTenant(aTenant('leaf', { parentId: 'branch' }))
      await expect(tenants.updateTenant(ALL_TENANTS, aTenant('branch', { parentId: 't15' }))).rejects.toThrow(
        conflictOn('parent_id'),
      )
      expect(await tenants.updateTenant(ALL_TENANTS, aTenant('branch', { parentId: 't14' }))).toBe(true)
    })

    it('updates all but id and time of creation', async () => {
      await tenants.createTenant(aTenant('a'))
      const changed = aTenant('a', { name: 'New', status: 'disabled', createdAt: '2030-01-01T00:00:00.000Z' })
      expect(await tenants.updateTenant(ALL_TENANTS, changed)).toBe(true)
      expect(await tenants.getTenant(ALL_TENANTS, 'a')).toEqual({ ...changed, createdAt: aTenant('a').createdAt })
      expect(await tenants.updateTenant(ALL_TENANTS, aTenant('nobody'))).toBe(false)
    })

    it('lists in pages, sorted by id', async () => {
      for (const id of ['c', 'a', 'd', 'B']) await tenants.createTenant(aTenant(id))
      const list = async (scope: TenantScope, afterId: string | null, limit: number): Promise<string[]> =>
        (await tenants.listTenants(scope, { afterId, limit })).map((tenant) => tenant.id)
      expect(await list(ALL_TENANTS, null, 2)).toEqual(['B', 'a'])
      expect(await list(ALL_TENANTS, 'a', 10)).toEqual(['c', 'd'])
      expect(await list(only('c', 'a'), null, 10)).toEqual(['a', 'c'])
      expect(await list(only(), null, 10)).toEqual([])
    })

    it('shows and changes nothing outside of the scope', async () => {
      await tenants.createTenant(aTenant('a'))
      await tenants.createTenant(aTenant('b'))
      await tenants.createKey(aKey('k', 'b'))
      const scope = only('a')
      expect(await tenants.getTenant(scope, 'b')).toBeNull()
      expect(await tenants.updateTenant(scope, aTenant('b', { name: 'taken over' }))).toBe(false)
      await expect(tenants.updateTenant(scope, aTenant('a', { parentId: 'b' }))).rejects.toThrow(
        conflictOn('parent_id'),
      )
      expect(await tenants.getKey(scope, 'k')).toBeNull()
      expect(await tenants.listKeys(scope, 'b')).toEqual([])
      expect(await tenants.updateKey(scope, aKey('k', 'b', { name: 'taken over' }))).toBe(false)
      expect(await tenants.getTenant(ALL_TENANTS, 'b')).toEqual(aTenant('b'))
      expect(await tenants.getKey(ALL_TENANTS, 'k')).toEqual(aKey('k', 'b'))
    })

    it('keeps keys', async () => {
      await tenants.createTenant(aTenant('a'))
      const key = aKey('k', 'a', { mayActFor: ['a', 'b'], expiresAt: '2027-01-01T00:00:00.000Z', name: 'CI' })
      await tenants.createKey(key)
      await tenants.createKey(aKey('j', 'a'))
      expect(await tenants.getKey(ALL_TENANTS, 'k')).toEqual(key)
      expect(await tenants.listKeys(ALL_TENANTS, 'a')).toEqual([aKey('j', 'a'), key])
      const revoked = { ...key, revokedAt: '2026-12-01T00:00:00.000Z', replacedBy: 'j' }
      expect(await tenants.updateKey(ALL_TENANTS, revoked)).toBe(true)
      expect(await tenants.everyKey()).toEqual([aKey('j', 'a'), revoked])
      expect(await tenants.updateKey(ALL_TENANTS, aKey('none', 'a'))).toBe(false)
    })

    it("refuses a key that is another key, or nobody's, or changes hands", async () => {
      await tenants.createTenant(aTenant('a'))
      await tenants.createTenant(aTenant('b'))
      await tenants.createKey(aKey('k', 'a'))
      await expect(tenants.createKey(aKey('l', 'nobody'))).rejects.toThrow(conflictOn('tenant_id'))
      await expect(tenants.createKey(aKey('k', 'a'))).rejects.toThrow(conflictOn('id'))
      await expect(tenants.createKey(aKey('l', 'a', { accessKeyId: 'WBAKk' }))).rejects.toThrow(
        conflictOn('access_key_id'),
      )
      await expect(tenants.createKey(aKey('l', 'a', { secretHash: 'hash of k' }))).rejects.toThrow(conflictOn('secret'))
      await expect(tenants.updateKey(ALL_TENANTS, aKey('k', 'b'))).rejects.toThrow(conflictOn('tenant_id'))
      await expect(tenants.updateKey(ALL_TENANTS, aKey('k', 'a', { secretHash: 'other' }))).rejects.toThrow(
        StoreConflict,
      )
      expect(await tenants.everyKey()).toEqual([aKey('k', 'a')])
    })

    it('replaces a key, the old one and the new one together or not at all', async () => {
      await tenants.createTenant(aTenant('a'))
      await tenants.createKey(aKey('k', 'a'))
      const ended = aKey('k', 'a', { revokedAt: '2026-12-01T00:00:00.000Z', replacedBy: 'l' })
      expect(await tenants.replaceKey(only('b'), ended, aKey('l', 'a'))).toBe(false)
      await expect(tenants.replaceKey(ALL_TENANTS, ended, aKey('l', 'a', { accessKeyId: 'WBAKk' }))).rejects.toThrow(
        conflictOn('access_key_id'),
      )
      expect(await tenants.everyKey()).toEqual([aKey('k', 'a')])
      expect(await tenants.replaceKey(ALL_TENANTS, ended, aKey('l', 'a'))).toBe(true)
      expect(await tenants.everyKey()).toEqual([ended, aKey('l', 'a')])
    })

    it('counts every change, and nothing else', async () => {
      const moved = async (action: () => Promise<unknown>): Promise<boolean> => {
        const before = await opened.changeCounter()
        await action().catch(() => undefined)
        return (await opened.changeCounter()) > before
      }
      expect(await moved(() => tenants.createTenant(aTenant('a')))).toBe(true)
      expect(await moved(() => tenants.updateTenant(ALL_TENANTS, aTenant('a', { name: 'b' })))).toBe(true)
      expect(await moved(() => tenants.createKey(aKey('k', 'a')))).toBe(true)
      expect(await moved(() => tenants.updateKey(ALL_TENANTS, aKey('k', 'a', { name: 'c' })))).toBe(true)
      expect(await moved(() => tenants.createTenant(aTenant('a')))).toBe(false)
      expect(await moved(() => tenants.updateTenant(ALL_TENANTS, aTenant('nobody')))).toBe(false)
      expect(await moved(() => tenants.everyTenant())).toBe(false)
    })

    it('lets only one of two win the same id', async () => {
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => tenants.createTenant(aTenant('a'))))
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    })
  })
}

// What every AuditStore must do, and every store whose changes it tells of.

import { hash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  AUDIT_GENESIS,
  byItself,
  walkAudit,
  type AuditFact,
  type AuditOrigin,
  type AuditRow,
  type AuditStore,
} from '../../src/core/audit.ts'
import { NO_ACCESS_POLICY } from '../../src/core/access.ts'
import { limitOf } from '../../src/core/limit.ts'
import type { PlanStore } from '../../src/core/plan.ts'
import type { PriceStore } from '../../src/core/price-book.ts'
import { ALL_TENANTS, type ApiKey, type Tenant, type TenantStore } from '../../src/core/tenant.ts'
import { aPlan } from './plan-store.ts'

type Changed = { readonly tenants: TenantStore; readonly plans: PlanStore; readonly prices: PriceStore }

export type OpenedAudit = Changed & {
  readonly audit: AuditStore
  readonly changesBy: (origin: AuditOrigin) => Changed
  readonly close: () => Promise<void>
}

const ORIGIN: AuditOrigin = {
  actor: { kind: 'admin_token', id: '0123abcd' },
  remoteAddress: '192.0.2.7',
  userAgent: 'curl/8',
  requestId: 'request-1',
  action: 'POST /admin/v1/tenants',
}

const REFUSED: AuditFact = {
  resource: 'plan',
  resourceId: 'gold',
  tenantId: null,
  outcome: 'refused',
  reason: 'conflict',
  before: null,
  after: null,
}

const TENANT: Tenant = {
  id: 'a',
  name: 'A',
  parentId: null,
  planId: null,
  attributes: { zone: '1', cost_center: '4711' },
  status: 'active',
  allowedModels: ['us.*'],
  access: NO_ACCESS_POLICY,
  limits: [limitOf({ kind: 'cost', per: 'month', amount: 2_500_000_000_000n, rolloverCap: 1_000_000_000_000n })],
  planAdjustments: {},
  createdAt: '2026-10-01T00:00:00.000Z',
}

const KEY: ApiKey = {
  id: 'k',
  tenantId: 'a',
  name: 'ci',
  secretHash: 'CANARYsecretHash',
  accessKeyId: 'WBAKk',
  mayActFor: [],
  createdAt: '2026-10-01T00:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
  replacedBy: null,
  limits: [],
}

const sha256 = (text: string): string => hash('sha256', text, 'hex')

export function auditStoreContract(name: string, open: () => Promise<OpenedAudit>): void {
  describe(`${name}: the audit trail`, () => {
    let opened: OpenedAudit
    let changes: Changed
    beforeEach(async () => {
      opened = await open()
      changes = opened.changesBy(ORIGIN)
    })
    afterEach(() => opened.close())

    const all = async (): Promise<AuditRow[]> => {
      const rows: AuditRow[] = []
      for await (const batch of opened.audit.scan({})) rows.push(...batch)
      return rows
    }
    const problemsOf = (rows: readonly AuditRow[]): readonly string[] => {
      const walk = walkAudit(sha256)
      return [...rows.flatMap((row) => walk.add(row)), ...walk.end()]
    }

    it('begins at its genesis', async () => {
      expect(await opened.audit.head()).toEqual(AUDIT_GENESIS)
      expect(await all()).toEqual([])
    })

    it('tells who changed what, before and after', async () => {
      await changes.tenants.createTenant(TENANT)
      await changes.tenants.updateTenant(ALL_TENANTS, { ...TENANT, status: 'disabled', limits: [] })
      const rows = await all()
      expect(rows).toMatchObject([
        {
          ...ORIGIN,
          sequence: 1,
          resource: 'tenant',
          resourceId: 'a',
          tenantId: 'a',
          outcome: 'changed',
          before: null,
        },
        { ...ORIGIN, sequence: 2, before: rows[0]?.after },
      ])
      expect(JSON.parse(rows[0]?.after ?? '')).toEqual({
        id: 'a',
        name: 'A',
        parent_id: null,
        plan_id: null,
        attributes: { zone: '1', cost_center: '4711' },
        status: 'active',
        allowed_models: ['us.*'],
        access: expect.objectContaining({ denied_models: [], guardrail: null, assume_role: null }),
        limits: [expect.objectContaining({ kind: 'cost', per: 'month', amount: '2.5', rollover_cap: '1' })],
        plan_adjustments: {},
        created_at: '2026-10-01T00:00:00.000Z',
      })
      expect(JSON.parse(rows[1]?.after ?? '')).toMatchObject({ status: 'disabled', limits: [] })
      expect(await opened.audit.head()).toEqual({ sequence: 2, hash: rows[1]?.hash })
    })

    it('has one row for each thing that a change touches, and none for what changed nothing', async () => {
      const count = async (action: () => Promise<unknown>): Promise<number> => {
        const before = await opened.audit.head()
        await action().catch(() => undefined)
        return (await opened.audit.head()).sequence - before.sequence
      }
      const { tenants, plans, prices } = changes
      expect(await count(() => tenants.createTenant(TENANT))).toBe(1)
      expect(await count(() => tenants.createTenant(TENANT))).toBe(0)
      expect(await count(() => tenants.updateTenant(ALL_TENANTS, { ...TENANT, id: 'nobody' }))).toBe(0)
      expect(await count(() => tenants.updateTenant(ALL_TENANTS, { ...TENANT, parentId: 'nobody' }))).toBe(0)
      expect(await count(() => tenants.createKey(KEY))).toBe(1)
      expect(await count(() => tenants.updateKey(ALL_TENANTS, { ...KEY, name: 'x' }))).toBe(1)
      expect(await count(() => tenants.updateKey(ALL_TENANTS, { ...KEY, id: 'none' }))).toBe(0)
      const next = { ...KEY, id: 'l', accessKeyId: 'WBAKl', secretHash: 'CANARYother' }
      expect(await count(() => tenants.replaceKey(ALL_TENANTS, { ...KEY, replacedBy: 'l' }, next))).toBe(2)
      expect(await count(() => plans.putPlan(aPlan('p')))).toBe(1)
      expect(await count(() => plans.deletePlan('p'))).toBe(1)
      expect(await count(() => plans.deletePlan('p'))).toBe(0)
      const version = { createdAt: '', author: 'me', note: '', prices: [], adjustments: [] }
      expect(await count(() => prices.appendVersion(version))).toBe(1)
      expect(await count(() => tenants.everyTenant())).toBe(0)
      expect(problemsOf(await all())).toEqual([])
    })

    it('never holds the secret of a key, nor its hash', async () => {
      await changes.tenants.createTenant(TENANT)
      await changes.tenants.createKey(KEY)
      await changes.tenants.updateKey(ALL_TENANTS, { ...KEY, name: 'x' })
      expect(JSON.stringify(await all())).not.toContain('CANARY')
    })

    it('says of a change that nobody asked for that the gateway made it', async () => {
      await opened.plans.putPlan(aPlan('p'))
      expect((await all())[0]).toMatchObject({
        actor: { kind: 'gateway', id: null },
        resource: 'plan',
        resourceId: 'p',
      })
    })

    it('is one chain, however much is changed at once', async () => {
      await changes.tenants.createTenant(TENANT)
      const work = Array.from({ length: 120 }, async (_, at) => {
        if (at % 3 === 0) await opened.audit.note({ ...ORIGIN, requestId: `request-${at}` }, REFUSED)
        else if (at % 3 === 1) await changes.plans.putPlan(aPlan(`p${at}`))
        else await opened.changesBy(byItself('job')).tenants.updateTenant(ALL_TENANTS, { ...TENANT, name: `n${at}` })
      })
      await Promise.all(work)
      const rows = await all()
      expect(rows.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 121 }, (_, at) => at + 1))
      expect(problemsOf(rows)).toEqual([])
    })

    it('is read newest first, a page at a time, by filters', async () => {
      for (let at = 0; at < 5; at += 1) await opened.audit.note({ ...ORIGIN, requestId: `request-${at}` }, REFUSED)
      await changes.tenants.createTenant(TENANT)
      const first = await opened.audit.page({}, { cursor: null, limit: 4 })
      expect(first.rows.map(({ sequence }) => sequence)).toEqual([6, 5, 4, 3])
      const second = await opened.audit.page({}, { cursor: first.nextCursor, limit: 4 })
      expect([second.rows.map(({ sequence }) => sequence), second.nextCursor]).toEqual([[2, 1], null])
      const found = async (filter: Parameters<AuditStore['page']>[0]): Promise<number> =>
        (await opened.audit.page(filter, { cursor: null, limit: 100 })).rows.length
      expect(await found({ resource: 'tenant' })).toBe(1)
      expect(await found({ resourceId: 'gold' })).toBe(5)
      expect(await found({ tenantId: 'a' })).toBe(1)
      expect(await found({ outcome: 'refused', actor: 'admin_token', actorId: '0123abcd' })).toBe(5)
      expect(await found({ actorId: 'another' })).toBe(0)
      expect(await found({ from: first.rows[0]!.at + 60_000 })).toBe(0)
      expect(await found({ to: first.rows[0]!.at - 60_000 })).toBe(0)
      await expect(opened.audit.page({}, { cursor: 'x', limit: 1 })).rejects.toThrow(RangeError)
    })
  })
}

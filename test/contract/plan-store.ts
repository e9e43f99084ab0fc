// What every PlanStore must do.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NO_ACCESS_POLICY, type AccessPolicy } from '../../src/core/access.ts'
import { USUAL_BUDGETING } from '../../src/core/budgeting.ts'
import { USUAL_DIALECTS } from '../../src/core/dialects.ts'
import { picoUsd } from '../../src/core/money.ts'
import { limitOf } from '../../src/core/limit.ts'
import type { Plan, PlanStore } from '../../src/core/plan.ts'
import { ALL_TENANTS, StoreConflict } from '../../src/core/tenant.ts'
import type { TenantStore } from '../../src/core/tenant.ts'

export type OpenedPlans = {
  readonly plans: PlanStore
  readonly tenants: TenantStore
  readonly changeCounter: () => Promise<number>
  readonly close: () => Promise<void>
}

/** One that says all that can be said. */
export const anAccessPolicy: AccessPolicy = {
  deniedModels: ['anthropic.claude-opus-*'],
  regions: ['eu-west-1'],
  routing: ['in_region', 'geographic'],
  tiers: ['standard', 'flex'],
  sendTo: { 'amazon.nova-pro-v1:0': 'arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/abcdefghijkl' },
  requestMetadata: { tenant: '{tenant_id}' },
  guardrail: { id: 'gr1', version: '3', trace: 'enabled', streamProcessing: 'async' },
  assumeRole: {
    roleArn: 'arn:aws:iam::111122223333:role/silo',
    externalId: 'outside',
    sessionTags: { cost_center: '{attribute.cost_center}' },
  },
}

export const aPlan = (id: string, changes: Partial<Plan> = {}): Plan => ({
  id,
  name: `Plan ${id}`,
  allowedModels: ['amazon.nova-*', 'anthropic.*'],
  access: NO_ACCESS_POLICY,
  limits: [limitOf({ kind: 'cost', per: 'month', amount: 50_000_000_000_000n })],
  onDisconnect: 'drain',
  unpriced: 'hold',
  budgeting: USUAL_BUDGETING,
  dialects: USUAL_DIALECTS,
  fallbacks: [],
  createdAt: '2026-10-01T00:00:00.000Z',
  ...changes,
})

export function planStoreContract(name: string, open: () => Promise<OpenedPlans>): void {
  describe(`${name}: plans`, () => {
    let opened: OpenedPlans
    let plans: PlanStore
    beforeEach(async () => {
      opened = await open()
      plans = opened.plans
    })
    afterEach(() => opened.close())

    it('creates, replaces, lists and deletes', async () => {
      await plans.putPlan(aPlan('b'))
      await plans.putPlan(aPlan('a'))
      const changed = aPlan('b', {
        limits: [],
        allowedModels: [],
        access: anAccessPolicy,
        onDisconnect: 'abort',
        unpriced: 'refuse',
        budgeting: {
          inputBound: 'estimate',
          capOutput: true,
          minOutputTokens: 50,
          cutStream: true,
          limitHeaders: true,
          fallbackPrice: { inputToken: picoUsd(3_000_000n), outputToken: picoUsd(15_000_000n) },
        },
        dialects: { anthropicBeta: 'strip', unknownFields: 'refuse', bedrockEndpoints: 'avoid' },
        fallbacks: [{ models: 'anthropic.*', steps: [{ modelId: null, region: 'us-west-2' }] }],
        name: 'New',
      })
      await plans.putPlan(changed)
      expect(await plans.getPlan('b')).toEqual(changed)
      expect(await plans.listPlans()).toEqual([aPlan('a'), changed])
      expect(await plans.deletePlan('b')).toBe(true)
      expect(await plans.deletePlan('b')).toBe(false)
      expect(await plans.getPlan('b')).toBeNull()
      expect(await plans.listPlans()).toEqual([aPlan('a')])
    })

    it('does not delete the plan of a tenant', async () => {
      await plans.putPlan(aPlan('a'))
      const tenant = {
        id: 'team',
        name: '',
        parentId: null,
        planId: 'a',
        attributes: {},
        status: 'active',
        allowedModels: null,
        access: NO_ACCESS_POLICY,
        limits: [],
        planAdjustments: {},
        createdAt: '2026-10-01T00:00:00.000Z',
      } as const
      await opened.tenants.createTenant(tenant)
      await expect(plans.deletePlan('a')).rejects.toThrow(StoreConflict)
      await opened.tenants.updateTenant(ALL_TENANTS, { ...tenant, planId: null })
      expect(await plans.deletePlan('a')).toBe(true)
    })

    it('counts every change, and nothing else', async () => {
      const start = await opened.changeCounter()
      await plans.putPlan(aPlan('a'))
      await plans.putPlan(aPlan('a'))
      expect(await opened.changeCounter()).toBe(start + 2)
      await plans.deletePlan('none')
      await plans.listPlans()
      expect(await opened.changeCounter()).toBe(start + 2)
      await plans.deletePlan('a')
      expect(await opened.changeCounter()).toBe(start + 3)
    })
  })
}

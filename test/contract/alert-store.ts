// What every AlertStore must do.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AlertFacts, AlertRule } from '../../src/core/alert.ts'
import type { AlertStore, AlertTarget, RaisedAlert } from '../../src/core/alert-delivery.ts'
import { NO_ACCESS_POLICY } from '../../src/core/access.ts'
import { ALL_TENANTS, StoreConflict, type TenantStore } from '../../src/core/tenant.ts'

export type OpenedAlerts = {
  readonly alerts: AlertStore
  readonly tenants: TenantStore
  readonly close: () => Promise<void>
}

const AT = Date.UTC(2026, 10, 20, 12)
const CREATED = '2026-10-01T00:00:00.000Z'

const target = (id: string, changes: Partial<AlertTarget> = {}): AlertTarget => ({
  id,
  settings: { kind: 'webhook', url: 'https://hooks.example.com/a' },
  sealedSecret: 'sealed',
  createdAt: CREATED,
  ...changes,
})

const RULES: readonly AlertRule[] = [
  {
    id: 'a',
    kind: 'errors',
    tenantId: null,
    targetIds: [],
    createdAt: CREATED,
    percents: [5.25],
    windowMinutes: 5,
    minimumCalls: 20,
  },
  {
    id: 'b',
    kind: 'threshold',
    tenantId: 'team',
    targetIds: ['one'],
    createdAt: CREATED,
    percents: [50, 80],
    limitKinds: ['cost'],
    counting: 'used',
  },
  {
    id: 'c',
    kind: 'forecast',
    tenantId: null,
    targetIds: ['one', 'two'],
    createdAt: CREATED,
    percents: [100],
    limitKinds: null,
    minimumElapsedPercent: 10,
  },
  { id: 'd', kind: 'unpriced', tenantId: null, targetIds: ['two'], createdAt: CREATED },
]

const FACTS: readonly AlertFacts[] = [
  {
    kind: 'threshold',
    limitId: 'own:cost/month',
    split: '5',
    limitKind: 'cost',
    percent: 80.5,
    amount: 10n ** 30n,
    used: 9n,
    held: 1n,
    forecast: null,
    resetsAt: null,
  },
  {
    kind: 'forecast',
    limitId: 'own:tokens/day',
    split: null,
    limitKind: 'tokens',
    percent: 100,
    amount: 1n,
    used: 1n,
    held: 0n,
    forecast: 7n,
    resetsAt: AT,
  },
  { kind: 'unpriced', modelId: 'some.model', calls: 3n },
  { kind: 'errors', modelId: 'some.model', region: 'us-east-1', percent: 5, windowMinutes: 5, calls: 20, errors: 2 },
]

const alert = (id: string, changes: Partial<RaisedAlert> = {}): RaisedAlert => ({
  id,
  identity: `identity of ${id}`,
  ruleId: 'b',
  tenantId: 'team',
  raisedAt: AT,
  windowStart: AT - 1_000,
  windowEnd: AT + 1_000,
  facts: FACTS[0] as AlertFacts,
  ...changes,
})

export function alertStoreContract(name: string, open: () => Promise<OpenedAlerts>): void {
  describe(`${name}: alerts`, () => {
    let opened: OpenedAlerts
    let alerts: AlertStore
    beforeEach(async () => {
      opened = await open()
      alerts = opened.alerts
    })
    afterEach(() => opened.close())

    const claim = (now: number, limit = 10, asked: { limitPerTarget?: number; busyTargetIds?: string[] } = {}) =>
      alerts.claim({ now, until: now + 30_000, limit, limitPerTarget: 10, busyTargetIds: [], ...asked })
    const deliveryOf = async (id: string) =>
      (await alerts.page(ALL_TENANTS, { cursor: null, limit: 100 })).alerts.find((one) => one.id === id)?.deliveries

    it('creates, replaces, lists and deletes rules and targets', async () => {
      await opened.tenants.createTenant(aTenant('team'))
      for (const id of ['two', 'one']) await alerts.putTarget(target(id))
      for (const rule of RULES.toReversed()) await alerts.putRule(rule)
      expect(await alerts.listRules()).toEqual(RULES)
      expect(await alerts.getRule('b')).toEqual(RULES[1])
      const changed = { ...(RULES[3] as AlertRule), targetIds: [] }
      await alerts.putRule(changed)
      expect(await alerts.getRule('d')).toEqual(changed)
      expect(await alerts.deleteRule('d')).toBe(true)
      expect(await alerts.deleteRule('d')).toBe(false)
      expect(await alerts.getRule('d')).toBeNull()
      const sns = target('two', { settings: { kind: 'sns', topicArn: 'arn' }, sealedSecret: null })
      await alerts.putTarget(sns)
      expect(await alerts.listTargets()).toEqual([target('one'), sns])
      expect(await alerts.getTarget('two')).toEqual(sns)
      expect(await alerts.getTarget('three')).toBeNull()
    })

    it('takes no rule for a tenant or a target that is not there, and keeps a target that a rule names', async () => {
      const [, rule] = RULES as [AlertRule, AlertRule]
      await alerts.putTarget(target('one'))
      await expect(alerts.putRule(rule)).rejects.toMatchObject({ field: 'tenant_id' })
      const named: AlertRule = { ...rule, tenantId: null, targetIds: ['one', 'none'] }
      await expect(alerts.putRule(named)).rejects.toMatchObject({ field: 'target_ids[1]' })
      expect(await alerts.listRules()).toEqual([])
      await alerts.putRule({ ...rule, tenantId: null })
      await expect(alerts.deleteTarget('one')).rejects.toThrow(StoreConflict)
      await alerts.deleteRule('b')
      expect(await alerts.deleteTarget('one')).toBe(true)
      expect(await alerts.deleteTarget('one')).toBe(false)
    })

    it('raises once, however many ask at once, and keeps every kind of fact exactly', async () => {
      const asked = FACTS.flatMap((facts, index) =>
        Array.from({ length: 5 }, () =>
          alerts.raise(alert(`id-${index}`, { facts, windowEnd: null }), ['one', 'two', 'one']),
        ),
      )
      const outcomes = await Promise.all(asked)
      expect(outcomes.filter((outcome) => outcome === 'raised')).toHaveLength(FACTS.length)
      const { alerts: kept, nextCursor } = await alerts.page(ALL_TENANTS, { cursor: null, limit: 100 })
      expect(nextCursor).toBeNull()
      expect(kept.map((one) => one.facts).toReversed()).toEqual(FACTS)
      const fresh = { state: 'pending', attempts: 0, nextAttemptAt: AT, deliveredAt: null, lastError: null }
      for (const one of kept) {
        expect(one.deliveries).toEqual([
          { ...fresh, targetId: 'one' },
          { ...fresh, targetId: 'two' },
        ])
      }
    })

    it('does not raise again what was delivered, given up, or raised without a target', async () => {
      expect(await alerts.raise(alert('x'), [])).toBe('raised')
      expect(await alerts.raise(alert('x'), ['one'])).toBe('exists')
      expect(await deliveryOf('x')).toEqual([])
    })

    it('pages newest first, within a scope', async () => {
      for (let index = 0; index < 5; index += 1) {
        await alerts.raise(alert(`id-${index}`, { tenantId: index % 2 === 0 ? 'team' : null }), [])
      }
      const first = await alerts.page(ALL_TENANTS, { cursor: null, limit: 2 })
      const second = await alerts.page(ALL_TENANTS, { cursor: first.nextCursor, limit: 2 })
      const third = await alerts.page(ALL_TENANTS, { cursor: second.nextCursor, limit: 2 })
      const ids = [first, second, third].flatMap((page) => page.alerts.map(({ id }) => id))
      expect(ids).toEqual(['id-4', 'id-3', 'id-2', 'id-1', 'id-0'])
      expect(third.nextCursor).toBeNull()
      const scope = { kind: 'tenants', tenantIds: ['team', 'other'] } as const
      const seen = await alerts.page(scope, { cursor: null, limit: 100 })
      expect(seen.alerts.map(({ id }) => id)).toEqual(['id-4', 'id-2', 'id-0'])
      expect((await alerts.page({ kind: 'tenants', tenantIds: [] }, { cursor: null, limit: 9 })).alerts).toEqual([])
      await expect(alerts.page(ALL_TENANTS, { cursor: "' OR 1", limit: 2 })).rejects.toThrow(RangeError)
    })

    it('hands a due delivery to one, and to the next when nothing came of it', async () => {
      await alerts.raise(alert('x'), ['one', 'two'])
      expect(await claim(AT - 1)).toEqual([])
      const both = await Promise.all([claim(AT), claim(AT)])
      expect(
        both
          .flat()
          .map(({ targetId }) => targetId)
          .toSorted(),
      ).toEqual(['one', 'two'])
      expect(both.flat()[0]).toMatchObject({ alert: alert('x'), attempt: 1 })
      expect(await claim(AT + 29_999)).toEqual([])
      const again = await claim(AT + 30_000, 1)
      expect(again.map(({ attempt }) => attempt)).toEqual([2])
    })

    it('leaves room for other targets beside one that has many', async () => {
      for (let index = 0; index < 5; index += 1) await alerts.raise(alert(`many-${index}`), ['many'])
      await alerts.raise(alert('one', { raisedAt: AT + 1 }), ['one'])
      const first = await claim(AT + 1, 3, { limitPerTarget: 2 })
      expect(first.map(({ targetId }) => targetId)).toEqual(expect.arrayContaining(['many', 'many', 'one']))
      expect(await claim(AT + 1, 3, { busyTargetIds: ['many', 'other'] })).toEqual([])
      expect(await claim(AT + 1, 10)).toHaveLength(3)
    })

    it('remembers what came of it: tried again, delivered, given up', async () => {
      await alerts.raise(alert('x'), ['one', 'two'])
      await claim(AT)
      const one = { alertId: 'x', targetId: 'one' }
      const two = { alertId: 'x', targetId: 'two' }
      await alerts.finish(one, { state: 'failed', nextAttemptAt: AT + 5_000, error: 'answered 500' })
      await alerts.finish(two, { state: 'dead', error: 'gone' })
      expect(await deliveryOf('x')).toEqual([
        {
          targetId: 'one',
          state: 'failed',
          attempts: 1,
          nextAttemptAt: AT + 5_000,
          deliveredAt: null,
          lastError: 'answered 500',
        },
        { targetId: 'two', state: 'dead', attempts: 1, nextAttemptAt: null, deliveredAt: null, lastError: 'gone' },
      ])
      expect((await claim(AT + 5_000)).map(({ targetId, attempt }) => [targetId, attempt])).toEqual([['one', 2]])
      await alerts.finish(one, { state: 'delivered', at: AT + 6_000 })
      // whoever held it before and is late changes nothing any more
      await alerts.finish(one, { state: 'failed', nextAttemptAt: AT, error: 'late' })
      await alerts.finish(two, { state: 'delivered', at: AT })
      const [delivered, dead] = (await deliveryOf('x')) ?? []
      expect(delivered).toEqual({
        targetId: 'one',
        state: 'delivered',
        attempts: 2,
        nextAttemptAt: null,
        deliveredAt: AT + 6_000,
        lastError: null,
      })
      expect(dead?.state).toBe('dead')
      expect(await claim(AT + 10 ** 9)).toEqual([])
    })
  })
}

const aTenant = (id: string) =>
  ({
    id,
    name: '',
    parentId: null,
    planId: null,
    attributes: {},
    status: 'active',
    allowedModels: null,
    limits: [],
    planAdjustments: {},
    access: NO_ACCESS_POLICY,
    createdAt: CREATED,
  }) as const

// A new store has the example plans; no other ever gets them, nor gets back what was deleted.

import { expect, it } from 'vitest'
import { fakeAdmin, NOW } from '../test/fakes/admin.ts'
import { fakeStores } from '../test/fakes/stores.ts'
import { SHIPPED_PLANS } from './catalogue/plans.ts'
import { MODELS } from './catalogue/models.ts'
import { shipPlans } from './ship-plans.ts'

function stores() {
  const kept = new Map<string, string>()
  const settings = {
    get: async (name: string) => kept.get(name) ?? null,
    set: async (name: string, value: string) => void kept.set(name, value),
  }
  return { ...fakeStores(), settings }
}

const ids = async (store: ReturnType<typeof stores>): Promise<readonly string[]> =>
  (await store.plans.listPlans()).map(({ id }) => id)

it('begins with basic, premium and unlimited, which nobody has', async () => {
  const store = stores()
  await shipPlans(store, () => NOW)
  expect(await ids(store)).toEqual(['basic', 'premium', 'unlimited'])
  await store.plans.deletePlan('premium')
  await shipPlans(store, () => NOW)
  expect(await ids(store)).toEqual(['basic', 'unlimited'])
})

it('adds nothing where somebody has plans or tenants', async () => {
  const [withPlan, withTenant] = [stores(), stores()]
  const [plan] = SHIPPED_PLANS
  if (plan === undefined) throw new Error('nothing is shipped')
  await withPlan.plans.putPlan({ ...plan, id: 'ours', createdAt: '' })
  const admin = await fakeAdmin({}, withTenant)
  await admin.ask('POST', 'tenants', { id: 'team-a' })
  for (const store of [withPlan, withTenant]) await shipPlans(store, () => NOW)
  expect([await ids(withPlan), await ids(withTenant)]).toEqual([['ours'], []])
})

it('finishes a start that was cut short', async () => {
  const store = stores()
  await shipPlans({ ...store, settings: { ...store.settings, set: async () => undefined } }, () => NOW)
  await store.plans.deletePlan('unlimited')
  await shipPlans(store, () => NOW)
  expect(await ids(store)).toEqual(['basic', 'premium', 'unlimited'])
})

it('ships only what the control plane would take', async () => {
  const known = MODELS.map(({ baseModel, name }) => ({
    baseModel,
    name,
    maker: null,
    lifecycle: null,
    endOfLifeOn: null,
    contextTokens: null,
    maxOutputTokens: null,
    profiles: [],
  }))
  const store = stores()
  await shipPlans(store, () => NOW)
  const admin = await fakeAdmin({ models: () => known }, store)
  const { body } = await admin.ask('GET', 'plans')
  for (const { id, created_at, ...plan } of body['plans'] as Record<string, unknown>[]) {
    expect(created_at).toBe(new Date(NOW).toISOString())
    const put = await admin.ask('PUT', `plans/${String(id)}`, plan)
    expect([put.status, put.text]).toEqual([200, expect.stringContaining(String(id)) as string])
    expect(put.body).toEqual({ id, created_at, ...plan })
  }
})

// Raising and delivering together, over one store: each alert once whatever happens to those who raise, each delivery until it is taken.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAlertRaiser } from './raise-alerts.ts'
import { createAlertDeliverer, type AlertDelivererDependencies } from './deliver-alerts.ts'
import { fakeAlerts } from '../../test/fakes/alerts.ts'
import type { AlertRule, WatchedLimit } from '../core/alert.ts'
import { NotifierFailure, type AlertStore, type Notification, type RaisedAlert } from '../core/alert-delivery.ts'
import { ALL_TENANTS } from '../core/tenant.ts'

const START = Date.UTC(2026, 10, 20, 12)
const DAY = 86_400_000
const TENANTS = ['a', 'b'] as const
const PERCENTS = [50, 80, 100]

const RULE: AlertRule = {
  id: 'budgets',
  kind: 'threshold',
  tenantId: null,
  targetIds: ['ops'],
  createdAt: '2026-01-01',
  percents: PERCENTS,
  limitKinds: null,
  counting: 'used',
}

/** Two tenants with a budget of 100 a day. */
function world() {
  const alerts = fakeAlerts()
  let now = START
  const used = new Map<string, bigint>()
  const raised: RaisedAlert[] = []
  const dayOf = (at: number) => at - (at % DAY)
  const key = (tenant: string) => `${tenant}@${dayOf(now)}`
  const watchedLimits = (): WatchedLimit[] =>
    TENANTS.map((tenant) => ({
      ownerTenantId: tenant,
      limitId: 'own:cost/day',
      split: null,
      limitKind: 'cost',
      amount: 100n,
      used: used.get(key(tenant)) ?? 0n,
      held: 0n,
      refusedAt: null,
      windowStart: dayOf(now),
      windowEnd: dayOf(now) + DAY,
    }))
  const raiser = (store: AlertStore = alerts) =>
    createAlertRaiser({
      alerts: store,
      rollups: { query: async () => [] },
      watchedLimits: async () => watchedLimits(),
      errorRates: () => [],
      isWithin: (tenantId, rootId) => tenantId === rootId,
      now: () => now,
      onRaised: (alert) => void raised.push(alert),
    })
  return {
    alerts,
    raised,
    raiser,
    watchedLimits,
    spend: (tenant: string, amount: number) => used.set(key(tenant), (used.get(key(tenant)) ?? 0n) + BigInt(amount)),
    pass: (milliseconds: number) => {
      now += milliseconds
    },
    now: () => now,
  }
}

type Step =
  | { readonly do: 'spend'; readonly tenant: string; readonly amount: number }
  | { readonly do: 'pass'; readonly milliseconds: number }
  | { readonly do: 'look'; readonly who: number }
  | { readonly do: 'look together' }
  | { readonly do: 'restart'; readonly who: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('spend' as const),
    tenant: fc.constantFrom(...TENANTS),
    amount: fc.constantFrom(1, 30, 50, 200),
  }),
  fc.record({ do: fc.constant('pass' as const), milliseconds: fc.constantFrom(1, 3_600_000, DAY / 2, DAY) }),
  fc.record({ do: fc.constant('look' as const), who: fc.nat(1) }),
  fc.constant({ do: 'look together' as const }),
  fc.record({ do: fc.constant('restart' as const), who: fc.nat(1) }),
)

describe('exactly one alert per scope, window and threshold, across restarts and replicas', () => {
  it('whatever the order of spending, looking, restarting and the ends of windows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
        const { alerts, raised, raiser, watchedLimits, spend, pass } = world()
        await alerts.putTarget({
          id: 'ops',
          settings: { kind: 'sns', topicArn: '' },
          sealedSecret: null,
          createdAt: '',
        })
        await alerts.putRule(RULE)
        const replicas = [raiser(), raiser()]
        const expected = new Set<string>()
        const see = (): void => {
          for (const { ownerTenantId, used, windowStart } of watchedLimits()) {
            for (const percent of PERCENTS)
              if (used >= BigInt(percent)) expected.add(`${ownerTenantId} ${windowStart} ${percent}`)
          }
        }
        for (const one of steps) {
          if (one.do === 'spend') spend(one.tenant, one.amount)
          else if (one.do === 'pass') pass(one.milliseconds)
          else if (one.do === 'restart') replicas[one.who] = raiser()
          else {
            see()
            await (one.do === 'look' ? replicas[one.who]?.() : Promise.all(replicas.map((look) => look())))
          }
        }
        const names = raised.map(
          ({ tenantId, windowStart, facts }) => `${tenantId} ${windowStart} ${'percent' in facts ? facts.percent : ''}`,
        )
        expect(names.toSorted()).toEqual([...expected].toSorted())
        const kept = await alerts.page(ALL_TENANTS, { cursor: null, limit: 1_000 })
        expect(kept.alerts.flatMap(({ deliveries }) => deliveries)).toHaveLength(expected.size)
      }),
      { numRuns: 200 },
    )
  })

  it('even when the store took it and the answer was lost', async () => {
    const { alerts, raised, raiser, spend } = world()
    await alerts.putTarget({ id: 'ops', settings: { kind: 'sns', topicArn: '' }, sealedSecret: null, createdAt: '' })
    await alerts.putRule(RULE)
    spend('a', 50)
    let lost = true
    const look = raiser({
      ...alerts,
      async raise(alert, targetIds) {
        const outcome = await alerts.raise(alert, targetIds)
        if (!lost) return outcome
        lost = false
        throw new Error('the connection broke')
      },
    })
    await expect(look()).rejects.toThrow('broke')
    await look()
    expect(raised).toEqual([])
    expect((await alerts.page(ALL_TENANTS, { cursor: null, limit: 10 })).alerts).toHaveLength(1)
  })

  it('and a look costs nothing more once everything was raised', async () => {
    const { alerts, raiser, spend } = world()
    await alerts.putTarget({ id: 'ops', settings: { kind: 'sns', topicArn: '' }, sealedSecret: null, createdAt: '' })
    await alerts.putRule(RULE)
    spend('a', 500)
    let asked = 0
    const look = raiser({
      ...alerts,
      raise(...given) {
        asked += 1
        return alerts.raise(...given)
      },
    })
    expect([await look(), await look(), await look()]).toEqual([3, 0, 0])
    expect(asked).toBe(3)
  })
})

it('unpriced usage and upstream errors are raised from what is read of them', async () => {
  const alerts = fakeAlerts()
  const raised: RaisedAlert[] = []
  const base = { tenantId: null, targetIds: [], createdAt: '' } as const
  await alerts.putRule({ ...base, id: 'prices', kind: 'unpriced' })
  await alerts.putRule({ ...base, id: 'errors', kind: 'errors', percents: [10], windowMinutes: 5, minimumCalls: 1 })
  const asked: unknown[] = []
  const row = (model: string, unpricedCalls: bigint) =>
    ({ group: { tenant: 'a', model, day: '2026-11-20' }, unpricedCalls }) as never
  const look = createAlertRaiser({
    alerts,
    rollups: {
      async query(_, question) {
        asked.push(question)
        return [row('new.model', 2n), row('known.model', 0n)]
      },
    },
    watchedLimits: () => Promise.reject(new Error('no rule asks for limits')),
    errorRates: () => [{ modelId: 'm', region: 'r', calls: 10, errors: 1 }],
    isWithin: () => true,
    now: () => START,
    onRaised: (alert) => void raised.push(alert),
  })
  expect([await look(), await look()]).toEqual([2, 0])
  expect(raised.map(({ facts }) => facts.kind)).toEqual(['errors', 'unpriced'])
  expect(asked).toEqual([
    { from: Date.UTC(2026, 10, 19), to: Date.UTC(2026, 10, 21), groupBy: ['tenant', 'model', 'day'] },
  ])
})

describe('delivering', () => {
  const FIRST_RETRY = 5_000
  const facts = { kind: 'unpriced', modelId: 'm', calls: 1n } as const
  const alert = (id: string): RaisedAlert => ({
    id,
    identity: id,
    ruleId: 'r',
    tenantId: null,
    raisedAt: START,
    windowStart: START,
    windowEnd: null,
    facts,
  })

  async function office(send: (notification: Notification, signal: AbortSignal) => Promise<void>, ids = ['x']) {
    const alerts = fakeAlerts()
    let now = START
    const heard: string[] = []
    const secrets: (string | null)[] = []
    await alerts.putTarget({
      id: 'ops',
      settings: { kind: 'slack', host: 'h' },
      sealedSecret: 'sealed',
      createdAt: '',
    })
    for (const id of ids) await alerts.raise(alert(id), ['ops'])
    const notifier = {
      send: (
        target: { readonly secret: string | null },
        notification: Notification,
        { signal }: { signal: AbortSignal },
      ) => {
        secrets.push(target.secret)
        return send(notification, signal)
      },
    }
    const dependencies: AlertDelivererDependencies = {
      alerts,
      notifiers: { webhook: notifier, smtp: notifier, sns: notifier, slack: notifier },
      openSecret: (sealed, targetId) => `${sealed} of ${targetId}`,
      now: () => now,
      random: () => 0.5,
      limits: {
        attempts: 4,
        firstRetryMilliseconds: FIRST_RETRY,
        timeoutMilliseconds: 1_000,
        atOnce: 3,
        atOncePerTarget: 2,
      },
      onAttempt: ({ outcome }) => void heard.push(outcome.state),
    }
    const deliverer = createAlertDeliverer(dependencies)
    const stateOf = async (id = 'x') =>
      (await alerts.page(ALL_TENANTS, { cursor: null, limit: 100 })).alerts.find((one) => one.id === id)?.deliveries[0]
    return {
      alerts,
      heard,
      secrets,
      deliverer,
      dependencies,
      stateOf,
      pass: (milliseconds: number): void => {
        now += milliseconds
      },
      turn: async (after = 0): Promise<void> => {
        now += after
        await deliverer.begin()
        await deliverer.idle()
      },
    }
  }

  it('opens the secret for the target alone, and says the same id each time', async () => {
    const ids: string[] = []
    const { turn, secrets, stateOf } = await office(async ({ id }) => {
      ids.push(id)
      if (ids.length < 3) throw new NotifierFailure('answered 500')
    })
    await turn()
    expect(await stateOf()).toMatchObject({ state: 'failed', attempts: 1, lastError: 'answered 500' })
    await turn(FIRST_RETRY - 1)
    expect(ids).toHaveLength(1)
    await turn(1)
    await turn(3 * FIRST_RETRY)
    expect(await stateOf()).toMatchObject({ state: 'delivered', attempts: 3, lastError: null })
    expect(ids).toEqual(['x', 'x', 'x'])
    expect(new Set(secrets)).toEqual(new Set(['sealed of ops']))
  })

  it('gives up after so many attempts, or at once where trying again is useless', async () => {
    const never = await office(() => Promise.reject(new NotifierFailure('answered 500')))
    for (let count = 0; count < 10; count += 1) await never.turn(DAY)
    expect(never.heard).toEqual(['failed', 'failed', 'failed', 'dead'])
    const gone = await office(() => Promise.reject(new NotifierFailure('answered 410', { permanent: true })))
    await gone.turn()
    expect(await gone.stateOf()).toMatchObject({ state: 'dead', lastError: 'answered 410' })
  })

  it('keeps no words of a failure of its own: they might hold anything', async () => {
    const { turn, stateOf } = await office(() => Promise.reject(new Error('https://hooks.example/SECRET')))
    await turn()
    expect((await stateOf())?.lastError).toBe('failed inside the gateway')
  })

  it('gives up where the secret cannot be opened, or the target is gone', async () => {
    const sealed = await office(() => Promise.resolve())
    const deliverer = createAlertDeliverer({
      ...sealed.dependencies,
      openSecret: () => {
        throw new Error('bad tag')
      },
    })
    await deliverer.begin()
    await deliverer.idle()
    expect((await sealed.stateOf())?.lastError).toContain('cannot be read with this root secret')
    const gone = await office(() => Promise.resolve())
    await gone.alerts.deleteTarget('ops')
    await gone.turn()
    expect(await gone.stateOf()).toMatchObject({ state: 'dead', lastError: 'there is no such target any more' })
  })

  it('ends what hangs, and has a bounded number under way', async () => {
    let running = 0
    let most = 0
    const ids = Array.from({ length: 7 }, (_, index) => `x${index}`)
    const { turn, heard } = await office(async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }, ids)
    for (let count = 0; count < 4; count += 1) await turn()
    expect([most, heard.length]).toEqual([2, 7])
    const hanging = await office(
      (_, signal) =>
        new Promise((__, reject) =>
          signal.addEventListener('abort', () => reject(new NotifierFailure('took too long'))),
        ),
    )
    await hanging.turn()
    expect(hanging.heard).toEqual(['failed'])
  })

  it('is taken up by another process when its own died in the middle, and not before', async () => {
    let sent = 0
    const { deliverer, dependencies, pass, stateOf } = await office(() => {
      sent += 1
      return sent === 1 ? new Promise(() => undefined) : Promise.resolve()
    })
    await deliverer.begin()
    const another = createAlertDeliverer(dependencies)
    const look = async () => {
      await another.begin()
      await another.idle()
      return stateOf()
    }
    // the time limit of an attempt, and five seconds to write down what came of it
    pass(5_999)
    expect(await look()).toMatchObject({ state: 'pending', attempts: 1 })
    pass(1)
    expect(await look()).toMatchObject({ state: 'delivered', attempts: 2 })
    expect(sent).toBe(2)
  })

  it('breaks off what hangs when it stops, and leaves it to be tried again', async () => {
    const { deliverer, stateOf } = await office(
      (_, signal) =>
        new Promise((__, reject) => {
          signal.addEventListener('abort', () => reject(new NotifierFailure('took too long')))
        }),
    )
    await deliverer.begin()
    await deliverer.stop()
    expect(await stateOf()).toMatchObject({ state: 'failed', attempts: 1 })
  })

  it('tests a target past the outbox', async () => {
    const titles: string[] = []
    const { deliverer, alerts } = await office(async ({ title }) => {
      titles.push(title)
      if (titles.length > 1) throw new NotifierFailure('answered 500')
    })
    const target = await alerts.getTarget('ops')
    if (target === null) throw new Error('there is no target')
    expect([await deliverer.test(target, 't1'), await deliverer.test(target, 't2')]).toEqual([null, 'answered 500'])
    expect(titles[0]).toContain('a test of the alert target ops')
  })
})

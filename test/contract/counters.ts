// What every implementation of Counters must do; `open` gives empty ones.

import { beforeEach, describe, expect, it } from 'vitest'
import { limitOf, scopedLimit, type Limit, type ScopedLimit } from '../../src/core/limit.ts'
import type { Consumption, LimitedCall } from '../../src/core/limit-count.ts'
import type { Counters, LedgerCounts, LimitStatus, Taken, Taking } from '../../src/core/reservation.ts'

export const START = Date.UTC(2026, 10, 20, 12)
export const DAY = 86_400_000

/** How long a place among the calls at once is kept for a call that never ends. */
export const PLACE_MILLISECONDS = 60_000

export const limitOn = (
  over: Partial<Limit>,
  owner: { readonly tenantId?: string; readonly keyId?: string } = {},
): ScopedLimit => {
  const { tenantId = 'team', keyId } = owner
  const limit = limitOf({ kind: 'cost', per: 'month', amount: 100n, ...over })
  return scopedLimit(limit, keyId === undefined ? { source: 'tenant', tenantId } : { source: 'key', tenantId, keyId })
}

export const callOf = (over: Partial<LimitedCall> = {}): LimitedCall => ({
  requestId: 'request-1',
  tenantIds: ['team', 'company'],
  keyId: 'key-1',
  modelId: 'us.anthropic.claude-sonnet-5',
  baseModel: 'anthropic.claude-sonnet-5',
  tier: 'standard',
  surface: 'bedrock',
  metadata: {},
  ...over,
})

export const using = (cost: bigint | null, over: Partial<Consumption> = {}): Consumption => ({
  inputTokens: 1,
  cacheReadTokens: 0,
  outputTokens: 1,
  burnRate: 1,
  cost,
  ...over,
})

/** A ledger that holds nothing. */
export const nothingSpent: LedgerCounts = (questions) => Promise.resolve(questions.map(() => new Map()))

/** A ledger in which each limit, named by its id, was used so far, whatever the window. */
const spentOf =
  (used: Readonly<Record<string, bigint>>): LedgerCounts =>
  (questions) =>
    Promise.resolve(questions.map(({ scoped }) => new Map([['', used[scoped.limit.id] ?? 0n]])))

export function countersContract(name: string, open: () => Counters): void {
  describe(`${name}: limits`, () => {
    let counters: Counters
    let now: number
    beforeEach(() => {
      counters = open()
      now = START
    })

    const adopt = async (limits: readonly ScopedLimit[], ledger = nothingSpent): Promise<void> => {
      const tenantIdsOf = (tenantId: string): string[] => (tenantId === 'team' ? ['team', 'company'] : [tenantId])
      const directory = { limits, tenantIds: ['team', 'company'], tenantIdsOf }
      const begin = await counters.adopt(directory, ledger, () => now)
      begin()
    }
    const take = async (limits: readonly ScopedLimit[], ask = using(0n), call = callOf()): Promise<Taking> =>
      counters.take(call, limits, ask, now)
    const taken = async (limits: readonly ScopedLimit[], ask = using(0n), call = callOf()): Promise<Taken> => {
      const taking = await take(limits, ask, call)
      if (taking.taken === null) throw new Error('nothing was taken')
      return taking.taken
    }
    const status = async (scoped: ScopedLimit, split: string | null = null): Promise<LimitStatus> => {
      const all = await counters.limitStatuses(now)
      const found = all.find((one) => one.scoped.counterId === scoped.counterId && one.split === split)
      if (found === undefined) throw new Error(`${scoped.counterId} is not counted`)
      return found
    }

    it('hold the worst case, then count what it cost', async () => {
      const budget = limitOn({})
      await adopt([budget])
      const call = await taken([budget], using(60n))
      expect(await status(budget)).toMatchObject({ used: 0n, held: 60n, amount: 100n })
      expect((await take([budget], using(41n))).verdict).toMatchObject({ allow: false, left: 40n, asked: 41n })
      counters.settle(call, using(5n))
      expect(await status(budget)).toMatchObject({ used: 5n, held: 0n })
      expect((await take([budget], using(95n))).verdict.allow).toBe(true)
    })

    it('remember when they refused a call that an untouched window would have taken', async () => {
      const budget = limitOn({})
      await adopt([budget])
      await taken([budget], using(60n))
      for (const [cost, refusedAt] of [[101n, null] as const, [50n, now] as const]) {
        const { verdict } = await take([budget], using(cost))
        if (!verdict.allow) counters.noteRefusal(verdict, now)
        expect(await status(budget)).toMatchObject({ refusedAt })
      }
    })

    it('are taken all or none: a refusal by concurrency uses up no request', async () => {
      const limits = [
        limitOn({ kind: 'requests', per: 'hour', amount: 5n }),
        limitOn({ kind: 'requests', per: 'minute', amount: 5n, burst: 5n }, { tenantId: 'company' }),
        limitOn({ kind: 'concurrency', per: null, amount: 1n }),
      ]
      await adopt(limits)
      expect((await take(limits)).verdict.allow).toBe(true)
      for (let again = 0; again < 10; again += 1) {
        expect((await take(limits)).verdict).toMatchObject({ allow: false, by: { limit: { kind: 'concurrency' } } })
      }
      for (const limit of limits.slice(0, 2)) {
        const { used, held } = await status(limit)
        expect(used + held).toBe(1n)
      }
    })

    it('of a parent and of a key hold for its calls, whoever makes them', async () => {
      const above = limitOn({ kind: 'requests', per: 'day', amount: 2n }, { tenantId: 'company' })
      const ofKey = limitOn({ kind: 'requests', per: 'day', amount: 1n }, { keyId: 'key-1' })
      await adopt([above, ofKey])
      expect((await take([ofKey, above])).verdict.allow).toBe(true)
      expect((await take([ofKey, above])).verdict).toMatchObject({ allow: false, by: { source: 'key' } })
      expect((await take([above], using(0n), callOf({ keyId: 'key-2' }))).verdict.allow).toBe(true)
      expect((await take([above], using(0n), callOf({ keyId: 'key-2' }))).verdict.allow).toBe(false)
    })

    it('charge a call to the window in which it began', async () => {
      const [month, ever] = [limitOn({ id: 'month' }), limitOn({ id: 'ever', per: null })]
      now = Date.UTC(2026, 10, 30, 23, 59)
      await adopt([month, ever])
      const call = await taken([month, ever], using(50n))
      now = Date.UTC(2026, 11, 1)
      expect(await status(month)).toMatchObject({ used: 0n, held: 0n, windowStart: now })
      counters.settle(call, using(40n))
      expect(await status(month)).toMatchObject({ used: 0n, held: 0n })
      expect(await status(ever)).toMatchObject({ used: 40n, held: 0n, windowEnd: null })
    })

    it('begin a new window exactly at its boundary, in their own zone', async () => {
      const berlin = limitOn({ kind: 'requests', per: 'day', amount: 1n, timeZone: 'Europe/Berlin' })
      await adopt([berlin])
      expect((await take([berlin])).verdict.allow).toBe(true)
      now = Date.UTC(2026, 10, 20, 22, 59, 59, 999)
      expect((await take([berlin])).verdict).toMatchObject({ allow: false, endsAt: Date.UTC(2026, 10, 20, 23) })
      now += 1
      expect((await take([berlin])).verdict.allow).toBe(true)
    })

    it('settle once: a second settlement or release changes nothing', async () => {
      const limits = [limitOn({}), limitOn({ kind: 'concurrency', per: null, amount: 9n })]
      await adopt(limits)
      const call = await taken(limits, using(9n))
      counters.settle(call, using(5n))
      counters.settle(call, using(5n))
      counters.release(call)
      expect(await status(limits[0] as ScopedLimit)).toMatchObject({ used: 5n, held: 0n })
      expect(await status(limits[1] as ScopedLimit)).toMatchObject({ used: 0n, held: 0n })
    })

    it('give everything back of a call that never ran', async () => {
      const limits = [
        limitOn({}),
        limitOn({ kind: 'requests', per: 'day', amount: 1n }),
        limitOn({ kind: 'tokens', per: 'minute', amount: 10n, burst: 10n }),
        limitOn({ kind: 'concurrency', per: null, amount: 1n }),
      ]
      await adopt(limits)
      counters.release(await taken(limits, using(100n)))
      for (const limit of limits) expect(await status(limit)).toMatchObject({ used: 0n, held: 0n })
    })

    it('grant no window twice when the clock jumps back', async () => {
      const daily = limitOn({ kind: 'requests', per: 'day', amount: 1n })
      await adopt([daily])
      expect((await take([daily])).verdict.allow).toBe(true)
      now -= DAY
      expect((await take([daily])).verdict.allow).toBe(false)
      now += DAY
      expect((await take([daily])).verdict.allow).toBe(false)
    })

    it('free the place of a call that never ends, and keep its money', async () => {
      const limits = [limitOn({}), limitOn({ kind: 'concurrency', per: null, amount: 1n })]
      await adopt(limits)
      const lost = await taken(limits, using(10n))
      now += PLACE_MILLISECONDS - 1
      expect((await take(limits)).verdict.allow).toBe(false)
      now += 1
      const next = await taken(limits, using(1n))
      expect(await status(limits[0] as ScopedLimit)).toMatchObject({ held: 11n })
      counters.settle(lost, using(3n))
      expect(await status(limits[1] as ScopedLimit)).toMatchObject({ held: 1n })
      counters.settle(next, using(1n))
      expect(await status(limits[1] as ScopedLimit)).toMatchObject({ held: 0n })
      expect(await status(limits[0] as ScopedLimit)).toMatchObject({ used: 4n, held: 0n })
    })

    it('are about the calls of their scope alone', async () => {
      const scope = {
        models: ['anthropic.*'],
        tiers: ['flex'],
        surfaces: ['bedrock'],
        metadata: { team: 'red' },
      } as const
      const scoped = limitOn({ kind: 'requests', per: 'day', amount: 0n, scope })
      await adopt([scoped])
      const inside = { tier: 'flex', metadata: { team: 'red', other: 'x' } } as const
      const asked = (over: Partial<LimitedCall>) => take([scoped], using(0n), callOf({ ...inside, ...over }))
      expect((await asked({})).verdict.allow).toBe(false)
      for (const over of [
        { modelId: 'amazon.nova-2-lite-v1:0', baseModel: 'amazon.nova-2-lite-v1:0' },
        { tier: 'standard' },
        { surface: 'openai' },
        { metadata: { team: 'blue' } },
        { metadata: {} },
        { metadata: Object.create({ team: 'red' }) as Record<string, string> },
      ] as const) {
        expect((await asked(over)).verdict.allow, JSON.stringify(over)).toBe(true)
      }
    })

    it('split by a value count each value by itself, those without one together, and show which refused', async () => {
      const each = limitOn({ kind: 'requests', per: 'day', amount: 1n, splitBy: 'project' })
      await adopt([each])
      const asked = async (metadata: Record<string, string>) =>
        (await take([each], using(0n), callOf({ metadata }))).verdict
      expect((await asked({ project: 'a' })).allow).toBe(true)
      expect((await asked({ project: 'b' })).allow).toBe(true)
      expect(await asked({ project: 'a' })).toMatchObject({ allow: false, split: 'a' })
      expect((await asked({})).allow).toBe(true)
      expect(await asked({ other: 'x' })).toMatchObject({ allow: false, split: '' })
    })

    it('split by more values than there is room for grant the rest one amount together', async () => {
      const each = limitOn({ kind: 'requests', per: 'day', amount: 1n, splitBy: 'project' })
      await adopt([each])
      let allowed = 0
      for (let value = 0; value < 3_000; value += 1) {
        const metadata = { project: `project-${value}` }
        if ((await take([each], using(0n), callOf({ metadata }))).verdict.allow) allowed += 1
      }
      expect(allowed).toBe(1_001)
      const statuses = await counters.limitStatuses(now)
      expect(statuses).toHaveLength(1_001)
      expect(statuses.reduce((sum, { used, held }) => sum + used + held, 0n)).toBe(1_001n)
    })

    it('in shadow refuse nothing, and count what they would have refused', async () => {
      const [shadow, hard] = [
        limitOn({ kind: 'requests', per: 'day', amount: 1n, mode: 'shadow' }),
        limitOn({ kind: 'requests', per: 'day', amount: 3n }),
      ]
      await adopt([shadow, hard])
      for (let call = 0; call < 5; call += 1) await take([shadow, hard])
      expect(await status(shadow)).toMatchObject({ held: 3n, wouldHaveRefused: 2 })
    })

    it('soft count on beyond their amount', async () => {
      const soft = limitOn({ mode: 'soft', amount: 1n })
      await adopt([soft])
      counters.settle(await taken([soft], using(50n)), using(40n))
      expect(await status(soft)).toMatchObject({ used: 40n, amount: 1n })
    })

    it('begin with what was used before, windows long past beside', async () => {
      const budget = limitOn({ id: 'known' })
      await adopt([budget], spentOf({ known: 95n }))
      expect((await take([budget], using(6n))).verdict).toMatchObject({ allow: false, used: 95n, left: 5n })
    })

    it('keep what was counted when the amount changes, and begin anew where that is asked for', async () => {
      await adopt([limitOn({ id: 'kept' })])
      counters.settle(await taken([limitOn({ id: 'kept' })], using(50n)), using(50n))
      const asked: string[] = []
      const ledger: LedgerCounts = async (questions) => {
        asked.push(...questions.map(({ scoped, from }) => `${scoped.limit.id} from ${from}`))
        return questions.map(() => new Map())
      }
      await adopt([limitOn({ id: 'kept', amount: 60n })], ledger)
      expect(asked).toEqual([])
      expect((await take([limitOn({ id: 'kept', amount: 60n })], using(11n))).verdict.allow).toBe(false)
      await adopt([limitOn({ id: 'kept', amount: 70n, resetAt: now })], ledger)
      expect(asked).toEqual([`kept from ${now}`])
      expect((await take([limitOn({ id: 'kept', amount: 70n, resetAt: now })], using(70n))).verdict.allow).toBe(true)
    })

    it('that are new know the calls that run, and those that end while the ledger is asked', async () => {
      await adopt([])
      const [runs, ends] = [await taken([], using(30n)), await taken([], using(20n))]
      const budget = limitOn({})
      const ledger: LedgerCounts = async (questions, leftOut) => {
        expect([leftOut.has('request-1'), leftOut.has('request-0'), leftOut.from]).toEqual([true, false, START])
        counters.settle(ends, using(7n))
        await taken([], using(10n), callOf({ requestId: 'request-2' }))
        expect(leftOut.has('request-2')).toBe(true)
        return questions.map(() => new Map([['', 1n]]))
      }
      await adopt([budget], ledger)
      expect(await status(budget)).toMatchObject({ used: 8n, held: 40n })
      counters.settle(runs, using(3n))
      expect(await status(budget)).toMatchObject({ used: 11n, held: 10n })
    })

    it('stay as they were when the ledger cannot be asked', async () => {
      const budget = limitOn({})
      await adopt([budget])
      counters.settle(await taken([budget], using(50n)), using(50n))
      const next = limitOn({ id: 'next' })
      await expect(adopt([budget, next], () => Promise.reject(new Error('no ledger')))).rejects.toThrow('no ledger')
      expect((await counters.limitStatuses(now)).map(({ used }) => used)).toEqual([50n])
    })

    it('add what was left of the last window, up to the cap', async () => {
      const budget = limitOn({ rolloverCap: 30n, since: START })
      await adopt([budget])
      expect(await status(budget)).toMatchObject({ amount: 100n })
      counters.settle(await taken([budget], using(90n)), using(90n))
      now = Date.UTC(2026, 11, 15)
      expect(await status(budget)).toMatchObject({ amount: 110n })
      now = Date.UTC(2027, 0, 15)
      expect(await status(budget)).toMatchObject({ amount: 130n })
      counters.settle(await taken([budget], using(130n)), using(130n))
      now = Date.UTC(2027, 1, 15)
      expect(await status(budget)).toMatchObject({ amount: 100n })
    })

    it('leave nothing over of what a call of the last window still holds', async () => {
      const budget = limitOn({ rolloverCap: 100n, since: 0 })
      now = Date.UTC(2026, 10, 30)
      await adopt([budget], (questions) => Promise.resolve(questions.map(() => new Map([['', 20n]]))))
      const call = await taken([budget], using(70n))
      now = Date.UTC(2026, 11, 1)
      expect(await status(budget)).toMatchObject({ amount: 110n, held: 0n })
      counters.settle(call, using(5n))
      expect(await status(budget)).toMatchObject({ amount: 175n })
    })

    it('add top-ups for their window and increases until they end', async () => {
      const reason = null
      const budget = limitOn({
        adjustments: [
          { amount: 50n, from: START + 5, until: null, reason },
          { amount: 1n, from: START, until: Date.UTC(2026, 11, 2), reason },
        ],
      })
      await adopt([budget])
      expect(await status(budget)).toMatchObject({ amount: 101n })
      now = START + 5
      expect(await status(budget)).toMatchObject({ amount: 151n })
      now = Date.UTC(2026, 11, 1)
      expect(await status(budget)).toMatchObject({ amount: 101n })
      now = Date.UTC(2026, 11, 2)
      expect(await status(budget)).toMatchObject({ amount: 100n })
    })

    it('follow a correction into the window of its call, once it is written', async () => {
      const [budget, requests] = [limitOn({}), limitOn({ kind: 'requests', per: 'month' })]
      await adopt([budget, requests])
      counters.settle(await taken([budget, requests], using(50n)), using(50n))
      const written = counters.correct(callOf({ requestId: 'request-1.c2' }), START)
      expect(await status(budget)).toMatchObject({ used: 50n })
      written(-20n)
      counters.correct(callOf({ requestId: 'request-0.c2' }), Date.UTC(2026, 9, 1))(-20n)
      expect(await status(budget)).toMatchObject({ used: 30n, held: 0n })
      expect(await status(requests)).toMatchObject({ used: 1n })
    })

    it('verify themselves against the ledger, and repair what differs, while calls run', async () => {
      const budget = limitOn({})
      await adopt([budget])
      counters.settle(await taken([budget], using(50n)), using(50n))
      const runs = await taken([budget], using(10n), callOf({ requestId: 'request-2' }))
      const ledger: LedgerCounts = async (questions) => {
        counters.settle(runs, using(4n))
        return questions.map(() => new Map([['', 45n]]))
      }
      const difference = { split: null, counted: 54n, ledger: 49n, windowStart: Date.UTC(2026, 10, 1) }
      expect(await counters.verify(ledger, () => now, true)).toMatchObject([difference])
      expect(await status(budget)).toMatchObject({ used: 49n, held: 0n })
      expect(await counters.verify(spentOf({ [budget.limit.id]: 49n }), () => now, false)).toEqual([])
    })

    it('of a tenant that moved are counted where it hangs now', async () => {
      const above = limitOn({}, { tenantId: 'company' })
      await adopt([above])
      const directory = {
        limits: [above],
        tenantIds: ['team', 'company'],
        tenantIdsOf: (tenantId: string) => [tenantId],
      }
      const begin = await counters.adopt(directory, spentOf({ [above.limit.id]: 3n }), () => now)
      begin()
      expect(await status(above)).toMatchObject({ used: 3n })
    })
  })
}

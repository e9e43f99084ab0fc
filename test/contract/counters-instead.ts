// What every implementation of Counters must do for a call that falls back to another model.

import { describe, expect, it } from 'vitest'
import type { Counters } from '../../src/core/reservation.ts'
import { callOf, limitOn, START, using } from './counters.ts'

export function takingInsteadContract(name: string, open: () => Counters): void {
  describe(`${name}: a call that takes in the place of what it took before`, () => {
    const other = { modelId: 'amazon.nova-lite-v1:0', baseModel: 'amazon.nova-lite-v1:0' }
    const all = limitOn({ amount: 100n })
    const ofNova = limitOn({ amount: 10n, scope: { models: ['amazon.*'] } })
    const limits = [all, ofNova]
    const held = async (counters: Counters) => {
      const statuses = await counters.limitStatuses(START)
      return limits.map(({ counterId }) =>
        Number(statuses.find(({ scoped }) => scoped.counterId === counterId)?.held ?? 0n),
      )
    }

    it('gives back what it held, and holds what it asks for, in the counters of its new model', async () => {
      const counters = open()
      const { taken } = await counters.take(callOf(), limits, using(80n), START)
      if (taken === null) throw new Error('it was refused')
      expect(await held(counters)).toEqual([80, 0])
      const instead = await counters.takeInstead(taken, callOf(other), limits, using(9n), START)
      expect(await held(counters)).toEqual([9, 9])
      counters.release(taken)
      counters.settle(taken, using(50n))
      expect(await held(counters)).toEqual([9, 9])
      if (instead.taken === null) throw new Error('it was refused')
      counters.settle(instead.taken, using(7n))
      const statuses = await counters.limitStatuses(START)
      expect(statuses.map(({ used }) => Number(used))).toEqual([7, 7])
    })

    it('is refused where its new model has no room, and holds what it held', async () => {
      const counters = open()
      const { taken } = await counters.take(callOf(), limits, using(80n), START)
      if (taken === null) throw new Error('it was refused')
      const instead = await counters.takeInstead(taken, callOf(other), limits, using(11n), START)
      expect([instead.taken, instead.verdict.allow]).toEqual([null, false])
      expect(await held(counters)).toEqual([80, 0])
      expect((await counters.take(callOf({ requestId: 'request-2' }), limits, using(21n), START)).taken).toBeNull()
    })
  })
}

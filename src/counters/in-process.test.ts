// The counters of one process: what is held and spent stays right under any order of taking, settling, releasing and passing time.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { picoUsd } from '../core/money.ts'
import { limitOf, type Limit } from '../core/limit.ts'
import { scopedLimit, type ScopedLimit } from '../core/policy.ts'
import type { Taken } from '../core/reservation.ts'
import { createInProcessCounters } from './in-process.ts'

const START = Date.UTC(2026, 10, 20, 12)
const budget = (amount: bigint, over: Partial<Limit> = {}): ScopedLimit =>
  scopedLimit(limitOf({ kind: 'cost', per: 'month', amount, ...over }), { source: 'plan', tenantId: 'team' })

describe('counters of one process', () => {
  it('never overspend a hard budget, whatever is taken, settled at or below its worst case, released or rolled over', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), cost: fc.bigInt(0n, 60n) }),
      fc.record({ kind: fc.constant('settle' as const), index: fc.nat(20), share: fc.integer({ min: 0, max: 100 }) }),
      fc.record({ kind: fc.constant('release' as const), index: fc.nat(20) }),
      fc.record({ kind: fc.constant('wait' as const), days: fc.integer({ min: 0, max: 20 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const counters = createInProcessCounters()
        const running: Taken[] = []
        let now = START
        for (const each of steps) {
          if (each.kind === 'wait') now += each.days * 86_400_000
          if (each.kind === 'take') {
            const { taken } = counters.take(['team'], [budget(100n)], { tokens: 1, cost: picoUsd(each.cost) }, now)
            if (taken !== null) running.push(taken)
          }
          if (each.kind === 'settle' || each.kind === 'release') {
            const taken = running[each.index]
            if (taken === undefined) continue
            const worst = taken.ask.cost ?? 0n
            if (each.kind === 'release') counters.release(taken)
            else counters.settle(taken, { tokens: 1, cost: (worst * BigInt(each.share)) / 100n }, now)
          }
          const reading = counters.read('team', now)
          expect(reading.heldCost).toBeGreaterThanOrEqual(0n)
          expect(reading.spent('month').cost + reading.heldCost).toBeLessThanOrEqual(100n)
          const open = running.filter((taken) => taken.open)
          expect(reading.heldCost).toBe(open.reduce((sum, taken) => sum + (taken.ask.cost ?? 0n), 0n))
          expect(reading.concurrent).toBe(open.length)
        }
      }),
    )
  })

  it('takes all limits of a call or none: a refusal by concurrency uses up no request', () => {
    const counters = createInProcessCounters()
    const requests = budget(5n, { kind: 'requests', per: 'hour' })
    const single = budget(1n, { kind: 'concurrency', per: null })
    const ask = { tokens: 1, cost: picoUsd(0n) }
    expect(counters.take(['team'], [requests, single], ask, START).verdict.allow).toBe(true)
    for (let again = 0; again < 10; again += 1) {
      expect(counters.take(['team'], [requests, single], ask, START).verdict.allow).toBe(false)
    }
    expect(counters.read('team', START).spent('hour').requests).toBe(1)
  })

  it('charges a call to the window in which it began', () => {
    const counters = createInProcessCounters()
    const { taken } = counters.take(['team'], [], { tokens: 7, cost: picoUsd(50n) }, Date.UTC(2026, 10, 30, 23, 59))
    if (taken === null) throw new Error('nothing was taken')
    const december = Date.UTC(2026, 11, 1, 0, 1)
    counters.settle(taken, { tokens: 7, cost: 40n }, december)
    expect(counters.read('team', december).spent('month').cost).toBe(0n)
    expect(counters.read('team', december).spent('ever').cost).toBe(40n)
    expect(counters.read('team', december).heldCost).toBe(0n)
  })

  it('settles once: a second settlement or release changes nothing', () => {
    const counters = createInProcessCounters()
    const { taken } = counters.take(['team'], [], { tokens: 1, cost: picoUsd(9n) }, START)
    if (taken === null) throw new Error('nothing was taken')
    counters.settle(taken, { tokens: 1, cost: 5n }, START)
    counters.settle(taken, { tokens: 1, cost: 5n }, START)
    counters.release(taken)
    expect(counters.read('team', START)).toMatchObject({ concurrent: 0, heldCost: 0n })
    expect(counters.read('team', START).spent('day').cost).toBe(5n)
  })

  it('a clock that jumps back grants no window twice', () => {
    const counters = createInProcessCounters()
    const daily = budget(1n, { kind: 'requests', per: 'day' })
    const ask = { tokens: 1, cost: picoUsd(0n) }
    expect(counters.take(['team'], [daily], ask, START).verdict.allow).toBe(true)
    expect(counters.take(['team'], [daily], ask, START - 86_400_000).verdict.allow).toBe(false)
    expect(counters.take(['team'], [daily], ask, START).verdict.allow).toBe(false)
  })

  it('begins with what was spent before the start', () => {
    const counters = createInProcessCounters()
    const month = Date.UTC(2026, 10, 1)
    counters.seed(
      [{ tenantId: 'team', period: 'month', windowStart: month, requests: 3, tokens: 10, cost: 95n }],
      START,
    )
    const { verdict } = counters.take(['team'], [budget(100n)], { tokens: 1, cost: picoUsd(6n) }, START)
    expect(verdict).toMatchObject({ allow: false, used: 95n, left: 5n })
  })
})

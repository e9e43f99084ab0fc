// Ten thousand steps of calls, changes, deaths and a clock that jumps: whatever Counters are given, hard budgets hold and no hold is lost.

import { describe, expect, it } from 'vitest'
import type { ScopedLimit } from '../../src/core/limit.ts'
import type { Counters, LedgerCounts, LimitStatus, Taken } from '../../src/core/reservation.ts'
import { callOf, DAY, limitOn, nothingSpent, START, using } from './counters.ts'

/** `COUNTERS_SEED` replays a run that failed, `COUNTERS_STEPS` shortens it. */
export function countersSimulation(name: string, open: () => Counters): void {
  describe(`${name}: limits, in a simulation,`, () => {
    let counters = open()
    let now = START

    const adopt = async (limits: readonly ScopedLimit[], ledger = nothingSpent): Promise<void> => {
      const tenantIdsOf = (tenantId: string): string[] => (tenantId === 'team' ? ['team', 'company'] : [tenantId])
      const begin = await counters.adopt({ limits, tenantIds: ['team', 'company'], tenantIdsOf }, ledger, () => now)
      begin()
    }
    const status = async (scoped: ScopedLimit | undefined): Promise<LimitStatus> => {
      const found = (await counters.limitStatuses(now)).find((one) => one.scoped.counterId === scoped?.counterId)
      if (found === undefined) throw new Error('it is not counted')
      return found
    }

    it('keep hard budgets and lose no hold, whatever begins, ends, fails, restarts, changes or jumps', async () => {
      const seed = Number(process.env.COUNTERS_SEED ?? Math.floor(Math.random() * 2 ** 31))
      const next = randomFrom(seed)
      const world = new LedgerOfCalls()
      let amount = 1_000n
      const budgets = () => [
        limitOn({ id: 'day', per: 'day', amount }),
        limitOn({ id: 'all', per: null, amount: 50n * amount }),
      ]
      await adopt(budgets())
      const steps = Number(process.env.COUNTERS_STEPS ?? 10_000)
      const begins = async (step: number): Promise<void> => {
        const cost = BigInt(next(300))
        const taking = await counters.take(callOf({ requestId: `request-${step}` }), budgets(), using(cost), now)
        if (taking.taken !== null) world.begins(taking.taken, cost)
      }
      const ends = (): void => {
        const call = world.pick(next)
        if (call !== null) counters.settle(call.taken, using(world.ends(call, (call.worst * BigInt(next(101))) / 100n)))
      }
      const neverRuns = (): void => {
        const call = world.pick(next)
        if (call !== null) counters.release(world.never(call))
      }
      const changes = (): Promise<void> => {
        amount = BigInt(500 + next(1_000))
        return adopt(budgets(), world.counts)
      }
      /** What ran becomes entries at their worst case, and the counters begin from the ledger. */
      const dies = (): Promise<void> => {
        for (const call of world.running.slice()) world.ends(call, call.worst)
        counters = open()
        return adopt(budgets(), world.counts)
      }
      const verifies = async (): Promise<void> =>
        expect(await counters.verify(world.counts, () => now, false), `COUNTERS_SEED=${seed}`).toEqual([])
      const waits = (): void => void (now += next(3 * 3_600_000))
      // not over midnight: the ledger keeps what the clock said, the counters what they had granted
      const jumpsBack = (): void => void (now = Math.max(now - next(60_000), Math.floor(now / DAY) * DAY))
      const actions: readonly (readonly [below: number, act: (step: number) => Promise<void> | void])[] = [
        [55, begins],
        [85, ends],
        [90, neverRuns],
        [96, waits],
        [97, jumpsBack],
        [98, changes],
        [99, verifies],
        [100, dies],
      ]
      for (let step = 0; step < steps; step += 1) {
        const kind = next(100)
        await actions.find(([below]) => kind < below)?.[1](step)
        const [day, all] = [await status(budgets()[0]), await status(budgets()[1])]
        const held = world.running.reduce((sum, { worst }) => sum + worst, 0n)
        const words = `COUNTERS_SEED=${seed} replays it: step ${step} of kind ${kind}`
        expect(all.held, words).toBe(held)
        expect(all.used, words).toBe(world.spent)
        expect(day.used + day.held <= world.most(amount, day.windowStart), words).toBe(true)
      }
    }, 60_000)
  })
}

type RunningCall = { readonly taken: Taken; readonly worst: bigint }

/** What the counters are compared with: every call that ran, added up one by one. */
class LedgerOfCalls {
  readonly running: RunningCall[] = []
  readonly #ended: { readonly requestId: string; readonly startedAt: number; readonly cost: bigint }[] = []
  /** the highest amount that held in each window */
  readonly #highest = new Map<number, bigint>()
  spent = 0n

  begins(taken: Taken, worst: bigint): void {
    this.running.push({ taken, worst })
  }

  pick(next: (below: number) => number): RunningCall | null {
    return this.running[next(Math.max(1, this.running.length))] ?? null
  }

  ends(call: RunningCall, cost: bigint): bigint {
    this.never(call)
    this.#ended.push({ requestId: call.taken.call.requestId, startedAt: call.taken.startedAt, cost })
    this.spent += cost
    return cost
  }

  never(call: RunningCall): Taken {
    this.running.splice(this.running.indexOf(call), 1)
    return call.taken
  }

  most(amount: bigint, windowStart: number): bigint {
    const highest = this.#highest.get(windowStart) ?? 0n
    if (amount > highest) this.#highest.set(windowStart, amount)
    return amount > highest ? amount : highest
  }

  readonly counts: LedgerCounts = (questions, leftOut) =>
    Promise.resolve(
      questions.map(({ from, to }) => {
        const inside = this.#ended.filter(
          ({ requestId, startedAt }) => startedAt >= from && startedAt < to && !leftOut.has(requestId),
        )
        return new Map([['', inside.reduce((sum, { cost }) => sum + cost, 0n)]])
      }),
    )
}

/** Numbers that only look random, the same for the same seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

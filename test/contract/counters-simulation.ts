// Ten thousand steps of calls, changes, deaths and a clock that jumps: whatever Counters are given, hard budgets hold and no hold is lost.

import { describe, expect, it } from 'vitest'
import type { ScopedLimit } from '../../src/core/limit.ts'
import type { CounterDifference, Counters, LedgerCounts, LimitStatus, Taken } from '../../src/core/reservation.ts'
import { callOf, DAY, limitOn, nothingSpent, START, using } from './counters.ts'

/** `COUNTERS_SEED` replays a run that failed, `COUNTERS_STEPS` shortens it. */
export function countersSimulation(name: string, open: () => Counters): void {
  describe(`${name}: limits, in a simulation,`, () => {
    it('keep hard budgets and lose no hold, whatever begins, ends, fails, restarts, changes or jumps', async () => {
      const seed = Number(process.env.COUNTERS_SEED ?? Math.floor(Math.random() * 2 ** 31))
      const simulation = new Simulation(open, seed)
      await simulation.adopt(nothingSpent)
      const steps = Number(process.env.COUNTERS_STEPS ?? 10_000)
      for (let step = 0; step < steps; step += 1) {
        expect(await simulation.step(step), `COUNTERS_SEED=${seed} replays it: step ${step}`).toEqual([])
      }
    }, 60_000)
  })
}

class Simulation {
  readonly #open: () => Counters
  readonly #next: (below: number) => number
  readonly #world = new LedgerOfCalls()
  #counters: Counters
  #now = START
  #amount = 1_000n

  constructor(open: () => Counters, seed: number) {
    this.#open = open
    this.#next = randomFrom(seed)
    this.#counters = open()
  }

  /** What is not as it must be, in words. */
  async step(step: number): Promise<readonly string[]> {
    const kind = this.#next(100)
    const differences = await this.#actions.find(([below]) => kind < below)?.[1](step)
    const [day, all] = [await this.#status(0), await this.#status(1)]
    const held = this.#world.running.reduce((sum, { worst }) => sum + worst, 0n)
    const most = this.#world.most(this.#amount, day.windowStart)
    return [
      ...(differences ?? []).map(({ counted, ledger }) => `${counted} is counted, and the ledger says ${ledger}`),
      ...(all.held === held ? [] : [`${all.held} is held, and should be ${held}`]),
      ...(all.used === this.#world.spent ? [] : [`${all.used} is used, and should be ${this.#world.spent}`]),
      ...(day.used + day.held <= most ? [] : [`${day.used} and ${day.held} are more than ${most}`]),
    ]
  }

  async adopt(ledger: LedgerCounts): Promise<void> {
    const tenantIdsOf = (tenantId: string): string[] => (tenantId === 'team' ? ['team', 'company'] : [tenantId])
    const directory = { limits: this.#budgets(), tenantIds: ['team', 'company'], tenantIdsOf }
    const begin = await this.#counters.adopt(directory, ledger, () => this.#now)
    begin()
  }

  readonly #actions: readonly (readonly [
    below: number,
    act: (step: number) => Promise<readonly CounterDifference[] | void> | void,
  ])[] = [
    [55, (step) => this.#begins(step)],
    [85, () => this.#ends()],
    [90, () => this.#neverRuns()],
    [96, () => this.#goesOn(this.#next(3 * 3_600_000))],
    [97, () => this.#goesOn(-this.#next(60_000))],
    [98, () => this.#changes()],
    [99, () => this.#counters.verify(this.#world.counts, () => this.#now, false)],
    [100, () => this.#dies()],
  ]

  #budgets(): readonly ScopedLimit[] {
    const amount = this.#amount
    return [limitOn({ id: 'day', per: 'day', amount }), limitOn({ id: 'all', per: null, amount: 50n * amount })]
  }

  async #begins(step: number): Promise<void> {
    const cost = BigInt(this.#next(300))
    const call = callOf({ requestId: `request-${step}` })
    const { taken } = await this.#counters.take(call, this.#budgets(), using(cost), this.#now)
    if (taken !== null) this.#world.begins(taken, cost)
  }

  #ends(): void {
    const call = this.#world.pick(this.#next)
    if (call === null) return
    const cost = this.#world.ends(call, (call.worst * BigInt(this.#next(101))) / 100n)
    this.#counters.settle(call.taken, using(cost))
  }

  #neverRuns(): void {
    const call = this.#world.pick(this.#next)
    if (call !== null) this.#counters.release(this.#world.never(call))
  }

  /** Back, but not over midnight: the ledger keeps what the clock said, the counters what they had granted. */
  #goesOn(milliseconds: number): void {
    this.#now = Math.max(this.#now + milliseconds, Math.floor(this.#now / DAY) * DAY)
  }

  #changes(): Promise<void> {
    this.#amount = BigInt(500 + this.#next(1_000))
    return this.adopt(this.#world.counts)
  }

  /** What ran becomes entries at their worst case, and the counters begin from the ledger. */
  #dies(): Promise<void> {
    for (const call of this.#world.running.slice()) this.#world.ends(call, call.worst)
    this.#counters = this.#open()
    return this.adopt(this.#world.counts)
  }

  async #status(index: number): Promise<LimitStatus> {
    const counterId = this.#budgets()[index]?.counterId
    const found = (await this.#counters.limitStatuses(this.#now)).find((one) => one.scoped.counterId === counterId)
    if (found === undefined) throw new Error('it is not counted')
    return found
  }
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

// Any sequence of what can happen to limits, made up and shrunk by fast-check, beside a model that adds every call up one by one.

import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { Limit, ScopedLimit } from '../../src/core/limit.ts'
import type { Counters, LedgerCounts, Taken } from '../../src/core/reservation.ts'
import { windowOf } from '../../src/core/window.ts'
import { callOf, DAY, limitOn, PLACE_MILLISECONDS, START, using } from './counters.ts'

/**
 * What the model is: calls that run, entries that are written. What must hold after every step: each counter has used what the entries of
 * its window say and holds what the calls of its window hold, neither is below zero, and no call was let in that a hard limit had no room
 * for, nor refused by one that had.
 */
export function countersProperties(name: string, open: () => Counters): void {
  describe(`${name}: limits, for any sequence of steps,`, () => {
    it('are what the calls and the entries say, and let in exactly what fits', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 60 }), async (steps) => {
          const world = new World(open)
          await world.adopt()
          for (const step of steps) {
            await world.take(step)
            await world.check()
          }
        }),
        { numRuns: Number(process.env.COUNTERS_RUNS ?? 150), seed: Number(process.env.COUNTERS_SEED ?? 20_261_130) },
      )
    }, 60_000)
  })
}

type Step =
  | { readonly kind: 'reserve'; readonly cost: number }
  | { readonly kind: 'settle' | 'retry'; readonly which: number; readonly percent: number }
  | { readonly kind: 'release'; readonly which: number }
  | { readonly kind: 'expire' }
  | { readonly kind: 'correct'; readonly which: number; readonly percent: number }
  | { readonly kind: 'amount'; readonly amount: number }
  | { readonly kind: 'window'; readonly per: 'day' | 'week' | 'month' | null; readonly timeZone: string }
  /** the ledger is asked for a new limit, and this happens before it answers */
  | { readonly kind: 'meanwhile'; readonly per: 'day' | 'week'; readonly steps: readonly Step[] }
  | { readonly kind: 'clock'; readonly milliseconds: number }
  | { readonly kind: 'verify' | 'restart' }

const which = fc.nat(20)
const percent = fc.nat(100)
const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu')

const ofCalls = [
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('reserve' as const), cost: fc.nat(120) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), which, percent }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retry' as const), which, percent }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('correct' as const), which, percent }) },
]

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  ...ofCalls,
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('amount' as const), amount: fc.nat(400) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('window' as const),
      per: fc.constantFrom('day' as const, 'week' as const, 'month' as const, null),
      timeZone: zones,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('meanwhile' as const),
      per: fc.constantFrom('day' as const, 'week' as const),
      steps: fc.array(fc.oneof(...ofCalls), { maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('clock' as const), milliseconds: fc.nat(DAY) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('verify' as const, 'restart' as const) }) },
)

type Running = { readonly taken: Taken; readonly cost: bigint; readonly startedAt: number }
type Entry = { readonly requestId: string; readonly startedAt: number; readonly cost: bigint }

const PLACES = 6n

class World {
  readonly #open: () => Counters
  #counters: Counters
  #now = START
  #steps = 0
  #amount = 200n
  #window: Pick<Limit, 'per' | 'timeZone'> = { per: 'day', timeZone: 'UTC' }
  #running: Running[] = []
  #ended: Running[] = []
  #entries: Entry[] = []

  constructor(open: () => Counters) {
    this.#open = open
    this.#counters = open()
  }

  async take(step: Step): Promise<void> {
    this.#steps += 1
    switch (step.kind) {
      case 'reserve':
        return this.#reserve(BigInt(step.cost))
      case 'settle':
        return this.#settle(pick(this.#running, step.which), step.percent)
      case 'release':
        return this.#release(pick(this.#running, step.which))
      case 'retry':
        return this.#again(pick(this.#ended, step.which), step.percent)
      case 'correct':
        return this.#correct(pick(this.#entries, step.which), step.percent)
      case 'expire':
        this.#now += PLACE_MILLISECONDS
        return
      case 'clock':
        this.#now += step.milliseconds
        return
      case 'amount':
        this.#amount = BigInt(step.amount)
        return this.adopt()
      case 'window':
        this.#window = this.#limitWindow(step)
        return this.adopt()
      case 'meanwhile':
        this.#window = { per: step.per, timeZone: this.#window.timeZone }
        return this.adopt(step.steps)
      case 'verify':
        return this.#verify()
      case 'restart':
        return this.#restart()
    }
  }

  #limitWindow({ per, timeZone }: Pick<Limit, 'per' | 'timeZone'>): Pick<Limit, 'per' | 'timeZone'> {
    return { per, timeZone: per === null ? 'UTC' : timeZone }
  }

  #limits(): readonly ScopedLimit[] {
    const amount = this.#amount
    return [
      limitOn({ id: 'window', amount, ...this.#window }),
      limitOn({ id: 'above', per: 'month', amount: 3n * amount }, { tenantId: 'company' }),
      limitOn({ id: 'key', per: null, amount: 20n * amount }, { keyId: 'key-1' }),
      limitOn({ id: 'places', kind: 'concurrency', per: null, amount: PLACES }),
    ]
  }

  async adopt(meanwhile: readonly Step[] = []): Promise<void> {
    const tenantIdsOf = (tenantId: string): string[] => (tenantId === 'team' ? ['team', 'company'] : [tenantId])
    const directory = { limits: this.#limits(), tenantIds: ['team', 'company'], tenantIdsOf }
    const steps = [...meanwhile]
    // calls that begin meanwhile ask the limits that hold until then; the model knows only those that will
    const ledger: LedgerCounts = async (questions, leftOut) => {
      for (const step of steps.splice(0)) if (step.kind !== 'reserve') await this.take(step)
      return this.#counts(questions, leftOut)
    }
    const begin = await this.#counters.adopt(directory, ledger, () => this.#now)
    begin()
  }

  async #reserve(cost: bigint): Promise<void> {
    const limits = this.#limits()
    const fits = limits.every(({ limit }) =>
      limit.kind === 'concurrency'
        ? BigInt(this.#places()) < PLACES
        : this.#used(limit) + this.#held(limit) + cost <= limit.amount,
    )
    const call = callOf({ requestId: `request-${this.#steps}` })
    const { verdict, taken } = await this.#counters.take(call, limits, using(cost), this.#now)
    if (verdict.allow !== fits) throw new Error(`a call of ${cost} was ${verdict.allow ? 'let in' : 'refused'}`)
    if (taken !== null) this.#running.push({ taken, cost, startedAt: this.#now })
  }

  #settle(call: Running | undefined, part: number): void {
    if (call === undefined) return
    const actual = (call.cost * BigInt(part)) / 100n
    this.#ends(call)
    this.#entries.push({ requestId: call.taken.call.requestId, startedAt: call.startedAt, cost: actual })
    this.#counters.settle(call.taken, using(actual))
  }

  #release(call: Running | undefined): void {
    if (call === undefined) return
    this.#ends(call)
    this.#counters.release(call.taken)
  }

  #ends(call: Running): void {
    this.#running = this.#running.filter((other) => other !== call)
    this.#ended.push(call)
  }

  /** What has ended is ended again: nothing may come of it. */
  #again(call: Running | undefined, part: number): void {
    if (call === undefined) return
    if (part % 2 === 0) this.#counters.settle(call.taken, using(BigInt(part)))
    else this.#counters.release(call.taken)
  }

  /** Never below nothing, as re-rating never goes. */
  #correct(entry: Entry | undefined, part: number): void {
    if (entry === undefined) return
    const requestId = `${entry.requestId}.c${this.#steps}`
    const difference = -((entry.cost * BigInt(part)) / 100n)
    const written = this.#counters.correct(callOf({ requestId }), entry.startedAt)
    this.#entries = this.#entries.map((one) => (one === entry ? { ...one, cost: one.cost + difference } : one))
    written(difference)
  }

  async #verify(): Promise<void> {
    const counts: LedgerCounts = (questions, leftOut) => Promise.resolve(this.#counts(questions, leftOut))
    const found = await this.#counters.verify(counts, () => this.#now, false)
    if (found.length > 0) throw new Error(`${found.length} counters are not what the ledger says`)
  }

  /** What ran becomes entries at their worst case, and the counters begin from the ledger. */
  async #restart(): Promise<void> {
    for (const { taken, startedAt, cost } of this.#running)
      this.#entries.push({ requestId: taken.call.requestId, startedAt, cost })
    this.#running = []
    this.#ended = []
    this.#counters = this.#open()
    await this.adopt()
  }

  #counts(...[questions, leftOut]: Parameters<LedgerCounts>): readonly ReadonlyMap<string, bigint>[] {
    return questions.map(({ from, to }) => {
      const inside = this.#entries.filter(
        ({ requestId, startedAt }) => startedAt >= from && startedAt < to && !leftOut.has(requestId),
      )
      return new Map([['', sumOf(inside)]])
    })
  }

  #places(): number {
    return this.#running.filter(({ startedAt }) => startedAt + PLACE_MILLISECONDS > this.#now).length
  }

  #inWindow<Each extends { readonly startedAt: number }>(limit: Limit, list: readonly Each[]): readonly Each[] {
    const { start, end } = windowOf(limit, this.#now)
    return list.filter(({ startedAt }) => startedAt >= start && startedAt < end)
  }

  #used = (limit: Limit): bigint => sumOf(this.#inWindow(limit, this.#entries))
  #held = (limit: Limit): bigint => sumOf(this.#inWindow(limit, this.#running))

  async check(): Promise<void> {
    const statuses = await this.#counters.limitStatuses(this.#now)
    for (const { counterId, limit } of this.#limits()) {
      if (limit.kind === 'concurrency') continue
      const found = statuses.find(({ scoped }) => scoped.counterId === counterId)
      const [used, held] = [this.#used(limit), this.#held(limit)]
      if (found === undefined || found.used !== used || found.held !== held || held < 0n)
        throw new Error(`${limit.id}: ${found?.used} used and ${found?.held} held, not ${used} and ${held}`)
    }
  }
}

const sumOf = (list: readonly { readonly cost: bigint }[]): bigint => list.reduce((sum, { cost }) => sum + cost, 0n)

const pick = <Each>(list: readonly Each[], index: number): Each | undefined => list[index % Math.max(1, list.length)]

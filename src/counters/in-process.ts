// Counters of one process: what every tenant spent per calendar window and what its running calls hold; all limits of a call are
// taken in one synchronous step, so nothing can come between asking and taking.

import {
  decide,
  periodMilliseconds,
  windowEnd,
  windowStart,
  type Ask,
  type CounterReading,
  type PeriodOrEver,
  type ScopedLimit,
  type Verdict,
} from '../core/policy.ts'
import type { Counters, SpentSeed, Taken } from '../core/reservation.ts'

const PERIODS: readonly PeriodOrEver[] = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'ever']

export function createInProcessCounters(): Counters {
  const tenants = new Map<string, TenantCounter>()
  const buckets = new Map<string, Bucket>()
  const counter = (tenantId: string): TenantCounter => {
    let found = tenants.get(tenantId)
    if (found === undefined) {
      found = new TenantCounter()
      tenants.set(tenantId, found)
    }
    return found
  }
  return {
    seed(seeds: readonly SpentSeed[], now: number) {
      for (const seed of seeds) counter(seed.tenantId).seed(seed, now)
    },
    take(tenantIds, limits, ask, now) {
      const reading = (tenantId: string): CounterReading => counter(tenantId).at(now)
      const verdict: Verdict =
        limits.length === 0
          ? { allow: true }
          : decide(limits, reading, (scoped) => bucketOf(buckets, scoped, now).level(now), ask, now)
      if (!verdict.allow) return { verdict, taken: null }
      for (const tenantId of tenantIds) counter(tenantId).hold(ask, now)
      for (const scoped of limits) {
        if (scoped.limit.burst !== null) bucketOf(buckets, scoped, now).take(unitsOf(scoped, ask), now)
      }
      return { verdict, taken: { tenantIds, limits, ask, startedAt: now, open: true } }
    },
    settle(taken, actual, now) {
      if (!taken.open) return
      taken.open = false
      for (const tenantId of taken.tenantIds) counter(tenantId).settle(taken, actual, now)
      for (const scoped of taken.limits) {
        if (scoped.limit.burst === null || scoped.limit.kind !== 'tokens') continue
        bucketOf(buckets, scoped, now).take(actual.tokens - taken.ask.tokens, now)
      }
    },
    release(taken) {
      if (!taken.open) return
      taken.open = false
      for (const tenantId of taken.tenantIds) counter(tenantId).release(taken)
    },
    read: (tenantId, now) => counter(tenantId).at(now),
  }
}

const unitsOf = (scoped: ScopedLimit, ask: Ask): number => (scoped.limit.kind === 'tokens' ? ask.tokens : 1)

type Window = {
  readonly period: PeriodOrEver
  start: number
  end: number
  requests: number
  tokens: number
  cost: bigint
}

/** Spent per window, counted by when a call began (as the rollups count), and held now. */
class TenantCounter implements CounterReading {
  heldTokens = 0
  heldCost = 0n
  concurrent = 0
  readonly #windows: readonly Window[] = PERIODS.map((period) => ({
    period,
    start: 0,
    end: period === 'ever' ? Number.POSITIVE_INFINITY : 0,
    requests: 0,
    tokens: 0,
    cost: 0n,
  }))
  /** when the first of the windows ends */
  #nextEnd = 0

  at(now: number): CounterReading {
    this.#roll(now)
    return this
  }

  spent(period: PeriodOrEver): Window {
    return this.#windows.find((window) => window.period === period) as Window
  }

  hold(ask: Ask, now: number): void {
    this.#roll(now)
    this.concurrent += 1
    this.heldTokens += ask.tokens
    if (ask.cost !== null) this.heldCost += ask.cost
    for (const window of this.#windows) window.requests += 1
  }

  settle(taken: Taken, actual: { tokens: number; cost: bigint }, now: number): void {
    this.release(taken)
    this.#roll(now)
    for (const window of this.#windows) {
      if (taken.startedAt < window.start) continue
      window.tokens += actual.tokens
      window.cost += actual.cost
    }
  }

  release(taken: Taken): void {
    this.concurrent -= 1
    this.heldTokens -= taken.ask.tokens
    if (taken.ask.cost !== null) this.heldCost -= taken.ask.cost
  }

  seed(seed: SpentSeed, now: number): void {
    this.#roll(now)
    const window = this.spent(seed.period)
    if (seed.windowStart !== window.start) return
    window.requests += seed.requests
    window.tokens += seed.tokens
    window.cost += seed.cost
  }

  /** A clock that jumps back keeps the later window: nothing is granted twice. */
  #roll(now: number): void {
    if (now < this.#nextEnd) return
    this.#nextEnd = Number.POSITIVE_INFINITY
    for (const window of this.#windows) {
      if (now >= window.end) {
        window.start = windowStart(window.period, now)
        window.end = windowEnd(window.period, now)
        window.requests = 0
        window.tokens = 0
        window.cost = 0n
      }
      if (window.end < this.#nextEnd) this.#nextEnd = window.end
    }
  }
}

function bucketOf(buckets: Map<string, Bucket>, scoped: ScopedLimit, now: number): Bucket {
  const { limit } = scoped
  const id = `${scoped.ownerTenantId}|${scoped.source}|${limit.kind}|${limit.per}|${limit.amount}|${limit.burst}`
  let bucket = buckets.get(id)
  if (bucket === undefined) {
    bucket = new Bucket(Number(limit.burst), Number(limit.amount) / periodMilliseconds(limit.per), now)
    buckets.set(id, bucket)
  }
  return bucket
}

/** A token bucket: full at first, refilled continuously, may go below zero when a settled call used more than it held. */
class Bucket {
  readonly #size: number
  readonly #unitsPerMillisecond: number
  #units: number
  #at: number

  constructor(size: number, unitsPerMillisecond: number, now: number) {
    this.#size = size
    this.#unitsPerMillisecond = unitsPerMillisecond
    this.#units = size
    this.#at = now
  }

  level(now: number): number {
    if (now > this.#at) {
      this.#units = Math.min(this.#size, this.#units + (now - this.#at) * this.#unitsPerMillisecond)
      this.#at = now
    }
    return this.#units
  }

  take(units: number, now: number): void {
    this.#units = Math.min(this.#size, this.level(now) - units)
  }
}

// One counter: what one limit has used and holds in its window, and in the one before, for calls that began in them.

import type { Limit, ScopedLimit } from '../core/limit.ts'
import { periodMilliseconds, type LimitState } from '../core/policy.ts'
import { windowOf, type Window } from '../core/window.ts'

type Count = Window & { used: bigint; held: bigint }

/** Where the window that holds a moment begins and ends. */
export type Windows = (limit: Limit, at: number) => Window

/**
 * Windows by kind of limit, each worked out once: thousands of limits end at the same midnight. A clock that jumps about only costs
 * working them out again.
 */
export function rememberWindows(): Windows {
  const known = new Map<string, Window>()
  return (limit, at) => {
    const kind = `${limit.per}|${limit.timeZone}|${limit.fiscalStartMonth}`
    const found = known.get(kind)
    if (found !== undefined && at >= found.start && at < found.end) return found
    const window = windowOf(limit, at)
    known.set(kind, window)
    return window
  }
}

/** What every kind of counter does for a call. `at` never goes back from one call to the next. */
export interface Counter extends LimitState {
  scoped: ScopedLimit
  wouldHaveRefused: number
  refusedAt: number | null
  readonly window: Window
  /** Goes on to the window of that moment. */
  roll(at: number): void
  hold(asked: bigint, at: number): void
  settle(asked: bigint, actual: bigint, at: number): void
  release(asked: bigint, at: number): void
}

export class WindowCounter implements Counter {
  scoped: ScopedLimit
  readonly split: string | null
  wouldHaveRefused = 0
  refusedAt: number | null = null
  readonly #windows: Windows
  #current: Count
  #last: Count | null = null
  /** the limit's amount with its adjustments, until `#amountUntil` */
  #amount = 0n
  #amountUntil = Number.NEGATIVE_INFINITY
  #amountOf: Limit | null = null
  #lastAmount = 0n

  constructor(scoped: ScopedLimit, split: string | null, windows: Windows, at: number) {
    this.scoped = scoped
    this.split = split
    this.#windows = windows
    this.#current = emptyCount(windows(scoped.limit, at))
  }

  get window(): Window {
    return this.#current
  }

  windowStarts(): readonly number[] {
    return this.#last === null ? [this.#current.start] : [this.#last.start, this.#current.start]
  }

  get used(): bigint {
    return this.#current.used
  }

  get held(): bigint {
    return this.#current.held
  }

  get amount(): bigint {
    return this.#amount + this.#carried()
  }

  roll(at: number): void {
    if (at >= this.#current.end) this.#next(at)
    if (at >= this.#amountUntil || this.#amountOf !== this.scoped.limit) this.#adjust(at)
  }

  hold(asked: bigint, at: number): void {
    const count = this.#countAt(at)
    if (count !== null) count.held += asked
  }

  settle(asked: bigint, actual: bigint, at: number): void {
    const count = this.#countAt(at)
    if (count === null) return
    count.held -= asked
    count.used += actual
  }

  release(asked: bigint, at: number): void {
    this.settle(asked, 0n, at)
  }

  /** What the ledger says of the window that begins then; of any other nothing is kept. */
  usedIn(windowStart: number): bigint | null {
    return this.#countFrom(windowStart)?.used ?? null
  }

  setUsed(windowStart: number, used: bigint): void {
    const count = this.#countFrom(windowStart)
    if (count !== null) count.used = used
  }

  /** Adds to the window that holds a moment, whatever held it before. */
  addUsed(at: number, used: bigint): void {
    const count = this.#countAt(at)
    if (count !== null) count.used += used
  }

  endsAt(): number | null {
    const { kind, per } = this.scoped.limit
    return kind === 'concurrency' || per === null ? null : this.#current.end
  }

  #countAt(at: number): Count | null {
    if (at >= this.#current.start) return this.#current
    return this.#last !== null && at >= this.#last.start ? this.#last : null
  }

  #countFrom(windowStart: number): Count | null {
    if (this.#current.start === windowStart) return this.#current
    return this.#last?.start === windowStart ? this.#last : null
  }

  #next(at: number): void {
    const { limit } = this.scoped
    const ended = this.#current
    this.#current = emptyCount(this.#windows(limit, at))
    this.#last = ended.end === this.#current.start ? ended : null
    this.#amountUntil = Number.NEGATIVE_INFINITY
  }

  #adjust(at: number): void {
    const { limit } = this.scoped
    const { amount, until } = amountAt(limit, at)
    this.#amount = amount
    this.#amountUntil = until
    this.#amountOf = limit
    this.#rememberLast()
    if (this.#last !== null) this.#lastAmount = amountAt(limit, this.#last.end - 1).amount
  }

  /** What was left of the last window's own amount; what was carried into that one lapsed with it. */
  #carried(): bigint {
    const { limit } = this.scoped
    const last = this.#last
    if (limit.rolloverCap === null || last === null) return 0n
    if (limit.since !== null && limit.since >= this.#current.start) return 0n
    const left = this.#lastAmount - last.used - last.held
    if (left <= 0n) return 0n
    return left < limit.rolloverCap ? left : limit.rolloverCap
  }

  /** The window before the current one, where what was left of it counts. */
  #rememberLast(): void {
    const { limit } = this.scoped
    if (limit.rolloverCap === null || this.#last !== null) return
    this.#last = emptyCount(windowOf(limit, this.#current.start - 1))
  }
}

const emptyCount = ({ start, end }: Window): Count => ({ start, end, used: 0n, held: 0n })

/** The amount with what was added to it, and until when that stays so. */
function amountAt(limit: Limit, at: number): { readonly amount: bigint; readonly until: number } {
  let { amount } = limit
  let until = Number.POSITIVE_INFINITY
  for (const adjustment of limit.adjustments) {
    const end = adjustment.until ?? windowOf(limit, adjustment.from).end
    if (at < adjustment.from) until = Math.min(until, adjustment.from)
    else if (at < end) {
      amount += adjustment.amount
      until = Math.min(until, end)
    }
  }
  return { amount, until }
}

/** A token bucket: full at first, refilled continuously, may go below zero when a settled call used more than it held. */
export class BucketCounter implements Counter {
  scoped: ScopedLimit
  readonly split: string | null
  wouldHaveRefused = 0
  refusedAt: number | null = null
  readonly held = 0n
  #units: number
  #at: number

  constructor(scoped: ScopedLimit, split: string | null, at: number) {
    this.scoped = scoped
    this.split = split
    this.#units = Number(scoped.limit.burst)
    this.#at = at
  }

  get window(): Window {
    return { start: this.#at, end: Number.POSITIVE_INFINITY }
  }

  get amount(): bigint {
    return this.scoped.limit.burst ?? 0n
  }

  get used(): bigint {
    return this.amount - BigInt(Math.floor(this.#units))
  }

  roll(at: number): void {
    const more = Math.max(0, at - this.#at) * this.#unitsPerMillisecond()
    this.#units = Math.min(Number(this.amount), this.#units + more)
    this.#at = Math.max(this.#at, at)
  }

  hold(asked: bigint): void {
    this.#units -= Number(asked)
  }

  /** It fills by the clock; only what was held too much goes back, never above its brim. */
  settle(asked: bigint, actual: bigint): void {
    this.#units = Math.min(Number(this.amount), this.#units + Number(asked - actual))
  }

  release(asked: bigint): void {
    this.settle(asked, 0n)
  }

  endsAt(asked: bigint): number | null {
    if (asked > this.amount) return null
    return this.#at + Math.ceil((Number(asked) - Math.floor(this.#units)) / this.#unitsPerMillisecond())
  }

  #unitsPerMillisecond(): number {
    const { amount, per } = this.scoped.limit
    return Number(amount) / periodMilliseconds(per)
  }
}

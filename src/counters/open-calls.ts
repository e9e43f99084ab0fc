// The calls that hold something: what each of them took, for how long its place is kept, and who watches calls begin and end.

import type { Limit } from '../core/limit.ts'
import { amountOf, askedOf, type Consumption, type LimitedCall } from '../core/limit-count.ts'
import type { LeftOut, Taken } from '../core/reservation.ts'
import type { Counter } from './counter.ts'

/** held → settled (`used` says what) | released; a correction of an earlier call holds nothing and only adds to what was used. */
export class Held implements Taken {
  readonly call: LimitedCall
  readonly ask: Consumption
  readonly startedAt: number
  readonly isCorrection: boolean
  /** when it was taken, on the counters' clock, which never goes back: it is counted in the windows of that moment */
  readonly at: number
  readonly counters: Counter[]
  open = true
  /** what it used in the end; null: nothing, or not yet */
  used: Consumption | null = null
  /** whether it has a place among the calls at once; until when, unless it ends before */
  hasPlace = true
  placeUntil = Number.POSITIVE_INFINITY
  /** its place among the open calls; only they write it */
  index = -1

  constructor(
    call: LimitedCall,
    ask: Consumption,
    taken: {
      readonly startedAt: number
      readonly at: number
      readonly counters: Counter[]
      readonly isCorrection: boolean
    },
  ) {
    this.call = call
    this.ask = ask
    this.startedAt = taken.startedAt
    this.at = taken.at
    this.counters = taken.counters
    this.isCorrection = taken.isCorrection
  }

  /** Puts what it holds, or has used, into a counter; `attach`: it goes on to be counted there. */
  countIn(counter: Counter, attach: boolean): void {
    const { limit } = counter.scoped
    if (!this.open) {
      if (this.used !== null) counter.settle(0n, this.usedOf(limit, this.used), this.at)
      return
    }
    counter.hold(this.heldOf(limit), this.at)
    if (attach) this.counters.push(counter)
  }

  /** For a moment it holds nothing. */
  letGo(): void {
    for (const counter of this.counters) counter.release(this.heldOf(counter.scoped.limit), this.at)
  }

  holdAgain(): void {
    for (const counter of this.counters) counter.hold(this.heldOf(counter.scoped.limit), this.at)
  }

  heldOf(limit: Limit): bigint {
    if (this.isCorrection || (limit.kind === 'concurrency' && !this.hasPlace)) return 0n
    return askedOf(limit, this.ask)
  }

  /** A correction changes what a call cost, nothing else. */
  usedOf(limit: Limit, used: Consumption): bigint {
    return this.isCorrection && limit.kind !== 'cost' ? 0n : amountOf(limit, used)
  }
}

/** Hears of all calls that were open when it began, or have begun since. */
export type Watch = LeftOut & { readonly calls: readonly Held[]; end(): void }

type Watching = { readonly ids: Set<string>; readonly calls: Held[]; from: number }

export class OpenCalls {
  readonly #leaseMilliseconds: number
  /** each knows its index: sets that every call goes through keep what has long left them alive (V8) */
  readonly #open: Held[] = []
  #watches: readonly Watching[] = []
  /** no place ends before */
  #nextPlaceEnd = Number.POSITIVE_INFINITY

  constructor(leaseMilliseconds: number) {
    this.#leaseMilliseconds = leaseMilliseconds
  }

  begin(held: Held): void {
    held.index = this.#open.length
    this.#open.push(held)
    if (!held.isCorrection) {
      held.placeUntil = held.at + this.#leaseMilliseconds
      if (held.placeUntil < this.#nextPlaceEnd) this.#nextPlaceEnd = held.placeUntil
    }
    for (const watching of this.#watches) {
      watching.ids.add(held.call.requestId)
      watching.calls.push(held)
      watching.from = Math.min(watching.from, held.startedAt)
    }
  }

  /** `used` null: it never ran. A second end does nothing. */
  end(held: Held, used: Consumption | null): void {
    if (!held.open) return
    for (const counter of held.counters) {
      const { limit } = counter.scoped
      const asked = held.heldOf(limit)
      if (used === null) counter.release(asked, held.at)
      else counter.settle(asked, held.usedOf(limit, used), held.at)
    }
    held.open = false
    held.used = used
    this.#remove(held)
  }

  /** It has let go of what it held, and something else holds for its call. */
  replaced(held: Held): void {
    held.open = false
    this.#remove(held)
  }

  /** Frees the places of calls that should have ended long ago; what they hold else stays held. False: there were none. */
  expirePlaces(at: number): boolean {
    if (at < this.#nextPlaceEnd) return false
    this.#nextPlaceEnd = Number.POSITIVE_INFINITY
    let expired = false
    for (const held of this.#open) {
      if (!held.hasPlace || held.isCorrection) continue
      if (held.placeUntil > at) this.#nextPlaceEnd = Math.min(this.#nextPlaceEnd, held.placeUntil)
      else expired = expirePlace(held) || expired
    }
    return expired
  }

  watch(now: number): Watch {
    const watching: Watching = { ids: new Set(), calls: [...this.#open], from: now }
    for (const held of this.#open) {
      watching.ids.add(held.call.requestId)
      watching.from = Math.min(watching.from, held.startedAt)
    }
    this.#watches = [...this.#watches, watching]
    return {
      get from() {
        return watching.from
      },
      has: (requestId) => watching.ids.has(requestId),
      calls: watching.calls,
      end: () => {
        this.#watches = this.#watches.filter((other) => other !== watching)
      },
    }
  }

  #remove(held: Held): void {
    const last = this.#open.pop()
    if (last === undefined || last === held) return
    this.#open[held.index] = last
    last.index = held.index
  }
}

function expirePlace(held: Held): boolean {
  let expired = false
  for (const counter of held.counters) {
    if (counter.scoped.limit.kind !== 'concurrency') continue
    counter.release(1n, held.at)
    expired = true
  }
  held.hasPlace = false
  return expired
}

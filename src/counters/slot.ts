// The counters of one limit: one, or one for each value that it is split by, up to a bound; and which of them a call is counted in.

import { EVERYBODY, type LimitScope, type ScopedLimit } from '../core/limit.ts'
import { isAboutManner, isAboutModel, splitValueOf, type LimitedCall } from '../core/limit-count.ts'
import { BucketCounter, WindowCounter, type Counter, type Windows } from './counter.ts'

/** Models whose being in scope is remembered; beyond it, all are asked anew. */
const REMEMBERED_MODELS = 256

/** Values of a split that are counted each by itself; whatever comes after them shares one counter, with one amount. */
export const MOST_SPLIT_VALUES = 1_000
export const OVERFLOW_VALUE = '(others)'

export class Slot {
  #scoped: ScopedLimit
  readonly #windows: Windows
  readonly #single: Counter | null
  readonly #split = new Map<string, Counter>()
  readonly #models = new Map<string, boolean>()
  /** until then all values that there is room for stay */
  #fullUntil = 0

  constructor(scoped: ScopedLimit, windows: Windows, at: number) {
    this.#scoped = scoped
    this.#windows = windows
    this.#single = scoped.limit.splitBy === null ? this.#make(null, at) : null
  }

  get scoped(): ScopedLimit {
    return this.#scoped
  }

  /** The same limit with another amount, mode or the like: what was counted stays. */
  becomes(scoped: ScopedLimit): void {
    this.#scoped = scoped
    for (const counter of this.counters()) counter.scoped = scoped
  }

  counters(): Iterable<Counter> {
    return this.#single === null ? this.#split.values() : [this.#single]
  }

  /** null: the limit is not about this call. Whom it stands on is not asked here. */
  counterFor(call: LimitedCall, at: number): Counter | null {
    const { limit } = this.#scoped
    if (limit.scope !== null && !this.#isAbout(limit.scope, call)) return null
    return this.#single ?? this.counterOf(splitValueOf(limit, call), at)
  }

  /** The counter of one value of the split; '' where it is not split. */
  counterOf(value: string, at: number): Counter {
    if (this.#single !== null) return this.#single
    const known = this.#split.get(value)
    if (known !== undefined) return known
    if (this.#split.size >= MOST_SPLIT_VALUES && at >= this.#fullUntil) this.#forgetEnded(at)
    const name = this.#split.size >= MOST_SPLIT_VALUES ? OVERFLOW_VALUE : value
    const counter = this.#split.get(name) ?? this.#make(name, at)
    this.#split.set(name, counter)
    return counter
  }

  #make(split: string | null, at: number): Counter {
    const { limit } = this.#scoped
    return limit.burst === null
      ? new WindowCounter(this.#scoped, split, this.#windows, at)
      : new BucketCounter(this.#scoped, split, at)
  }

  /** Once a window: values that used and hold nothing in it leave room for others; unless what they leave over still counts. */
  #forgetEnded(at: number): void {
    const keeps = this.#scoped.limit.rolloverCap !== null
    for (const [value, counter] of this.#split) {
      counter.roll(at)
      this.#fullUntil = counter.window.end
      if (!keeps && counter.used === 0n && counter.held === 0n) this.#split.delete(value)
    }
  }

  #isAbout(scope: LimitScope, call: LimitedCall): boolean {
    if (!isAboutManner(scope, call)) return false
    if (scope.models === undefined) return true
    let known = this.#models.get(call.modelId)
    if (known === undefined) {
      if (this.#models.size >= REMEMBERED_MODELS) this.#models.clear()
      known = isAboutModel(scope, call)
      this.#models.set(call.modelId, known)
    }
    return known
  }
}

/** Finds the slots of the limits that are about a call, as far as whom they stand on says it. */
export class SlotsByOwner {
  readonly #slots = new Map<string, Slot[]>()

  constructor(slots: Iterable<Slot>) {
    for (const slot of slots) {
      const owner = ownerOf(slot.scoped)
      const others = this.#slots.get(owner)
      if (others === undefined) this.#slots.set(owner, [slot])
      else others.push(slot)
    }
  }

  of({ keyId, tenantIds }: LimitedCall): readonly Slot[] {
    const owners = [`key ${keyId}`, ...[...tenantIds, EVERYBODY].map((tenantId) => `tenant ${tenantId}`)]
    return owners.flatMap((owner) => this.#slots.get(owner) ?? [])
  }
}

const ownerOf = ({ ownerKeyId, ownerTenantId }: ScopedLimit): string =>
  ownerKeyId === null ? `tenant ${ownerTenantId}` : `key ${ownerKeyId}`

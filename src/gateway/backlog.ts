// Entries that the ledger could not take: kept, and tried again until it can; while there are any, no call may begin.

import { LedgerConflict, type LedgerEntry, type LedgerStore } from '../core/ledger.ts'
import type { HoldJournal } from '../core/reservation.ts'

export type BacklogDependencies = {
  readonly ledger: LedgerStore
  readonly holds: HoldJournal
  readonly onEntry: (entry: LedgerEntry) => void
}

export const BACKLOG_LIMITS = {
  /** further ones are left to recovery: their holds are still open */
  entries: 10_000,
  retryMilliseconds: 500,
} as const

/**
 * Calls that are sent while the ledger takes nothing cost money and end in a refusal. So the first entry that it refuses closes the door,
 * and the same entry, tried again, opens it.
 */
export class Backlog {
  readonly #dependencies: BacklogDependencies
  readonly #retryMilliseconds: number
  readonly #waiting: LedgerEntry[] = []
  #timer: NodeJS.Timeout | null = null
  #trying: Promise<void> | null = null

  constructor(dependencies: BacklogDependencies, retryMilliseconds: number = BACKLOG_LIMITS.retryMilliseconds) {
    this.#dependencies = dependencies
    this.#retryMilliseconds = retryMilliseconds
  }

  get size(): number {
    return this.#waiting.length
  }

  /** The client of such a call was given no complete answer, whatever the upstream did. */
  add(entry: LedgerEntry): void {
    if (this.#waiting.length >= BACKLOG_LIMITS.entries) return
    this.#waiting.push(entry.ending === 'completed' ? { ...entry, ending: 'gateway_stopped' } : entry)
    this.#timer ??= setTimeout(() => void this.flush(), this.#retryMilliseconds).unref()
  }

  /** Tries all of them now, in order, until one is refused again. Never rejects. */
  flush(): Promise<void> {
    this.#trying ??= this.#tryAll().finally(() => {
      this.#trying = null
    })
    return this.#trying
  }

  async #tryAll(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    let entry = this.#waiting[0]
    while (entry !== undefined) {
      if (!(await this.#isDone(entry))) {
        this.#timer ??= setTimeout(() => void this.flush(), this.#retryMilliseconds).unref()
        return
      }
      this.#waiting.shift()
      entry = this.#waiting[0]
    }
  }

  /** False: to be tried again. */
  async #isDone(entry: LedgerEntry): Promise<boolean> {
    const { ledger, holds, onEntry } = this.#dependencies
    try {
      await ledger.append(entry)
    } catch (thrown) {
      // The ledger has it already, in the words of before. Anything else may pass.
      if (!(thrown instanceof LedgerConflict)) return false
      holds.close(entry.requestId)
      return true
    }
    holds.close(entry.requestId)
    onEntry(entry)
    return true
  }
}

/** Whether trying again can help: not where the entry itself is at fault. */
export const mayPass = (thrown: unknown): boolean =>
  !(thrown instanceof LedgerConflict) && !(thrown instanceof RangeError)

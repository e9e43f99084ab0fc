// Group commit: entries that arrive while a batch is being made durable form the next batch; one batch is under way at a time.

import { CONTENT_GROUP, LedgerConflict } from '../../core/ledger.ts'

/** What became of one entry of a batch. */
export const OUTCOMES = { created: 'c', exists: 'e', conflict: 'x', malformed: 'm' } as const

/** The ledger cannot take entries now: full queue, full disk, closed or broken store. Nothing was written; asking again may help. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreUnavailable'
  }
}

export type AppendQueueOptions = {
  /** Makes a batch durable; answers one letter for each entry. */
  readonly send: (batch: string) => Promise<string>
  readonly maxQueuedEntries: number
  readonly maxBatchEntries: number
}

/** From so many entries in the last batch on, the next one gathers for a moment. */
const BUSY_BATCH_ENTRIES = 4
const GATHER_MILLISECONDS = 3

type Waiting = {
  readonly requestId: string
  readonly content: string
  readonly resolve: (outcome: 'created' | 'exists') => void
  readonly reject: (error: Error) => void
}

export class AppendQueue {
  readonly #options: AppendQueueOptions
  #waiting: Waiting[] = []
  #underWay = 0
  #lastBatch = 0
  #scheduled = false
  #paused = false
  #closed = false
  #drained: (() => void) | null = null

  constructor(options: AppendQueueOptions) {
    this.#options = options
  }

  append(requestId: string, content: string): Promise<'created' | 'exists'> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('the ledger is closed'))
    if (this.#waiting.length >= this.#options.maxQueuedEntries) {
      const behind = `the ledger is ${this.#waiting.length} entries behind, more than it may be; try again shortly`
      return Promise.reject(new StoreUnavailable(behind))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ requestId, content, resolve, reject })
      this.#schedule()
    })
  }

  /** Entries waiting and under way. */
  get depth(): number {
    return this.#waiting.length + this.#underWay
  }

  /** No batch is sent while something else needs the connection alone. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  /** Refuses new entries and resolves when the last batch is answered. */
  drain(): Promise<void> {
    this.#closed = true
    if (this.depth === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }

  /**
   * At the end of the event loop's turn, so that everything that ended in this turn shares one transaction. Under load a moment later:
   * a transaction of one entry costs a flush and two thread switches as one of thirty does.
   */
  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#underWay > 0 || this.#waiting.length === 0) return
    this.#scheduled = true
    if (this.#lastBatch < BUSY_BATCH_ENTRIES) setImmediate(() => this.#sendNext())
    else setTimeout(() => this.#sendNext(), GATHER_MILLISECONDS)
  }

  #sendNext(): void {
    this.#scheduled = false
    if (this.#paused || this.#underWay > 0) return
    const batch = this.#waiting.splice(0, this.#options.maxBatchEntries)
    this.#underWay = batch.length
    this.#lastBatch = batch.length
    this.#options.send(batch.map(({ content }) => content).join(CONTENT_GROUP)).then(
      (outcomes) => this.#settle(batch, outcomes),
      (error: unknown) => this.#fail(batch, error),
    )
  }

  #settle(batch: readonly Waiting[], outcomes: string): void {
    this.#next()
    for (const [index, entry] of batch.entries()) {
      const outcome = outcomes[index]
      if (outcome === OUTCOMES.created) entry.resolve('created')
      else if (outcome === OUTCOMES.exists) entry.resolve('exists')
      else if (outcome === OUTCOMES.conflict) entry.reject(new LedgerConflict(entry.requestId))
      else entry.reject(new RangeError('a ledger entry may not hold control characters in its ids'))
    }
  }

  #fail(batch: readonly Waiting[], cause: unknown): void {
    this.#next()
    const reason = cause instanceof Error ? cause.message : String(cause)
    const error = new StoreUnavailable(`the ledger could not be written: ${reason}`, { cause })
    for (const entry of batch) entry.reject(error)
  }

  #next(): void {
    this.#underWay = 0
    this.#schedule()
    if (this.depth === 0) this.#drained?.()
  }
}

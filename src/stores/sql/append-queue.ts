// Group commit: entries that arrive while a batch is being made durable form the next batch; one batch is under way at a time.

import { LedgerConflict } from '../../core/ledger.ts'

/** Between the contents of a batch; cannot stand inside one. */
export const BATCH_SEPARATOR = '\x1d'

/** What became of one entry of a batch. */
export const OUTCOMES = { created: 'c', exists: 'e', conflict: 'x' } as const

/** The ledger cannot take entries now: full queue, full disk, closed or broken store. Nothing was written; asking again may help. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreUnavailable'
  }
}

export type AppendQueue = {
  append: (requestId: string, content: string) => Promise<'created' | 'exists'>
  /** No batch is sent while something else needs the connection alone. */
  pause: () => void
  resume: () => void
  /** Entries waiting and under way. */
  depth: () => number
  /** Refuses new entries and resolves when the last batch is answered. */
  drain: () => Promise<void>
}

type Waiting = {
  readonly requestId: string
  readonly content: string
  readonly resolve: (outcome: 'created' | 'exists') => void
  readonly reject: (error: Error) => void
}

export function createAppendQueue(options: {
  /** Makes a batch durable; answers one letter for each entry. */
  send: (batch: string) => Promise<string>
  maxQueuedEntries: number
  maxBatchEntries: number
}): AppendQueue {
  let waiting: Waiting[] = []
  let underWay = 0
  let scheduled = false
  let paused = false
  let closed = false
  let drained: (() => void) | null = null

  // at the end of the event loop's turn, so that everything that ended in this turn shares one transaction
  function schedule(): void {
    if (scheduled || paused || underWay > 0 || waiting.length === 0) return
    scheduled = true
    setImmediate(sendNext)
  }

  function sendNext(): void {
    scheduled = false
    if (paused || underWay > 0 || waiting.length === 0) return
    const batch = waiting.length > options.maxBatchEntries ? waiting.slice(0, options.maxBatchEntries) : waiting
    waiting = batch === waiting ? [] : waiting.slice(options.maxBatchEntries)
    underWay = batch.length
    let text = (batch[0] as Waiting).content
    for (let index = 1; index < batch.length; index += 1) text += BATCH_SEPARATOR + (batch[index] as Waiting).content
    options.send(text).then(
      (outcomes) => settle(batch, outcomes),
      (error: unknown) => fail(batch, error),
    )
  }

  function settle(batch: readonly Waiting[], outcomes: string): void {
    next()
    for (let index = 0; index < batch.length; index += 1) {
      const entry = batch[index] as Waiting
      const outcome = outcomes[index]
      if (outcome === OUTCOMES.created) entry.resolve('created')
      else if (outcome === OUTCOMES.exists) entry.resolve('exists')
      else entry.reject(new LedgerConflict(entry.requestId))
    }
  }

  function fail(batch: readonly Waiting[], cause: unknown): void {
    next()
    const reason = cause instanceof Error ? cause.message : String(cause)
    const error = new StoreUnavailable(`the ledger could not be written: ${reason}`, { cause })
    for (const entry of batch) entry.reject(error)
  }

  function next(): void {
    underWay = 0
    schedule()
    if (waiting.length === 0) drained?.()
  }

  return {
    append(requestId, content) {
      if (closed) return Promise.reject(new StoreUnavailable('the ledger is closed'))
      if (waiting.length >= options.maxQueuedEntries) {
        return Promise.reject(
          new StoreUnavailable(
            `the ledger is ${waiting.length} entries behind, more than it may be; try again shortly`,
          ),
        )
      }
      return new Promise((resolve, reject) => {
        waiting.push({ requestId, content, resolve, reject })
        schedule()
      })
    },
    pause() {
      paused = true
    },
    resume() {
      paused = false
      schedule()
    },
    depth: () => waiting.length + underWay,
    drain() {
      closed = true
      if (waiting.length === 0 && underWay === 0) return Promise.resolve()
      return new Promise((resolve) => {
        drained = resolve
        schedule()
      })
    },
  }
}

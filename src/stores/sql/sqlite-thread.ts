// The main thread's end of the SQLite thread: starts it, asks it, and knows when it is gone.

import { Worker } from 'node:worker_threads'
import { StoreUnavailable } from './append-queue.ts'
import type { QueryResult, WorkerCall, WorkerFailure, WorkerReply, WorkerSettings } from './sqlite-worker.ts'
import type { ChecksumProgress, VerifyProgress, VerifyStep } from './sqlite-verify.ts'

type Pending = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
type CallKind = WorkerCall['kind']
type CallBody = { [K in CallKind]: Omit<Extract<WorkerCall, { kind: K }>, 'id'> }[CallKind]

export async function startSqliteThread(settings: WorkerSettings): Promise<SqliteThread> {
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
    workerData: settings,
    execArgv: [],
    // V8 would size the young generation by the machine's memory; this thread makes short-lived strings only.
    resourceLimits: { maxYoungGenerationSizeMb: 6 },
  })
  const thread = new SqliteThread(worker)
  try {
    await thread.opened
    return thread
  } catch (error) {
    await worker.terminate()
    throw error
  }
}

export class SqliteThread {
  readonly #worker: Worker
  readonly #calls = new Map<number | 'open' | 'batch', Pending>()
  readonly #gone: Promise<void>
  readonly opened: Promise<unknown>
  #lastId = 0
  #broken: string | null = null

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (message: WorkerReply) => this.#receive(message))
    worker.on('error', (error) => this.#breakWith(error instanceof Error ? error.message : String(error)))
    this.#gone = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#breakWith('its thread has ended')
        resolve()
      })
    })
    this.opened = this.#ask('open', () => undefined)
  }

  /** What broke the store for good; null while it works. */
  get broken(): string | null {
    return this.#broken
  }

  query(sql: string, parameters: readonly unknown[]): Promise<QueryResult> {
    return this.#call({ kind: 'query', sql, parameters }) as Promise<QueryResult>
  }

  verify(step: Extract<VerifyStep, { do: 'start' | 'next' }>): Promise<VerifyProgress> {
    return this.#call({ kind: 'verify', step }) as Promise<VerifyProgress>
  }

  checksums(after: bigint, maxEntries: number): Promise<ChecksumProgress> {
    return this.#call({ kind: 'verify', step: { do: 'checksums', after, maxEntries } }) as Promise<ChecksumProgress>
  }

  /** One batch at a time. */
  append(batch: string): Promise<string> {
    return this.#ask('batch', () => this.#worker.postMessage(batch)) as Promise<string>
  }

  async backup(file: string): Promise<void> {
    await this.#call({ kind: 'backup', file })
  }

  async close(): Promise<void> {
    // a thread that cannot close any more is ended: what it acknowledged is durable already
    await this.#call({ kind: 'close' }).catch(() => this.#worker.terminate())
    await this.#gone
  }

  #call(body: CallBody): Promise<unknown> {
    this.#lastId += 1
    const id = this.#lastId
    return this.#ask(id, () => this.#worker.postMessage({ ...body, id }))
  }

  #ask(id: number | 'open' | 'batch', send: () => void): Promise<unknown> {
    if (this.#broken !== null) return Promise.reject(new StoreUnavailable(`the store is gone: ${this.#broken}`))
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject })
      send()
    })
  }

  #receive(message: WorkerReply): void {
    const id = typeof message === 'string' ? 'batch' : message.id
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (typeof message === 'string') call?.resolve(message)
    else if ('failure' in message) call?.reject(this.#errorFrom(message.failure))
    else call?.resolve(message.result)
  }

  #errorFrom(failure: WorkerFailure): Error {
    if (failure.broken) this.#breakWith(failure.message)
    return Object.assign(new StoreUnavailable(failure.message), { code: failure.code })
  }

  #breakWith(reason: string): void {
    this.#broken ??= reason
    for (const call of this.#calls.values()) call.reject(new StoreUnavailable(`the store is gone: ${reason}`))
    this.#calls.clear()
  }
}

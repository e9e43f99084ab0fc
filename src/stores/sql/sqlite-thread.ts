// The main thread's end of the SQLite thread: starts it, asks it, and knows when it is gone.

import { Worker } from 'node:worker_threads'
import { StoreUnavailable } from './append-queue.ts'
import type { QueryResult, WorkerCall, WorkerFailure, WorkerReply, WorkerSettings } from './sqlite-worker.ts'
import type { ChecksumProgress, VerifyProgress, VerifyStep } from './sqlite-verify.ts'

export type SqliteThread = {
  query: (sql: string, parameters: readonly unknown[]) => Promise<QueryResult>
  verify: (step: Extract<VerifyStep, { do: 'start' | 'next' }>) => Promise<VerifyProgress>
  checksums: (after: bigint, maxEntries: number) => Promise<ChecksumProgress>
  /** One batch at a time. */
  append: (batch: string) => Promise<string>
  /** What broke the store for good; null while it works. */
  broken: () => string | null
  close: () => Promise<void>
}

type Pending = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }

export async function startSqliteThread(settings: WorkerSettings): Promise<SqliteThread> {
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
    workerData: settings,
    execArgv: [],
    // V8 would size the young generation by the machine's memory; this thread makes short-lived strings only.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  })
  const calls = new Map<number | 'open' | 'batch', Pending>()
  let lastId = 0
  let broken: string | null = null

  function receive(message: WorkerReply): void {
    const id = typeof message === 'string' ? 'batch' : message.id
    const call = calls.get(id)
    calls.delete(id)
    if (typeof message === 'string') call?.resolve(message)
    else if ('failure' in message) call?.reject(errorFrom(message.failure))
    else call?.resolve(message.result)
  }

  function errorFrom(failure: WorkerFailure): Error {
    if (failure.broken) breakWith(failure.message)
    return Object.assign(new StoreUnavailable(failure.message), { code: failure.code })
  }

  function breakWith(reason: string): void {
    broken ??= reason
    for (const call of calls.values()) call.reject(new StoreUnavailable(`the store is gone: ${reason}`))
    calls.clear()
  }

  const ask = (id: number | 'open' | 'batch', send: () => void): Promise<unknown> => {
    if (broken !== null) return Promise.reject(new StoreUnavailable(`the store is gone: ${broken}`))
    return new Promise((resolve, reject) => {
      calls.set(id, { resolve, reject })
      send()
    })
  }
  const call = (
    message: { [K in WorkerCall['kind']]: Omit<Extract<WorkerCall, { kind: K }>, 'id'> }[WorkerCall['kind']],
  ) => {
    lastId += 1
    const id = lastId
    return ask(id, () => worker.postMessage({ ...message, id }))
  }

  worker.on('message', receive)
  worker.on('error', (error) => breakWith(error instanceof Error ? error.message : String(error)))
  const gone = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      breakWith('its thread has ended')
      resolve()
    })
  })

  try {
    await ask('open', () => undefined)
  } catch (error) {
    await worker.terminate()
    throw error
  }

  return {
    query: (sql, parameters) => call({ kind: 'query', sql, parameters }) as Promise<QueryResult>,
    verify: (step) => call({ kind: 'verify', step }) as Promise<VerifyProgress>,
    checksums: (after, maxEntries) =>
      call({ kind: 'verify', step: { do: 'checksums', after, maxEntries } }) as Promise<ChecksumProgress>,
    append: (batch) => ask('batch', () => worker.postMessage(batch)) as Promise<string>,
    broken: () => broken,
    async close() {
      if (broken === null) await call({ kind: 'close' })
      await gone
    },
  }
}

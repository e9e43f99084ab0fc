// Brings records of the call log to one place each, in order and beside the calls; what is not taken waits within bounds, over a restart too.

import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { appendLines, PostRefused } from './line-writing.ts'
import type { LogWriter } from './call-log-writers.ts'

export const CALL_LOG_LIMITS = {
  waitingRecords: 10_000,
  waitingBytes: 67_108_864,
  longestPauseMilliseconds: 30_000,
} as const

export type CallLogOutboxDependencies = {
  /** as it is now: a place may get other credentials */
  readonly writer: () => LogWriter
  /** what was not taken when the process ended waits here for the next one */
  readonly spoolFile: string
  readonly retryMilliseconds: number
  readonly now: () => number
  /** Hears of records that are lost: too many waited, or the place will never take them. Must not throw. */
  readonly onLost: (records: number, why: 'full' | 'refused') => void
  /** Hears of the first failure of a row of them. Must not throw. */
  readonly onFailure: (thrown: unknown) => void
}

export type CallLogOutbox = {
  /** Never on the way of a call: the line is put into a queue, no more. */
  add(line: string): void
  /** Takes in what an earlier process left. */
  start(): Promise<void>
  /** Tries for so long; what is not taken then is kept for the next process. */
  stop(deadlineMilliseconds: number): Promise<void>
  readonly waiting: number
}

export const createCallLogOutbox = (dependencies: CallLogOutboxDependencies): CallLogOutbox => new Outbox(dependencies)

/** empty → sending ⇄ pausing → empty; stopped: nothing is sent any more. */
class Outbox implements CallLogOutbox {
  readonly #dependencies: CallLogOutboxDependencies
  #queue: string[] = []
  #bytes = 0
  /** of the queue's beginning: those that stand in the spool file too */
  #spooled = 0
  #failures = 0
  /** what an earlier process left goes first */
  #started = false
  #starting: Promise<void> = Promise.resolve()
  #running: Promise<void> | null = null
  #stopped = false
  #wake: (() => void) | null = null

  constructor(dependencies: CallLogOutboxDependencies) {
    this.#dependencies = dependencies
  }

  get waiting(): number {
    return this.#queue.length
  }

  add(line: string): void {
    const { waitingRecords, waitingBytes } = CALL_LOG_LIMITS
    if (this.#queue.length >= waitingRecords || this.#bytes + line.length > waitingBytes) {
      this.#dependencies.onLost(1, 'full')
      return
    }
    this.#queue.push(line)
    this.#bytes += line.length
    this.#begin()
  }

  start(): Promise<void> {
    this.#starting = this.#takeIn()
    return this.#starting
  }

  async stop(deadlineMilliseconds: number): Promise<void> {
    await this.#starting
    const { now, spoolFile } = this.#dependencies
    const deadline = now() + deadlineMilliseconds
    // no pause outlasts the deadline, and what waits for one is tried once more
    this.#failures = 0
    this.#wake?.()
    const timer = setTimeout(() => {
      this.#stopped = true
      this.#wake?.()
    }, deadlineMilliseconds)
    while (this.#running !== null && now() < deadline) await Promise.race([this.#running, timeUntil(deadline - now())])
    clearTimeout(timer)
    this.#stopped = true
    if (this.#queue.length > 0 || this.#spooled > 0) await keep(spoolFile, this.#queue)
  }

  async #takeIn(): Promise<void> {
    const left = await readFile(this.#dependencies.spoolFile, 'utf8').catch(() => '')
    const lines = left.split('\n').filter(isWhole)
    this.#queue = [...lines, ...this.#queue]
    this.#spooled = lines.length
    this.#bytes += lines.reduce((sum, line) => sum + line.length, 0)
    this.#started = true
    this.#begin()
  }

  #begin(): void {
    if (this.#started && !this.#stopped && this.#queue.length > 0)
      this.#running ??= this.#pump().catch(this.#dependencies.onFailure)
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stopped) await this.#send()
    this.#running = null
  }

  async #send(): Promise<void> {
    const { writer, onLost, onFailure } = this.#dependencies
    const place = writer()
    const lines = this.#queue.slice(0, place.batch)
    try {
      await place.write(lines)
      this.#failures = 0
      await this.#drop(lines.length)
    } catch (thrown) {
      if (thrown instanceof PostRefused && thrown.permanent) {
        onLost(lines.length, 'refused')
        await this.#drop(lines.length)
        return
      }
      this.#failures += 1
      if (this.#failures === 1) onFailure(thrown)
      if (!this.#stopped) await this.#pause()
    }
  }

  #pause(): Promise<void> {
    const growing = this.#dependencies.retryMilliseconds * 2 ** (this.#failures - 1)
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(CALL_LOG_LIMITS.longestPauseMilliseconds, growing)).unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #drop(count: number): Promise<void> {
    for (const line of this.#queue.slice(0, count)) this.#bytes -= line.length
    this.#queue = this.#queue.slice(count)
    if (this.#spooled === 0) return
    this.#spooled = Math.max(0, this.#spooled - count)
    if (this.#spooled === 0) await rm(this.#dependencies.spoolFile, { force: true })
  }
}

const timeUntil = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, Math.max(1, milliseconds)).unref())

/** The last line of a file that was cut off is none. */
function isWhole(line: string): boolean {
  try {
    return line !== '' && typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}

/** Whole or not at all. */
async function keep(path: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) {
    await rm(path, { force: true })
    return
  }
  await mkdir(dirname(path), { recursive: true })
  await rm(`${path}.new`, { force: true })
  await appendLines(`${path}.new`, lines)
  await rename(`${path}.new`, path)
}

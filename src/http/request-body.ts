// Reads a request body into one buffer, within a size and a time.

import type { Readable } from 'node:stream'
import type { Deadlines, Watched } from './deadlines.ts'
import { HttpFault } from './exchange.ts'

export type BodyLimits = {
  readonly maxBytes: number
  readonly timeoutMilliseconds: number
}

/** What all bodies that are being received may take together. */
export type BodyBudget = { bytesLeft: number }

/**
 * A body that lies in one piece is handed on as it is, without a copy. After a failure (`lost`) the rest is taken in and thrown away,
 * until whoever answers closes the connection or the stream.
 */
export function readBody(
  source: Readable,
  limits: BodyLimits,
  { deadlines, bodyBudget }: { deadlines: Deadlines; bodyBudget: BodyBudget },
  lost: () => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const reading = new BodyReading(limits, deadlines, bodyBudget, resolve, (fault) => {
      lost()
      reject(fault)
    })
    source.on('data', (chunk: Buffer) => reading.take(chunk))
    source.on('end', () => reading.complete())
    source.on('error', () => reading.fail('client_closed'))
    source.on('close', () => reading.fail('client_closed'))
  })
}

/** The value of a content-length header; null when there is none. The parsers have checked that it is a number. */
export function declaredLength(value: string | undefined): number | null {
  return value === undefined ? null : Number(value)
}

export const EMPTY_BODY = Buffer.alloc(0)

class BodyReading implements Watched {
  ticks: number
  place = -1
  private readonly limits: BodyLimits
  private readonly deadlines: Deadlines
  private readonly budget: BodyBudget
  private readonly resolve: (body: Buffer) => void
  private readonly reject: (fault: HttpFault) => void
  private first: Buffer | null = null
  private rest: Buffer[] | null = null
  private length = 0
  private done = false

  constructor(
    limits: BodyLimits,
    deadlines: Deadlines,
    budget: BodyBudget,
    resolve: (body: Buffer) => void,
    reject: (fault: HttpFault) => void,
  ) {
    this.limits = limits
    this.deadlines = deadlines
    this.budget = budget
    this.resolve = resolve
    this.reject = reject
    this.ticks = deadlines.ticksFor(limits.timeoutMilliseconds)
    deadlines.watch(this)
  }

  settled(): boolean {
    return this.done
  }

  expire(): void {
    this.fail('request_timeout')
  }

  take(chunk: Buffer): void {
    if (this.done) return
    this.length += chunk.length
    this.budget.bytesLeft -= chunk.length
    if (this.length > this.limits.maxBytes) this.fail('body_too_large')
    else if (this.budget.bytesLeft < 0) this.fail('overloaded')
    else if (this.first === null) this.first = chunk
    else (this.rest ??= [this.first]).push(chunk)
  }

  complete(): void {
    if (!this.finish()) return
    this.resolve(this.rest === null ? (this.first ?? EMPTY_BODY) : Buffer.concat(this.rest, this.length))
  }

  fail(code: 'client_closed' | 'request_timeout' | 'body_too_large' | 'overloaded'): void {
    if (!this.finish()) return
    this.first = null
    this.rest = null
    this.reject(new HttpFault(code))
  }

  private finish(): boolean {
    if (this.done) return false
    this.done = true
    this.budget.bytesLeft += this.length
    this.deadlines.unwatch(this)
    return true
  }
}

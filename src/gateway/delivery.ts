// The client's side of one answer: nothing is released before the hold is durable, nothing complete before the entry is.

import type { Usage } from '../core/usage.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { FrameEdges } from './frame-edges.ts'
import { REQUEST_ID_HEADER } from './headers.ts'
import type { RenderedAnswer } from './surfaces/surface.ts'

/**
 * buffering: a whole answer is collected, up to a bound, and given in one write when its entry is durable · streaming: chunks pass as
 * they come; what ends the answer is withheld · abandoned: the client is gone, bytes are dropped.
 */
type Mode = 'waiting' | 'buffering' | 'streaming' | 'abandoned'

export type DeliveryHooks = {
  readonly resumeUpstream: () => void
  /** Something wants to go before the entry: the hold must be durable first. May be asked again. */
  readonly needRelease: () => void
}

/** How many bytes of the next chunk of a stream are whole with it. */
export type Edges = { wholeBytes(chunk: Buffer): number }

export class Delivery {
  readonly #exchange: HttpExchange
  readonly #maxBufferedBytes: number
  readonly #hooks: DeliveryHooks
  #mode: Mode = 'waiting'
  #eventStream = false
  #status = 0
  #headers: readonly string[] = []
  #released = false
  /** what waits for the hold, for the next chunk, or for the whole answer */
  #queue: Buffer[] = []
  /** the beginning of a frame: passed on when it is whole, dropped when it never will be */
  #partial: Buffer[] = []
  readonly #edges: Edges
  /** the end of a stream, from its final event on: waits for the entry, whatever becomes of the hold */
  #tail: Buffer[] = []
  #queuedBytes = 0
  #writtenBytes = 0

  constructor(exchange: HttpExchange, maxBufferedBytes: number, hooks: DeliveryHooks, edges: Edges = new FrameEdges()) {
    this.#exchange = exchange
    this.#maxBufferedBytes = maxBufferedBytes
    this.#hooks = hooks
    this.#edges = edges
    exchange.onDrain(hooks.resumeUpstream)
  }

  head(status: number, headers: readonly string[], eventStream: boolean): void {
    if (this.#mode === 'abandoned') return
    this.#status = status
    this.#headers = headers
    this.#eventStream = eventStream
    this.#mode = eventStream ? 'streaming' : 'buffering'
  }

  /** The hold is durable: what waited for it may go. */
  release(): void {
    this.#released = true
    if (this.#mode !== 'streaming') return
    this.#flush(this.#eventStream ? 0 : 1)
    this.#hooks.resumeUpstream()
  }

  /** False: pause the upstream. `final`: this chunk may end the answer, so it waits for the entry. */
  chunk(chunk: Buffer, final: boolean): boolean {
    if (this.#mode === 'abandoned') return true
    if (final) {
      for (const piece of [...this.#partial.splice(0), chunk]) this.#tail.push(this.#counted(piece))
      return this.#queuedBytes <= this.#maxBufferedBytes
    }
    if (!this.#enqueue(chunk)) return true
    if (this.#mode === 'buffering') {
      if (this.#queuedBytes <= this.#maxBufferedBytes) return true
      this.#mode = 'streaming'
    }
    if (!this.#released) {
      this.#hooks.needRelease()
      return false
    }
    // Without frames any chunk may be the last one: the newest always waits for the next.
    return this.#flush(this.#eventStream ? 0 : 1)
  }

  /** Puts whole frames into the queue and keeps the beginning of the next one; false: no frame is whole yet. */
  #enqueue(chunk: Buffer): boolean {
    const whole = this.#eventStream ? this.#edges.wholeBytes(chunk) : chunk.length
    if (whole > 0) {
      for (const piece of this.#partial.splice(0)) this.#queue.push(this.#counted(piece))
      this.#queue.push(this.#counted(whole === chunk.length ? chunk : chunk.subarray(0, whole)))
    }
    if (whole < chunk.length) this.#partial.push(chunk.subarray(whole))
    return whole > 0
  }

  #counted(piece: Buffer): Buffer {
    this.#queuedBytes += piece.length
    return piece
  }

  /** The upstream's own answer is to be given, and all of it is here. `usage`: what was read in it. */
  answered(_usage: Usage | null = null): void {}

  abandon(): void {
    this.#mode = 'abandoned'
    this.#queue = []
    this.#partial = []
    this.#tail = []
    this.#queuedBytes = 0
  }

  /** The entry could not be made durable: what would complete the answer never goes. */
  withhold(): void {
    for (const piece of this.#tail.splice(0)) this.#queuedBytes -= piece.length
  }

  /** The status that the client sees when the call ends with this refusal (null: with its answer). */
  statusIf(refusal: number | null): number {
    if (this.#mode === 'abandoned') return this.#exchange.headersSent ? this.#status : 0
    return refusal === null || this.#exchange.headersSent ? this.#status : refusal
  }

  /** Bytes of the answer that will have been handed over once it is complete. */
  finalBytes(): number {
    return this.#writtenBytes + this.#queuedBytes
  }

  /** The whole answer, before any of it is given; null: it passes in pieces, or nobody is there any more. */
  whole(): RenderedAnswer | null {
    if (this.#mode !== 'buffering' || this.#exchange.headersSent) return null
    return { status: this.#status, headers: this.#headers, body: this.body() }
  }

  /** What goes in the place of the whole answer. */
  replace({ status, headers, body }: RenderedAnswer): void {
    if (this.whole() === null) return
    this.#status = status
    this.#headers = headers
    this.#tail = []
    this.#queue = [body]
    this.#queuedBytes = body.length
  }

  /** What is collected so far of an answer that is not streamed. */
  body(): Buffer {
    return Buffer.concat([...this.#queue, ...this.#tail])
  }

  /** The entry is durable: the rest of the answer may go. */
  complete(): void {
    if (this.#mode === 'abandoned') return
    if (!this.#exchange.headersSent && !this.#eventStream) {
      this.#exchange.respond(this.#status, this.#headers, this.#queue.length === 1 ? this.#queue[0] : this.body())
      return
    }
    this.#tail.push(...this.#partial.splice(0))
    this.#flushAll()
    if (!this.#exchange.headersSent) this.#exchange.startResponse(this.#status, this.#headers)
    this.#exchange.end()
  }

  /** The call failed: a refusal where nothing was sent, the dialect's error frame in a running stream, else a broken connection. */
  fail(refusal: RenderedAnswer, streamError: Buffer | null, requestId: string): void {
    if (this.#mode === 'abandoned') return
    if (!this.#exchange.headersSent && !(this.#eventStream && this.#queuedBytes > 0)) {
      this.#exchange.respond(refusal.status, [...refusal.headers, REQUEST_ID_HEADER, requestId], refusal.body)
      return
    }
    if (!this.#eventStream || streamError === null) {
      this.#exchange.destroy()
      return
    }
    this.#flushAll()
    this.#exchange.end(streamError)
  }

  /** The entry is durable, so the hold need not be waited for any more. */
  #flushAll(): void {
    this.#released = true
    this.#queue.push(...this.#tail)
    this.#tail = []
    this.#flush(0)
  }

  #flush(keep: number): boolean {
    let writable = true
    while (this.#queue.length > keep) {
      const chunk = this.#queue.shift() as Buffer
      if (!this.#exchange.headersSent) this.#exchange.startResponse(this.#status, this.#headers)
      writable = this.#exchange.write(chunk)
      this.#queuedBytes -= chunk.length
      this.#writtenBytes += chunk.length
    }
    return writable
  }
}

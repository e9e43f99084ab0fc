// One call to another server as its caller has it: what it sends, who hears the answer, how it ends, once.

import type { EncodedRequest } from './client-request.ts'
import type { ResponseHead } from './response-head.ts'

export interface ResponseListener {
  /** There is a connection, and the request goes out on it. */
  onSending(): void
  onHeaders(status: number, headers: readonly string[]): void
  /** False: send no more until `resume`. What is on its way may still come. */
  onData(chunk: Buffer): boolean
  onComplete(): void
  onFailure(failure: ClientFailure): void
}

export type ClientFailure = {
  /** unreachable: no connection could be made · timeout, broken: of a connection · aborted: by the caller */
  readonly kind: 'unreachable' | 'timeout' | 'broken' | 'aborted'
  /** the request may have been carried out */
  readonly sent: boolean
  readonly detail: string
}

/** What carries a call: a connection, or a place in the queue for one. */
export interface CallCarrier {
  leave(call: ClientCall): void
  resume(): void
}

export class ClientCall {
  readonly request: EncodedRequest
  carrier: CallCarrier | null = null
  readonly #listener: ResponseListener
  #state: 'waiting' | 'sent' | 'ended' = 'waiting'

  constructor(request: EncodedRequest, listener: ResponseListener) {
    this.request = request
    this.#listener = listener
  }

  resume(): void {
    this.carrier?.resume()
  }

  /** The listener hears of it before this returns; after the end, nothing happens. */
  abort(): void {
    this.fail('aborted', 'aborted by the gateway')
  }

  onSending(): void {
    this.#state = 'sent'
    this.#listener.onSending()
  }

  onHead({ status, headers }: ResponseHead): void {
    if (this.#state !== 'ended') this.#listener.onHeaders(status, headers)
  }

  onData(chunk: Buffer): boolean {
    return this.#state === 'ended' || this.#listener.onData(chunk)
  }

  onWhole(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.carrier = null
    this.#listener.onComplete()
  }

  fail(kind: ClientFailure['kind'], detail: string): void {
    if (this.#state === 'ended') return
    const sent = this.#state === 'sent'
    this.#state = 'ended'
    const { carrier } = this
    this.carrier = null
    carrier?.leave(this)
    this.#listener.onFailure({ kind: sent || kind === 'aborted' ? kind : 'unreachable', sent, detail })
  }
}

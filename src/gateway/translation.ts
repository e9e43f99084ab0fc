// The client's side of an answer that is said in another dialect than the upstream's: the same promises as for bytes that pass untouched.

import { toGatewayError, GatewayError } from '../core/errors.ts'
import type { Usage } from '../core/usage.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { SSE_HEADERS } from '../http/sse.ts'
import { Delivery, type DeliveryHooks } from './delivery.ts'
import { LIMIT_HEADERS } from '../core/limit-headers.ts'
import { FALLBACK_HEADER, flatHeader, LIFECYCLE_HEADER, OUTPUT_CAPPED_HEADER, REQUEST_ID_HEADER } from './headers.ts'
import type { AnswerTranslator, RenderedAnswer, Surface } from './surfaces/surface.ts'

/** A whole answer is translated when all of it is here; one that is larger is given up, and billed all the same. */
const MOST_WHOLE_BYTES = 67_108_864

export type TranslatedDeliveryOptions = {
  readonly exchange: HttpExchange
  readonly maxBufferedBytes: number
  readonly hooks: DeliveryHooks
  readonly surface: Pick<Surface, 'renderError' | 'renderStreamError'>
  readonly answer: AnswerTranslator
  readonly requestId: string
  /** The answer could not be translated; the client hears an error. */
  readonly onFailure: (thrown: unknown) => void
}

/** A model may think for minutes between two events, and clients and proxies give silent streams up. */
const SILENCE_MILLISECONDS = 15_000

/** A translator gives whole events only, so a stream can be ended with an error behind any of its chunks. */
const EVENTS = { wholeBytes: (chunk: Buffer): number => chunk.length }
/** Of the headers that cross the gateway with a native answer, those that no dialect says in its own way. */
const KEPT = [
  REQUEST_ID_HEADER,
  OUTPUT_CAPPED_HEADER,
  LIFECYCLE_HEADER,
  FALLBACK_HEADER,
  ...LIMIT_HEADERS,
  'x-amzn-requestid',
  'retry-after',
]

export class TranslatedDelivery extends Delivery {
  readonly #options: TranslatedDeliveryOptions
  #status = 0
  #headers: readonly string[] = []
  #streams = false
  #given = false
  #failure: GatewayError | null = null
  #whole: Buffer[] = []
  #wholeBytes = 0
  /** beats from the first event on, where the dialect has a sign of life; null: it does not beat */
  #pulse: NodeJS.Timeout | null = null
  /** something was said since the last beat */
  #said = false

  constructor(options: TranslatedDeliveryOptions) {
    super(options.exchange, options.maxBufferedBytes, options.hooks, EVENTS)
    this.#options = options
  }

  override head(status: number, headers: readonly string[], eventStream: boolean): void {
    this.#status = status
    this.#headers = headers
    this.#streams = eventStream && status < 400 && this.#options.answer.gathers !== true
    if (this.#streams) super.head(status, this.#headersWith(SSE_HEADERS), true)
  }

  override chunk(chunk: Buffer, final: boolean): boolean {
    if (this.#given) return true
    if (this.#streams) return this.#pass(() => this.#options.answer.push(chunk), final)
    this.#wholeBytes += chunk.length
    if (this.#wholeBytes > MOST_WHOLE_BYTES) this.#whole = []
    else this.#whole.push(chunk)
    return true
  }

  override answered(usage: Usage | null = null): void {
    if (this.#given) return
    this.#given = true
    this.#stopPulse()
    if (this.#streams) this.#endStream(usage)
    else this.#give(this.#translated(usage))
  }

  override abandon(): void {
    this.#given = true
    this.#stopPulse()
    this.#whole = []
    super.abandon()
  }

  override fail(refusal: RenderedAnswer, streamError: Buffer | null, requestId: string): void {
    this.#stopPulse()
    super.fail(refusal, streamError, requestId)
  }

  #pass(make: () => Buffer, final: boolean): boolean {
    const events = this.#attempt(make)
    if (events === null || events.length === 0) return true
    this.#said = true
    if (!this.#given) this.#startPulse()
    return super.chunk(events, final)
  }

  #startPulse(): void {
    const { ping } = this.#options.answer
    if (ping === undefined || this.#pulse !== null) return
    this.#pulse = setInterval(() => {
      if (!this.#said) super.chunk(ping, false)
      this.#said = false
    }, SILENCE_MILLISECONDS)
  }

  #stopPulse(): void {
    if (this.#pulse !== null) clearInterval(this.#pulse)
    this.#pulse = null
  }

  #endStream(usage: Usage | null): void {
    this.#pass(() => this.#options.answer.end(usage), true)
    if (this.#failure === null) return
    const { answer, surface } = this.#options
    const words = answer.failure?.(this.#failure) ?? surface.renderStreamError(this.#failure)
    if (words !== null) super.chunk(words, true)
  }

  #translated(usage: Usage | null): RenderedAnswer {
    const { answer, surface, requestId } = this.#options
    const said = this.#attempt(() => {
      if (this.#wholeBytes > MOST_WHOLE_BYTES)
        throw new GatewayError('upstream_failed', { message: 'The answer is larger than the gateway can translate.' })
      return answer.whole(this.#status, Buffer.concat(this.#whole), this.#headers, usage)
    })
    this.#whole = []
    return said ?? surface.renderError(this.#failure ?? new GatewayError('internal'), requestId)
  }

  #give({ status, headers, body }: RenderedAnswer): void {
    super.head(status, this.#headersWith(headers), false)
    super.chunk(body, false)
  }

  #headersWith(own: readonly string[]): string[] {
    const all = [...this.#options.answer.headers, ...own]
    for (const name of KEPT) {
      const value = flatHeader(this.#headers, name)
      if (value !== null && flatHeader(all, name) === null) all.push(name, value)
    }
    return all
  }

  /** null: it has failed, now or before. */
  #attempt<Made>(make: () => Made): Made | null {
    if (this.#failure !== null) return null
    try {
      return make()
    } catch (thrown) {
      this.#failure = toGatewayError(thrown)
      this.#options.onFailure(thrown)
      return null
    }
  }
}

// Reads the responses of one HTTP/1.1 connection, one after another, in whatever pieces they come: strict and in bounded memory.

import { ChunkedBody } from './chunked-body.ts'
import { parseResponseHead, type ResponseHead } from './response-head.ts'

export interface ResponseReader {
  /** Interim responses (1xx) are not told. */
  onHead(head: ResponseHead): void
  /** A view of the bytes that were pushed: good until this returns. */
  onBody(bytes: Buffer): void
  /** The response is whole. */
  onWhole(): void
}

export type ResponseFault = 'not_http' | 'head_too_large' | 'cut_off' | 'unasked'

/** None is awaited → head → body → (none) …; whoever `stop`s it hears nothing more. */
type State = 'idle' | 'head' | 'body' | 'stopped'

const HEAD_END = Buffer.from('\r\n\r\n')
const MOST_INTERIM = 16

export class ResponseParser {
  readonly #reader: ResponseReader
  readonly #mostHeadBytes: number
  #state: State = 'idle'
  #method = ''
  #interim = 0
  /** the beginning of a head whose end has not come */
  #held: Buffer | null = null
  #head: ResponseHead | null = null
  #lengthLeft = 0
  #chunks: ChunkedBody | null = null

  constructor(reader: ResponseReader, mostHeadBytes: number) {
    this.#reader = reader
    this.#mostHeadBytes = mostHeadBytes
  }

  /** A request was sent: its response comes next. */
  expect(method: string): void {
    this.#method = method
    this.#interim = 0
    this.#state = 'head'
  }

  stop(): void {
    this.#state = 'stopped'
    this.#held = null
  }

  /** null: all is well. After a fault the connection is of no more use. */
  push(bytes: Buffer): ResponseFault | null {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'stopped') return null
      // nobody asked for it: whoever comes next must never take it for theirs
      if (this.#state === 'idle') return 'unasked'
      const next = this.#state === 'head' ? this.#passHead(bytes, at) : this.#passBody(bytes, at)
      if (typeof next === 'string') return next
      at = next
    }
    return null
  }

  /** The other side has ended the connection: null where that ends the response, or none was awaited. */
  end(): ResponseFault | null {
    if (this.#state === 'idle' || this.#state === 'stopped') return null
    if (this.#state === 'head' || this.#head?.framing !== 'until_close') return 'cut_off'
    this.#complete()
    return null
  }

  #passHead(bytes: Buffer, from: number): number | ResponseFault {
    const held = this.#held
    const whole = held === null ? bytes : Buffer.concat([held, bytes.subarray(from)])
    const start = held === null ? from : 0
    const end = whole.indexOf(HEAD_END, held === null ? from : Math.max(0, held.length - 3))
    if ((end === -1 ? whole.length : end) - start > this.#mostHeadBytes) return 'head_too_large'
    if (end === -1) {
      // copied: what was pushed may be written over
      this.#held = held === null ? Buffer.from(whole.subarray(start)) : whole
      return bytes.length
    }
    this.#held = null
    const head = parseResponseHead(whole.toString('latin1', start, end), this.#method)
    if (head === null) return 'not_http'
    const after = end + HEAD_END.length
    const fault = this.#begin(head)
    return fault ?? (held === null ? after : from + after - held.length)
  }

  #begin(head: ResponseHead): ResponseFault | null {
    if (head.status < 200) {
      this.#interim += 1
      // 101 would be another protocol, which nobody asked for
      return head.status === 101 || this.#interim > MOST_INTERIM ? 'not_http' : null
    }
    this.#head = head
    this.#state = 'body'
    this.#lengthLeft = head.length
    this.#chunks = head.framing === 'chunked' ? new ChunkedBody(this.#mostHeadBytes) : null
    this.#reader.onHead(head)
    if (head.framing === 'none') this.#complete()
    return null
  }

  #passBody(bytes: Buffer, from: number): number | ResponseFault {
    if (this.#chunks !== null) return this.#passChunks(this.#chunks, bytes, from)
    const isLong = this.#head?.framing === 'length'
    const end = isLong ? Math.min(bytes.length, from + this.#lengthLeft) : bytes.length
    this.#lengthLeft -= end - from
    this.#reader.onBody(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end))
    if (isLong && this.#lengthLeft === 0) this.#complete()
    return end
  }

  #passChunks(chunks: ChunkedBody, bytes: Buffer, from: number): number | ResponseFault {
    const at = chunks.pass(bytes, from)
    if (chunks.failed) return 'not_http'
    const end = Math.min(bytes.length, at + chunks.dataLeft)
    if (end > at) {
      chunks.dataPassed(end - at)
      this.#reader.onBody(bytes.subarray(at, end))
    }
    if (chunks.done) this.#complete()
    return end
  }

  #complete(): void {
    if (this.#state === 'stopped') return
    this.#state = 'idle'
    this.#head = null
    this.#chunks = null
    this.#reader.onWhole()
  }
}

// The exchange over HTTP/2, on node's raw streams: the request and response objects of its compatibility layer cost a tenth more.

import type { OutgoingHttpHeaders } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { ClosedBy } from './exchange.ts'
import { HttpFault } from './exchange.ts'
import type { ExchangeContext, RunningExchange } from './exchange-context.ts'
import { findHeader, headerEntries, withContentLength, withoutInvalid } from './headers.ts'
import { declaredLength, EMPTY_BODY, readBody } from './request-body.ts'

export class Http2Exchange implements RunningExchange {
  readonly protocol = '2' as const
  readonly method: string
  readonly path: string
  closedBy: ClosedBy | null = null
  ticks = 0
  place = -1
  private readonly stream: ServerHttp2Stream
  private readonly raw: readonly string[]
  private readonly context: ExchangeContext
  private readonly socket: Socket
  private closed = false
  private finished = false
  private ended = false
  private drainCallback: (() => void) | null = null
  private closeCallback: ((finished: boolean) => void) | null = null
  private pendingBytes = 0
  private bodyLost = false
  /** what is left of a large last chunk, and where */
  private remainder: Buffer | null = null

  constructor(stream: ServerHttp2Stream, raw: readonly string[], socket: Socket, context: ExchangeContext) {
    this.stream = stream
    this.raw = raw
    this.context = context
    this.socket = socket
    this.method = findHeader(raw, ':method') ?? ''
    this.path = findHeader(raw, ':path') ?? ''
    stream.on('error', ignore)
    stream.on('close', () => this.noteClose())
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? ''
  }

  get headersSent(): boolean {
    return this.stream.headersSent
  }

  get rawHeaders(): readonly string[] {
    return this.raw
  }

  header(name: string): string | undefined {
    const value = findHeader(this.raw, name)
    return value === undefined && name === 'host' ? findHeader(this.raw, ':authority') : value
  }

  headerEntries(): Iterable<[string, string]> {
    return headerEntries(this.raw)
  }

  readBody(maxBytes: number, timeoutMilliseconds: number): Promise<Buffer> {
    if (this.closed) return Promise.reject(new HttpFault('client_closed'))
    if (this.stream.endAfterHeaders) return Promise.resolve(EMPTY_BODY)
    const declaredBytes = declaredLength(this.header('content-length'))
    if (declaredBytes !== null && declaredBytes > maxBytes) return Promise.reject(new HttpFault('body_too_large'))
    if (this.header('expect') !== undefined && !this.stream.headersSent) {
      this.stream.additionalHeaders({ ':status': 100 })
    }
    return readBody(this.stream, { maxBytes, timeoutMilliseconds }, this.context, () => {
      this.bodyLost = true
    })
  }

  respond(status: number, headers: readonly string[], body?: Buffer): void {
    if (this.isGone() || this.stream.headersSent) return
    const bodyless =
      body === undefined || body.length === 0 || this.method === 'HEAD' || status === 204 || status === 304
    this.writeHead(status, withContentLength({ status, method: this.method }, headers, body?.length ?? 0), bodyless)
    if (!bodyless) this.end(body)
    else if (!this.isGone()) {
      this.ended = true
      this.afterEnd()
    }
  }

  startResponse(status: number, headers: readonly string[]): void {
    if (this.isGone() || this.stream.headersSent) return
    this.writeHead(status, headers, false)
  }

  write(chunk: Buffer): boolean {
    if (this.isGone() || this.stream.writableEnded || chunk.length === 0) return true
    if (this.stream.write(chunk)) return true
    this.watchOutput()
    return false
  }

  onDrain(callback: () => void): void {
    if (this.drainCallback === null) this.stream.on('drain', () => this.noteDrain())
    this.drainCallback = callback
  }

  end(lastChunk?: Buffer): void {
    if (this.isGone() || this.stream.writableEnded || this.remainder !== null) return
    if (lastChunk !== undefined && lastChunk.length > SLICE_BYTES) this.endInSlices(lastChunk)
    else this.finish(lastChunk ?? EMPTY_BODY)
    this.afterEnd()
  }

  destroy(): void {
    this.breakOff('gateway')
  }

  onClose(callback: (finished: boolean) => void): void {
    if (this.closed) {
      queueMicrotask(() => callback(this.finished))
      return
    }
    const earlier = this.closeCallback
    this.closeCallback =
      earlier === null
        ? callback
        : (finished) => {
            earlier(finished)
            callback(finished)
          }
  }

  breakOff(by: ClosedBy): void {
    if (this.closed) return
    this.closedBy ??= by
    // close() would end the body properly before it resets the stream, and a client would take what it has for the whole; and node loses the
    // reset of a stream that is closed with NO_ERROR and then destroyed, and writes without end (docs/adr/0017-no-http2-outwards.md)
    this.stream.destroy(new Error(`the answer was broken off: ${by}`))
  }

  settled(): boolean {
    if (this.closed) return true
    const pending = this.stream.writableLength + (this.remainder?.length ?? 0)
    if (pending < this.pendingBytes) this.ticks = this.context.writeStallTicks
    this.pendingBytes = pending
    // an ended stream stays watched until it closes: its client may never have acknowledged the end
    return pending === 0 && !this.stream.writableEnded
  }

  expire(): void {
    this.breakOff('stall')
  }

  private isGone(): boolean {
    return this.closed || this.stream.closed || this.stream.destroyed
  }

  private writeHead(status: number, headers: readonly string[], endStream: boolean): void {
    const options = endStream ? END_STREAM : undefined
    try {
      this.stream.respond(headOf(status, headers), options)
    } catch {
      if (!this.isGone()) this.stream.respond(headOf(status, withoutInvalid(headers)), options)
    }
  }

  /**
   * A stream's own count of waiting bytes falls only when a whole write is gone: small slices let the write-stall limit tell a slow
   * reader from one that reads nothing.
   */
  private endInSlices(chunk: Buffer): void {
    let rest = chunk
    const next = (): void => {
      if (this.isGone()) return
      while (rest.length > SLICE_BYTES) {
        const slice = rest.subarray(0, SLICE_BYTES)
        rest = rest.subarray(SLICE_BYTES)
        this.remainder = rest
        if (!this.stream.write(slice)) {
          this.stream.once('drain', next)
          return
        }
      }
      this.remainder = null
      this.finish(rest)
    }
    next()
  }

  private finish(lastChunk: Buffer): void {
    this.ended = true
    if (lastChunk.length === 0) this.stream.end()
    else this.stream.end(lastChunk)
  }

  private afterEnd(): void {
    this.watchOutput()
    if (!this.stream.readableEnded && !this.stream.endAfterHeaders) this.discardBody()
  }

  /** The client may still be sending: take in a small rest, refuse a large one by RST_STREAM(NO_ERROR), RFC 9113 section 8.1. */
  private discardBody(): void {
    const declared = declaredLength(this.header('content-length'))
    if (!this.bodyLost && declared !== null && declared <= this.context.discardedBodyBytes) {
      this.stream.resume()
      return
    }
    const stopUpload = (): void => {
      if (!this.stream.readableEnded) this.stream.close(constants.NGHTTP2_NO_ERROR)
    }
    if (this.stream.writableFinished) stopUpload()
    else this.stream.once('finish', stopUpload)
  }

  private watchOutput(): void {
    this.ticks = this.context.writeStallTicks
    this.pendingBytes = this.stream.writableLength + (this.remainder?.length ?? 0)
    this.context.deadlines.watch(this)
  }

  private noteDrain(): void {
    this.ticks = this.context.writeStallTicks
    if (!this.closed && this.remainder === null) this.drainCallback?.()
  }

  /**
   * Node often destroys a stream before it calls it finished: nghttp2 closes one cleanly as soon as its last frame is on its way. And it
   * ends the streams of a client that has left, so that they look finished: then the session is gone, too.
   */
  private wasTaken(): boolean {
    if (this.stream.writableFinished) return true
    return this.stream.rstCode === constants.NGHTTP2_NO_ERROR && !this.context.isGone()
  }

  private noteClose(): void {
    if (this.closed) return
    this.closed = true
    this.finished = this.closedBy === null && this.ended && this.wasTaken()
    if (!this.finished) this.closedBy ??= 'client'
    this.context.deadlines.unwatch(this)
    this.context.exchangeClosed(this)
    this.closeCallback?.(this.finished)
  }
}

const SLICE_BYTES = 65_536
const END_STREAM = { endStream: true }

function ignore(): void {}

/** As an object: the flat form of `respond` came with Node 24. Several lines of one name become a list. */
function headOf(status: number, headers: readonly string[]): OutgoingHttpHeaders {
  const head: OutgoingHttpHeaders = { ':status': status }
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] as string
    const value = headers[index + 1] as string
    const before = head[name]
    head[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [String(before), value]
  }
  return head
}

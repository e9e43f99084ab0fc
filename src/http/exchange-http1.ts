// The exchange over HTTP/1.1, on node's own request and response objects.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ClosedBy } from './exchange.ts'
import { HttpFault } from './exchange.ts'
import type { ExchangeContext, RunningExchange } from './exchange-context.ts'
import { findHeader, findLength, headerEntries, lowerCaseNames, withContentLength, withoutInvalid } from './headers.ts'
import { declaredLength, EMPTY_BODY, readBody } from './request-body.ts'

export class Http1Exchange implements RunningExchange {
  readonly protocol = '1.1' as const
  readonly method: string
  readonly path: string
  closedBy: ClosedBy | null = null
  ticks = 0
  place = -1
  private readonly request: IncomingMessage
  private readonly response: ServerResponse
  private readonly socket: Socket
  private readonly context: ExchangeContext
  private readonly expectsContinue: boolean
  private finished = false
  private closed = false
  private drainCallback: (() => void) | null = null
  private closeCallback: ((finished: boolean) => void) | null = null
  private pendingBytes = 0
  /** the connection takes no further request after this one */
  closesConnection = false
  private bodyLost = false
  private framesChunks = false
  /** what is still to come of a body whose length was announced */
  private owedBytes: number | null = null
  private awaitsDrain = false

  constructor(request: IncomingMessage, response: ServerResponse, context: ExchangeContext, expectsContinue: boolean) {
    this.request = request
    this.response = response
    this.socket = request.socket
    this.context = context
    this.expectsContinue = expectsContinue
    this.method = request.method!
    this.path = request.url!
    lowerCaseNames(request.rawHeaders)
    response.on('error', ignore)
    response.on('close', () => this.noteClose())
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? ''
  }

  get headersSent(): boolean {
    return this.response.headersSent
  }

  get rawHeaders(): readonly string[] {
    return this.request.rawHeaders
  }

  header(name: string): string | undefined {
    return findHeader(this.request.rawHeaders, name)
  }

  headerEntries(): Iterable<[string, string]> {
    return headerEntries(this.request.rawHeaders)
  }

  readBody(maxBytes: number, timeoutMilliseconds: number): Promise<Buffer> {
    const declaredBytes = this.declaredBytes()
    if (this.closed) return Promise.reject(new HttpFault('client_closed'))
    if (declaredBytes === 0) return Promise.resolve(EMPTY_BODY)
    if (declaredBytes !== null && declaredBytes > maxBytes) return Promise.reject(new HttpFault('body_too_large'))
    if (this.expectsContinue && !this.response.headersSent) this.response.writeContinue()
    return readBody(this.request, { maxBytes, timeoutMilliseconds }, this.context, () => {
      this.bodyLost = true
    })
  }

  respond(status: number, headers: readonly string[], body?: Buffer): void {
    if (this.isGone() || this.response.headersSent) return
    this.writeHead(status, withContentLength({ status, method: this.method }, headers, body?.length ?? 0))
    if (body === undefined || body.length > ONE_STRING_BYTES) {
      this.end(body)
      return
    }
    // node joins a head and a latin1 string and writes them at once; a buffer would cost a gathering write
    this.response.end(body.toString('latin1'), 'latin1')
    if (this.socket.writableLength > 0) this.watchOutput()
  }

  startResponse(status: number, headers: readonly string[]): void {
    if (this.isGone() || this.response.headersSent) return
    this.writeHead(status, [...headers])
    if (status !== 204 && status !== 304 && this.method !== 'HEAD') this.owedBytes = findLength(headers)
    if (this.response.chunkedEncoding) {
      // our own framing: one small buffer for each chunk instead of the four that node hands to the socket
      this.response.chunkedEncoding = false
      this.framesChunks = true
    }
    // leaves now, in one packet with what is written in the same tick
    this.socket.cork()
    this.response.flushHeaders()
    process.nextTick(uncork, this.socket)
  }

  write(chunk: Buffer): boolean {
    if (this.isGone() || chunk.length === 0 || !this.isOwed(chunk.length, false)) return true
    // framed chunks go past node's response, which would cork and uncork the socket for each
    if (this.framesChunks ? writeFramed(this.socket, chunk) : this.response.write(chunk)) return true
    this.watchOutput()
    if (!this.awaitsDrain) {
      this.awaitsDrain = true
      const output = this.framesChunks ? this.socket : this.response
      output.once('drain', () => this.noteDrain())
    }
    return false
  }

  onDrain(callback: () => void): void {
    this.drainCallback = callback
  }

  end(lastChunk?: Buffer): void {
    if (this.isGone() || !this.isOwed(lastChunk?.length ?? 0, true)) return
    const last = this.framesChunks ? lastFrame(lastChunk ?? EMPTY_BODY) : lastChunk
    if (last === undefined || last.length === 0) this.response.end()
    else this.response.end(last)
    if (this.socket.writableLength > 0) this.watchOutput()
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
    resetConnection(this.socket)
  }

  settled(): boolean {
    if (this.closed) return true
    const pending = outputBytes(this.response, this.socket)
    if (pending < this.pendingBytes) this.ticks = this.context.writeStallTicks
    this.pendingBytes = pending
    return pending === 0
  }

  expire(): void {
    this.breakOff('stall')
  }

  /** A body that is not as long as announced would make the client take the next answer for a part of this one, or the reverse. */
  private isOwed(bytes: number, isLast: boolean): boolean {
    if (this.owedBytes === null) return true
    this.owedBytes -= bytes
    if (this.owedBytes >= 0 && (!isLast || this.owedBytes === 0)) return true
    this.breakOff('gateway')
    return false
  }

  private isGone(): boolean {
    return this.closed || this.closedBy !== null || this.response.writableEnded
  }

  private writeHead(status: number, headers: string[]): void {
    if (this.mustCloseConnection()) {
      this.closesConnection = true
      this.response.shouldKeepAlive = false
    }
    try {
      this.response.writeHead(status, headers)
    } catch {
      this.response.writeHead(status, withoutInvalid(headers))
    }
  }

  /** A large rest of the body that nobody will read: it is cheaper to close the connection than to take it in. */
  private mustCloseConnection(): boolean {
    if (this.request.complete) return this.closesConnection || this.context.isClosing()
    const declared = this.declaredBytes()
    const discarded = !this.bodyLost && declared !== null && declared <= this.context.discardedBodyBytes
    if (discarded && !this.closesConnection) return this.context.isClosing()
    this.context.lingerAfterAnswer()
    return true
  }

  /** null: chunked, so unknown */
  private declaredBytes(): number | null {
    if (this.header('transfer-encoding') !== undefined) return null
    return declaredLength(this.header('content-length')) ?? 0
  }

  private watchOutput(): void {
    this.ticks = this.context.writeStallTicks
    this.pendingBytes = outputBytes(this.response, this.socket)
    this.context.deadlines.watch(this)
  }

  private noteDrain(): void {
    this.awaitsDrain = false
    this.ticks = this.context.writeStallTicks
    if (!this.closed) this.drainCallback?.()
  }

  private noteClose(): void {
    if (this.closed) return
    this.closed = true
    this.finished = this.response.writableFinished
    if (!this.finished) this.closedBy ??= 'client'
    this.context.deadlines.unwatch(this)
    this.context.exchangeClosed(this)
    this.closeCallback?.(this.finished)
  }
}

function uncork(socket: Socket): void {
  socket.uncork()
}

/** Copying a small chunk between its length and its line end is cheaper than handing three pieces to the kernel. */
function writeFramed(socket: Socket, chunk: Buffer): boolean {
  const head = `${chunk.length.toString(16)}\r\n`
  if (chunk.length <= COPIED_CHUNK_BYTES) {
    const frame = Buffer.allocUnsafe(head.length + chunk.length + 2)
    frame.write(head, 'latin1')
    chunk.copy(frame, head.length)
    frame.write('\r\n', frame.length - 2, 'latin1')
    return socket.write(frame)
  }
  socket.cork()
  socket.write(head, 'latin1')
  socket.write(chunk)
  const accepted = socket.write('\r\n', 'latin1')
  socket.uncork()
  return accepted
}

/** The last chunk and the end of the body, RFC 9112 section 7.1. */
function lastFrame(chunk: Buffer): Buffer {
  if (chunk.length === 0) return END_OF_CHUNKS
  return Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, CRLF, END_OF_CHUNKS])
}

const ONE_STRING_BYTES = 8_192
const COPIED_CHUNK_BYTES = 16_384
const CRLF = Buffer.from('\r\n')
const END_OF_CHUNKS = Buffer.from('0\r\n\r\n')

/** Bytes of the answer that the kernel has not taken yet; for a large write node's own count falls only when all of it is gone. */
function outputBytes(response: ServerResponse, socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  const queued: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'writeQueueSize') : 0
  return response.writableLength + (typeof queued === 'number' ? queued : 0)
}

/** A reset, so that an answer that ends with the connection cannot be taken for complete. */
function resetConnection(socket: Socket): void {
  if ('encrypted' in socket) socket.destroy()
  else socket.resetAndDestroy()
}

function ignore(): void {}

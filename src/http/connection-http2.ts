// HTTP/2 connections: streams are handed on as exchanges, idle and over-used connections are told to go away.

import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { type Connection, handOn, type Handlers } from './connection.ts'
import type { Deadlines, Watched } from './deadlines.ts'
import { HttpFault } from './exchange.ts'
import type { ExchangeContext, RunningExchange, Surroundings } from './exchange-context.ts'
import { Http2Exchange } from './exchange-http2.ts'
import { faultOfHeaders, faultOfTarget, findHeader, headerBytes } from './headers.ts'
import type { ListenerLimits } from './limits.ts'
import type { BodyBudget } from './request-body.ts'

export interface Http2Side {
  accept(socket: Socket): Connection
}

export function createHttp2Side(handlers: Handlers, surroundings: Surroundings): Http2Side {
  const { limits } = surroundings
  const options = {
    settings: {
      enablePush: false,
      maxConcurrentStreams: limits.concurrentStreams,
      initialWindowSize: limits.windowBytes,
      // announced only: node takes up to 64 KB, so that a moderate excess gets its 431; beyond that it resets the stream
      maxHeaderListSize: limits.headerBytes,
    },
    maxHeaderListPairs: 2 * limits.headerCount,
    streamResetBurst: limits.streamResetBurst,
    streamResetRate: limits.streamResetsPerSecond,
  }
  return {
    accept: (socket) => {
      const session = performServerHandshake(socket, options)
      session.setLocalWindowSize(limits.windowBytes)
      return new Http2Connection(session, socket, handlers, surroundings)
    },
  }
}

class Http2Connection implements Connection, ExchangeContext, Watched {
  ticks: number
  place = -1
  readonly deadlines: Deadlines
  readonly bodyBudget: BodyBudget
  readonly writeStallTicks: number
  readonly discardedBodyBytes: number
  private readonly session: ServerHttp2Session
  private readonly socket: Socket
  private readonly handlers: Handlers
  private readonly limits: ListenerLimits
  private readonly idleTicks: number
  private readonly running = new Set<RunningExchange>()
  private requests = 0
  private closing = false

  constructor(
    session: ServerHttp2Session,
    socket: Socket,
    handlers: Handlers,
    { limits, deadlines, bodyBudget }: Surroundings,
  ) {
    this.session = session
    this.socket = socket
    this.handlers = handlers
    this.limits = limits
    this.deadlines = deadlines
    this.bodyBudget = bodyBudget
    this.writeStallTicks = deadlines.ticksFor(limits.writeStallMilliseconds)
    this.discardedBodyBytes = limits.discardedBodyBytes
    this.idleTicks = deadlines.ticksFor(limits.keepAliveIdleMilliseconds)
    this.ticks = deadlines.ticksFor(limits.headersMilliseconds)
    session.on('stream', (stream, _headers, _flags, raw) => this.take(stream, raw))
    session.on('error', ignore)
    deadlines.watch(this)
  }

  isClosing(): boolean {
    return this.closing
  }

  isGone(): boolean {
    return this.session.destroyed
  }

  close(): void {
    if (this.closing) return
    this.closing = true
    this.session.close()
  }

  abandon(): void {
    for (const exchange of this.running) exchange.breakOff('shutdown')
    this.session.destroy()
    this.socket.destroy()
  }

  lingerAfterAnswer(): void {}

  exchangeClosed(exchange: RunningExchange): void {
    this.running.delete(exchange)
    if (this.running.size > 0 || this.session.destroyed) return
    this.ticks = this.idleTicks
    this.deadlines.watch(this)
  }

  settled(): boolean {
    return this.running.size > 0 || this.session.destroyed
  }

  expire(): void {
    this.close()
    // a client that neither leaves nor sends after the farewell
    this.socket.destroySoon()
  }

  private take(stream: ServerHttp2Stream, raw: readonly string[]): void {
    const exchange = new Http2Exchange(stream, raw, this.socket, this)
    this.running.add(exchange)
    if (++this.requests >= this.limits.requestsPerConnection) this.close()
    const fault = this.faultOf(exchange)
    if (fault === 'connect') stream.close(constants.NGHTTP2_REFUSED_STREAM)
    else handOn(this.handlers, exchange, fault)
  }

  private faultOf(exchange: Http2Exchange): HttpFault | 'connect' | null {
    if (exchange.method === 'CONNECT') return 'connect'
    const { rawHeaders } = exchange
    const { headerBytes: maxBytes, headerCount } = this.limits
    if (headerBytes(rawHeaders) > maxBytes) return new HttpFault('headers_too_large')
    const fault = faultOfTarget(exchange.path) ?? faultOfHeaders(rawHeaders, headerCount)
    if (fault !== null) return fault
    const expectation = findHeader(rawHeaders, 'expect')
    if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') {
      return new HttpFault('expectation_failed')
    }
    const host = findHeader(rawHeaders, 'host')
    const authority = findHeader(rawHeaders, ':authority')
    if (host === undefined ? authority === undefined : authority !== undefined && host !== authority) {
      return new HttpFault('malformed_request', 'Host and :authority must name one host.')
    }
    return null
  }
}

function ignore(): void {}

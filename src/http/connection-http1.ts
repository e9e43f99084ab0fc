// HTTP/1.1 connections on node's own server: one request at a time is handed on, idle and malformed connections are closed.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Connection, handOn, type Handlers } from './connection.ts'
import type { Deadlines, Watched } from './deadlines.ts'
import { HTTP_FAULTS, HttpFault, type HttpFaultCode } from './exchange.ts'
import type { ExchangeContext, Surroundings } from './exchange-context.ts'
import { Http1Exchange } from './exchange-http1.ts'
import { faultOfHeaders, faultOfTarget, lowerCaseNames } from './headers.ts'
import type { ListenerLimits } from './limits.ts'
import type { BodyBudget } from './request-body.ts'
import { UpgradedConnection } from './web-socket.ts'

export interface Http1Side {
  accept(socket: Socket): Connection
  stop(): void
}

export function createHttp1Side(handlers: Handlers, surroundings: Surroundings): Http1Side {
  const connections = new WeakMap<object, Http1Connection>()
  const { limits, originForm } = surroundings
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMilliseconds,
    requestTimeout: Math.max(limits.requestMilliseconds, limits.headersMilliseconds),
    connectionsCheckingInterval: Math.max(50, Math.min(2_000, Math.floor(limits.headersMilliseconds / 4))),
    // idle connections are closed by our own countdown, which costs no timer for each request
    keepAliveTimeout: 0,
    // other wishes, such as h2c, may be ignored (RFC 9110, 7.8): the request is answered as it is
    shouldUpgradeCallback: (request) => handlers.onWebSocket !== null && wantsWebSocket(request),
  })
  // one more than the limit: node drops further lines silently, and we must be able to see that there were more
  server.maxHeadersCount = limits.headerCount + 1
  const take = (request: IncomingMessage, response: ServerResponse, expectation: Expectation): void => {
    // only a proxy is sent another form
    if (request.url?.startsWith('/') === false)
      request.url = originForm(request.url, request.headers.host) ?? request.url
    connections.get(request.socket)?.take(request, response, expectation)
  }
  server.on('request', (request, response) => take(request, response, 'none'))
  server.on('checkContinue', (request, response) => take(request, response, 'continue'))
  server.on('checkExpectation', (request, response) => take(request, response, 'unknown'))
  server.on('upgrade', (request, _socket, head) => connections.get(request.socket)?.upgrade(request, head))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    connections.get(socket)?.refuseMalformed(error.code ?? '')
  })
  server.on('connect', (_request, socket) => connections.get(socket)?.refuse('no_tunnels'))
  startTimeouts(server)
  return {
    accept: (socket) => {
      const connection = new Http1Connection(socket, handlers, surroundings)
      connections.set(socket, connection)
      server.emit('connection', socket)
      return connection
    },
    stop: () => void server.close(),
  }
}

const wantsWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket'

type Expectation = 'none' | 'continue' | 'unknown'

/** Node starts the timer of headersTimeout and requestTimeout when its server listens; ours is handed its sockets instead. */
function startTimeouts(server: Server): void {
  server.emit('listening')
}

class Http1Connection implements Connection, ExchangeContext, Watched {
  ticks: number
  place = -1
  readonly deadlines: Deadlines
  readonly bodyBudget: BodyBudget
  readonly writeStallTicks: number
  readonly discardedBodyBytes: number
  private readonly socket: Socket
  private readonly handlers: Handlers
  private readonly limits: ListenerLimits
  private readonly idleTicks: number
  private requests = 0
  private running: Http1Exchange | null = null
  private waiting: { exchange: Http1Exchange; fault: HttpFault | null }[] | null = null
  private closing = false
  /** from its handshake on, the connection is one that speaks WebSocket */
  private upgraded: UpgradedConnection | null = null

  constructor(socket: Socket, handlers: Handlers, { limits, deadlines, bodyBudget }: Surroundings) {
    this.socket = socket
    this.handlers = handlers
    this.limits = limits
    this.deadlines = deadlines
    this.bodyBudget = bodyBudget
    this.writeStallTicks = deadlines.ticksFor(limits.writeStallMilliseconds)
    this.discardedBodyBytes = limits.discardedBodyBytes
    this.idleTicks = deadlines.ticksFor(limits.keepAliveIdleMilliseconds)
    this.ticks = this.idleTicks
  }

  take(request: IncomingMessage, response: ServerResponse, expectation: Expectation): void {
    if (this.closing || ++this.requests > this.limits.requestsPerConnection) return
    const exchange = new Http1Exchange(request, response, this, expectation === 'continue')
    if (this.requests === this.limits.requestsPerConnection) exchange.closesConnection = true
    const fault =
      expectation === 'unknown'
        ? new HttpFault('expectation_failed')
        : (faultOfTarget(exchange.path) ?? faultOfHeaders(exchange.rawHeaders, this.limits.headerCount))
    if (this.running === null) this.handOn(exchange, fault)
    else if ((this.waiting ??= []).length < this.limits.pipelinedRequests) this.waiting.push({ exchange, fault })
    else this.socket.destroy()
  }

  /** The parser is done with the connection: whatever comes after belongs to what it is now. */
  upgrade(request: IncomingMessage, head: Buffer): void {
    const { onWebSocket } = this.handlers
    if (onWebSocket === null || this.closing || this.running !== null) {
      this.socket.destroy()
      return
    }
    lowerCaseNames(request.rawHeaders)
    this.upgraded = new UpgradedConnection(request, head, this.bodyBudget)
    const { headerCount } = this.limits
    const fault = faultOfTarget(this.upgraded.path) ?? faultOfHeaders(request.rawHeaders, headerCount)
    if (fault === null) onWebSocket(this.upgraded)
    else this.upgraded.refuse(fault.status, JSON_TYPE, Buffer.from(JSON.stringify({ message: fault.message })))
  }

  /** Bytes that are not HTTP, or came too slowly; the parser has given up on the connection. */
  refuseMalformed(code: string): void {
    const fault = FAULT_BY_PARSER_CODE[code] ?? 'malformed_request'
    // what else ends here is a client that left
    this.refuse(fault, isParserCode(code))
  }

  /** Answers, where an answer can be given, and ends the connection. */
  refuse(fault: HttpFaultCode, isTold = true): void {
    const { socket } = this
    if (socket.writable && (this.running === null || !this.running.headersSent)) {
      const { status, message } = HTTP_FAULTS[fault]
      const body = JSON.stringify({ message })
      socket.end(
        `HTTP/1.1 ${status} ${REASONS[status] ?? 'Bad Request'}\r\ncontent-type: application/json\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      )
    }
    socket.destroySoon()
    if (isTold) this.handlers.onMalformed(fault, socket.remoteAddress ?? '')
  }

  isClosing(): boolean {
    return this.closing
  }

  isGone(): boolean {
    return this.socket.destroyed
  }

  close(): void {
    this.closing = true
    if (this.upgraded !== null) this.upgraded.close()
    else if (this.running === null) this.socket.destroy()
  }

  abandon(): void {
    if (this.upgraded !== null) this.upgraded.abandon()
    else if (this.running === null) this.socket.destroy()
    else this.running.breakOff('shutdown')
  }

  lingerAfterAnswer(): void {
    const { socket } = this
    socket.destroySoon = () => {
      socket.end()
      this.ticks = this.deadlines.ticksFor(this.limits.lingerMilliseconds)
      this.running = null
      this.waiting = null
      this.closing = true
      this.deadlines.watch(this)
    }
  }

  exchangeClosed(): void {
    this.closing ||= this.running?.closesConnection ?? false
    this.running = null
    if (this.socket.destroyed || !this.socket.writable) return
    if (this.closing) {
      this.socket.destroySoon()
      return
    }
    const next = this.waiting?.shift()
    if (next !== undefined) {
      this.handOn(next.exchange, next.fault)
      return
    }
    this.ticks = this.idleTicks
    this.deadlines.watch(this)
  }

  settled(): boolean {
    return this.running !== null || this.upgraded !== null || this.socket.destroyed
  }

  expire(): void {
    this.socket.destroy()
  }

  private handOn(exchange: Http1Exchange, fault: HttpFault | null): void {
    this.running = exchange
    if (fault !== null) exchange.closesConnection = true
    handOn(this.handlers, exchange, fault)
  }
}

const JSON_TYPE = ['content-type', 'application/json']

const isParserCode = (code: string): boolean => code.startsWith('HPE_') || code in FAULT_BY_PARSER_CODE

const FAULT_BY_PARSER_CODE: Readonly<Record<string, keyof typeof HTTP_FAULTS>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
}

// One port for HTTP/1.1 and HTTP/2, in cleartext (told apart by the first bytes) or over TLS (by ALPN); everything it takes has a limit.

import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { createOpenConnections, type Handlers } from './connection.ts'
import { createHttp1Side } from './connection-http1.ts'
import { createHttp2Side } from './connection-http2.ts'
import { createDeadlines, type Deadlines, type Watched } from './deadlines.ts'
import type { HttpExchange, HttpFault, HttpFaultCode } from './exchange.ts'
import type { OriginForm } from './exchange-context.ts'
import { DEFAULT_LIMITS, type ListenerLimits } from './limits.ts'
import type { WebSocketHandshake } from './web-socket.ts'

export type ListenerOptions = {
  /** Called for every request that HTTP's rules allow. What it throws breaks the answer off. */
  readonly onRequest: (exchange: HttpExchange) => void
  /** Answers a request that HTTP's rules refuse; without it a plain `{"message": …}` with the fault's status goes out. */
  readonly onRefused?: (exchange: HttpExchange, fault: HttpFault) => void
  /** Answers clients that want to speak WebSocket over HTTP/1.1; without it the wish is ignored. */
  readonly onWebSocket?: (handshake: WebSocketHandshake) => void
  /** Hears of bytes that were no HTTP, or came too slowly; they have been answered. */
  readonly onMalformed?: (code: HttpFaultCode, remoteAddress: string) => void
  /** Hears of what onRequest or onRefused threw. */
  readonly onHandlerError?: (error: unknown) => void
  /** Whether absolute targets are taken, as clients send them to a proxy; without it none is. */
  readonly originForm?: OriginForm
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer }
  readonly limits?: Partial<ListenerLimits>
}

export interface Listener {
  listen(port: number, host: string): Promise<{ port: number }>
  /** Takes no more requests, lets those under way end within the deadline, breaks the rest off; resolves when all is closed. */
  close(deadlineMilliseconds: number): Promise<void>
  readonly connections: number
}

export function createListener(options: ListenerOptions): Listener {
  const limits: ListenerLimits = { ...DEFAULT_LIMITS, ...options.limits }
  const deadlines = createDeadlines({ tickMilliseconds: tickFor(limits) })
  const handlers: Handlers = {
    onRequest: options.onRequest,
    onRefused: options.onRefused ?? refusePlainly,
    onWebSocket: options.onWebSocket ?? null,
    onMalformed: options.onMalformed ?? ignore,
    onHandlerError: options.onHandlerError ?? ignore,
  }
  const originForm = options.originForm ?? (() => null)
  const surroundings = { originForm, limits, deadlines, bodyBudget: { bytesLeft: limits.bodyBytesUnderWay } }
  const http1 = createHttp1Side(handlers, surroundings)
  const http2 = createHttp2Side(handlers, surroundings)
  const open = createOpenConnections()

  const speak: Speak = (socket, protocol) => {
    // node's HTTP/1 server handles half-closed sockets itself; a session must end when its client does
    if (protocol === 'http2') socket.allowHalfOpen = false
    open.decided(socket, protocol === 'http2' ? http2.accept(socket) : http1.accept(socket))
  }
  const awaitPreface = (socket: Socket): void => new Preface(socket, limits, deadlines, speak).await()
  const server = createTransport(options.tls, limits, {
    cleartext: (socket) => {
      if (open.admit(socket)) awaitPreface(socket)
    },
    handshaking: (socket) => open.shake(socket),
    encrypted: (socket) => {
      if (!open.admit(socket)) return
      if (socket.alpnProtocol === 'h2') speak(socket, 'http2')
      else awaitPreface(socket)
    },
  })

  return {
    get connections() {
      return open.count()
    },
    listen: (port, host) => listenOn(server, port, host),
    close: async (deadlineMilliseconds) => {
      const stopped = new Promise<void>((resolve) => void server.close(() => resolve()))
      const empty = open.close()
      const timer = setTimeout(() => open.abandon(), deadlineMilliseconds)
      await Promise.all([stopped, empty])
      clearTimeout(timer)
      http1.stop()
      deadlines.stop()
    },
  }
}

type Speak = (socket: Socket, protocol: 'http1' | 'http2') => void

function listenOn(server: Server, port: number, host: string): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      // a connection that cannot be accepted (no file descriptor left) must not end the process
      server.on('error', ignore)
      const address = server.address()
      resolve({ port: typeof address === 'object' && address !== null ? address.port : port })
    })
  })
}

type Transport = {
  cleartext: (socket: Socket) => void
  handshaking: (socket: Socket) => void
  encrypted: (socket: TLSSocket) => void
}

function createTransport(tls: ListenerOptions['tls'], limits: ListenerLimits, take: Transport): Server {
  const server =
    tls === undefined
      ? createTcpServer({ allowHalfOpen: true, noDelay: true }, take.cleartext)
      : createTlsServer(
          {
            cert: tls.cert,
            key: tls.key,
            ALPNProtocols: ['h2', 'http/1.1'],
            allowHalfOpen: true,
            noDelay: true,
            handshakeTimeout: limits.headersMilliseconds,
          },
          take.encrypted,
        )
  if (tls !== undefined) {
    server.on('connection', take.handshaking)
    // node reports a handshake that takes too long, and leaves its connection open
    server.on('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy())
  }
  server.maxConnections = limits.connections
  return server
}

/** Waits for as many bytes of a cleartext connection as tell HTTP/2 (by its preface, RFC 9113 section 3.4) from HTTP/1. */
class Preface implements Watched {
  ticks: number
  place = -1
  private readonly socket: Socket
  private readonly deadlines: Deadlines
  private readonly speak: Speak
  private decided = false
  private held: Buffer | null = null
  private readonly look = (): void => this.decide()
  /** The client left before it said enough. */
  private readonly leave = (): void => this.expire()

  constructor(socket: Socket, limits: ListenerLimits, deadlines: Deadlines, speak: Speak) {
    this.socket = socket
    this.deadlines = deadlines
    this.speak = speak
    this.ticks = deadlines.ticksFor(limits.headersMilliseconds)
  }

  await(): void {
    this.socket.on('readable', this.look)
    this.socket.on('end', this.leave)
    this.deadlines.watch(this)
  }

  settled(): boolean {
    return this.decided || this.socket.destroyed
  }

  expire(): void {
    this.socket.destroy()
  }

  private decide(): void {
    const { socket } = this
    const bytes: Buffer | null = socket.read()
    if (bytes === null) return
    // not put back before the decision: that alone would make the socket readable again
    this.held = this.held === null ? bytes : Buffer.concat([this.held, bytes])
    const beginning = this.held.toString('latin1', 0, PREFACE.length)
    if (beginning.length < PREFACE.length && PREFACE.startsWith(beginning)) return
    socket.unshift(this.held)
    this.decided = true
    this.deadlines.unwatch(this)
    socket.off('readable', this.look)
    socket.off('end', this.leave)
    this.speak(socket, beginning === PREFACE ? 'http2' : 'http1')
  }
}

/** No HTTP/1 method begins like this. */
const PREFACE = 'PRI'

/** Fine enough for the shortest limit, and not finer. */
function tickFor(limits: ListenerLimits): number {
  const shortest = Math.min(
    limits.headersMilliseconds,
    limits.keepAliveIdleMilliseconds,
    limits.writeStallMilliseconds,
    limits.lingerMilliseconds,
  )
  return Math.max(10, Math.min(500, Math.floor(shortest / 4)))
}

function refusePlainly(exchange: HttpExchange, fault: HttpFault): void {
  const body = Buffer.from(JSON.stringify({ message: fault.message }))
  exchange.respond(fault.status, ['content-type', 'application/json'], body)
}

function ignore(): void {}

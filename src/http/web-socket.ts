// WebSockets on the port of the listener: a handshake that is accepted or refused, whole messages within limits, an end that is told once.

import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import type { ClosedBy } from './exchange.ts'
import { findHeader, headerEntries } from './headers.ts'
import type { BodyBudget } from './request-body.ts'

/** A client that wants to speak WebSocket. Answer it once: accept or refuse. */
export interface WebSocketHandshake {
  /** the request target as it was sent */
  readonly path: string
  readonly remoteAddress: string
  header(name: string): string | undefined
  headerEntries(): Iterable<[string, string]>
  /** `protocol`: one of those that the client offered, else null. What is not a handshake by RFC 6455 is refused here, and `begin` never runs. */
  accept(protocol: string | null, limits: WebSocketLimits, begin: (peer: WebSocketPeer) => WebSocketEvents): void
  /** `headers` is flat: name, value, name, value. */
  refuse(status: number, headers: readonly string[], body: Buffer): void
}

export type WebSocketLimits = {
  /** a larger message ends the connection (1009) */
  readonly messageBytes: number
  /** messages in a second, and twice as many at once; more end the connection (1008) */
  readonly messagesPerSecond: number
  /** without a message and without work, then the connection is closed (1000) */
  readonly idleMilliseconds: number
  /** between two pings; who has not answered one when the next is due is gone */
  readonly pingMilliseconds: number
}

/** The connection as who answers on it sees it. */
export interface WebSocketPeer {
  /** Sends one text message. False: the client reads too slowly; wait for onDrain. Silent once the connection has ended. */
  send(text: string): boolean
  /** Ends the connection in order. */
  close(code: number, reason: string): void
}

export type WebSocketEvents = {
  readonly onMessage: (message: Buffer) => void
  readonly onDrain: () => void
  /** Once, however the connection ends. */
  readonly onClose: (by: ClosedBy) => void
  /** work is under way: the connection is not idle */
  readonly isBusy: () => boolean
  /** No further message is wanted; end the connection when what is under way is done. */
  readonly onGoingAway: () => void
}

/** Further text is not written before what waits has shrunk to this. */
const HIGH_WATER_BYTES = 65_536
/** How long a client may take for its part of the closing handshake. */
const CLOSE_MILLISECONDS = 5_000
const MOST_FRAGMENTS = 1_024

/** Ends as any connection does: `close` and `abandon`. */
export class UpgradedConnection implements WebSocketHandshake {
  readonly path: string
  readonly remoteAddress: string
  private readonly request: IncomingMessage
  private readonly socket: Socket
  private readonly head: Buffer
  private readonly bodyBudget: BodyBudget
  private running: RunningSocket | null = null

  constructor(request: IncomingMessage, head: Buffer, bodyBudget: BodyBudget) {
    this.request = request
    this.socket = request.socket
    this.head = head
    this.bodyBudget = bodyBudget
    this.path = request.url ?? ''
    this.remoteAddress = request.socket.remoteAddress ?? ''
  }

  header(name: string): string | undefined {
    return findHeader(this.request.rawHeaders, name)
  }

  headerEntries(): Iterable<[string, string]> {
    return headerEntries(this.request.rawHeaders)
  }

  accept(protocol: string | null, limits: WebSocketLimits, begin: (peer: WebSocketPeer) => WebSocketEvents): void {
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
      maxFragments: MOST_FRAGMENTS,
      closeTimeout: CLOSE_MILLISECONDS,
      handleProtocols: () => protocol ?? false,
    } as ConstructorParameters<typeof WebSocketServer>[0])
    server.handleUpgrade(this.request, this.socket, this.head, (webSocket) => {
      this.running = new RunningSocket(webSocket, this.socket, limits, this.bodyBudget)
      this.running.begin(begin(this.running))
    })
  }

  refuse(status: number, headers: readonly string[], body: Buffer): void {
    const lines = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'connection: close',
      `content-length: ${body.length}`,
    ]
    for (let at = 0; at + 1 < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`)
    this.socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]))
    this.socket.destroySoon()
  }

  close(): void {
    if (this.running === null) this.socket.destroy()
    else this.running.goAway()
  }

  abandon(): void {
    if (this.running === null) this.socket.destroy()
    else this.running.end('shutdown')
  }
}

class RunningSocket implements WebSocketPeer {
  private readonly webSocket: WebSocket
  private readonly limits: WebSocketLimits
  private readonly bodyBudget: BodyBudget
  private events: WebSocketEvents | null = null
  private readonly beat: NodeJS.Timeout
  private answered = true
  private lastMessageAt = Date.now()
  /** messages that may come now, and when that was counted */
  private allowance: number
  private countedAt = Date.now()
  /** bytes that came since the last whole message */
  private pendingBytes = 0
  private full = false
  private closedBy: ClosedBy = 'client'
  private over = false

  constructor(webSocket: WebSocket, socket: Socket, limits: WebSocketLimits, bodyBudget: BodyBudget) {
    this.webSocket = webSocket
    this.limits = limits
    this.bodyBudget = bodyBudget
    this.allowance = 2 * limits.messagesPerSecond
    this.beat = setInterval(() => this.onBeat(), limits.pingMilliseconds).unref()
    socket.on('data', (chunk: Buffer) => this.onBytes(chunk.length))
    webSocket.on('message', (message, isBinary) => this.onMessage(message as Buffer, isBinary))
    webSocket.on('pong', () => void (this.answered = true))
    // what breaks the protocol or a limit: the library has closed the connection with the code that says so
    webSocket.on('error', () => undefined)
    webSocket.on('close', () => this.onClosed())
  }

  begin(events: WebSocketEvents): void {
    this.events = events
  }

  send(text: string): boolean {
    if (this.webSocket.readyState !== this.webSocket.OPEN) return true
    this.webSocket.send(text, () => this.onWritten())
    this.full ||= this.webSocket.bufferedAmount > HIGH_WATER_BYTES
    return !this.full
  }

  close(code: number, reason: string): void {
    this.webSocket.close(code, reason)
  }

  goAway(): void {
    this.events?.onGoingAway()
  }

  end(by: ClosedBy): void {
    this.closedBy = by
    this.webSocket.terminate()
  }

  private onMessage(message: Buffer, isBinary: boolean): void {
    this.giveBack()
    if (this.webSocket.readyState !== this.webSocket.OPEN) return
    this.lastMessageAt = Date.now()
    if (isBinary) this.close(1003, 'messages are JSON, as text')
    else if (!this.mayCome()) this.close(1008, 'too many messages')
    else this.events?.onMessage(message)
  }

  private mayCome(): boolean {
    const { messagesPerSecond } = this.limits
    const gained = ((this.lastMessageAt - this.countedAt) / 1_000) * messagesPerSecond
    this.allowance = Math.min(2 * messagesPerSecond, this.allowance + gained) - 1
    this.countedAt = this.lastMessageAt
    return this.allowance >= 0
  }

  /** All connections together may have only so much under way. */
  private onBytes(bytes: number): void {
    if (this.over) return
    this.pendingBytes += bytes
    this.bodyBudget.bytesLeft -= bytes
    if (this.bodyBudget.bytesLeft < 0) this.close(1013, 'too much is being received at once')
  }

  private giveBack(): void {
    this.bodyBudget.bytesLeft += this.pendingBytes
    this.pendingBytes = 0
  }

  private onWritten(): void {
    if (!this.full || this.webSocket.bufferedAmount > HIGH_WATER_BYTES / 2) return
    this.full = false
    this.events?.onDrain()
  }

  private onBeat(): void {
    if (!this.answered) {
      this.end(this.webSocket.bufferedAmount > 0 ? 'stall' : 'client')
      return
    }
    const idle = Date.now() - this.lastMessageAt >= this.limits.idleMilliseconds
    if (idle && this.events?.isBusy() === false) {
      this.close(1000, 'idle')
      return
    }
    this.answered = false
    this.webSocket.ping()
  }

  private onClosed(): void {
    if (this.over) return
    this.over = true
    clearInterval(this.beat)
    this.giveBack()
    this.events?.onClose(this.closedBy)
  }
}

// One connection to another server: one request at a time goes out in one write, its response comes back, every silence has a limit.

import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { CallCarrier, ClientCall } from './client-call.ts'
import type { Deadlines, Watched } from './deadlines.ts'
import type { ResponseHead } from './response-head.ts'
import { ResponseParser, type ResponseFault, type ResponseReader } from './response-parser.ts'

export type ClientLimits = {
  readonly connectTimeoutMilliseconds: number
  /** from the request until the head of its response */
  readonly headersTimeoutMilliseconds: number
  /** between two pieces of a response */
  readonly idleTimeoutMilliseconds: number
  readonly maxHeaderBytes: number
}

export type ClientOrigin = {
  readonly isEncrypted: boolean
  readonly hostname: string
  readonly port: number
  /** as the host header says it */
  readonly host: string
  /** of the last TLS connection, so that the next one shakes hands faster; undefined: none yet */
  session: Buffer | undefined
}

/** What all connections of a client work with. They read into one buffer, one at a time, and keep nothing of it. */
export type ClientSurroundings = {
  readonly limits: ClientLimits
  readonly deadlines: Deadlines
  readonly readBuffer: Buffer
  /** PEM; null: those that node trusts */
  readonly certificates: readonly string[] | null
}

export type ConnectionOwner = {
  /** There is a connection, or its response is whole: it may serve a request. */
  onFree(connection: ClientConnection): void
  onClosed(connection: ClientConnection): void
  /** The connection on which the call waited has closed, and nothing was sent on it. */
  onUnsent(call: ClientCall): void
}

/** Below what load balancers keep, so that no request meets the other side closing the connection. */
const KEPT_IDLE_MILLISECONDS = 10_000
const LONGEST_IDLE_MILLISECONDS = 55_000
const KEEP_ALIVE_MARGIN_MILLISECONDS = 2_000
const PROBE_MILLISECONDS = 60_000

/** connecting → (idle → sent → answering →) … → closed. A call may wait on it while it is connecting or idle. */
type State = 'connecting' | 'idle' | 'sent' | 'answering' | 'closed'

const TIMEOUT_WORDS = {
  connecting: 'no connection was made in time',
  sent: 'no answer began in time',
  answering: 'the answer stood still for too long',
} as const

export class ClientConnection implements Watched, ResponseReader, CallCarrier {
  ticks: number
  place = -1
  readonly #origin: ClientOrigin
  readonly #socket: Socket
  readonly #parser: ResponseParser
  readonly #surroundings: ClientSurroundings
  readonly #owner: ConnectionOwner
  #state: State = 'connecting'
  #call: ClientCall | null
  #paused = false
  #keepsAlive = true
  #idleMilliseconds = KEPT_IDLE_MILLISECONDS
  #failure: string | null = null
  #timedOut = false

  constructor(origin: ClientOrigin, surroundings: ClientSurroundings, owner: ConnectionOwner, call: ClientCall) {
    this.#origin = origin
    this.#surroundings = surroundings
    this.#owner = owner
    this.#call = call
    call.carrier = this
    this.#parser = new ResponseParser(this, surroundings.limits.maxHeaderBytes)
    this.ticks = surroundings.deadlines.ticksFor(surroundings.limits.connectTimeoutMilliseconds)
    this.#socket = this.#open()
    this.#socket.setNoDelay(true)
    this.#socket.setKeepAlive(true, PROBE_MILLISECONDS)
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure ??= `${error.code ?? error.name}: ${error.message}`
    })
    this.#socket.on('end', () => this.#onEnd())
    this.#socket.on('close', () => this.#onClose())
    surroundings.deadlines.watch(this)
  }

  /** It is open and idle, and no call waits on it. */
  get isFree(): boolean {
    return this.#state === 'idle' && this.#call === null && !this.#socket.destroyed
  }

  /** The call waits on it until `send`. */
  take(call: ClientCall): void {
    this.#call = call
    call.carrier = this
  }

  /** Sends the call that waits on it, if one still does. */
  send(): void {
    const call = this.#call
    if (call === null || this.#state !== 'idle' || this.#socket.destroyed) return
    const { method, head, body } = call.request
    this.#state = 'sent'
    this.#wait(this.#surroundings.limits.headersTimeoutMilliseconds)
    this.#parser.expect(method)
    call.onSending()
    if (this.#socket.destroyed) return
    if (body !== null) this.#socket.cork()
    this.#socket.write(head, 'latin1')
    if (body === null) return
    this.#socket.write(body)
    this.#socket.uncork()
  }

  /** What its call may have begun here is of no use to anybody. */
  leave(): void {
    this.#call = null
    if (this.#state === 'sent' || this.#state === 'answering') this.destroy()
    else if (this.#state === 'idle') this.#owner.onFree(this)
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#wait(this.#surroundings.limits.idleTimeoutMilliseconds)
    this.#socket.resume()
  }

  destroy(): void {
    this.#parser.stop()
    this.#socket.destroy()
  }

  onHead(head: ResponseHead): void {
    this.#state = 'answering'
    this.#keepsAlive = head.keepsAlive
    this.#idleMilliseconds = idleMillisecondsOf(head)
    this.#call?.onHead(head)
  }

  onBody(bytes: Buffer): void {
    // copied: the buffer is read into again, and what passes here may wait for the disk
    if (this.#call?.onData(Buffer.from(bytes)) !== false || this.#paused) return
    this.#paused = true
    this.#socket.pause()
  }

  onWhole(): void {
    const call = this.#call
    this.#call = null
    if (this.#keepsAlive && this.#idleMilliseconds > 0 && this.#socket.writableLength === 0) {
      this.#state = 'idle'
      this.resume()
      this.#wait(this.#idleMilliseconds)
      this.#owner.onFree(this)
    } else this.destroy()
    call?.onWhole()
  }

  settled(): boolean {
    return this.#state === 'closed'
  }

  expire(): void {
    if (this.#state === 'closed') return
    if (this.#paused) {
      // the silence is the caller's
      this.#wait(this.#surroundings.limits.idleTimeoutMilliseconds)
      this.#surroundings.deadlines.watch(this)
      return
    }
    if (this.#state !== 'idle') this.#failure ??= TIMEOUT_WORDS[this.#state]
    this.#timedOut = this.#state !== 'idle'
    this.destroy()
  }

  #open(): Socket {
    const { hostname, port, isEncrypted, session } = this.#origin
    const callback = (length: number, buffer: Uint8Array): boolean => {
      this.#onRead(buffer as Buffer, length)
      return true
    }
    const options = { host: hostname, port, onread: { buffer: this.#surroundings.readBuffer, callback } }
    if (!isEncrypted) return connectPlain(options, () => this.#onOpen())
    const { certificates } = this.#surroundings
    const socket = connectTls(
      {
        ...options,
        ...(certificates === null ? {} : { ca: [...certificates] }),
        ...(session === undefined ? {} : { session }),
        // an address is no name to ask for (RFC 6066 section 3)
        servername: isIP(hostname) === 0 ? hostname : '',
        ALPNProtocols: ['http/1.1'],
      },
      () => this.#onOpen(),
    )
    socket.on('session', (given) => {
      this.#origin.session = given
    })
    return socket
  }

  #onOpen(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'idle'
    this.#wait(KEPT_IDLE_MILLISECONDS)
    if (this.#call === null) this.#owner.onFree(this)
    else this.send()
  }

  #onRead(buffer: Buffer, length: number): void {
    if (this.#state === 'answering') this.#wait(this.#surroundings.limits.idleTimeoutMilliseconds)
    this.#endWith(this.#parser.push(buffer.subarray(0, length)))
  }

  #onEnd(): void {
    this.#endWith(this.#parser.end())
    this.destroy()
  }

  #endWith(fault: ResponseFault | null): void {
    if (fault === null) return
    this.#failure ??= FAULT_WORDS[fault]
    this.destroy()
  }

  #onClose(): void {
    const call = this.#call
    const wasIdle = this.#state === 'idle'
    this.#state = 'closed'
    this.#call = null
    this.#surroundings.deadlines.unwatch(this)
    this.#owner.onClosed(this)
    if (call === null) return
    // a connection that ended before anything was sent on it says nothing about the call
    if (wasIdle) this.#owner.onUnsent(call)
    else call.fail(this.#timedOut ? 'timeout' : 'broken', this.#failure ?? 'the connection was closed')
  }

  #wait(milliseconds: number): void {
    this.ticks = this.#surroundings.deadlines.ticksFor(milliseconds)
  }
}

const FAULT_WORDS: Readonly<Record<ResponseFault, string>> = {
  not_http: 'the answer is not HTTP',
  head_too_large: 'the head of the answer is too large',
  cut_off: 'the connection was closed before the answer was whole',
  unasked: 'bytes came that nobody had asked for',
}

function idleMillisecondsOf({ keepAliveSeconds }: ResponseHead): number {
  if (keepAliveSeconds === null) return KEPT_IDLE_MILLISECONDS
  const kept = keepAliveSeconds * 1_000 - KEEP_ALIVE_MARGIN_MILLISECONDS
  return Math.min(LONGEST_IDLE_MILLISECONDS, Math.max(0, kept))
}

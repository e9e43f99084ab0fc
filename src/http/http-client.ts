// Calls other servers over HTTP/1.1: kept connections for each origin, a bound on them, a queue beyond it, and nobody's answer for another.

import { ClientCall, type CallCarrier, type ResponseListener } from './client-call.ts'
import {
  ClientConnection,
  type ClientLimits,
  type ClientOrigin,
  type ClientSurroundings,
  type ConnectionOwner,
} from './client-connection.ts'
import { encodeRequest, type ClientRequest } from './client-request.ts'
import { createDeadlines } from './deadlines.ts'

export type HttpClientOptions = {
  readonly limits: ClientLimits
  /** to one origin; further calls wait for one of them */
  readonly connections: number
  /** PEM, instead of those that node trusts; null: those */
  readonly certificates: readonly string[] | null
}

export interface HttpClient {
  /** Throws TypeError for a request that cannot be sent. */
  send(origin: string, request: ClientRequest, listener: ResponseListener): ClientCall
  /** Breaks everything off. */
  close(): void
}

const READ_BYTES = 64 * 1024

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { limits, connections, certificates } = options
  const deadlines = createDeadlines({ tickMilliseconds: tickFor(limits) })
  const surroundings = { limits, deadlines, readBuffer: Buffer.allocUnsafeSlow(READ_BYTES), certificates }
  const pools = new Map<string, Pool>()
  const poolOf = (origin: string): Pool => {
    let pool = pools.get(origin)
    if (pool === undefined) {
      pool = new Pool(originOf(origin), surroundings, connections)
      pools.set(origin, pool)
    }
    return pool
  }
  return {
    send(origin, request, listener) {
      const pool = poolOf(origin)
      const call = new ClientCall(encodeRequest(request, pool.host), listener)
      pool.begin(call)
      return call
    },
    close() {
      for (const pool of pools.values()) pool.close()
      deadlines.stop()
    },
  }
}

class Pool implements ConnectionOwner, CallCarrier {
  readonly #origin: ClientOrigin
  readonly #surroundings: ClientSurroundings
  readonly #most: number
  readonly #all = new Set<ClientConnection>()
  /** the last one to become free is the first to be used, so that those that are not needed end */
  #free: ClientConnection[] = []
  /** calls that there is no connection for; they have left where `carrier` is another */
  #queue: ClientCall[] = []
  /** used connections with a call that waits until the sockets were looked at */
  #starting: ClientConnection[] = []
  #closed = false

  constructor(origin: ClientOrigin, surroundings: ClientSurroundings, most: number) {
    this.#origin = origin
    this.#surroundings = surroundings
    this.#most = most
  }

  get host(): string {
    return this.#origin.host
  }

  begin(call: ClientCall): void {
    const free = this.#takeFree()
    if (this.#closed) setImmediate(() => call.fail('broken', 'the client is closed'))
    else if (free !== null) this.#startSoon(free, call)
    else if (this.#all.size < this.#most) this.#connect(call)
    else {
      call.carrier = this
      this.#queue.push(call)
    }
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#all) connection.destroy()
    for (const call of this.#queue.splice(0)) call.fail('broken', 'the client is closed')
  }

  onFree(connection: ClientConnection): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#free.push(connection)
    else this.#startSoon(connection, next)
  }

  onClosed(connection: ClientConnection): void {
    this.#all.delete(connection)
    const at = this.#free.indexOf(connection)
    if (at !== -1) this.#free.splice(at, 1)
    if (this.#closed) return
    const next = this.#queue.shift()
    if (next !== undefined) this.#connect(next)
  }

  onUnsent(call: ClientCall): void {
    this.begin(call)
  }

  /** A call has left the queue. */
  leave(call: ClientCall): void {
    const at = this.#queue.indexOf(call)
    if (at !== -1) this.#queue.splice(at, 1)
  }

  resume(): void {}

  #takeFree(): ClientConnection | null {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) if (free.isFree) return free
    return null
  }

  #connect(call: ClientCall): void {
    this.#all.add(new ClientConnection(this.#origin, this.#surroundings, this, call))
  }

  /**
   * Not before the event loop has looked at the sockets once more: what an idle connection was sent, or its end, must be seen before the
   * next request goes out on it, or it would be taken for that request's answer.
   */
  #startSoon(connection: ClientConnection, call: ClientCall): void {
    connection.take(call)
    this.#starting.push(connection)
    if (this.#starting.length > 1) return
    setImmediate(() => {
      const starting = this.#starting
      this.#starting = []
      for (const one of starting) one.send()
    })
  }
}

function originOf(origin: string): ClientOrigin {
  const { protocol, hostname, port, host } = new URL(origin)
  const isEncrypted = protocol === 'https:'
  const name = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return { isEncrypted, hostname: name, port: Number(port) || (isEncrypted ? 443 : 80), host, session: undefined }
}

/** Fine enough for the shortest limit, and not finer. */
function tickFor(limits: ClientLimits): number {
  const { connectTimeoutMilliseconds, headersTimeoutMilliseconds, idleTimeoutMilliseconds } = limits
  const shortest = Math.min(connectTimeoutMilliseconds, headersTimeoutMilliseconds, idleTimeoutMilliseconds)
  return Math.max(10, Math.min(500, Math.floor(shortest / 4)))
}

// Sends one signed request over a pooled connection and tells its listener what comes back, in order, untouched.

import type { UpstreamExchange, UpstreamListener } from '../core/upstream.ts'
import type { ClientCall, ClientFailure, ResponseListener } from '../http/client-call.ts'
import { createHttpClient } from '../http/http-client.ts'
import { Circuit } from './circuit.ts'

export type TransportLimits = {
  readonly connections: number
  readonly connectTimeoutMilliseconds: number
  readonly headersTimeoutMilliseconds: number
  readonly idleTimeoutMilliseconds: number
  readonly maxHeaderBytes: number
  /** PEM, whom to trust; missing: those of the system */
  readonly certificates?: readonly string[]
}

export type OutgoingRequest = {
  readonly origin: string
  readonly method: string
  readonly path: string
  readonly headers: string[]
  readonly body: Buffer | null
}

export type Transport = {
  send(request: OutgoingRequest, listener: UpstreamListener): UpstreamExchange
  close(): Promise<void>
}

export function createTransport(limits: TransportLimits, now: () => number): Transport {
  const { connections, certificates = null } = limits
  const client = createHttpClient({ limits, connections, certificates })
  const circuits = new Map<string, Circuit>()
  const circuitOf = (origin: string): Circuit => {
    let circuit = circuits.get(origin)
    if (circuit === undefined) {
      circuit = new Circuit(now)
      circuits.set(origin, circuit)
    }
    return circuit
  }
  return {
    send(request, listener) {
      const circuit = circuitOf(request.origin)
      if (!circuit.enter()) return refuseAtOnce(listener)
      const exchange = new Exchange(listener, circuit)
      try {
        exchange.call = client.send(request.origin, request, exchange)
      } catch (thrown) {
        circuit.undecided()
        throw thrown
      }
      return exchange
    },
    close: () => {
      client.close()
      return Promise.resolve()
    },
  }
}

/** In a later turn, as any other failure: the caller has no exchange yet. */
function refuseAtOnce(listener: UpstreamListener): UpstreamExchange {
  setImmediate(() =>
    listener.onFailure({ kind: 'unreachable', sent: false, detail: 'the circuit of this host is open' }),
  )
  return { resume: () => undefined, abort: () => undefined }
}

/** Tells the circuit what becomes of a connection, and the listener the rest. */
class Exchange implements ResponseListener, UpstreamExchange {
  call: ClientCall | null = null
  readonly #listener: UpstreamListener
  readonly #circuit: Circuit

  constructor(listener: UpstreamListener, circuit: Circuit) {
    this.#listener = listener
    this.#circuit = circuit
  }

  resume(): void {
    this.call?.resume()
  }

  abort(): void {
    this.call?.abort()
  }

  onSending(): void {
    this.#circuit.connected()
  }

  onHeaders(status: number, headers: readonly string[]): void {
    this.#listener.onHeaders(status, headers)
  }

  onData(chunk: Buffer): boolean {
    return this.#listener.onData(chunk)
  }

  onComplete(): void {
    this.#listener.onComplete()
  }

  onFailure(failure: ClientFailure): void {
    if (!failure.sent && failure.kind === 'aborted') this.#circuit.undecided()
    else if (!failure.sent) this.#circuit.failed()
    this.#listener.onFailure(failure)
  }
}

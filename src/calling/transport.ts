// Sends one signed request over a pooled connection and tells its listener what comes back, in order, without copying a byte.

import { Pool, type Dispatcher } from 'undici'
import type { UpstreamExchange, UpstreamFailure, UpstreamListener } from '../core/upstream.ts'
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
  readonly body: Uint8Array | null
}

export type Transport = {
  send(request: OutgoingRequest, listener: UpstreamListener): UpstreamExchange
  close(): Promise<void>
}

type Host = { readonly pool: Pool; readonly circuit: Circuit }

export function createTransport(limits: TransportLimits, now: () => number): Transport {
  const hosts = new Map<string, Host>()
  const hostOf = (origin: string): Host => {
    let host = hosts.get(origin)
    if (host === undefined) {
      const pool = new Pool(origin, {
        connections: limits.connections,
        pipelining: 1,
        connect: {
          timeout: limits.connectTimeoutMilliseconds,
          ...(limits.certificates === undefined ? {} : { ca: [...limits.certificates] }),
        },
        headersTimeout: limits.headersTimeoutMilliseconds,
        bodyTimeout: limits.idleTimeoutMilliseconds,
        maxHeaderSize: limits.maxHeaderBytes,
        // Below what load balancers keep, so that a connection is not reused in the moment in which the other side closes it.
        keepAliveTimeout: 10_000,
        keepAliveMaxTimeout: 55_000,
        allowH2: false,
      })
      host = { pool, circuit: new Circuit(now) }
      hosts.set(origin, host)
    }
    return host
  }
  return {
    send(request, listener) {
      const { pool, circuit } = hostOf(request.origin)
      if (!circuit.enter()) return refuseAtOnce(listener)
      const exchange = new Exchange(listener, circuit)
      pool.dispatch(
        {
          method: request.method,
          path: request.path,
          headers: request.headers,
          body: request.body,
        },
        exchange,
      )
      return exchange
    },
    async close() {
      await Promise.all([...hosts.values()].map(({ pool }) => pool.destroy()))
      hosts.clear()
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

/** waiting (no connection yet) → sending → answering → ended; the listener hears the end once. */
class Exchange implements Dispatcher.DispatchHandler, UpstreamExchange {
  readonly #listener: UpstreamListener
  readonly #circuit: Circuit
  #controller: Dispatcher.DispatchController | null = null
  #state: 'waiting' | 'sending' | 'answering' | 'ended' = 'waiting'
  #abortAsked = false

  constructor(listener: UpstreamListener, circuit: Circuit) {
    this.#listener = listener
    this.#circuit = circuit
  }

  resume(): void {
    this.#controller?.resume()
  }

  abort(): void {
    if (this.#state === 'ended') return
    this.#abortAsked = true
    // Without a controller the request still waits for a connection; onRequestStart ends it.
    this.#controller?.abort(new Error('aborted by the gateway'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#circuit.connected()
    if (this.#abortAsked) controller.abort(new Error('aborted by the gateway'))
    else this.#state = 'sending'
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return
    this.#state = 'answering'
    this.#listener.onHeaders(status, flatHeaders(controller.rawHeaders))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#listener.onData(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    this.#state = 'ended'
    this.#listener.onComplete()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#state === 'ended') return
    const sent = this.#state !== 'waiting'
    this.#state = 'ended'
    if (!sent && this.#abortAsked) this.#circuit.undecided()
    else if (!sent) this.#circuit.failed()
    this.#listener.onFailure(
      this.#abortAsked ? { kind: 'aborted', sent, detail: 'aborted by the gateway' } : failureOf(error, sent),
    )
  }
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

function failureOf(error: Error, sent: boolean): UpstreamFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const detail = `${code}: ${error.message}`
  if (UNREACHABLE.has(code) || !sent) return { kind: 'unreachable', sent: false, detail }
  return { kind: TIMEOUTS.has(code) ? 'timeout' : 'broken', sent: true, detail }
}

/** undici gives raw headers as Buffers, name, value, …; names come out in lower case. */
function flatHeaders(raw: unknown): string[] {
  const flat: string[] = []
  if (!Array.isArray(raw)) return flat
  for (let index = 0; index + 1 < raw.length; index += 2) {
    flat.push(String(raw[index]).toLowerCase(), headerText(raw[index + 1]))
  }
  return flat
}

const headerText = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value))

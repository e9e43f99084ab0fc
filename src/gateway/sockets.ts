// The façade over WebSocket: one connection, several calls by their ids, each admitted, metered and answered as one that came by HTTP.

import { ERRORS, GatewayError, toGatewayError, type ErrorCode } from '../core/errors.ts'
import type { ClosedBy } from '../http/exchange.ts'
import type { WebSocketEvents, WebSocketHandshake, WebSocketLimits, WebSocketPeer } from '../http/web-socket.ts'
import { createAuthenticate, type AuthenticateDependencies } from './authenticate.ts'
import type { Pipeline } from './pipeline.ts'
import { SocketExchange } from './socket-exchange.ts'
import { renderFacadeError } from './surfaces/facade/errors.ts'
import {
  cancelledMessage,
  errorMessage,
  readSocketMessage,
  WrongMessage,
  type SocketMessage,
} from './surfaces/facade/socket-messages.ts'

export type Sockets = {
  /** Answers a handshake. Never rejects. */
  handle(handshake: WebSocketHandshake): Promise<void>
}

export type SocketLimits = WebSocketLimits & {
  /** open at once; more are refused with 503 */
  readonly connections: number
  /** running at once on one connection; more are refused with 429 */
  readonly calls: number
}

export type SocketDependencies = AuthenticateDependencies & {
  readonly pipeline: Pick<Pipeline, 'handle'>
  /** whether pages of this origin may call; programs that are no browsers name none */
  readonly allowsOrigin: (origin: string) => boolean
  readonly limits: SocketLimits
  readonly onRefusal: (code: ErrorCode) => void
}

const PATH = /^(?:\/[\w.-]{1,64})?\/ws(?:\?|$)/
/** What the connection speaks; a browser, which cannot set headers, offers its key beside it. */
const PROTOCOL = 'weighbridge'
const KEY_PROTOCOL = 'weighbridge.key.'
const TOKEN_HEADER = 'auth'
/** Of the handshake, what every call of the connection has. */
const CALL_HEADERS = ['authorization', 'x-api-key', TOKEN_HEADER, 'team_id']

export function createSockets(dependencies: SocketDependencies): Sockets {
  const { limits } = dependencies
  const authenticate = createAuthenticate(dependencies)
  const open = new Set<Session>()

  const check = async (handshake: WebSocketHandshake, headers: ReadonlyMap<string, string>): Promise<void> => {
    if (!PATH.test(handshake.path))
      throw new GatewayError('unknown_route', { message: 'There is no WebSocket here; it is at /ws.' })
    const origin = handshake.header('origin')
    if (origin !== undefined && !dependencies.allowsOrigin(origin))
      throw new GatewayError('origin_not_allowed', { message: ORIGIN_WORDS })
    if (open.size >= limits.connections) throw new GatewayError('overloaded', { retryAfterSeconds: 5 })
    const header = (name: string): string | undefined => headers.get(name)
    const { checkBody } = await authenticate(
      { method: 'GET', path: handshake.path, rawHeaders: [], header },
      { tokenHeader: TOKEN_HEADER },
    )
    if (checkBody !== null) throw new GatewayError('invalid_signature', { message: SIGNED_WORDS })
  }

  return {
    async handle(handshake) {
      const headers = headersOf(handshake)
      try {
        await check(handshake, headers)
        const offers = offersOf(handshake)
        if (offers.length > 0 && !offers.includes(PROTOCOL))
          throw new GatewayError('invalid_request', { message: `Offer the subprotocol "${PROTOCOL}", or none.` })
        handshake.accept(offers.length === 0 ? null : PROTOCOL, limits, (peer) => {
          const { remoteAddress } = handshake
          const session = new Session({
            peer,
            headers,
            remoteAddress,
            pipeline: dependencies.pipeline,
            calls: limits.calls,
          })
          open.add(session)
          return session.eventsUntil(() => open.delete(session))
        })
      } catch (thrown) {
        const error = toGatewayError(thrown)
        dependencies.onRefusal(error.code)
        const { status, headers: head, body } = renderFacadeError(error)
        handshake.refuse(status, head, body)
      }
    },
  }
}

const ORIGIN_WORDS = 'Pages of this origin may not call the gateway; its operator names those that may.'
const SIGNED_WORDS = 'A signature is of one request, and a WebSocket has many: send the API key, or a token.'

const offersOf = (handshake: WebSocketHandshake): string[] =>
  (handshake.header('sec-websocket-protocol') ?? '')
    .split(',')
    .map((offer) => offer.trim())
    .filter((offer) => offer !== '')

function headersOf(handshake: WebSocketHandshake): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const name of CALL_HEADERS) {
    const value = handshake.header(name)
    if (value !== undefined) headers.set(name, value)
  }
  const key = offersOf(handshake).find((offer) => offer.startsWith(KEY_PROTOCOL))
  if (key !== undefined) headers.set('authorization', `Bearer ${key.slice(KEY_PROTOCOL.length)}`)
  return headers
}

type SessionOptions = {
  readonly peer: WebSocketPeer
  readonly headers: ReadonlyMap<string, string>
  readonly remoteAddress: string
  readonly pipeline: Pick<Pipeline, 'handle'>
  readonly calls: number
}

class Session {
  readonly #options: SessionOptions
  readonly #calls = new Map<string, SocketExchange>()
  #leaving = false

  constructor(options: SessionOptions) {
    this.#options = options
  }

  eventsUntil(closed: () => void): WebSocketEvents {
    return {
      onMessage: (message) => this.#take(message),
      onDrain: () => {
        for (const call of this.#calls.values()) call.drained()
      },
      onClose: (by) => {
        this.#leave(by)
        closed()
      },
      isBusy: () => this.#calls.size > 0,
      onGoingAway: () => {
        this.#leaving = true
        this.#closeIfDone()
      },
    }
  }

  #take(message: Buffer): void {
    const { peer } = this.#options
    try {
      const said = readSocketMessage(message)
      if ('cancels' in said) this.#cancel(said.cancels)
      else this.#start(said)
    } catch (thrown) {
      const error = toGatewayError(thrown)
      const id = thrown instanceof WrongMessage ? thrown.id : null
      peer.send(errorMessage(id, ERRORS[error.code].status, error.message))
    }
  }

  #start({ id, path, headers: own, body }: Exclude<SocketMessage, { cancels: string }>): void {
    const { peer, headers: common, remoteAddress, pipeline, calls } = this.#options
    if (this.#calls.has(id)) throw new WrongMessage(id, `A call of the id "${id}" runs on this connection already.`)
    if (this.#calls.size >= calls) {
      peer.send(errorMessage(id, 429, `This connection runs ${calls} calls; wait for one of them, or cancel it.`))
      return
    }
    const headers = new Map([...common, ...own])
    const rawHeaders = [...headers].flat()
    const request = { method: 'POST', path, protocol: '1.1', remoteAddress, rawHeaders, headers, body } as const
    const exchange = new SocketExchange(id, request, peer)
    this.#calls.set(id, exchange)
    exchange.onClose(() => {
      this.#calls.delete(id)
      this.#closeIfDone()
    })
    void pipeline.handle(exchange)
  }

  /** As when a client leaves: the plan says whether the answer is read to its end. */
  #cancel(id: string): void {
    const call = this.#calls.get(id)
    if (call === undefined) return
    call.leave('client')
    this.#options.peer.send(cancelledMessage(id))
  }

  #leave(by: ClosedBy): void {
    for (const call of this.#calls.values()) call.leave(by)
  }

  #closeIfDone(): void {
    if (this.#leaving && this.#calls.size === 0) this.#options.peer.close(1001, 'the gateway is shutting down')
  }
}

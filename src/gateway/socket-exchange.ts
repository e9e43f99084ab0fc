// One call of a WebSocket as an exchange: what is answered goes back as messages that name the call.

import type { ClosedBy } from '../http/exchange.ts'
import type { WebSocketPeer } from '../http/web-socket.ts'
import { flatHeader } from './headers.ts'
import { InnerExchange, type InnerRequest } from './inner-exchange.ts'
import { errorMessage, eventMessages, startMessage, wholeMessage } from './surfaces/facade/socket-messages.ts'

export class SocketExchange extends InnerExchange {
  readonly #id: string
  readonly #peer: WebSocketPeer
  #drain: () => void = () => undefined
  #status = 0
  #head: readonly string[] = []
  #streams = false
  #chunks: Buffer[] = []

  constructor(id: string, request: InnerRequest, peer: WebSocketPeer) {
    super(request)
    this.#id = id
    this.#peer = peer
  }

  /** The client has left, or has no use for the answer any more. */
  leave(by: ClosedBy): void {
    if (this.isClosed) return
    this.closedBy = by
    this.#chunks = []
    this.closed(false)
  }

  drained(): void {
    this.#drain()
  }

  startResponse(status: number, headers: readonly string[]): void {
    if (this.isClosed || this.headersSent) return
    this.headersSent = true
    this.#status = status
    this.#head = headers
    this.#streams = flatHeader(headers, 'content-type')?.startsWith('text/event-stream') ?? false
    if (this.#streams) this.#peer.send(startMessage(this.#id, headers))
  }

  write(chunk: Buffer): boolean {
    if (this.isClosed) return true
    if (!this.#streams) {
      this.#chunks.push(chunk)
      return true
    }
    let writable = true
    for (const message of eventMessages(this.#id, chunk)) writable = this.#peer.send(message)
    return writable
  }

  onDrain(callback: () => void): void {
    this.#drain = callback
  }

  end(lastChunk?: Buffer): void {
    if (this.isClosed) return
    if (lastChunk !== undefined) this.write(lastChunk)
    if (!this.#streams)
      this.#peer.send(wholeMessage(this.#id, this.#status, this.#head, Buffer.concat(this.#chunks.splice(0))))
    this.closed(true)
  }

  destroy(): void {
    if (this.isClosed) return
    this.headersSent = true
    this.closedBy = 'gateway'
    this.#peer.send(errorMessage(this.#id, 500, 'The answer broke off.'))
    this.closed(false)
  }
}

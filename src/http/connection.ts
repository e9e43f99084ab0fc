// Connections as the listener sees them, whatever they speak; and the two things that can come of a request.

import type { Socket } from 'node:net'
import type { HttpExchange, HttpFault, HttpFaultCode } from './exchange.ts'
import type { WebSocketHandshake } from './web-socket.ts'

export interface Connection {
  /** No further request; ends when the answers under way are complete, at once when there are none. */
  close(): void
  /** Ends now; answers under way are broken off. */
  abandon(): void
}

export interface Handlers {
  onRequest(exchange: HttpExchange): void
  /** A request that HTTP's own rules refuse; whoever answers chooses the words and the shape. */
  onRefused(exchange: HttpExchange, fault: HttpFault): void
  /** A client wants to speak WebSocket; null: nobody here does, and the request is one like any other. */
  readonly onWebSocket: ((handshake: WebSocketHandshake) => void) | null
  /** Bytes that are no HTTP, or came too slowly: the connection has been answered and closed, and no exchange came of it. */
  onMalformed(code: HttpFaultCode, remoteAddress: string): void
  /** One of onRequest and onRefused threw; its exchange has been broken off. */
  onHandlerError(error: unknown): void
}

/** A handler that throws costs its own exchange, never the process or the connection's other exchanges. */
export function handOn(handlers: Handlers, exchange: HttpExchange, fault: HttpFault | null): void {
  try {
    if (fault === null) handlers.onRequest(exchange)
    else handlers.onRefused(exchange, fault)
  } catch (error) {
    exchange.destroy()
    handlers.onHandlerError(error)
  }
}

export interface OpenConnections {
  /** False: the listener is closing, and the connection has been closed. */
  admit(socket: Socket): boolean
  /** A connection under TLS that has not shaken hands yet. */
  shake(socket: Socket): void
  /** What an admitted connection speaks. */
  decided(socket: Socket, connection: Connection): void
  count(): number
  /** Admits no more, lets what runs end; resolves when nothing is open. */
  close(): Promise<void>
  /** Ends everything now. */
  abandon(): void
}

export function createOpenConnections(): OpenConnections {
  /** null while the first bytes are awaited */
  const open = new Map<Socket, Connection | null>()
  const handshaking = new Set<Socket>()
  let closing = false
  let emptied = ignore
  return {
    admit(socket) {
      socket.on('error', ignore)
      if (closing) {
        socket.destroy()
        return false
      }
      open.set(socket, null)
      socket.on('close', () => {
        open.delete(socket)
        if (open.size === 0) emptied()
      })
      return true
    },
    shake(socket) {
      handshaking.add(socket)
      socket.on('close', () => handshaking.delete(socket))
    },
    decided: (socket, connection) => void open.set(socket, connection),
    count: () => open.size,
    close() {
      closing = true
      for (const [socket, connection] of open) {
        if (connection === null) socket.destroy()
        else connection.close()
      }
      return new Promise((resolve) => {
        emptied = resolve
        if (open.size === 0) resolve()
      })
    },
    abandon() {
      for (const socket of handshaking) socket.destroy()
      for (const [socket, connection] of open) {
        if (connection === null) socket.destroy()
        else connection.abandon()
      }
    },
  }
}

function ignore(): void {}

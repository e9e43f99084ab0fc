// A connection as the listener sees it, whatever it speaks; and the two things that can come of a request.

import type { HttpExchange, HttpFault } from './exchange.ts'

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
  /** One of the two above threw; its exchange has been broken off. */
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

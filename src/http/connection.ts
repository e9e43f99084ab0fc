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
}

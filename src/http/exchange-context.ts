// What the exchanges of one connection need from it: time limits, and someone to hear of their end.

import type { Deadlines } from './deadlines.ts'
import type { ClosedBy, HttpExchange } from './exchange.ts'
import type { ListenerLimits } from './limits.ts'
import type { BodyBudget } from './request-body.ts'

/** An exchange as its connection sees it. */
export interface RunningExchange extends HttpExchange {
  breakOff(by: ClosedBy): void
}

export interface ExchangeContext {
  readonly deadlines: Deadlines
  readonly bodyBudget: BodyBudget
  readonly writeStallTicks: number
  /** a request body up to this size is taken in and thrown away when nobody reads it; a larger one costs the connection */
  readonly discardedBodyBytes: number
  /** no further request is wanted on this connection */
  isClosing(): boolean
  /** the connection itself has ended */
  isGone(): boolean
  /** the connection will stay readable for a moment after the answer, so that a client that is still sending can read it */
  lingerAfterAnswer(): void
  exchangeClosed(exchange: RunningExchange): void
}

/** The path that an absolute target means ("https://host/path"), the Host header beside it; null: it is refused. */
export type OriginForm = (target: string, host: string | undefined) => string | null

/** What all connections of one listener work with. */
export type Surroundings = {
  /** as in the options of the listener */
  readonly originForm: OriginForm
  readonly limits: ListenerLimits
  readonly deadlines: Deadlines
  readonly bodyBudget: BodyBudget
}

// A call that runs, as the pipeline keeps it: what it holds, how it is ended, and how its time is counted.

import type { Hold } from '../core/reservation.ts'
import type { Placed } from '../http/roster.ts'

export type RunningCall = Placed & {
  readonly hold: Hold
  /** Resolves when the entry is durable (or could not be made so) and the answer was given or given up. Never rejects. */
  readonly done: Promise<void>
  /** Ends the call now; it is settled as stopped by the gateway. */
  stop(): void
  /** `deadlineTickMilliseconds` have passed; the call is stopped when its time is up. */
  tick(): void
}

/** All running calls' time limits are counted down together: a timer for each would cost more than what it guards against. */
export const deadlineTickMilliseconds = (totalTimeoutMilliseconds: number): number =>
  Math.min(1_000, Math.max(10, Math.floor(totalTimeoutMilliseconds / 20)))

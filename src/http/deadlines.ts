// Many time limits on one timer: coarse, free of clock calls, and without an allocation for each limit.

import { Roster, type Placed } from './roster.ts'

/** Something that waits; `ticks` counts down by one at each tick of the timer. */
export interface Watched extends Placed {
  ticks: number
  /** Runs at every tick before the countdown; true: no longer waiting, forget it. */
  settled(): boolean
  /** Runs once, when the countdown has reached zero. */
  expire(): void
}

export interface Deadlines {
  /** How many ticks make at least this much time. */
  ticksFor(milliseconds: number): number
  watch(entry: Watched): void
  unwatch(entry: Watched): void
  stop(): void
}

export function createDeadlines({ tickMilliseconds }: { tickMilliseconds: number }): Deadlines {
  const entries = new Roster<Watched>()
  const tick = (entry: Watched): void => {
    if (entry.settled()) entries.remove(entry)
    else if (--entry.ticks <= 0) {
      entries.remove(entry)
      entry.expire()
    }
  }
  const timer = setInterval(() => entries.forEach(tick), tickMilliseconds)
  timer.unref()
  return {
    // one more than the quotient: the first tick may come at once
    ticksFor: (milliseconds) => Math.ceil(milliseconds / tickMilliseconds) + 1,
    watch: (entry) => entries.add(entry),
    unwatch: (entry) => entries.remove(entry),
    stop: () => clearInterval(timer),
  }
}

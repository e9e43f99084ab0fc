// Many time limits on one timer: coarse, free of clock calls, and without an allocation for each limit.

/** Something that waits; `ticks` counts down by one at each tick of the timer. */
export interface Watched {
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
  const entries = new Set<Watched>()
  const timer = setInterval(() => {
    for (const entry of entries) {
      if (entry.settled()) entries.delete(entry)
      else if (--entry.ticks <= 0) {
        entries.delete(entry)
        entry.expire()
      }
    }
  }, tickMilliseconds)
  timer.unref()
  return {
    // one more than the quotient: the first tick may come at once
    ticksFor: (milliseconds) => Math.ceil(milliseconds / tickMilliseconds) + 1,
    watch: (entry) => void entries.add(entry),
    unwatch: (entry) => void entries.delete(entry),
    stop: () => clearInterval(timer),
  }
}

// Runs some work again and again, never twice at once, with a rest in proportion to how long it took; stopping waits for what runs.

export type Repeating = {
  /** Runs the work now rather than at the next turn. */
  readonly soon: () => void
  readonly stop: () => Promise<void>
}

/** Work that took long is followed by a rest of so many times as long: it never takes more than a small share of the process. */
const REST_FACTOR = 20

export function repeat(options: {
  readonly everyMilliseconds: number
  readonly work: () => Promise<unknown>
  readonly onFailure: (thrown: unknown) => void
  readonly now: () => number
}): Repeating {
  const { everyMilliseconds, work, onFailure, now } = options
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  const turn = async (): Promise<void> => {
    const began = now()
    try {
      await work()
    } catch (thrown) {
      onFailure(thrown)
    }
    running = null
    if (stopped) return
    const rest = again ? 0 : Math.max(everyMilliseconds, (now() - began) * REST_FACTOR)
    again = false
    plan(rest)
  }
  const plan = (milliseconds: number): void => {
    timer = setTimeout(() => {
      timer = null
      running = turn()
    }, milliseconds)
    timer.unref()
  }
  plan(everyMilliseconds)
  return {
    soon() {
      if (stopped) return
      if (timer === null) again = true
      else {
        clearTimeout(timer)
        plan(0)
      }
    },
    async stop() {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      await running
    },
  }
}

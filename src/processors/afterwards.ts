// What is done when the answer was given: so much at once, so much waiting; what is too much is dropped and counted.

export type Afterwards = {
  /** `bytes`: what the work keeps in memory until it is done. */
  add(bytes: number, work: () => Promise<void>): void
  /** Resolves when nothing is left, or the time is up. */
  drain(deadlineMilliseconds: number): Promise<void>
}

export const AFTERWARDS_LIMITS = { atOnce: 32, waiting: 2_000, bytes: 67_108_864 } as const

export function createAfterwards(dependencies: {
  /** Hears of work that is not done. Must not throw. */
  readonly onDropped: () => void
  /** Hears of work that failed. Must not throw. */
  readonly onFault: (thrown: unknown) => void
}): Afterwards {
  const waiting: { readonly bytes: number; readonly work: () => Promise<void> }[] = []
  let running = 0
  let held = 0
  let onIdle: (() => void)[] = []

  const begin = (): void => {
    while (running < AFTERWARDS_LIMITS.atOnce) {
      const next = waiting.shift()
      if (next === undefined) break
      running += 1
      void next
        .work()
        .catch(dependencies.onFault)
        .finally(() => {
          running -= 1
          held -= next.bytes
          begin()
        })
    }
    if (running > 0) return
    for (const tell of onIdle.splice(0)) tell()
  }
  return {
    add(bytes, work) {
      if (waiting.length >= AFTERWARDS_LIMITS.waiting || held + bytes > AFTERWARDS_LIMITS.bytes) {
        dependencies.onDropped()
        return
      }
      held += bytes
      waiting.push({ bytes, work })
      begin()
    },
    async drain(deadlineMilliseconds) {
      if (running === 0 && waiting.length === 0) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineMilliseconds)
        onIdle = [
          ...onIdle,
          () => {
            clearTimeout(timer)
            resolve()
          },
        ]
      })
    },
  }
}

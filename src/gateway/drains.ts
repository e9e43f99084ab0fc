// Calls whose client left and that are read to their end all the same: bounded in number and in time.

export type DrainPlace = { leave(): void }

export class Drains {
  readonly #maxStreams: number
  readonly #maxMilliseconds: number
  #running = 0

  constructor(limits: { readonly maxStreams: number; readonly maxSeconds: number }) {
    this.#maxStreams = limits.maxStreams
    this.#maxMilliseconds = limits.maxSeconds * 1_000
  }

  get running(): number {
    return this.#running
  }

  /** null: all places are taken. `onTimeout` runs when the place is held for too long. */
  enter(onTimeout: () => void): DrainPlace | null {
    if (this.#running >= this.#maxStreams) return null
    this.#running += 1
    const timer = setTimeout(onTimeout, this.#maxMilliseconds)
    let held = true
    return {
      leave: () => {
        if (!held) return
        held = false
        clearTimeout(timer)
        this.#running -= 1
      },
    }
  }
}

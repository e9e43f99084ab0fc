// A bounded number of places for work, and a bounded line before them; who waits too long leaves the line.

export type Places = {
  /** Resolves with what gives the place back. Rejects with what the signal was aborted with, or with `full`. */
  take(signal: AbortSignal): Promise<() => void>
  readonly taken: number
  readonly waiting: number
}

export function createPlaces(options: {
  readonly most: number
  readonly mostWaiting: number
  readonly full: () => Error
}): Places {
  const line = new Set<() => void>()
  let taken = 0
  const giveBack = (): (() => void) => {
    let given = false
    return () => {
      if (given) return
      given = true
      const [next] = line
      if (next === undefined) taken -= 1
      else {
        line.delete(next)
        next()
      }
    }
  }
  return {
    take(signal) {
      if (signal.aborted) return Promise.reject(reasonOf(signal))
      if (taken < options.most) {
        taken += 1
        return Promise.resolve(giveBack())
      }
      if (line.size >= options.mostWaiting) return Promise.reject(options.full())
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          line.delete(enter)
          reject(reasonOf(signal))
        }
        const enter = (): void => {
          signal.removeEventListener('abort', leave)
          resolve(giveBack())
        }
        line.add(enter)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
    get taken() {
      return taken
    },
    get waiting() {
      return line.size
    },
  }
}

const reasonOf = ({ reason }: AbortSignal): Error => (reason instanceof Error ? reason : new Error(String(reason)))

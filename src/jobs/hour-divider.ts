// Divides hours that are over, every now and then, and looks again at those of the last weeks: one run at a time.

import { divideHours, type DivideHoursDependencies, type Range } from './divide-hours.ts'

export type HourDivider = {
  /** Divides the hours of a range now. */
  divide(range: Range): Promise<number>
  start(intervalMilliseconds: number): void
  /** Resolves when nothing is being written any more. */
  stop(): Promise<void>
}

export type HourDividerDependencies = Omit<DivideHoursDependencies, 'book'> & {
  readonly priceBook: () => DivideHoursDependencies['book']
  readonly onFailure: (thrown: unknown) => void
}

/** Corrections of older hours need `wb rerate`. */
const LOOKED_AT_MILLISECONDS = 35 * 86_400_000

export function createHourDivider({ priceBook, onFailure, ...dependencies }: HourDividerDependencies): HourDivider {
  let timer: NodeJS.Timeout | null = null
  let queue: Promise<unknown> = Promise.resolve()
  const divide = (range: Range): Promise<number> => {
    const divided = queue.then(() => divideHours({ ...dependencies, book: priceBook() }, range))
    queue = divided.catch(() => undefined)
    return divided
  }
  return {
    divide,
    start(intervalMilliseconds) {
      timer = setInterval(() => {
        const now = dependencies.now()
        divide({ from: now - LOOKED_AT_MILLISECONDS, to: now }).catch(onFailure)
      }, intervalMilliseconds)
      timer.unref()
    },
    async stop() {
      if (timer !== null) clearInterval(timer)
      await queue
    },
  }
}

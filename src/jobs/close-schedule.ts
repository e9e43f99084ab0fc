// Closes days when they are over, and looks again at those closed lately; what was missed while the gateway was off is made up for.

import { closeDay, dateIn, type CloseDayDependencies, type ClosedDay } from './close-day.ts'

export type DayCloser = {
  /** As closeDay; one at a time. Without a date: the day before the running one. */
  close(date: string | null): Promise<ClosedDay>
  /** The preliminary file of the day that is not over. */
  closeRunning(): Promise<ClosedDay>
  start(intervalMilliseconds: number): void
  /** Resolves when nothing is being written any more. */
  stop(): Promise<void>
}

export type DayCloserDependencies = CloseDayDependencies & {
  /** after the end of a day, for calls that still run */
  readonly delayMilliseconds: number
  readonly onClosed: (day: ClosedDay) => void
  readonly onFailure: (thrown: unknown) => void
}

const DAY_MILLISECONDS = 86_400_000
/** Days that are looked at again when a day is closed. Later corrections need `wb close-day --date`. */
const LOOKED_AT_DAYS = 35

export function createDayCloser(dependencies: DayCloserDependencies): DayCloser {
  const { now, timeZone, delayMilliseconds, onClosed, onFailure } = dependencies
  let timer: NodeJS.Timeout | null = null
  let queue: Promise<unknown> = Promise.resolve()
  let doneFor = ''

  const close = (date: string): Promise<ClosedDay> => {
    const closed = queue.then(() => closeDay(dependencies, date))
    queue = closed.catch(() => undefined)
    return closed
  }
  const tick = async (): Promise<void> => {
    const over = now() - delayMilliseconds
    const running = dateIn(timeZone, over)
    if (running === doneFor) return
    doneFor = running
    try {
      for (const date of datesBefore(running)) {
        const day = await close(date)
        if (day.state === 'closed' || day.state === 'corrected') onClosed(day)
      }
    } catch (thrown) {
      doneFor = ''
      onFailure(thrown)
    }
  }
  return {
    close: async (date) => close(date ?? dayBefore(dateIn(timeZone, now()))),
    closeRunning: async () => close(dateIn(timeZone, now())),
    start(intervalMilliseconds) {
      timer = setInterval(() => void tick(), intervalMilliseconds)
      timer.unref()
    },
    async stop() {
      if (timer !== null) clearInterval(timer)
      await queue
    },
  }
}

/** The oldest first. */
function datesBefore(date: string): string[] {
  const dates: string[] = []
  for (let day = dayBefore(date); dates.length < LOOKED_AT_DAYS; day = dayBefore(day)) dates.unshift(day)
  return dates
}

const dayBefore = (date: string): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) - DAY_MILLISECONDS).toISOString().slice(0, 10)

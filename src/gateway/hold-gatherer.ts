// Holds of calls that arrive in one turn of the event loop are written together: one system call for all of them.

import type { Hold, HoldJournal } from '../core/reservation.ts'

type Waiting = { readonly hold: Hold; readonly resolve: () => void; readonly reject: (thrown: unknown) => void }

export type HoldGatherer = {
  /** Resolves when the hold is written; rejects when it cannot be, and then it is not. */
  write(hold: Hold): Promise<void>
}

export function createHoldGatherer(holds: Pick<HoldJournal, 'open'>): HoldGatherer {
  let waiting: Waiting[] = []
  const flush = (): void => {
    const batch = waiting
    waiting = []
    try {
      holds.open(...batch.map(({ hold }) => hold))
    } catch (thrown) {
      if (batch.length === 1) batch[0]?.reject(thrown)
      // One hold that cannot be written must not refuse the calls that only happened to come with it.
      else for (const one of batch) writeAlone(holds, one)
      return
    }
    for (const one of batch) one.resolve()
  }
  return {
    write: (hold) =>
      new Promise((resolve, reject) => {
        waiting.push({ hold, resolve, reject })
        if (waiting.length === 1) setImmediate(flush)
      }),
  }
}

function writeAlone(holds: Pick<HoldJournal, 'open'>, { hold, resolve, reject }: Waiting): void {
  try {
    holds.open(hold)
    resolve()
  } catch (thrown) {
    reject(thrown)
  }
}

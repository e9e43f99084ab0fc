// Reads the simulator's bill once no call runs in it any more.

import { setTimeout as wait } from 'node:timers/promises'
import type { BilledCall } from '../../simulator/bill.ts'
import type { RunningSimulator } from '../../simulator/server.ts'

const MOST_LOOKS = 600
const LOOK_EVERY_MILLISECONDS = 100

/** A stream whose client left is billed when the simulator notices; the bill is complete when nothing is in flight. */
export async function billWhenSettled(simulator: RunningSimulator): Promise<BilledCall[]> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const summary = await fetch(`${simulator.url}/_simulator/bill?summary=1`)
    const { in_flight: inFlight } = (await summary.json()) as { in_flight: number }
    if (inFlight === 0) return simulator.bill()
    await wait(LOOK_EVERY_MILLISECONDS)
  }
  throw new Error('the simulator still has calls in flight')
}

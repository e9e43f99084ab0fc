// Rates the calls that had no price when they were made, as far as the price book of now has one for their time.

import { correctEntries, type RerateDependencies, type RerateOutcome } from './rerate.ts'

/** Run whenever prices arrive. Calls that have a cost are left alone, whatever the book now says of them. */
export function rateUnpriced(dependencies: RerateDependencies): Promise<RerateOutcome> {
  return correctEntries(dependencies, {
    filter: { unpricedOnly: true },
    // Asked again, because a store may hand out a call that was rated since the scan began.
    chosen: (entry) => entry.cost === null,
    dryRun: false,
  })
}

// The counters of one process keep what every implementation promises.

import { countersContract, PLACE_MILLISECONDS } from '../../test/contract/counters.ts'
import { createInProcessCounters } from './in-process.ts'

countersContract('in process', () => createInProcessCounters({ placeMilliseconds: PLACE_MILLISECONDS }))

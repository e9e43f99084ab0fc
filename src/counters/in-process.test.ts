// The counters of one process keep what every implementation promises.

import { takingInsteadContract } from '../../test/contract/counters-instead.ts'
import { countersContract, PLACE_MILLISECONDS } from '../../test/contract/counters.ts'
import { countersProperties } from '../../test/contract/counters-properties.ts'
import { countersSimulation } from '../../test/contract/counters-simulation.ts'
import { createInProcessCounters } from './in-process.ts'

const open = () => createInProcessCounters({ placeMilliseconds: PLACE_MILLISECONDS })

countersContract('in process', open)
countersProperties('in process', open)
takingInsteadContract('in process', open)
countersSimulation('in process', open)

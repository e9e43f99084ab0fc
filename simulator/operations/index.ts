// The table of operations; the first whose method and path match is run.
import type { Operation } from '../call.ts'
import { CONVERSE } from './converse.ts'
import { CONVERSE_STREAM } from './converse-stream.ts'

export const OPERATIONS: readonly Operation[] = [CONVERSE, CONVERSE_STREAM]

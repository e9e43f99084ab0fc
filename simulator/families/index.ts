// The table of model families that the simulator serves.
import type { Family } from '../family.ts'
import { claude } from './claude.ts'
import { nova } from './nova.ts'

export const FAMILIES: readonly Family[] = [claude, nova]

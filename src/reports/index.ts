// The table of reports.

import { daily } from './daily.ts'
import type { Report } from './descriptor.ts'
import { lifecycle } from './lifecycle.ts'
import { spend } from './spend.ts'
import { unpriced } from './unpriced.ts'

export const REPORTS: readonly Report[] = [daily, spend, unpriced, lifecycle]

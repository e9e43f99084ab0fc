// The period of a report in whole hours, which is what rollups are made of.

import { HOUR_MILLISECONDS, hourOf } from '../core/rollup.ts'
import { ReportProblem } from './descriptor.ts'

export const DAY_MILLISECONDS = 86_400_000

/** Longest period of one report. */
const LONGEST_DAYS = 3_660

/** From the start of the month, to the end of the running hour, where nothing else is asked; widened to whole hours. */
export function periodOf(asked: { from: number | null; to: number | null }, now: number): { from: number; to: number } {
  const to = nextHour(asked.to ?? now + 1)
  const from = hourOf(asked.from ?? startOfMonth(to - 1))
  if (from >= to) throw new ReportProblem('from', 'from must be before to.')
  if (to - from > LONGEST_DAYS * DAY_MILLISECONDS) {
    throw new ReportProblem('from', `A report may span ${LONGEST_DAYS} days at most.`)
  }
  return { from, to }
}

const nextHour = (at: number): number => Math.ceil(at / HOUR_MILLISECONDS) * HOUR_MILLISECONDS

function startOfMonth(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

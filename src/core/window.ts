// Windows of limits: where the calendar window that holds a moment begins and ends, in any time zone, also where clocks are put on or back.

import type { LimitPeriod } from './limit.ts'

/** Milliseconds since the epoch, half-open. */
export type Window = { readonly start: number; readonly end: number }

export type WindowKind = {
  /** null: for ever */
  readonly per: LimitPeriod | null
  readonly timeZone: string
  /** 1 to 12 */
  readonly fiscalStartMonth: number
}

const DAY = 86_400_000
/** Windows that are the same everywhere. */
const FIXED = { second: 1_000, minute: 60_000, hour: 3_600_000 } as const

const EVER: Window = { start: 0, end: Number.POSITIVE_INFINITY }

/** Seconds, minutes and hours are those of UTC; days, weeks (from Monday), months, quarters and years begin at midnight in the zone. */
export function windowOf(kind: WindowKind, at: number): Window {
  const { per, timeZone } = kind
  if (per === null) return EVER
  if (per === 'second' || per === 'minute' || per === 'hour') {
    const start = Math.floor(at / FIXED[per]) * FIXED[per]
    return { start, end: start + FIXED[per] }
  }
  const local = new Date(at + offsetAt(timeZone, at))
  const [first, next] = datesOf(per, local, kind.fiscalStartMonth)
  return { start: midnight(timeZone, first), end: midnight(timeZone, next) }
}

/** The date on which the window begins and that on which the next one does, as if local time were UTC. */
function datesOf(
  per: Exclude<LimitPeriod, keyof typeof FIXED>,
  local: Date,
  fiscalStartMonth: number,
): [first: number, next: number] {
  const [year, month, date] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()]
  if (per === 'day') return [Date.UTC(year, month, date), Date.UTC(year, month, date + 1)]
  if (per === 'week') {
    const monday = date - ((local.getUTCDay() + 6) % 7)
    return [Date.UTC(year, month, monday), Date.UTC(year, month, monday + 7)]
  }
  const months = MONTHS[per]
  const sinceFiscal = (month - (fiscalStartMonth - 1) + 12) % 12
  const first = month - (sinceFiscal % months)
  return [Date.UTC(year, first, 1), Date.UTC(year, first + months, 1)]
}

const MONTHS = { month: 1, quarter: 3, year: 12 } as const

/** The first moment of a local date; where that midnight is skipped, the moment at which the clocks are put on. */
function midnight(timeZone: string, localMidnight: number): number {
  if (timeZone === 'UTC') return localMidnight
  const before = localMidnight - offsetAt(timeZone, localMidnight - DAY)
  const after = localMidnight - offsetAt(timeZone, localMidnight + DAY)
  const found = [before, after].filter((at) => at + offsetAt(timeZone, at) === localMidnight)
  if (found.length > 0) return Math.min(...found)
  let [low, high] = [Math.min(before, after), Math.max(before, after)]
  const offset = offsetAt(timeZone, low)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(timeZone, middle) === offset) low = middle
    else high = middle
  }
  return high
}

/** Local time minus UTC at that moment, in milliseconds. Throws RangeError for a zone that nobody knows. */
function offsetAt(timeZone: string, at: number): number {
  if (timeZone === 'UTC') return 0
  const local: Record<string, number> = {}
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) local[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = local
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000
}

const formatOf = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })

export function isTimeZone(text: string): boolean {
  try {
    return formatOf(text).resolvedOptions().timeZone !== '' && !/^[+-]/.test(text)
  } catch {
    return false
  }
}

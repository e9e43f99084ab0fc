// Closes a day: writes what it cost into files that never change afterwards; what the ledger learns later becomes files of corrections.

import { differencesOf, type ClosedRow } from '../core/closing.ts'
import type { LedgerStore } from '../core/ledger.ts'
import type { RollupRow, RollupStore } from '../core/rollup.ts'
import { windowOf, type Window } from '../core/window.ts'
import { createClosedFiles, type ClosedFiles, type ClosedFilesOptions, type FileKind } from './closed-files.ts'
import { closedSums } from './closed-sums.ts'

/** day: the files that every day has · hour: the same by the hour · month: a month, closed with its last day */
export const CLOSE_GRANULARITIES = ['day', 'hour', 'month'] as const
export type CloseGranularity = (typeof CLOSE_GRANULARITIES)[number]

export type CloseDayDependencies = ClosedFilesOptions & {
  readonly rollups: RollupStore
  readonly ledger: LedgerStore
  readonly now: () => number
  readonly timeZone: string
  /** how a line of sums of a tenant and model is shown */
  readonly lineOf: (row: RollupRow) => ClosedRow
  /** how files are written, for each granularity that is wanted; the first of `day` is the one that a running day has, too */
  readonly kinds: { readonly day: readonly [FileKind, ...FileKind[]] } & {
    readonly [granularity in CloseGranularity]?: readonly FileKind[]
  }
}

/**
 * closed: its file was written now · corrected: it was closed before, and a file of corrections was written now · unchanged: it was closed
 * before, and nothing has come since · running: it is not over; a preliminary file was written · empty: nobody called
 */
export const CLOSE_STATES = ['closed', 'corrected', 'unchanged', 'running', 'empty'] as const

export type ClosedDay = {
  readonly date: string
  readonly window: Window
  readonly state: (typeof CLOSE_STATES)[number]
  /** all files of the day, by name, those by the hour and of its month with them */
  readonly files: readonly string[]
  /** lines of the day that were written now */
  readonly rows: readonly ClosedRow[]
}

/** What was reported: kept beside the files, which can be written anew from it. */
type Closing = {
  readonly window: Window
  readonly files: readonly { readonly stem: string; readonly rows: readonly ClosedRow[] }[]
}

const KEYS = ['team_id', 'model_id']
const TEXTS = new Set([...KEYS, 'date', 'hour'])

/** Throws RangeError for a date that is none or has not begun. Safe to repeat, and after a crash in its middle. */
export async function closeDay(dependencies: CloseDayDependencies, date: string): Promise<ClosedDay> {
  const files = createClosedFiles(dependencies)
  const window = dayOf(date, dependencies.timeZone)
  if (window.start > dependencies.now()) throw new RangeError(`${date} has not begun`)
  const day = await closePeriod(dependencies, files, { granularity: 'day', name: date, window })
  if (day.state === 'running') return { date, ...day }
  const others: string[] = []
  for (const period of periodsWith(date, day.window, dependencies.timeZone))
    if (dependencies.kinds[period.granularity] !== undefined)
      others.push(...(await closePeriod(dependencies, files, period)).files)
  return { date, ...day, files: [...day.files, ...others] }
}

type Period = { readonly granularity: CloseGranularity; readonly name: string; readonly window: Window }

/** What else is closed with a day. A month is with its last day, so that it is looked at again as long as that is. */
function periodsWith(date: string, day: Window, timeZone: string): readonly Period[] {
  const hours: Period = { granularity: 'hour', name: date, window: day }
  const window = windowOf({ per: 'month', timeZone, fiscalStartMonth: 1 }, day.start)
  return window.end === day.end ? [hours, { granularity: 'month', name: date.slice(0, 7), window }] : [hours]
}

async function closePeriod(
  dependencies: CloseDayDependencies,
  files: ClosedFiles,
  { granularity, name, window: asked }: Period,
): Promise<Omit<ClosedDay, 'date'>> {
  const statePath = granularity === 'day' ? `${name}.json` : `${granularity}/${name}.json`
  const closing = readClosing(await files.recall(statePath))
  const window = closing?.window ?? asked
  const sums = await closedSums(dependencies, window, granularity)
  const current = sums.map((row) => lineOf(dependencies, granularity, name, row))
  if (window.end > dependencies.now()) return preliminary(dependencies, files, name, window, current)
  const before = closing ?? { window, files: [] }
  const rows = differencesOf(
    before.files.map((file) => file.rows),
    current,
    granularity === 'hour' ? [...KEYS, 'hour'] : KEYS,
  )
  const added = rows.length === 0 ? [] : [{ stem: stemOf(name, before.files.length), rows }]
  const all = [...before.files, ...added]
  if (added.length > 0) await files.remember(statePath, textOf({ window, files: all }))
  const names = await files.keep(all, dependencies.kinds[granularity] ?? [])
  if (granularity === 'day') await files.remove(preliminaryName(dependencies, name))
  return { window, state: stateOf(before, added), files: names, rows }
}

function lineOf(
  dependencies: CloseDayDependencies,
  granularity: CloseGranularity,
  name: string,
  row: RollupRow,
): ClosedRow {
  const line = dependencies.lineOf({ ...row, group: { ...row.group, day: name } })
  return granularity === 'hour' ? { ...line, hour: row.group.hour ?? '' } : line
}

function stateOf(before: Closing, added: readonly unknown[]): ClosedDay['state'] {
  if (added.length === 0) return before.files.length === 0 ? 'empty' : 'unchanged'
  return before.files.length === 0 ? 'closed' : 'corrected'
}

async function preliminary(
  dependencies: CloseDayDependencies,
  files: ClosedFiles,
  date: string,
  window: Window,
  rows: readonly ClosedRow[],
): Promise<Omit<ClosedDay, 'date'>> {
  if (rows.length === 0) return { window, state: 'empty', files: [], rows }
  const name = preliminaryName(dependencies, date)
  await files.replace(name, await dependencies.kinds.day[0].bytesOf(rows))
  return { window, state: 'running', files: [name], rows }
}

const stemOf = (name: string, at: number): string => (at === 0 ? name : `${name}.correction-${at}`)
const preliminaryName = ({ kinds }: CloseDayDependencies, date: string): string =>
  kinds.day[0].nameOf(`${date}.preliminary`)

/** Noon of the date in UTC lies within some day of every zone; of the days around it, the one with this local date. */
export function dayOf(date: string, timeZone: string): Window {
  const noon = Date.parse(`${date}T12:00:00Z`)
  const real = /^\d{4}-\d{2}-\d{2}$/.test(date) && !Number.isNaN(noon) && new Date(noon).toISOString().startsWith(date)
  if (!real) throw new RangeError(`"${date.slice(0, 20)}" is not a date such as 2026-11-20`)
  for (const at of [noon, noon - 43_200_000, noon + 43_200_000]) {
    const window = windowOf({ per: 'day', timeZone, fiscalStartMonth: 1 }, at)
    if (dateIn(timeZone, window.start) === date) return window
  }
  throw new RangeError(`the zone ${timeZone} has no ${date}`)
}

/** The local date of a moment, such as 2026-11-20. */
export const dateIn = (timeZone: string, at: number): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at)

function textOf(closing: Closing): string {
  return JSON.stringify(closing, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

function readClosing(text: string | null): Closing | null {
  if (text === null) return null
  const { window, files } = JSON.parse(text) as Closing
  return { window, files: files.map(({ stem, rows }) => ({ stem, rows: rows.map(withNumbers) })) }
}

const withNumbers = (row: ClosedRow): ClosedRow =>
  Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [name, TEXTS.has(name) || cell === null ? cell : BigInt(cell)]),
  )

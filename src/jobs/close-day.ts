// Closes a day: writes what it cost into files that never change afterwards; what the ledger learns later becomes files of corrections.

import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { differencesOf, type ClosedRow } from '../core/closing.ts'
import type { LedgerStore } from '../core/ledger.ts'
import { emptySums, foldEntry, HOUR_MILLISECONDS, type RollupRow, type RollupStore } from '../core/rollup.ts'
import { ALL_TENANTS } from '../core/tenant.ts'
import { windowOf, type Window } from '../core/window.ts'

export type CloseDayDependencies = {
  readonly rollups: RollupStore
  readonly ledger: LedgerStore
  readonly now: () => number
  readonly folder: string
  readonly timeZone: string
  /** how a line of sums of a tenant and model is shown, and how lines are written */
  readonly lineOf: (row: RollupRow) => ClosedRow
  readonly csvOf: (rows: readonly ClosedRow[]) => string
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
  /** all files of the day, by name */
  readonly files: readonly string[]
  /** lines that were written now */
  readonly rows: readonly ClosedRow[]
}

/** What was reported of a day: kept beside its files, which can be written anew from it to the byte. */
type Closing = {
  readonly window: Window
  readonly files: readonly { readonly name: string; readonly rows: readonly ClosedRow[] }[]
}

const KEYS = ['team_id', 'model_id']
const TEXTS = new Set([...KEYS, 'date'])

/** Throws RangeError for a date that is none or has not begun. Safe to repeat, and after a crash in its middle. */
export async function closeDay(dependencies: CloseDayDependencies, date: string): Promise<ClosedDay> {
  const { folder, now } = dependencies
  const closing = await readClosing(folder, date)
  const window = closing?.window ?? dayOf(date, dependencies.timeZone)
  if (window.start > now()) throw new RangeError(`${date} has not begun`)
  const current = await linesOf(dependencies, date, window)
  if (window.end > now()) return preliminary(dependencies, date, window, current)
  const before = closing ?? { window, files: [] }
  const rows = differencesOf(
    before.files.map((file) => file.rows),
    current,
    KEYS,
  )
  const added = rows.length === 0 ? [] : [{ name: nameOf(date, before.files.length), rows }]
  const files = [...before.files, ...added]
  await mkdir(join(folder, STATE_FOLDER), { recursive: true })
  if (added.length > 0) await writeWhole(statePath(folder, date), textOf({ window, files }))
  for (const file of files) await writeMissing(join(folder, file.name), dependencies.csvOf(file.rows))
  await rm(join(folder, preliminaryName(date)), { force: true })
  return { date, window, state: stateOf(before, added), files: files.map(({ name }) => name), rows }
}

function stateOf(before: Closing, added: readonly unknown[]): ClosedDay['state'] {
  if (added.length === 0) return before.files.length === 0 ? 'empty' : 'unchanged'
  return before.files.length === 0 ? 'closed' : 'corrected'
}

async function preliminary(
  { folder, csvOf }: CloseDayDependencies,
  date: string,
  window: Window,
  rows: readonly ClosedRow[],
): Promise<ClosedDay> {
  if (rows.length === 0) return { date, window, state: 'empty', files: [], rows }
  const name = preliminaryName(date)
  await mkdir(folder, { recursive: true })
  await writeWhole(join(folder, name), csvOf(rows))
  return { date, window, state: 'running', files: [name], rows }
}

const nameOf = (date: string, at: number): string => (at === 0 ? `${date}.csv` : `${date}.correction-${at}.csv`)
const preliminaryName = (date: string): string => `${date}.preliminary.csv`
const STATE_FOLDER = '.closed'
const statePath = (folder: string, date: string): string => join(folder, STATE_FOLDER, `${date}.json`)

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

async function linesOf(
  { rollups, ledger, lineOf }: CloseDayDependencies,
  date: string,
  window: Window,
): Promise<readonly ClosedRow[]> {
  const { start: from, end: to } = window
  // sums are kept by the hour; where days begin at half past, the day is folded from its entries
  const whole = from % HOUR_MILLISECONDS === 0 && to % HOUR_MILLISECONDS === 0
  const rows = whole
    ? await rollups.query(ALL_TENANTS, { from, to, groupBy: ['tenant', 'model'] })
    : await foldedRows(ledger, { from, to })
  return rows.map((row) => lineOf({ ...row, group: { ...row.group, day: date } }))
}

async function foldedRows(ledger: LedgerStore, period: { from: number; to: number }): Promise<readonly RollupRow[]> {
  const groups = new Map<string, { tenant: string; model: string; sums: ReturnType<typeof emptySums> }>()
  for await (const batch of ledger.scan(ALL_TENANTS, period)) {
    for (const entry of batch) {
      const { tenantId: tenant, modelId: model } = entry
      const name = `${tenant} ${model}`
      const group = groups.get(name) ?? { tenant, model, sums: emptySums() }
      groups.set(name, group)
      const quantities = entry.usage?.quantities ?? null
      foldEntry(group.sums, { ...entry, correction: entry.ending === 'correction', quantities })
    }
  }
  return [...groups.keys()].toSorted().map((name) => {
    const { tenant, model, sums } = groups.get(name) as NonNullable<ReturnType<typeof groups.get>>
    const { calls, unpricedCalls, estimatedCalls, ...rest } = sums
    const counts = [calls, unpricedCalls, estimatedCalls].map(BigInt) as [bigint, bigint, bigint]
    return { ...rest, group: { tenant, model }, calls: counts[0], unpricedCalls: counts[1], estimatedCalls: counts[2] }
  })
}

function textOf(closing: Closing): string {
  return JSON.stringify(closing, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

async function readClosing(folder: string, date: string): Promise<Closing | null> {
  let text: string
  try {
    text = await readFile(statePath(folder, date), 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw thrown
  }
  const { window, files } = JSON.parse(text) as Closing
  return { window, files: files.map(({ name, rows }) => ({ name, rows: rows.map(withNumbers) })) }
}

const withNumbers = (row: ClosedRow): ClosedRow =>
  Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [name, TEXTS.has(name) || cell === null ? cell : BigInt(cell)]),
  )

/** Readers see the whole file or none, also after a loss of power. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.writing`
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

async function writeMissing(path: string, text: string): Promise<void> {
  const there = await stat(path).then(
    () => true,
    () => false,
  )
  if (!there) await writeWhole(path, text)
}

// Divides what is paid for by the hour among the calls of each hour that is over, by correcting entries; repeated, it changes nothing.

import { costOfHour, hourlyPriceAt, isChargedByHour, shareHour } from '../core/hourly-price.ts'
import type { LedgerEntry, LedgerStore } from '../core/ledger.ts'
import { addUsd, subtractUsd, ZERO_USD, type PicoUsd } from '../core/money.ts'
import type { HourlyRow, PriceBook } from '../core/price-book.ts'
import { HOUR_MILLISECONDS, hourOf, type RollupRow, type RollupStore } from '../core/rollup.ts'
import { ALL_TENANTS } from '../core/tenant.ts'

export type DivideHoursDependencies = {
  readonly ledger: LedgerStore
  readonly rollups: Pick<RollupStore, 'query'>
  readonly book: PriceBook
  readonly now: () => number
  /** after the end of an hour, for calls that still run */
  readonly delayMilliseconds: number
}

/** Milliseconds since the epoch; half-open. */
export type Range = { readonly from: number; readonly to: number }

/**
 * Afterwards the calls of each hour, with their corrections, cost together what the hour costs, to the last pico-USD. A call that comes
 * late, or a price that is put right, is divided again by the next run: each entry gets what it lacks. Returns the entries written.
 */
export async function divideHours(dependencies: DivideHoursDependencies, range: Range): Promise<number> {
  const { book, now, delayMilliseconds } = dependencies
  const over = hourOf(now() - delayMilliseconds)
  let written = 0
  for (const [modelId, rows] of book.hourly) {
    const from = Math.max(hourOf(range.from), hourOf(Math.min(...rows.map((row) => row.from))))
    const to = Math.min(range.to, over)
    if (from >= to) continue
    const sums = await sumsOf(dependencies, { modelId, from, to })
    for (let hour = from; hour < to; hour += HOUR_MILLISECONDS) {
      const row = hourlyPriceAt(book, modelId, hour)
      if (row !== null) written += await divideHour(dependencies, { hour, row, sum: sums.get(hour) })
    }
  }
  return written
}

async function sumsOf(
  { rollups }: DivideHoursDependencies,
  { modelId, ...range }: Range & { readonly modelId: string },
): Promise<ReadonlyMap<number, RollupRow>> {
  const rows = await rollups.query(ALL_TENANTS, { ...range, modelId, groupBy: ['hour'] })
  return new Map(rows.map((row) => [Date.parse(row.group['hour'] ?? ''), row]))
}

type Hour = { readonly hour: number; readonly row: HourlyRow; readonly sum: RollupRow | undefined }

async function divideHour(dependencies: DivideHoursDependencies, { hour, row, sum }: Hour): Promise<number> {
  const cost = costOfHour(row)
  // the sums tell, without a look at its calls, that an hour is divided
  if (sum !== undefined && sum.unpricedCalls === 0n && sum.inputCost + sum.outputCost === cost) return 0
  const calls = sum === undefined ? [] : await callsOf(dependencies, row.price.modelId, hour)
  const shares = shareHour(
    cost,
    calls.map(({ requestId, ending, startedAt, endedAt }) => ({
      requestId,
      milliseconds: ending === 'recovered' ? null : endedAt - startedAt,
    })),
  )
  let written = 0
  for (const call of calls) written += await correct(dependencies, call, shares.get(call.requestId) ?? ZERO_USD)
  return written + (await chargeIdle(dependencies, { hour, row }, calls.length === 0 ? cost : ZERO_USD))
}

/** Calls that the endpoint worked for, and that nobody has charged by use: of others the cost is known. */
async function callsOf(
  { ledger, book }: DivideHoursDependencies,
  modelId: string,
  hour: number,
): Promise<LedgerEntry[]> {
  const calls: LedgerEntry[] = []
  for await (const batch of ledger.scan(ALL_TENANTS, { from: hour, to: hour + HOUR_MILLISECONDS, modelId }))
    calls.push(...batch.filter((entry) => entry.ending !== 'correction' && isShared(book, entry)))
  return calls
}

const isShared = (book: PriceBook, entry: LedgerEntry): boolean =>
  entry.cost === null && isChargedByHour(book, { ...entry, at: entry.startedAt })

async function correct(
  { ledger, book, now }: DivideHoursDependencies,
  call: LedgerEntry,
  share: PicoUsd,
): Promise<number> {
  const corrections = await ledger.correctionsOf(ALL_TENANTS, call.requestId)
  const difference = subtractUsd(share, sumOf(corrections))
  const ratesUnpriced = !corrections.some((one) => one.ratesUnpriced)
  if (difference === 0n && !ratesUnpriced) return 0
  const { heldCost: _, ...entry } = call
  await ledger.append({
    ...entry,
    ...correctionOf(difference, book, Math.max(now(), call.startedAt)),
    requestId: `${call.requestId}.h${corrections.length + 1}`,
    notes: ['its share of an hour'],
    corrects: call.requestId,
    ratesUnpriced,
  })
  return 1
}

/** Who is named for hours without calls pays them, and gets back what a late call pays after all. */
async function chargeIdle(
  { ledger, book, now }: DivideHoursDependencies,
  { hour, row: { price } }: Pick<Hour, 'hour' | 'row'>,
  due: PicoUsd,
): Promise<number> {
  const { modelId, idleTenantId } = price
  if (idleTenantId === null) return 0
  const name = `idle.${modelId.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(-80)}.${hour}`
  const before: LedgerEntry[] = []
  for (let entry = await ledger.get(ALL_TENANTS, name); entry !== null; ) {
    before.push(entry)
    entry = await ledger.get(ALL_TENANTS, `${name}.${before.length + 1}`)
  }
  const difference = subtractUsd(due, sumOf(before))
  if (difference === 0n) return 0
  await ledger.append({
    ...correctionOf(difference, book, Math.max(now(), hour)),
    requestId: before.length === 0 ? name : `${name}.${before.length + 1}`,
    tenantId: idleTenantId,
    keyId: 'none',
    modelId,
    baseModel: modelId.startsWith('arn:') ? null : modelId,
    routing: 'regional',
    region: 'none',
    tier: 'standard',
    operation: 'IdleHour',
    surface: 'none',
    startedAt: hour,
    estimated: false,
    metadata: {},
    notes: ['an hour in which nobody called'],
    corrects: null,
    ratesUnpriced: false,
  })
  return 1
}

/** Machine time is neither read nor written; it stands on the output's side. */
const correctionOf = (cost: PicoUsd, book: PriceBook, endedAt: number) =>
  ({
    upstreamRequestId: null,
    endedAt,
    ending: 'correction',
    status: 0,
    attempts: 0,
    usage: { quantities: {}, estimated: false },
    cost,
    inputCost: ZERO_USD,
    priceVersion: book.version,
    deliveredBytes: 0,
  }) as const

const sumOf = (entries: readonly LedgerEntry[]): PicoUsd =>
  entries.reduce<PicoUsd>((sum, { cost }) => addUsd(sum, cost ?? ZERO_USD), ZERO_USD)

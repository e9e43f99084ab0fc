// Closed days as Parquet, by the hour and the month, and in a bucket: exact to the last digit, once, and nothing lost between write and upload.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startObjectStore, type ObjectStore } from '../../simulator/object-store.ts'
import { openBucket } from '../../src/archives/bucket.ts'
import { parquetOf } from '../../src/archives/parquet.ts'
import { closeKindsOf } from '../../src/closed-kinds.ts'
import type { LedgerEntry } from '../../src/core/ledger.ts'
import { formatPicoUsd, picoUsd } from '../../src/core/money.ts'
import { ALL_TENANTS } from '../../src/core/tenant.ts'
import { closeDay, type CloseDayDependencies, type CloseGranularity } from '../../src/jobs/close-day.ts'
import type { Shelf } from '../../src/jobs/closed-files.ts'
import { dailyRowOf } from '../../src/reports/daily.ts'
import { anEntry, correctionOf } from '../contract/entries.ts'
import { embeddedStores } from '../fakes/embedded-stores.ts'

const MODEL = 'amazon.titan-text-lite-v1'
const DATE = '2026-10-31'
/** A process for each file of Parquet takes its time: no more of them than a test looks at. */
const parquet = (...granularities: CloseGranularity[]) => ({ kinds: closeKindsOf(granularities, parquetOf) })
const DAY = Date.parse(`${DATE}T00:00:00Z`)
const HOUR = 3_600_000

let stores: Awaited<ReturnType<typeof embeddedStores>>
let store: ObjectStore
let duck: Awaited<ReturnType<Awaited<ReturnType<typeof DuckDBInstance.create>>['connect']>>
let folder: string
let made = 0

beforeAll(async () => {
  store = await startObjectStore(['closed-days'])
  duck = await (await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false' })).connect()
  await duck.run("SET TimeZone = 'UTC'")
})

beforeEach(async () => {
  stores = await embeddedStores()
  folder = mkdtempSync(join(tmpdir(), 'weighbridge-closed-'))
  store.objects.clear()
  store.failures.length = 0
})

afterEach(async () => {
  await stores.close()
  rmSync(folder, { recursive: true, force: true })
})

afterAll(async () => {
  duck.closeSync()
  await store.close()
})

async function called(tenantId: string, cost: bigint, over: Partial<LedgerEntry> = {}): Promise<LedgerEntry> {
  const entry = anEntry({
    requestId: `call-${(made += 1)}`,
    tenantId,
    modelId: MODEL,
    startedAt: DAY + made,
    endedAt: DAY + made + 5,
    usage: { quantities: { input_tokens: 10, output_tokens: 3 }, estimated: false },
    inputCost: picoUsd(cost / 3n),
    cost: picoUsd(cost),
    ...over,
  })
  await stores.ledger.append(entry)
  return entry
}

const bucket = () =>
  openBucket({
    bucket: 'closed-days',
    prefix: 'unit/',
    region: 'us-east-1',
    endpoint: store.url,
    credentials: { accessKeyId: 'AKIASIMULATOR000001', secretAccessKey: 'simulator-secret' },
  })

const close = (over: Partial<CloseDayDependencies> = {}, date = DATE) =>
  closeDay(
    {
      rollups: stores.rollups,
      ledger: stores.ledger,
      now: () => DAY + 30 * 86_400_000,
      folder,
      shelf: null,
      timeZone: 'UTC',
      lineOf: dailyRowOf,
      kinds: closeKindsOf(['hour', 'month'], parquetOf),
      ...over,
    },
    date,
  )

async function query(sql: string): Promise<unknown[][]> {
  return (await duck.runAndReadAll(sql.replaceAll('$folder', folder))).getRows()
}

const ALL_FILES = [
  `${DATE}.csv`,
  `parquet/day/${DATE}.parquet`,
  `hour/${DATE}.csv`,
  `parquet/hour/${DATE}.parquet`,
  'month/2026-10.csv',
  'parquet/month/2026-10.parquet',
]
/** From one pico-dollar to the most that an entry can hold: sums that no float has. */
const COSTS = [1n, 333_333_333_333n, 9_007_199_254_740_993n, 9_223_372_036_854_775_807n]

async function ledgerSums() {
  const [row] = await stores.rollups.query(ALL_TENANTS, { from: 0, to: DAY + 400 * 86_400_000, groupBy: [] })
  if (row === undefined) throw new Error('the ledger is empty')
  return [formatPicoUsd(row.inputCost), formatPicoUsd(row.outputCost), String(row.calls)]
}

const exact = (text: unknown): string => String(text).replace(/\.?0+$/, '')
async function parquetSums(granularity: string): Promise<string[]> {
  const [row = []] = await query(
    `SELECT sum(input_cost)::VARCHAR, sum(output_cost)::VARCHAR, sum(invocations)::VARCHAR FROM '$folder/parquet/${granularity}/*.parquet'`,
  )
  return [exact(row[0]), exact(row[1]), String(row[2])]
}

// a process for each file, on a machine that may be busy
describe('a closed day as Parquet', { timeout: 90_000 }, () => {
  it('has the sums of the ledger to the last digit, by the day, the hour and the month', async () => {
    for (const [at, cost] of COSTS.entries()) await called(`t${at % 2}`, cost, { startedAt: DAY + at * 5 * HOUR })
    expect(await close()).toMatchObject({ state: 'closed', files: ALL_FILES })
    const expected = await ledgerSums()
    for (const granularity of ['day', 'hour', 'month']) expect(await parquetSums(granularity)).toEqual(expected)
    const types = await query(
      `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '$folder/parquet/hour/${DATE}.parquet')`,
    )
    expect(Object.fromEntries(types)).toEqual({
      team_id: 'VARCHAR',
      model_id: 'VARCHAR',
      input_tokens: 'BIGINT',
      output_tokens: 'BIGINT',
      input_cost: 'DECIMAL(38,12)',
      output_cost: 'DECIMAL(38,12)',
      invocations: 'BIGINT',
      date: 'DATE',
      hour: 'TIMESTAMP WITH TIME ZONE',
    })
  })

  it('has the rows of its CSV, in their order', async () => {
    await called('t1', 7n)
    await called('=cmd', 5n, { startedAt: DAY + 3 * HOUR })
    await close(parquet('hour'))
    expect(readFileSync(join(folder, `hour/${DATE}.csv`), 'utf8')).toBe(
      `team_id,model_id,input_tokens,output_tokens,input_cost,output_cost,invocations,date,hour\n'=cmd,${MODEL},10,3,0.000000000001,0.000000000004,1,${DATE},${DATE}T03:00:00Z\nt1,${MODEL},10,3,0.000000000002,0.000000000005,1,${DATE},${DATE}T00:00:00Z\n`,
    )
    expect(
      await query(`SELECT team_id, date::VARCHAR, hour::VARCHAR FROM '$folder/parquet/hour/${DATE}.parquet'`),
    ).toEqual([
      // what a spreadsheet would run is text here
      ['=cmd', DATE, `${DATE} 03:00:00+00`],
      ['t1', DATE, `${DATE} 00:00:00+00`],
    ])
  })

  it('is followed by files of corrections that bring its sums to those of the ledger', async () => {
    const first = await called('t1', 1_000n)
    await close(parquet('hour'))
    const before = readFileSync(join(folder, `parquet/day/${DATE}.parquet`))
    await called('t2', COSTS[3] ?? 0n, { startedAt: DAY + 7 * HOUR })
    await stores.ledger.append(correctionOf(first, 'corrected', -400n))
    expect(await close(parquet('hour'))).toMatchObject({ state: 'corrected' })
    for (const granularity of ['day', 'hour']) expect(await parquetSums(granularity)).toEqual(await ledgerSums())
    expect(readdirSync(join(folder, 'parquet/day'))).toEqual([`${DATE}.correction-1.parquet`, `${DATE}.parquet`])
    expect(readFileSync(join(folder, `parquet/day/${DATE}.parquet`))).toEqual(before)
    expect(await close(parquet('hour'))).toMatchObject({ state: 'unchanged' })
  })

  it('leaves a cost open that nobody knows', async () => {
    await called('t1', 0n, { cost: null, inputCost: null, priceVersion: null })
    await close(parquet())
    expect(await query(`SELECT input_cost, output_cost FROM '$folder/parquet/day/*.parquet'`)).toEqual([[null, null]])
  })

  it('of a month comes with its last day, and not before', async () => {
    await called('t1', 7n, { startedAt: DAY - 86_400_000 })
    expect((await close(parquet('month'), '2026-10-30')).files.filter((name) => name.includes('month'))).toEqual([])
    expect((await close(parquet('month'))).files).toEqual(['month/2026-10.csv', 'parquet/month/2026-10.parquet'])
    expect(readFileSync(join(folder, 'month/2026-10.csv'), 'utf8')).toContain(',2026-10\n')
    expect(await parquetSums('month')).toEqual(await ledgerSums())
  })

  it('is by the hour also where days begin at half past', async () => {
    await called('t1', 7n, { startedAt: DAY - 5.5 * HOUR })
    await close({ timeZone: 'Asia/Kolkata', kinds: closeKindsOf(['hour'], null) })
    expect(readFileSync(join(folder, `hour/${DATE}.csv`), 'utf8')).toContain(',2026-10-31,2026-10-30T18:00:00Z\n')
  })

  it('that cannot be written is an error, in time', async () => {
    const table = { columns: [{ name: 'n', type: 'count' as const }], rows: [['not a number']] }
    await expect(parquetOf(table)).rejects.toThrow('could not be written')
    await expect(parquetOf({ ...table, rows: [['1']] }, { longestMilliseconds: 1 })).rejects.toThrow('took more than')
  })
})

describe('a bucket', () => {
  /** What is in a file makes no difference here, and real ones take time. */
  const kinds = closeKindsOf(['hour', 'month'], (table) => Promise.resolve(Buffer.from(JSON.stringify(table))))
  const closeInto = (shelf: Shelf | null, over: Partial<CloseDayDependencies> = {}) => close({ kinds, shelf, ...over })

  const uploaded = () => [...store.objects.keys()].map((key) => key.replace('closed-days/unit/', '')).toSorted()

  it('gets every file once, the same to the byte', async () => {
    await called('t1', 7n)
    await closeInto(bucket())
    await closeInto(bucket())
    expect(uploaded()).toEqual(ALL_FILES.toSorted())
    for (const name of ALL_FILES) {
      const object = store.objects.get(`closed-days/unit/${name}`)
      expect(object?.body.equals(readFileSync(join(folder, name)))).toBe(true)
      expect(object?.puts).toBe(1)
    }
  })

  it.each([
    ['away', [503, 503, 503]],
    ['lost after it had taken the file', [0, 503, 503, 503]],
  ])('that is %s gets the rest when it is back, nothing twice', async (_, failures) => {
    await called('t1', 7n)
    store.failures.push(...failures)
    await expect(closeInto(bucket())).rejects.toThrow('reduce your request rate')
    await closeInto(bucket())
    expect(uploaded()).toEqual(ALL_FILES.toSorted())
    expect([...store.objects.values()].map(({ puts }) => puts)).toEqual(ALL_FILES.map(() => 1))
  })

  it('gets what a killed process had written and not uploaded', async () => {
    await called('t1', 7n)
    // as a death between write and upload leaves it: the files are there, and nothing says that the bucket has them
    await closeInto(null)
    await called('t1', 7n)
    await closeInto(bucket())
    expect(uploaded()).toEqual(
      [...ALL_FILES, ...ALL_FILES.map((name) => name.replace(/\.(\w+)$/, '.correction-1.$1'))].toSorted(),
    )
  })

  it('is never made to forget: other content under a name is an error', async () => {
    await called('t1', 7n)
    store.objects.set(`closed-days/unit/${DATE}.csv`, { body: Buffer.from('theirs'), contentType: 'text/csv', puts: 1 })
    await expect(closeInto(bucket())).rejects.toThrow('with other content')
    expect(store.objects.get(`closed-days/unit/${DATE}.csv`)?.body.toString()).toBe('theirs')
  })

  it('has the preliminary file of a running day until it is closed', async () => {
    await called('t1', 7n)
    const running = () => closeInto(bucket(), { now: () => DAY + 12 * HOUR })
    expect(await running()).toMatchObject({ state: 'running', files: [`${DATE}.preliminary.csv`] })
    await called('t1', 7n)
    await running()
    expect(uploaded()).toEqual([`${DATE}.preliminary.csv`])
    expect(store.objects.get(`closed-days/unit/${DATE}.preliminary.csv`)?.body.toString()).toContain(
      `t1,${MODEL},20,6,`,
    )
    await closeInto(bucket())
    expect(uploaded()).toEqual(ALL_FILES.toSorted())
  })

  it('that is not there says so', async () => {
    await called('t1', 7n)
    const shelf = openBucket({
      bucket: 'nobodys',
      prefix: '',
      region: 'us-east-1',
      endpoint: store.url,
      credentials: { accessKeyId: 'AKIASIMULATOR000001', secretAccessKey: 'simulator-secret' },
    })
    await expect(closeInto(shelf)).rejects.toThrow('does not exist')
  })

  it('gets what was lost from the folder, written again from what was reported', async () => {
    await called('t1', 7n)
    await closeInto(bucket())
    rmSync(join(folder, `${DATE}.csv`))
    writeFileSync(join(folder, `${DATE}.csv.writing`), 'half')
    await closeInto(bucket())
    expect(readFileSync(join(folder, `${DATE}.csv`))).toEqual(store.objects.get(`closed-days/unit/${DATE}.csv`)?.body)
  })
})

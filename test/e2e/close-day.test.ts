// A closed day is a file that never changes; what comes later is a file of corrections, and all files together are the day.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { closeKindsOf } from '../../src/closed-kinds.ts'
import type { LedgerEntry } from '../../src/core/ledger.ts'
import { picoUsd } from '../../src/core/money.ts'
import { closeDay } from '../../src/jobs/close-day.ts'
import { createDayCloser } from '../../src/jobs/close-schedule.ts'
import { dailyRowOf } from '../../src/reports/daily.ts'
import { anEntry, correctionOf } from '../contract/entries.ts'
import { embeddedStores } from '../fakes/embedded-stores.ts'

const HEAD = 'team_id,model_id,input_tokens,output_tokens,input_cost,output_cost,invocations,date\n'
const MODEL = 'amazon.titan-text-lite-v1'
const DAY = Date.UTC(2026, 9, 30)
const NEXT = DAY + 86_400_000

let stores: Awaited<ReturnType<typeof embeddedStores>>
let folder: string
let clock: number
let made: number

beforeEach(async () => {
  stores = await embeddedStores()
  folder = mkdtempSync(join(tmpdir(), 'weighbridge-closed-'))
  clock = NEXT + 60_000
  made = 0
})

afterEach(async () => {
  await stores.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A call at .0003 and .0004 USD per 1,000 tokens. */
async function called(tenantId: string, input: number, output: number, over: Partial<LedgerEntry> = {}) {
  const inputCost = BigInt(input) * 300_000n
  const entry = anEntry({
    requestId: `call-${(made += 1)}`,
    tenantId,
    modelId: MODEL,
    startedAt: DAY + made,
    endedAt: DAY + made + 5,
    usage: { quantities: { input_tokens: input, output_tokens: output }, estimated: false },
    inputCost: picoUsd(inputCost),
    cost: picoUsd(inputCost + BigInt(output) * 400_000n),
    ...over,
  })
  await stores.ledger.append(entry)
  return entry
}

const dependencies = (timeZone = 'UTC') => ({
  rollups: stores.rollups,
  ledger: stores.ledger,
  now: () => clock,
  folder,
  timeZone,
  shelf: null,
  lineOf: dailyRowOf,
  kinds: closeKindsOf(['day'], null),
})
const close = (date = '2026-10-30', timeZone?: string) => closeDay(dependencies(timeZone), date)
const content = (name: string): string => readFileSync(join(folder, name), 'utf8')
const files = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.csv'))

describe('a day that is over', () => {
  it('is written once, exact, one line for each tenant and model', async () => {
    await called('t1', 24_000, 2_473)
    await called('t1', 10, 5)
    await called('t0', 1, 0)
    expect(await close()).toMatchObject({ state: 'closed', files: ['2026-10-30.csv'] })
    const expected = `${HEAD}t0,${MODEL},1,0,0.0000003,0,1,2026-10-30\nt1,${MODEL},24010,2478,0.007203,0.0009912,2,2026-10-30\n`
    expect(content('2026-10-30.csv')).toBe(expected)
    const written = statSync(join(folder, '2026-10-30.csv')).mtimeMs
    expect(await close()).toMatchObject({ state: 'unchanged', rows: [] })
    expect(statSync(join(folder, '2026-10-30.csv')).mtimeMs).toBe(written)
    expect(files()).toEqual(['2026-10-30.csv'])
  })

  it('keeps its file when entries come late: they are in files of their own', async () => {
    const first = await called('t1', 1_000, 100)
    await close()
    const before = content('2026-10-30.csv')
    await called('t1', 10, 0)
    await called('t2', 7, 0)
    expect(await close()).toMatchObject({
      state: 'corrected',
      files: ['2026-10-30.csv', '2026-10-30.correction-1.csv'],
    })
    expect(content('2026-10-30.correction-1.csv')).toBe(
      `${HEAD}t1,${MODEL},10,0,0.000003,0,1,2026-10-30\nt2,${MODEL},7,0,0.0000021,0,1,2026-10-30\n`,
    )
    await stores.ledger.append(correctionOf(first, 'corrected', -1_000_000n))
    expect(await close()).toMatchObject({ state: 'corrected' })
    expect(content('2026-10-30.correction-2.csv')).toContain(`t1,${MODEL},0,0,`)
    expect(content('2026-10-30.csv')).toBe(before)
  })

  it('leaves a cost open that nobody knows, and names it when somebody does', async () => {
    const unknown = await called('t1', 10, 1, { cost: null, inputCost: null, priceVersion: null })
    await close()
    expect(content('2026-10-30.csv')).toBe(`${HEAD}t1,${MODEL},10,1,,,1,2026-10-30\n`)
    await stores.ledger.append({
      ...correctionOf(unknown, 'rated', 0n),
      cost: picoUsd(5n),
      inputCost: picoUsd(3n),
      ratesUnpriced: true,
    })
    await close()
    expect(content('2026-10-30.correction-1.csv')).toBe(
      `${HEAD}t1,${MODEL},0,0,0.000000000003,0.000000000002,0,2026-10-30\n`,
    )
  })

  it('is closed although one call was in a region without a price: only its own row is open', async () => {
    await called('t1', 10, 1)
    await called('t2', 10, 1, { region: 'ap-southeast-9', cost: null, inputCost: null, priceVersion: null })
    expect(await close()).toMatchObject({ state: 'closed' })
    expect(content('2026-10-30.csv')).toBe(
      `${HEAD}t1,${MODEL},10,1,0.000003,0.0000004,1,2026-10-30\nt2,${MODEL},10,1,,,1,2026-10-30\n`,
    )
  })

  it('has no file when nobody called', async () => {
    expect(await close()).toMatchObject({ state: 'empty', files: [] })
    expect(files()).toEqual([])
  })

  it('is written again to the byte when its file was lost, not from what came since', async () => {
    await called('t1', 10, 1)
    await close()
    const before = content('2026-10-30.csv')
    rmSync(join(folder, '2026-10-30.csv'))
    await called('t1', 99, 1)
    expect((await close()).files).toHaveLength(2)
    expect(content('2026-10-30.csv')).toBe(before)
  })

  it('is whole after a death between its two writes', async () => {
    await called('t1', 10, 1)
    await close()
    const before = content('2026-10-30.csv')
    // as a crash leaves it: the record is there, the file is not, and half of a temporary one is
    rmSync(join(folder, '2026-10-30.csv'))
    writeFileSync(join(folder, '2026-10-30.csv.writing'), before.slice(0, 20))
    expect(await close()).toMatchObject({ state: 'unchanged' })
    expect(content('2026-10-30.csv')).toBe(before)
  })
})

describe('a day that is not over', () => {
  it('has a preliminary file, which goes when it is closed', async () => {
    clock = DAY + 3_600_000
    await called('t1', 10, 1)
    expect(await close()).toMatchObject({ state: 'running', files: ['2026-10-30.preliminary.csv'] })
    await called('t1', 10, 1)
    await close()
    expect(content('2026-10-30.preliminary.csv')).toContain(`t1,${MODEL},20,2,`)
    clock = NEXT
    await close()
    expect(files()).toEqual(['2026-10-30.csv'])
  })

  it.each(['2026-10-31', '2026-02-30', '../../etc', '2026-1-1', ''])('cannot be %j', async (date) => {
    clock = DAY + 3_600_000
    await expect(close(date)).rejects.toThrow(RangeError)
    expect(files()).toEqual([])
  })
})

describe('days of a time zone', () => {
  it('begin when its clocks say so, also at half past the hour', async () => {
    clock = NEXT + 86_400_000
    // 30 October in Kolkata: 18:30 the day before to 18:30, UTC
    const begin = DAY - 5.5 * 3_600_000
    await called('early', 1, 0, { startedAt: begin - 1 })
    await called('first', 2, 0, { startedAt: begin })
    await called('last', 3, 0, { startedAt: begin + 86_399_999 })
    await called('late', 4, 0, { startedAt: begin + 86_400_000 })
    await close('2026-10-30', 'Asia/Kolkata')
    expect(
      content('2026-10-30.csv')
        .split('\n')
        .slice(1, -1)
        .map((row) => row.split(',')[0]),
    ).toEqual(['first', 'last'])
  })

  it('may be 25 hours long', async () => {
    clock = NEXT
    const { window } = await close('2026-10-25', 'Europe/Berlin')
    expect(window.end - window.start).toBe(25 * 3_600_000)
  })
})

describe('the schedule', () => {
  it('makes up for days that it missed, the oldest first, and looks at closed ones again', async () => {
    await called('t1', 10, 1, { startedAt: DAY - 3 * 86_400_000 })
    await called('t1', 10, 1)
    const heard: string[] = []
    const closer = createDayCloser({
      ...dependencies(),
      delayMilliseconds: 60_000,
      onClosed: ({ date, state }) => heard.push(`${date} ${state}`),
      onFailure: (thrown) => heard.push(String(thrown)),
    })
    closer.start(1)
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual(['2026-10-27 closed', '2026-10-30 closed'])
    await called('t1', 10, 1)
    clock += 86_400_000
    await expect.poll(() => heard.slice(2), { timeout: 20_000 }).toEqual(['2026-10-30 corrected'])
    await closer.stop()
  })
})

// Every call has its record at the sink at least once, whatever happens to the sink or to the process in between.

import { beforeEach, describe, expect, it } from 'vitest'
import { anEntry, correctionOf } from '../../test/contract/entries.ts'
import type { LedgerEntry } from '../core/ledger.ts'
import { usageRecordOf } from '../core/usage-record.ts'
import { ledgerInMemory, type LedgerInMemory } from './ledger-for-tests.ts'
import { createMeteringLog, METERING_LIMITS, type MeteringLog } from './metering-log.ts'

const BEGIN = Date.UTC(2026, 10, 20, 12)

let ledger: LedgerInMemory
let settings: Map<string, string>
let taken: string[]
let away: boolean
let clock: number
let failures: number

beforeEach(() => {
  ledger = ledgerInMemory([])
  settings = new Map()
  taken = []
  away = false
  clock = BEGIN
  failures = 0
})

async function started(dead: () => boolean = () => false): Promise<MeteringLog> {
  const log = createMeteringLog({
    ledger,
    state: {
      get: async (name) => settings.get(name) ?? null,
      set: async (name, value) => void settings.set(name, value),
    },
    sink: async (lines) => {
      if (away || dead()) throw new Error('away')
      taken.push(...lines.map((line) => (JSON.parse(line) as { message: { requestId: string } }).message.requestId))
    },
    now: () => clock,
    longestCallMilliseconds: 3_600_000,
    onFailure: () => (failures += 1),
  })
  await log.start(1)
  return log
}

async function call(log: MeteringLog | null, requestId: string, over: Partial<LedgerEntry> = {}): Promise<void> {
  clock += 10
  const entry = anEntry({ requestId, startedAt: clock - 5, endedAt: clock, ...over })
  await ledger.append(entry)
  log?.onEntry(entry)
}

describe('the metering log', () => {
  it('has a record of each call, and none of corrections and refusals', async () => {
    const log = await started()
    await call(log, 'one')
    await call(log, 'refused', { ending: 'upstream_refused' })
    log.onEntry(correctionOf(anEntry(), 'corrected', 1n))
    await call(log, 'left', { ending: 'client_aborted' })
    await log.stop()
    expect(taken).toEqual(['one', 'left'])
  })

  it('does not begin with what was there before it was turned on, and goes on where it stopped', async () => {
    await call(null, 'earlier')
    clock += 1
    const log = await started()
    await call(log, 'first')
    clock += 1
    await log.stop()
    // recovered at the next start, before the log is there
    await call(null, 'between')
    const next = await started()
    await next.stop()
    expect(taken).toEqual(['first', 'between'])
  })

  it('keeps what a sink that is away does not take', async () => {
    const log = await started()
    away = true
    await call(log, 'one')
    await expect.poll(() => failures).toBeGreaterThan(1)
    await call(log, 'two')
    away = false
    await expect.poll(() => taken).toEqual(['one', 'two'])
    await log.stop()
  })

  it('reads from the ledger what it had no room for', async () => {
    const log = await started()
    away = true
    const count = METERING_LIMITS.waitingEntries + 3
    for (let index = 0; index < count; index += 1) await call(log, `call-${index}`)
    away = false
    await log.stop()
    expect(new Set(taken).size).toBe(count)
  }, 60_000)

  it('writes again what a crash left in doubt, and loses nothing', async () => {
    let died = false
    const log = await started(() => died)
    await call(log, 'written')
    await expect.poll(() => taken).toEqual(['written'])
    died = true
    await call(log, 'not written')
    const next = await started()
    await expect.poll(() => new Set(taken)).toEqual(new Set(['written', 'not written']))
    await next.stop()
    await log.stop()
    expect(taken.toSorted()).toEqual(['not written', 'written', 'written'])
  })
})

describe('a record', () => {
  it('has the fields that jobs written for the samples read', () => {
    const usage = { quantities: { input_tokens: 5, cache_read_tokens: 2, output_tokens: 120 }, estimated: false }
    expect(usageRecordOf(anEntry({ usage }))).toEqual({
      team_id: 'team-a',
      requestId: 'request-1',
      region: 'eu-central-1',
      model_id: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
      inputTokens: 7,
      outputTokens: 120,
      height: null,
      width: null,
      steps: null,
    })
  })

  it('of an image has its size, and steps that stand for its quality', () => {
    const image = (variant: string) => anEntry({ usage: { quantities: { images: 2 }, variant, estimated: false } })
    expect(usageRecordOf(image('512x512/standard'))).toMatchObject({
      inputTokens: null,
      height: 512,
      width: 512,
      steps: 50,
    })
    expect(usageRecordOf(image('1024x1024/premium'))).toMatchObject({ height: 1_024, width: 1_024, steps: 51 })
    expect(usageRecordOf(image('720p'))).toMatchObject({ height: null, steps: null })
  })

  it('leaves open what nobody knows', () => {
    expect(usageRecordOf(anEntry({ usage: null }))).toMatchObject({ inputTokens: null, outputTokens: null })
    const usage = { quantities: { input_tokens: null, output_tokens: 3 }, estimated: true }
    expect(usageRecordOf(anEntry({ usage }))).toMatchObject({ inputTokens: null, outputTokens: 3 })
  })
})

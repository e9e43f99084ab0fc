// Records reach their place in order, wait while it is away, and are still there after a restart.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CALL_LOG_LIMITS, createCallLogOutbox, type CallLogOutbox } from './call-log.ts'
import { PostRefused } from './line-writing.ts'

let folder: string
let files = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weighbridge-outbox-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function world(options: { spoolFile?: string; batch?: number } = {}) {
  const taken: string[] = []
  const lost: [records: number, why: string][] = []
  const failures: unknown[] = []
  let problem: (() => Error | null) | 'hang' = () => null
  const spoolFile = options.spoolFile ?? join(folder, `spool-${(files += 1)}.jsonl`)
  const outbox: CallLogOutbox = createCallLogOutbox({
    writer: () => ({
      batch: options.batch ?? 1,
      async write(lines) {
        if (problem === 'hang') return new Promise(() => undefined)
        const thrown = problem()
        if (thrown !== null) throw thrown
        taken.push(...lines)
      },
    }),
    spoolFile,
    retryMilliseconds: 10,
    now: Date.now,
    onLost: (records, why) => lost.push([records, why]),
    onFailure: (thrown) => failures.push(thrown),
  })
  return {
    outbox,
    taken,
    lost,
    failures,
    spoolFile,
    become: (next: typeof problem) => void (problem = next),
  }
}

const line = (number: number): string => `{"n":${number}}`
const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => line(from + index))

describe('the outbox', () => {
  it.each([1, 7])('keeps the order past failures, in batches of %i', async (batch) => {
    const { outbox, taken, become, failures, lost } = world({ batch })
    await outbox.start()
    let asked = 0
    become(() => ((asked += 1) % 3 === 0 ? new Error('away') : null))
    for (const one of lines(0, 20)) outbox.add(one)
    await expect.poll(() => taken.length).toBe(20)
    expect(taken).toEqual(lines(0, 20))
    expect(failures.length).toBeGreaterThan(0)
    expect(lost).toEqual([])
    await outbox.stop(100)
  })

  it('lets go of what is never taken, and tells of it, so that the rest can pass', async () => {
    const { outbox, taken, become, lost } = world()
    await outbox.start()
    let asked = 0
    become(() => ((asked += 1) === 1 ? new PostRefused(400) : null))
    for (const one of lines(0, 3)) outbox.add(one)
    await expect.poll(() => taken.length).toBe(2)
    expect(taken).toEqual(lines(1, 3))
    expect(lost).toEqual([[1, 'refused']])
  })

  it('does not take a place that wants other credentials for one that never takes the record', async () => {
    const { outbox, taken, become, lost } = world()
    await outbox.start()
    let asked = 0
    become(() => ((asked += 1) < 3 ? new PostRefused(401) : null))
    outbox.add(line(0))
    await expect.poll(() => taken).toEqual(lines(0, 1))
    expect(lost).toEqual([])
  })

  it('holds so many and no more while the place is away', async () => {
    const { outbox, become, lost } = world()
    await outbox.start()
    become('hang')
    for (const one of lines(0, CALL_LOG_LIMITS.waitingRecords + 5)) outbox.add(one)
    expect(outbox.waiting).toBe(CALL_LOG_LIMITS.waitingRecords)
    expect(lost).toEqual(Array.from({ length: 5 }, () => [1, 'full']))
    await outbox.stop(20)
  })

  it('holds so many bytes and no more', async () => {
    const { outbox, become, lost } = world()
    become('hang')
    const large = `{"a":"${'x'.repeat(CALL_LOG_LIMITS.waitingBytes / 4)}"}`
    for (let count = 0; count < 5; count++) outbox.add(large)
    expect(outbox.waiting).toBe(3)
    expect(lost).toHaveLength(2)
  })

  it('writes all that is there before it stops', async () => {
    const { outbox, taken, spoolFile } = world()
    await outbox.start()
    for (const one of lines(0, 100)) outbox.add(one)
    await outbox.stop(10_000)
    expect(taken).toEqual(lines(0, 100))
    expect(existsSync(spoolFile)).toBe(false)
  })

  it.each(['fails', 'hangs'] as const)('keeps over a restart what a place that %s did not take', async (how) => {
    const first = world()
    await first.outbox.start()
    first.become(how === 'hangs' ? 'hang' : () => new Error('away'))
    for (const one of lines(0, 50)) first.outbox.add(one)
    await first.outbox.stop(50)
    expect(readFileSync(first.spoolFile, 'utf8').split('\n').filter(Boolean)).toEqual(lines(0, 50))

    const second = world({ spoolFile: first.spoolFile })
    // what is new comes behind what is old, also when it is there first
    second.outbox.add(line(50))
    await second.outbox.start()
    await expect.poll(() => second.taken.length).toBe(51)
    expect(second.taken).toEqual(lines(0, 51))
    await second.outbox.stop(100)
    expect(existsSync(first.spoolFile)).toBe(false)
  })

  it('takes from a file that was cut off what is whole', async () => {
    const { outbox, taken, spoolFile } = world()
    writeFileSync(spoolFile, `${line(0)}\n${line(1)}\n{"n":`)
    await outbox.start()
    await expect.poll(() => taken.length).toBe(2)
    expect(taken).toEqual(lines(0, 2))
  })
})

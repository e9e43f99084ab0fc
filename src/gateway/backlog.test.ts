// Entries that the ledger could not take are kept within a bound, tried again, and close the door meanwhile.

import { describe, expect, it } from 'vitest'
import { LedgerConflict, type LedgerEntry, type LedgerStore } from '../core/ledger.ts'
import type { HoldJournal } from '../core/reservation.ts'
import { Backlog, mayPass } from './backlog.ts'

const RETRY_MILLISECONDS = 5

/** A ledger that answers what it is told to, and everything that was said to it. */
function made(answers: (Error | 'created')[]) {
  const appended: LedgerEntry[] = []
  const closed: string[] = []
  const heard: string[] = []
  const ledger = {
    async append(entry: LedgerEntry) {
      const answer = answers.shift() ?? 'created'
      if (answer instanceof Error) throw answer
      appended.push(entry)
      return answer
    },
  } as unknown as LedgerStore
  const holds = { close: (requestId: string) => void closed.push(requestId) } as unknown as HoldJournal
  const backlog = new Backlog(
    { ledger, holds, onEntry: ({ requestId }) => void heard.push(requestId) },
    RETRY_MILLISECONDS,
  )
  return { backlog, appended, closed, heard }
}

const entry = (requestId: string, ending: LedgerEntry['ending'] = 'completed'): LedgerEntry =>
  ({ requestId, ending }) as LedgerEntry

async function empty(backlog: Backlog): Promise<void> {
  for (let look = 0; backlog.size > 0 && look < 1_000; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS))
  }
}

describe('Backlog', () => {
  it('tries again by itself until the ledger takes the entries, in order', async () => {
    const full = new Error('disk full')
    const { backlog, appended, closed, heard } = made([full, full, 'created', full])
    for (const id of ['a', 'b', 'c']) backlog.add(entry(id))
    expect(backlog.size).toBe(3)
    await empty(backlog)
    expect(backlog.size).toBe(0)
    expect(appended.map(({ requestId }) => requestId)).toEqual(['a', 'b', 'c'])
    expect([closed, heard]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ])
  })

  it('says of a completed call that the gateway ended it: its client was refused the end of the answer', async () => {
    const { backlog, appended } = made([])
    backlog.add(entry('a'))
    backlog.add(entry('b', 'client_aborted'))
    await backlog.flush()
    expect(appended.map(({ ending }) => ending)).toEqual(['gateway_stopped', 'client_aborted'])
  })

  it('is done with an entry that the ledger has after all', async () => {
    const { backlog, closed, heard } = made([new LedgerConflict('a')])
    backlog.add(entry('a'))
    await backlog.flush()
    expect([backlog.size, closed, heard]).toEqual([0, ['a'], []])
  })

  it('can be flushed when nothing waits', async () => {
    const { backlog } = made([])
    await expect(backlog.flush()).resolves.toBeUndefined()
  })

  it('takes no more than it may', () => {
    const { backlog } = made([])
    for (let index = 0; index < 10_001; index += 1) backlog.add(entry(String(index)))
    expect(backlog.size).toBe(10_000)
  })
})

describe('mayPass', () => {
  it.each([
    [new LedgerConflict('a'), false],
    [new RangeError('control characters'), false],
    [new Error('disk full'), true],
  ])('%s: %s', (thrown, expected) => {
    expect(mayPass(thrown)).toBe(expected)
  })
})

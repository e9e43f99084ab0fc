// Gathering holds: one write for all, and nobody pays for another's mistake.

import { describe, expect, it } from 'vitest'
import type { Hold } from '../core/reservation.ts'
import { createHoldGatherer } from './hold-gatherer.ts'

const hold = (requestId: string): Hold => ({ requestId }) as Hold

function journal(refuses: (hold: Hold) => boolean) {
  const writes: string[][] = []
  return {
    writes,
    open(...holds: readonly Hold[]): void {
      if (holds.some(refuses)) throw new Error('cannot be written')
      writes.push(holds.map(({ requestId }) => requestId))
    },
  }
}

describe('the gatherer', () => {
  it('writes what came in one turn in one write, and resolves only then', async () => {
    const holds = journal(() => false)
    const gatherer = createHoldGatherer(holds)
    const all = ['a', 'b', 'c'].map((id) => gatherer.write(hold(id)))
    expect(holds.writes).toEqual([])
    await Promise.all(all)
    await gatherer.write(hold('d'))
    expect(holds.writes).toEqual([['a', 'b', 'c'], ['d']])
  })

  it('rejects only those that cannot be written', async () => {
    const holds = journal(({ requestId }) => requestId === 'bad')
    const gatherer = createHoldGatherer(holds)
    const outcomes = await Promise.allSettled(['a', 'bad', 'b'].map((id) => gatherer.write(hold(id))))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(holds.writes).toEqual([['a'], ['b']])
    await expect(gatherer.write(hold('bad'))).rejects.toThrow('cannot be written')
  })
})

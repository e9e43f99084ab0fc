// The roster keeps exactly who was added and not removed, in any order of both.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Roster } from './roster.ts'

describe('a roster', () => {
  it('holds what a Set would hold', () => {
    const step = fc.record({ add: fc.boolean(), index: fc.nat(9) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const members = Array.from({ length: 10 }, () => ({ place: -1 }))
        const roster = new Roster<{ place: number }>()
        const expected = new Set<object>()
        for (const { add, index } of steps) {
          const member = members[index] as { place: number }
          if (add) {
            roster.add(member)
            expected.add(member)
          } else {
            roster.remove(member)
            expected.delete(member)
          }
          const seen: object[] = []
          roster.forEach((one) => seen.push(one))
          expect(new Set(seen)).toEqual(expected)
          expect(roster.size).toBe(expected.size)
        }
      }),
    )
  })

  it('visits everyone once while the visited are removed', () => {
    const roster = new Roster<{ place: number; name: string }>()
    for (const name of ['a', 'b', 'c', 'd']) roster.add({ place: -1, name })
    const seen: string[] = []
    roster.forEach((member) => {
      seen.push(member.name)
      if (member.name !== 'b') roster.remove(member)
    })
    expect(seen.toSorted()).toEqual(['a', 'b', 'c', 'd'])
    expect(roster.size).toBe(1)
    expect(roster.find(({ name }) => name === 'b')).toBeDefined()
  })
})

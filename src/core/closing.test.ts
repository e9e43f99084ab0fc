// Whatever happens between the looks at a day, the numbers of its files add up to the day.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differencesOf, type ClosedRow } from './closing.ts'

const KEYS = ['team', 'model']
const row = (team: string, calls: bigint, cost: bigint | null): ClosedRow => ({ team, model: 'm', calls, cost })

describe('what a closed day lacks', () => {
  it('is the whole of a line that it did not have, and nothing of those that stayed', () => {
    expect(differencesOf([[row('a', 1n, 5n)]], [row('a', 1n, 5n), row('b', 2n, 7n)], KEYS)).toEqual([row('b', 2n, 7n)])
  })

  it('is the difference of a line that changed, down as well as up', () => {
    expect(differencesOf([[row('a', 2n, 50n)]], [row('a', 3n, 40n)], KEYS)).toEqual([row('a', 1n, -10n)])
    expect(differencesOf([[row('a', 2n, 50n)], [row('a', 1n, -10n)]], [row('a', 3n, 40n)], KEYS)).toEqual([])
  })

  it('is the cost once it is known, and that it is not once it is not', () => {
    expect(differencesOf([[row('a', 1n, null)]], [row('a', 1n, 5n)], KEYS)).toEqual([row('a', 0n, 5n)])
    expect(differencesOf([[row('a', 1n, 5n)]], [row('a', 2n, null)], KEYS)).toEqual([row('a', 1n, null)])
    expect(differencesOf([[row('a', 1n, 5n)], [row('a', 1n, null)]], [row('a', 2n, null)], KEYS)).toEqual([])
    expect(differencesOf([[row('a', 1n, 5n)], [row('a', 1n, null)]], [row('a', 2n, 9n)], KEYS)).toEqual([
      row('a', 0n, 4n),
    ])
    // a call that turned out to be free: the number is 0, and that it is known is news
    expect(differencesOf([[row('a', 1n, null)]], [row('a', 1n, 0n)], KEYS)).toEqual([row('a', 0n, 0n)])
  })

  it('makes the files add up after any history', () => {
    const cost = fc.option(fc.bigInt(-1_000n, 1_000n), { nil: null })
    const looks = fc.array(fc.array(fc.tuple(fc.bigInt(0n, 99n), cost), { minLength: 3, maxLength: 3 }), {
      minLength: 1,
    })
    fc.assert(
      fc.property(looks, (history) => {
        const files: (readonly ClosedRow[])[] = []
        for (const look of history) {
          const current = look.map(([calls, amount], team) => row(`team ${team}`, calls, amount))
          files.push(differencesOf(files, current, KEYS))
          expect(differencesOf(files, current, KEYS)).toEqual([])
          for (const { team, calls, cost: known } of current) {
            const lines = files.flat().filter((line) => line['team'] === team)
            const sum = (name: string) =>
              lines.reduce((total, line) => total + ((line[name] as bigint | null) ?? 0n), 0n)
            expect(sum('calls')).toBe(calls)
            if (known !== null) expect(sum('cost')).toBe(known)
            else expect(lines.at(-1)?.['cost']).toBeNull()
          }
        }
      }),
    )
  })
})

// The longest answer that fits is found exactly.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { costOf, mostTokensWithin } from './output-room.ts'

it('is what the room leaves after the rest of the call, in whole tokens', () => {
  expect(mostTokensWithin([{ fixed: 100n, perToken: 7n }], 120n, 50)).toBe(2)
  expect(mostTokensWithin([{ fixed: 100n, perToken: 7n }], 99n, 50)).toBeNull()
  expect(mostTokensWithin([{ fixed: 100n, perToken: 7n }], 100n, 50)).toBe(0)
  expect(mostTokensWithin([{ fixed: 100n, perToken: 0n }], 100n, 50)).toBe(50)
})

it('fits, and one token more does not', () => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 15n })
  const tariff = fc.record({ fixed: amount, perToken: fc.bigInt({ min: 0n, max: 10n ** 9n }) })
  fc.assert(
    fc.property(
      fc.array(tariff, { minLength: 1, maxLength: 4 }),
      amount,
      fc.integer({ min: 1, max: 131_072 }),
      (tariffs, room, wanted) => {
        const most = mostTokensWithin(tariffs, room, wanted)
        if (most === null) expect(costOf(tariffs, 0)).toBeGreaterThan(room)
        else {
          expect(costOf(tariffs, most)).toBeLessThanOrEqual(room)
          if (most < wanted) expect(costOf(tariffs, most + 1)).toBeGreaterThan(room)
        }
      },
    ),
  )
})

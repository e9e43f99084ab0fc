// What is learned of how much calls read: from enough of them, above nearly all of them, never above the strict bound.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateInput, learnShare, type InputShare } from './input-share.ts'

const learned = (shares: readonly number[]): InputShare | null =>
  shares.reduce<InputShare | null>((before, share) => learnShare(before, share), null)

describe('the estimate', () => {
  it('is the strict bound until enough calls were seen', () => {
    expect(estimateInput(null, 4_000)).toBe(4_000)
    expect(estimateInput(learned(Array.from({ length: 19 }, () => 0.25)), 4_000)).toBe(4_000)
    expect(estimateInput(learned(Array.from({ length: 20 }, () => 0.25)), 4_000)).toBe(1_125)
  })

  it('stays above calls that differ, and follows them when they change', () => {
    const mixed = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 0.2 : 0.3))
    expect(estimateInput(learned(mixed), 10_000)).toBeGreaterThan(3_000)
    const denser = [...mixed, 0.9]
    expect(estimateInput(learned(denser), 10_000)).toBeGreaterThan(9_000)
    const calm = [...denser, ...Array.from({ length: 500 }, () => 0.2)]
    expect(estimateInput(learned(calm), 10_000)).toBeLessThan(3_000)
  })

  it('has a floor, however empty the calls were', () => {
    expect(estimateInput(learned(Array.from({ length: 100 }, () => 0)), 32_000)).toBe(1_000)
  })

  it('is never above the bound, never below its floor, and covers nearly all of what comes next', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(share, { minLength: 20, maxLength: 200 }),
        fc.integer({ min: 1, max: 10 ** 6 }),
        (all, bound) => {
          const estimate = estimateInput(learned(all), bound)
          expect(estimate).toBeLessThanOrEqual(bound)
          expect(estimate).toBeGreaterThanOrEqual(Math.ceil(bound / 32))
          // the newest call would have fit
          expect(estimate).toBeGreaterThanOrEqual(Math.floor(bound * (all.at(-1) ?? 0)))
        },
      ),
    )
  })
})

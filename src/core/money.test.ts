// Money: decimal text goes in and out exactly, or is refused; the only rounding is for display and for percentages.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addUsd,
  displayUsd,
  formatPicoUsd,
  parsePicoUsd,
  picoUsd,
  scaleUnitPrice,
  subtractUsd,
  ZERO_USD,
} from './money.ts'

const AMOUNT = fc.bigInt(-(10n ** 30n), 10n ** 30n).map(picoUsd)

describe('parsePicoUsd and formatPicoUsd', () => {
  it.each([
    ['0', 0n],
    ['1', 1_000_000_000_000n],
    ['-3', -3_000_000_000_000n],
    ['0.0368151', 36_815_100_000n],
    ['0.000000000001', 1n],
    ['-0.000000000001', -1n],
    ['123456789.123456789012', 123_456_789_123_456_789_012n],
  ])('%s', (text, value) => {
    expect(parsePicoUsd(text)).toBe(value)
    expect(formatPicoUsd(picoUsd(value))).toBe(text)
  })

  it('reads zeros that say nothing', () => {
    expect(parsePicoUsd('01.500')).toBe(1_500_000_000_000n)
    expect(parsePicoUsd('0.000000000001000000')).toBe(1n)
    expect(formatPicoUsd(parsePicoUsd('-0'))).toBe('0')
  })

  it.each([
    '0.0000000000001',
    '1e-6',
    '1.',
    '.5',
    '',
    ' 1',
    '1 ',
    '+1',
    '--1',
    '1,5',
    '0x10',
    'NaN',
    'Infinity',
    '1'.repeat(25),
    `0.${'0'.repeat(25)}`,
  ])('refuses %j', (text) => {
    expect(() => parsePicoUsd(text)).toThrow(RangeError)
  })

  it('does not repeat a long hostile text in the error', () => {
    expect(() => parsePicoUsd('x'.repeat(10_000))).toThrow(/^"x{40}" is not an amount/)
  })

  it('is its own inverse for every amount', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 35n), 10n ** 35n), (value) => {
        expect(parsePicoUsd(formatPicoUsd(picoUsd(value)))).toBe(value)
      }),
    )
  })

  it('never writes an exponent, a trailing zero or a bare point', () => {
    fc.assert(
      fc.property(AMOUNT, (value) => {
        expect(formatPicoUsd(value)).toMatch(/^-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?$/)
      }),
    )
  })
})

describe('sums', () => {
  it('are exact in any order', () => {
    fc.assert(
      fc.property(fc.array(AMOUNT), (amounts) => {
        const forwards = amounts.reduce(addUsd, ZERO_USD)
        expect(amounts.toReversed().reduce(addUsd, ZERO_USD)).toBe(forwards)
        expect(amounts.reduce(subtractUsd, forwards)).toBe(0n)
      }),
    )
  })

  it('do not drift where floats do', () => {
    const tenth = parsePicoUsd('0.1')
    expect(formatPicoUsd([tenth, tenth, tenth].reduce(addUsd, ZERO_USD))).toBe('0.3')
  })
})

describe('displayUsd', () => {
  it.each([
    ['0.057375', 5, '0.05738'],
    ['0.0119016', 5, '0.01190'],
    ['0.005', 2, '0.01'],
    ['0.0049', 2, '0.00'],
    ['-0.005', 2, '-0.01'],
    ['-0.001', 2, '0.00'],
    ['1.5', 0, '2'],
    ['0.999999', 2, '1.00'],
    ['12', 12, '12.000000000000'],
  ])('%s to %i places is %s', (text, decimals, expected) => {
    expect(displayUsd(parsePicoUsd(text), decimals)).toBe(expected)
  })
})

describe('scaleUnitPrice', () => {
  it.each([
    [3_000_000n, 9_000n, 2_700_000n],
    [1n, 5_000n, 1n],
    [1n, 4_999n, 0n],
    [3n, 5_000n, 2n],
    [7n, 10_000n, 7n],
    [-3n, 5_000n, -2n],
    [5n, 0n, 0n],
  ])('%s at %s basis points is %s', (unitPrice, basisPoints, expected) => {
    expect(scaleUnitPrice(picoUsd(unitPrice), basisPoints)).toBe(expected)
  })

  it('is never more than half a pico-USD off', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 15n), fc.bigInt(0n, 30_000n), (unitPrice, basisPoints) => {
        const difference = scaleUnitPrice(picoUsd(unitPrice), basisPoints) * 10_000n - unitPrice * basisPoints
        expect(difference >= -5_000n && difference <= 5_000n).toBe(true)
      }),
    )
  })
})

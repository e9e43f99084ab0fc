// Windows of limits: calendar windows in a zone cover all time, without gaps and without overlaps, also over changes of the clock.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMIT_PERIODS } from './limit.ts'
import { isTimeZone, windowOf, type WindowKind } from './window.ts'

const kind = (over: Partial<WindowKind>): WindowKind => ({ per: 'day', timeZone: 'UTC', fiscalStartMonth: 1, ...over })
const at = (text: string): number => Date.parse(text)
const shown = (over: Partial<WindowKind>, text: string): string[] => {
  const { start, end } = windowOf(kind(over), at(text))
  return [new Date(start).toISOString(), new Date(end).toISOString()].map((time) => time.replace('.000Z', 'Z'))
}

describe('a window', () => {
  it.each([
    ['a month in UTC', { per: 'month' }, '2026-11-20T13:30:15Z', ['2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z']],
    ['a leap day', { per: 'month' }, '2028-02-29T23:00:00Z', ['2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z']],
    ['a week from Monday', { per: 'week' }, '2026-11-22T23:59:59Z', ['2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z']],
    ['a week over New Year', { per: 'week' }, '2027-01-01T00:00:00Z', ['2026-12-28T00:00:00Z', '2027-01-04T00:00:00Z']],
    ['a quarter', { per: 'quarter' }, '2026-11-20T00:00:00Z', ['2026-10-01T00:00:00Z', '2027-01-01T00:00:00Z']],
    [
      'a quarter of a year that begins in February',
      { per: 'quarter', fiscalStartMonth: 2 },
      '2027-01-15T00:00:00Z',
      ['2026-11-01T00:00:00Z', '2027-02-01T00:00:00Z'],
    ],
    [
      'a year that begins in April',
      { per: 'year', fiscalStartMonth: 4 },
      '2027-03-31T23:00:00Z',
      ['2026-04-01T00:00:00Z', '2027-04-01T00:00:00Z'],
    ],
    [
      'a day of 23 hours',
      { timeZone: 'Europe/Berlin' },
      '2026-03-29T12:00:00Z',
      ['2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ],
    [
      'a day of 25 hours',
      { timeZone: 'America/New_York' },
      '2026-11-01T12:00:00Z',
      ['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
    ],
    [
      'a day whose midnight is skipped',
      { timeZone: 'Africa/Cairo' },
      '2026-04-24T12:00:00Z',
      ['2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
    ],
    [
      'a day whose midnight comes twice',
      { timeZone: 'America/Havana' },
      '2026-11-01T12:00:00Z',
      ['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
    ],
    [
      'a zone that is not on the hour',
      { timeZone: 'Asia/Kathmandu' },
      '2026-11-20T18:14:59Z',
      ['2026-11-19T18:15:00Z', '2026-11-20T18:15:00Z'],
    ],
    [
      'a month in a zone that is a day ahead',
      { per: 'month', timeZone: 'Pacific/Kiritimati' },
      '2026-11-30T10:00:00Z',
      ['2026-11-30T10:00:00Z', '2026-12-31T10:00:00Z'],
    ],
    [
      'an hour, whatever the zone',
      { per: 'hour', timeZone: 'Asia/Kathmandu' },
      '2026-11-20T18:14:59Z',
      ['2026-11-20T18:00:00Z', '2026-11-20T19:00:00Z'],
    ],
  ] as const)('%s', (_name, over, text, expected) => {
    expect(shown(over, text)).toEqual(expected)
  })

  it('without a period never ends', () => {
    expect(windowOf(kind({ per: null }), at('2026-11-20'))).toEqual({ start: 0, end: Number.POSITIVE_INFINITY })
  })

  it('holds its moment, and the next one begins where it ends', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Cairo', 'Asia/Kathmandu']
    fc.assert(
      fc.property(
        fc.constantFrom(...LIMIT_PERIODS),
        fc.constantFrom(...zones),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: at('2015-01-01'), max: at('2040-01-01') }),
        (per, timeZone, fiscalStartMonth, moment) => {
          const asked = { per, timeZone, fiscalStartMonth }
          const window = windowOf(asked, moment)
          expect(window.start).toBeLessThanOrEqual(moment)
          expect(window.end).toBeGreaterThan(moment)
          expect(windowOf(asked, window.start)).toEqual(window)
          expect(windowOf(asked, window.end - 1)).toEqual(window)
          expect(windowOf(asked, window.end).start).toBe(window.end)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('a time zone', () => {
  it.each([
    ['UTC', true],
    ['Europe/Berlin', true],
    ['America/Argentina/Buenos_Aires', true],
    ['Europe/Atlantis', false],
    ['+02:00', false],
    ['', false],
    ['../../etc/passwd', false],
  ])('"%s" is known: %s', (text, known) => {
    expect(isTimeZone(text)).toBe(known)
  })
})

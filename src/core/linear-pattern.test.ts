// The pattern matcher beside the platform's own regular expressions, and what hostile texts cost it.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linearPattern } from './linear-pattern.ts'

const ROWS: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['.+', '', false],
  ['.+', 'x', true],
  ['application/json', 'application/json; charset=utf-8', false],
  ['application/json(;.*)?', 'application/json; charset=utf-8', true],
  ['^application/json$', 'application/json', true],
  ['(?i)bearer .+', 'BEARER x', true],
  ['bearer .+', 'BEARER x', false],
  ['[^a-c]{2}', 'de', true],
  ['[^a-c]{2}', 'da', false],
  ['a{2,3}', 'aaaa', false],
  ['a{2,}', 'aaaa', true],
  ['a|bc|', '', true],
  ['(?:a|b)*c', 'ababc', true],
  ['\\d+\\.\\d+', '10.25', true],
  ['[\\w-]+', 'a_b-9', true],
  ['', '', true],
  ['', 'x', false],
]

describe('a linear pattern', () => {
  it.each(ROWS)('%s on "%s": %s', (pattern, text, matches) => {
    expect(linearPattern(pattern).matches(text)).toBe(matches)
  })

  it.each(['(', ')', '[a', 'a**', '(?=a)', '\\1', '\\b', '*a', 'a{3,2}', 'a{300}', '[z-a]', '((a{99}){99}){99}'])(
    'refuses %s',
    (pattern) => {
      expect(() => linearPattern(pattern)).toThrow(RangeError)
    },
  )

  it('says what the platform says', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '(a|b)', '(?:ab)', '(a*|b)')
    const part = fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}', '{2,}')).map((both) => both.join(''))
    const pattern = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(''))
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 10 })
    fc.assert(
      fc.property(pattern, text, (source, given) => {
        expect(linearPattern(source).matches(given)).toBe(new RegExp(`^(?:${source})$`).test(given))
      }),
      { numRuns: 300 },
    )
  })

  it('takes hostile texts in linear time: what would take years ends at once', () => {
    const pattern = linearPattern('(a|a|a*)*(a+)+b')
    expect(pattern.matches('a'.repeat(10_000))).toBe(false)
    expect(pattern.matches(`${'a'.repeat(10_000)}b`)).toBe(true)
  })
})

// What is found is the leftmost and the longest of it, and no text makes the search take long.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linearPattern, linearSearch, type Found } from './linear-pattern.ts'

const find = (pattern: string, text: string): readonly string[] =>
  linearSearch(pattern)(text, { steps: 1_000_000 }).map(({ start, end }) => text.slice(start, end))

describe('a search', () => {
  it.each([
    ['\\d+', 'a1b22c333', ['1', '22', '333']],
    ['a|ab', 'abab', ['ab', 'ab']],
    ['```json[^`]*```', 'x ```json\n{"a":1}\n``` y ```json[]``` z', ['```json\n{"a":1}\n```', '```json[]```']],
    ['(?i)todo:.*', 'TODO: one\nToDo: two', ['TODO: one', 'ToDo: two']],
    ['a*', 'baac', ['aa']],
    ['x', '', []],
    ['ab{2}', 'abbb', ['abb']],
  ])('for %s in %j', (pattern, text, expected) => {
    expect(find(pattern, text)).toEqual(expected)
  })

  it('finds what trying every part of the text finds', () => {
    const patterns = ['a+b?', '(?:ab|a)c*', '[ab]{2,3}c', 'a(?:b|c)*a', 'c|b+a']
    fc.assert(
      fc.property(
        fc.constantFrom(...patterns),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 14 }),
        (pattern, text) => {
          expect(linearSearch(pattern)(text, { steps: 1_000_000 })).toEqual(byTrying(pattern, text))
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each(['(?:a+)+b', '(?:a|a)*b', '(?:a*)*c', '.*.*.*=', '(?:x+x+)+y'])('for %s ends by its budget', (pattern) => {
    const budget = { steps: 200_000 }
    linearSearch(pattern)('a'.repeat(50_000) + 'x'.repeat(50_000), budget)
    // by how much it may go over: one character's states
    expect(budget.steps).toBeGreaterThan(-2_000)
  })
})

function byTrying(pattern: string, text: string): Found[] {
  const whole = linearPattern(pattern)
  const all: Found[] = []
  for (let start = 0; start < text.length; start++) {
    for (let end = text.length; end > start; end--) {
      if (!whole.matches(text.slice(start, end))) continue
      all.push({ start, end })
      start = end - 1
      break
    }
  }
  return all
}

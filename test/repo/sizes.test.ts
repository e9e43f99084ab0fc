// Files and functions stay small; a planted breach is found.

import { describe, expect, it } from 'vitest'
import exceptions from './size-exceptions.json' with { type: 'json' }
import { MOST_FILE_LINES, MOST_FUNCTION_LINES, sizeBreachesOf, type SizeExceptions } from './sizes.ts'
import { readSources } from './source-tree.ts'

const none: SizeExceptions = { fileLines: {}, functionLines: {}, silencedChecks: {} }
const lines = (count: number): string => '// line\n'.repeat(count)
const functionOf = (count: number): string => `export function long() {\n${lines(count - 2)}}\n`
const only = (text: string, listed: SizeExceptions = none): string[] =>
  sizeBreachesOf(new Map([['src/core/a.ts', text]]), listed)

describe('the repository', () => {
  it('keeps files and functions small, and its list of exceptions only as large as it must be', () => {
    expect(sizeBreachesOf(readSources(), exceptions)).toEqual([])
  })
})

describe('a planted breach is found:', () => {
  it('a file that is too long', () => {
    expect(only(lines(MOST_FILE_LINES))).toEqual([])
    expect(only(lines(MOST_FILE_LINES + 1))).toEqual(['src/core/a.ts: 401 lines, 400 allowed'])
  })

  it.each([
    ['a function', functionOf],
    ['an arrow function', (count: number) => `const long = () => {\n${lines(count - 2)}}\n`],
    ['a method', (count: number) => `class A {\n  long() {\n${lines(count - 2)}}\n}\n`],
    ['a test', (count: number) => `describe('a', () => {\n  it('b', () => {\n${lines(count - 2)}})\n})\n`],
  ])('%s that is too long', (_, make) => {
    expect(only(make(MOST_FUNCTION_LINES))).toEqual([])
    expect(only(make(MOST_FUNCTION_LINES + 1))).toEqual(['src/core/a.ts: 71 lines in a function, 70 allowed'])
  })

  it.each(['describe', 'describe.each([])', 'describe.skipIf(true)'])('but not the grouping of tests by %s', (name) => {
    expect(only(`${name}('a', () => {\n${lines(MOST_FUNCTION_LINES)}})\n`)).toEqual([])
  })

  it('nor the suite that a contract is', () => {
    expect(only(`export function storeContract() {\n${lines(MOST_FUNCTION_LINES)}}\n`)).toEqual([])
  })

  // not written in one word, so that this file silences nothing itself
  it.each(['oxlint disable', '@ts ignore', '@ts expect-error', 'biome ignore'])('a check silenced by %s', (words) => {
    expect(
      only(`// ${words.replace(' ', '-')}
`),
    ).toEqual(['src/core/a.ts: 1 silenced checks, 0 allowed'])
  })
})

describe('the list of exceptions may only shrink:', () => {
  const listed = (fileLines: number): SizeExceptions => ({ ...none, fileLines: { 'src/core/a.ts': fileLines } })

  it('a listed file may stay as it is and not grow', () => {
    expect(only(lines(450), listed(450))).toEqual([])
    expect(only(lines(451), listed(450))).toEqual(['src/core/a.ts: 451 lines, 450 allowed'])
  })

  it('a listed file that shrank takes its exception along', () => {
    expect(only(lines(449), listed(450))).toEqual(['src/core/a.ts: 449 lines, its exception of 450 must shrink'])
  })

  it('a listed file that is small enough, or gone, leaves the list', () => {
    const unneeded = ['src/core/a.ts: needs no exception for lines any more']
    expect(only(lines(400), listed(450))).toEqual(unneeded)
    expect(sizeBreachesOf(new Map(), listed(450))).toEqual(unneeded)
  })
})

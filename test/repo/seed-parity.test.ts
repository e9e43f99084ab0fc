// The page about the samples names every behaviour once, and only tests that there are.

import { describe, expect, it } from 'vitest'
import { isNamedTestThere } from './named-tests.ts'
import { readText } from './source-tree.ts'

const BEHAVIOURS = 128
const ROW = /^\| (\d+) \| (.+?) \| (.+?) \| (.*?) ?\|$/gm
const DEFECTS = 36
const DEFECT = /^\| D(\d+) \| (.+?) \| (.+?) \| (.*?) ?\|$/gm

const rows = [...readText('docs/reference/seed-parity.md').matchAll(ROW)].map(([, number, , heldBy = '']) => ({
  number: Number(number),
  heldBy,
}))

const defects = [...readText('docs/reference/seed-parity.md').matchAll(DEFECT)].map(([, number, , heldBy = '']) => ({
  number: Number(number),
  heldBy,
}))

describe('the page about the samples', () => {
  it('has each defect of theirs once, in order, with a test that there is or the words that there is none', () => {
    expect(defects.map(({ number }) => number)).toEqual(Array.from({ length: DEFECTS }, (_, index) => index + 1))
    expect(defects.filter(({ heldBy }) => heldBy !== 'not built yet' && !isNamedTestThere(heldBy))).toEqual([])
    expect(defects.filter(({ heldBy }) => heldBy === 'not built yet').length).toBeLessThan(10)
  })

  it('has each behaviour once, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: BEHAVIOURS }, (_, index) => index + 1))
  })

  it('names a test that there is, or says that there is none', () => {
    const wrong = rows.filter(({ heldBy }) => heldBy !== 'not built yet' && !isNamedTestThere(heldBy))
    expect(wrong).toEqual([])
    expect(rows.filter(({ heldBy }) => heldBy !== 'not built yet').length).toBeGreaterThan(70)
  })

  it('would find a test that there is not', () => {
    expect(isNamedTestThere('`test/repo/seed-parity.test.ts` "has each behaviour once, in order"')).toBe(true)
    expect(
      isNamedTestThere(`\`test/repo/seed-parity.test.ts\` "${['has', 'every', 'behaviour', 'twice'].join(' ')}"`),
    ).toBe(false)
    expect(isNamedTestThere('`test/repo/nowhere.test.ts` "x"')).toBe(false)
    expect(isNamedTestThere('soon')).toBe(false)
  })
})

// The page about faults numbers them without a gap and names only tests that there are.

import { expect, it } from 'vitest'
import { isNamedTestThere } from './named-tests.ts'
import { readText } from './source-tree.ts'

const ROW = /^\| (\d+) \| .+? \| .+? \| (.+?) \|$/gm
const rows = [...readText('docs/reference/what-may-fail.md').matchAll(ROW)].map(([, number, heldBy = '']) => ({
  number: Number(number),
  heldBy,
}))

it('has each fault once, in order', () => {
  expect(rows.length).toBeGreaterThan(30)
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1))
})

it('names a test for each', () => {
  expect(rows.filter(({ heldBy }) => !isNamedTestThere(heldBy))).toEqual([])
})

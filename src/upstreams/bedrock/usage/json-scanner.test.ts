// The scanner against JSON.parse: the same values, for any document, in any layout and any cuts.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutAt } from '../../../../test/fixtures/usage/load.ts'
import { compilePaths, type Finding } from './json-paths.ts'
import { JsonScanner } from './json-scanner.ts'

type Found = { readonly path: string; readonly value: unknown }

function scan(pieces: readonly Buffer[], paths: readonly string[], heads: readonly string[] = []) {
  const all: Found[] = []
  const problems: string[] = []
  const findings: Finding<Found[]>[] = [
    ...paths.map((path) => ({
      path,
      kind: 'value' as const,
      found: (value: unknown, context: Found[]) => void context.push({ path, value }),
    })),
    ...heads.map((path) => ({
      path,
      kind: 'head' as const,
      found: (value: string, context: Found[]) => void context.push({ path, value }),
    })),
  ]
  const scanner = new JsonScanner(compilePaths(findings), all, ({ path, problem }) =>
    problems.push(`${path} ${problem}`),
  )
  for (const piece of pieces) scanner.feed(piece)
  return { all, problems, closed: scanner.closed, textBytes: scanner.textBytes }
}

const cuts = fc.array(fc.nat(), { maxLength: 8 })
/** Values that are full of what could mislead a search by text. */
const value = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, 0, -1.5e-7, true, '', '"', '\\', '\\"', '"usage":{"a":1}', '{"usage":1}', '\u0000é😀'),
    fc.string(),
    // longer than what is walked byte by byte, with escapes and quotes on both sides of that border
    fc.string({
      unit: fc.constantFrom('"', '\\', 'xxxxxxxx', '{"usage":', '"'.repeat(50)),
      maxLength: 80,
      size: 'max',
    }),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('usage', 'text', 'a', '"', '\\', 'é', 'usage"', ''), tie('tree'), { maxKeys: 4 }),
  ),
})).tree

describe('JSON scanner', () => {
  it('finds what JSON.parse finds, for any document, layout and cuts', () => {
    fc.assert(
      fc.property(value, value, fc.constantFrom(undefined, 1, '\t'), cuts, (usage, other, space, places) => {
        const document = { other, deep: { '"': other, usage }, list: [{ usage: other }, other], usage }
        const bytes = Buffer.from(JSON.stringify(document, null, space))
        const { all, closed, problems } = scan(cutAt(bytes, places), ['usage', 'deep.usage'])
        const expected = usage === null ? [] : ['deep.usage', 'usage'].map((path) => ({ path, value: usage }))
        expect(all).toStrictEqual(JSON.parse(JSON.stringify(expected)))
        expect({ closed, problems }).toStrictEqual({ closed: true, problems: [] })
      }),
      { numRuns: 400 },
    )
  })

  it('is closed for no strict beginning of a document', () => {
    fc.assert(
      fc.property(value, fc.nat(), (other, length) => {
        const bytes = Buffer.from(JSON.stringify({ usage: other }))
        expect(scan([bytes.subarray(0, length % bytes.length)], ['usage']).closed).toBe(false)
      }),
    )
  })

  it('finds values of any key, of all elements, and under escaped keys', () => {
    const text = '{"a":{"x":{"n":1},"y":{"n":2}},"b":[{"n":3},{"m":0},{"n":4}],"\\u0075sage":5,"c":[null,7]}'
    expect(scan([Buffer.from(text)], ['a.*.n', 'b.[].n', 'usage', 'c.[]']).all).toStrictEqual([
      { path: 'a.*.n', value: 1 },
      { path: 'a.*.n', value: 2 },
      { path: 'b.[].n', value: 3 },
      { path: 'b.[].n', value: 4 },
      { path: 'usage', value: 5 },
      { path: 'c.[]', value: 7 },
    ])
  })

  it('looks for nothing inside a value that is kept whole', () => {
    const pieces = [Buffer.from('{"usage":{"a":{"b":1}},"a":{"b":2}}')]
    expect(scan(pieces, ['usage', 'usage.a', 'a.b']).all).toStrictEqual([
      { path: 'usage', value: { a: { b: 1 } } },
      { path: 'a.b', value: 2 },
    ])
  })

  it('keeps only the beginning of a head, and refuses a value that is too large', () => {
    const long = 'x'.repeat(70_000)
    const pieces = cutAt(
      Buffer.from(JSON.stringify({ images: [long, 'short'], usage: { long }, after: 1 })),
      [40, 9_000],
    )
    const { all, problems, closed } = scan(pieces, ['usage', 'after'], ['images.[]'])
    expect(all).toStrictEqual([
      { path: 'images.[]', value: `"${'x'.repeat(95)}` },
      { path: 'images.[]', value: '"short"' },
      { path: 'after', value: 1 },
    ])
    expect(problems).toStrictEqual(['usage too_large'])
    expect(closed).toBe(true)
  })

  it.each([
    ['', false],
    ['   ', false],
    ['null', false],
    ['"usage"', false],
    ['{}', true],
    ['[]', true],
    [' {} \n', true],
    ['{} {}', false],
    ['{}x', false],
    ['{]', false],
    ['}', false],
    ['{"usage":1}}', false],
    ['\ufeff{}', false],
    ['{"usage":tru}', true],
    [`${'['.repeat(512)}${']'.repeat(512)}`, true],
    [`${'['.repeat(513)}${']'.repeat(513)}`, false],
    ['['.repeat(100_000), false],
  ])('%#: says whether a document is closed', (text, closed) => {
    expect(scan([Buffer.from(text)], ['usage']).closed).toBe(closed)
  })

  it('notes a value that is not JSON', () => {
    expect(scan([Buffer.from('{"usage":{"a":tru}}')], ['usage']).problems).toStrictEqual(['usage not_json'])
  })

  it('starts anew after a reset in the middle of anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const found: unknown[] = []
        const paths = compilePaths<null>([{ path: 'usage', kind: 'value', found: (given) => void found.push(given) }])
        const scanner = new JsonScanner(paths, null, () => {})
        scanner.feed(Buffer.from('{"usage":{"a":"\\'))
        scanner.feed(Buffer.from(bytes))
        scanner.reset()
        found.length = 0
        scanner.feed(Buffer.from('{"usage":[1]}'))
        expect({ found, closed: scanner.closed }).toStrictEqual({ found: [[1]], closed: true })
      }),
    )
  })

  it('measures text under the keys that carry it', () => {
    const document = { text: 'abc', p: 'padding', list: [{ content: 'de\n' }], name: 'f', thinking: 'é' }
    expect(scan([Buffer.from(JSON.stringify(document))], []).textBytes).toBe(3 + 4 + 2)
  })
})

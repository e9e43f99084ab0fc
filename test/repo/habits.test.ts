// The habits hold; a planted breach is found.

import { describe, expect, it } from 'vitest'
import { habitBreachesOf } from './habits.ts'
import { readSources } from './source-tree.ts'

const PROMISE = '// Holds nothing but a promise.\n'
const only = (path: string, text: string): string[] => habitBreachesOf(new Map([[path, text]]))

describe('the repository', () => {
  it('keeps its habits', () => {
    expect(habitBreachesOf(readSources())).toEqual([])
  })
})

describe('a planted breach is found:', () => {
  it.each(['src/utils/a.ts', 'src/core/helpers.ts', 'test/common/a.test.ts'])('a drawer, %s', (path) => {
    expect(only(path, PROMISE).join()).toContain('says nothing of what is inside')
  })

  it.each(['', `import 'a'\n`, '//\n', '/* a block */\n'])('a file that begins with %j', (text) => {
    expect(only('src/core/a.ts', text)).toEqual([
      'src/core/a.ts: does not start with a sentence that says what it promises',
    ])
  })

  it.each(['let count = 0', 'export let count = 0', 'const count = new Map()', 'export const count: string[] = []'])(
    'state of a module, %s',
    (text) => {
      expect(only('src/core/a.ts', PROMISE + text)).toEqual(['src/core/a.ts: holds state in the module, count'])
    },
  )

  it('a module of our own that is mocked', () => {
    expect(only('src/core/a.test.ts', `vi.mock('./b.ts')`)).toEqual([
      'src/core/a.test.ts: mocks a module; pass what differs as an argument',
    ])
  })
})

describe('a client of undici that may speak HTTP/2', () => {
  const using = (code: string): string[] => only('src/a.ts', `${PROMISE}import { Pool } from 'undici'\n${code}`)

  it.each(['new Pool(url)', 'new Agent({ connections: 1 })', 'buildConnector({})', 'new H2CClient(url)'])(
    '%s is found',
    (code) => {
      expect(using(`export const client = ${code}`)).toEqual([
        expect.stringMatching(/^src\/a\.ts: \w+ may speak HTTP\/2; say allowH2: false$/),
      ])
    },
  )

  it('one that says that it does not, passes', () => {
    expect(using('export const client = new Pool(url, { allowH2: false })')).toEqual([])
  })
})

describe('what is allowed passes:', () => {
  it.each([
    `#!/usr/bin/env node\n${PROMISE}`,
    `${PROMISE}const known = new Set(['a'])\nexport const list = ['a']`,
    `${PROMISE}const none: ReadonlyMap<string, string> = new Map()\nconst nothing: readonly string[] = []`,
    `${PROMISE}export function f() { let a = 0; const b = new Map(); return [a, b] }`,
  ])('%j', (text) => {
    expect(only('src/core/a.ts', text)).toEqual([])
  })

  it('state at the top of a program', () => {
    expect(only('bench/a.ts', `${PROMISE}let count = 0`)).toEqual([])
  })
})

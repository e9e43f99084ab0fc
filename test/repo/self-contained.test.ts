// Nothing depends on one machine, one registry or an unpinned package; a planted breach is found.

import { describe, expect, it } from 'vitest'
import lockfile from '../../package-lock.json' with { type: 'json' }
import manifest from '../../package.json' with { type: 'json' }
import { completeLockfile, type Lock } from '../../scripts/lockfile.ts'
import { lockBreachesOf, looseVersionsOf, tracesIn } from './self-contained.ts'
import { filesUnder, readText } from './source-tree.ts'

const TEXT = /\.(?:ts|js|mjs|json|md|sql|yaml|yml|csv|txt|sh|html|css|svg|pem)$|\/run$|^\.|^[A-Z]+$/
// These two hold the patterns themselves; ignored files are not part of the repository.
const NOT_READ = new Set([
  'test/repo/self-contained.ts',
  'test/repo/self-contained.test.ts',
  'package-lock.json',
  '.env',
])

describe('the repository', () => {
  it('carries no trace of the place where it was made', () => {
    const paths = filesUnder('').filter((path) => TEXT.test(path) && !NOT_READ.has(path))
    expect(paths.length).toBeGreaterThan(30)
    expect(paths.flatMap((path) => tracesIn(path, readText(path)))).toEqual([])
  })

  it('pins every dependency to one version', () => {
    expect(looseVersionsOf(manifest)).toEqual([])
  })

  it('installs without a script, from any registry, and runs on free licences', () => {
    expect(lockBreachesOf(lockfile as unknown as Lock)).toEqual([])
    expect(readText('.npmrc').split('\n')).toContain('ignore-scripts=true')
  })

  it('states the licence that it comes with', () => {
    expect(manifest.license).toBe('Apache-2.0')
    expect(readText('LICENSE')).toMatch(/^ +Apache License\n +Version 2\.0, January 2004\n/)
  })
})

describe('a planted breach is found:', () => {
  it.each(['^1.2.3', '~1.2.3', '1', '*', 'latest', 'npm:a@^1.2.3', 'https://example.com/a.tgz', 'file:../a'])(
    'the pin %s',
    (version) => {
      expect(looseVersionsOf({ dependencies: { a: version } })).toEqual([
        `dependencies: a is pinned to "${version}", not to one version`,
      ])
    },
  )

  it.each([
    [{ license: 'MIT', resolved: 'https://registry.example/a.tgz' }, 'names where it was fetched from'],
    [{ license: 'MIT', hasInstallScript: true }, 'has an install script'],
    [{ license: 'GPL-3.0-only' }, 'its licence is GPL-3.0-only'],
    [{ license: 'MIT AND GPL-3.0-only' }, 'its licence is MIT AND GPL-3.0-only'],
    [{}, 'its licence is not said'],
  ])('in the lockfile, %j', (locked, words) => {
    const breaches = lockBreachesOf({ packages: { '': {}, 'node_modules/a': locked } })
    expect(breaches).toEqual([expect.stringContaining(`node_modules/a: ${words}`)])
  })

  it('a package of another platform that the lockfile left out; and it can be put in', () => {
    const parent = { license: 'MIT', dev: true, optionalDependencies: { 'a-linux-x64-musl': '1.2.3', b: '1.0.0' } }
    const lock = { packages: { '': {}, 'node_modules/a': parent, 'node_modules/b': { license: 'MIT' } } }
    expect(lockBreachesOf(lock)).toEqual([expect.stringContaining('node_modules/a-linux-x64-musl: is missing')])
    const completed = completeLockfile(lock)
    expect(completed.added).toEqual(['node_modules/a-linux-x64-musl'])
    expect(lockBreachesOf(completed.lock)).toEqual([])
    expect(Object.entries(completed.lock.packages)).toContainEqual([
      'node_modules/a-linux-x64-musl',
      { version: '1.2.3', cpu: ['x64'], dev: true, libc: ['musl'], optional: true, os: ['linux'] },
    ])
  })

  it('a package left out that cannot be made up', () => {
    const lockOf = (name: string, version: string): Lock => ({
      packages: { '': { optionalDependencies: { [name]: version } } },
    })
    expect(() => completeLockfile(lockOf('canvas', '1.2.3'))).toThrow('canvas does not say its platform')
    expect(() => completeLockfile(lockOf('a-linux-x64', '^1.2.3'))).toThrow('a-linux-x64 has no exact version')
  })

  it.each([
    ['see /home/somebody/project', 'a path of one machine'],
    ['"resolved": "https://registry.npmjs.org/a"', 'a registry'],
    ['as house.md says', 'a paper that is not here'],
    ['closes issue 12', 'how it was made'],
    [`AKIA${'ABCDEFGH'.repeat(2)}`, 'a credential'],
    ['-----BEGIN PRIVATE KEY-----', 'a private key'],
  ])('%s', (line, what) => {
    expect(tracesIn('a.md', `\n${line}`)).toEqual([expect.stringContaining(`a.md:2: ${what}`)])
  })
})

describe('what is allowed passes:', () => {
  it.each(['1.2.3', '1.2.3-beta.1', 'npm:@scope/a@1.2.3'])('the pin %s', (version) => {
    expect(looseVersionsOf({ dependencies: { a: version } })).toEqual([])
  })

  it.each([{ license: 'MIT' }, { license: '(AFL-2.1 OR BSD-3-Clause)' }, { license: 'GPL-3.0-only', dev: true }])(
    'in the lockfile, %j',
    (locked) => {
      expect(lockBreachesOf({ packages: { 'node_modules/a': locked } })).toEqual([])
    },
  )

  it.each([
    'the path /model/x',
    'AKIAIOSFODNN7EXAMPLE',
    'AKIABENCH00000000001',
    'https://example.com/home/a',
    'node_modules/home/a',
  ])('%s', (line) => {
    expect(tracesIn('a.md', line)).toEqual([])
  })
})

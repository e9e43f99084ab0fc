// The pages name only what there is, and the reference equals the code.

import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { referencePages } from '../../scripts/reference.ts'
import { SETTINGS } from '../../src/config.ts'
import { brokenPathsIn, commandsIn, settingsIn } from './docs.ts'
import { filesUnder, readSources, readText } from './source-tree.ts'

const paths = new Set(filesUnder(''))
const pages = [...paths].filter((path) => path.endsWith('.md') && !path.startsWith('test/fixtures/'))

describe('docs/reference', () => {
  it.each([...referencePages()])('%s equals its table in the code (else: npm run docs)', (path, text) => {
    expect(readText(path)).toBe(text)
  })
})

describe('the pages', () => {
  it('were found', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md']))
  })

  it('name only files that there are', () => {
    const present = new Set(
      [...paths].flatMap((path) => path.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/'))),
    )
    expect(pages.flatMap((page) => brokenPathsIn(page, readText(page), present))).toEqual([])
  })

  it('name only commands that there are', () => {
    const named = new Set(pages.flatMap((page) => commandsIn(readText(page))))
    expect(named.size).toBeGreaterThan(3)
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining([...named]))
  })

  it('name only settings that there are', () => {
    const known = new Set<string>(Object.values(SETTINGS).map(({ name }) => name))
    const unknown = pages.flatMap((page) => settingsIn(readText(page)).filter((name) => !known.has(name)))
    expect(unknown).toEqual([])
  })
})

describe('README.md', () => {
  it('sets up with exactly two commands', () => {
    const setUps = readText('README.md').match(/^npm ci\b.*$/gm)
    expect(setUps).toEqual(['npm ci && npm run demo', 'npm ci && npm test'])
  })
})

describe('CHANGELOG.md', () => {
  it('speaks of this version, or of what is not yet released', () => {
    expect(readText('CHANGELOG.md')).toMatch(new RegExp(`^## \\[(?:${manifest.version}|Unreleased)\\]`, 'm'))
  })
})

describe('ARCHITECTURE.md', () => {
  const text = readText('ARCHITECTURE.md')

  it('prints thirteen invariants, each with the tests that hold it', () => {
    const invariants = text.split('\n').filter((line) => /^\| \d+ \|/.test(line))
    expect(invariants.map((line) => Number(line.split('|')[1]))).toEqual(Array.from({ length: 13 }, (_, i) => i + 1))
    for (const line of invariants) expect(line, line).toMatch(/`(?:src|test|simulator)\/[\w./-]+\.test\.ts`/)
  })
})

describe('docs/adr', () => {
  const records = [...paths].filter((path) => /^docs\/adr\/\d/.test(path))

  it('is numbered without a gap', () => {
    expect(records.map((path) => Number(path.slice('docs/adr/'.length).slice(0, 4)))).toEqual(
      records.map((_, i) => i + 1),
    )
  })

  it.each(records)('%s says its status, why, what and what follows, and the index lists it', (path) => {
    const text = readText(path)
    for (const part of ['Status: ', '## Why', '## Decision', '## What follows']) expect(text).toContain(part)
    expect(readText('docs/adr/README.md')).toContain(`(${path.slice('docs/adr/'.length)})`)
  })
})

describe('the settings', () => {
  it('are each read by the code, but for those that are refused because nothing would read them', () => {
    const readers = [...readSources()]
      .filter(
        ([path]) =>
          path.startsWith('src/') &&
          !path.startsWith('src/config') &&
          !path.startsWith('src/settings/') &&
          !path.endsWith('.test.ts'),
      )
      .map(([, text]) => text)
      .join('\n')
    const unread = Object.entries(SETTINGS).filter(([member]) => !new RegExp(`\\b${member}\\b`).test(readers))
    expect(
      unread.filter(([, { help }]) => !help.endsWith('Not built yet: refused.')).map(([member]) => member),
    ).toEqual(['configFile'])
  })
})

describe('a planted mistake is found:', () => {
  const present = new Set(['src', 'src/a.ts', 'docs', 'docs/b.md'])

  it.each([
    ['a link', 'docs/b.md', '[a](../src/gone.ts)', 'docs/b.md: src/gone.ts'],
    ['a path', 'README.md', 'see `src/gone.ts`', 'README.md: src/gone.ts'],
    ['a folder', 'README.md', 'see `src/gone/`', 'README.md: src/gone'],
  ])('%s to nothing', (_, page, text, broken) => {
    expect(brokenPathsIn(page, text, present)).toEqual([broken])
  })

  it('but not a path that there is, a pattern, or a place elsewhere', () => {
    const text = '[a](../src/a.ts#part) [b](https://example.com/x) [c](#here) `src/a.ts` `src/**` `src/<name>.ts`'
    expect(brokenPathsIn('docs/b.md', text, present)).toEqual([])
  })

  it('commands and settings are read from the text', () => {
    expect(commandsIn('`npm run demo -- --once`, npm test, npm start, npm ci')).toEqual(['demo', 'test', 'start'])
    expect(settingsIn('WEIGHBRIDGE_PORT=1 and WEIGHBRIDGE_* or `WEIGHBRIDGE_URL`')).toEqual([
      'WEIGHBRIDGE_PORT',
      'WEIGHBRIDGE_URL',
    ])
  })
})

// Each tool of the gate, with the repository's own settings, finds a planted breach in a small project and passes the project without it.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { ROOT } from './source-tree.ts'

const SETTINGS = ['biome.json', 'tsconfig.json', '.oxlintrc.json', 'knip.json', 'vitest.config.ts', '.gitignore']
const CLEAN = `// A file without a breach.

import { double } from './double.ts'

export const four = double(2)
`
const DOUBLE = `// Doubles a number.

export const double = (value: number): number => value * 2
`

describe('the tools of the gate', () => {
  let project = ''
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(project, path)), { recursive: true })
    writeFileSync(join(project, path), text)
  }
  /** What the tool says, or null when it is content. */
  const complaintOf = (script: keyof typeof manifest.scripts): string | null => {
    const [tool = '', ...words] = manifest.scripts[script].split(' ')
    try {
      execFileSync(join(ROOT, 'node_modules', '.bin', tool), words, { cwd: project, encoding: 'utf8', stdio: 'pipe' })
      return null
    } catch (thrown) {
      const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string }
      return stdout + stderr
    }
  }

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'weighbridge-gate-'))
    for (const name of SETTINGS) cpSync(join(ROOT, name), join(project, name))
    symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
    const used = ['@biomejs/biome', 'knip', 'oxlint', 'oxlint-tsgolint', 'typescript', 'vitest', 'vite', '@types/node']
    const devDependencies = Object.fromEntries(
      Object.entries(manifest.devDependencies).filter(([name]) => used.includes(name)),
    )
    const { name, type, scripts } = manifest
    write('package.json', `${JSON.stringify({ name, type, scripts, devDependencies }, null, 2)}\n`)
    write('src/double.ts', DOUBLE)
    for (const entry of ['src/main.ts', 'src/cli.ts']) write(entry, CLEAN)
    for (const entry of ['simulator/main.ts', 'bench/main.ts', 'scripts/write-reference.ts']) write(entry, DOUBLE)
    write('test/double.test.ts', `import { expect, it } from 'vitest'\n\nit('adds', () => expect(1 + 1).toBe(2))\n`)
  })

  afterEach(() => rmSync(project, { recursive: true, force: true }))

  it('pass a project without a breach', () => {
    for (const script of ['format:check', 'lint', 'types', 'dead-code'] as const)
      expect(complaintOf(script), script).toBeNull()
  })

  it('format: a double quote', () => {
    write('src/main.ts', CLEAN.replaceAll("'", '"'))
    expect(complaintOf('format:check')).toContain('src/main.ts')
  })

  it('types: a string where a number belongs, and syntax that cannot be erased', () => {
    write('src/main.ts', CLEAN.replace('double(2)', `double('2')`))
    expect(complaintOf('types')).toContain('src/main.ts')
    write('src/main.ts', `${CLEAN}\nexport enum Unit {\n  Token,\n}\n`)
    expect(complaintOf('types')).toContain('erasableSyntaxOnly')
  })

  it.each([
    ['no-explicit-any', 'export const loose = (value: any): number => Number(value)'],
    ['no-floating-promises', 'export function start(): void {\n  Promise.resolve(1)\n}'],
    ['no-misused-promises', 'export const all = [1].some(async () => true)'],
    ['no-cycle', `export { again } from './again.ts'`],
    ['no-restricted-imports', `import { strict } from 'node:assert'\n\nexport const check = strict`],
    [
      'complexity',
      `export const many = (n: number): number => {\n${'  if (n > 1) return 1\n'.repeat(12)}  return 0\n}`,
    ],
    ['no-disabled-tests', `import { expect, it } from 'vitest'\n\nit.skip('a', () => expect(1).toBe(1))`],
    ['no-focused-tests', `import { expect, it } from 'vitest'\n\nit.only('a', () => expect(1).toBe(1))`],
    ['expect-expect', `import { it } from 'vitest'\n\nit('a', () => undefined)`],
  ])('lint: %s', (rule, text) => {
    write('src/again.ts', `export { four as again } from './planted.test.ts'\n`)
    write('src/planted.test.ts', `${text}\n`)
    expect(complaintOf('lint')).toMatch(new RegExp(`\\((?:[\\w-]+/)?${rule}\\)`))
  })

  it('dead code: a file, an export and a dependency that nothing uses', () => {
    write('src/forgotten.ts', DOUBLE)
    write('src/double.ts', `${DOUBLE}\nexport const triple = (value: number): number => value * 3\n`)
    const { name, type, scripts, devDependencies } = manifest
    write('package.json', JSON.stringify({ name, type, scripts, devDependencies, dependencies: { kysely: '0.29.9' } }))
    const complaint = complaintOf('dead-code')
    expect(complaint).toContain('src/forgotten.ts')
    expect(complaint).toContain('triple')
    expect(complaint).toContain('kysely')
  })
})

// Layers import only what they may; a planted breach is found.

import { describe, expect, it } from 'vitest'
import { breachesOf, LAYERS } from './boundaries.ts'
import { readSources } from './source-tree.ts'

const only = (path: string, text: string): readonly string[] => breachesOf(new Map([[path, text]]))

describe('the repository', () => {
  const sources = readSources()

  it('was found', () => {
    expect(sources.size).toBeGreaterThan(20)
    expect([...sources.keys()]).toContain('src/core/money.ts')
  })

  it('keeps the direction of dependencies', () => {
    expect(breachesOf(sources)).toEqual([])
  })
})

describe('a planted breach is found:', () => {
  it.each([
    ['src/core/a.ts', `import { a } from '../http/a.ts'`, 'core may not know http: src/http/a.ts'],
    ['src/core/a.ts', `import type { A } from '../config.ts'`, 'core may not know config: src/config.ts'],
    ['src/core/a.ts', `import 'zod'`, 'core may not import the package zod'],
    ['src/core/a.ts', `import { readFileSync } from 'node:fs'`, 'core may not import node:fs'],
    ['src/core/a.ts', `export const a = (): number => Date.now()`, 'core is pure, and Date.now is not'],
    ['src/core/a.ts', `export const a = (): Date => new Date()`, 'core is pure, and new Date() is not'],
    ['src/core/a.ts', `export const a = (): number => Math.random()`, 'core is pure, and Math.random is not'],
    ['src/core/a.ts', `export const a = (): unknown => process.env.HOME`, 'core is pure, and process is not'],
    ['src/core/a.ts', `export const a = (): unknown => fetch('http://x')`, 'core is pure, and fetch is not'],
    ['src/http/a.ts', `import { a } from '../core/a.ts'`, 'http may not know core: src/core/a.ts'],
    ['src/http/a.ts', `import { request } from 'undici'`, 'http may not import the package undici'],
    ['src/gateway/a.ts', `import { a } from '../admin/a.ts'`, 'gateway may not know admin: src/admin/a.ts'],
    ['src/gateway/a.ts', `import { a } from '../jobs/a.ts'`, 'gateway may not know jobs: src/jobs/a.ts'],
    ['src/gateway/a.ts', `import { a } from '../config.ts'`, 'gateway may not know config: src/config.ts'],
    [
      'src/gateway/surfaces/a.ts',
      `const a = await import('../../upstreams/bedrock/index.ts')`,
      'gateway may not know upstreams: src/upstreams/bedrock/index.ts',
    ],
    ['src/admin/a.ts', `import { a } from '../gateway/a.ts'`, 'admin may not know gateway: src/gateway/a.ts'],
    ['src/admin/a.ts', `import { a } from '../stores/sql/a.ts'`, 'admin may not know stores: src/stores/sql/a.ts'],
    ['src/admin/a.ts', `import { a } from '../jobs/a.ts'`, 'admin may not know jobs: src/jobs/a.ts'],
    ['src/reports/a.ts', `import { a } from '../stores/sql/a.ts'`, 'reports may not know stores: src/stores/sql/a.ts'],
    ['src/reports/a.ts', `import { a } from '../admin/a.ts'`, 'reports may not know admin: src/admin/a.ts'],
    ['src/jobs/a.ts', `import { a } from '../admin/a.ts'`, 'jobs may not know admin: src/admin/a.ts'],
    ['src/jobs/a.ts', `import { a } from '../gateway/a.ts'`, 'jobs may not know gateway: src/gateway/a.ts'],
    [
      'src/upstreams/sagemaker/a.ts',
      `import { a } from '../bedrock/sigv4.ts'`,
      'an adapter may not know another, src/upstreams/bedrock/sigv4.ts',
    ],
    [
      'src/upstreams/bedrock/a.ts',
      `import { a } from '../../gateway/a.ts'`,
      'upstreams may not know gateway: src/gateway/a.ts',
    ],
    ['src/upstreams/bedrock/a.ts', `import 'better-sqlite3'`, 'upstreams may not import the package better-sqlite3'],
    ['src/stores/sql/a.ts', `import { a } from '../../http/a.ts'`, 'stores may not know http: src/http/a.ts'],
    ['src/stores/sql/a.ts', `export * from '../files/a.ts'`, 'an adapter may not know another, src/stores/files/a.ts'],
    [
      'src/counters/a.ts',
      `import { a } from '../stores/sql/a.ts'`,
      'counters may not know stores: src/stores/sql/a.ts',
    ],
    [
      'src/catalogue/a.ts',
      `import { a } from '../stores/sql/a.ts'`,
      'catalogue may not know stores: src/stores/sql/a.ts',
    ],
    ['src/config.ts', `import { a } from './wiring.ts'`, 'config may not know wiring: src/wiring.ts'],
    ['src/application.ts', `import { a } from './wiring.ts'`, 'application may not know wiring: src/wiring.ts'],
    [
      'src/gateway/a.ts',
      `import { a } from '../application.ts'`,
      'gateway may not know application: src/application.ts',
    ],
    ['src/main.ts', `import { a } from './stores/sql/a.ts'`, 'process may not know stores: src/stores/sql/a.ts'],
    ['src/cli/a.ts', `import { a } from '../catalogue/a.ts'`, 'process may not know catalogue: src/catalogue/a.ts'],
    ['src/cli/a.ts', `import { a } from '../counters/a.ts'`, 'process may not know counters: src/counters/a.ts'],
    ['src/demo.ts', `import { a } from '../simulator/main.ts'`, 'process may not know simulator: simulator/main.ts'],
    ['src/wiring.ts', `import { a } from '../simulator/main.ts'`, 'wiring may not know simulator: simulator/main.ts'],
    [
      'simulator/a.ts',
      `import type { Usage } from '../src/core/usage.ts'`,
      'simulator may not know core: src/core/usage.ts',
    ],
    ['simulator/a.test.ts', `import { a } from '../src/http/a.ts'`, 'simulator may not know http: src/http/a.ts'],
    ['src/gateway/a.ts', `import { a } from '../../test/a.ts'`, 'gateway may not know test: test/a.ts'],
    ['src/core/a.test.ts', `import { a } from '../gateway/a.ts'`, 'core may not know gateway: src/gateway/a.ts'],
    ['test/a.ts', `import { a } from './b.test.ts'`, 'imports a test, test/b.test.ts'],
    ['src/shared/a.ts', ``, 'belongs to no layer'],
    ['src/core/a.ts', `import { a } from '../elsewhere.ts'`, 'imports src/elsewhere.ts, which belongs to no layer'],
  ])('%s: %s', (path, text, breach) => {
    expect(only(path, text)).toEqual([`${path}: ${breach}`])
  })

  it.each([
    ['import', `import { b } from './b.ts'`],
    ['a type', `import type { B } from './b.ts'`],
    ['export from', `export { b } from './b.ts'`],
    ['a dynamic import', `export const b = (): unknown => import('./b.ts')`],
    ['an import type', `export type B = import('./b.ts').B`],
    ['require', `export const b = require('./b.ts')`],
    ['a worker', `export const b = new Worker(new URL('./b.ts', import.meta.url))`],
  ])('a cycle through %s', (_, back) => {
    const files = new Map([
      ['src/http/a.ts', back],
      ['src/http/b.ts', `export * from './c.ts'`],
      ['src/http/c.ts', `export * from './a.ts'`],
    ])
    expect(breachesOf(files)).toEqual(['import cycle: src/http/a.ts → src/http/b.ts → src/http/c.ts'])
  })

  it('a computed import where packages are listed', () => {
    expect(only('src/gateway/a.ts', 'await import(name)')).toEqual(['src/gateway/a.ts: imports a computed name'])
  })

  it('a file that cannot be parsed', () => {
    expect(() => only('src/core/a.ts', 'import {')).toThrow('src/core/a.ts cannot be parsed')
  })
})

describe('what is allowed passes:', () => {
  it.each([
    ['src/core/a.ts', `import { b } from './b.ts'; export const c = (at: number): Date => new Date(at)`],
    [
      'src/core/a.test.ts',
      `import fc from 'fast-check'; import { b } from './b.ts'; import { d } from '../../test/d.ts'`,
    ],
    ['src/upstreams/bedrock/a.ts', `import { b } from './usage/b.ts'; import { sign } from '../../http/sigv4.ts'`],
    ['src/stores/sql/a.ts', `import Database from 'better-sqlite3'; import { b } from '../../core/b.ts'`],
    ['src/admin/a.ts', `import { z } from 'zod'; import swagger from '@fastify/swagger'; import '../reports/b.ts'`],
    ['src/serve.ts', `import { b } from './wiring.ts'; import { loadConfig } from './config.ts'`],
    ['src/wiring.ts', `import { b } from './upstreams/bedrock/index.ts'; import { c } from './stores/sql/index.ts'`],
    ['src/stores/journal.ts', `import { b } from './journal-records.ts'`],
    ['src/metrics.test.ts', `import { b } from './metrics.ts'`],
    ['src/counters/b.test.ts', `import { b } from './b.ts'; import { c } from '../../test/contract/c.ts'`],
    ['src/application.test.ts', `import { b } from './application.ts'`],
    ['src/wiring.test.ts', `import { b } from './wiring.ts'`],
    ['src/cli.ts', `import { b } from './cli/b.ts'; import { c } from './wiring.ts'`],
    ['src/demo.ts', `export const program = new URL('../simulator/main.ts', import.meta.url)`],
    ['src/cli/a.ts', `import manifest from '../../package.json' with { type: 'json' }`],
    ['test/e2e/a.test.ts', `import { b } from '../../src/gateway/b.ts'; import { c } from '../../simulator/c.ts'`],
  ])('%s: %s', (path, text) => {
    expect(only(path, text)).toEqual([])
  })

  it('only wiring, bench and tests can name a concrete adapter', () => {
    const adapters = ['upstreams', 'stores', 'counters', 'catalogue']
    const names = (adapter: string): string[] =>
      LAYERS.filter(({ name, knows }) => name !== adapter && (knows.includes('*') || knows.includes(adapter))).map(
        ({ name }) => name,
      )
    expect(adapters.map(names)).toEqual(adapters.map(() => ['wiring', 'bench', 'test', 'scripts']))
  })
})

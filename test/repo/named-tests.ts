// Tests as the pages name them, `path` "title": whether there is such a test.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readText, ROOT } from './source-tree.ts'

const NAMED = /^`([\w./-]+\.test\.ts)` "(.+)"$/

export function isNamedTestThere(named: string): boolean {
  const [, path = '', title = ''] = NAMED.exec(named) ?? []
  return path !== '' && existsSync(join(ROOT, path)) && readText(path).includes(title)
}

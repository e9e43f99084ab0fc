// The reference of the control plane equals the code.

import { describe, expect, it } from 'vitest'
import { describeAdminApi } from '../../src/admin/reference.ts'
import { ROUTES } from '../../src/admin/routes.ts'
import { isGroup, type Command, type Group } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { describeCommands } from '../../src/cli/reference.ts'
import { REPORTS } from '../../src/reports/index.ts'
import { describeReports } from '../../src/reports/reference.ts'
import { filesUnder, readText } from './source-tree.ts'

describe('docs/reference of the control plane', () => {
  it.each([
    ['docs/reference/admin-api.md', describeAdminApi()],
    ['docs/reference/cli.md', describeCommands()],
    ['docs/reference/reports.md', describeReports()],
  ])('%s equals its table in the code (else: npm run docs)', (path, text) => {
    expect(readText(path)).toBe(text)
  })

  it('has every route, command and report', () => {
    const [api, commands, reports] = [describeAdminApi(), describeCommands(), describeReports()]
    for (const { method, path } of ROUTES) expect(api).toContain(`### ${method} /admin/v1${path}\n`)
    for (const path of pathsOf(COMMANDS)) expect(commands).toMatch(new RegExp(`^##+ ${path}$`, 'm'))
    for (const { name } of REPORTS) expect(reports).toContain(`\n## ${name}\n`)
  })
})

/** Every page that shows `npm run wb -- <command>` or a route of the control plane shows one that there is. */
describe('the pages', () => {
  const pages = filesUnder('').filter((path) => path.endsWith('.md') && !path.startsWith('test/fixtures/'))

  it('show only commands that there are', () => {
    const known = pathsOf(COMMANDS)
    const shown = pages.flatMap((page) =>
      [...readText(page).matchAll(/npm run wb -- ([a-z]+(?:-[a-z]+)*(?: [a-z]+){0,2})/g)].map(
        ([, words = '']) => `${page}: ${words}`,
      ),
    )
    expect(shown.length).toBeGreaterThan(3)
    const groups = new Set(known.map((path) => path.split(' ')[0]))
    const wrong = shown.filter((line) => {
      const words = line.slice(line.indexOf(': ') + 2).split(' ')
      const [first = '', second] = words
      return (
        !words.some((_, index) => known.includes(words.slice(0, index + 1).join(' '))) &&
        !(second === undefined && groups.has(first))
      )
    })
    expect(wrong).toEqual([])
  })

  it('show only routes of the control plane that there are', () => {
    const known = new Set(ROUTES.map(({ path }) => shapeOf(path)))
    const wrong = pages.flatMap((page) =>
      [...readText(page).matchAll(/\/admin\/v1(\/[\w/{}.<>-]*[\w}>])/g)]
        .map(([, path = '']) => path)
        .filter((path) => !known.has(shapeOf(path)) && path !== '/reports/<name>')
        .map((path) => `${page}: ${path}`),
    )
    expect(wrong).toEqual([])
  })
})

const shapeOf = (path: string): string => path.replaceAll(/\{\w+\}|<[\w ]+>/g, '{}')

function pathsOf(node: Command | Group, path = ''): string[] {
  if (!isGroup(node)) return [path]
  return Object.entries(node.commands).flatMap(([name, one]) => pathsOf(one, path === '' ? name : `${path} ${name}`))
}

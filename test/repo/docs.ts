// What a page of the documentation names: files, commands and settings, so that a test can ask whether they exist.

import { posix } from 'node:path'

const LINK = /\]\(([^)\s]+)\)/g
const CODE = /`([^`\n]+)`/g
const OWN_PATH = /^(?:\.ci|bench|console|docs|infra|scripts|simulator|src|test)\/[\w./-]*$/

/** "page: path" for each link to a file and each path of ours in code quotes that `present` does not hold. */
export function brokenPathsIn(page: string, text: string, present: ReadonlySet<string>): string[] {
  const links = [...text.matchAll(LINK)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
    .map((target) => posix.join(posix.dirname(page), target))
  const quoted = [...text.matchAll(CODE)].map(([, code = '']) => code).filter((code) => OWN_PATH.test(code))
  const named = [...links, ...quoted].map((path) => path.replace(/\/$/, ''))
  return [...new Set(named)].filter((path) => !present.has(path)).map((path) => `${page}: ${path}`)
}

/** Names of npm scripts: npm run <name>, npm test, npm start. */
export function commandsIn(text: string): string[] {
  return [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)].map(([, run, plain]) => run ?? plain ?? '')
}

export function settingsIn(text: string): string[] {
  return [...text.matchAll(/\bWEIGHBRIDGE_[A-Z0-9_]*[A-Z0-9]\b/g)].map(([name]) => name)
}

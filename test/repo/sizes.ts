// How large files and functions may be, how many checks may be silenced, and the list of exceptions that may only shrink.

import { isNamed, isNode, parseSource, walk, type Sources, type SyntaxNode } from './source-tree.ts'

export const MOST_FILE_LINES = 400
export const MOST_FUNCTION_LINES = 70

/** The size that each listed file has today; it may become smaller, and then its entry must follow or go. */
export type SizeExceptions = {
  readonly fileLines: Readonly<Record<string, number>>
  /** by file: lines of its longest function */
  readonly functionLines: Readonly<Record<string, number>>
  /** by file: comments that silence a check of the linter, the formatter or the compiler */
  readonly silencedChecks: Readonly<Record<string, number>>
}

/** One sentence for each file that is too large, and for each exception that is larger than it need be. */
export function sizeBreachesOf(files: Sources, exceptions: SizeExceptions): string[] {
  const breaches: string[] = []
  const measured = { fileLines: new Map<string, number>(), functionLines: new Map<string, number>() }
  const silenced = new Map<string, number>()
  for (const [path, text] of files) {
    measured.fileLines.set(path, linesOf(text))
    measured.functionLines.set(path, longestFunction(path, text))
    silenced.set(path, silencedIn(text))
  }
  breaches.push(...compare(measured.fileLines, MOST_FILE_LINES, exceptions.fileLines, 'lines'))
  breaches.push(
    ...compare(measured.functionLines, MOST_FUNCTION_LINES, exceptions.functionLines, 'lines in a function'),
  )
  breaches.push(...compare(silenced, 0, exceptions.silencedChecks, 'silenced checks'))
  return breaches.toSorted()
}

function compare(
  measured: ReadonlyMap<string, number>,
  most: number,
  exceptions: Readonly<Record<string, number>>,
  what: string,
): string[] {
  const breaches: string[] = []
  for (const [path, size] of measured) {
    const allowed = exceptions[path] ?? most
    if (size > allowed) breaches.push(`${path}: ${size} ${what}, ${allowed} allowed`)
  }
  for (const [path, allowed] of Object.entries(exceptions)) {
    const size = measured.get(path) ?? 0
    if (size <= most) breaches.push(`${path}: needs no exception for ${what} any more`)
    else if (size < allowed) breaches.push(`${path}: ${size} ${what}, its exception of ${allowed} must shrink`)
  }
  return breaches
}

const linesOf = (text: string): number => text.replace(/\n$/, '').split('\n').length

const SILENCERS = /(?:oxlint|eslint|biome|@ts)-(?:disable|ignore|expect-error|nocheck)/g

const silencedIn = (text: string): number => [...text.matchAll(SILENCERS)].length

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

function longestFunction(path: string, text: string): number {
  let longest = 0
  for (const statement of parseSource(path, text)) {
    walk(statement, (node, parents) => {
      if (!FUNCTIONS.has(node.type) || isSuite(parents.at(-1)) || isContract(node)) return
      longest = Math.max(longest, linesOf(text.slice(node.start, node.end)))
    })
  }
  return longest
}

/** describe(…, () => { … }) only groups tests: it is as long as its tests are many. */
function isSuite(parent: SyntaxNode | undefined): boolean {
  if (parent?.type !== 'CallExpression' || !isNode(parent.callee)) return false
  let callee: SyntaxNode = parent.callee
  while (callee.type === 'CallExpression' || callee.type === 'MemberExpression') {
    const inner = callee.type === 'CallExpression' ? callee.callee : callee.object
    if (!isNode(inner)) return false
    callee = inner
  }
  return isNamed(callee, 'describe')
}

/** function ledgerStoreContract(…) { describe(…) } is a suite under a name, run once for each implementation. */
const isContract = ({ id }: SyntaxNode): boolean => isNode(id) && String(id.name).endsWith('Contract')

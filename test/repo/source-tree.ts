// The repository's own files for the tests about it: what there is, what each source imports, and a walk over its syntax.

import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'vite'

export const ROOT = join(import.meta.dirname, '..', '..')

/** Paths from the root, with slashes, to their text. */
export type Sources = ReadonlyMap<string, string>

export type SyntaxNode = { readonly type: string; readonly start: number; readonly end: number } & Record<
  string,
  unknown
>

const SOURCE_FOLDERS = ['src', 'simulator', 'bench', 'test', 'scripts']
const NOT_OURS = new Set(['node_modules', '.git', 'coverage', 'dist'])
/** what running it leaves in the root */
const LEFT_BEHIND = new Set(['data'])

/** Every path of a file under the folder ('' is the root), sorted. */
export function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name) && !(folder === '' && LEFT_BEHIND.has(entry.name)))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name)
      return entry.isDirectory() ? filesUnder(path) : [path]
    })
    .toSorted()
}

export const readText = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

export function readSources(): Sources {
  const present = new Set(readdirSync(ROOT))
  const paths = SOURCE_FOLDERS.filter((folder) => present.has(folder)).flatMap(filesUnder)
  return new Map(paths.filter((path) => path.endsWith('.ts')).map((path) => [path, readText(path)]))
}

/** The statements of a file. Throws when it cannot be parsed: a file that is not understood must not pass a check. */
export function parseSource(path: string, text: string): readonly SyntaxNode[] {
  const parsed = parseSync(path, text)
  const [error] = parsed.errors
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`)
  return parsed.program.body as unknown as readonly SyntaxNode[]
}

/** Visits the node and all nodes in it, outermost first; `parents` holds the way to it. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parents: readonly SyntaxNode[]) => void,
  parents: readonly SyntaxNode[] = [],
): void {
  visit(node, parents)
  const inside = [...parents, node]
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit, inside)
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/**
 * What a file imports, in every way there is: import, export … from, import(), import types, require(), and the files of
 * worker threads, new Worker(new URL('…', import.meta.url)). Null stands for a computed name. A program started as a process of its own is
 * not an import.
 */
export function importsOf(path: string, text: string): (string | null)[] {
  const found = new Set<string | null>()
  for (const statement of parseSource(path, text)) {
    walk(statement, (node) => {
      const source = importedBy(node)
      if (source !== undefined) found.add(source)
    })
  }
  return [...found]
}

function importedBy(node: SyntaxNode): string | null | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return isNode(node.source) ? literal(node.source) : undefined
    case 'TSExternalModuleReference':
      return literal(node.expression)
    case 'CallExpression':
      return isNamed(node.callee, 'require') ? literal(firstArgument(node)) : undefined
    case 'NewExpression':
      return isNamed(node.callee, 'Worker') ? workerFile(firstArgument(node)) : undefined
    default:
      return undefined
  }
}

/** new URL('./file.ts', import.meta.url) */
const workerFile = (url: unknown): string | null =>
  isNode(url) && url.type === 'NewExpression' ? literal(firstArgument(url)) : null

export const isNamed = (node: unknown, name: string): boolean =>
  isNode(node) && node.type === 'Identifier' && node.name === name

const firstArgument = (node: SyntaxNode): unknown => (Array.isArray(node.arguments) ? node.arguments[0] : undefined)

const literal = (node: unknown): string | null =>
  isNode(node) && node.type === 'Literal' && typeof node.value === 'string' ? node.value : null

/** The path from the root of a relative import; null for packages and builtins. */
export function resolveImport(from: string, source: string): string | null {
  return source.startsWith('.') ? posix.join(posix.dirname(from), source) : null
}

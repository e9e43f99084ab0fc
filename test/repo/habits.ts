// Habits that a machine can see: a file says what it promises, modules hold no state, nothing of ours is mocked, no drawer for the rest, and
// no client of undici speaks HTTP/2.

import { isNamed, isNode, parseSource, walk, type Sources, type SyntaxNode } from './source-tree.ts'

const DRAWERS = new Set(['shared', 'utils', 'util', 'helpers', 'common', 'misc', 'lib'])

/** One sentence for each breach, sorted. */
export function habitBreachesOf(files: Sources): string[] {
  const breaches: string[] = []
  for (const [path, text] of files) {
    const drawer = path.split('/').find((part) => DRAWERS.has(part.replace(/(?:\.test)?\.ts$/, '')))
    if (drawer !== undefined) breaches.push(`${path}: "${drawer}" says nothing of what is inside`)
    for (const name of http2Clients(path, text)) breaches.push(`${path}: ${name} may speak HTTP/2; say allowH2: false`)
    if (path.endsWith('.test.ts')) {
      if (mocksModules(path, text)) breaches.push(`${path}: mocks a module; pass what differs as an argument`)
      continue
    }
    if (!saysWhatItPromises(text)) breaches.push(`${path}: does not start with a sentence that says what it promises`)
    if (isProgram(path)) continue
    for (const name of stateOf(path, text)) breaches.push(`${path}: holds state in the module, ${name}`)
  }
  return breaches.toSorted()
}

/** Run by itself, in a process of its own: its top level is its main function. */
const isProgram = (path: string): boolean => /^(?:bench|scripts)\//.test(path)

const saysWhatItPromises = (text: string): boolean => /^(?:#!.*\n)?\/\/ \S.{10,}/.test(text)

/** Names that the top level of a module lets change: `let`, and containers that begin empty. */
function stateOf(path: string, text: string): string[] {
  return parseSource(path, text)
    .map((statement) => (isNode(statement.declaration) ? statement.declaration : statement))
    .filter((statement) => statement.type === 'VariableDeclaration')
    .flatMap((statement) => {
      const declared = Array.isArray(statement.declarations) ? statement.declarations.filter(isNode) : []
      const changeable = (one: SyntaxNode): boolean => beginsEmpty(one.init) && !isReadonly(one, text)
      return declared.filter((one) => statement.kind !== 'const' || changeable(one)).map(nameOf)
    })
}

const nameOf = (declarator: SyntaxNode): string => (isNode(declarator.id) ? String(declarator.id.name) : 'unnamed')

/** const none: ReadonlyMap<…> = new Map() */
function isReadonly({ id }: SyntaxNode, text: string): boolean {
  const annotation = isNode(id) && isNode(id.typeAnnotation) ? id.typeAnnotation : null
  return annotation !== null && /^:\s*[Rr]eadonly/.test(text.slice(annotation.start, annotation.end))
}

function beginsEmpty(value: unknown): boolean {
  if (!isNode(value)) return false
  if (value.type === 'ArrayExpression') return Array.isArray(value.elements) && value.elements.length === 0
  if (value.type !== 'NewExpression') return false
  const container = ['Map', 'Set', 'WeakMap', 'WeakSet'].some((name) => isNamed(value.callee, name))
  return container && Array.isArray(value.arguments) && value.arguments.length === 0
}

/**
 * Undici offers HTTP/2 unless it is told not to, and its client there can be made to write without end by whom it speaks to
 * (docs/adr/0017-no-http2-outwards.md).
 */
const UNDICI_CLIENTS = new Set(['Agent', 'Client', 'Pool', 'BalancedPool', 'RoundRobinPool', 'buildConnector'])

function http2Clients(path: string, text: string): string[] {
  if (!text.includes("from 'undici'")) return []
  const found: string[] = []
  for (const statement of parseSource(path, text)) {
    walk(statement, (node) => {
      const name = isNode(node.callee) && node.callee.type === 'Identifier' ? String(node.callee.name) : ''
      if (name === 'H2CClient') found.push(name)
      if (
        path.startsWith('src/') &&
        UNDICI_CLIENTS.has(name) &&
        !text.slice(node.start, node.end).includes('allowH2: false')
      )
        found.push(name)
    })
  }
  return found
}

function mocksModules(path: string, text: string): boolean {
  let found = false
  for (const statement of parseSource(path, text)) {
    walk(statement, (node) => {
      if (node.type !== 'MemberExpression' || !isNamed(node.object, 'vi')) return
      found ||= ['mock', 'doMock', 'hoisted'].some((name) => isNamed(node.property, name))
    })
  }
  return found
}

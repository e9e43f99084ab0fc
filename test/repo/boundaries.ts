// The direction of dependencies: which layer may know which, and which packages; one table, checked over any set of files.

import {
  importsOf,
  isNamed,
  isNode,
  parseSource,
  resolveImport,
  walk,
  type Sources,
  type SyntaxNode,
} from './source-tree.ts'

type Layer = {
  readonly name: string
  /** a folder (ends in a slash: the whole of it) or single files */
  readonly holds: readonly string[]
  /** layers that it may import, itself included; 'adapter' is itself only within the same folder below `holds` */
  readonly knows: readonly string[]
  /** packages that it may import; '*' is any; a name that ends in a slash is a scope */
  readonly packages: readonly string[] | '*'
  readonly builtins: boolean
}

/** Rules of a layer hold for its tests too, except that tests may use any package, any builtin and test/. */
export const LAYERS: readonly Layer[] = [
  { name: 'core', holds: ['src/core/'], knows: ['core'], packages: [], builtins: false },
  { name: 'http', holds: ['src/http/'], knows: ['http'], packages: ['ws'], builtins: true },
  { name: 'gateway', holds: ['src/gateway/'], knows: ['gateway', 'core', 'http'], packages: [], builtins: true },
  {
    name: 'admin',
    holds: ['src/admin/'],
    knows: ['admin', 'core', 'http', 'reports'],
    packages: ['fastify', 'fastify-type-provider-zod', '@fastify/', 'zod'],
    builtins: true,
  },
  { name: 'reports', holds: ['src/reports/'], knows: ['reports', 'core'], packages: [], builtins: false },
  { name: 'jobs', holds: ['src/jobs/'], knows: ['jobs', 'core'], packages: [], builtins: true },
  {
    name: 'upstreams',
    holds: ['src/upstreams/'],
    knows: ['same adapter', 'calling', 'core', 'http'],
    packages: ['@aws-sdk/'],
    builtins: true,
  },
  {
    // what adapters of upstreams have in common, so that none needs another: connections, credentials, signatures
    name: 'calling',
    holds: ['src/calling/'],
    knows: ['calling', 'core', 'http'],
    packages: ['undici'],
    builtins: true,
  },
  {
    // the one place that runs code which the operator names: in threads of their own
    name: 'operator modules',
    holds: ['src/processors/module-link.ts', 'src/processors/module-worker.ts'],
    knows: ['operator modules', 'processors', 'core', 'http'],
    packages: '*',
    builtins: true,
  },
  {
    name: 'processors',
    holds: ['src/processors/'],
    knows: ['processors', 'operator modules', 'core', 'http'],
    packages: ['undici'],
    builtins: true,
  },
  {
    name: 'notifiers',
    holds: ['src/notifiers/'],
    knows: ['same adapter', 'core'],
    packages: ['undici', 'nodemailer', '@aws-sdk/client-sns'],
    builtins: true,
  },
  {
    name: 'stores',
    holds: ['src/stores/'],
    knows: ['same adapter', 'core'],
    packages: ['better-sqlite3', 'kysely'],
    builtins: true,
  },
  {
    name: 'archives',
    holds: ['src/archives/'],
    knows: ['archives', 'core'],
    packages: ['@aws-sdk/client-s3', '@aws-sdk/client-cloudwatch-logs', '@duckdb/node-api'],
    builtins: true,
  },
  { name: 'counters', holds: ['src/counters/'], knows: ['same adapter', 'core'], packages: [], builtins: true },
  { name: 'catalogue', holds: ['src/catalogue/'], knows: ['catalogue', 'core'], packages: [], builtins: true },
  { name: 'identity', holds: ['src/identity/'], knows: ['identity', 'core'], packages: ['jose'], builtins: true },
  {
    name: 'config',
    holds: [
      'src/config.ts',
      'src/config-checks.ts',
      'src/config-issuers.ts',
      'src/config-setting.ts',
      'src/settings/',
      'src/routers/',
    ],
    knows: ['config', 'core'],
    packages: ['yaml'],
    builtins: false,
  },
  {
    // what wiring joins with the rest and no other layer may reach: the snapshots, the secrets, the metrics of one process
    name: 'parts',
    holds: ['src/metrics.ts', 'src/secrets.ts', 'src/snapshots.ts'],
    knows: ['same adapter', 'core'],
    packages: ['prom-client', 'pino'],
    builtins: true,
  },
  {
    // the one place where the two planes stand beside each other: which path is whose
    name: 'application',
    holds: ['src/application.ts', 'src/http-faults.ts'],
    knows: ['core', 'http', 'gateway', 'admin', 'parts'],
    packages: [],
    builtins: true,
  },
  {
    name: 'wiring',
    holds: [
      'src/wiring.ts',
      'src/alerting.ts',
      'src/front.ts',
      'src/processing.ts',
      'src/guardrail-calls.ts',
      'src/control-plane.ts',
      'src/bookkeeping.ts',
      'src/closed-kinds.ts',
      'src/outbound.ts',
      'src/audited-jobs.ts',
      'src/recovery.ts',
      'src/router-file.ts',
      'src/ship-plans.ts',
      'src/ship-prices.ts',
      'src/data-upkeep.ts',
    ],
    knows: [
      'wiring',
      'application',
      'parts',
      'config',
      'core',
      'http',
      'gateway',
      'identity',
      'admin',
      'reports',
      'jobs',
      'archives',
      'upstreams',
      'calling',
      'processors',
      'notifiers',
      'stores',
      'counters',
      'catalogue',
    ],
    packages: '*',
    builtins: true,
  },
  {
    name: 'process',
    holds: ['src/main.ts', 'src/serve.ts', 'src/cli.ts', 'src/cli/', 'src/demo.ts', 'src/demo-traffic.ts', 'src/demo/'],
    knows: ['process', 'wiring', 'config', 'core', 'reports'],
    packages: '*',
    builtins: true,
  },
  { name: 'simulator', holds: ['simulator/'], knows: ['simulator'], packages: [], builtins: true },
  { name: 'bench', holds: ['bench/'], knows: ['*'], packages: '*', builtins: true },
  { name: 'test', holds: ['test/'], knows: ['*'], packages: '*', builtins: true },
  { name: 'scripts', holds: ['scripts/'], knows: ['*'], packages: '*', builtins: true },
]

/** One sentence for each breach, sorted; none: the rules hold. */
export function breachesOf(files: Sources): string[] {
  const breaches = new Set<string>()
  const edges = new Map<string, string[]>()
  for (const [path, text] of files) {
    const layer = layerOf(path)
    if (layer === undefined) {
      breaches.add(`${path}: belongs to no layer`)
      continue
    }
    const sources = importsOf(path, text)
    edges.set(path, targetsOf(path, sources))
    for (const source of sources) {
      const wrong = wrongImport(path, layer, source)
      if (wrong !== null) breaches.add(`${path}: ${wrong}`)
    }
    if (layer.name === 'core' && !isTest(path)) {
      for (const name of impurities(path, text)) breaches.add(`${path}: core is pure, and ${name} is not`)
    }
  }
  for (const cycle of cyclesIn(edges)) breaches.add(`import cycle: ${cycle}`)
  return [...breaches].toSorted()
}

const layerOf = (path: string): Layer | undefined =>
  LAYERS.find(({ holds }) =>
    holds.some((held) => path === held || testedFile(path) === held || path.startsWith(folder(held))),
  )

const folder = (held: string): string => (held.endsWith('/') ? held : '\n')

const isTest = (path: string): boolean => path.endsWith('.test.ts')

const testedFile = (path: string): string => path.replace(/\.test\.ts$/, '.ts')

const targetsOf = (path: string, sources: readonly (string | null)[]): string[] =>
  sources.flatMap((source) => (source === null ? [] : (resolveImport(path, source) ?? [])))

function wrongImport(path: string, layer: Layer, source: string | null): string | null {
  if (source === null) return layer.packages === '*' ? null : 'imports a computed name'
  const target = resolveImport(path, source)
  if (target !== null) return wrongTarget(path, layer, target)
  if (isTest(path)) return null
  if (source.startsWith('node:')) return layer.builtins ? null : `${layer.name} may not import ${source}`
  return mayUsePackage(layer, source) ? null : `${layer.name} may not import the package ${source}`
}

function mayUsePackage({ packages }: Layer, source: string): boolean {
  if (packages === '*') return true
  return packages.some(
    (allowed) => source === allowed || source.startsWith(allowed.endsWith('/') ? allowed : `${allowed}/`),
  )
}

function wrongTarget(path: string, layer: Layer, target: string): string | null {
  if (isTest(target)) return `imports a test, ${target}`
  if (layer.packages === '*' && /^[\w-]+\.json$/.test(target)) return null
  const known = layerOf(target)
  if (known === undefined) return `imports ${target}, which belongs to no layer`
  if (layer.knows.includes('*') || layer.knows.includes(known.name)) return null
  if (isTest(path) && known.name === 'test') return null
  if (known.name === layer.name)
    return sameAdapter(path, target, layer) ? null : `an adapter may not know another, ${target}`
  return `${layer.name} may not know ${known.name}: ${target}`
}

/** An adapter is a folder below the layer's own, such as src/upstreams/bedrock/, or the files beside those folders. */
const sameAdapter = (path: string, target: string, layer: Layer): boolean =>
  adapterOf(path, layer) === adapterOf(target, layer)

function adapterOf(path: string, { holds }: Layer): string {
  const base = holds.find((held) => path.startsWith(held))
  if (base === undefined) return testedFile(path)
  const [first = '', ...rest] = path.slice(base.length).split('/')
  return rest.length === 0 ? base : `${base}${first}/`
}

const IMPURE_MEMBERS = new Set(['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID'])
const IMPURE_NAMES = new Set(['process', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'console', 'crypto'])

/** Clock, randomness and I/O that need no import. */
function impurities(path: string, text: string): Set<string> {
  const found = new Set<string>()
  for (const statement of parseSource(path, text)) {
    walk(statement, (node) => {
      const name = impurityOf(node)
      if (name !== null) found.add(name)
    })
  }
  return found
}

function impurityOf(node: SyntaxNode): string | null {
  switch (node.type) {
    case 'MemberExpression':
      return impureMember(node)
    case 'NewExpression':
      return isNamed(node.callee, 'Date') && isEmpty(node.arguments) ? 'new Date()' : null
    case 'CallExpression':
      return impureName(node.callee) ?? (isNamed(node.callee, 'Date') ? 'Date()' : null)
    default:
      return null
  }
}

function impureMember({ object, property }: SyntaxNode): string | null {
  if (!isNode(object) || object.type !== 'Identifier') return null
  const member = isNode(property) ? `${String(object.name)}.${String(property.name)}` : ''
  return IMPURE_MEMBERS.has(member) ? member : impureName(object)
}

function impureName(node: unknown): string | null {
  const name = isNode(node) && node.type === 'Identifier' ? String(node.name) : ''
  return IMPURE_NAMES.has(name) ? name : null
}

const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0

/** Each cycle once, from its alphabetically first file. */
function cyclesIn(edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const cycles = new Set<string>()
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    const seenAt = way.indexOf(path)
    if (seenAt >= 0) {
      cycles.add(inOrder(way.slice(seenAt)).join(' → '))
      return
    }
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...way, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return cycles
}

function inOrder(cycle: readonly string[]): string[] {
  const first = cycle.indexOf(cycle.toSorted()[0] ?? '')
  return [...cycle.slice(first), ...cycle.slice(0, first)]
}

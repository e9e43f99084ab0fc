// wb budget status: how far each budget is used, as bars, along the tree of tenants.

import { parsePicoUsd } from '../core/money.ts'
import { segment, type AdminClient, type Json } from './client.ts'
import { command, flag, shown, text, type Group } from './command.ts'
import { usage } from './failure.ts'
import { allPages, rowsOf } from './pages.ts'
import { tableOf } from './table.ts'
import { treeOf } from './tree.ts'

export const budget: Group = {
  words: 'Budgets: how much of them is gone.',
  commands: {
    status: command({
      words: 'Every budget along the tree of tenants: used, held by running calls, left, and when it begins anew.',
      options: {
        tenant: text('tenant id', 'only this tenant and those below it'),
        all: flag('limits of calls and tokens too'),
        plain: flag('bars of plain ASCII, as they are where the output is no terminal'),
      },
      async run({ admin, now, terminal }, { options }) {
        const lines = await linesOf(admin(), options.tenant)
        const wanted = lines.filter(({ row }) => options.all || row.kind === 'cost')
        const budgets = wanted.map(({ row }) => ({ ...row, percent: percentOf(row) }))
        return shown({ budgets }, statusTable(wanted, now(), terminal && !options.plain ? BLOCKS : ASCII))
      },
    }),
  },
}

type Line = { readonly depth: number; readonly row: Json }

/** Limits of each tenant's own and of its plan; those above it stand at their own tenants. */
async function linesOf(admin: AdminClient, tenantId: string | undefined): Promise<readonly Line[]> {
  const nodes = below(treeOf(await allPages(admin, 'tenants', 'tenants')), tenantId)
  const lines: Line[] = []
  for (const { node, depth } of nodes) {
    const { limits } = await admin.ask('GET', `limits/${segment(String(node.id))}`)
    const own = rowsOf(limits).filter((row) => row.tenant_id === node.id)
    lines.push(...own.map((row) => ({ depth, row })))
  }
  return lines
}

type Nodes = ReturnType<typeof treeOf>

/** One node and what follows it deeper down. */
function below(nodes: Nodes, tenantId: string | undefined): Nodes {
  if (tenantId === undefined) return nodes
  const start = nodes.findIndex(({ node }) => node.id === tenantId)
  const first = nodes[start]
  if (first === undefined) throw usage(`There is no tenant ${tenantId}.`)
  const length = nodes.slice(start + 1).findIndex(({ depth }) => depth <= first.depth)
  const found = length === -1 ? nodes.slice(start) : nodes.slice(start, start + 1 + length)
  return found.map(({ node, depth }) => ({ node, depth: depth - first.depth }))
}

type Signs = { readonly used: string; readonly held: string; readonly left: string }

const BLOCKS: Signs = { used: '\u2588', held: '\u2592', left: '\u2591' }
const ASCII: Signs = { used: '#', held: '+', left: '.' }

function statusTable(lines: readonly Line[], now: number, signs: Signs): string {
  if (lines.length === 0) return 'No budget is set.\n'
  const titles = ['tenant', 'limit', 'mode', 'amount', 'used', 'held', 'left', '%', 'status', 'resets in']
  const numeric = ['amount', 'used', 'held', 'left', '%']
  return tableOf(
    titles.map((title) => ({ title, numeric: numeric.includes(title) })),
    lines.map(({ depth, row }, at) => [
      nameOf(row, depth, lines[at - 1]),
      limitOf(row),
      row.mode,
      row.amount_now ?? row.amount,
      row.used,
      row.held,
      row.left,
      percentOf(row),
      barOf(row, signs),
      untilText(row.resets_at, now),
    ]),
  )
}

/** Said once for all limits of a tenant. */
const nameOf = (row: Json, depth: number, before: Line | undefined): string =>
  before?.row.tenant_id === row.tenant_id ? '' : `${'  '.repeat(depth)}${String(row.tenant_id)}`

function limitOf({ kind, per, split, key_id, source }: Json): string {
  const period = kind === 'concurrency' ? 'at once' : typeof per === 'string' ? `per ${per}` : 'in total'
  const whose = typeof key_id === 'string' ? ` of key ${key_id}` : source === 'plan' ? ' (plan)' : ''
  return `${String(kind)} ${period}${typeof split === 'string' ? ` for "${split}"` : ''}${whose}`
}

/** In the smallest unit of its kind. Null: it is not counted. */
function amountOf(value: unknown): bigint | null {
  if (typeof value === 'string') return parsePicoUsd(value)
  return typeof value === 'number' ? BigInt(value) : null
}

type Measured = { readonly amount: bigint; readonly used: bigint; readonly held: bigint }

function measured(row: Json): Measured | null {
  const [amount, used, held] = [row.amount_now ?? row.amount, row.used, row.held].map(amountOf)
  if (typeof amount !== 'bigint' || typeof used !== 'bigint' || typeof held !== 'bigint') return null
  return { amount, used, held }
}

/** Used and held together, in whole percent, rounded down: 100 only when nothing is left. */
function percentOf(row: Json): number | null {
  const found = measured(row)
  if (found === null) return null
  return Number(part(found.used + found.held, found.amount, 100n))
}

/** Of a limit of nothing everything is gone. */
const part = (value: bigint, whole: bigint, steps: bigint): bigint => (whole === 0n ? steps : (value * steps) / whole)

const BAR_STEPS = 20n

function barOf(row: Json, signs: Signs): string {
  const found = measured(row)
  if (found === null) return ''
  const upTo = (value: bigint): number => {
    const steps = part(value, found.amount, BAR_STEPS)
    return Number(steps > BAR_STEPS ? BAR_STEPS : steps)
  }
  const [used, gone] = [upTo(found.used), upTo(found.used + found.held)]
  return signs.used.repeat(used) + signs.held.repeat(gone - used) + signs.left.repeat(Number(BAR_STEPS) - gone)
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** The two largest units: "3 d 4 h", "12 min 30 s". */
function untilText(resetsAt: unknown, now: number): string {
  if (typeof resetsAt !== 'string') return '-'
  let rest = Math.max(0, Date.parse(resetsAt) - now)
  const parts: string[] = []
  for (const [unit, milliseconds] of UNITS) {
    const count = Math.floor(rest / milliseconds)
    rest -= count * milliseconds
    if (count > 0 || parts.length > 0) parts.push(`${count} ${unit}`)
    if (parts.length === 2) break
  }
  return parts.length === 0 ? '0 s' : parts.join(' ')
}

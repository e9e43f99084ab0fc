// wb audit …: who changed what, all of it as it stands, and the proof that nobody touched it.

import { hash } from 'node:crypto'
import { auditJson, walkAudit, type AuditRow, type AuditWalk } from '../core/audit.ts'
import type { Json } from './client.ts'
import { command, shown, text, type Context, type Group } from './command.ts'
import { usage } from './failure.ts'
import { rowsOf } from './pages.ts'
import { cellText, tableOf } from './table.ts'

const USUAL_ROWS = '20'
const SHOWN_PROBLEMS = 20

const FILTERS = {
  from: text('time', 'what was written then or later'),
  to: text('time', 'what was written before'),
  resource: text('resource', 'only this kind of thing: tenant, api_key, plan, price_version, ledger, rollups'),
  tenant: text('tenant id', "only what is this tenant's"),
  actor: text('actor', 'only this kind of actor, or this one: admin_token, admin_token:0123abcd'),
  outcome: text('outcome', 'changed, refused, started, finished or failed'),
} as const

export const audit: Group = {
  words: 'The audit trail: every change of the control plane, and every refused one.',
  commands: {
    list: command({
      words: 'Rows, newest first.',
      options: {
        ...FILTERS,
        limit: text('number', `how many, up to 1000; ${USUAL_ROWS} when left out`),
        cursor: text('cursor', 'go on where an earlier list ended'),
      },
      async run({ admin }, { options }) {
        const answer = await admin().ask('GET', 'audit', {
          query: { ...options, limit: options.limit ?? USUAL_ROWS },
        })
        return shown(answer, `${rowTable(rowsOf(answer.rows))}${footOf(answer)}`)
      },
    }),
    export: command({
      words: 'All rows, oldest first, one JSON object in each line, for a file or a pipe.',
      options: FILTERS,
      silent: true,
      async run({ admin, write }, { options }) {
        for await (const line of admin().lines('audit', { ...options, format: 'ndjson' })) write(`${line}\n`)
        return { kind: 'done', exitCode: 0 }
      },
    }),
    verify: command({
      words: 'Walks the chain and says where it is broken; exits with 1 when it is.',
      options: {
        'expect-head': text('hash', 'a head noted earlier, that must still be in the chain'),
        file: text('path', 'an export, instead of the trail of the running gateway'),
      },
      async run(context, { options }) {
        const expectHead = options['expect-head'] ?? null
        if (expectHead !== null && !/^[0-9a-f]{64}$/.test(expectHead))
          throw usage('--expect-head must be a hash of 64 hexadecimal digits.')
        const walk = walkAudit((content) => hash('sha256', content, 'hex'), { expectHead })
        const problems = await problemsOf(walk, linesOf(context, options.file))
        const { sequence, hash: head } = walk.head
        const answer = { ok: problems.length === 0, rows: sequence, head, problems }
        return shown(answer, verified(answer), answer.ok ? 0 : 1)
      },
    }),
  },
}

function rowTable(rows: readonly Json[]): string {
  return tableOf(
    ['row', 'at', 'actor', 'from', 'outcome', 'action', 'resource', 'id', 'reason'].map((title) => ({
      title,
      numeric: title === 'row',
    })),
    rows.map((row) => [
      row.sequence,
      row.at,
      actorText(row.actor as Json),
      row.remote_address,
      row.outcome,
      row.action,
      row.resource,
      row.resource_id,
      row.reason,
    ]),
  )
}

const actorText = ({ kind, id }: Json): string => `${String(kind)}${typeof id === 'string' ? `:${id}` : ''}`

function footOf({ next_cursor, head }: Json): string {
  const more = typeof next_cursor === 'string' ? `\nThere are more: --cursor ${next_cursor}\n` : ''
  return `\nHead: ${String((head as Json).hash)}\n${more}`
}

async function* linesOf({ admin, readFile }: Context, file: string | undefined): AsyncIterable<string> {
  if (file === undefined) yield* admin().lines('audit', { format: 'ndjson' })
  else yield* readFile(file).toString('utf8').split('\n')
}

async function problemsOf(walk: AuditWalk, lines: AsyncIterable<string>): Promise<string[]> {
  const problems: string[] = []
  for await (const line of lines) {
    if (line === '') continue
    const row = rowFromLine(line)
    const found = row === null ? [`a line is no row of an audit trail: ${cellText(line.slice(0, 80))}`] : walk.add(row)
    problems.push(...found.slice(0, SHOWN_PROBLEMS - problems.length))
  }
  return [...problems, ...walk.end()]
}

/** Null: it is none. What is hashed is the canonical text of before and after, which follows from their JSON. */
function rowFromLine(line: string): AuditRow | null {
  try {
    const { at, before, after, ...row } = JSON.parse(line) as Json & { at: string }
    if (typeof row.sequence !== 'number') return null
    const named = Object.entries(row).map(([name, value]) => [camelCased(name), value])
    const canonical = (value: unknown): string | null => (value === null ? null : auditJson(value))
    return {
      ...(Object.fromEntries(named) as Omit<AuditRow, 'at' | 'before' | 'after'>),
      at: Date.parse(at),
      before: canonical(before),
      after: canonical(after),
    }
  } catch {
    return null
  }
}

const camelCased = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

function verified(answer: { ok: boolean; rows: number; head: string; problems: readonly string[] }): string {
  const said = answer.ok
    ? `The chain is whole: ${answer.rows} rows.\n`
    : `The chain is broken:\n${answer.problems.map((problem) => `  ${problem}\n`).join('')}`
  return `${said}Head: ${answer.head}\nNote the head outside of this machine; --expect-head proves later that no row up to it was taken away.\n`
}

// wb report …: one command for each descriptor of the table of reports.

import { REPORTS } from '../reports/index.ts'
import type { Report } from '../reports/descriptor.ts'
import type { Json } from './client.ts'
import { command, shown, text, type Command, type Group, type Option } from './command.ts'
import { usage } from './failure.ts'
import { rowsOf } from './pages.ts'
import { tableOf } from './table.ts'

export const report: Group = {
  words: 'Reports: what was used and what it cost.',
  commands: Object.fromEntries(REPORTS.map((one) => [one.name, commandOf(one)])),
}

function commandOf({ name, words, parameters }: Report): Command {
  const asked = Object.entries(parameters).map(([parameter, { form, words: meaning }]): [string, Option] => [
    optionOf(parameter),
    text(form, meaning),
  ])
  const options: Readonly<Record<string, Option>> = {
    ...Object.fromEntries(asked),
    format: text('table|csv', 'how to print it; a table when left out'),
  }
  return command({
    words,
    options,
    async run({ admin }, given) {
      const values = given.options as Readonly<Record<string, string | undefined>>
      const query = Object.fromEntries(
        Object.keys(parameters).map((parameter) => [parameter, values[optionOf(parameter)]]),
      )
      const { format = 'table' } = values
      if (format === 'csv') return { kind: 'text', text: await admin().text(`reports/${name}`, { ...query, format }) }
      if (format !== 'table') throw usage('--format must be table or csv; --json prints JSON.')
      const answer = await admin().ask('GET', `reports/${name}`, { query })
      return shown(answer, humanTable(answer))
    },
  })
}

function optionOf(parameter: string): string {
  return parameter.replaceAll('_', '-')
}

/** Columns that say nothing in any row are left out for people; an unknown cost does say something. */
function humanTable({ columns, rows, from, to }: Json): string {
  const all = rowsOf(rows)
  const period = `${String(from)} to ${String(to)}`
  if (all.length === 0) return `Nothing from ${period}.\n`
  const names = (Array.isArray(columns) ? columns.map(String) : []).filter(
    (name) => isCost(name) || all.some((row) => row[name] !== null),
  )
  const table = tableOf(
    names.map((title) => ({ title, numeric: isCost(title) || all.every((row) => typeof row[title] !== 'string') })),
    all.map((row) => names.map((name) => row[name] ?? (isCost(name) ? 'unknown' : null))),
  )
  return `${period}\n\n${table}`
}

const isCost = (name: string): boolean => /(?:^|_)cost(?:_usd)?$/.test(name)

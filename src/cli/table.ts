// Plain tables for people: aligned, numbers to the right, nothing that could steer a terminal.

export type TableColumn = { readonly title: string; readonly numeric?: boolean }

export function tableOf(columns: readonly TableColumn[], rows: readonly (readonly unknown[])[]): string {
  const texts = rows.map((row) => row.map(cellText))
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...texts.map((row) => (row[at] ?? '').length)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) =>
        columns[at]?.numeric === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const head = line(columns.map(({ title }) => title))
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return `${[head, rule, ...texts.map(line)].join('\n')}\n`
}

/** One "name  value" line for each member. */
export function recordOf(record: Readonly<Record<string, unknown>>): string {
  const width = Math.max(...Object.keys(record).map((name) => name.length))
  const lines = Object.entries(record).map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}`.trimEnd())
  return `${lines.join('\n')}\n`
}

export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'string') return value.replaceAll(/\p{Cc}|\p{Cs}/gu, '?')
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return cellText(value.join(', '))
  return typeof value === 'object' ? cellText(JSON.stringify(value)) : `${value as number | boolean}`
}

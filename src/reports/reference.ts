// The reference page of the reports, made from their descriptors.

import type { ColumnKind } from './descriptor.ts'
import { REPORTS } from './index.ts'

export function describeReports(): string {
  const parts = REPORTS.map(({ name, words, parameters, columns }) =>
    [
      `## ${name}`,
      '',
      words,
      '',
      '| Asked | Form | What it does |',
      '|---|---|---|',
      ...Object.entries(parameters).map(
        ([asked, { form, words: meaning }]) => `| \`${asked}\` | ${form} | ${meaning} |`,
      ),
      '',
      `| Column${'group_by' in parameters ? ', after those grouped by' : ''} | Holds |`,
      '|---|---|',
      ...columns.map(({ name: column, kind }) => `| \`${column}\` | ${KIND_WORDS[kind]} |`),
      '',
    ].join('\n'),
  )
  return `${HEAD}\n${parts.join('\n')}`
}

const KIND_WORDS: Readonly<Record<ColumnKind, string>> = {
  text: 'text',
  count: 'a whole number',
  usd: 'USD, an exact decimal; empty (JSON: null): unknown',
}

const HEAD = `# Reports

<!-- Made from the code by \`npm run docs\`; edit the table there. -->

Every report is a route (\`GET /admin/v1/reports/<name>\`), the same as CSV (\`format=csv\`), and a command
(\`npm run wb -- report <name>\`). Reports read the hourly rollups, which follow from the ledger; days and months are UTC. What is not
known is empty, never 0: a cost without a price, a usage that nobody said. CSV is quoted as in RFC 4180, its lines end with a line
feed, and a text that a spreadsheet would run as a formula begins with an apostrophe.
`

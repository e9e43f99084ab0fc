// The reports, each a route of its own that follows from its descriptor; as JSON or CSV.

import { z } from 'zod'
import { csvOf } from '../reports/csv.ts'
import { ReportProblem, type Report } from '../reports/descriptor.ts'
import { REPORTS } from '../reports/index.ts'
import { jsonOf } from '../reports/json.ts'
import { invalid } from './errors.ts'
import { Csv, operation, type Operation } from './operation.ts'

const reportReply = z.object({
  report: z.string(),
  from: z.string(),
  to: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
})

export const listReports = operation({
  words: 'Which reports there are, and what they can be asked.',
  reply: z.object({
    reports: z.array(
      z.object({
        name: z.string(),
        words: z.string(),
        parameters: z.array(z.object({ name: z.string(), form: z.string(), words: z.string() })),
      }),
    ),
  }),
  run: async () => ({
    reports: REPORTS.map(({ name, words, parameters }) => ({
      name,
      words,
      parameters: Object.entries(parameters).map(([parameter, { form, words: meaning }]) => ({
        name: parameter,
        form,
        words: meaning,
      })),
    })),
  }),
})

export const reportOperation = (report: Report): Operation =>
  operation({
    words: report.words,
    query: z.strictObject({
      ...Object.fromEntries(
        Object.entries(report.parameters).map(([name, { form, words }]) => [
          name,
          z
            .string()
            .max(4_096)
            .optional()
            .meta({ description: `${form}: ${words}` }),
        ]),
      ),
      format: z.enum(['json', 'csv']).default('json'),
    }),
    reply: reportReply,
    alsoAs: 'text/csv',
    async run({ deps, scope, query: { format, ...asked } }) {
      const dependencies = { rollups: deps.rollups, scope, now: deps.now(), lifecycleOf: deps.lifecycleOf }
      const table = await report.run(dependencies, asked as Record<string, string | undefined>).catch(refuse)
      if (format === 'csv') return new Csv(csvOf(table), `${report.name}.csv`)
      return jsonOf(report, table)
    },
  })

function refuse(thrown: unknown): never {
  if (thrown instanceof ReportProblem) throw invalid(thrown.field, thrown.message)
  throw thrown
}

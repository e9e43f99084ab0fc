// A report is a descriptor: its route, its CSV, its command and its documentation all follow from it.

import { parseInstant } from '../core/price-book.ts'
import type { RollupStore } from '../core/rollup.ts'
import type { ModelLifecycle } from '../core/model.ts'
import { TENANT_ID_PATTERN, type TenantScope } from '../core/tenant.ts'

export type ReportDependencies = {
  readonly rollups: RollupStore
  readonly scope: TenantScope
  /** milliseconds since the epoch */
  readonly now: number
  /** null: nothing is known of the model */
  readonly lifecycleOf: (baseModel: string) => ModelLifecycle | null
}

/** One thing that can be asked. `parse` throws RangeError with what the text must be. */
export type Parameter<Value> = {
  readonly words: string
  /** how it is written, for help: "YYYY-MM-DD" */
  readonly form: string
  readonly parse: (text: string) => Value
}

/** `usd` cells are pico-USD; null is unknown. */
export type ColumnKind = 'text' | 'count' | 'usd'
export type Column = { readonly name: string; readonly kind: ColumnKind }
export type Cell = string | bigint | null
export type Row = Readonly<Record<string, Cell>>

export type ReportTable = {
  /** the period that the rows are of, in milliseconds since the epoch; half-open */
  readonly from: number
  readonly to: number
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
}

/** A report with the types of its parameters forgotten. */
export type Report = {
  readonly name: string
  readonly words: string
  readonly parameters: Readonly<Record<string, Parameter<unknown>>>
  /** those that every table of it has; where it can be grouped, they follow the groups */
  readonly columns: readonly Column[]
  /** `asked` by parameter name. Throws ReportProblem. */
  readonly run: (
    dependencies: ReportDependencies,
    asked: Readonly<Record<string, string | undefined>>,
  ) => Promise<ReportTable>
}

/** What was asked cannot be answered; `field` names the parameter. */
export class ReportProblem extends Error {
  readonly field: string
  constructor(field: string, message: string) {
    super(message)
    this.name = 'ReportProblem'
    this.field = field
  }
}

type Parameters = Readonly<Record<string, Parameter<unknown>>>
type Values<Asked extends Parameters> = {
  readonly [Name in keyof Asked]: (Asked[Name] extends Parameter<infer Value> ? Value : never) | null
}

export function report<Asked extends Parameters>(descriptor: {
  readonly name: string
  readonly words: string
  readonly parameters: Asked
  readonly columns: readonly Column[]
  /** a parameter that was not given is null */
  readonly run: (dependencies: ReportDependencies, asked: Values<Asked>) => Promise<ReportTable>
}): Report {
  const { name, words, parameters, columns } = descriptor
  return {
    name,
    words,
    parameters,
    columns,
    run: async (dependencies, asked) => descriptor.run(dependencies, readAsked(parameters, asked)),
  }
}

function readAsked<Asked extends Parameters>(
  parameters: Asked,
  asked: Readonly<Record<string, string | undefined>>,
): Values<Asked> {
  for (const name of Object.keys(asked)) {
    if (!Object.hasOwn(parameters, name)) throw new ReportProblem(name, `${name} is not a parameter of this report.`)
  }
  const values = Object.entries(parameters).map(([name, { parse }]) => {
    const text = asked[name]
    if (text === undefined) return [name, null]
    try {
      return [name, parse(text)]
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown
      throw new ReportProblem(name, `${name} ${thrown.message}.`)
    }
  })
  return Object.fromEntries(values) as Values<Asked>
}

/** A day in UTC, as its first millisecond. */
export const day = (words: string): Parameter<number> => ({
  words,
  form: 'YYYY-MM-DD',
  parse(text) {
    const start = /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseInstant(text) : null
    if (start === null) throw new RangeError('must be a day such as 2026-11-20')
    return start
  },
})

export const time = (words: string): Parameter<number> => ({
  words,
  form: 'YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ',
  parse(text) {
    const at = parseInstant(text)
    if (at === null) throw new RangeError('must be an ISO 8601 UTC date or time: 2026-11-20, 2026-11-20T12:00:00Z')
    return at
  },
})

export const tenant = (words: string): Parameter<string> => ({
  words,
  form: 'tenant id',
  parse(text) {
    if (!TENANT_ID_PATTERN.test(text)) throw new RangeError('must be a tenant id')
    return text
  },
})

export const model = (words: string): Parameter<string> => ({
  words,
  form: 'model id as called',
  parse(text) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,2047}$/.test(text)) throw new RangeError('must be a model id')
    return text
  },
})

/** Some of a closed set, separated by commas, each at most once. */
export const some = <Choice extends string>(
  choices: readonly Choice[],
  words: string,
): Parameter<readonly Choice[]> => ({
  words,
  form: `some of ${choices.join(', ')}; separated by commas`,
  parse(text) {
    const asked = text.split(',').map((name) => choices.find((choice) => choice === name.trim()))
    const known = asked.filter((choice) => choice !== undefined)
    if (known.length !== asked.length)
      throw new RangeError(`must be some of ${choices.join(', ')}, separated by commas`)
    if (new Set(known).size !== known.length) throw new RangeError('must name each only once')
    return known
  },
})

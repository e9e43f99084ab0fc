// Rollups in SQL: grouped by the database, hour ranges in bounded slices, summed across slices with big integers.

import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { picoUsd } from '../../core/money.ts'
import { emptySums, foldSums, ROLLUP_KEYS } from '../../core/rollup.ts'
import type { RollupKey, RollupQuestion, RollupStore, RollupSums } from '../../core/rollup.ts'
import type { TenantScope } from '../../core/tenant.ts'
import { DIMENSION_NAMES } from '../../core/usage.ts'
import { KEY_COLUMN } from './ledger-rows.ts'
import type { Schema } from './schema.ts'

const PICO_IN_USD = 1_000_000_000_000n
const DAY_MILLISECONDS = 86_400_000n
/** Buckets summed in one query: some milliseconds of the store's thread. */
const SLICE_BUCKETS = 5_000

export function createRollupStore(database: Kysely<Schema>, rebuild: RollupStore['rebuild']): RollupStore {
  return {
    async query(scope, question) {
      const groups = new Map<string, { group: Record<string, string>; sums: RollupSums }>()
      if (scope.kind === 'all' || scope.tenantIds.length > 0) {
        for await (const range of slices(database, question)) {
          for (const row of await sumRange(database, scope, question, range)) addRow(groups, question, row)
        }
      }
      return [...groups.values()]
        .sort((left, right) => compareGroups(question, left.group, right.group))
        .map(({ group, sums }) => ({
          group,
          ...sums,
          calls: BigInt(sums.calls),
          unpricedCalls: BigInt(sums.unpricedCalls),
          estimatedCalls: BigInt(sums.estimatedCalls),
        }))
    },
    rebuild,
  }
}

type Range = { readonly from: bigint; readonly to: bigint }
type SumRow = Record<string, bigint | string | null>

/** Cuts the question's time into ranges of whole hours with a bounded number of buckets. */
async function* slices(database: Kysely<Schema>, question: RollupQuestion): AsyncIterable<Range> {
  const to = BigInt(Math.ceil(question.to))
  let from = BigInt(Math.ceil(question.from))
  while (from < to) {
    const boundary = await database
      .selectFrom('rollups')
      .select('hour')
      .where('hour', '>=', from)
      .where('hour', '<', to)
      .orderBy('hour')
      .offset(SLICE_BUCKETS)
      .limit(1)
      .executeTakeFirst()
    const end = boundary === undefined ? to : boundary.hour > from ? boundary.hour : boundary.hour + 1n
    yield { from, to: end }
    from = end
  }
}

async function sumRange(
  database: Kysely<Schema>,
  scope: TenantScope,
  question: RollupQuestion,
  range: Range,
): Promise<readonly SumRow[]> {
  const keys = keyColumns(question)
  const time = timeExpression(question)
  const sums = ['calls', 'unpriced_calls', 'estimated_calls', ...MONEY_COLUMNS, ...DIMENSION_NAMES] as const
  const groups = [...keys, ...(time === null ? [] : [time])]
  const query = database
    .selectFrom('rollups')
    .innerJoin('rollup_keys', 'rollup_keys.id', 'rollups.rollup_key_id')
    .where('hour', '>=', range.from)
    .where('hour', '<', range.to)
    .$if(scope.kind === 'tenants', (asked) =>
      asked.where('tenant_id', 'in', scope.kind === 'tenants' ? [...scope.tenantIds] : []),
    )
    .$if(question.tenantId !== undefined, (asked) => asked.where('tenant_id', '=', question.tenantId as string))
    .$if(question.modelId !== undefined, (asked) => asked.where('model_id', '=', question.modelId as string))
    .select((select) => [
      ...keys.map((column) => select.ref(column).as(column)),
      ...(time === null ? [] : [time.as('time')]),
      ...sums.map((column) => select.fn.sum(column).as(column)),
    ])
    .$if(groups.length > 0, (asked) => asked.groupBy(groups))
  const rows = (await query.execute()) as unknown as SumRow[]
  // without groups SQL answers one row of nulls when there is nothing
  return rows.filter((row) => row['calls'] !== null)
}

const MONEY_COLUMNS = ['input_cost_usd', 'input_cost_pico', 'output_cost_usd', 'output_cost_pico'] as const

const keyColumns = (question: RollupQuestion) =>
  question.groupBy
    .filter((name): name is RollupKey => ROLLUP_KEYS.includes(name as RollupKey))
    .map((name) => KEY_COLUMN[name])

/** The finest time asked for; days also serve months, which are no multiple of anything. */
function timeExpression(question: RollupQuestion) {
  if (question.groupBy.includes('hour')) return sql<bigint>`rollups.hour`
  if (question.groupBy.includes('day') || question.groupBy.includes('month')) {
    return sql<bigint>`rollups.hour - rollups.hour % ${sql.lit(DAY_MILLISECONDS)}`
  }
  return null
}

function addRow(
  groups: Map<string, { group: Record<string, string>; sums: RollupSums }>,
  question: RollupQuestion,
  row: SumRow,
): void {
  const group: Record<string, string> = {}
  for (const name of question.groupBy) {
    group[name] = isTimeGroup(name) ? timeText(name, row['time'] as bigint) : String(row[KEY_COLUMN[name]])
  }
  const id = JSON.stringify(question.groupBy.map((name) => group[name]))
  const found = groups.get(id) ?? { group, sums: emptySums() }
  groups.set(id, found)
  foldSums(found.sums, sumsFromRow(row))
}

const isTimeGroup = (name: string): name is 'hour' | 'day' | 'month' =>
  name === 'hour' || name === 'day' || name === 'month'

/** 2026-11-20T12:00:00Z, 2026-11-20 or 2026-11 */
function timeText(name: 'hour' | 'day' | 'month', time: bigint): string {
  const iso = new Date(Number(time)).toISOString()
  return name === 'hour' ? `${iso.slice(0, 19)}Z` : iso.slice(0, name === 'day' ? 10 : 7)
}

const sumsFromRow = (row: SumRow): RollupSums => {
  const number = (name: string): bigint => BigInt(row[name] ?? 0n)
  return {
    calls: Number(number('calls')),
    unpricedCalls: Number(number('unpriced_calls')),
    estimatedCalls: Number(number('estimated_calls')),
    inputCost: picoUsd(number('input_cost_usd') * PICO_IN_USD + number('input_cost_pico')),
    outputCost: picoUsd(number('output_cost_usd') * PICO_IN_USD + number('output_cost_pico')),
    quantities: Object.fromEntries(
      DIMENSION_NAMES.filter((name) => row[name] !== null).map((name) => [name, number(name)]),
    ),
  }
}

function compareGroups(
  question: RollupQuestion,
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): number {
  for (const name of question.groupBy) {
    const [first, second] = [left[name] ?? '', right[name] ?? '']
    if (first !== second) return first < second ? -1 : 1
  }
  return 0
}

// The reports: their rows, their sums, their CSV.

import { describe, expect, it } from 'vitest'
import type { LedgerEntry } from '../core/ledger.ts'
import type { ModelLifecycle } from '../core/model.ts'
import { parsePicoUsd, picoUsd } from '../core/money.ts'
import { ALL_TENANTS, type TenantScope } from '../core/tenant.ts'
import { entry } from '../../test/fakes/admin.ts'
import { fakeStores } from '../../test/fakes/stores.ts'
import { csvOf } from './csv.ts'
import type { Report } from './descriptor.ts'
import { daily } from './daily.ts'
import { REPORTS } from './index.ts'
import { jsonOf } from './json.ts'
import { lifecycle } from './lifecycle.ts'
import { spend } from './spend.ts'
import { unpriced } from './unpriced.ts'

const NOON = Date.UTC(2024, 6, 1, 12)
const NOW = Date.UTC(2024, 6, 2, 9)

const LIFECYCLES: Readonly<Record<string, ModelLifecycle>> = {
  'a.old': { status: 'legacy', endOfLifeOn: '2027-03-01' },
  'a.gone': { status: 'retired', endOfLifeOn: null },
  'a.new': { status: 'active', endOfLifeOn: null },
}

type Asked = Readonly<Record<string, string | undefined>>

async function run(
  report: Report,
  entries: readonly LedgerEntry[],
  asked: Asked = {},
  scope: TenantScope = ALL_TENANTS,
) {
  const { ledger, rollups } = fakeStores()
  for (const [index, one] of entries.entries()) await ledger.append({ ...one, requestId: `request-${index}` })
  return report.run({ rollups, scope, now: NOW, lifecycleOf: (baseModel) => LIFECYCLES[baseModel] ?? null }, asked)
}

const call = (changed: Partial<LedgerEntry> & { input?: string; output?: string } = {}): LedgerEntry => {
  const { input = '0.003', output = '0.0075', ...rest } = changed
  const inputCost = parsePicoUsd(input)
  return entry({
    startedAt: NOON,
    endedAt: NOON,
    inputCost,
    cost: picoUsd(inputCost + parsePicoUsd(output)),
    ...rest,
  })
}

const UNPRICED = { cost: null, inputCost: null, priceVersion: null } as const
const HEADER = 'team_id,model_id,input_tokens,output_tokens,input_cost,output_cost,invocations,date'

describe('daily', () => {
  const csvFor = async (entries: readonly LedgerEntry[], asked: Asked = { date: '2024-07-01' }, scope = ALL_TENANTS) =>
    csvOf(await run(daily, entries, asked, scope))

  it('adds two calls of one tenant and model up, exactly', async () => {
    const usage = (input_tokens: number, output_tokens: number) => ({
      quantities: { input_tokens, output_tokens },
      estimated: false,
    })
    const calls = [
      call({ tenantId: 't1', modelId: 'm', usage: usage(24_000, 2_473), input: '0.0072', output: '0.0009892' }),
      call({ tenantId: 't1', modelId: 'm', usage: usage(10, 5), input: '0.000003', output: '0.000002' }),
    ]
    expect(await csvFor(calls)).toBe(`${HEADER}\nt1,m,24010,2478,0.007203,0.0009912,2,2024-07-01\n`)
  })

  it('has one row for each tenant and model id as called, sorted by them', async () => {
    const calls = [
      call({ tenantId: 'b', modelId: 'us.m' }),
      call({ tenantId: 'a', modelId: 'z' }),
      call({ tenantId: 'b', modelId: 'm' }),
      call({ tenantId: 'B', modelId: 'm' }),
    ]
    const table = await run(daily, calls, { date: '2024-07-01' })
    expect(table.rows.map((row) => [row['team_id'], row['model_id']])).toEqual([
      ['B', 'm'],
      ['a', 'z'],
      ['b', 'm'],
      ['b', 'us.m'],
    ])
  })

  it('counts every input-side token as input, and only those', async () => {
    const quantities = {
      input_tokens: 1,
      cache_read_tokens: 10,
      cache_write_5m_tokens: 100,
      cache_write_1h_tokens: 1_000,
      cache_write_30m_tokens: 10_000,
      output_tokens: 7,
      images: 3,
      search_units: 5,
    }
    const csv = await csvFor([call({ tenantId: 't', modelId: 'm', usage: { quantities, estimated: false } })])
    expect(csv).toBe(`${HEADER}\nt,m,11111,7,0.003,0.0075,1,2024-07-01\n`)
  })

  it('leaves the costs of a row empty when one of its calls has no price', async () => {
    const csv = await csvFor([
      call({ tenantId: 't', modelId: 'm' }),
      call({ tenantId: 't', modelId: 'm', ...UNPRICED }),
    ])
    expect(csv).toBe(`${HEADER}\nt,m,2000,1000,,,2,2024-07-01\n`)
  })

  it('has its costs again once a correction brought one', async () => {
    const late = { ending: 'correction', usage: null, corrects: 'request-0', ratesUnpriced: true } as const
    const csv = await csvFor([
      call({ tenantId: 't', modelId: 'm', ...UNPRICED }),
      call({ tenantId: 't', modelId: 'm', ...late }),
    ])
    expect(csv).toBe(`${HEADER}\nt,m,1000,500,0.003,0.0075,1,2024-07-01\n`)
  })

  it('shows a cost of zero as 0, which is not unknown', async () => {
    const csv = await csvFor([call({ tenantId: 't', modelId: 'm', input: '0', output: '0' })])
    expect(csv).toBe(`${HEADER}\nt,m,1000,500,0,0,1,2024-07-01\n`)
  })

  it('is of one UTC day, from its first millisecond to its last; yesterday when no day is asked for', async () => {
    const times = [
      '2024-06-30T23:59:59.999Z',
      '2024-07-01T00:00:00.000Z',
      '2024-07-01T23:59:59.999Z',
      '2024-07-02T00:00:00.000Z',
    ]
    const calls = times.map((time) => call({ startedAt: Date.parse(time), endedAt: Date.parse(time) }))
    const table = await run(daily, calls)
    expect(table.rows).toMatchObject([{ invocations: 2n, date: '2024-07-01' }])
  })

  it('of several days has rows for each of them', async () => {
    const next = NOON + 86_400_000
    const calls = [
      call({ tenantId: 'b' }),
      call({ tenantId: 'a', startedAt: next, endedAt: next }),
      call({ tenantId: 'a' }),
    ]
    const table = await run(daily, calls, { from: '2024-07-01', to: '2024-07-03' })
    expect(table.rows.map((row) => [row['team_id'], row['date']])).toEqual([
      ['a', '2024-07-01'],
      ['a', '2024-07-02'],
      ['b', '2024-07-01'],
    ])
    expect((await run(daily, calls, { from: '2024-07-02' })).rows).toMatchObject([{ team_id: 'a', date: '2024-07-02' }])
  })

  it.each([
    [{ date: '2024-07-01', from: '2024-07-01' }, 'date'],
    [{ to: '2024-07-01' }, 'to'],
    [{ from: '2024-07-02', to: '2024-07-01' }, 'from'],
    [{ from: '2024-07-02', to: '2024-07-02' }, 'from'],
  ])('refuses %o', async (asked, field) => {
    await expect(run(daily, [], asked)).rejects.toMatchObject({ name: 'ReportProblem', field })
  })

  it('has only its header for a day without calls', async () => {
    expect(await csvFor([])).toBe(`${HEADER}\n`)
  })

  it('shows a caller only tenants in scope', async () => {
    const calls = [call({ tenantId: 'alpha', modelId: 'm' }), call({ tenantId: 'beta', modelId: 'm' })]
    const scope: TenantScope = { kind: 'tenants', tenantIds: ['alpha'] }
    expect(await csvFor(calls, { date: '2024-07-01' }, scope)).toBe(
      `${HEADER}\nalpha,m,1000,500,0.003,0.0075,1,2024-07-01\n`,
    )
    expect(await csvFor(calls, { date: '2024-07-01', tenant: 'beta' }, scope)).toBe(`${HEADER}\n`)
  })

  it.each(['2024-7-1', '2024-02-30', '2024-07-01T00:00:00Z', 'yesterday', ''])('refuses the day "%s"', async (date) => {
    await expect(run(daily, [], { date })).rejects.toMatchObject({ name: 'ReportProblem', field: 'date' })
  })
})

describe('spend', () => {
  it('groups by tenant and model from the start of the month, in whole hours', async () => {
    const table = await run(spend, [call(), call({ tenantId: 'beta' }), call({ startedAt: Date.UTC(2024, 5, 30) })])
    expect([table.from, table.to]).toEqual([Date.UTC(2024, 6, 1), Date.UTC(2024, 6, 2, 10)])
    expect(table.rows).toMatchObject([
      { tenant: 'alpha', calls: 1n, cost_usd: 10_500_000_000n, input_tokens: 1_000n, images: null },
      { tenant: 'beta', calls: 1n, cost_usd: 10_500_000_000n },
    ])
  })

  it.each([
    ['hour', '2024-07-01T12:00:00Z'],
    ['day', '2024-07-01'],
    ['month', '2024-07'],
  ])('groups by %s', async (group_by, name) => {
    const table = await run(spend, [call(), call({ tenantId: 'beta' })], { group_by, from: '2024-06-01' })
    expect(table.rows).toMatchObject([{ [group_by]: name, calls: 2n }])
    expect(table.columns[0]).toEqual({ name: group_by, kind: 'text' })
  })

  it('widens a period to whole hours and says so', async () => {
    const asked = { from: '2024-07-01T12:30:00Z', to: '2024-07-01T12:45:00Z' }
    const table = await run(spend, [call()], asked)
    expect([table.from, table.to, table.rows.length]).toEqual([NOON, NOON + 3_600_000, 1])
  })

  it('shows the cost of the priced calls, and how many are left out; none when all are', async () => {
    const calls = [call(), call(UNPRICED), call({ tenantId: 'beta', ...UNPRICED })]
    expect((await run(spend, calls)).rows).toMatchObject([
      { tenant: 'alpha', calls: 2n, unpriced_calls: 1n, cost_usd: 10_500_000_000n },
      { tenant: 'beta', calls: 1n, unpriced_calls: 1n, input_cost_usd: null, output_cost_usd: null, cost_usd: null },
    ])
  })

  it.each([
    [{ group_by: 'tenant,colour' }, 'group_by'],
    [{ group_by: 'tenant,tenant' }, 'group_by'],
    [{ group_by: '' }, 'group_by'],
    [{ from: 'now' }, 'from'],
    [{ from: '2024-07-02', to: '2024-07-01' }, 'from'],
    [{ from: '1990-01-01' }, 'from'],
    [{ tenant: 'a b' }, 'tenant'],
    [{ model: '' }, 'model'],
    [{ surprise: '1' }, 'surprise'],
  ])('refuses %o, naming %s', async (asked, field) => {
    await expect(run(spend, [], asked)).rejects.toMatchObject({ name: 'ReportProblem', field })
  })
})

describe('unpriced', () => {
  it('lists what a missing price would be looked up by, and nothing that has one', async () => {
    const table = await run(unpriced, [
      call(),
      call({ modelId: 'us.new', baseModel: 'new', ...UNPRICED }),
      call(UNPRICED),
    ])
    expect(table.rows).toEqual([
      expect.objectContaining({ base_model: 'anthropic.claude-sonnet-5', calls: 2n, unpriced_calls: 1n }),
      expect.objectContaining({
        base_model: 'new',
        model: 'us.new',
        routing: 'regional',
        calls: 1n,
        unpriced_calls: 1n,
      }),
    ])
  })
})

describe('lifecycle', () => {
  it('has the calls of models that come to their end, and no others', async () => {
    const calls = [
      call({ tenantId: 'b', modelId: 'us.a.old', baseModel: 'a.old' }),
      call({ tenantId: 'a', modelId: 'us.a.old', baseModel: 'a.old' }),
      call({ tenantId: 'a', modelId: 'us.a.old', baseModel: 'a.old' }),
      call({ tenantId: 'a', modelId: 'a.gone', baseModel: 'a.gone', ...UNPRICED }),
      call({ tenantId: 'a', modelId: 'a.new', baseModel: 'a.new' }),
      call({ tenantId: 'a', modelId: 'a.unknown', baseModel: 'a.unknown' }),
    ]
    expect(csvOf(await run(lifecycle, calls, { from: '2024-07-01' }))).toBe(
      [
        'tenant,model,base_model,lifecycle,end_of_life_on,calls,cost_usd',
        'a,a.gone,a.gone,retired,,1,',
        'a,us.a.old,a.old,legacy,2027-03-01,2,0.021',
        'b,us.a.old,a.old,legacy,2027-03-01,1,0.0105',
        '',
      ].join('\n'),
    )
    expect((await run(lifecycle, calls, { from: '2024-07-01', tenant: 'b' })).rows).toHaveLength(1)
  })
})

describe('as CSV', () => {
  const text = { name: 'text', kind: 'text' } as const
  const usd = { name: 'usd', kind: 'usd' } as const
  const cell = (value: string | bigint | null, column: typeof text | typeof usd = text): string =>
    csvOf({ columns: [column], rows: [{ [column.name]: value }] }).slice(column.name.length + 1, -1)

  it.each([
    ['plain', 'plain'],
    ['with, comma', '"with, comma"'],
    ['with "quotes"', '"with ""quotes"""'],
    ['with\nline', '"with\nline"'],
    ['', ''],
    [`=cmd|' /C calc'!A0`, `'=cmd|' /C calc'!A0`],
    ['=1,2', `"'=1,2"`],
    ['+1', `'+1`],
    ['-1', `'-1`],
    ['@SUM(A1)', `'@SUM(A1)`],
    ['\t=1', `'\t=1`],
    ['  =1', `'  =1`],
    ['\r=1', `"'\r=1"`],
    ['a=1', 'a=1'],
    ['us.anthropic.claude', 'us.anthropic.claude'],
  ])('the text %j is %j', (value, written) => {
    expect(cell(value)).toBe(written)
  })

  it.each([
    [-1_500_000_000_000n, '-1.5'],
    [1n, '0.000000000001'],
    [0n, '0'],
    [null, ''],
    [123_456_789_000_000_000_000_000n, '123456789000'],
  ])('the amount %s is %j, exact and never a formula', (value, written) => {
    expect(cell(value, usd)).toBe(written)
  })
})

describe('as JSON', () => {
  it('has money as text, counts as numbers, unknown as null', async () => {
    const table = await run(spend, [call(), call(UNPRICED)])
    expect(jsonOf(spend, table)).toMatchObject({
      report: 'spend',
      from: '2024-07-01T00:00:00.000Z',
      to: '2024-07-02T10:00:00.000Z',
      rows: [{ tenant: 'alpha', calls: 2, unpriced_calls: 1, cost_usd: '0.0105', images: null }],
    })
  })

  it('refuses a count that JSON would change', () => {
    const columns = [{ name: 'n', kind: 'count' }] as const
    const table = { from: 0, to: 1, columns, rows: [{ n: 2n ** 53n }] }
    expect(() => jsonOf(spend, table)).toThrow(RangeError)
    expect(csvOf(table)).toBe('n\n9007199254740992\n')
  })
})

describe('the table of reports', () => {
  it('has each name once', () => {
    expect(new Set(REPORTS.map(({ name }) => name)).size).toBe(REPORTS.length)
  })
})

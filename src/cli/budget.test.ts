// What `wb budget status` draws.

import { beforeEach, describe, expect, it } from 'vitest'
import { NOW } from '../../test/fakes/admin.ts'
import { twoTenants } from '../../test/fakes/admin-requests.ts'
import { commandLine, type CommandLine } from '../../test/fakes/command-line.ts'

let line: CommandLine

const LIMITS: Readonly<Record<string, readonly object[]>> = {
  alpha: [
    limit('alpha', { amount: '25', used: '10', held: '2.5', left: '12.5', resets_at: at(3 * 24 + 4) }),
    limit('alpha', { kind: 'tokens', per: null, amount: 4_000, used: 1_000, held: 0, left: 3_000, resets_at: null }),
  ],
  gamma: [
    limit('gamma', {
      source: 'plan',
      amount: '1',
      amount_now: '2',
      used: '2',
      held: '1',
      left: '0',
      resets_at: at(0.21),
    }),
    limit('alpha', { amount: '25' }),
  ],
  beta: [limit('beta', { amount: '0', used: '0', held: '0', left: '0', mode: 'soft', split: 'blue' })],
}

function at(hours: number): string {
  return new Date(NOW + hours * 3_600_000).toISOString()
}

function limit(tenant_id: string, changed: object): object {
  const usual = { source: 'tenant', kind: 'cost', per: 'month', mode: 'hard', used: null, held: null, left: null }
  return { tenant_id, ...usual, resets_at: at(0.004), ...changed }
}

beforeEach(async () => {
  const world = await twoTenants()
  await world.ask('POST', 'tenants', { id: 'gamma', parent_id: 'alpha' })
  line = commandLine(world)
  const { fetch } = line
  line.fetch = (input, init) => {
    const tenant = /\/limits\/(\w+)$/.exec(input instanceof Request ? input.url : input.toString())?.[1]
    if (tenant === undefined) return fetch(input, init)
    return Promise.resolve(Response.json({ tenant_id: tenant, limits: LIMITS[tenant] }))
  }
})

describe('wb budget status', () => {
  it('shows every budget once, along the tree, with a bar', async () => {
    expect((await line.run('budget status')).out.split('\n').map((row) => row.trimEnd())).toEqual([
      'tenant   limit                      mode  amount  used  held  left    %  status                resets in',
      '-------  -------------------------  ----  ------  ----  ----  ----  ---  --------------------  -----------',
      'alpha    cost per month             hard      25    10   2.5  12.5   50  ########++..........  3 d 4 h',
      '  gamma  cost per month (plan)      hard       2     2     1     0  150  ####################  12 min 36 s',
      'beta     cost per month for "blue"  soft       0     0     0     0  100  ####################  14 s',
      '',
    ])
  })

  it('draws with blocks on a terminal, unless told otherwise', async () => {
    const { out } = await line.run('budget status --tenant alpha', { terminal: true })
    expect(out).toContain('\u2588'.repeat(8) + '\u2592'.repeat(2) + '\u2591'.repeat(10))
    expect((await line.run('budget status --plain', { terminal: true })).out).toContain('########++..........')
  })

  it('of one tenant shows it and those below it; with --all, other limits too', async () => {
    const { out } = await line.run('budget status --tenant alpha --all')
    expect(out).toMatch(/tokens in total +hard +4000 +1000 +0 +3000 +25 +#####\.{15} +-$/m)
    expect(out).toContain('gamma')
    expect(out).not.toContain('beta')
    expect((await line.run('budget status --tenant gamma')).out).toMatch(/^gamma/m)
    expect((await line.run('budget status --tenant nobody')).code).toBe(2)
  })

  it('as JSON has the percentage of each', async () => {
    const { budgets } = await line.json('budget status --all')
    expect((budgets as { percent: number }[]).map(({ percent }) => percent)).toEqual([50, 25, 150, 100])
  })
})

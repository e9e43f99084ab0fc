// What `wb audit` prints, exports and proves.

import { beforeEach, describe, expect, it } from 'vitest'
import { twoTenants } from '../../test/fakes/admin-requests.ts'
import { commandLine, type CommandLine } from '../../test/fakes/command-line.ts'

let line: CommandLine

/** The stores in memory write down what was refused. */
beforeEach(async () => {
  const world = await twoTenants()
  line = commandLine(world)
  for (let count = 0; count < 5; count += 1) await world.ask('DELETE', 'plans/basic')
})

const exported = async (): Promise<string[]> => (await line.run('audit export')).out.trimEnd().split('\n')

describe('wb audit', () => {
  it('lists who did what, newest first, and the head', async () => {
    const { out } = await line.run('audit list')
    expect(out).toMatch(
      /^ +5 .* admin_token:[0-9a-f]{8} +127\.0\.0\.1 +refused +DELETE \/admin\/v1\/plans\/\{plan_id\} +plan +basic +conflict$/m,
    )
    expect(out).toMatch(/^Head: [0-9a-f]{64}$/m)
  })

  it('exports all rows, oldest first', async () => {
    expect((await exported()).map((text) => (JSON.parse(text) as { sequence: number }).sequence)).toEqual([
      1, 2, 3, 4, 5,
    ])
  })

  it('proves the chain of the gateway, and of an export', async () => {
    expect(await line.run('audit verify')).toMatchObject({ code: 0, out: expect.stringContaining('5 rows') as string })
    line.files['trail'] = Buffer.from((await exported()).join('\n'))
    const { head } = await line.json('audit verify --file trail')
    expect((await line.run(`audit verify --file trail --expect-head ${String(head)}`)).code).toBe(0)
  })

  it.each([
    [
      'a byte is another',
      (rows: string[]) => rows.with(2, rows[2]!.replace('"conflict"', '"Conflict"')),
      'row 3: its content',
    ],
    ['a row is gone', (rows: string[]) => rows.toSpliced(2, 1), 'rows 3 to 3 are missing'],
    ['a line is none', (rows: string[]) => rows.with(2, 'x'), 'a line is no row of an audit trail: x'],
    ['a line is another thing', (rows: string[]) => rows.with(2, '[]'), 'a line is no row of an audit trail: []'],
  ])('says where the chain is broken when %s, and exits with 1', async (_, tamper, words) => {
    line.files['trail'] = Buffer.from(tamper(await exported()).join('\n'))
    const ran = await line.run('audit verify --file trail')
    expect(ran).toMatchObject({ code: 1, out: expect.stringContaining(words) as string })
  })

  it('finds with a head that was noted that the end is gone', async () => {
    const rows = await exported()
    const { hash } = JSON.parse(rows[4]!) as { hash: string }
    line.files['trail'] = Buffer.from(rows.slice(0, 3).join('\n'))
    expect((await line.run('audit verify --file trail')).code).toBe(0)
    const ran = await line.run(`audit verify --file trail --expect-head ${hash}`)
    expect(ran).toMatchObject({ code: 1, out: expect.stringContaining('is not in the chain') as string })
    expect((await line.run('audit verify --expect-head 12')).code).toBe(2)
  })
})

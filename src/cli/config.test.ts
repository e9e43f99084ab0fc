// wb config validate: a file, standard input, and what the exit code says.

import { describe, expect, it } from 'vitest'
import { fakeAdmin } from '../../test/fakes/admin.ts'
import { commandLine } from '../../test/fakes/command-line.ts'

const GOOD = 'routers: [{ path: /a/, outbound: { url: "${BASE}" } }]'

describe('wb config validate', () => {
  it('says that a good file is good', async () => {
    const line = commandLine(await fakeAdmin())
    line.files['routers.yaml'] = Buffer.from(GOOD)
    const ran = await line.run('config validate routers.yaml', { environment: { BASE: 'http://x' } })
    expect(ran).toEqual({ code: 0, out: 'All is good.\n', err: '' })
  })

  it('reads standard input, and says every problem with its place', async () => {
    const line = commandLine(await fakeAdmin())
    line.files['/dev/stdin'] = Buffer.from('routers: [{ path: /a/, outbound: { url: "${BASE}" } }, { path: /A-/ }]')
    const ran = await line.run('config validate - --json')
    expect(ran.code).toBe(1)
    const { ok, problems } = JSON.parse(ran.out) as { ok: boolean; problems: string[] }
    expect(ok).toBe(false)
    expect(problems).toContain('routers[0].outbound.url needs the environment variable BASE, which is not set.')
    expect(problems.some((problem) => problem.startsWith('routers[1].path '))).toBe(true)
  })

  it('fails for a file that there is not', async () => {
    const line = commandLine(await fakeAdmin())
    const ran = await line.run('config validate nowhere.yaml')
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('nowhere.yaml')])
  })
})

// The commands that open the data themselves: `wb db check` and `wb migrate`.

import { beforeEach, describe, expect, it } from 'vitest'
import { twoTenants } from '../../test/fakes/admin-requests.ts'
import { commandLine, TOKEN_SET, type CommandLine } from '../../test/fakes/command-line.ts'
import type { DataUpkeep } from '../data-upkeep.ts'
import type { World } from './run.ts'

let line: CommandLine
beforeEach(async () => {
  line = commandLine(await twoTenants())
})

const nobody: Partial<World> = { fetch: () => Promise.reject(new TypeError('fetch failed')) }

/** A data folder, and which were opened. */
function folder(changed: Partial<DataUpkeep> = {}) {
  const opened: string[] = []
  let pending: readonly string[] = ['0003-c.sql']
  const data: DataUpkeep = {
    state: () => ({ applied: ['0001-a.sql', '0002-b.sql'], pending }),
    migrate: async () => {
      pending = []
    },
    check: async () => [],
    ...changed,
  }
  return {
    opened,
    pending: () => pending,
    openData: async (dataDir: string) => {
      opened.push(dataDir)
      return data
    },
  }
}

describe('wb db check', () => {
  it('asks the gateway where one runs', async () => {
    expect(await line.run('db check')).toMatchObject({ code: 0, out: 'All is as it was stored.\n' })
  })

  it.each([
    ['with a token', { ...TOKEN_SET, WEIGHBRIDGE_DATA_DIR: '/data' }],
    ['that never had one', { WEIGHBRIDGE_DATA_DIR: '/data' }],
  ])('looks into the data folder when none runs on this machine, %s', async (_, environment) => {
    const { openData, opened } = folder()
    expect(await line.run('db check', { ...nobody, environment, openData })).toMatchObject({ code: 0, err: '' })
    expect(opened).toEqual(['/data'])
  })

  it('says what is wrong there, and exits with 1', async () => {
    const { openData } = folder({ check: async () => ['a row is missing'] })
    expect(await line.run('db check', { ...nobody, openData })).toMatchObject({
      code: 1,
      out: 'Not all is well:\n  a row is missing\n',
    })
  })

  it('says that a gateway holds the folder and does not answer', async () => {
    const check = () =>
      Promise.reject(
        new Error('the data directory ./data is in use by another Weighbridge process; two may not share one'),
      )
    const ran = await line.run('db check', { ...nobody, openData: folder({ check }).openData })
    expect(ran.code).toBe(1)
    expect(ran.err).toContain('a gateway that does not answer at http://127.0.0.1:8787 holds it. Set WEIGHBRIDGE_URL')
  })

  it('never takes the folder of this machine for that of a gateway elsewhere', async () => {
    const { openData, opened } = folder()
    const environment = { ...TOKEN_SET, WEIGHBRIDGE_URL: 'https://gateway.example' }
    const ran = await line.run('db check', { ...nobody, environment, openData })
    expect(ran).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not answer at https://gateway.example') as string,
    })
    expect(opened).toEqual([])
  })

  it('does not look further when the gateway says no', async () => {
    const ran = await line.run('db check', { environment: { WEIGHBRIDGE_ADMIN_TOKEN: 'wba_not-the-right-one' } })
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('Set WEIGHBRIDGE_ADMIN_TOKEN') as string })
  })
})

describe('wb migrate', () => {
  it('says what it would do', async () => {
    const { openData, pending } = folder()
    const ran = await line.run('migrate --dry-run', { openData })
    expect(ran.out).toBe('./data has schema 2; would be applied:\n  0003-c.sql\n')
    expect(pending()).toEqual(['0003-c.sql'])
  })

  it('does it, once', async () => {
    const { openData, pending } = folder()
    expect((await line.run('migrate', { openData })).out).toBe('./data had schema 2; applied:\n  0003-c.sql\n')
    expect(pending()).toEqual([])
    expect((await line.run('migrate', { openData })).out).toContain('Nothing to do')
  })
})

// Options about model access become one object; what does not fit together is told before anything is asked.

import { beforeEach, describe, expect, it } from 'vitest'
import { twoTenants } from '../../test/fakes/admin-requests.ts'
import { commandLine, type CommandLine } from '../../test/fakes/command-line.ts'

let line: CommandLine

beforeEach(async () => {
  line = commandLine(await twoTenants())
})

const ROLE = 'arn:aws:iam::111122223333:role/silo'

describe('options about model access', () => {
  it('are the access of a plan', async () => {
    const words = ['plan', 'set', 'gold', '--allow-model', '*', '--deny-model', 'anthropic.*', '--tier', 'flex']
    const more = ['--metadata', 'a=b=c', '--guardrail', 'arn:aws:bedrock:eu-west-1:111122223333:guardrail/gr1:3']
    expect(await line.json([...words, ...more, '--guardrail-async'])).toMatchObject({
      access: {
        denied_models: ['anthropic.*'],
        service_tiers: ['flex'],
        request_metadata: { a: 'b=c' },
        guardrail: {
          id: 'arn:aws:bedrock:eu-west-1:111122223333:guardrail/gr1',
          version: '3',
          trace: 'enabled',
          stream_processing: 'async',
        },
      },
    })
    expect((await line.run('plan show gold')).out).toMatch(/^access +\{"denied_models":\["anthropic\.\*"\]/m)
  })

  it('change a tenant, and go', async () => {
    const tags = ['--role-external-id', 'x1', '--session-tag', 'cost_center={attribute.cost_center}']
    expect(await line.json(['tenant', 'update', 'alpha', '--role', ROLE, ...tags])).toMatchObject({
      access: {
        assume_role: {
          role_arn: ROLE,
          external_id: 'x1',
          session_tags: { cost_center: '{attribute.cost_center}' },
        },
      },
    })
    expect((await line.run('tenant update alpha --no-own-access')).out).toMatch(/^access +-$/m)
  })

  it.each([
    ['--guardrail-trace disabled', '--guardrail is missing'],
    ['--guardrail gr1', 'not of the form id:version'],
    ['--session-tag a=b', '--role is missing'],
    ['--metadata a', 'not of the form name=value'],
  ])('%s is told', async (words, told) => {
    const ran = await line.run(`tenant update alpha ${words}`)
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(told)])
  })
})

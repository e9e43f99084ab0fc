// What `wb alert` asks of the gateway, and what it prints.

import { beforeEach, describe, expect, it } from 'vitest'
import { twoTenants } from '../../test/fakes/admin-requests.ts'
import { commandLine, type CommandLine } from '../../test/fakes/command-line.ts'

let line: CommandLine

beforeEach(async () => {
  line = commandLine(await twoTenants())
})

describe('wb alert', () => {
  it('sets rules as they are said, lists and deletes them', async () => {
    const set = await line.json(
      'alert rule set budgets --kind threshold --percent 50 --percent 99.5 --tenant alpha --target ops --limit-kind cost --counting used_and_held',
    )
    expect(set).toMatchObject({
      id: 'budgets',
      tenant_id: 'alpha',
      target_ids: ['ops'],
      percents: [50, 99.5],
      limit_kinds: ['cost'],
      counting: 'used_and_held',
    })
    await line.json('alert rule set pace --kind forecast --minimum-elapsed 25')
    await line.json('alert rule set errors --kind errors --percent 5 --window-minutes 15 --minimum-calls 100')
    const { out } = await line.run('alert rule list')
    expect(out).toMatch(/^budgets +threshold +alpha +50% 99\.5% +ops$/m)
    expect(out).toMatch(/^errors +errors +\* +5% *$/m)
    expect((await line.run('alert rule delete budgets')).code).toBe(0)
    expect((await line.run('alert rule set x --kind threshold --percent eighty')).code).toBe(2)
    expect((await line.run('alert rule set x')).code).toBe(2)
  })

  it('reads secrets from files, and shows none but the one that was made', async () => {
    expect(await line.json('alert target set hook --kind webhook --url https://hooks.example.com/')).toMatchObject({
      secret: expect.stringMatching(/^whsec_/) as string,
    })
    line.files['password'] = Buffer.from('hush\n')
    const mail =
      'alert target set mail --kind smtp --host mail.example.com --port 465 --security tls --username me --password-file password --from a@example.com --to b@example.com --to c@example.com'
    expect(await line.json(mail)).toMatchObject({ port: 465, to: ['b@example.com', 'c@example.com'], has_secret: true })
    line.files['url'] = Buffer.from('https://hooks.slack.example/SECRET\n')
    await line.json('alert target set chat --kind slack --url-file url')
    await line.json('alert target set topic --kind sns --topic-arn arn:aws:sns:us-east-1:123456789012:alerts')
    const { out } = await line.run('alert target list')
    expect(out).toMatch(/^mail +smtp +mail\.example\.com:465 to b@example\.com, c@example\.com$/m)
    expect(out).toMatch(/^chat +slack +hooks\.slack\.example$/m)
    expect(out).not.toMatch(/hush|SECRET|whsec/)
    expect((await line.run('alert target delete chat')).code).toBe(0)
    expect((await line.run('alert target set x --kind slack --url-file none')).code).toBe(2)
    expect((await line.run('alert target set x --kind smtp --port a')).code).toBe(2)
  })

  it('tests a target, and ends with 1 when it was not taken', async () => {
    expect((await line.run('alert target test ops')).code).toBe(0)
    const { jobs } = line.admin.deps
    line = commandLine(await twoTenants({ jobs: { ...jobs, testAlertTarget: async () => 'answered 500' } }))
    expect(await line.run('alert target test ops')).toMatchObject({
      code: 1,
      out: expect.stringContaining('answered 500') as string,
    })
  })

  it('lists what was raised, and what came of it', async () => {
    const { out } = await line.run('alert list --limit 2')
    expect(out).toMatch(/Weighbridge: calls to model-of-beta have no price +ops: pending +alert-of-beta$/m)
    const cursor = /--cursor (\S+)/.exec(out)?.[1] ?? ''
    expect((await line.run(`alert list --cursor ${cursor}`)).out).toContain('model-of-alpha')
  })
})

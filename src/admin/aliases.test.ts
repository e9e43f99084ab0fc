// Aliases through the control plane: what they take, what they refuse, and how a planned change is taken back.

import { beforeEach, describe, expect, it } from 'vitest'
import type { FakeAdmin } from '../../test/fakes/admin.ts'
import { twoTenants } from '../../test/fakes/admin-requests.ts'

let world: FakeAdmin

beforeEach(async () => {
  world = await twoTenants()
})

const SONNET = 'anthropic.claude-sonnet-5'
const put = (body: object, name = 'chat') => world.ask('PUT', `aliases/${name}`, body)

describe('an alias', () => {
  it('means a model from now on, or from a time on', async () => {
    expect((await put({ model_id: SONNET })).body).toEqual({
      alias: 'chat',
      tenant_id: null,
      model_id: SONNET,
      targets: [{ model_id: SONNET, effective_from: '2026-11-20T12:30:00.000Z' }],
      created_at: '2026-11-20T12:30:00.000Z',
    })
    expect(world.heard.changes).toBe(1)
    const planned = await put({ model_id: `us.${SONNET}`, effective_from: '2026-12-01' })
    expect(planned.body).toMatchObject({
      model_id: SONNET,
      targets: [{ model_id: SONNET }, { model_id: `us.${SONNET}`, effective_from: '2026-12-01T00:00:00.000Z' }],
    })
  })

  it('may mean another for a tenant, and is deleted target by target or whole', async () => {
    await put({ model_id: SONNET })
    await put({ model_id: SONNET, tenant_id: 'alpha', effective_from: '2026-12-01' })
    await put({ model_id: SONNET, tenant_id: 'alpha' })
    const list = async (): Promise<unknown[]> => (await world.ask('GET', 'aliases')).body['aliases'] as unknown[]
    expect(await list()).toMatchObject([
      { alias: 'chat', tenant_id: null },
      { alias: 'unused' },
      { alias: 'chat', tenant_id: 'alpha', targets: [{}, {}] },
    ])
    const one = 'aliases/chat?tenant=alpha&effective_from=2026-12-01'
    expect((await world.ask('DELETE', one)).status).toBe(200)
    expect((await world.ask('DELETE', one)).status).toBe(404)
    expect((await list()).at(-1)).toMatchObject({ targets: [{ effective_from: '2026-11-20T12:30:00.000Z' }] })
    expect((await world.ask('DELETE', 'aliases/chat?tenant=alpha')).status).toBe(200)
    expect((await world.ask('DELETE', 'aliases/chat?tenant=alpha')).status).toBe(404)
    expect(await list()).toHaveLength(2)
  })

  it.each<[object, string, RegExp]>([
    [{ model_id: 'other-alias' }, 'model_id', /could only be another alias/],
    [{ model_id: 'a..b' }, 'model_id', /not one that Bedrock has/],
    [{ model_id: 'anthropic.claude-sonet-5' }, 'model_id', /matches no model that is known/],
    [{ model_id: 'anthropic.*' }, 'model_id', /must be a model id/],
    [{}, 'model_id', /expected string/],
    [{ model_id: SONNET, effective_from: 'soon' }, 'effective_from', /ISO 8601/],
    [{ model_id: SONNET, tenant: 'alpha' }, 'tenant', /not known here/],
  ])('%j is refused at %s', async (body, field, words) => {
    const answer = await put(body)
    expect(answer.status).toBe(400)
    expect(answer.body['error']).toMatchObject({ field, message: expect.stringMatching(words) as string })
  })

  it.each(['Chat', 'a.b', 'amazon.nova-lite-v1:0', 'x'.repeat(65)])('cannot be called %s', async (name) => {
    expect((await put({ model_id: SONNET }, name)).body['error']).toMatchObject({ field: 'alias' })
  })

  it('of a tenant that does not exist is refused', async () => {
    const answer = await put({ model_id: SONNET, tenant_id: 'nobody' })
    expect([answer.status, answer.body['error']]).toEqual([409, expect.objectContaining({ field: 'tenant_id' })])
  })

  it('has a bounded number of targets', async () => {
    const targets = Array.from({ length: 100 }, (_, at) => ({
      modelId: SONNET,
      from: new Date(Date.UTC(2026, 0, 1 + at)).toISOString(),
    }))
    await world.stores.aliases.putAlias({ name: 'full', tenantId: null, targets, createdAt: '2026-01-01' })
    expect((await put({ model_id: SONNET }, 'full')).body['error']).toMatchObject({ code: 'conflict' })
  })
})

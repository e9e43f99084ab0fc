// What may be said about model access, and what is refused with the field and the reason before anything is written.

import { beforeEach, describe, expect, it } from 'vitest'
import type { FakeAdmin } from '../../test/fakes/admin.ts'
import { onlyAlpha, twoTenants } from '../../test/fakes/admin-requests.ts'

let world: FakeAdmin

beforeEach(async () => {
  world = await twoTenants()
})

const ROLE = 'arn:aws:iam::111122223333:role/silo'
const PROVISIONED = 'arn:aws:bedrock:us-east-1:111122223333:provisioned-model/abcdefghijkl'
const entries = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']))

const putPlan = (access: unknown) => world.ask('PUT', 'plans/gold', { allowed_models: ['*'], access })

describe('the access of a plan', () => {
  it('is answered as it was given, with what follows when left out', async () => {
    const given = {
      denied_models: ['anthropic.claude-sonnet-*'],
      routing: ['in_region'],
      service_tiers: ['flex'],
      send_to: { 'anthropic.claude-sonnet-*': PROVISIONED },
      request_metadata: { tenant: '{tenant_id}', centre: '{attribute.cost_center}' },
      guardrail: { id: 'gr1', version: '3' },
    }
    expect((await putPlan(given)).body.access).toEqual({
      ...given,
      regions: null,
      guardrail: { id: 'gr1', version: '3', trace: 'enabled', stream_processing: 'sync' },
      assume_role: null,
    })
    expect((await putPlan(undefined)).body.access).toMatchObject({ denied_models: [], guardrail: null })
  })

  it.each<[unknown, string, RegExp]>([
    [{ denied_models: ['amazon.nowa-*'] }, 'access.denied_models[0]', /matches no model that is known/],
    [{ denied_models: ['a b'] }, 'access.denied_models[0]', /model id, or a pattern/],
    [{ regions: ['europe'] }, 'access.regions[0]', /AWS region/],
    [{ regions: [] }, 'access.regions', /at least one member/],
    [{ regions: ['eu-west-1', 'eu-west-1'] }, 'access.regions', /must not repeat/],
    [{ routing: ['regional'] }, 'access.routing[0]', /expected one of/],
    [{ service_tiers: ['batch'] }, 'access.service_tiers[0]', /expected one of/],
    [
      { send_to: { 'anthropic.*': 'amazon.nova-lite-v1:0' } },
      'access.send_to.anthropic.*',
      /must be the ARN of provisioned/,
    ],
    [{ send_to: { 'amazon.nowa': PROVISIONED } }, 'access.send_to.amazon.nowa', /matches no model/],
    [{ request_metadata: { 'a"b': 'c' } }, 'access.request_metadata.a"b', /a name of letters/],
    [{ request_metadata: { team: 'a{tenant}' } }, 'access.request_metadata.team', /no braces but/],
    [{ request_metadata: entries(17) }, 'access.request_metadata', /at most 16/],
    [{ guardrail: { id: 'gr-1', version: '1' } }, 'access.guardrail.id', /id or the ARN of a guardrail/],
    [{ guardrail: { id: 'gr1', version: '0' } }, 'access.guardrail.version', /a number from 1/],
    [{ guardrail: { id: 'gr1' } }, 'access.guardrail.version', /expected string/],
    [{ assume_role: { role_arn: 'silo' } }, 'access.assume_role.role_arn', /ARN of an IAM role/],
    [{ assume_role: { role_arn: ROLE, external_id: 'a b' } }, 'access.assume_role.external_id', /must be 2 to 1224/],
    [{ assume_role: { role_arn: ROLE, session_tags: entries(51) } }, 'access.assume_role.session_tags', /at most 50/],
    [{ deny: [] }, 'access.deny', /not known here/],
  ])('%j is refused at %s', async (access, field, words) => {
    const answer = await putPlan(access)
    expect(answer.status).toBe(400)
    expect(answer.body.error).toMatchObject({ field, message: expect.stringMatching(words) as string })
    expect((await world.ask('GET', 'plans/gold')).status).toBe(404)
  })

  it('may name models that nobody knows where that is meant', async () => {
    const access = { denied_models: ['new.*'] }
    const put = await world.ask('PUT', 'plans/gold', { allowed_models: ['*'], access, allow_unknown_models: true })
    expect(put.body).toMatchObject({ access })
  })
})

describe('the access of a tenant', () => {
  it('changes member by member, and goes as a whole', async () => {
    const patch = (access: unknown) => world.ask('PATCH', 'tenants/alpha', { access })
    await patch({ regions: ['eu-west-1'], assume_role: { role_arn: ROLE } })
    expect((await patch({ routing: ['global'], assume_role: null })).body.access).toMatchObject({
      regions: ['eu-west-1'],
      routing: ['global'],
      assume_role: null,
    })
    expect((await patch({ regions: null })).body.access).toMatchObject({ regions: null, routing: ['global'] })
    expect((await patch(null)).body.access).toMatchObject({ regions: null, routing: null })
    expect((await world.ask('PATCH', 'tenants/alpha', { access: { regions: ['x'] } })).status).toBe(400)
  })

  it('is not for who sees only some tenants where it says whose credentials sign, or what is called instead', async () => {
    const scoped = await twoTenants({ scopeOf: onlyAlpha })
    const patch = (access: unknown) => scoped.ask('PATCH', 'tenants/alpha', { access })
    for (const [access, field] of [
      [{ assume_role: { role_arn: ROLE } }, 'access.assume_role'],
      [{ assume_role: null }, 'access.assume_role'],
      [{ send_to: { 'anthropic.*': PROVISIONED } }, 'access.send_to'],
      [null, 'access.assume_role'],
    ] as const) {
      const answer = await patch(access)
      expect([answer.status, answer.body['error']]).toEqual([403, expect.objectContaining({ field })])
    }
    expect((await patch({ denied_models: ['anthropic.*'] })).status).toBe(200)
  })
})

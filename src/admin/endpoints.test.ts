// Endpoints at the control plane: what is stored, what could not be told from something else, and who has which name.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FakeAdmin } from '../../test/fakes/admin.ts'
import { twoTenants } from '../../test/fakes/admin-requests.ts'

let world: FakeAdmin
beforeAll(async () => {
  world = await twoTenants()
})
afterAll(() => world.admin.close())

const put = (id: string, body: object) => world.ask('PUT', `endpoints/${id}`, body)

describe('an endpoint', () => {
  it('is a model of its own, under a name for the façade', async () => {
    const more = { region: 'eu-west-1', inference_component: 'part-1', kind: 'chat', max_output_tokens: 512 }
    const made = await put('mixtral', { endpoint_name: 'Mixtral-SM-Endpoint', name: 'Mixtral 8x7B', ...more })
    expect(made.body).toEqual({
      endpoint_id: 'mixtral',
      model_id: 'sagemaker.mixtral',
      name: 'Mixtral 8x7B',
      endpoint_name: 'Mixtral-SM-Endpoint',
      created_at: expect.any(String) as string,
      ...more,
    })
    const bare = await put('bare', { endpoint_name: 'Bare' })
    expect(bare.body).toMatchObject({ name: 'bare', region: null, inference_component: null, kind: null })
    expect((await world.ask('GET', 'endpoints/mixtral')).body).toEqual(made.body)
    const listed = (await world.ask('GET', 'endpoints')).body['endpoints'] as { endpoint_id: string }[]
    expect(listed.map(({ endpoint_id: id }) => id)).toEqual(['bare', 'mixtral', 'unused'])
    expect((await world.ask('DELETE', 'endpoints/bare')).status).toBe(200)
    expect((await world.ask('DELETE', 'endpoints/bare')).status).toBe(404)
    expect((await world.ask('GET', 'endpoints/bare')).status).toBe(404)
  })

  it.each<[string, string, object, number, string | null]>([
    ['without a name of SageMaker', 'a', {}, 400, 'endpoint_name'],
    ['with a path for a name', 'a', { endpoint_name: 'a/../b' }, 400, 'endpoint_name'],
    ['with a formula for a name', 'a', { endpoint_name: 'A', name: '=1+1' }, 400, 'name'],
    ['in the place of a model', 'a', { endpoint_name: 'A', name: 'anthropic.claude-v2' }, 400, 'name'],
    ['in the place of another endpoint', 'a', { endpoint_name: 'A', name: 'sagemaker.b' }, 400, 'name'],
    ['with an id that is none', 'A_b', { endpoint_name: 'A' }, 400, 'endpoint_id'],
    ['somewhere that is no region', 'a', { endpoint_name: 'A', region: 'evil.example.com/' }, 400, 'region'],
    ['of a kind that is none', 'a', { endpoint_name: 'A', kind: 'image' }, 400, 'kind'],
    ['with the name of another', 'a', { endpoint_name: 'A', name: 'Unused' }, 409, 'name'],
  ])('%s is refused', async (_, id, body, status, field) => {
    const answer = await put(id, body)
    expect([answer.status, answer.body['error']]).toMatchObject([status, { field }])
  })
})

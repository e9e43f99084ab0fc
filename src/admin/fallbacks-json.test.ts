// What a plan may say that it falls back to, asked of the control plane.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FakeAdmin } from '../../test/fakes/admin.ts'
import { twoTenants } from '../../test/fakes/admin-requests.ts'

let world: FakeAdmin
beforeAll(async () => {
  world = await twoTenants()
})
afterAll(() => world.admin.close())

const put = (more: object) => world.ask('PUT', 'plans/chained', { allowed_models: ['*'], ...more })

it('a plan says what it falls back to, and nothing unless it says so', async () => {
  expect((await put({})).body).toMatchObject({ fallbacks: [] })
  const fallbacks = [{ models: 'anthropic.*', steps: [{ model_id: null, region: 'us-west-2' }] }]
  expect((await put({ fallbacks })).body).toMatchObject({ fallbacks })
})

it.each([
  [{ models: 'anthropic.*', steps: [] }],
  [{ models: 'anthropic.*', steps: [{}] }],
  [{ models: 'anthropic.*', steps: [{ region: 'mars' }] }],
  [{ models: 'anthropic.*', steps: [{ model_id: 'amazon.nowhere' }] }],
  [{ models: 'nobody.*', steps: [{ region: 'us-west-2' }] }],
])('%j is refused', async (rule) => {
  expect((await put({ fallbacks: [rule] })).status).toBe(400)
})

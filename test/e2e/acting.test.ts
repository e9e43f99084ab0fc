// A key acts for itself and for the tenants listed on it, and for nobody else.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHarness, type Harness, type TestTenant } from './harness.ts'

let harness: Harness
let platform: TestTenant

beforeAll(async () => {
  harness = await startHarness()
  await harness.tenant('team-a')
  await harness.tenant('team-b')
  await harness.admin('POST', 'tenants', { id: 'platform', name: 'platform', allowed_models: ['*'] })
  const key = await harness.admin('POST', 'tenants/platform/keys', { name: 'shared', may_act_for: ['team-a'] })
  platform = {
    id: 'platform',
    keyId: String(key.key_id),
    secret: String(key.secret),
    accessKeyId: '',
    secretAccessKey: '',
  }
})

afterAll(() => harness.close())

async function call(tenant: string | null): Promise<{ status: number; type: string | null; message: string }> {
  const response = await fetch(`${harness.url}/model/amazon.nova-lite-v1:0/converse`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${platform.secret}`,
      'content-type': 'application/json',
      ...(tenant === null ? {} : { 'x-weighbridge-tenant': tenant }),
    },
    body: JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }),
  })
  const body = (await response.json()) as { message?: string }
  return { status: response.status, type: response.headers.get('x-amzn-errortype'), message: body.message ?? '' }
}

describe('a key that may act for team-a', () => {
  it('is charged to its own tenant by default, to team-a when it says so', async () => {
    expect((await call(null)).status).toBe(200)
    expect((await call('team-a')).status).toBe(200)
    const charged = (await harness.ledger()).map((entry) => [entry.tenant_id, entry.key_id])
    expect(charged).toEqual([
      ['platform', platform.keyId],
      ['team-a', platform.keyId],
    ])
  })

  it.each(['team-b', 'nobody', 'team-a,team-b', '../team-a'])('may not act for %s', async (tenant) => {
    expect(await call(tenant)).toMatchObject({ status: 403, type: 'AccessDeniedException' })
    expect((await harness.ledger()).filter((entry) => entry.tenant_id === tenant)).toEqual([])
  })
})

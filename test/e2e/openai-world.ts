// A gateway with one tenant, and OpenAI's client that knows only its base URL and its key, for end-to-end tests.

import OpenAI from 'openai'
import { expect } from 'vitest'
import type { LedgerLine, TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { counted } from './truth.ts'

export const NOVA = 'amazon.nova-lite-v1:0'
export const CLAUDE = 'us.anthropic.claude-sonnet-5-5'
export const PROMPT = 'Tell me of the sea in 30 words.'
export const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'Tells the weather of a place.',
    parameters: { type: 'object', properties: { place: { type: 'string' } } },
  },
}

export type OpenaiWorld = Omit<Harness, 'tenant'> & {
  readonly tenant: TestTenant
  readonly client: OpenAI
  readonly makeTenant: Harness['tenant']
  clientOf(tenant: TestTenant): OpenAI
  lastEntry(): Promise<LedgerLine>
  /** The entry of the last call says what the simulator billed. */
  assertBilled(operation: string): Promise<void>
}

export async function startOpenaiWorld(): Promise<OpenaiWorld> {
  const harness = await startHarness({ settings: { WEIGHBRIDGE_METADATA_KEYS: 'user,team' } })
  const clientOf = ({ secret }: TestTenant): OpenAI =>
    new OpenAI({ baseURL: `${harness.url}/openai/v1`, apiKey: secret, maxRetries: 0 })
  const tenant = await harness.tenant('team-a')
  const lastEntry = async (): Promise<LedgerLine> => {
    const entry = (await harness.ledger()).at(-1)
    if (entry === undefined) throw new Error('the ledger is empty')
    return entry
  }
  return {
    ...harness,
    tenant,
    client: clientOf(tenant),
    makeTenant: (id, over) => harness.tenant(id, over),
    clientOf,
    lastEntry,
    async assertBilled(operation) {
      const entry = await lastEntry()
      expect(entry).toMatchObject({ operation, ending: 'completed', estimated: false, tenant_id: 'team-a' })
      const billed = harness.simulator.bill().find(({ request_id }) => request_id === entry.upstream_request_id)
      expect(counted(entry.usage)).toEqual(counted(billed?.usage ?? null))
    },
  }
}

// The bill is the truth: it equals the sum of what was answered, holds many calls, and the fast path counts every one.
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { describe, expect, it } from 'vitest'
import { type BilledCall, createBill } from './bill.ts'
import { DEFAULT_BEARER_KEY, DEFAULT_KEY_PAIR, startSimulator } from './server.ts'

const NOVA = 'amazon.nova-lite-v1:0'
const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const headers = { authorization: `Bearer ${DEFAULT_BEARER_KEY}` }

async function running<T>(
  options: Parameters<typeof startSimulator>[0],
  work: (simulator: Awaited<ReturnType<typeof startSimulator>>) => Promise<T>,
): Promise<T> {
  const simulator = await startSimulator(options)
  try {
    return await work(simulator)
  } finally {
    await simulator.close()
  }
}

describe('the bill', () => {
  it('equals the sum of what was answered, with refusals and cached prefixes among the calls', async () => {
    await running({}, async (simulator) => {
      const config = { endpoint: simulator.url, region: 'us-east-1', credentials: DEFAULT_KEY_PAIR, maxAttempts: 1 }
      const client = new BedrockRuntimeClient(config)
      const said = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_5m_tokens: 0 }
      const add = (usage: Partial<Record<string, number>> = {}): void => {
        said.input_tokens += usage.inputTokens ?? 0
        said.output_tokens += usage.outputTokens ?? 0
        said.cache_read_tokens += usage.cacheReadInputTokens ?? 0
        said.cache_write_5m_tokens += usage.cacheWriteInputTokens ?? 0
      }
      const system = [{ text: 'word '.repeat(1500) }, { cachePoint: { type: 'default' as const } }]
      const input = (index: number) => ({
        modelId: CLAUDE,
        messages: [{ role: 'user' as const, content: [{ text: `Question ${index}` }] }],
        ...(index % 3 === 0 ? { system } : {}),
      })
      for (let index = 0; index < 12; index++) {
        const whole = await client.send(new ConverseCommand(input(index)))
        const { stream } = await client.send(new ConverseStreamCommand(input(index)))
        for await (const event of stream ?? []) add({ ...event.metadata?.usage, cacheDetails: undefined })
        add({ ...whole.usage, cacheDetails: undefined })
        const refused = client.send(new ConverseCommand({ ...input(index), modelId: `${CLAUDE}~fault=throttle` }))
        await expect(refused).rejects.toMatchObject({ name: 'ThrottlingException' })
      }
      const totals: Record<string, number> = {}
      for (const { usage } of simulator.bill()) {
        for (const [name, amount] of Object.entries(usage)) totals[name] = (totals[name] ?? 0) + amount
      }
      expect(simulator.bill()).toHaveLength(24)
      expect(totals).toEqual(said)
      expect(totals.cache_read_tokens).toBeGreaterThan(0)
    })
  })

  it('does not list what is free or failed', async () => {
    await running({}, async (simulator) => {
      await fetch(`${simulator.url}/foundation-models`, { headers })
      await fetch(`${simulator.url}/model/nobody/invoke`, { method: 'POST', headers, body: '{}' })
      const config = { endpoint: simulator.url, region: 'us-east-1', credentials: DEFAULT_KEY_PAIR, maxAttempts: 1 }
      const wrong = new InvokeModelCommand({ modelId: NOVA, body: '{}' })
      await expect(new BedrockRuntimeClient(config).send(wrong)).rejects.toMatchObject({ name: 'ValidationException' })
      expect(simulator.bill()).toEqual([])
    })
  })

  it('hands 200,000 calls out, whole or in pages, and forgets them on reset', async () => {
    const call = (index: number): BilledCall => ({
      request_id: `request-${index}`,
      operation: 'Converse',
      model_id: NOVA,
      base_model: NOVA,
      region: 'us-east-1',
      tier: 'default',
      requested_tier: 'default',
      usage: { input_tokens: 10, output_tokens: 20 },
      completed: true,
      client_gone: false,
      status: 200,
      started_at: '2026-11-20T12:00:00.000Z',
      ended_at: '2026-11-20T12:00:01.000Z',
      access_key_id: 'AKIA1',
    })
    const bill = createBill()
    for (let index = 0; index < 200_000; index++) bill.add(call(index))
    await running({ bill }, async (simulator) => {
      const whole = await (await fetch(`${simulator.url}/_simulator/bill`)).json()
      expect(whole).toMatchObject({ totals: { calls: 200_000 } })
      expect(JSON.stringify(whole)).toContain('"request-199999"')
      const page = await (await fetch(`${simulator.url}/_simulator/bill?after=199998&limit=1`)).json()
      expect(page).toMatchObject({ calls: [{ request_id: 'request-199998' }] })
      await fetch(`${simulator.url}/_simulator/reset`, { method: 'POST' })
      const empty = await (await fetch(`${simulator.url}/_simulator/bill`)).json()
      expect(empty).toEqual({ calls: [], in_flight: 0, totals: { calls: 0, by: {} } })
    })
  })
})

describe('the fast path', () => {
  it('answers what the SDK reads, over both protocols, and counts every call', async () => {
    await running({ fast: true }, async (simulator) => {
      const config = { endpoint: simulator.url, region: 'us-east-1', credentials: DEFAULT_KEY_PAIR, maxAttempts: 1 }
      const client = new BedrockRuntimeClient(config)
      const input = { modelId: NOVA, messages: [{ role: 'user' as const, content: [{ text: 'Hello' }] }] }
      const whole = await client.send(new ConverseCommand(input))
      expect(whole.usage).toMatchObject({ inputTokens: 250, outputTokens: 200 })
      const { stream } = await client.send(new ConverseStreamCommand(input))
      const events = []
      for await (const event of stream ?? []) events.push(event)
      expect(events).toHaveLength(204)
      expect(events.at(-1)?.metadata?.usage).toEqual(whole.usage)
      const path = `${simulator.url}/model/${encodeURIComponent(NOVA)}/converse`
      const response = await fetch(path, { method: 'POST', body: JSON.stringify(input) })
      expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
      expect((await response.text()).length).toBeGreaterThan(1000)
      const bill = await (await fetch(`${simulator.url}/_simulator/bill`)).json()
      const key = `Converse|${encodeURIComponent(NOVA)}|default|us-east-1`
      expect(bill).toMatchObject({ totals: { calls: 3, by: { [key]: { calls: 2, usage: { output_tokens: 400 } } } } })
    })
  })

  it('paces its streams, and stops when the client leaves', async () => {
    await running({ fast: true, tokensPerSecond: 1000 }, async (simulator) => {
      const path = `${simulator.url}/model/${encodeURIComponent(NOVA)}/converse-stream`
      const response = await fetch(path, { method: 'POST', body: '{}' })
      const reader = response.body?.getReader()
      const first = await reader?.read()
      expect(first?.value?.length).toBeLessThan(1000)
      await reader?.cancel()
      const next = await fetch(path, { method: 'POST', body: '{}' })
      expect((await next.arrayBuffer()).byteLength).toBeGreaterThan(10_000)
    })
  })
})

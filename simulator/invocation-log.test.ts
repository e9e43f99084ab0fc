// The log holds one record per call under AWS's keys: counts as billed, refusals with their error, large bodies beside it.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DEFAULT_BEARER_KEY, type RunningSimulator, startSimulator } from './server.ts'

const NOVA = 'amazon.nova-lite-v1:0'
let folder: string
let simulator: RunningSimulator
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulator-log-'))
  simulator = await startSimulator({ logFolder: folder, now: () => Date.parse('2026-11-20T09:08:07Z') })
})
afterEach(async () => {
  await simulator.close()
  await rm(folder, { recursive: true })
})

const call = (operation: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${simulator.url}/model/${encodeURIComponent(NOVA)}/${operation}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${DEFAULT_BEARER_KEY}`, ...headers },
    body: JSON.stringify(body),
  }).then(async (response) => ({ response, text: await response.text() }))

async function records(): Promise<{ keys: string[]; lines: Record<string, unknown>[] }> {
  await fetch(`${simulator.url}/_simulator/flush`, { method: 'POST' })
  const keys = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.gz')).toSorted()
  const lines: Record<string, unknown>[] = []
  for (const key of keys.filter((name) => !name.includes('/data/'))) {
    const text = gunzipSync(await readFile(join(folder, key))).toString()
    for (const line of text.trimEnd().split('\n')) lines.push(JSON.parse(line))
  }
  return { keys, lines }
}

const question = (text: string) => ({ messages: [{ role: 'user', content: [{ text }] }] })

it('one record per call, with what was billed', async () => {
  await call('converse', { ...question('Hello'), requestMetadata: { team: 'a' } })
  await call('converse-stream', question('Hello'))
  await call('converse', question('Hello'), { 'x-simulator-fault': 'throttle' })
  const { keys, lines } = await records()
  expect(keys).toHaveLength(1)
  expect(keys[0]).toMatch(
    /^AWSLogs\/123456789012\/BedrockModelInvocationLogs\/us-east-1\/2026\/11\/20\/09\/20261120T090807Z_[0-9a-f]{16}\.json\.gz$/,
  )
  const [one, two] = simulator.bill()
  expect(lines).toMatchObject([
    {
      schemaType: 'ModelInvocationLog',
      schemaVersion: '1.0',
      timestamp: '2026-11-20T09:08:07Z',
      requestId: one?.request_id,
      operation: 'Converse',
      modelId: NOVA,
      requestMetadata: { team: 'a' },
      input: { inputBodyJson: question('Hello'), inputTokenCount: one?.usage.input_tokens },
      output: { outputBodyJson: { stopReason: 'end_turn' }, outputTokenCount: one?.usage.output_tokens },
    },
    { requestId: two?.request_id, operation: 'ConverseStream', output: { outputBodyJson: { stopReason: 'end_turn' } } },
    { operation: 'Converse', errorCode: 'ThrottlingException' },
  ])
})

it('bodies above 100 KB are objects of their own', async () => {
  await call('converse', question('x'.repeat(120_000)))
  const { keys, lines } = await records()
  const [line] = lines
  expect(line?.input).toMatchObject({ inputTokenCount: 30_004 })
  expect(line?.input).not.toHaveProperty('inputBodyJson')
  const data = keys.find((key) => key.includes('/data/')) ?? ''
  expect(line?.input).toMatchObject({ inputBodyS3Path: `s3://simulated-invocation-logs/${data}` })
  expect(JSON.parse(gunzipSync(await readFile(join(folder, data))).toString())).toEqual(question('x'.repeat(120_000)))
})

it('writes what is waiting when it closes', async () => {
  await call('converse', question('Hello'))
  await simulator.close()
  const names = await readdir(folder, { recursive: true })
  expect(names.filter((name) => name.endsWith('.gz'))).toHaveLength(1)
  simulator = await startSimulator()
})

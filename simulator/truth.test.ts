// Under random faults and clients that leave, the bill calls exactly those calls complete that their clients saw complete.
import { EventStreamCodec } from '@smithy/core/event-streams'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseScenario } from './scenario.ts'
import { DEFAULT_BEARER_KEY, type RunningSimulator, startSimulator } from './server.ts'
import { randomFrom } from './tokens.ts'

const NOVA = 'amazon.nova-lite-v1:0'
const CALLS = 600
const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()),
  (text) => Buffer.from(text),
)

/** The request id of a call whose whole answer came, with its usage; null when it did not. */
async function seenComplete(simulator: RunningSimulator, index: number, leaves: boolean): Promise<string | null> {
  const stream = index % 2 === 0
  const controller = new AbortController()
  try {
    const response = await fetch(`${simulator.url}/model/${NOVA}/${stream ? 'converse-stream' : 'converse'}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${DEFAULT_BEARER_KEY}` },
      body: JSON.stringify({ messages: [{ role: 'user', content: [{ text: `Call ${index}, in 30 words.` }] }] }),
      signal: controller.signal,
    })
    if (leaves) controller.abort()
    const bytes = Buffer.from(await response.arrayBuffer())
    const id = response.headers.get('x-amzn-requestid')
    if (response.status !== 200) return null
    return (stream ? endsInMetadata(bytes) : isJson(bytes)) ? id : null
  } catch {
    return null
  }
}

function endsInMetadata(bytes: Buffer): boolean {
  let last: unknown
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const { headers } = codec.decode(bytes.subarray(at, at + length))
    last = headers[':event-type']?.value
    at += length
  }
  return last === 'metadata'
}

function isJson(bytes: Buffer): boolean {
  JSON.parse(bytes.toString())
  return true
}

it('the bill and the clients agree', async () => {
  const scenario = parseScenario(JSON.parse(readFileSync(join(import.meta.dirname, 'scenarios/flaky.json'), 'utf8')))
  const simulator = await startSimulator({ scenario, tokensPerSecond: 20_000 })
  try {
    const random = randomFrom('truth')
    const complete = new Set<string>()
    for (let start = 0; start < CALLS; start += 30) {
      const calls = Array.from({ length: 30 }, (_, offset) => seenComplete(simulator, start + offset, random() < 0.1))
      for (const id of await Promise.all(calls)) if (id !== null) complete.add(id)
    }
    const inFlight = async (): Promise<unknown> => (await fetch(`${simulator.url}/_simulator/bill?summary=1`)).json()
    await expect.poll(inFlight).toMatchObject({ in_flight: 0 })
    const bill = simulator.bill()
    const billed = new Set(bill.filter((call) => call.completed).map((call) => call.request_id))
    expect(billed.size).toBeGreaterThan(CALLS / 2)
    expect([...complete].filter((id) => !billed.has(id))).toEqual([])
    // A client that leaves at the very end may have been sent everything all the same.
    const unseen = bill.filter((call) => call.completed && !complete.has(call.request_id))
    expect(unseen.length).toBeLessThan(CALLS / 10)
    expect(bill.some((call) => call.client_gone)).toBe(true)
    // Four for the message, and 20 to 22 bytes of text.
    expect(new Set(bill.map((call) => call.usage.input_tokens))).toEqual(new Set([9, 10]))
    expect(bill.filter((call) => call.completed).every((call) => call.usage.output_tokens === 30)).toBe(true)
  } finally {
    await simulator.close()
  }
})

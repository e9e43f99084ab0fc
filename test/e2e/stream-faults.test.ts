// An upstream that breaks off, stalls, raises exceptions or sends garbage: a typed error in the AWS SDK, one entry, billed what is known.

import {
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import type { LedgerLine, TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { claudeBody, HAIKU } from './requests.ts'
import { counted } from './truth.ts'

const messages = [{ role: 'user' as const, content: [{ text: 'Answer in 40 words, please.' }] }]

let harness: Harness
let tenant: TestTenant
let client: BedrockRuntimeClient

beforeAll(async () => {
  harness = await startHarness({
    settings: {
      WEIGHBRIDGE_UPSTREAM_IDLE_TIMEOUT_MILLISECONDS: '2000',
      WEIGHBRIDGE_UPSTREAM_HEADERS_TIMEOUT_MILLISECONDS: '2000',
      WEIGHBRIDGE_UPSTREAM_RETRIES: '0',
    },
  })
  tenant = await harness.tenant('team-a')
  client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: harness.url,
    maxAttempts: 1,
    credentials: { accessKeyId: tenant.accessKeyId, secretAccessKey: tenant.secretAccessKey },
  })
})

afterAll(async () => {
  client.destroy()
  await harness.close()
})

let known: ReadonlySet<string>

beforeEach(async () => {
  harness.simulator.reset()
  known = await knownEntries()
})

const knownEntries = async (): Promise<Set<string>> =>
  new Set((await harness.ledger()).map((entry) => entry.request_id))

const play = (...faults: string[]): void => harness.simulator.setScenario(parseScenario({ rules: [{ faults }] }))

type Streamed = { readonly events: readonly string[]; readonly text: string; readonly error: unknown }

async function converseStream(): Promise<Streamed> {
  const events: string[] = []
  let text = ''
  try {
    const answer = await client.send(new ConverseStreamCommand({ modelId: HAIKU, messages }))
    for await (const event of answer.stream ?? []) {
      events.push(...Object.keys(event))
      text += event.contentBlockDelta?.delta?.text ?? ''
    }
    return { events, text, error: null }
  } catch (error) {
    return { events, text, error }
  }
}

/** The one new entry, and the one new bill if there is one. */
async function accounted(): Promise<{ entry: LedgerLine; billed: Record<string, number> | null }> {
  const added = (await harness.ledger()).filter((entry) => !known.has(entry.request_id))
  known = await knownEntries()
  expect(added).toHaveLength(1)
  const bill = harness.simulator.bill()
  expect(bill.length).toBeLessThanOrEqual(1)
  return { entry: added[0] as LedgerLine, billed: bill[0]?.usage ?? null }
}

const nameOf = (error: unknown): string =>
  error instanceof BedrockRuntimeServiceException ? error.name : `not typed: ${String(error)}`

describe.each([
  ['reset', 'InternalServerException', 'ModelStreamErrorException'],
  ['fin', 'InternalServerException', 'ModelStreamErrorException'],
  ['stall', 'ServiceUnavailableException', 'ServiceUnavailableException'],
])('a stream that the upstream ends by %s', (fault, beforeBytes, afterBytes) => {
  it('before its headers', async () => {
    play(`${fault}:at=before_headers,billed=yes`)
    const { error, events } = await converseStream()
    expect([nameOf(error), events]).toEqual([beforeBytes, []])
    const { entry } = await accounted()
    expect(entry).toMatchObject({ ending: 'upstream_failed', usage: null, cost_usd: null, estimated: true })
  })

  it('after its headers', async () => {
    play(`${fault}:at=after_headers`)
    const { error, events } = await converseStream()
    expect([nameOf(error), events]).toEqual([beforeBytes, []])
    const { entry } = await accounted()
    expect(entry).toMatchObject({ ending: 'upstream_failed', estimated: true })
  })

  it('in the middle of an event', async () => {
    play(`${fault}:at=mid_event,after=5`)
    const { error, events, text } = await converseStream()
    expect(nameOf(error)).toBe(afterBytes)
    expect(events.slice(0, 2)).toEqual(['messageStart', 'contentBlockDelta'])
    const { entry, billed } = await accounted()
    expect(entry).toMatchObject({ ending: 'upstream_failed', status: 200, estimated: true })
    expect(entry.usage?.output_tokens).toBe(Math.floor(text.length / 4))
    expect(entry.usage?.output_tokens).toBe(billed?.output_tokens)
  })

  it('after its last text, before it says its usage', async () => {
    play(`${fault}:at=after_stop`)
    const { error, events } = await converseStream()
    expect(nameOf(error)).toBe(afterBytes)
    expect(events.at(-1)).toBe('messageStop')
    const { entry, billed } = await accounted()
    expect(entry).toMatchObject({ ending: 'upstream_failed', estimated: true })
    expect(entry.usage?.output_tokens).toBe(billed?.output_tokens)
  })
})

describe('a stream that ends properly before it is whole', () => {
  it.each(['end:at=mid_event,after=5', 'end:at=after_stop', 'truncated_frame:after=5'])('%s', async (fault) => {
    play(fault)
    const { error } = await converseStream()
    expect(nameOf(error)).toBe('ModelStreamErrorException')
    const { entry } = await accounted()
    expect(entry).toMatchObject({ ending: 'upstream_failed', estimated: true })
    expect(entry.usage?.output_tokens).toBeGreaterThan(0)
  })
})

describe('an exception inside a stream', () => {
  it.each([
    ['throttlingException', 'ThrottlingException'],
    ['modelStreamErrorException', 'ModelStreamErrorException'],
    ['validationException', 'ValidationException'],
    ['internalServerException', 'InternalServerException'],
    ['serviceUnavailableException', 'ServiceUnavailableException'],
  ])('%s reaches the SDK as %s, and what was generated is charged', async (type, name) => {
    play(`exception:type=${type},after=6`)
    const { error, text } = await converseStream()
    expect(nameOf(error)).toBe(name)
    expect(text.length).toBeGreaterThan(0)
    const { entry, billed } = await accounted()
    expect(entry).toMatchObject({ ending: 'upstream_failed', status: 200, estimated: true })
    expect(entry.usage?.output_tokens).toBe(billed?.output_tokens)
    expect(Number(entry.cost_usd)).toBeGreaterThan(0)
  })

  it('of the Invoke stream too', async () => {
    play('exception:type=modelTimeoutException,after=6')
    const answer = await client.send(
      new InvokeModelWithResponseStreamCommand({ modelId: HAIKU, body: claudeBody('Answer in 40 words.') }),
    )
    const read = async (): Promise<void> => {
      for await (const _ of answer.body ?? []) continue
    }
    await expect(read()).rejects.toMatchObject({ name: 'ModelTimeoutException' })
    const { entry } = await accounted()
    expect(entry).toMatchObject({ ending: 'upstream_failed', estimated: true })
  })
})

describe('a stream with a damaged event', () => {
  it.each([
    'bad_prelude_crc',
    'bad_message_crc',
    'bad_length',
    'bad_length:length=0',
    'bad_length:length=4294967295',
    'header_overrun',
    'bad_header_type',
    'error_event',
  ])('%s: the SDK fails, one estimated entry, the gateway goes on', async (fault) => {
    play(fault)
    const { error, events } = await converseStream()
    expect(error).toBeInstanceOf(Error)
    expect(events).not.toContain('metadata')
    const { entry } = await accounted()
    expect(entry).toMatchObject({ ending: 'upstream_failed', estimated: true })
    expect(entry.usage?.input_tokens).toBeGreaterThan(0)
    harness.simulator.reset()
    play()
    expect((await converseStream()).error).toBeNull()
    expect((await accounted()).entry).toMatchObject({ ending: 'completed', estimated: false })
  })

  it.each(['non_json', 'non_utf8', 'unknown_event'])(
    '%s: whatever the client makes of it, the usage is exact',
    async (fault) => {
      play(fault)
      await converseStream()
      const { entry, billed } = await accounted()
      expect(entry).toMatchObject({ ending: 'completed', estimated: false })
      expect(counted(entry.usage)).toEqual(billed)
    },
  )
})

describe('a stream that is cut in other places than its events', () => {
  it.each(['split:bytes=1', 'split:bytes=13', 'merge', 'padding:bytes=3000', 'merge+split:bytes=4096'])(
    '%s: same events, exact usage',
    async (fault) => {
      play()
      const plain = await converseStream()
      harness.simulator.reset()
      await accounted()
      play(...fault.split('+'))
      const cut = await converseStream()
      expect(cut.error).toBeNull()
      expect(cut.text).toBe(plain.text)
      expect(cut.events).toEqual(plain.events)
      const { entry, billed } = await accounted()
      expect(entry).toMatchObject({ ending: 'completed', estimated: false })
      expect(counted(entry.usage)).toEqual(billed)
    },
  )
})

describe('an answer that is not streamed', () => {
  it.each(['truncated_json', 'empty_body', 'reset:at=mid_event', 'fin:at=after_headers', 'reset:at=after_stop'])(
    '%s: 502, an estimate, no success',
    async (fault) => {
      play(fault)
      const error: unknown = await client
        .send(new ConverseCommand({ modelId: HAIKU, messages }))
        .catch((thrown: unknown) => thrown)
      expect(nameOf(error)).toBe('InternalServerException')
      expect(error).toMatchObject({ $metadata: { httpStatusCode: 502 } })
      const { entry } = await accounted()
      expect(entry).toMatchObject({ ending: 'upstream_failed', status: 502, estimated: true })
    },
  )

  it('and whose headers say the usage: the estimate is that', async () => {
    play('truncated_json')
    const command = new InvokeModelCommand({ modelId: HAIKU, body: claudeBody('Answer in 40 words.') })
    await expect(client.send(command)).rejects.toMatchObject({ name: 'InternalServerException' })
    const { entry, billed } = await accounted()
    expect(entry.estimated).toBe(true)
    expect(counted(entry.usage)).toEqual(billed)
  })
})

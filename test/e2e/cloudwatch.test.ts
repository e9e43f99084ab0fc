// The metering log in CloudWatch Logs: every record, in batches that it takes, again where it was away.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startLogStore, type LogStore } from '../../simulator/log-store.ts'
import { batchesOf, cloudWatchSink } from '../../src/archives/cloudwatch.ts'
import { startHarness } from './harness.ts'

const GROUP = '/weighbridge/usage'
const STREAM = `${GROUP} weighbridge`

let store: LogStore
let rejected: number

beforeAll(async () => {
  store = await startLogStore([GROUP])
})
beforeEach(() => {
  store.events.clear()
  store.batches.length = 0
  store.failures.length = 0
  rejected = 0
})
afterAll(() => store.close())

const sink = (group = GROUP) =>
  cloudWatchSink({
    group,
    region: 'us-east-1',
    endpoint: store.url,
    credentials: { accessKeyId: 'AKIASIMULATOR000001', secretAccessKey: 'simulator-secret' },
    onRejected: (events) => (rejected += events),
  })
const NOW = Date.now()
const line = (at: number, padding = ''): string => JSON.stringify({ timestamp: new Date(at).toISOString(), padding })
const messages = () => store.events.get(STREAM)?.map(({ message }) => message)

describe('a sink', () => {
  it('makes its stream, and keeps records in the order of time', async () => {
    await sink()([line(NOW), line(NOW - 2), line(NOW - 1)])
    await sink()([line(NOW + 1)])
    expect(messages()).toEqual([line(NOW - 2), line(NOW - 1), line(NOW), line(NOW + 1)])
    expect(store.batches).toEqual([3, 1])
  })

  it.each<[string, string[], number[]]>([
    ['more events than a batch may have', Array.from({ length: 10_001 }, () => line(NOW)), [10_000, 1]],
    ['more bytes', Array.from({ length: 5 }, () => line(NOW, 'x'.repeat(300_000))), [3, 2]],
    ['more than a day', [line(NOW - 86_400_000), line(NOW - 1), line(NOW)], [2, 1]],
  ])('cuts %s', async (_, lines, batches) => {
    await sink()(lines)
    expect(store.batches).toEqual(batches)
    expect(messages()).toHaveLength(lines.length)
  })

  it('fits a batch to the byte', () => {
    const event = (bytes: number) => ({ timestamp: 1, message: 'x'.repeat(bytes - 26) })
    expect(batchesOf([event(524_288), event(524_288)]).map((batch) => batch.length)).toEqual([2])
    expect(batchesOf([event(524_288), event(524_289)]).map((batch) => batch.length)).toEqual([1, 1])
  })

  it('says what was too old to be taken, and does not send it for ever', async () => {
    await sink()([line(NOW - 15 * 86_400_000), line(NOW)])
    expect(rejected).toBe(1)
    expect(messages()).toEqual([line(NOW)])
  })

  it('fails where CloudWatch Logs is away, and where there is no group', async () => {
    store.failures.push(503, 503)
    await expect(sink()([line(NOW)])).rejects.toThrow(/Unavailable|Unknown/)
    await expect(sink('/nobodys')([line(NOW)])).rejects.toThrow('there is no log group "/nobodys"; create it')
  })
})

describe('a gateway', () => {
  it('writes a record of each call, also of those while the sink was away', async () => {
    store.failures.push(503, 503, 503, 503)
    const harness = await startHarness({
      settings: {
        WEIGHBRIDGE_METERING_LOG: `cloudwatch:${GROUP}`,
        WEIGHBRIDGE_CLOUDWATCH_LOGS_ENDPOINT: store.url,
      },
    })
    const { secret } = await harness.tenant('hr')
    for (const inputs of ['Hi', 'Ho'])
      await fetch(`${harness.url}/invoke_model?model_id=amazon.nova-lite-v1:0`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}` },
        body: JSON.stringify({ inputs }),
      })
    const ids = (await harness.ledger()).map((entry) => entry.request_id)
    const recorded = () =>
      messages()?.map((text) => (JSON.parse(text) as { message: { requestId: string } }).message.requestId)
    await expect.poll(() => recorded()?.toSorted(), { timeout: 15_000 }).toEqual(ids.toSorted())
    await harness.close()
  })
})

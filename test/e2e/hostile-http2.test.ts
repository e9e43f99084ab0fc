// Hostile HTTP/2 clients of the listener: floods, windows that stay closed, streams left in every state. The listener is a process of its own,
// since what it must not do is to stop turning or to grow; bounds are counts and bytes.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  CODE,
  END_STREAM,
  frame,
  FrameClient,
  goaway,
  ping,
  request,
  reset,
  settings,
  TYPE,
  windowUpdate,
} from './http2-frames.ts'
import type { Condition } from './listener-child.ts'
import { ListenerProcess } from './listener-process.ts'
import { choicesFor, type Choices } from './random.ts'

const TIMEOUT = { timeout: 60_000 }
const MEGABYTE = 1_048_576
/** What the process may grow by under any attack here: garbage, and what is under way. Unbounded, each would take a multiple. */
const GROWTH_BYTES = 160 * MEGABYTE

let listener: ListenerProcess
let before: Condition
let bytesBefore: number
const clients: FrameClient[] = []

beforeAll(async () => {
  listener = await ListenerProcess.start()
  // what is made once should not count as growth
  await listener.honestCall()
})

beforeEach(async () => {
  before = await listener.condition()
  bytesBefore = listener.residentBytes()
})

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

afterAll(() => listener.kill())

function open(initialWindowBytes?: number): FrameClient {
  const client = new FrameClient(listener.port, initialWindowBytes)
  clients.push(client)
  return client
}

/** Every exchange that began is over, once, and the process is as it was. */
async function recovered(): Promise<Condition> {
  for (const client of clients) client.destroy()
  let now = await listener.condition()
  for (let look = 0; look < 500 && (now.closed < now.begun || now.connections > 0); look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    now = await listener.condition()
  }
  expect(now).toMatchObject({ closed: now.begun, closedTwice: 0, connections: 0 })
  expect(listener.residentBytes() - bytesBefore).toBeLessThan(GROWTH_BYTES)
  expect(await listener.honestCall()).toBe('200')
  return now
}

const ids = (count: number): number[] => Array.from({ length: count }, (_, index) => 2 * index + 1)

describe('a flood of', () => {
  it('streams that are reset as soon as they are opened ends the connection', TIMEOUT, async () => {
    const client = open()
    const rounds = await client.flood(500, (time) =>
      Buffer.concat(
        ids(100).flatMap((id) => [request(200 * time + id, '/pieces/100000'), reset(200 * time + id, CODE.cancel)]),
      ),
    )
    expect(rounds).toBeLessThan(500)
    const { begun } = await recovered()
    // the burst of 1,000, and 33 more for each second
    expect(begun - before.begun).toBeLessThan(5_000)
  })

  it('CONTINUATION frames ends the connection before they fill the memory', TIMEOUT, async () => {
    const client = open()
    await client.send(request(1, '/echo', { endHeaders: false }))
    const rounds = await client.flood(20_000, () => frame(TYPE.continuation, 0, 1, Buffer.alloc(16_384, 'x')))
    expect(rounds).toBeLessThan(2_000)
    expect((await recovered()).begun - before.begun).toBeLessThanOrEqual(1)
  })

  it('empty CONTINUATION frames too', TIMEOUT, async () => {
    const client = open()
    await client.send(request(1, '/echo', { endHeaders: false }))
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => frame(TYPE.continuation, 0, 1)))
    expect(await client.flood(1_000, () => many)).toBeLessThan(1_000)
    expect(await recovered()).toMatchObject({ connections: 0 })
  })

  it.each([
    ['SETTINGS', settings(70_000)],
    ['empty SETTINGS', settings()],
    ['PING', ping()],
  ])('%s, whose acknowledgements are never read, fills no memory', TIMEOUT, async (_name, one) => {
    const client = open()
    client.socket.pause()
    const many = Buffer.concat(Array.from({ length: 5_000 }, () => one))
    let sent = 0
    // a server that has stopped reading takes no more: that is as good as one that has closed
    const flooded = client.flood(400, () => {
      sent += 1
      return many
    })
    await Promise.race([flooded, new Promise((resolve) => setTimeout(resolve, 3_000))])
    expect(sent).toBeLessThan(400)
    expect(await recovered()).toMatchObject({ connections: 0 })
  })

  it('empty DATA frames fills no memory', TIMEOUT, async () => {
    const client = open()
    await client.send(request(1, '/echo', { method: 'POST', endStream: false }))
    const many = Buffer.concat(Array.from({ length: 5_000 }, () => frame(TYPE.data, 0, 1)))
    await client.flood(200, () => many)
    expect(await recovered()).toMatchObject({ connections: 0 })
  })

  it('WINDOW_UPDATE and PRIORITY frames for nothing fills no memory', TIMEOUT, async () => {
    const client = open()
    const priority = frame(2, 0, 1, Buffer.alloc(5))
    const many = Buffer.concat(Array.from({ length: 5_000 }, () => Buffer.concat([priority, windowUpdate(1, 1)])))
    await client.send(request(1, '/echo', { method: 'POST', endStream: false }))
    await client.flood(100, () => many)
    expect(await recovered()).toMatchObject({ connections: 0 })
  })

  it('streams beyond the number that may be open is refused, each one of them', TIMEOUT, async () => {
    const client = open(0)
    await client.send(...ids(600).map((id) => request(id, '/pieces/100000')))
    await client.until(() => client.resets.size >= 344)
    expect(new Set(client.resets.values())).toEqual(new Set([CODE.refused]))
    const { begun } = await listener.condition()
    expect(begun - before.begun).toBe(256)
    expect(await recovered()).toMatchObject({ connections: 0 })
  })
})

describe('a window that stays closed', () => {
  it('holds little for each of many streams, and all of them come whole when it opens', TIMEOUT, async () => {
    const client = open(0)
    await client.send(...ids(256).map((id) => request(id, '/pieces/200000')))
    await client.until(() => (client.counts[TYPE.headers] ?? 0) === 256)
    expect(listener.residentBytes() - bytesBefore).toBeLessThan(64 * MEGABYTE)
    await client.send(settings(400_000), windowUpdate(0, 100_000_000))
    await client.until(() => client.ended.size === 256)
    expect([...client.dataBytes.values()]).toEqual(Array.from({ length: 256 }, () => 212_992))
    expect(client.emptyFrames).toBe(0)
    expect(await recovered()).toMatchObject({ connections: 0 })
  })

  it.each(['break/100000', 'break-at-once/100000', 'break-after-end/100000', 'break-after-end/50000', 'throw'])(
    'while the gateway breaks the answer off (%s) and then opens: nothing is written for it any more',
    TIMEOUT,
    async (way) => {
      for (const window of [0, 10, 40_000]) {
        const client = open(window)
        await client.send(...ids(50).map((id) => request(id, `/${way}`)))
        await client.until(() => client.resets.size + client.ended.size === 50)
        expect(client.resets.size).toBe(50)
        await opened(client)
        expect(client.emptyFrames).toBe(0)
      }
      expect(await recovered()).toMatchObject({ connections: 0 })
    },
  )

  it.each([CODE.none, CODE.internal, CODE.cancel])(
    'of a client that resets its streams (%i) and opens it in one go leaves nothing behind',
    TIMEOUT,
    async (code) => {
      for (const window of [0, 10, 65_535]) {
        const client = open(window)
        await client.send(...ids(100).map((id) => request(id, '/whole/100000', { method: 'POST', endStream: false })))
        await client.until(() => (client.counts[TYPE.headers] ?? 0) === 100)
        await client.send(
          ...ids(100).flatMap((id) => [windowUpdate(id, 1_000_000), reset(id, code)]),
          windowUpdate(0, 1e9),
        )
        await opened(client)
        expect(client.emptyFrames).toBe(0)
      }
      expect(await recovered()).toMatchObject({ connections: 0 })
    },
  )

  it('of a client that uploads on after its answer: the upload is stopped, not the answer', TIMEOUT, async () => {
    for (const bytes of [0, 1, 65_535, 100_000]) {
      const client = open(0)
      const upload = frame(TYPE.data, 0, 1, Buffer.alloc(16_384))
      await client.send(request(1, `/whole/${bytes}`, { method: 'POST', endStream: false }), upload, upload)
      await client.until(() => (client.counts[TYPE.headers] ?? 0) === 1)
      await client.send(windowUpdate(0, 1_000_000), windowUpdate(1, 1_000_000), upload)
      await client.until(() => client.ended.has(1))
      expect([client.dataBytes.get(1) ?? 0, client.emptyFrames]).toEqual([bytes, 0])
      await client.until(() => client.resets.has(1))
      expect(client.resets.get(1)).toBe(CODE.none)
    }
    expect(await recovered()).toMatchObject({ connections: 0 })
  })
})

describe('a window that stays closed for longer than the listener waits', () => {
  let usual: ListenerProcess
  beforeAll(async () => {
    usual = listener
    listener = await ListenerProcess.start({ writeStallMilliseconds: 500 })
    await listener.honestCall()
  })
  afterAll(() => {
    listener.kill()
    listener = usual
  })

  it.each(['whole', 'pieces'])(
    'gets no byte of an answer (%s) that was given up, when it opens',
    TIMEOUT,
    async (way) => {
      const client = open(0)
      await client.send(...ids(100).map((id) => request(id, `/${way}/300000`)))
      await client.until(() => client.resets.size === 100)
      expect(new Set(client.resets.values())).toEqual(new Set([CODE.internal]))
      await opened(client)
      expect([client.dataBytes.size, client.emptyFrames]).toEqual([0, 0])
      await recovered()
    },
  )
})

/** Opens everything and waits until the server has answered a PING sent after it: what it had to write then is written. */
async function opened(client: FrameClient): Promise<void> {
  const pings = client.counts[TYPE.ping] ?? 0
  await client.send(settings(1_000_000), windowUpdate(0, 100_000_000), ping())
  await client.until(() => (client.counts[TYPE.ping] ?? 0) > pings)
  await listener.condition()
}

describe('answers that are cancelled in their middle', () => {
  it('a thousand times: each ends once, and nothing more is written for it', TIMEOUT, async () => {
    for (let round = 0; round < 5; round += 1) {
      const client = open()
      let after = 0
      client.onFrame = ({ type, stream }) => {
        if (type !== TYPE.data) return
        if (client.dataBytes.get(stream) === 16_384)
          void client.send(reset(stream, CODE.cancel), windowUpdate(0, 16_384))
        else after += 1
      }
      for (let batch = 0; batch < 10; batch += 1) {
        const opening = ids(20).map((id) => 40 * batch + id)
        await client.send(...opening.map((id) => request(id, '/pieces/500000')))
        await client.until(() => opening.every((id) => client.dataBytes.has(id)))
      }
      expect(client.dataBytes.size).toBe(200)
      // what was on its way
      expect(after).toBeLessThan(200 * 4)
      expect(client.emptyFrames).toBe(0)
      client.destroy()
    }
    expect((await recovered()).begun - before.begun).toBe(1_000)
  })
})

describe('a connection that goes away', () => {
  it.each([CODE.none, CODE.internal, CODE.calm])(
    'with code %i in the same read as requests and bodies',
    TIMEOUT,
    async (code) => {
      for (const window of [0, 65_535]) {
        const client = open(window)
        const streams = ids(20).flatMap((id) => [
          request(id, id % 4 === 1 ? '/whole/100000' : '/echo', { method: 'POST', endStream: false }),
          frame(TYPE.data, 0, id, Buffer.alloc(1_000)),
        ])
        const bodies = ids(20).map((id) => frame(TYPE.data, END_STREAM, id, Buffer.alloc(1_000)))
        await client.send(...streams, goaway(code), ...bodies, windowUpdate(0, 1_000_000))
        await listener.condition()
        client.destroy()
      }
      expect(await recovered()).toMatchObject({ connections: 0 })
    },
  )

  it('by breaking the protocol while answers wait', TIMEOUT, async () => {
    const broken = [
      frame(TYPE.data, 0, 0, Buffer.alloc(1)),
      frame(TYPE.data, 0, 2, Buffer.alloc(1)),
      frame(TYPE.settings, 0, 0, Buffer.alloc(5)),
      frame(TYPE.windowUpdate, 0, 0, Buffer.alloc(4)),
      windowUpdate(1, 2 ** 31 - 1),
      frame(TYPE.headers, END_STREAM, 101, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
      frame(TYPE.data, 8, 1, Buffer.from([255])),
      Buffer.alloc(100, 255),
    ]
    for (const bytes of broken) {
      const client = open(10)
      await client.send(...ids(20).map((id) => request(id, '/whole/100000', { method: 'POST', endStream: false })))
      await client.send(bytes, windowUpdate(0, 1_000_000), ...ids(20).map((id) => windowUpdate(id, 1_000_000)))
      await client.send(ping())
      await listener.condition()
      expect(client.emptyFrames).toBe(0)
      client.destroy()
    }
    expect(await recovered()).toMatchObject({ connections: 0 })
  })
})

describe('any order of frames', () => {
  it('leaves no stream behind and writes nothing for nobody', { timeout: 120_000 }, async () => {
    const choices = choicesFor('hostile HTTP/2')
    let emptyFrames = 0
    for (let round = 0; round < 150; round += 1) {
      const client = open(choices.pick([0, 1, 1_000, 65_535, 1_000_000]))
      for (let step = 0; step < 12 && !client.closed; step += 1) {
        await client.send(...Array.from({ length: 1 + choices.below(12) }, () => anyFrame(choices)))
        if (choices.chance(0.2)) client.socket.pause()
        if (choices.chance(0.4)) client.socket.resume()
        if (choices.chance(0.3)) await new Promise((resolve) => setTimeout(resolve, choices.below(20)))
      }
      client.socket.resume()
      await client.send(settings(1_000_000), windowUpdate(0, 100_000_000))
      ;({ emptyFrames } = client)
      if (emptyFrames > 0) break
      if (choices.chance(0.7)) client.destroy()
    }
    expect(emptyFrames).toBe(0)
    expect(await recovered()).toMatchObject({ connections: 0 })
  })
})

const WAYS = ['whole', 'echo', 'pieces', 'break', 'break-at-once', 'break-after-end', 'throw', 'nothing']

/** Streams 1 to 61, most of the time in an order that the protocol allows. */
function anyFrame(choices: Choices): Buffer {
  const stream = 2 * choices.below(31) + 1
  const sizes = [0, 1, 10_000, 65_535, 65_536, 300_000]
  const flags = choices.chance(0.3) ? END_STREAM : 0
  return choices.pick([
    () =>
      request(stream, `/${choices.pick(WAYS)}/${choices.pick(sizes)}`, {
        method: choices.pick(['GET', 'POST']),
        endStream: choices.chance(0.4),
      }),
    () => request(stream, `/${choices.pick(WAYS)}/${choices.pick(sizes)}`),
    () => frame(TYPE.data, flags, stream, Buffer.alloc(choices.pick([0, 1, 5_000, 16_384]))),
    () => reset(stream, choices.pick(Object.values(CODE))),
    () => windowUpdate(stream, 1 + choices.below(500_000)),
    () => windowUpdate(0, 1 + choices.below(500_000)),
    () => (choices.chance(0.2) ? settings(choices.pick([0, 1, 100_000])) : ping()),
    () => (choices.chance(0.05) ? goaway(choices.pick(Object.values(CODE))) : ping()),
  ])()
}

// More connections than usual, and more than there are file descriptors for: a connection costs little, and nobody who is served already notices.

import { afterEach, expect, it } from 'vitest'
import { connectRaw, eventually, type RawClient } from '../../src/http/raw-client.fixture.ts'
import { ListenerProcess } from './listener-process.ts'

const IDLE = Number(process.env.WEIGHBRIDGE_TEST_CONNECTIONS ?? 3_000)
const ASKING = 'GET /whole/2 HTTP/1.1\r\nhost: gateway.example\r\n\r\n'
/** with what answers one request */
const MOST_BYTES_EACH = 40_000

const clients: RawClient[] = []
let listener: ListenerProcess

afterEach(() => {
  for (const { socket } of clients.splice(0)) socket.destroy()
  listener.kill()
})

function openConnection(): RawClient {
  const client = connectRaw(listener.port)
  clients.push(client)
  return client
}

it('thousands of idle connections are kept, in little memory, and a new one is served', {
  timeout: 120_000,
}, async () => {
  listener = await ListenerProcess.start()
  const before = listener.residentBytes()
  for (let batch = 0; batch < IDLE / 100; batch += 1) {
    const opened = Array.from({ length: 100 }, openConnection)
    for (const client of opened) client.write(ASKING)
    await Promise.all(opened.map((client) => client.until('\r\n\r\naa')))
  }
  expect((await listener.condition()).connections).toBe(IDLE)
  expect(listener.residentBytes() - before).toBeLessThan(IDLE * MOST_BYTES_EACH)
  expect(await listener.honestCall()).toBe('200')
  const [oldest] = clients as [RawClient]
  oldest.write(ASKING)
  await eventually(() => oldest.text().split('\r\n\r\naa').length === 3)
  expect(oldest.socket.destroyed).toBe(false)
})

it('without a file descriptor left new connections are closed; open ones are served; it goes on when there are some', {
  timeout: 60_000,
}, async () => {
  listener = await ListenerProcess.start({ fileDescriptors: 100 })
  const first = openConnection()
  first.write(ASKING)
  await first.until('\r\n\r\naa')
  const crowd = Array.from({ length: 400 }, openConnection)
  await eventually(() => crowd.filter(({ socket }) => socket.closed).length >= 300)
  const { connections } = await listener.condition()
  expect(connections).toBeGreaterThan(10)
  expect(connections).toBeLessThan(100)
  first.write(ASKING)
  await eventually(() => first.text().split('\r\n\r\naa').length === 3)
  for (const { socket } of crowd) socket.destroy()
  await eventually(() => crowd.every(({ socket }) => socket.closed))
  while ((await listener.condition()).connections > 1) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(await listener.honestCall()).toBe('200')
})

// What HTTP itself refuses is counted and logged without words of the client.

import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createHttpFaults } from './http-faults.ts'
import { createListener, type Listener } from './http/listener.ts'

let listener: Listener | null = null
afterEach(() => listener?.close(1_000))

type Logged = { readonly level: string; readonly fields: Readonly<Record<string, unknown>> }

async function served(handler: () => void = () => undefined) {
  const logged: Logged[] = []
  const counted: string[] = []
  const world = { now: Date.UTC(2026, 10, 20), ids: 0 }
  const faults = createHttpFaults({
    count: (code) => void counted.push(code),
    log: (level, fields) => void logged.push({ level, fields }),
    newId: () => `request-${(world.ids += 1)}`,
    now: () => world.now,
  })
  listener = createListener({ onRequest: handler, ...faults, limits: { headerBytes: 8_192 } })
  const { port } = await listener.listen(0, '127.0.0.1')
  /** All that comes back until the connection ends. */
  const ask = (target: string, headers: Readonly<Record<string, string>>): Promise<string> =>
    new Promise((resolve) => {
      let heard = ''
      const socket = connect(port, '127.0.0.1')
      const lines = Object.entries({ host: 'here', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.on('data', (bytes) => (heard += bytes.toString()))
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(heard))
      socket.write(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`)
    })
  return { logged, counted, world, ask }
}

describe('what HTTP refuses', () => {
  it('is answered with a request id, counted, and logged without anything of the request', async () => {
    const { logged, counted, ask } = await served()
    const answer = await ask('/?token=secret', { expect: 'a miracle' })
    expect(answer).toContain('HTTP/1.1 417 ')
    expect(answer).toContain('x-weighbridge-request-id: request-1')
    expect(counted).toEqual(['expectation_failed'])
    const remote_address = expect.stringContaining('127.0.0.1') as string
    expect(logged).toEqual([
      { level: 'warn', fields: { request_id: 'request-1', code: 'expectation_failed', remote_address } },
    ])
  })

  it('is told too when the parser gave up before there was a request', async () => {
    const { logged, counted, ask } = await served()
    expect(await ask('/', { 'x-large': 'x'.repeat(9_000) })).toContain('HTTP/1.1 431 ')
    expect(await ask('/ what?', {})).toContain('HTTP/1.1 400 ')
    expect(counted).toEqual(['headers_too_large', 'malformed_request'])
    expect(logged.map(({ fields }) => fields['request_id'])).toEqual([null, null])
  })

  it('is logged some times a minute, and counted each time', async () => {
    const { logged, counted, world, ask } = await served()
    for (let times = 0; times < 25; times += 1) await ask('/ what?', {})
    expect([logged.length, counted.length]).toEqual([20, 25])
    world.now += 60_000
    await ask('/ what?', {})
    expect(logged.at(-1)?.fields).toMatchObject({ not_logged_before: 5 })
  })

  it('is told apart from a handler that throws', async () => {
    const { logged, ask } = await served(() => {
      throw new Error('a handler failed')
    })
    expect(await ask('/', {})).toBe('')
    expect(logged).toEqual([{ level: 'error', fields: { detail: 'Error: a handler failed' } }])
  })
})

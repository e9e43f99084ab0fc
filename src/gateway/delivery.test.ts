import { describe, expect, it } from 'vitest'
import type { HttpExchange } from '../http/exchange.ts'
import { Delivery } from './delivery.ts'

const EVENT_STREAM = true
const HOOKS = { resumeUpstream: () => undefined, needRelease: () => undefined }

/** Notes what is written; everything else of an exchange is not needed here. */
function recorder(): { exchange: HttpExchange; written: () => string; ended: () => boolean } {
  const chunks: Buffer[] = []
  const state = { headersSent: false, ended: false }
  const exchange = {
    get headersSent() {
      return state.headersSent
    },
    startResponse() {
      state.headersSent = true
    },
    write(chunk: Buffer) {
      chunks.push(chunk)
      return true
    },
    respond(_status: number, _headers: readonly string[], body?: Buffer) {
      state.headersSent = true
      chunks.push(body ?? Buffer.alloc(0))
      state.ended = true
    },
    end(last?: Buffer) {
      if (last !== undefined) chunks.push(last)
      state.ended = true
    },
    onDrain() {},
  }
  return {
    exchange: exchange as unknown as HttpExchange,
    written: () => Buffer.concat(chunks).toString(),
    ended: () => state.ended,
  }
}

describe('the end of a stream', () => {
  it('waits for the entry also when it came before the hold was durable', () => {
    const { exchange, written, ended } = recorder()
    const delivery = new Delivery(exchange, 1_000, HOOKS)
    delivery.head(200, [], EVENT_STREAM)
    delivery.chunk(Buffer.from('start,'), false)
    delivery.chunk(Buffer.from('final'), true)
    expect(written()).toBe('')
    delivery.release()
    expect(written()).toBe('start,')
    delivery.complete()
    expect(written()).toBe('start,final')
    expect(ended()).toBe(true)
  })

  it('waits for the entry when the hold was durable before', () => {
    const { exchange, written } = recorder()
    const delivery = new Delivery(exchange, 1_000, HOOKS)
    delivery.release()
    delivery.head(200, [], EVENT_STREAM)
    delivery.chunk(Buffer.from('start,'), false)
    delivery.chunk(Buffer.from('final'), true)
    expect(written()).toBe('start,')
    delivery.complete()
    expect(written()).toBe('start,final')
  })
})

describe('a whole answer', () => {
  it('is given in one piece, after everything is durable', () => {
    const { exchange, written, ended } = recorder()
    const delivery = new Delivery(exchange, 1_000, HOOKS)
    delivery.head(200, [], !EVENT_STREAM)
    delivery.chunk(Buffer.from('{"a":'), false)
    delivery.release()
    delivery.chunk(Buffer.from('1}'), false)
    expect(written()).toBe('')
    delivery.complete()
    expect([written(), ended()]).toEqual(['{"a":1}', true])
  })

  it('keeps its last piece back when it is too large to be buffered', () => {
    const { exchange, written } = recorder()
    const delivery = new Delivery(exchange, 4, HOOKS)
    delivery.release()
    delivery.head(200, [], !EVENT_STREAM)
    for (const piece of ['{"a":', '12345', '6}']) delivery.chunk(Buffer.from(piece), false)
    expect(written()).toBe('{"a":12345')
    delivery.complete()
    expect(written()).toBe('{"a":123456}')
  })
})

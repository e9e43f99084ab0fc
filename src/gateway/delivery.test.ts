// No answer is complete at its client before its entry is durable.

import { describe, expect, it } from 'vitest'
import type { HttpExchange } from '../http/exchange.ts'
import { Delivery } from './delivery.ts'

const EVENT_STREAM = true
const HOOKS = { resumeUpstream: () => undefined, needRelease: () => undefined }

/** A frame as long as it says; the rest of it is of no interest here. */
function frame(letter: string): Buffer {
  const made = Buffer.alloc(20, letter)
  made.writeUInt32BE(made.length, 0)
  return made
}

/** The letters of the frames that were written. */
const letters = (written: string): string => written.replaceAll(/[^a-z]/g, '').replaceAll(/(.)\1{15}/g, '$1')

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
    delivery.chunk(frame('a'), false)
    delivery.chunk(frame('z'), true)
    expect(written()).toBe('')
    delivery.release()
    expect(letters(written())).toBe('a')
    delivery.complete()
    expect(letters(written())).toBe('az')
    expect(ended()).toBe(true)
  })

  it('waits for the entry when the hold was durable before', () => {
    const { exchange, written } = recorder()
    const delivery = new Delivery(exchange, 1_000, HOOKS)
    delivery.release()
    delivery.head(200, [], EVENT_STREAM)
    delivery.chunk(frame('a'), false)
    delivery.chunk(frame('z'), true)
    expect(letters(written())).toBe('a')
    delivery.complete()
    expect(letters(written())).toBe('az')
  })
})

describe('a stream that breaks off', () => {
  const refusal = { status: 502, headers: [], body: Buffer.from('refused') }

  it('ends with the error after its last whole frame', () => {
    const { exchange, written, ended } = recorder()
    const delivery = new Delivery(exchange, 1_000, HOOKS)
    delivery.release()
    delivery.head(200, [], EVENT_STREAM)
    const [first, second] = [frame('a'), frame('b')]
    delivery.chunk(Buffer.concat([first, second.subarray(0, 3)]), false)
    delivery.chunk(second.subarray(3, 11), false)
    expect(letters(written())).toBe('a')
    delivery.fail(refusal, Buffer.from('!'), 'id')
    expect(written()).toBe(`${first.toString()}!`)
    expect(ended()).toBe(true)
  })

  it('is refused when no frame of it was whole', () => {
    const { exchange, written } = recorder()
    const delivery = new Delivery(exchange, 1_000, HOOKS)
    delivery.release()
    delivery.head(200, [], EVENT_STREAM)
    delivery.chunk(frame('a').subarray(0, 7), false)
    delivery.fail(refusal, Buffer.from('!'), 'id')
    expect(written()).toBe('refused')
  })

  it('ends without its final event when the entry of that could not be made durable', () => {
    const { exchange, written } = recorder()
    const delivery = new Delivery(exchange, 1_000, HOOKS)
    delivery.release()
    delivery.head(200, [], EVENT_STREAM)
    delivery.chunk(frame('a'), false)
    delivery.chunk(frame('z'), true)
    delivery.withhold()
    delivery.fail(refusal, Buffer.from('!'), 'id')
    expect(written()).toBe(`${frame('a').toString()}!`)
  })

  it('is refused when its final event is all that there was', () => {
    const { exchange, written } = recorder()
    const delivery = new Delivery(exchange, 1_000, HOOKS)
    delivery.head(200, [], EVENT_STREAM)
    delivery.chunk(frame('z'), true)
    delivery.withhold()
    delivery.fail(refusal, Buffer.from('!'), 'id')
    expect(written()).toBe('refused')
  })

  it('passes every byte when its frames are cut anywhere', () => {
    const { exchange, written } = recorder()
    const delivery = new Delivery(exchange, 1_000, HOOKS)
    delivery.release()
    delivery.head(200, [], EVENT_STREAM)
    const bytes = Buffer.concat(['a', 'b', 'c'].map(frame))
    for (let at = 0; at < bytes.length; at += 7) delivery.chunk(bytes.subarray(at, at + 7), at > 40)
    delivery.complete()
    expect(written()).toBe(bytes.toString())
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

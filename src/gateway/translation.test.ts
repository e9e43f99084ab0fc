// Translated answers are written on as they come, and end once.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../core/errors.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { AnswerTranslator } from './surfaces/surface.ts'
import { TranslatedDelivery } from './translation.ts'

type Written = { status: number; headers: readonly string[]; text: string; ended: boolean; broken: boolean }

function recorder(): { exchange: HttpExchange; written: Written } {
  const written: Written = { status: 0, headers: [], text: '', ended: false, broken: false }
  const begin = (status: number, headers: readonly string[]): void => {
    written.status = status
    written.headers = headers
  }
  const exchange = {
    get headersSent() {
      return written.status !== 0
    },
    startResponse: begin,
    write(chunk: Buffer) {
      written.text += chunk.toString()
      return true
    },
    respond(status: number, headers: readonly string[], body: Buffer) {
      begin(status, headers)
      written.text += body.toString()
      written.ended = true
    },
    end(last?: Buffer) {
      written.text += last?.toString() ?? ''
      written.ended = true
    },
    destroy() {
      written.broken = true
    },
    onDrain() {},
  }
  return { exchange: exchange as unknown as HttpExchange, written }
}

/** Says everything in capitals; gives events only at line breaks; fails where it reads "bad". */
function capitals(ping?: Buffer): AnswerTranslator {
  let line = ''
  const capital = (text: string): Buffer => {
    if (text.includes('bad')) throw new GatewayError('upstream_failed', { message: 'not to be said' })
    return Buffer.from(text.toUpperCase())
  }
  return {
    headers: ['x-own', '1'],
    whole: (status, body) => ({ status, headers: ['content-type', 'text/plain'], body: capital(body.toString()) }),
    push(chunk) {
      line += chunk.toString()
      const whole = line.slice(0, line.lastIndexOf('\n') + 1)
      line = line.slice(whole.length)
      return capital(whole)
    },
    end: () => Buffer.from('END\n'),
    ...(ping === undefined ? {} : { ping }),
  }
}

function delivering(ping?: Buffer): { delivery: TranslatedDelivery; written: Written; failures: unknown[] } {
  const { exchange, written } = recorder()
  const failures: unknown[] = []
  const delivery = new TranslatedDelivery({
    exchange,
    maxBufferedBytes: 1_000,
    hooks: { resumeUpstream: () => undefined, needRelease: () => undefined },
    surface: {
      renderError: (error) => ({ status: 502, headers: [], body: Buffer.from(`refused: ${error.message}`) }),
      renderStreamError: (error) => Buffer.from(`error: ${error.message}\n`),
    },
    answer: capitals(ping),
    requestId: 'r1',
    onFailure: (thrown) => failures.push(thrown),
  })
  return { delivery, written, failures }
}

const HEADERS = ['x-weighbridge-request-id', 'r1', 'x-amzn-requestid', 'u1', 'content-type', 'text/other']
const EVENT_STREAM = true

describe('a whole answer', () => {
  it('is translated when all of it is here, and given when its entry is durable', () => {
    const { delivery, written } = delivering()
    delivery.head(200, HEADERS, false)
    delivery.chunk(Buffer.from('he'), false)
    delivery.chunk(Buffer.from('llo'), false)
    delivery.answered()
    expect([delivery.statusIf(null), delivery.finalBytes(), written.status]).toEqual([200, 5, 0])
    delivery.complete()
    expect(written).toMatchObject({ status: 200, text: 'HELLO', ended: true })
    expect(written.headers.join(' ')).toBe(
      'x-own 1 content-type text/plain x-weighbridge-request-id r1 x-amzn-requestid u1',
    )
  })

  it('that cannot be translated is an error with a status', () => {
    const { delivery, written, failures } = delivering()
    delivery.head(200, HEADERS, false)
    delivery.chunk(Buffer.from('bad'), false)
    delivery.answered()
    expect(delivery.statusIf(null)).toBe(502)
    delivery.complete()
    expect([written.status, written.text, failures.length]).toEqual([502, 'refused: not to be said', 1])
  })

  it('is not given when it broke off', () => {
    const { delivery, written } = delivering()
    delivery.head(200, HEADERS, false)
    delivery.chunk(Buffer.from('hel'), false)
    delivery.fail({ status: 503, headers: [], body: Buffer.from('no') }, null, 'r1')
    expect([written.status, written.text]).toEqual([503, 'no'])
  })

  it('of more than can be held is an error, and its bytes are let go', () => {
    const { delivery, written } = delivering()
    delivery.head(200, HEADERS, false)
    const block = Buffer.alloc(8_388_608, 'x')
    for (let count = 0; count < 9; count++) expect(delivery.chunk(block, false)).toBe(true)
    delivery.answered()
    delivery.complete()
    expect(written.status).toBe(502)
  })
})

describe('a stream', () => {
  it('passes events as they are whole, and what comes from the final event on when its entry is durable', () => {
    const { delivery, written } = delivering()
    delivery.head(200, HEADERS, EVENT_STREAM)
    delivery.chunk(Buffer.from('a'), false)
    delivery.chunk(Buffer.from('b\nc'), false)
    expect(written.text).toBe('')
    delivery.release()
    expect([written.status, written.text]).toEqual([200, 'AB\n'])
    expect(written.headers.join(' ')).toContain('content-type text/event-stream')
    delivery.chunk(Buffer.from('d\n'), true)
    delivery.answered()
    expect(written.text).toBe('AB\n')
    delivery.complete()
    expect([written.text, written.ended]).toEqual(['AB\nCD\nEND\n', true])
  })

  it('whose entry the ledger cannot take stays without its end', () => {
    const { delivery, written } = delivering()
    delivery.head(200, HEADERS, EVENT_STREAM)
    delivery.release()
    delivery.chunk(Buffer.from('a\n'), false)
    delivery.chunk(Buffer.from('b\n'), true)
    delivery.answered()
    delivery.withhold()
    delivery.fail({ status: 503, headers: [], body: Buffer.from('no') }, Buffer.from('error: ledger\n'), 'r1')
    expect([written.text, written.ended]).toEqual(['A\nerror: ledger\n', true])
  })

  it('that cannot be translated on ends with the error of its dialect', () => {
    const { delivery, written, failures } = delivering()
    delivery.head(200, HEADERS, EVENT_STREAM)
    delivery.release()
    for (const line of ['a\n', 'bad\n', 'c\n']) delivery.chunk(Buffer.from(line), false)
    delivery.answered()
    delivery.complete()
    expect([written.text, written.ended, failures.length]).toEqual(['A\nerror: not to be said\n', true, 1])
  })

  it('of which the client has left is not translated any more', () => {
    const { delivery, written, failures } = delivering()
    delivery.head(200, HEADERS, EVENT_STREAM)
    delivery.abandon()
    delivery.chunk(Buffer.from('bad\n'), false)
    delivery.answered()
    delivery.complete()
    expect([written.text, failures.length]).toEqual(['', 0])
  })

  it('that was refused is a whole answer', () => {
    const { delivery, written } = delivering()
    delivery.head(429, [...HEADERS, 'retry-after', '3'], EVENT_STREAM)
    delivery.chunk(Buffer.from('slow'), false)
    delivery.answered()
    delivery.complete()
    expect([written.status, written.text]).toEqual([429, 'SLOW'])
    expect(written.headers.join(' ')).toContain('retry-after 3')
  })

  describe('that is silent', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())

    it('gives a sign of life after its first event, and none once it ends', () => {
      const { delivery, written } = delivering(Buffer.from('ping\n'))
      delivery.head(200, HEADERS, EVENT_STREAM)
      delivery.release()
      vi.advanceTimersByTime(60_000)
      expect(written.text).toBe('')
      delivery.chunk(Buffer.from('a\n'), false)
      vi.advanceTimersByTime(15_000)
      expect(written.text).toBe('A\n')
      vi.advanceTimersByTime(15_000)
      expect(written.text).toBe('A\nping\n')
      delivery.chunk(Buffer.from('b\n'), true)
      delivery.answered()
      vi.advanceTimersByTime(60_000)
      delivery.complete()
      expect(written.text).toBe('A\nping\nB\nEND\n')
      expect(vi.getTimerCount()).toBe(0)
    })

    it.each([
      ['its client leaves', (delivery: TranslatedDelivery) => delivery.abandon()],
      ['it fails', (delivery: TranslatedDelivery) => delivery.fail(REFUSAL, Buffer.from('error\n'), 'r1')],
    ])('gives none after %s', (_what, end) => {
      const { delivery, written } = delivering(Buffer.from('ping\n'))
      delivery.head(200, HEADERS, EVENT_STREAM)
      delivery.release()
      delivery.chunk(Buffer.from('a\n'), false)
      end(delivery)
      vi.advanceTimersByTime(60_000)
      expect([written.text.includes('ping'), vi.getTimerCount()]).toEqual([false, 0])
    })
  })
})

const REFUSAL = { status: 503, headers: [], body: Buffer.from('no') }

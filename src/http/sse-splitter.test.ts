// The splitter gives the same events however the bytes are cut, keeps every byte, and gives up on an event without end.

import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createSseSplitter, sseData } from './sse-splitter.ts'

const LIMIT = 10_000

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const splitter = createSseSplitter(LIMIT)
  const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  return at.slice(1).flatMap((end, index) => splitter.push(bytes.subarray(at[index], end)))
}

describe('events', () => {
  const line = fc.string({ unit: fc.constantFrom('a', ':', ' ', 'ö', '{', '"') })
  const event = fc.record({ data: line, name: fc.option(line), ending: fc.constantFrom('\n', '\r\n') })

  it('are the same however they are cut, and all of their bytes are there', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1 }), fc.array(fc.nat()), (events, cuts) => {
        const texts = events.map(
          ({ data, name, ending }) =>
            `${name === null ? '' : `event: ${name}${ending}`}data: ${data}${ending}${ending}`,
        )
        const found = split(Buffer.from(texts.join('')), cuts)
        expect(found.map(String)).toEqual(texts)
        expect(found.map((one) => sseData(one).toString())).toEqual(events.map(({ data }) => data))
      }),
    )
  })

  it('are whole only with their empty line', () => {
    const splitter = createSseSplitter(LIMIT)
    expect(splitter.push(Buffer.from('data: {}\n'))).toEqual([])
    expect(splitter.pendingBytes).toBe(9)
    expect(splitter.push(Buffer.from('\n')).map(String)).toEqual(['data: {}\n\n'])
    expect(splitter.pendingBytes).toBe(0)
  })

  it('may have data on several lines, and none', () => {
    expect(sseData(Buffer.from('data: a\ndata:b\n\n')).toString()).toBe('a\nb')
    expect(sseData(Buffer.from(': a comment\n\n')).toString()).toBe('')
  })

  it('are given up when they are too long, and none comes after', () => {
    const splitter = createSseSplitter(LIMIT)
    expect(splitter.push(Buffer.alloc(LIMIT, 'x'))).toEqual([])
    expect(splitter.broken).toBe(false)
    splitter.push(Buffer.from('x'))
    expect(splitter.broken).toBe(true)
    expect(splitter.push(Buffer.from('\n\ndata: a\n\n'))).toEqual([])
  })
})

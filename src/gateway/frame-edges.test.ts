// Where the frames of an event stream end, however its bytes are cut.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameEdges } from './frame-edges.ts'

function frame(bytes: number): Buffer {
  const made = Buffer.alloc(bytes, 7)
  made.writeUInt32BE(bytes, 0)
  return made
}

describe('FrameEdges', () => {
  it('says of every cut how much is whole', () => {
    const lengths = fc.array(fc.integer({ min: 16, max: 90 }), { minLength: 1, maxLength: 6 })
    const cuts = fc.array(fc.integer({ min: 0, max: 540 }), { maxLength: 12 })
    fc.assert(
      fc.property(lengths, cuts, (frames, places) => {
        const stream = Buffer.concat(frames.map(frame))
        const edges = frames.map((_, index) => frames.slice(0, index + 1).reduce((sum, bytes) => sum + bytes, 0))
        const stops = [...places.filter((place) => place < stream.length), stream.length].toSorted((a, b) => a - b)
        const reader = new FrameEdges()
        let at = 0
        for (const stop of stops) {
          const edge = edges.findLast((place) => place > at && place <= stop)
          expect(reader.wholeBytes(stream.subarray(at, stop))).toBe(edge === undefined ? 0 : edge - at)
          at = stop
        }
      }),
    )
  })

  it.each([0, 15, 3_000_001, 0xffff_ffff])('holds nothing back behind the length %i, which no frame has', (length) => {
    const broken = frame(20)
    broken.writeUInt32BE(length, 0)
    const reader = new FrameEdges()
    expect(reader.wholeBytes(Buffer.concat([frame(30), broken]))).toBe(50)
    expect(reader.wholeBytes(Buffer.alloc(7))).toBe(7)
  })

  it('waits for a frame as long as there may be one', () => {
    const reader = new FrameEdges()
    const long = frame(3_000_000)
    expect(reader.wholeBytes(long.subarray(0, 2_999_999))).toBe(0)
    expect(reader.wholeBytes(long.subarray(2_999_999))).toBe(1)
  })
})

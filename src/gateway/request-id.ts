// Makes request ids: UUID version 7 (RFC 9562), so that ids made later sort later, also within one millisecond of one process.

import { randomBytes } from 'node:crypto'

const COUNTER_LIMIT = 0x1000

/** `now` gives milliseconds since the epoch. 60 random bits follow the counter; a clock that jumps back does not make ids sort back. */
export function createRequestIds(now: () => number, random: (size: number) => Buffer = randomBytes): () => string {
  let lastMilliseconds = 0
  let counter = 0
  let pool: Buffer = Buffer.alloc(0)
  let poolAt = 0
  const randomHex = (): string => {
    if (poolAt + 8 > pool.length) {
      pool = random(4_096)
      poolAt = 0
    }
    poolAt += 8
    return pool.toString('hex', poolAt - 8, poolAt)
  }
  return () => {
    const milliseconds = now()
    if (milliseconds > lastMilliseconds) {
      lastMilliseconds = milliseconds
      counter = 0
    } else {
      counter += 1
      if (counter === COUNTER_LIMIT) {
        lastMilliseconds += 1
        counter = 0
      }
    }
    const time = lastMilliseconds.toString(16).padStart(12, '0')
    const tail = randomHex()
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-8${tail.slice(1, 4)}-${tail.slice(4, 16)}`
  }
}

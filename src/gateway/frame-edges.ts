// Where the frames of an event stream end, so that a stream which breaks off can still be closed with a frame that clients can read.

/** A frame starts with its whole length, four bytes (Amazon event stream encoding); the shortest is prelude and checksum alone. */
const LENGTH_BYTES = 4
const SHORTEST_FRAME_BYTES = 16
/** Twice the largest event of Bedrock, which is a million bytes in base64: nothing longer is waited for. */
const LONGEST_FRAME_BYTES = 3_000_000

export class FrameEdges {
  #lengthSeen = 0
  #length = 0
  #left = 0
  #lost = false

  /**
   * How many bytes of the next chunk belong to frames that are whole with it; the rest is the beginning of a frame. Once a length cannot
   * be one, nothing is known any more and every chunk counts as whole.
   */
  wholeBytes(chunk: Buffer): number {
    let whole = 0
    let at = 0
    while (!this.#lost && at < chunk.length) {
      if (this.#left === 0) {
        at = this.#readLength(chunk, at)
        continue
      }
      const taken = Math.min(this.#left, chunk.length - at)
      this.#left -= taken
      at += taken
      if (this.#left === 0) whole = at
    }
    return this.#lost ? chunk.length : whole
  }

  #readLength(chunk: Buffer, from: number): number {
    let at = from
    while (this.#lengthSeen < LENGTH_BYTES && at < chunk.length) {
      this.#length = this.#length * 256 + (chunk[at] as number)
      this.#lengthSeen += 1
      at += 1
    }
    if (this.#lengthSeen < LENGTH_BYTES) return at
    this.#lost = this.#length < SHORTEST_FRAME_BYTES || this.#length > LONGEST_FRAME_BYTES
    this.#left = this.#length - LENGTH_BYTES
    this.#length = 0
    this.#lengthSeen = 0
    return at
  }
}

// The framing of a chunked body, passed byte by byte wherever it is cut; what it lets through is data alone (RFC 9112 section 7.1).

/**
 * size → (extension →) size_end → data → data_cr → data_lf → size …, after the chunk of size zero: trailer_start → (trailer → trailer_lf →
 * trailer_start …) → last_lf → done. Anything else than what may come next is failed.
 */
type State =
  | 'size'
  | 'extension'
  | 'size_end'
  | 'data'
  | 'data_cr'
  | 'data_lf'
  | 'trailer_start'
  | 'trailer'
  | 'trailer_lf'
  | 'last_lf'
  | 'done'
  | 'failed'

const CR = 0x0d
const LF = 0x0a
const MOST_EXTENSION_BYTES = 1_024

export class ChunkedBody {
  /** bytes of data that come next, before any more framing */
  dataLeft = 0
  readonly #mostTrailerBytes: number
  #state: State = 'size'
  #size = 0
  #digits = 0
  #passed = 0

  constructor(mostTrailerBytes: number) {
    this.#mostTrailerBytes = mostTrailerBytes
  }

  get done(): boolean {
    return this.#state === 'done'
  }

  get failed(): boolean {
    return this.#state === 'failed'
  }

  /** The data that was announced has passed. */
  dataPassed(bytes: number): void {
    this.dataLeft -= bytes
    if (this.dataLeft === 0) this.#state = 'data_cr'
  }

  /** Passes framing from there on; answers where data begins, or what follows the body, or the end of the bytes. */
  pass(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length && this.#state !== 'data' && this.#state !== 'done' && this.#state !== 'failed') {
      this.#state = this.#after(bytes[at] as number)
      at += 1
    }
    return at
  }

  #after(byte: number): State {
    switch (this.#state) {
      case 'size':
        return this.#afterSize(byte)
      case 'extension':
        this.#passed += 1
        if (byte === CR) return 'size_end'
        return byte === LF || this.#passed > MOST_EXTENSION_BYTES ? 'failed' : 'extension'
      case 'size_end':
        return byte === LF ? this.#begin() : 'failed'
      case 'data_cr':
        return byte === CR ? 'data_lf' : 'failed'
      case 'data_lf':
        return byte === LF ? 'size' : 'failed'
      default:
        return this.#afterTrailer(byte)
    }
  }

  #afterSize(byte: number): State {
    const digit = hexDigit(byte)
    if (digit !== -1) {
      this.#digits += 1
      this.#size = this.#size * 16 + digit
      return Number.isSafeInteger(this.#size) && this.#digits <= 16 ? 'size' : 'failed'
    }
    if (this.#digits === 0) return 'failed'
    this.#passed = 0
    if (byte === CR) return 'size_end'
    return byte === 0x3b || byte === 0x20 || byte === 0x09 ? 'extension' : 'failed'
  }

  #begin(): State {
    this.dataLeft = this.#size
    this.#size = 0
    this.#digits = 0
    this.#passed = 0
    return this.dataLeft === 0 ? 'trailer_start' : 'data'
  }

  #afterTrailer(byte: number): State {
    this.#passed += 1
    if (this.#passed > this.#mostTrailerBytes) return 'failed'
    switch (this.#state) {
      case 'trailer_start':
        return byte === CR ? 'last_lf' : byte === LF ? 'failed' : 'trailer'
      case 'trailer':
        return byte === CR ? 'trailer_lf' : byte === LF ? 'failed' : 'trailer'
      case 'trailer_lf':
        return byte === LF ? 'trailer_start' : 'failed'
      case 'last_lf':
        return byte === LF ? 'done' : 'failed'
      default:
        return 'failed'
    }
  }
}

/** -1: none */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

// Finds values at given paths in JSON that arrives in pieces, by structure and never by text search, in bounded memory.

import { carriesText, childOf, type Finding, type PathNode } from './json-paths.ts'

export type ScanProblem = { readonly path: string; readonly problem: 'too_large' | 'not_json' }

const MAX_DEPTH = 512
const MAX_VALUE_BYTES = 64 * 1024
const HEAD_BYTES = 96
// typed arrays of up to 64 bytes live in the heap: larger ones cost more than all the rest of a scanner
const MAX_KEY_BYTES = 64
const WALKED_BYTES = 128

const OTHER = 0
const SPACE = 1
const QUOTE = 2
const OPEN_OBJECT = 3
const OPEN_ARRAY = 4
const CLOSE_OBJECT = 5
const CLOSE_ARRAY = 6
const COMMA = 7
const COLON = 8

const KIND = kinds()
const BACKSLASH = 0x5c

/**
 * One JSON document after another: `feed` its bytes in any cuts, ask `closed`, `reset` for the next. It never throws for any bytes;
 * it does not judge JSON beyond what it needs to know where it is (brackets, strings, keys).
 *
 * `textBytes` counts the UTF-8 bytes, as they stand in the JSON, of strings under keys that carry generated text: more than
 * characters for text that is not ASCII or holds escapes. It serves estimates only.
 */
export class JsonScanner<Context> {
  textBytes = 0
  readonly #root: PathNode<Context>
  readonly #context: Context
  readonly #onProblem: (problem: ScanProblem) => void

  #depth = 0
  #broken = false
  #closed = false
  #inString = false
  #stringIsKey = false
  #stringLength = 0
  #escaped = false
  #expectKey = false
  #scalarOpen = false
  readonly #isArray: number[] = [0]
  readonly #nodes: (PathNode<Context> | null)[] = []
  readonly #key = new Uint8Array(MAX_KEY_BYTES)
  #keyLength = 0
  #keyEscaped = false
  #keyNode: PathNode<Context> | null = null
  #keyCarriesText = false

  #capture: Finding<Context> | null = null
  #captureDepth = 0
  #captureStart = 0
  #captureParts: Buffer[] = []
  #captureSize = 0

  constructor(root: PathNode<Context>, context: Context, onProblem: (problem: ScanProblem) => void) {
    this.#root = root
    this.#context = context
    this.#onProblem = onProblem
  }

  /** The document is one closed object or array, with nothing after it. */
  get closed(): boolean {
    return this.#closed && !this.#broken
  }

  reset(): void {
    this.#depth = 0
    this.#broken = false
    this.#closed = false
    this.#inString = false
    this.#escaped = false
    this.#expectKey = false
    this.#scalarOpen = false
    this.#keyNode = null
    this.#keyCarriesText = false
    this.#capture = null
    if (this.#captureParts.length > 0) this.#captureParts = []
  }

  feed(bytes: Buffer): void {
    let at = 0
    this.#captureStart = 0
    while (at < bytes.length && !this.#broken) {
      at = this.#inString ? this.#passString(bytes, at) : this.#passStructure(bytes, at)
    }
    if (this.#capture !== null) this.#keepCapture(this.#capture, bytes, bytes.length)
  }

  /** From between tokens up to the start of the next string, or the end of the bytes. */
  #passStructure(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const kind = KIND[bytes[at] as number] as number
      if (kind === OTHER) {
        if (!this.#scalarOpen) this.#openScalar(bytes, at)
        continue
      }
      if (this.#scalarOpen) this.#closeScalar(bytes, at)
      if (kind === QUOTE) return this.#openString(bytes, at)
      if (kind !== SPACE) this.#punctuation(kind, bytes, at)
      if (this.#broken) return bytes.length
    }
    return bytes.length
  }

  #punctuation(kind: number, bytes: Buffer, at: number): void {
    switch (kind) {
      case COMMA:
        this.#expectKey = this.#depth > 0 && this.#isArray[this.#depth] === 0
        break
      case COLON:
        this.#expectKey = false
        break
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#open(kind === OPEN_ARRAY ? 1 : 0, at)
        break
      default:
        this.#close(kind === CLOSE_ARRAY ? 1 : 0, bytes, at)
    }
  }

  #open(isArray: number, at: number): void {
    if (this.#closed || this.#depth === MAX_DEPTH) {
      this.#broken = true
      return
    }
    const node = this.#enterValue(at)
    this.#depth++
    this.#isArray[this.#depth] = isArray
    this.#nodes[this.#depth] = node
    this.#expectKey = isArray === 0
  }

  #close(isArray: number, bytes: Buffer, at: number): void {
    if (this.#depth === 0 || this.#isArray[this.#depth] !== isArray) {
      this.#broken = true
      return
    }
    this.#depth--
    this.#expectKey = false
    if (this.#depth === 0) this.#closed = true
    this.#leaveValue(bytes, at + 1)
  }

  #openScalar(bytes: Buffer, at: number): void {
    if (this.#depth === 0) {
      this.#broken = true
      return
    }
    this.#scalarOpen = true
    // a null is as good as no element: it is not counted
    if (bytes[at] !== 0x6e) this.#enterValue(at)
  }

  #closeScalar(bytes: Buffer, at: number): void {
    this.#scalarOpen = false
    this.#leaveValue(bytes, at)
  }

  #openString(bytes: Buffer, at: number): number {
    if (this.#depth === 0) {
      this.#broken = true
      return bytes.length
    }
    this.#inString = true
    this.#stringIsKey = this.#expectKey
    this.#stringLength = 0
    if (this.#stringIsKey) {
      this.#keyLength = 0
      this.#keyEscaped = false
    } else {
      this.#enterValue(at)
    }
    return at + 1
  }

  /** From inside a string to behind its closing quote, or the end of the bytes. */
  #passString(bytes: Buffer, from: number): number {
    let at = from
    if (this.#escaped) {
      this.#escaped = false
      at++
    }
    const quote = this.#findQuote(bytes, at)
    const end = quote === -1 ? bytes.length : quote
    if (this.#stringIsKey) this.#keepKey(bytes, from, end)
    else this.#stringLength += end - from
    if (quote === -1) return bytes.length
    this.#inString = false
    if (this.#stringIsKey) {
      this.#endKey()
    } else {
      if (this.#keyCarriesText) this.textBytes += this.#stringLength
      this.#leaveValue(bytes, quote + 1)
    }
    return quote + 1
  }

  /**
   * The next quote that is not escaped. Bytes are walked first: most strings are short, and text is full of escapes; the rest of a long
   * run (an image) is left to the native search.
   */
  #findQuote(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length) {
      const near = Math.min(bytes.length, at + WALKED_BYTES)
      while (at < near) {
        const byte = bytes[at]
        if (byte === 0x22) return at
        at += byte === BACKSLASH ? 2 : 1
      }
      if (at >= bytes.length) break
      const quote = bytes.indexOf(0x22, at)
      const end = quote === -1 ? bytes.length : quote
      const isEscaped = backslashesBefore(bytes, end, at) % 2 === 1
      if (quote === -1) {
        this.#escaped = isEscaped
        return -1
      }
      if (!isEscaped) return quote
      at = quote + 1
    }
    this.#escaped = at > bytes.length
    return -1
  }

  #keepKey(bytes: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number
      if (byte === BACKSLASH) this.#keyEscaped = true
      if (this.#keyLength < MAX_KEY_BYTES) this.#key[this.#keyLength] = byte
      this.#keyLength++
    }
  }

  #endKey(): void {
    this.#expectKey = false
    if (this.#keyEscaped) this.#unescapeKey()
    const parent = this.#nodes[this.#depth] ?? null
    this.#keyNode = parent === null ? null : childOf(parent, this.#key, this.#keyLength)
    this.#keyCarriesText = carriesText(this.#key, this.#keyLength)
  }

  #unescapeKey(): void {
    if (this.#keyLength > MAX_KEY_BYTES) return
    const text = parsed(`"${Buffer.from(this.#key.subarray(0, this.#keyLength)).toString()}"`)
    if (typeof text === 'string') this.#keyLength = Buffer.from(this.#key.buffer).write(text)
  }

  /** A value begins: which node of the paths is it at? Starts to keep it when a path ends here. */
  #enterValue(at: number): PathNode<Context> | null {
    if (this.#capture !== null) return null
    if (this.#depth === 0) return this.#root
    const parent = this.#nodes[this.#depth] ?? null
    if (parent === null) return null
    const node = this.#isArray[this.#depth] === 1 ? parent.element : this.#keyNode
    if (node !== null && node.finding !== null) {
      this.#capture = node.finding
      this.#captureDepth = this.#depth
      this.#captureStart = at
      this.#captureSize = 0
    }
    return node
  }

  #leaveValue(bytes: Buffer, end: number): void {
    const finding = this.#capture
    if (finding === null || this.#depth !== this.#captureDepth) return
    this.#capture = null
    const limit = limitOf(finding)
    if (this.#captureParts.length === 0) {
      const size = end - this.#captureStart
      this.#report(finding, bytes.subarray(this.#captureStart, this.#captureStart + Math.min(size, limit)), size)
      return
    }
    this.#keepCapture(finding, bytes, end)
    const whole = Buffer.concat(this.#captureParts)
    this.#captureParts = []
    this.#report(finding, whole, this.#captureSize)
  }

  #report(finding: Finding<Context>, bytes: Buffer, size: number): void {
    if (finding.kind === 'head') {
      finding.found(bytes.toString('latin1'), this.#context)
      return
    }
    const value = size > MAX_VALUE_BYTES ? undefined : parsed(bytes.toString())
    if (value !== undefined) finding.found(value, this.#context)
    else this.#onProblem({ path: finding.path, problem: size > MAX_VALUE_BYTES ? 'too_large' : 'not_json' })
  }

  /** At the end of a piece: what is kept of a value that goes on in the next one. */
  #keepCapture(finding: Finding<Context>, bytes: Buffer, end: number): void {
    const room = limitOf(finding) - this.#captureSize
    const start = this.#captureStart
    // copied, not referenced: the piece must not be held alive by a few bytes of it
    if (room > 0) this.#captureParts.push(Buffer.from(bytes.subarray(start, Math.min(end, start + room))))
    this.#captureSize += end - start
  }
}

function limitOf(finding: Finding<never>): number {
  return finding.kind === 'head' ? HEAD_BYTES : MAX_VALUE_BYTES
}

function backslashesBefore(bytes: Buffer, end: number, from: number): number {
  let count = 0
  while (end - 1 - count >= from && bytes[end - 1 - count] === BACKSLASH) count++
  return count
}

function kinds(): Uint8Array {
  const table = new Uint8Array(256)
  for (const byte of [0x20, 0x09, 0x0a, 0x0d]) table[byte] = SPACE
  table[0x22] = QUOTE
  table[0x7b] = OPEN_OBJECT
  table[0x5b] = OPEN_ARRAY
  table[0x7d] = CLOSE_OBJECT
  table[0x5d] = CLOSE_ARRAY
  table[0x2c] = COMMA
  table[0x3a] = COLON
  return table
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// Checks a JSON body in one pass without building it, and finds the few values that policy needs; two parsers cannot read it in two ways.

import { isUtf8 } from 'node:buffer'
import { JsonKeys } from './json-keys.ts'

export type JsonFlaw =
  | 'byte_order_mark'
  | 'invalid_utf8'
  | 'syntax'
  | 'trailing_bytes'
  | 'too_deep'
  | 'too_many_keys'
  | 'duplicate_key'

export type ByteRange = { readonly start: number; readonly end: number }

export type JsonScan<Path extends string> =
  | {
      readonly ok: true
      /** the watched paths that the body has, as they come */
      readonly found: readonly Path[]
      /** The watched value as it stands in the body, for JSON.parse, which cannot fail; undefined when it is not there. */
      text(path: Path): string | undefined
      /** The bytes of the watched value, from its first to behind its last; undefined when it is not there. */
      range(path: Path): ByteRange | undefined
    }
  /** `offset`: where in the body; `key`: the one that comes twice */
  | { readonly ok: false; readonly flaw: JsonFlaw; readonly offset: number; readonly key: string | null }

export interface JsonGuard<Path extends string> {
  scan(body: Buffer): JsonScan<Path>
}

export type JsonGuardOptions<Path extends string> = {
  /** dotted paths through objects, such as "inferenceConfig.maxTokens"; a name cannot hold a dot */
  readonly watch: readonly Path[]
  /** objects and arrays inside each other */
  readonly maxDepth?: number
  readonly maxTopLevelKeys?: number
}

/** No key of the top level may come twice, and no watched key anywhere on its path. */
export function createJsonGuard<Path extends string>(options: JsonGuardOptions<Path>): JsonGuard<Path> {
  const { maxDepth = 200, maxTopLevelKeys = 1_000 } = options
  const root = treeOf(options.watch)
  const indexes = new Map<string, number>(options.watch.map((path, index) => [path, index]))
  return {
    scan(body) {
      if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return refused('byte_order_mark', 0, null)
      if (!isUtf8(body)) return refused('invalid_utf8', 0, null)
      const scan = new Scan(body, maxDepth, maxTopLevelKeys)
      if (!scan.document(root)) return refused(scan.flaw, scan.at, scan.repeatedKey)
      const range = (path: Path): ByteRange | undefined => {
        const index = indexes.get(path)
        const start = index === undefined ? undefined : scan.starts[index]
        return start === undefined ? undefined : { start, end: scan.ends[index!]! }
      }
      return {
        ok: true,
        found: scan.found.map((index) => options.watch[index]!),
        range,
        text(path) {
          const found = range(path)
          return found === undefined ? undefined : body.toString('utf8', found.start, found.end)
        },
      }
    },
  }
}

/** An object on the way to a watched value, or (with an index) the value itself. */
type Watch = { readonly name: Buffer; index: number; readonly children: Watch[] }

function treeOf(paths: readonly string[]): Watch {
  const root: Watch = { name: Buffer.alloc(0), index: -1, children: [] }
  for (const [index, path] of paths.entries()) {
    let node = root
    for (const part of path.split('.')) {
      const name = Buffer.from(part)
      let child = node.children.find((one) => one.name.equals(name))
      if (child === undefined) {
        child = { name, index: -1, children: [] }
        node.children.push(child)
      }
      node = child
    }
    node.index = index
  }
  return root
}

function refused(flaw: JsonFlaw, offset: number, key: string | null): JsonScan<never> {
  return { ok: false, flaw, offset, key }
}

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Every method moves `at` behind what it has read; false: `flaw` says why, and `at` where. */
class Scan {
  readonly starts: number[] = []
  readonly ends: number[] = []
  /** indexes of the watched values, in the order in which they ended */
  readonly found: number[] = []
  flaw: JsonFlaw = 'syntax'
  repeatedKey: string | null = null
  at = 0
  /** the last string held an escape */
  private escaped = false
  private readonly body: Buffer
  private readonly view: DataView
  private readonly maxDepth: number
  private readonly maxTopLevelKeys: number

  constructor(body: Buffer, maxDepth: number, maxTopLevelKeys: number) {
    this.body = body
    this.view = new DataView(body.buffer, body.byteOffset, body.length)
    this.maxDepth = maxDepth
    this.maxTopLevelKeys = maxTopLevelKeys
  }

  document(root: Watch): boolean {
    this.space()
    if (!this.value(root, 1)) return false
    this.space()
    return this.at === this.body.length || this.fail('trailing_bytes')
  }

  private value(watch: Watch | null, depth: number): boolean {
    if (watch === null || watch.index < 0) return this.anyValue(watch, depth)
    const start = this.at
    if (!this.anyValue(watch, depth)) return false
    this.starts[watch.index] = start
    this.ends[watch.index] = this.at
    this.found.push(watch.index)
    return true
  }

  private anyValue(watch: Watch | null, depth: number): boolean {
    switch (this.body[this.at]) {
      case QUOTE:
        return this.string()
      case OPEN_OBJECT:
        if (depth > this.maxDepth) return this.fail('too_deep')
        return watch === null || watch.children.length === 0
          ? this.plainObject(depth)
          : this.watchedObject(watch.children, depth)
      case OPEN_ARRAY:
        return depth > this.maxDepth ? this.fail('too_deep') : this.array(depth)
      case 0x74:
        return this.literal('true')
      case 0x66:
        return this.literal('false')
      case 0x6e:
        return this.literal('null')
      default:
        return this.number()
    }
  }

  private plainObject(depth: number): boolean {
    if (this.isEmpty(CLOSE_OBJECT)) return true
    do {
      this.space()
      if (!this.string() || !this.colon() || !this.value(null, depth + 1)) return false
      this.space()
    } while (this.take(COMMA))
    return this.take(CLOSE_OBJECT) || this.fail('syntax')
  }

  private watchedObject(children: readonly Watch[], depth: number): boolean {
    if (this.isEmpty(CLOSE_OBJECT)) return true
    const keys = new JsonKeys(this.body)
    do {
      this.space()
      const start = this.at
      this.escaped = false
      if (!this.string()) return false
      keys.read(start + 1, this.at - 1, this.escaped)
      const watch = keys.findIn(children)
      // below the top only the watched keys count
      if (depth === 1 || watch !== null) {
        if (keys.isRepeated()) return this.failAt(start, 'duplicate_key', keys.text())
        if (keys.count >= this.maxTopLevelKeys) return this.failAt(start, 'too_many_keys', null)
        keys.remember()
      }
      if (!this.colon() || !this.value(watch, depth + 1)) return false
      this.space()
    } while (this.take(COMMA))
    return this.take(CLOSE_OBJECT) || this.fail('syntax')
  }

  private array(depth: number): boolean {
    if (this.isEmpty(CLOSE_ARRAY)) return true
    do {
      this.space()
      if (!this.value(null, depth + 1)) return false
      this.space()
    } while (this.take(COMMA))
    return this.take(CLOSE_ARRAY) || this.fail('syntax')
  }

  /** Goes over the opening bracket, and over the closing one too when there is nothing between them. */
  private isEmpty(close: number): boolean {
    this.at++
    this.space()
    return this.take(close)
  }

  private string(): boolean {
    if (!this.take(QUOTE)) return this.fail('syntax')
    for (;;) {
      this.skipPlain()
      if (this.at >= this.body.length) return this.fail('syntax')
      const byte = this.body[this.at]!
      if (byte === QUOTE) {
        this.at++
        return true
      }
      if (byte !== BACKSLASH || !this.escape()) return this.fail('syntax')
    }
  }

  /** To the next quote, backslash or control character, sixteen bytes at a time. */
  private skipPlain(): void {
    const { view, body } = this
    let at = this.at
    const lastRun = body.length - 16
    while (
      at <= lastRun &&
      ((marksOf(view.getInt32(at, true)) |
        marksOf(view.getInt32(at + 4, true)) |
        marksOf(view.getInt32(at + 8, true)) |
        marksOf(view.getInt32(at + 12, true))) &
        0x80808080) ===
        0
    ) {
      at += 16
    }
    while (at < body.length && isPlainByte(body[at]!)) at++
    this.at = at
  }

  private escape(): boolean {
    this.escaped = true
    const kind = this.body[this.at + 1]
    if (kind === 0x75) {
      for (let index = 2; index < 6; index++) {
        if (!isHexDigit(this.body[this.at + index])) return false
      }
      this.at += 6
      return true
    }
    this.at += 2
    return kind !== undefined && ESCAPABLE.has(kind)
  }

  private number(): boolean {
    this.take(MINUS)
    if (!this.take(ZERO) && !this.digits()) return this.fail('syntax')
    if (this.take(POINT) && !this.digits()) return this.fail('syntax')
    if (this.take(0x65) || this.take(0x45)) {
      if (!this.take(0x2b)) this.take(MINUS)
      if (!this.digits()) return this.fail('syntax')
    }
    return true
  }

  private digits(): boolean {
    const start = this.at
    while (isDigit(this.body[this.at])) this.at++
    return this.at > start
  }

  private literal(text: string): boolean {
    for (let index = 0; index < text.length; index++) {
      if (this.body[this.at + index] !== text.charCodeAt(index)) return this.fail('syntax')
    }
    this.at += text.length
    return true
  }

  private colon(): boolean {
    this.space()
    if (!this.take(COLON)) return this.fail('syntax')
    this.space()
    return true
  }

  private space(): void {
    const { body } = this
    let at = this.at
    for (let byte = body[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = body[at]) at++
    this.at = at
  }

  private take(byte: number): boolean {
    if (this.body[this.at] !== byte) return false
    this.at++
    return true
  }

  private fail(flaw: JsonFlaw): false {
    this.flaw = flaw
    return false
  }

  private failAt(offset: number, flaw: JsonFlaw, key: string | null): false {
    this.at = offset
    this.repeatedKey = key
    return this.fail(flaw)
  }
}

const ESCAPABLE: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'))

/** The high bits show a byte that is a quote, a backslash or below a space (the "has a zero byte" trick, each time). */
function marksOf(word: number): number {
  const quotes = word ^ 0x22222222
  const backslashes = word ^ 0x5c5c5c5c
  return ((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes) | ((word - 0x20202020) & ~word)
}

function isPlainByte(byte: number): boolean {
  return byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
}

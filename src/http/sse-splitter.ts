// Cuts a stream of server-sent events into whole events, however its bytes are cut; an event is never changed, and never waited for endlessly.

export type SseSplitter = {
  /** The events that are whole with these bytes, each with the empty line that ends it. Nothing more comes once it is broken. */
  push(bytes: Buffer): Buffer[]
  /** bytes of an event that is not whole yet */
  readonly pendingBytes: number
  /** an event was longer than it may be */
  readonly broken: boolean
}

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Lines end with a line feed, alone or behind a carriage return; the lone carriage return that the standard also knows nobody sends. */
export function createSseSplitter(maxEventBytes: number): SseSplitter {
  return new Splitter(maxEventBytes)
}

class Splitter implements SseSplitter {
  broken = false
  pendingBytes = 0
  readonly #maxEventBytes: number
  #pending: Buffer[] = []
  /** of the line that is not at its end: its bytes so far, and whether they are one carriage return */
  #lineBytes = 0
  #isReturn = false

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes
  }

  push(bytes: Buffer): Buffer[] {
    const events: Buffer[] = []
    if (this.broken) return events
    let eventAt = 0
    let lineAt = 0
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, lineAt)) {
      const isEmpty = this.#isEmptyLine(bytes, lineAt, at)
      lineAt = at + 1
      this.#lineBytes = 0
      if (!isEmpty) continue
      events.push(this.#whole(bytes.subarray(eventAt, lineAt)))
      eventAt = lineAt
    }
    this.#keep(bytes, eventAt, lineAt)
    return events
  }

  #isEmptyLine(bytes: Buffer, start: number, end: number): boolean {
    const length = this.#lineBytes + end - start
    if (length === 0) return true
    return length === 1 && (this.#lineBytes === 1 ? this.#isReturn : bytes[start] === CARRIAGE_RETURN)
  }

  #whole(last: Buffer): Buffer {
    const event = this.#pending.length === 0 ? last : Buffer.concat([...this.#pending, last])
    this.#pending = []
    this.pendingBytes = 0
    return event
  }

  #keep(bytes: Buffer, eventAt: number, lineAt: number): void {
    const rest = bytes.length - lineAt
    if (rest > 0) this.#isReturn = this.#lineBytes === 0 && rest === 1 && bytes[lineAt] === CARRIAGE_RETURN
    this.#lineBytes += rest
    if (eventAt === bytes.length) return
    this.#pending.push(bytes.subarray(eventAt))
    this.pendingBytes += bytes.length - eventAt
    if (this.pendingBytes <= this.#maxEventBytes) return
    this.broken = true
    this.#pending = []
  }
}

const DATA = Buffer.from('data:')
const SPACE = 0x20

/** What stands in the `data` lines of a whole event; empty: it has none, as a comment. */
export function sseData(event: Buffer): Buffer {
  const lines: Buffer[] = []
  for (let at = 0; at < event.length; ) {
    const feed = event.indexOf(LINE_FEED, at)
    const next = feed === -1 ? event.length : feed + 1
    const line = lineOf(event, at, feed === -1 ? event.length : feed)
    if (line !== null) lines.push(line)
    at = next
  }
  const [first, ...more] = lines
  if (first === undefined) return NOTHING
  return more.length === 0 ? first : Buffer.from(lines.map((line) => line.toString('latin1')).join('\n'), 'latin1')
}

const NOTHING = Buffer.alloc(0)

/** null: no line of data */
function lineOf(event: Buffer, start: number, end: number): Buffer | null {
  if (end - start < DATA.length || event.compare(DATA, 0, DATA.length, start, start + DATA.length) !== 0) return null
  const from = start + DATA.length
  const begin = event[from] === SPACE ? from + 1 : from
  return event.subarray(begin, event[end - 1] === CARRIAGE_RETURN ? Math.max(begin, end - 1) : end)
}

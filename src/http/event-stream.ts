// Finds the messages of an `application/vnd.amazon.eventstream` body as it passes, in bounded memory, and writes single messages.

import { crc32 } from 'node:zlib'

/** Why a stream cannot be read on. */
export type EventStreamFault =
  | 'prelude_crc'
  | 'message_crc'
  | 'message_too_short'
  | 'message_too_long'
  | 'headers_overrun'
  | 'unknown_header_type'

/** One message; it may share memory with the chunk that it came in. */
export interface EventStreamMessage {
  /** Value of a string header (":event-type", ":message-type" …); undefined when it is absent or no string. */
  header(name: string): string | undefined
  readonly payload: Buffer
}

export type EventStreamScannerOptions = {
  /** a message that is longer is a fault; the default is Bedrock's largest event (1,000,000 bytes) with its headers */
  readonly maxMessageBytes?: number
  readonly onMessage: (message: EventStreamMessage) => void
  /** Runs at most once; after it the scanner takes everything in silence. */
  readonly onFault: (reason: EventStreamFault) => void
}

export interface EventStreamScanner {
  push(chunk: Buffer): void
  /** 'clean': the stream ended between two messages, and without a fault. */
  end(): 'clean' | 'truncated'
}

export function createEventStreamScanner(options: EventStreamScannerOptions): EventStreamScanner {
  return new Scanner(options)
}

/** One whole message with string headers. */
export function encodeEventStreamMessage(headers: Readonly<Record<string, string>>, payload: Buffer): Buffer {
  const fields: Buffer[] = []
  for (const [name, value] of Object.entries(headers)) {
    const nameBytes = Buffer.from(name)
    const valueBytes = Buffer.from(value)
    if (nameBytes.length > 0xff || valueBytes.length > 0x7fff) throw new RangeError(`event header too long: ${name}`)
    const head = Buffer.of(
      nameBytes.length,
      ...nameBytes,
      STRING_TYPE,
      valueBytes.length >> 8,
      valueBytes.length & 0xff,
    )
    fields.push(head, valueBytes)
  }
  const headerBytes = fields.reduce((sum, field) => sum + field.length, 0)
  const total = headerBytes + payload.length + OVERHEAD_BYTES
  const prelude = Buffer.alloc(PRELUDE_BYTES)
  prelude.writeUInt32BE(total, 0)
  prelude.writeUInt32BE(headerBytes, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const message = Buffer.concat([prelude, ...fields, payload], total)
  message.writeUInt32BE(crc32(message.subarray(0, total - 4)), total - 4)
  return message
}

/** Total length, length of the headers, and the checksum of the two. */
const PRELUDE_BYTES = 12
/** Prelude and message checksum. */
const OVERHEAD_BYTES = 16
const STRING_TYPE = 7
const DEFAULT_MAX_MESSAGE_BYTES = 1_100_000

class Scanner implements EventStreamScanner {
  private readonly maxMessageBytes: number
  private readonly onMessage: (message: EventStreamMessage) => void
  private readonly onFault: (reason: EventStreamFault) => void
  private faulted = false
  /** the beginning of a message that goes on in the next chunk; as large as the message once its prelude is known */
  private carry: Buffer | null = null
  private carried = 0

  constructor({ maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES, onMessage, onFault }: EventStreamScannerOptions) {
    this.maxMessageBytes = maxMessageBytes
    this.onMessage = onMessage
    this.onFault = onFault
  }

  push(chunk: Buffer): void {
    let offset = this.carry === null ? 0 : this.completeCarried(chunk)
    while (!this.faulted) {
      const left = chunk.length - offset
      if (left < PRELUDE_BYTES) {
        if (left > 0) this.keep(chunk, offset, PRELUDE_BYTES)
        return
      }
      const total = this.checkPrelude(chunk, offset)
      if (total === 0) return
      if (left < total) {
        this.keep(chunk, offset, total)
        return
      }
      this.deliver(chunk, offset, total)
      offset += total
    }
  }

  end(): 'clean' | 'truncated' {
    return this.faulted || this.carry !== null ? 'truncated' : 'clean'
  }

  private keep(chunk: Buffer, offset: number, size: number): void {
    this.carry = Buffer.allocUnsafe(size)
    this.carried = chunk.copy(this.carry, 0, offset)
  }

  /** Returns how much of the chunk belonged to the carried message. */
  private completeCarried(chunk: Buffer): number {
    let offset = this.fill(chunk, 0)
    if (this.carried === PRELUDE_BYTES && this.carry?.length === PRELUDE_BYTES) {
      const total = this.checkPrelude(this.carry, 0)
      if (total === 0) return chunk.length
      this.keep(this.carry, 0, total)
      offset += this.fill(chunk, offset)
    }
    const message = this.carry!
    if (this.carried < message.length) return offset
    this.carry = null
    this.deliver(message, 0, message.length)
    return offset
  }

  private fill(chunk: Buffer, offset: number): number {
    const carry = this.carry!
    const taken = chunk.copy(carry, this.carried, offset, offset + carry.length - this.carried)
    this.carried += taken
    return taken
  }

  /** Total length of the message that begins here; 0 after a fault. */
  private checkPrelude(bytes: Buffer, offset: number): number {
    const total = bytes.readUInt32BE(offset)
    const headerBytes = bytes.readUInt32BE(offset + 4)
    if (crcOfEight(bytes, offset) !== bytes.readUInt32BE(offset + 8)) return this.fault('prelude_crc')
    if (total < OVERHEAD_BYTES) return this.fault('message_too_short')
    if (total > this.maxMessageBytes) return this.fault('message_too_long')
    if (headerBytes > total - OVERHEAD_BYTES) return this.fault('headers_overrun')
    return total
  }

  private deliver(bytes: Buffer, offset: number, total: number): void {
    const end = offset + total - 4
    // the prelude's checksum is that of the first eight bytes: the message's checksum goes on from there
    const checksum = crc32(bytes.subarray(offset + 8, end), bytes.readUInt32BE(offset + 8))
    if (checksum !== bytes.readUInt32BE(end)) {
      this.fault('message_crc')
      return
    }
    const headersStart = offset + PRELUDE_BYTES
    const headersEnd = headersStart + bytes.readUInt32BE(offset + 4)
    const flaw = flawOfHeaders(bytes, headersStart, headersEnd)
    if (flaw === null) this.onMessage(new Message(bytes, headersStart, headersEnd, end))
    else this.fault(flaw)
  }

  private fault(reason: EventStreamFault): 0 {
    this.faulted = true
    this.carry = null
    this.onFault(reason)
    return 0
  }
}

class Message implements EventStreamMessage {
  private readonly bytes: Buffer
  private readonly headersStart: number
  private readonly headersEnd: number
  private readonly payloadEnd: number

  constructor(bytes: Buffer, headersStart: number, headersEnd: number, payloadEnd: number) {
    this.bytes = bytes
    this.headersStart = headersStart
    this.headersEnd = headersEnd
    this.payloadEnd = payloadEnd
  }

  get payload(): Buffer {
    return this.bytes.subarray(this.headersEnd, this.payloadEnd)
  }

  header(name: string): string | undefined {
    const { bytes } = this
    let offset = this.headersStart
    while (offset < this.headersEnd) {
      const typeAt = offset + 1 + bytes[offset]!
      const size = valueSize(bytes, typeAt)
      if (bytes[typeAt] === STRING_TYPE && isName(bytes, offset, name)) {
        return bytes.toString('utf8', typeAt + 3, typeAt + 1 + size)
      }
      offset = typeAt + 1 + size
    }
    return undefined
  }
}

function isName(bytes: Buffer, offset: number, name: string): boolean {
  if (bytes[offset] !== name.length) return false
  for (let index = 0; index < name.length; index++) {
    if (bytes[offset + 1 + index] !== name.charCodeAt(index)) return false
  }
  return true
}

function flawOfHeaders(bytes: Buffer, start: number, end: number): EventStreamFault | null {
  let offset = start
  while (offset < end) {
    const typeAt = offset + 1 + bytes[offset]!
    if (typeAt >= end) return 'headers_overrun'
    const size = valueSize(bytes, typeAt)
    if (size < 0) return 'unknown_header_type'
    offset = typeAt + 1 + size
  }
  return offset === end ? null : 'headers_overrun'
}

/** true, false, byte, short, int, long, bytes, string, timestamp, uuid; bytes and strings say their own length in two bytes. */
const VALUE_SIZES = [0, 0, 1, 2, 4, 8, -2, -2, 8, 16] as const

/** Size of the value after the type byte, with its own length field; -1 for a type that does not exist. */
function valueSize(bytes: Buffer, typeAt: number): number {
  const size = VALUE_SIZES[bytes[typeAt]!] ?? -1
  // a length field that lies beyond the end of the headers makes the sum too large for them: an overrun
  return size === -2 ? 2 + ((bytes[typeAt + 1] ?? 0xff) << 8) + (bytes[typeAt + 2] ?? 0xff) : size
}

/** CRC-32 (IEEE 802.3, reflected), byte by byte: for the eight bytes of a prelude a fifth of the price of a call into zlib. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
  return remainder
})

function crcOfEight(bytes: Buffer, offset: number): number {
  let crc = -1
  for (let index = offset; index < offset + 8; index++) {
    crc = CRC_TABLE[(crc ^ bytes[index]!) & 0xff]! ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

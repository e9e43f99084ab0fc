// Writes application/vnd.amazon.eventstream messages: prelude, its CRC32, string headers, payload, CRC32 of the whole.
import { crc32 } from 'node:zlib'

const STRING_TYPE = 7

/** One message. Layout: total length, headers length, prelude CRC, headers, payload, message CRC; all numbers big-endian u32. */
export function eventMessage(headers: Readonly<Record<string, string>>, payload: Buffer): Buffer {
  const head = encodeHeaders(headers)
  const total = 12 + head.length + payload.length + 4
  const message = Buffer.allocUnsafe(total)
  message.writeUInt32BE(total, 0)
  message.writeUInt32BE(head.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  head.copy(message, 12)
  payload.copy(message, 12 + head.length)
  message.writeUInt32BE(crc32(message.subarray(0, total - 4)), total - 4)
  return message
}

/** An event with a JSON payload, as every operation of bedrock-runtime sends them. */
export function jsonEvent(eventType: string, payload: string): Buffer {
  return eventMessage(
    { ':event-type': eventType, ':content-type': 'application/json', ':message-type': 'event' },
    Buffer.from(payload),
  )
}

/** A modelled exception in the middle of a stream; `exceptionType` is the member name, such as throttlingException. */
export function exceptionEvent(exceptionType: string, payload: string): Buffer {
  return eventMessage(
    { ':exception-type': exceptionType, ':content-type': 'application/json', ':message-type': 'exception' },
    Buffer.from(payload),
  )
}

/** An unmodelled error in the middle of a stream. */
export function errorEvent(code: string, message: string): Buffer {
  return eventMessage({ ':error-code': code, ':error-message': message, ':message-type': 'error' }, Buffer.alloc(0))
}

function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of Object.entries(headers)) {
    const nameBytes = Buffer.from(name)
    const valueBytes = Buffer.from(value)
    if (nameBytes.length > 255 || valueBytes.length > 65_535) throw new RangeError(`event header ${name} is too long`)
    const part = Buffer.allocUnsafe(1 + nameBytes.length + 3 + valueBytes.length)
    part.writeUInt8(nameBytes.length, 0)
    nameBytes.copy(part, 1)
    part.writeUInt8(STRING_TYPE, 1 + nameBytes.length)
    part.writeUInt16BE(valueBytes.length, 2 + nameBytes.length)
    valueBytes.copy(part, 4 + nameBytes.length)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

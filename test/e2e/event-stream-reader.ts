// Reads the messages of an AWS event stream out of whatever part of it has arrived; written apart from the gateway's own reader.

export type StreamMessage = {
  /** :event-type; null for an exception or an error */
  readonly type: string | null
  /** :exception-type or :error-code; null for an event */
  readonly exception: string | null
  readonly payload: Buffer
}

const PRELUDE_BYTES = 12
const TRAILER_BYTES = 4
const STRING_TYPE = 7

/** The whole messages from the beginning on; a part of a message at the end is left out, and so is all from a damaged one on. */
export function messagesOf(bytes: Buffer): StreamMessage[] {
  const messages: StreamMessage[] = []
  for (let at = 0; at + PRELUDE_BYTES <= bytes.length; ) {
    const total = bytes.readUInt32BE(at)
    if (total < PRELUDE_BYTES + TRAILER_BYTES || at + total > bytes.length) break
    const headersEnd = at + PRELUDE_BYTES + bytes.readUInt32BE(at + 4)
    if (headersEnd > at + total - TRAILER_BYTES) break
    const headers = stringHeaders(bytes.subarray(at + PRELUDE_BYTES, headersEnd))
    messages.push({
      type: headers.get(':event-type') ?? null,
      exception: headers.get(':exception-type') ?? headers.get(':error-code') ?? null,
      payload: bytes.subarray(headersEnd, at + total - TRAILER_BYTES),
    })
    at += total
  }
  return messages
}

function stringHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + bytes.readUInt8(at)
    if (bytes.readUInt8(nameEnd) !== STRING_TYPE) break
    const valueAt = nameEnd + 3
    const valueEnd = valueAt + bytes.readUInt16BE(nameEnd + 1)
    headers.set(bytes.toString('utf8', at + 1, nameEnd), bytes.toString('utf8', valueAt, valueEnd))
    at = valueEnd
  }
  return headers
}

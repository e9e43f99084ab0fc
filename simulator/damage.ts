// Spoils answers on purpose: event-stream frames that break a decoder, and usage that is not true.
import { crc32 } from 'node:zlib'
import { eventMessage } from './event-stream-writer.ts'
import type { Fault } from './faults.ts'
import type { Json } from './family.ts'
import { isObject } from './json.ts'

type FrameDamage = (frame: Buffer, fault: Fault) => Buffer

/** What each fault makes of one whole frame. Frames after it follow as if nothing had happened. */
const FRAME_DAMAGE: Readonly<Record<string, FrameDamage>> = {
  bad_prelude_crc: (frame) => flipped(frame, 8),
  bad_message_crc: (frame) => flipped(frame, frame.length - 1),
  bad_length: (frame, fault) => withLengths(frame, Number(fault.parameters.length), null),
  header_overrun: (frame) => withLengths(frame, null, frame.length * 2),
  // The type byte of the first header follows the prelude, one length byte and the name.
  bad_header_type: (frame) => withMessageCrc(flipped(frame, 12 + 1 + (frame[12] ?? 0), 0x40)),
  non_json: () => eventMessage(EVENT_HEADERS, Buffer.from('{"delta": this is not JSON')),
  non_utf8: () => eventMessage(EVENT_HEADERS, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0xc3, 0x28, 0x22, 0x7d])),
}

const EVENT_HEADERS = {
  ':event-type': 'contentBlockDelta',
  ':content-type': 'application/json',
  ':message-type': 'event',
}

/** After these the stream can be read to its end all the same. */
const HARMLESS = new Set(['unknown_event'])

export const isFrameDamage = (name: string): boolean => Object.hasOwn(FRAME_DAMAGE, name) || HARMLESS.has(name)

export const breaksStream = (name: string): boolean => Object.hasOwn(FRAME_DAMAGE, name)

export function damaged(frame: Buffer, fault: Fault): Buffer {
  if (fault.name === 'unknown_event') {
    const headers = { ...EVENT_HEADERS, ':event-type': 'surpriseOfTomorrow' }
    return Buffer.concat([eventMessage(headers, Buffer.from('{"p":"abc"}')), frame])
  }
  return FRAME_DAMAGE[fault.name]?.(frame, fault) ?? frame
}

function flipped(frame: Buffer, at: number, mask = 0xff): Buffer {
  const copy = Buffer.from(frame)
  copy[at] = (copy[at] ?? 0) ^ mask
  return copy
}

function withLengths(frame: Buffer, total: number | null, headers: number | null): Buffer {
  const copy = Buffer.from(frame)
  if (total !== null) copy.writeUInt32BE(total, 0)
  if (headers !== null) copy.writeUInt32BE(headers, 4)
  copy.writeUInt32BE(crc32(copy.subarray(0, 8)), 8)
  return withMessageCrc(copy)
}

function withMessageCrc(frame: Buffer): Buffer {
  frame.writeUInt32BE(crc32(frame.subarray(0, frame.length - 4)), frame.length - 4)
  return frame
}

/** Names of counts in any dialect: inputTokens, input_tokens, prompt_token_count, inputTextTokenCount, x-amzn-…-token-count. */
const COUNT = /token(s|_?count|-count)$/i
const CACHE_COUNT = /cach/i

const LIES: Readonly<Record<string, (value: number, name: string) => Json | undefined>> = {
  missing: () => undefined,
  zero: () => 0,
  negative: (value) => -1 - value,
  absurd: () => 1e308,
  huge: () => 2 ** 60,
  string: (value) => String(value),
  null: () => null,
  fraction: (value) => value + 0.5,
  cache_over_input: (value, name) => (CACHE_COUNT.test(name) ? 1_000_000 + value : value),
}

/** The same JSON with every count of tokens replaced by a lie; for `missing`, whole usage objects go. */
export function withFalseUsage(value: Json, kind: string, name = ''): Json | undefined {
  if (typeof value === 'number') return COUNT.test(name) ? LIES[kind]?.(value, name) : value
  if (Array.isArray(value)) return value.map((part) => withFalseUsage(part, kind, name) ?? null)
  if (!isObject(value)) return value
  if (kind === 'missing' && /^(usage|amazon-bedrock-invocationMetrics)$/.test(name)) return undefined
  const copy: { [key: string]: Json } = {}
  for (const [key, part] of Object.entries(value)) {
    const changed = withFalseUsage(part, kind, key)
    if (changed !== undefined) copy[key] = changed
  }
  return copy
}

export function withFalseUsageHeaders(headers: Record<string, string>, kind: string): Record<string, string> {
  const copy: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const changed = COUNT.test(name) ? LIES[kind]?.(Number(value), name) : value
    if (changed !== undefined) copy[name] = typeof changed === 'string' ? changed : JSON.stringify(changed)
  }
  return copy
}

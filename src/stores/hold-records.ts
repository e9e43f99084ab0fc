// How holds lie in a file: framed records that are found again, or found damaged, however the file was cut or changed.

import { crc32 } from 'node:zlib'
import type { Routing, Tier } from '../core/model.ts'
import { picoUsd } from '../core/money.ts'
import type { Hold } from '../core/reservation.ts'

/** Two bytes of mark, four of length, four of CRC-32 over the payload, all little-endian; then the payload. */
export const FRAME_BYTES = 10
const MARK = 0x6257
const MAX_PAYLOAD_BYTES = 256 * 1024

/** First byte of a payload. */
const KIND = { segment: 'S', open: 'O', close: 'C' } as const
const UNIT = '\x1f'
const NULL = '\x00'
const CONTROL_CHARACTERS = /[^ -\uffff]/

export type HoldRecord =
  | { readonly kind: 'segment'; readonly createdAt: number }
  | { readonly kind: 'open'; readonly hold: Hold }
  | { readonly kind: 'close'; readonly requestIds: readonly string[] }

export type SegmentContent = {
  readonly records: readonly HoldRecord[]
  /** bytes at the end that are no whole record, as a death in the middle of a write leaves them */
  readonly tornBytes: number
  /** where bytes were changed: offsets of what could not be read */
  readonly damagedAt: readonly number[]
}

export const segmentPayload = (createdAt: number): string => `${KIND.segment}1${UNIT}${createdAt}`

export const closePayload = (requestIds: readonly string[]): string => KIND.close + requestIds.join(UNIT)

export function openPayload(hold: Hold): string {
  const ids = `${hold.requestId}${hold.tenantId}${hold.keyId}${hold.modelId}${hold.baseModel}${hold.region}`
  if (CONTROL_CHARACTERS.test(ids)) throw new RangeError('a hold may not have control characters in its ids')
  const u = UNIT
  return (
    `${KIND.open}${hold.requestId}${u}${hold.tenantId}${u}${hold.keyId}${u}${hold.modelId}${u}${hold.baseModel ?? NULL}${u}` +
    `${hold.routing}${u}${hold.region}${u}${hold.tier}${u}${hold.operation}${u}${hold.surface}${u}${hold.startedAt}${u}` +
    `${metadataText(hold.metadata)}${u}${hold.heldCost ?? ''}${u}${hold.heldTokens}${u}${hold.inputTokensEstimate}`
  )
}

function metadataText(metadata: Readonly<Record<string, string>>): string {
  for (const _ in metadata) return JSON.stringify(metadata)
  return '{}'
}

/** Writes a frame at `at`; the buffer must have room for frameRoom(payload). Returns where it ends. */
export function writeFrame(buffer: Buffer, at: number, payload: string): number {
  const start = at + FRAME_BYTES
  const length = buffer.write(payload, start, 'utf8')
  if (length > MAX_PAYLOAD_BYTES) throw new RangeError(`a hold of ${length} bytes is larger than ${MAX_PAYLOAD_BYTES}`)
  buffer.writeUInt16LE(MARK, at)
  buffer.writeUInt32LE(length, at + 2)
  buffer.writeUInt32LE(crc32(buffer.subarray(start, start + length)), at + 6)
  return start + length
}

/** Enough for the payload whatever its characters. */
export const frameRoom = (payload: string): number => FRAME_BYTES + payload.length * 3

export function readSegment(file: Buffer): SegmentContent {
  const records: HoldRecord[] = []
  const damagedAt: number[] = []
  const bytes = file.subarray(0, endOfContent(file))
  let at = 0
  while (at < bytes.length) {
    const frame = frameAt(bytes, at)
    if (frame !== null) {
      records.push(frame.record)
      at = frame.end
      continue
    }
    const next = nextFrame(bytes, at + 1)
    if (next === null && isTorn(bytes, at)) return { records, tornBytes: bytes.length - at, damagedAt }
    damagedAt.push(at)
    if (next === null) break
    at = next
  }
  return { records, tornBytes: 0, damagedAt }
}

/** Without the zeros that are written ahead; no record ends with one. */
function endOfContent(file: Buffer): number {
  let end = file.length
  while (end > 0 && file[end - 1] === 0) end -= 1
  return end
}

function frameAt(bytes: Buffer, at: number): { record: HoldRecord; end: number } | null {
  if (at + FRAME_BYTES > bytes.length || bytes.readUInt16LE(at) !== MARK) return null
  const end = at + FRAME_BYTES + bytes.readUInt32LE(at + 2)
  if (end > bytes.length) return null
  const payload = bytes.subarray(at + FRAME_BYTES, end)
  if (crc32(payload) !== bytes.readUInt32LE(at + 6)) return null
  const record = parsePayload(payload.toString('utf8'))
  return record === null ? null : { record, end }
}

function nextFrame(bytes: Buffer, from: number): number | null {
  const mark = Buffer.of(MARK & 0xff, MARK >> 8)
  for (let at = bytes.indexOf(mark, from); at !== -1; at = bytes.indexOf(mark, at + 1)) {
    if (frameAt(bytes, at) !== null) return at
  }
  return null
}

/** A death leaves the beginning of a record at the end. Anything else that cannot be read is damage. */
function isTorn(bytes: Buffer, at: number): boolean {
  const rest = bytes.subarray(at)
  if (rest.length === 1) return rest[0] === (MARK & 0xff)
  if (rest.readUInt16LE(0) !== MARK) return false
  if (rest.length < FRAME_BYTES) return true
  const length = rest.readUInt32LE(2)
  return length <= MAX_PAYLOAD_BYTES && FRAME_BYTES + length > rest.length
}

function parsePayload(text: string): HoldRecord | null {
  const parts = text.slice(1).split(UNIT)
  switch (text[0]) {
    case KIND.segment:
      return parts[0] === '1' ? { kind: 'segment', createdAt: Number(parts[1]) } : null
    case KIND.close:
      return { kind: 'close', requestIds: parts }
    case KIND.open:
      return parts.length === 15 ? { kind: 'open', hold: holdFrom(parts) } : null
    default:
      return null
  }
}

function holdFrom(parts: readonly string[]): Hold {
  const at = (index: number): string => parts[index] as string
  return {
    requestId: at(0),
    tenantId: at(1),
    keyId: at(2),
    modelId: at(3),
    baseModel: parts[4] === NULL ? null : at(4),
    routing: at(5) as Routing,
    region: at(6),
    tier: at(7) as Tier,
    operation: at(8),
    surface: at(9),
    startedAt: Number(at(10)),
    metadata: JSON.parse(at(11)) as Record<string, string>,
    heldCost: parts[12] === '' ? null : picoUsd(BigInt(at(12))),
    heldTokens: Number(at(13)),
    inputTokensEstimate: Number(at(14)),
  }
}

// Makes the pictures and vectors that models answer with, and judges media that callers send: small, valid, the same for the same seed.
import { crc32, deflateSync } from 'node:zlib'
import { randomFrom } from '../tokens.ts'
import { hash } from './generation.ts'

/** A real PNG of one pixel, coloured by `seed`, as base64. */
export function picture(seed: string): string {
  const colour = hash(seed)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(1, 0)
  header.writeUInt32BE(1, 4)
  header.writeUInt8(8, 8)
  header.writeUInt8(2, 9)
  const pixel = Buffer.from([0, colour & 0xff, (colour >>> 8) & 0xff, (colour >>> 16) & 0xff])
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    part('IHDR', header),
    part('IDAT', deflateSync(pixel)),
    part('IEND', Buffer.alloc(0)),
  ]).toString('base64')
}

/** An embedding: `length` numbers between -1 and 1; with `normalised`, of length one. */
export function vector(seed: string, length: number, normalised = true): number[] {
  const next = randomFrom(seed)
  const raw = Array.from({ length }, () => next() * 2 - 1)
  const norm = normalised ? Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0)) : 1
  return raw.map((value) => Number((value / norm).toFixed(8)))
}

/** The same embedding in whole numbers, as the int8, uint8, binary and ubinary types have it. */
export function wholeVector(values: readonly number[], type: string): number[] {
  if (type === 'int8') return values.map((value) => Math.max(-128, Math.min(127, Math.round(value * 127))))
  if (type === 'uint8') return values.map((value) => Math.max(0, Math.min(255, Math.round((value + 1) * 127.5))))
  const bytes: number[] = []
  for (let index = 0; index < values.length; index += 8) {
    const bits = values.slice(index, index + 8).reduce((sum, value) => sum * 2 + (value > 0 ? 1 : 0), 0)
    bytes.push(type === 'binary' ? bits - 128 : bits)
  }
  return bytes
}

/**
 * How long a sound or a film is. The simulator does not decode media: 100,000 bytes are a second, at least one. What lies in a
 * bucket has the length of its name's number ("clip-90s.mp4" is 90 seconds), else a minute.
 */
export function mediaSeconds(source: { base64?: string | undefined; uri?: string | undefined }): number {
  if (source.base64 !== undefined) return Math.max(1, Math.ceil((source.base64.length * 3) / 4 / 100_000))
  const named = /(\d{1,5})s\b/.exec(source.uri ?? '')
  return named === null ? 60 : Math.max(1, Number(named[1]))
}

function part(name: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

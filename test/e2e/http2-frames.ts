// A client that writes any HTTP/2 frames at all (RFC 9113) and counts what comes back, without a library that would keep it honest.

import { connect, type Socket } from 'node:net'

export const TYPE = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const END_STREAM = 1
export const END_HEADERS = 4
export const CODE = { none: 0, internal: 2, refused: 7, cancel: 8, calm: 11 } as const

const EMPTY = Buffer.alloc(0)
const HEAD_BYTES = 9

export function frame(type: number, flags: number, stream: number, payload: Buffer = EMPTY): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

export const reset = (stream: number, code: number): Buffer => frame(TYPE.reset, 0, stream, number32(code))
export const windowUpdate = (stream: number, bytes: number): Buffer =>
  frame(TYPE.windowUpdate, 0, stream, number32(bytes))
export const goaway = (code: number): Buffer => frame(TYPE.goaway, 0, 0, Buffer.concat([number32(0), number32(code)]))
export const ping = (): Buffer => frame(TYPE.ping, 0, 0, Buffer.alloc(8))

/** SETTINGS_INITIAL_WINDOW_SIZE, or none at all. */
export function settings(initialWindowBytes?: number): Buffer {
  if (initialWindowBytes === undefined) return frame(TYPE.settings, 0, 0)
  return frame(TYPE.settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), number32(initialWindowBytes)]))
}

/** A request whose header lines are written out (RFC 7541 section 6.2.2, literals without indexing). */
export function request(
  stream: number,
  path: string,
  options: {
    readonly method?: string
    readonly endStream?: boolean
    readonly endHeaders?: boolean
    readonly lines?: readonly (readonly [string, string])[]
  } = {},
): Buffer {
  const { method = 'GET', endStream = true, endHeaders = true, lines = [] } = options
  const all = [[':method', method], [':scheme', 'http'], [':path', path], [':authority', 'gateway.example'], ...lines]
  const block = Buffer.concat(all.flatMap(([name = '', value = '']) => [Buffer.from([0]), text(name), text(value)]))
  const flags = (endStream ? END_STREAM : 0) | (endHeaders ? END_HEADERS : 0)
  return frame(TYPE.headers, flags, stream, block)
}

function text(value: string): Buffer {
  const length =
    value.length < 127 ? [value.length] : [127, ((value.length - 127) & 127) | 128, (value.length - 127) >> 7]
  return Buffer.concat([Buffer.from(length), Buffer.from(value, 'latin1')])
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

type Received = { readonly type: number; readonly flags: number; readonly stream: number; readonly payload: Buffer }

export class FrameClient {
  readonly socket: Socket
  /** frames by type */
  readonly counts: Record<number, number> = {}
  /** body bytes by stream */
  readonly dataBytes = new Map<number, number>()
  readonly ended = new Set<number>()
  readonly resets = new Map<number, number>()
  /** DATA that carries nothing and ends nothing: what a server writes that has lost a stream */
  emptyFrames = 0
  goawayCode: number | null = null
  onFrame: (received: Received) => void = () => {}
  private rest: Buffer = EMPTY

  constructor(port: number, initialWindowBytes?: number) {
    this.socket = connect({ port, host: '127.0.0.1' })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => this.take(chunk))
    void this.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings(initialWindowBytes))
  }

  get closed(): boolean {
    return this.socket.destroyed
  }

  /** One write, so that the frames can reach the server in one read. Resolves when it has been taken, or the connection is gone. */
  send(...frames: readonly Buffer[]): Promise<void> {
    if (this.closed) return Promise.resolve()
    return new Promise((resolve) => {
      this.socket.once('close', resolve)
      this.socket.write(Buffer.concat(frames), () => {
        this.socket.off('close', resolve)
        resolve()
      })
    })
  }

  /** Sends until all is sent or the server has had enough; the number of times it was sent. */
  async flood(times: number, next: (time: number) => Buffer): Promise<number> {
    let time = 0
    while (time < times && !this.closed) await this.send(next(time++))
    return time
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.closed) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  destroy(): void {
    this.socket.destroy()
  }

  private take(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    while (bytes.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + bytes.readUIntBE(0, 3)
      if (bytes.length < end) break
      const stream = bytes.readUInt32BE(5) & 0x7f_ff_ff_ff
      this.note({ type: bytes[3] ?? 0, flags: bytes[4] ?? 0, stream, payload: bytes.subarray(HEAD_BYTES, end) })
      bytes = bytes.subarray(end)
    }
    this.rest = bytes
  }

  private note(received: Received): void {
    const { type, flags, stream, payload } = received
    this.counts[type] = (this.counts[type] ?? 0) + 1
    if (type === TYPE.data) {
      this.dataBytes.set(stream, (this.dataBytes.get(stream) ?? 0) + payload.length)
      if (payload.length === 0 && (flags & END_STREAM) === 0) this.emptyFrames += 1
    }
    if ((type === TYPE.data || type === TYPE.headers) && (flags & END_STREAM) !== 0) this.ended.add(stream)
    if (type === TYPE.reset) this.resets.set(stream, payload.readUInt32BE(0))
    if (type === TYPE.goaway) this.goawayCode = payload.readUInt32BE(4)
    this.onFrame(received)
  }
}

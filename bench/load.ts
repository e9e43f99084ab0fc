// The benchmark's load generator: raw sockets with keep-alive, closed loop (as fast as answers come) or open loop (at a fixed rate).

import { connect, type Socket } from 'node:net'

export type LoadPlan = {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type LoadResult = {
  readonly requests: number
  readonly failures: number
  readonly seconds: number
  /** milliseconds, sorted: request sent (or, in the open loop, due) to answer complete */
  readonly latencies: number[]
  /** milliseconds, sorted: to the first byte of the answer */
  readonly firstBytes: number[]
  readonly bytes: number
}

export function requestBytes(plan: LoadPlan): Buffer {
  const headers = {
    ...plan.headers,
    host: `${plan.host}:${plan.port}`,
    'content-length': String(Buffer.byteLength(plan.body)),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`POST ${plan.path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${plan.body}`)
}

const HEAD_END = Buffer.from('\r\n\r\n')
const CHUNKED_END = Buffer.from('0\r\n\r\n')

/** One connection: one request at a time, its answer measured to the last byte. */
export class Client {
  readonly #socket: Socket
  #sentAt = 0
  #firstAt = 0
  #expected = -1
  #chunked = false
  #received = 0
  #status = 0
  #tail: Buffer = Buffer.alloc(0)
  #done: ((ok: boolean) => void) | null = null
  firstByteMilliseconds = 0
  totalMilliseconds = 0
  bytes = 0

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port, noDelay: true })
    this.#socket.on('data', (chunk) => this.#onData(chunk))
    this.#socket.on('error', () => this.#end(false))
    this.#socket.on('close', () => this.#end(false))
  }

  send(request: Buffer, dueAt: number, done: (ok: boolean) => void): void {
    this.#sentAt = dueAt
    this.#firstAt = 0
    this.#expected = -1
    this.#chunked = false
    this.#received = 0
    this.#done = done
    this.#socket.write(request)
  }

  destroy(): void {
    this.#done = null
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.#firstAt === 0) this.#onHead(chunk)
    else this.#received += chunk.length
    if (this.#chunked) {
      this.#tail = chunk.length >= 5 ? chunk.subarray(-5) : Buffer.concat([this.#tail, chunk]).subarray(-5)
      if (this.#tail.equals(CHUNKED_END)) this.#end(this.#status === 200)
    } else if (this.#expected >= 0 && this.#received >= this.#expected) {
      this.#end(this.#status === 200)
    }
  }

  /** The head always comes in one piece here: it is small and written at once. */
  #onHead(chunk: Buffer): void {
    this.#firstAt = performance.now()
    const at = chunk.indexOf(HEAD_END)
    const head = chunk.toString('latin1', 0, at).toLowerCase()
    this.#status = Number(head.slice(9, 12))
    this.#chunked = head.includes('transfer-encoding: chunked')
    this.#expected = this.#chunked ? -1 : Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0)
    this.#received = chunk.length - at - HEAD_END.length
  }

  #end(ok: boolean): void {
    const done = this.#done
    if (done === null) return
    this.#done = null
    this.totalMilliseconds = performance.now() - this.#sentAt
    this.firstByteMilliseconds = this.#firstAt - this.#sentAt
    done(ok)
  }
}

const sorted = (values: number[]): number[] => values.toSorted((left, right) => left - right)

export async function closedLoop(plan: LoadPlan, connections: number, seconds: number): Promise<LoadResult> {
  const request = requestBytes(plan)
  const latencies: number[] = []
  const firstBytes: number[] = []
  let failures = 0
  const began = performance.now()
  const until = began + seconds * 1_000
  const clients = Array.from({ length: connections }, () => new Client(plan.host, plan.port))
  await Promise.all(
    clients.map(
      (client) =>
        new Promise<void>((resolve) => {
          const next = (): void => {
            const now = performance.now()
            if (now >= until) {
              resolve()
              return
            }
            client.send(request, now, (ok) => {
              if (!ok) {
                failures += 1
                resolve()
                return
              }
              latencies.push(client.totalMilliseconds)
              firstBytes.push(client.firstByteMilliseconds)
              next()
            })
          }
          next()
        }),
    ),
  )
  const elapsed = (performance.now() - began) / 1_000
  const bytes = clients.reduce((sum, client) => sum + client.bytes, 0)
  for (const client of clients) client.destroy()
  return {
    requests: latencies.length,
    failures,
    seconds: elapsed,
    latencies: sorted(latencies),
    firstBytes: sorted(firstBytes),
    bytes,
  }
}

/** Latency counts from when a request was due, so that a stall is not hidden by requests that were never sent. */
export async function openLoop(plan: LoadPlan, perSecond: number, seconds: number): Promise<LoadResult> {
  const request = requestBytes(plan)
  const idle = Array.from({ length: 64 }, () => new Client(plan.host, plan.port))
  const all = [...idle]
  const latencies: number[] = []
  const firstBytes: number[] = []
  let failures = 0
  let running = 0
  const began = performance.now()
  const total = perSecond * seconds
  let sent = 0
  await new Promise<void>((resolve) => {
    const sendOne = (dueAt: number): void => {
      let client = idle.pop()
      if (client === undefined) {
        client = new Client(plan.host, plan.port)
        all.push(client)
      }
      const used = client
      running += 1
      used.send(request, dueAt, (ok) => {
        running -= 1
        if (ok) {
          latencies.push(used.totalMilliseconds)
          firstBytes.push(used.firstByteMilliseconds)
          idle.push(used)
        } else {
          failures += 1
        }
        if (sent >= total && running === 0) resolve()
      })
    }
    const tick = (): void => {
      const now = performance.now()
      while (sent < total && began + (sent * 1_000) / perSecond <= now) {
        sendOne(began + (sent * 1_000) / perSecond)
        sent += 1
      }
      if (sent < total) setImmediate(tick)
    }
    tick()
  })
  const elapsed = (performance.now() - began) / 1_000
  for (const client of all) client.destroy()
  return {
    requests: latencies.length,
    failures,
    seconds: elapsed,
    latencies: sorted(latencies),
    firstBytes: sorted(firstBytes),
    bytes: 0,
  }
}

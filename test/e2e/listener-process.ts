// A listener as a process of its own, for clients that try to stop it: what is asked of it is how it is, and that it says anything at all.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Condition } from './listener-child.ts'
import { createHttp2Client } from './http2-client.ts'

const SILENT_MILLISECONDS = 20_000

export class ListenerProcess {
  readonly port: number
  private readonly child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.child = child
    this.port = port
  }

  static async start(
    options: { readonly fileDescriptors?: number; readonly writeStallMilliseconds?: number } = {},
  ): Promise<ListenerProcess> {
    const { fileDescriptors, writeStallMilliseconds } = options
    const limit = fileDescriptors === undefined ? '' : `ulimit -n ${fileDescriptors} && `
    const program = fileURLToPath(new URL('./listener-child.ts', import.meta.url))
    const stall = writeStallMilliseconds === undefined ? [] : [String(writeStallMilliseconds)]
    const child = spawn('bash', ['-c', `${limit}exec "$0" "$@"`, process.execPath, program, ...stall], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const [{ port }] = (await once(child, 'message')) as [Condition]
    return new ListenerProcess(child, port)
  }

  /** From outside: the process itself cannot read it when it has no file descriptor left. */
  residentBytes(): number {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(this.child.pid)])) * 1_024
  }

  /** Throws when the process does not turn any more, and ends it: it may be filling the memory. */
  async condition(): Promise<Condition> {
    const answered = once(this.child, 'message', { signal: AbortSignal.timeout(SILENT_MILLISECONDS) })
    this.child.send('how are you?')
    try {
      const [said] = (await answered) as [Condition]
      return said
    } catch {
      this.kill()
      throw new Error('the listener does not answer any more')
    }
  }

  /** What becomes of a client that asks as it should, on a connection of its own: "200" when its body comes back whole. */
  async honestCall(): Promise<string> {
    const client = createHttp2Client(`http://127.0.0.1:${this.port}`)
    const body = Buffer.alloc(100_000, 'b')
    const asked = { path: '/echo', method: 'POST', headers: {}, body, signal: AbortSignal.timeout(20_000) } as const
    const answer = await client.request(asked)
    const chunks: Buffer[] = []
    for await (const chunk of answer.body) chunks.push(chunk as Buffer)
    await client.destroy()
    return Buffer.concat(chunks).equals(body) ? String(answer.statusCode) : 'another body'
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }
}

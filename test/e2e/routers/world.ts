// A gateway with a file of path routers, an upstream that writes down what reaches it, and raw requests whose paths nobody normalises.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHarness, type Harness } from '../harness.ts'
import { startRecordingUpstream, type Received, type RecordingUpstream } from '../recording-upstream.ts'

export type RouterWorld = Harness & {
  readonly upstream: RecordingUpstream
  readonly file: string
  /** Writes the file anew, without waiting for anybody to read it. */
  write(routers: object): void
  /** The last thing that reached the upstream. */
  last(): Received
  headerOf(name: string): readonly string[]
  /** The newest ledger entry. */
  entry(): Promise<Awaited<ReturnType<Harness['ledger']>>[number]>
}

export type Answered = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly json: () => Record<string, unknown>
}

export type Asked = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer
}

export async function startRouterWorld(options: {
  readonly routers: (upstream: string) => object
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void
  readonly settings?: Readonly<Record<string, string>>
}): Promise<RouterWorld> {
  const upstream = await startRecordingUpstream(options.answer ?? answerJson)
  const folder = mkdtempSync(join(tmpdir(), 'weighbridge-routers-'))
  const file = join(folder, 'routers.yaml')
  const write = (routers: object): void => writeFileSync(file, JSON.stringify(routers))
  write(options.routers(upstream.url))
  const harness = await startHarness({ settings: { WEIGHBRIDGE_ROUTERS: file, ...options.settings } })
  const last = (): Received => {
    const received = upstream.received.at(-1)
    if (received === undefined) throw new Error('nothing reached the upstream')
    return received
  }
  return {
    ...harness,
    upstream,
    file,
    write,
    last,
    headerOf: (name) => last().headers.flatMap(([header, value]) => (header === name ? [value] : [])),
    async entry() {
      const entry = (await harness.ledger()).at(-1)
      if (entry === undefined) throw new Error('the ledger is empty')
      return entry
    },
    async close() {
      await harness.close()
      await upstream.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function answerJson(_request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify({ ok: true, usage: { prompt_tokens: 7, completion_tokens: 3 } })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

/** `path` goes out as it is written. */
export function ask(url: string, path: string, { method = 'POST', headers = {}, body }: Asked = {}): Promise<Answered> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, method, headers: { ...headers } as Record<string, string> })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        })
      })
    })
    request.end(body)
  })
}

export const JSON_TYPE = { 'content-type': 'application/json' }
export const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` })

// An exchange that no connection of its own stands behind: headers of a request, a body that is there, an ending that is told once.

import type { ClosedBy, HttpExchange } from '../http/exchange.ts'

export type InnerRequest = Pick<HttpExchange, 'method' | 'path' | 'protocol' | 'remoteAddress' | 'rawHeaders'> & {
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

export abstract class InnerExchange implements HttpExchange {
  readonly method: string
  readonly path: string
  readonly protocol: '1.1' | '2'
  readonly remoteAddress: string
  readonly rawHeaders: readonly string[]
  closedBy: ClosedBy | null = null
  headersSent = false
  readonly #headers: ReadonlyMap<string, string>
  readonly #body: Buffer
  readonly #listeners: ((finished: boolean) => void)[] = []
  #finished: boolean | null = null

  constructor(request: InnerRequest) {
    this.method = request.method
    this.path = request.path
    this.protocol = request.protocol
    this.remoteAddress = request.remoteAddress
    this.rawHeaders = request.rawHeaders
    this.#headers = request.headers
    this.#body = request.body
  }

  abstract startResponse(status: number, headers: readonly string[]): void
  abstract write(chunk: Buffer): boolean
  abstract onDrain(callback: () => void): void
  abstract end(lastChunk?: Buffer): void
  abstract destroy(): void

  header(name: string): string | undefined {
    return this.#headers.get(name)
  }

  headerEntries(): Iterable<[string, string]> {
    return this.#headers.entries()
  }

  readBody(): Promise<Buffer> {
    return Promise.resolve(this.#body)
  }

  respond(status: number, headers: readonly string[], body?: Buffer): void {
    this.startResponse(status, headers)
    this.end(body)
  }

  onClose(callback: (finished: boolean) => void): void {
    if (this.#finished === null) this.#listeners.push(callback)
    else callback(this.#finished)
  }

  protected get isClosed(): boolean {
    return this.#finished !== null
  }

  protected closed(finished: boolean): void {
    if (this.#finished !== null) return
    this.#finished = finished
    for (const listener of this.#listeners) listener(finished)
  }
}

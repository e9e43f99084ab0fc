// A call that the gateway itself makes for one of its tenants: the same admission, the same metering and the same entry as for any.

import type { Directory, Member } from '../core/directory.ts'
import { GatewayError } from '../core/errors.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { InnerExchange } from './inner-exchange.ts'

export type InnerCall = {
  readonly tenantId: string
  /** the key that the entry names */
  readonly keyId: string
  readonly path: string
  readonly body: Buffer
}

export type InnerAnswer = { readonly status: number; readonly body: Buffer }

export type AskInside = (call: InnerCall, signal: AbortSignal) => Promise<InnerAnswer>

const MOST_ANSWER_BYTES = 1_048_576

/** Rejects when the signal is aborted (the call is then ended, and charged for what it used) and when its answer breaks off. */
export function createAskInside(dependencies: {
  readonly directory: () => Directory
  readonly handle: (exchange: HttpExchange, known: Member) => Promise<void>
}): AskInside {
  return ({ tenantId, keyId, path, body }, signal) => {
    const member = dependencies.directory().memberOf(keyOf(tenantId, keyId))
    if (member === null) return Promise.reject(new GatewayError('may_not_act_for'))
    return new Promise((resolve, reject) => {
      const exchange = new CollectedExchange(path, body, (answer) => {
        signal.removeEventListener('abort', leave)
        if (answer === null) reject(new GatewayError('upstream_failed'))
        else resolve(answer)
      })
      const leave = (): void => exchange.leave()
      signal.addEventListener('abort', leave, { once: true })
      void dependencies.handle(exchange, member)
    })
  }
}

/** What it was admitted with once holds for what it needs on its way too; limits of its tenant count. */
const keyOf = (tenantId: string, keyId: string) => ({
  id: keyId,
  tenantId,
  name: keyId,
  // no API key has an empty hash, so that nothing can be presented that equals it
  secretHash: '',
  accessKeyId: '',
  mayActFor: [],
  createdAt: new Date(0).toISOString(),
  expiresAt: null,
  revokedAt: null,
  replacedBy: null,
  limits: [],
})

const HEADERS: readonly (readonly [string, string])[] = [['content-type', 'application/json']]

class CollectedExchange extends InnerExchange {
  readonly #done: (answer: InnerAnswer | null) => void
  readonly #chunks: Buffer[] = []
  #status = 0
  #bytes = 0

  constructor(path: string, body: Buffer, done: (answer: InnerAnswer | null) => void) {
    const whence = { method: 'POST', path, protocol: '1.1', remoteAddress: '' } as const
    super({ ...whence, rawHeaders: HEADERS.flat(), headers: new Map(HEADERS), body })
    this.#done = done
  }

  startResponse(status: number): void {
    this.headersSent = true
    this.#status = status
  }

  write(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.#bytes <= MOST_ANSWER_BYTES) this.#chunks.push(chunk)
    return true
  }

  onDrain(): void {}

  end(lastChunk?: Buffer): void {
    if (lastChunk !== undefined) this.write(lastChunk)
    const isWhole = this.#bytes <= MOST_ANSWER_BYTES
    this.#close(isWhole ? { status: this.#status, body: Buffer.concat(this.#chunks) } : null, true)
  }

  destroy(): void {
    this.closedBy = 'gateway'
    this.#close(null, false)
  }

  /** Nobody waits for it any more. */
  leave(): void {
    this.closedBy = 'client'
    this.#close(null, false)
  }

  #close(answer: InnerAnswer | null, finished: boolean): void {
    if (this.isClosed) return
    this.headersSent = true
    this.closed(finished)
    this.#done(answer)
  }
}

// How much calls that are alike have read: a bounded table, learned from settled calls, forgotten when the process ends.

import { estimateInput, learnShare, type InputShare } from '../core/input-share.ts'

/** Calls are alike when the same tenant makes them, so that nobody's habits make room in another's budget. */
export type InputKind = {
  readonly tenantId: string
  readonly baseModel: string
  readonly operation: string
  /** images, documents and the like, of which bytes say little */
  readonly hasMedia: boolean
  /** the strict bound, in tokens */
  readonly bound: number
}

const MOST_KINDS = 20_000

export class InputEstimates {
  /** the least recently learned first */
  readonly #shares = new Map<string, InputShare>()

  /** Tokens to hold; the strict bound where too little is known. */
  estimate(kind: InputKind): number {
    return estimateInput(this.#shares.get(nameOf(kind)) ?? null, kind.bound)
  }

  learn(kind: InputKind, tokens: number): void {
    if (kind.bound <= 0) return
    const name = nameOf(kind)
    const before = this.#shares.get(name) ?? null
    this.#shares.delete(name)
    this.#shares.set(name, learnShare(before, tokens / kind.bound))
    if (this.#shares.size <= MOST_KINDS) return
    const [oldest] = this.#shares.keys()
    if (oldest !== undefined) this.#shares.delete(oldest)
  }
}

/** Requests of one size differ little in what is template and what is text: a size is a power of two. */
const nameOf = ({ tenantId, baseModel, operation, hasMedia, bound }: InputKind): string =>
  `${tenantId} ${baseModel} ${operation} ${hasMedia ? 'media' : 'text'} ${Math.ceil(Math.log2(Math.max(1, bound)))}`

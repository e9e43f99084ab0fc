// What an answer behind a path router used: read at the configured places, in whole JSON answers and in the events of streamed ones.

import type { RoutedCall, UsageReading, UsageTap } from '../../core/upstream.ts'
import { readerFor, type AnswerReader } from './readers.ts'
import { Tally } from './tally.ts'

/** `router` null or without usage: a call is a call, and nothing in its answer is looked at. */
export function createRouterTap(router: RoutedCall | null): UsageTap {
  const isLocal = router !== null && 'status' in router.to
  return new RouterTap(new Tally(router?.usage ?? null, isLocal))
}

class RouterTap implements UsageTap {
  readonly outputTokensSoFar = 0
  readonly inputTokensSoFar = 0
  readonly #tally: Tally
  #reader: AnswerReader | null = null
  #success = false
  #failed = false

  constructor(tally: Tally) {
    this.#tally = tally
  }

  get finalSeen(): boolean {
    return this.#reader?.finalSeen ?? false
  }

  headers(status: number, headers: readonly string[]): void {
    this.#success = status >= 200 && status < 300
    if (!this.#success) return
    this.#tally.headers(headers)
    this.#reader = readerFor(headers, this.#tally)
  }

  chunk(bytes: Buffer): void {
    this.#guarded(() => this.#reader?.chunk(bytes))
  }

  end(): UsageReading {
    this.#guarded(() => this.#reader?.end())
    const { exception = null, isWhole = true } = this.#reader ?? {}
    return {
      usage: this.#tally.usage(),
      servedTier: null,
      invokedModelId: null,
      notes: this.#tally.notes,
      streamException: exception,
      complete: isWhole && exception === null && !this.#failed,
      outputCharacters: this.#tally.characters,
    }
  }

  /** No answer fails because somebody failed to read along. */
  #guarded(read: () => void): void {
    if (this.#failed) return
    try {
      read()
    } catch {
      this.#failed = true
      this.#tally.note('suspect: reading usage failed')
    }
  }
}

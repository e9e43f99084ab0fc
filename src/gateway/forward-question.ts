// What is needed to send a call and to relay its answer, and what is tried when a model fails before it has begun to answer.

import type { Upstream, UpstreamCall } from '../core/upstream.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { Admitted } from './admit.ts'
import type { Drains } from './drains.ts'
import type { OwnWords } from './headers.ts'
import type { Passage } from './passage.ts'
import type { SettleDependencies } from './settle.ts'
import type { AnswerTranslator, Surface } from './surfaces/surface.ts'

export type ForwardLimits = {
  readonly retries: number
  readonly totalTimeoutMilliseconds: number
  readonly maxBufferedBytes: number
}

export type ForwardDependencies = SettleDependencies & {
  readonly upstream: Upstream
  readonly limits: ForwardLimits
  readonly drains: Drains
  readonly random: () => number
  readonly log: (level: 'warn' | 'error', words: string, fields: Readonly<Record<string, unknown>>) => void
}

/** One model, in one region, as a call of it goes out. */
export type Attempt = {
  readonly admitted: Admitted
  readonly ownWords: OwnWords
  readonly call: UpstreamCall
  /** the operation answers with a stream */
  readonly streams: boolean
  /** null: the answer passes as it comes */
  readonly answer: AnswerTranslator | null
  /** Runs on a whole successful answer before it is released; null: nothing to do. */
  readonly onAnswer: ((answer: Buffer) => Promise<void>) | null
}

/** What a plan calls in the place of what has failed. */
export type Fallbacks = {
  /** something is left to try */
  readonly hasMore: boolean
  /** The next one that the tenant may call, admitted in the place of `failed`; null: there is none. Never rejects. */
  next(failed: Attempt): Promise<Attempt | null>
  /** It has begun to answer. */
  answered(): void
}

export type ForwardQuestion = Attempt & {
  readonly exchange: HttpExchange
  readonly surface: Surface
  /** null: nothing is called in its place */
  readonly fallbacks: Fallbacks | null
  /** missing: a call of Bedrock */
  readonly passage?: Passage
}

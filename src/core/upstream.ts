// The port to an outbound service: send bytes, hear bytes, and know once what they used.

import type { ResolvedModel, Tier } from './model.ts'
import type { Usage } from './usage.ts'

/** Whose credentials sign a call instead of the gateway's own: a session of this role. */
export type CredentialScope = {
  /** equal for equal sessions only */
  readonly id: string
  readonly roleArn: string
  readonly externalId: string | null
  readonly sessionName: string
  readonly sessionTags: Readonly<Record<string, string>>
}

/** One call as it goes out. `headers` is a flat list name, value, …, already free of the client's credentials and hop-by-hop headers. */
export type UpstreamCall = {
  readonly operation: string
  /** which of the service's hosts: model calls, or the control operations beside them */
  readonly plane: 'runtime' | 'control'
  readonly method: string
  /** raw path with query, exactly as to be sent */
  readonly path: string
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly region: string
  /** null: the gateway's own */
  readonly credentials: CredentialScope | null
}

/** Why no complete answer came. `sent` false: the upstream certainly has not seen the request whole. */
export type UpstreamFailure = {
  readonly kind: 'unreachable' | 'timeout' | 'broken' | 'credentials' | 'aborted'
  readonly sent: boolean
  readonly detail: string
}

/** Called in order: onHeaders once, onData any number of times, then onComplete or onFailure, once. Must not throw. */
export type UpstreamListener = {
  /** `headers` is a flat list of lower-case names and values. */
  onHeaders(status: number, headers: readonly string[]): void
  /** false: pause until `resume` is called on the exchange */
  onData(chunk: Buffer): boolean
  onComplete(): void
  onFailure(failure: UpstreamFailure): void
}

/** A running call. */
export type UpstreamExchange = {
  resume(): void
  /** Frees the connection; the listener hears onFailure with kind 'aborted' unless it already heard the end. */
  abort(): void
}

/** What an answer said of itself, merged over all the places that say it. */
export type UsageReading = {
  /** null: the answer said nothing */
  readonly usage: Usage | null
  readonly servedTier: Tier | null
  /** the model that a prompt router chose; null when not said */
  readonly invokedModelId: string | null
  /** contradictions and absurd values, in words */
  readonly notes: readonly string[]
  /** type of the exception event inside the stream, such as throttlingException; null when none */
  readonly streamException: string | null
  /** true when the answer arrived whole by its own format: final usage event seen, JSON closed */
  readonly complete: boolean
  /** characters of generated text that passed, for an estimate where usage is missing */
  readonly outputCharacters: number
}

/** Reads a copy of the answer as it passes. No method ever throws, whatever the bytes are. */
export type UsageTap = {
  /**
   * True once the answer's own last event was seen (Converse `metadata`, Invoke's invocation metrics): from that chunk on, nothing is
   * released to the client until the entry is durable. Answers that are not streams never say it.
   */
  readonly finalSeen: boolean
  headers(status: number, headers: readonly string[]): void
  chunk(bytes: Buffer): void
  end(): UsageReading
}

/** What a tap must know of the request: some usage is only in what was asked (image size and quality, seconds, documents to rank). */
export type TapQuestion = {
  readonly operation: string
  readonly model: ResolvedModel | null
  readonly requestBody: Buffer
  readonly requestHeader: (name: string) => string | undefined
}

export interface Upstream {
  readonly name: string
  send(call: UpstreamCall, listener: UpstreamListener): UpstreamExchange
  tap(question: TapQuestion): UsageTap
  /** Completes a model id that its text alone does not resolve (application inference profile …). Cached; null: there is no such thing. */
  resolveModel(modelId: string, credentials: CredentialScope | null): Promise<ResolvedModel | null>
  close(): Promise<void>
}

// What an inbound API dialect must do: recognise its paths, read what policy needs, and say refusals in its own shape.

import type { GatewayError } from '../../core/errors.ts'
import type { Tier } from '../../core/model.ts'
import type { UpstreamCall } from '../../core/upstream.ts'

/** What a path means. The path that goes upstream is cut out of the raw one, never rebuilt from its decoded parts. */
export type Route = {
  readonly operation: string
  /** as named by the path, decoded once; null where the body names it or there is none */
  readonly modelId: string | null
  readonly plane: UpstreamCall['plane']
  readonly upstreamPath: string
  /**
   * call: admitted, metered, one ledger entry · read: forwarded for the tenant that owns the named thing, nothing to meter ·
   * list: answered filtered to what the tenant may see
   */
  readonly kind: 'call' | 'read' | 'list'
  /** the answer is a stream */
  readonly streams: boolean
}

/** What policy and pricing need to know of a request, read without touching its bytes. */
export type CallFacts = {
  readonly modelId: string | null
  readonly tier: Tier
  /** most output tokens that the caller allows; null: not said */
  readonly outputCap: number | null
  /** most images or answers that the request asks for */
  readonly answers: number
  readonly seconds: number | null
  readonly variant: string
  readonly metadata: Readonly<Record<string, string>>
}

export type RenderedAnswer = { readonly status: number; readonly headers: readonly string[]; readonly body: Buffer }

export type Surface = {
  readonly name: string
  /** null: not a path of this dialect. Throws GatewayError for a path that is of this dialect but malformed. */
  match(method: string, path: string): Route | null
  /** Throws GatewayError invalid_request with words about what is wrong. */
  readFacts(route: Route, header: (name: string) => string | undefined, body: Buffer): CallFacts
  renderError(error: GatewayError, requestId: string): RenderedAnswer
  /** What to write into a running stream that cannot go on; null: nothing can be said, break the connection. */
  renderStreamError(error: GatewayError): Buffer | null
}

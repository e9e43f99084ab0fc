// What an inbound API dialect must do: recognise its paths, say what goes upstream for them, and say refusals in its own shape.

import type { Access } from '../../core/access.ts'
import type { DialectPolicy } from '../../core/dialects.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import type { GatewayError } from '../../core/errors.ts'
import type { LimitDialect } from '../../core/limit-headers.ts'
import type { ResolvedModel, Tier } from '../../core/model.ts'
import type { UpstreamService } from '../../core/upstream.ts'
import type { Usage } from '../../core/usage.ts'

/** What a path means. The path that goes upstream is cut out of the raw one, never rebuilt from its decoded parts. */
export type Route = {
  /** Bedrock's own; of a dialect that is translated, the dialect's */
  readonly operation: string
  /** as named by the path, decoded once; null where the body names it or there is none */
  readonly modelId: string | null
  readonly service: UpstreamService
  /** of a native call; a translated one says its path when its model is known */
  readonly upstreamPath: string
  /**
   * call: admitted, metered, one ledger entry · read: forwarded for the tenant that owns the named thing, nothing to meter ·
   * list: answered filtered to what the tenant may see · models: the models that the tenant may call, as the dialect lists them ·
   * poll: asks for the answer to an earlier call · kept: asks the upstream for an answer that it keeps, of the tenant that made it
   */
  readonly kind: 'call' | 'read' | 'list' | 'models' | 'poll' | 'kept'
  /** kept only: the id of the answer */
  readonly keptId?: string
  /** polls only: the id of the earlier call */
  readonly polledId?: string
  /** the answer is a stream */
  readonly streams: boolean
}

/** What policy and pricing need to know of a request, read without touching its bytes. */
export type CallFacts = {
  readonly modelId: string | null
  readonly tier: Tier
  /** every tier that may be served instead, and this one */
  readonly tiers: readonly Tier[]
  /** by path, what stands under every name that any model family has for its output cap; which of them counts, the model decides */
  readonly caps: ReadonlyMap<string, number>
  /** tokens that the model may think; 0: not said */
  readonly thinkingTokens: number
  /** most images or answers that the request asks for */
  readonly answers: number
  readonly seconds: number | null
  readonly variant: string
  readonly metadata: Readonly<Record<string, string>>
  /** the call names a guardrail */
  readonly isGuarded: boolean
  /** images in lists; those that have a member of their own are found in the body */
  readonly inputImages: number
  /** shots of a film, each of a fixed length; 0: not said */
  readonly shots: number
  /** the call goes on from an answer that the upstream keeps: it reads what nobody here can count */
  readonly continues: boolean
}

export type RenderedAnswer = { readonly status: number; readonly headers: readonly string[]; readonly body: Buffer }

/** A request of which the dialect has read what it needs. */
export type Prepared =
  | { readonly facts: CallFacts; readonly translate: null }
  | {
      /** the rest is read from what goes out */
      readonly facts: Pick<CallFacts, 'modelId'>
      /** Throws GatewayError for what cannot be said to this model. */
      readonly translate: (target: TranslationTarget) => Outgoing
    }

export type TranslationTarget = {
  readonly model: ResolvedModel
  /** what is called instead of a model of Bedrock; null: one of those is */
  readonly endpoint: Endpoint | null
  readonly requestId: string
  readonly now: number
  readonly dialects: DialectPolicy
  /** what the plan is going to write into the call, which not every way upstream takes */
  readonly access: Access
}

/** A call as it goes upstream: one of AWS's operations, or Bedrock's own endpoint of the client's dialect. */
export type Outgoing = {
  readonly operation: string
  /** absent: the one that the route names */
  readonly service?: UpstreamService
  readonly path: string
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly streams: boolean
  /** of this body, so that budgets hold by every dialect alike */
  readonly facts: CallFacts
  /** null: the answer's bytes pass untouched */
  readonly answer: AnswerTranslator | null
  /** absent: the upstream keeps nothing of it */
  readonly kept?: KeptAnswers
}

/** Answers that the upstream keeps, for whoever knows their ids: the gateway knows whose they are. */
export type KeptAnswers = {
  /** ids of kept answers, or of parts of them, that the call goes on from */
  readonly named: readonly string[]
  /** Ids that the answer has given out, when it is over. */
  made(): readonly string[]
}

/**
 * Says an answer of Bedrock in the dialect of the client; made for one call. The meter has read the answer's own bytes before. What a
 * method throws becomes the dialect's error.
 */
export type AnswerTranslator = {
  /** Headers of every answer, successful or not, streamed or not: flat. */
  readonly headers: readonly string[]
  /** A whole answer, refusals included. `usage`: what the meter read in it; null: it says nothing of it. */
  whole(status: number, body: Buffer, headers: readonly string[], usage: Usage | null): RenderedAnswer
  /** Whole events of the dialect for these bytes of an event stream, however they are cut; empty: none yet. */
  push(chunk: Buffer): Buffer
  /** The stream has ended by its own format, or with an exception: what is left to say. `usage` as for a whole answer. */
  end(usage: Usage | null): Buffer
  /** an event stream is given to the client as one whole answer; absent: as events of the dialect */
  readonly gathers?: true
  /** the dialect's sign of life in a stream that is silent for long; none: it has no such event */
  readonly ping?: Buffer
  /** What to write into the running stream when it cannot go on; absent: what the surface says. */
  failure?(error: GatewayError): Buffer
}

/** A model that a tenant may call, by the id that it calls it by. */
export type ListedModel = {
  readonly id: string
  readonly name: string
  /** null: Bedrock does not say */
  readonly maker: string | null
  /** milliseconds since the epoch; null: Bedrock does not say */
  readonly createdAt: number | null
}

export type Surface = {
  readonly name: string
  /** SageMaker endpoints: only those can be called, or those too; absent: none */
  readonly callsEndpoints?: 'only' | 'also'
  /** the service that its clients sign for; absent: bedrock */
  readonly signingService?: string
  /** in whose words answers say what is left of rate limits; absent: the dialect has none */
  readonly limitDialect?: LimitDialect
  /** header that names the tenant a call is for, where the dialect has one of its own */
  readonly tenantHeader?: string
  /** header that a token may come in beside Authorization, without a scheme */
  readonly tokenHeader?: string
  /** null: not a path of this dialect. Throws GatewayError for a path that is of this dialect but malformed. */
  match(method: string, path: string): Route | null
  /** Throws GatewayError invalid_request with words about what is wrong. */
  prepare(route: Route, header: (name: string) => string | undefined, body: Buffer): Prepared
  /** Answers routes of the kind "models"; absent: the dialect has none. */
  renderModels?(models: readonly ListedModel[], route: Route): RenderedAnswer
  renderError(error: GatewayError, requestId: string): RenderedAnswer
  /** The client wants an id now and fetches the answer later; absent: never. */
  answersLater?(header: (name: string) => string | undefined): boolean
  /** A list of Bedrock in the dialect's own shape; absent: it passes as it is. */
  renderList?(status: number, body: Buffer): RenderedAnswer
  /** What to write into a running stream that cannot go on; null: nothing can be said, break the connection. */
  renderStreamError(error: GatewayError): Buffer | null
}

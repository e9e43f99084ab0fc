// The one interface between the simulator's server and a model family: what a family is given, and what it answers.
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** What AWS would bill for one call; disjoint dimensions (input_tokens excludes cached ones). Absent = not billed by that dimension. */
export type BilledUsage = { [dimension: string]: number }

export type ModelCard = {
  modelId: string // base model id, e.g. 'anthropic.claude-sonnet-4-5-20250929-v1:0'
  modelName: string
  providerName: string
  inputModalities: string[] // TEXT IMAGE VIDEO SPEECH
  outputModalities: string[] // TEXT IMAGE VIDEO EMBEDDING
  streaming: boolean // responseStreamingSupported
  inferenceTypes: string[] // ON_DEMAND PROVISIONED; [] plus profiles = reachable by inference profile only
  profiles: string[] // routing prefixes that have a system profile: 'us' 'eu' 'apac' 'jp' 'au' 'global' ...
  converse: boolean // Converse works for it
  tiers: string[] // 'default' 'priority' 'flex' 'reserved' accepted
  maxOutputTokens: number
  lifecycle: 'ACTIVE' | 'LEGACY'
  cache: boolean // prompt caching
}

/** Thrown by a family for a body that Bedrock would refuse; the server answers 400 ValidationException with this message. */
export class FamilyValidationError extends Error {}

/** One InvokeModel call, already authenticated; `cache` is the simulator's prompt cache for this account and model. */
export type FamilyCall = {
  model: ModelCard
  body: JsonObject
  tier: string
  now: () => number // milliseconds
  countTokens: (text: string) => number // the simulator's one documented rule
  generate: (seed: string, tokens: number) => string[] // deterministic pieces of text, one per token
  cache: {
    /**
     * Looks up and stores a prefix; returns how many of its tokens were read and how many written, for the given TTL. Called
     * once per cache breakpoint in the order of the prompt, with the whole prefix up to it and that prefix's tokens; it answers
     * only the part beyond the previous breakpoint of the same call, so the answers add up.
     */
    touch(
      prefix: string,
      tokens: number,
      ttl: '5m' | '30m' | '1h',
    ): { read: number; written5m: number; written1h: number; written30m?: number }
    /** Whether a prefix is stored now; stores nothing and renews nothing. To read it, `touch` it before the breakpoint. */
    peek?(prefix: string): boolean
  }
}

export type FamilyAnswer = {
  body: JsonObject // InvokeModel's response body
  usage: BilledUsage
  /** false: real Bedrock sends no x-amzn-bedrock-*-token-count headers for this family or call (e.g. images) */
  usageHeaders: boolean
}

export type FamilyStream = {
  /** JSON payloads of the `chunk` events in order, without amazon-bedrock-invocationMetrics: the server adds it to the last. */
  chunks: JsonObject[]
  usage: BilledUsage
  /** usage billed when generation stops after `sent` chunks (client left with onDisconnect 'stop', or a fault cut it) */
  usageAfter: (sent: number) => BilledUsage
}

export interface Family {
  readonly name: string
  readonly models: readonly ModelCard[]
  invoke(call: FamilyCall): FamilyAnswer
  /** absent: the family has no streaming; the server answers ValidationException */
  stream?(call: FamilyCall): FamilyStream
  /** the text of the prompt, for CountTokens' invokeModel form; absent: CountTokens refuses */
  promptText?(body: JsonObject): string
}

// `simulator/families/index.ts` is the table: `export const FAMILIES: readonly Family[]`.

// Bedrock's own endpoints of OpenAI's and Anthropic's dialects: which models are called there, and a call that goes there as it came.

import { tierOfWire, type Tier } from '../../core/model.ts'
import { createSseSplitter } from '../../http/sse-splitter.ts'
import { flatHeader } from '../headers.ts'
import { outgoingCall } from './converse/call.ts'
import type { AnswerTranslator, KeptAnswers, Outgoing, TranslationTarget } from './surface.ts'

type Endpoint = {
  readonly path: string
  /** Models that it takes (Bedrock user guide, "Endpoints supported by Amazon Bedrock" and the model cards, 2026-10). */
  readonly models: RegExp
  /** models for which it is the usual way; null: for none */
  readonly usually: RegExp | null
  readonly takesGuardrail: boolean
  /** it reads a tier out of the body */
  readonly takesTier: boolean
}

/**
 * The open GPT models write what they think into the text of their chats, and Converse has it apart; Claude's bodies go to InvokeModel
 * as they are, where calls are logged and can carry metadata and guardrails. These are the usual ways, and a plan may prefer others.
 */
const ENDPOINTS = {
  ChatCompletions: {
    path: '/openai/v1/chat/completions',
    models: /^openai\.gpt-/,
    usually: /^openai\.gpt-\d/,
    takesGuardrail: true,
    takesTier: true,
  },
  CreateResponse: {
    path: '/openai/v1/responses',
    models: /^openai\.gpt-\d/,
    usually: /^openai\.gpt-\d/,
    takesGuardrail: false,
    takesTier: true,
  },
  Messages: {
    path: '/anthropic/v1/messages',
    models: /^anthropic\.claude-/,
    usually: null,
    takesGuardrail: false,
    takesTier: false,
  },
} as const satisfies Record<string, Endpoint>
export type OwnEndpoint = keyof typeof ENDPOINTS

/** `headers`: those of Bedrock's own that the client sent, flat */
export function goesToOwnEndpoint(
  api: OwnEndpoint,
  { model, dialects, access }: Pick<TranslationTarget, 'model' | 'dialects' | 'access'>,
  headers: readonly string[],
): boolean {
  const endpoint: Endpoint = ENDPOINTS[api]
  return isWanted(endpoint, model, dialects) && takes(endpoint, access, headers)
}

function isWanted(
  { models, usually }: Endpoint,
  { kind, baseModel }: TranslationTarget['model'],
  { bedrockEndpoints }: TranslationTarget['dialects'],
): boolean {
  const wanted = { prefer: models, auto: usually, avoid: null }[bedrockEndpoints]
  // what is made in the account exists for InvokeModel and Converse alone ("Inference profiles", 2026-10)
  const isAwss = kind === 'base_model' || kind === 'system_profile'
  return isAwss && wanted !== null && baseModel !== null && wanted.test(baseModel)
}

/** Whether it can be told all that the plan and the client's headers say. */
function takes(
  { takesGuardrail, takesTier }: Endpoint,
  access: TranslationTarget['access'],
  headers: readonly string[],
): boolean {
  if (Object.keys(access.requestMetadata).length > 0 || headers.some((name) => NEVER_TAKEN.has(name))) return false
  const isGuarded = access.guardrail !== null || flatHeader(headers, GUARDRAIL) !== null
  return (takesGuardrail || !isGuarded) && (takesTier || access.tiers === null)
}

const GUARDRAIL = 'x-amzn-bedrock-guardrailidentifier'
/** Headers that mean something to InvokeModel alone. */
const NEVER_TAKEN = new Set([
  'x-amzn-bedrock-request-metadata',
  'x-amzn-bedrock-performanceconfig-latency',
  'x-amzn-bedrock-service-tier',
])

export type OwnCall = {
  readonly api: OwnEndpoint
  readonly body: Buffer
  readonly streams: boolean
  /** flat */
  readonly headers: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  /** as the body asks for it; undefined: it does not */
  readonly tier: string | undefined
  readonly continues: boolean
  readonly answer: AnswerTranslator
  readonly kept?: KeptAnswers
}

export function ownEndpointCall({ api, tier, continues, headers, kept, ...call }: OwnCall): Outgoing {
  const outgoing = outgoingCall({
    ...call,
    operation: call.streams ? `${api}Stream` : api,
    path: ENDPOINTS[api].path,
    headers: [...JSON_HEADERS, ...headers],
  })
  const asked: Tier = (tier === undefined ? null : tierOfWire(tier)) ?? 'standard'
  const facts = { ...outgoing.facts, tier: asked, continues }
  return { ...outgoing, facts, ...(kept === undefined ? {} : { kept }) }
}

const JSON_HEADERS: readonly string[] = ['content-type', 'application/json', 'accept', 'application/json']

export type PassedOptions = {
  readonly headers: readonly string[]
  /** Hears of each event; false: the client does not get it. */
  readonly onEvent?: (event: Buffer) => boolean
  readonly onWhole?: (body: Buffer) => void
  readonly failure?: NonNullable<AnswerTranslator['failure']>
}

/** An event may repeat the whole request. */
const MAX_EVENT_BYTES = 33_554_432

/** The answer as it comes: of a stream whole events, so that it can be ended with an error behind any of them. */
export function passedAnswer({ headers, onEvent, onWhole, failure }: PassedOptions): AnswerTranslator {
  const splitter = createSseSplitter(MAX_EVENT_BYTES)
  return {
    headers,
    whole(status, body, upstream) {
      if (status < 400) onWhole?.(body)
      return { status, headers: ['content-type', flatHeader(upstream, 'content-type') ?? 'application/json'], body }
    },
    push(bytes) {
      const events = splitter.push(bytes)
      return Buffer.concat(onEvent === undefined ? events : events.filter((event) => onEvent(event)))
    },
    end: () => NOTHING,
    ...(failure === undefined ? {} : { failure }),
  }
}

const NOTHING = Buffer.alloc(0)

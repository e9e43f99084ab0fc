// Writes into a call what its plan wants there: another model id, tier, request metadata, guardrail. All other bytes stay the client's.

import { tierFor, type Access, type Guardrail } from '../core/access.ts'
import { METADATA_ENTRIES_LIMIT, METADATA_HEADER_CHARACTERS_LIMIT } from '../core/access-text.ts'
import { GatewayError } from '../core/errors.ts'
import { wireOfTier, type Tier } from '../core/model.ts'
import { createJsonSplicer, type ReadMember } from '../http/json-splice.ts'
import { flatHeader } from './headers.ts'
import type { CallFacts, Outgoing } from './surfaces/surface.ts'

export type RewriteQuestion = {
  readonly access: Access
  readonly tenantId: string
  /** the id to call instead of the one that the request names; null: that one */
  readonly renamed: string | null
}

/**
 * Where Bedrock reads tier, metadata and guardrail of a call: members of Converse's body, headers of InvokeModel. Its endpoints of OpenAI's
 * dialect read the tier in the body and the guardrail in headers, and no metadata at all.
 */
const FORMS: Readonly<Record<string, 'body' | 'headers' | 'openai'>> = {
  Converse: 'body',
  ConverseStream: 'body',
  InvokeModel: 'headers',
  InvokeModelWithResponseStream: 'headers',
  ChatCompletions: 'openai',
  ChatCompletionsStream: 'openai',
  CreateResponse: 'openai',
  CreateResponseStream: 'openai',
}

/** Throws GatewayError where the client's own part leaves no room for the plan's. */
export function rewrite(call: Outgoing, { access, tenantId, renamed }: RewriteQuestion): Outgoing {
  const named = renamed === null ? call : rename(call, renamed)
  const form = FORMS[call.operation]
  if (form === undefined || asksNothing(access)) return named
  const tier = tierFor(access, tenantId, call.facts.tier)
  if (form === 'openai') return intoOpenai(named, access, tier)
  return form === 'body' ? intoBody(named, access, tier) : intoHeaders(named, access, tier)
}

const asksNothing = ({ tiers, guardrail, requestMetadata }: Access): boolean =>
  tiers === null && guardrail === null && Object.keys(requestMetadata).length === 0

const MODEL_ID = createJsonSplicer(['modelId'])
const MODEL = createJsonSplicer(['model'])
/** Paths of Bedrock's own endpoints of other dialects, whose bodies name the model. */
const OF_DIALECTS = /^\/(?:openai|anthropic)\//

function rename(call: Outgoing, modelId: string): Outgoing {
  const { path, body } = call
  // a model's path is /model/{id}/{operation}, however the id is escaped
  if (path.startsWith(MODEL_PREFIX)) {
    const queryAt = path.indexOf('?')
    const operationAt = path.lastIndexOf('/', queryAt === -1 ? path.length : queryAt)
    return { ...call, path: `${MODEL_PREFIX}${encodeURIComponent(modelId)}${path.slice(operationAt)}` }
  }
  const json = JSON.stringify(modelId)
  const spliced = OF_DIALECTS.test(path)
    ? MODEL.splice(body, () => ({ model: json }))
    : MODEL_ID.splice(body, () => ({ modelId: json }))
  if (!spliced.ok) throw notAnObject()
  return { ...call, body: spliced.body }
}

const MODEL_PREFIX = '/model/'

const CONVERSE = createJsonSplicer(['serviceTier', 'performanceConfig', 'requestMetadata', 'guardrailConfig'])
type ConverseMember = 'serviceTier' | 'performanceConfig' | 'requestMetadata' | 'guardrailConfig'
type ConverseMembers = Partial<Record<ConverseMember, string>>

function intoBody(call: Outgoing, access: Access, tier: Tier): Outgoing {
  const spliced = CONVERSE.splice(call.body, (read): ConverseMembers => {
    const metadata = metadataOf(access, read('requestMetadata'))
    return {
      ...(access.tiers === null ? {} : tierMembers(tier, read)),
      ...(metadata === null ? {} : { requestMetadata: JSON.stringify(metadata) }),
      ...guardrailMember(access.guardrail, call.streams),
    }
  })
  if (!spliced.ok) throw notAnObject()
  return { ...call, body: spliced.body, facts: factsWith(call.facts, tier, access) }
}

/** A tier that nobody knows yet does not pass under a list of tiers either: what stands there is replaced unless it is just this one. */
function tierMembers(tier: Tier, read: ReadMember<ConverseMember>): ConverseMembers {
  const type = wireOfTier(tier) ?? 'default'
  const latency = tier === 'latency_optimized' ? 'optimized' : 'standard'
  const isWritten = (name: ConverseMember, member: string, value: string, usual: string): boolean => {
    const text = read(name)
    return (text === undefined ? usual : memberOf(text, member)) === value
  }
  return {
    ...(isWritten('serviceTier', 'type', type, 'default') ? {} : { serviceTier: JSON.stringify({ type }) }),
    ...(isWritten('performanceConfig', 'latency', latency, 'standard')
      ? {}
      : { performanceConfig: JSON.stringify({ latency }) }),
  }
}

function memberOf(text: string, name: string): unknown {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function guardrailMember(guardrail: Guardrail | null, streams: boolean): ConverseMembers {
  if (guardrail === null) return {}
  const { id, version, trace, streamProcessing } = guardrail
  return {
    guardrailConfig: JSON.stringify({
      guardrailIdentifier: id,
      guardrailVersion: version,
      trace,
      ...(streams && streamProcessing !== 'sync' ? { streamProcessingMode: streamProcessing } : {}),
    }),
  }
}

const METADATA_HEADER = 'x-amzn-bedrock-request-metadata'

function intoHeaders(call: Outgoing, access: Access, tier: Tier): Outgoing {
  const { facts, headers } = call
  const metadata = metadataOf(access, flatHeader(headers, METADATA_HEADER) ?? undefined)
  const text = metadata === null ? null : JSON.stringify(metadata)
  if (text !== null && text.length > METADATA_HEADER_CHARACTERS_LIMIT) {
    throw new GatewayError('invalid_request', {
      message: `The request metadata, with the entries that the plan adds, is longer than ${METADATA_HEADER_CHARACTERS_LIMIT} characters; send less of it.`,
    })
  }
  const written: Record<string, string> = {
    ...(access.tiers === null ? {} : tierHeaders(tier)),
    ...(text === null ? {} : { [METADATA_HEADER]: text }),
    ...guardrailHeaders(access.guardrail),
  }
  const body = access.tiers === null ? call.body : withTier(call.body, tier)
  return { ...call, headers: withHeaders(headers, written), body, facts: factsWith(facts, tier, access) }
}

function intoOpenai(call: Outgoing, access: Access, tier: Tier): Outgoing {
  const headers = withHeaders(call.headers, guardrailHeaders(access.guardrail))
  const type = wireOfTier(tier) ?? 'default'
  const spliced = CHAT.splice(call.body, (read) => {
    const written = read('service_tier')
    const isRight =
      access.tiers === null || (written === undefined ? type === 'default' : written === JSON.stringify(type))
    return isRight ? {} : { service_tier: JSON.stringify(type) }
  })
  if (!spliced.ok) throw notAnObject()
  return { ...call, headers, body: spliced.body, facts: factsWith(call.facts, tier, access) }
}

const CHAT = createJsonSplicer(['service_tier'])

/** Models that take OpenAI's bodies may read a tier there too; Anthropic's word for never more than the standard one is no tier. */
function withTier(body: Buffer, tier: Tier): Buffer {
  const type = JSON.stringify(wireOfTier(tier) ?? 'default')
  const spliced = CHAT.splice(body, (read) => {
    const written = read('service_tier')
    return written === undefined || written === type || written === '"standard_only"' ? {} : { service_tier: type }
  })
  if (!spliced.ok) throw notAnObject()
  return spliced.body
}

const tierHeaders = (tier: Tier): Record<string, string> => ({
  'x-amzn-bedrock-service-tier': wireOfTier(tier) ?? 'default',
  'x-amzn-bedrock-performanceconfig-latency': tier === 'latency_optimized' ? 'optimized' : 'standard',
})

const guardrailHeaders = (guardrail: Guardrail | null): Record<string, string> =>
  guardrail === null
    ? {}
    : {
        'x-amzn-bedrock-guardrailidentifier': guardrail.id,
        'x-amzn-bedrock-guardrailversion': guardrail.version,
        'x-amzn-bedrock-trace': guardrail.trace.toUpperCase(),
      }

function withHeaders(headers: readonly string[], written: Readonly<Record<string, string>>): string[] {
  const flat: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] as string
    if (!Object.hasOwn(written, name)) flat.push(name, headers[index + 1] as string)
  }
  return [...flat, ...Object.entries(written).flat()]
}

type Metadata = Readonly<Record<string, unknown>>

/** The client's entries and the plan's, which win; null: the plan has none, and the client's stay as they are written. */
function metadataOf({ requestMetadata }: Access, text: string | undefined): Metadata | null {
  const own = Object.keys(requestMetadata).length
  if (own === 0) return null
  const clients = text === undefined ? {} : entriesOf(text)
  const merged = { ...clients, ...requestMetadata }
  if (Object.keys(merged).length <= METADATA_ENTRIES_LIMIT) return merged
  throw new GatewayError('invalid_request', {
    message: `The request metadata may have ${METADATA_ENTRIES_LIMIT} entries, of which the plan adds ${own}: send at most ${METADATA_ENTRIES_LIMIT - own}.`,
  })
}

function entriesOf(text: string): Record<string, unknown> {
  const value = parse(text)
  if (value === null) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return { ...value }
  throw new GatewayError('invalid_request', { message: 'The request metadata must be an object of texts.' })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What is really asked for: tier, guardrail and metadata as they are sent. */
const factsWith = (facts: CallFacts, tier: Tier, { guardrail, requestMetadata }: Access): CallFacts => ({
  ...facts,
  tier,
  tiers: facts.tiers.includes(tier) ? facts.tiers : [...facts.tiers, tier],
  isGuarded: facts.isGuarded || guardrail !== null,
  metadata: Object.keys(requestMetadata).length === 0 ? facts.metadata : { ...facts.metadata, ...requestMetadata },
})

const notAnObject = (): GatewayError =>
  new GatewayError('invalid_request', { message: 'The request body is not a JSON object.' })

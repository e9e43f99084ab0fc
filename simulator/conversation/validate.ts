// Refuses what Converse refuses, in its words: required members, lengths, patterns, the order of roles, and what the model lacks.
import { constraint, invalid, notNull, shown } from '../errors.ts'
import type { Json, JsonObject, ModelCard } from '../family.ts'
import { arrayAt, isObject, objectAt, objectsAt, stringAt, unionKey } from '../json.ts'

const BLOCK_KINDS = new Set(
  (
    'text image document video audio toolUse toolResult guardContent cachePoint reasoningContent citationsContent ' +
    'searchResult toolAddition toolRemoval'
  ).split(' '),
)
const TIERS = ['priority', 'default', 'flex', 'reserved']

export function validateConverse(request: JsonObject, card: ModelCard, needsMessages: boolean): void {
  if (!card.converse)
    throw invalid("This action doesn't support the model that you provided. Try again with a supported model.")
  validateMessages(request, needsMessages)
  validateInference(request, card)
  validateTools(request)
  validateTier(tierOf(request), card)
  validateOptions(request)
}

const tierOf = (request: JsonObject): string | undefined => {
  const tier = objectAt(request, 'serviceTier')
  if (tier !== undefined && tier.type === undefined) throw notNull('serviceTier.type')
  return tier === undefined ? undefined : shown(tier.type)
}

export function validateTier(tier: string | undefined, card: ModelCard): void {
  if (tier === undefined) return
  if (!TIERS.includes(tier)) {
    throw constraint(tier, 'serviceTier.type', `satisfy enum value set: [${TIERS.join(', ')}]`)
  }
  if (!card.tiers.includes(tier)) throw invalid(`The requested service tier '${tier}' is not supported for this model.`)
}

export function validateLatency(latency: string | undefined): void {
  if (latency === undefined || latency === 'standard' || latency === 'optimized') return
  throw constraint(latency, 'performanceConfig.latency', 'satisfy enum value set: [optimized, standard]')
}

export function validateMessages(request: JsonObject, needed: boolean): void {
  const messages = arrayAt(request, 'messages')
  if (messages === undefined || messages.length === 0) {
    if (!needed) return
    throw messages === undefined
      ? notNull('messages')
      : invalid(
          'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
        )
  }
  let previous = ''
  messages.forEach((message, index) => {
    if (!isObject(message)) throw invalid(`The message at messages.${index} is not an object.`)
    validateMessage(message, index)
    const role = stringAt(message, 'role') ?? ''
    if (index === 0 && role === 'assistant') {
      throw invalid(
        'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
      )
    }
    if (role === previous && role !== 'system') {
      throw invalid(
        'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between ' +
          'user and assistant roles and try again.',
      )
    }
    if (role !== 'system') previous = role
  })
}

function validateMessage(message: JsonObject, index: number): void {
  const role = stringAt(message, 'role')
  if (role === undefined) throw notNull(`messages.${index + 1}.member.role`)
  if (!['user', 'assistant', 'system'].includes(role)) {
    throw constraint(role, `messages.${index + 1}.member.role`, 'satisfy enum value set: [user, assistant, system]')
  }
  const content = arrayAt(message, 'content')
  if (content === undefined) throw notNull(`messages.${index + 1}.member.content`)
  if (content.length === 0) {
    throw invalid(
      `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content ` +
        'field and try again.',
    )
  }
  content.forEach((block, place) => validateBlock(block, `messages.${index}.content.${place}`))
}

function validateBlock(block: unknown, place: string): void {
  const kind = isObject(block) ? unionKey(block) : undefined
  if (!isObject(block) || kind === undefined || !BLOCK_KINDS.has(kind)) {
    throw invalid(
      `The ContentBlock object at ${place} must set one of the following keys: ${[...BLOCK_KINDS].join(', ')}.`,
    )
  }
  if (kind === 'text' && (stringAt(block, 'text') ?? 'x').trim() === '') {
    throw invalid(
      `The text field in the ContentBlock object at ${place} is blank. Add text to the text field, and try again.`,
    )
  }
  if (kind === 'cachePoint') validateCachePoint(objectAt(block, 'cachePoint') ?? {}, place)
}

function validateCachePoint(point: JsonObject, place: string): void {
  if (point.type !== 'default') {
    throw constraint(point.type, `${place}.cachePoint.type`, 'satisfy enum value set: [default]')
  }
  if (point.ttl !== undefined && point.ttl !== '5m' && point.ttl !== '1h') {
    throw constraint(point.ttl, `${place}.cachePoint.ttl`, 'satisfy enum value set: [1h, 5m]')
  }
}

function validateInference(request: JsonObject, card: ModelCard): void {
  const inference = objectAt(request, 'inferenceConfig')
  if (inference === undefined) return
  validateMaxTokens(inference.maxTokens, card)
  for (const name of ['temperature', 'topP']) {
    const value = inference[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || value < 0 || value > 1) {
      const side = Number(value) > 1 ? 'less than or equal to 1' : 'greater than or equal to 0'
      throw constraint(value, `inferenceConfig.${name}`, `have value ${side}`)
    }
  }
  const stops = arrayAt(inference, 'stopSequences') ?? []
  if (stops.length > 2500) {
    throw constraint('[…]', 'inferenceConfig.stopSequences', 'have length less than or equal to 2500')
  }
  if (stops.includes('')) {
    const rule = 'satisfy constraint: [Member must have length greater than or equal to 1]'
    throw constraint('[]', 'inferenceConfig.stopSequences', rule)
  }
}

function validateMaxTokens(value: Json | undefined, card: ModelCard): void {
  if (value === undefined) return
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw constraint(value, 'inferenceConfig.maxTokens', 'have value greater than or equal to 1')
  }
  if (value > card.maxOutputTokens) {
    throw invalid(
      `The maximum tokens you requested exceeds the model limit of ${card.maxOutputTokens}. Try again with a maximum ` +
        `tokens value that is lower than ${card.maxOutputTokens}.`,
    )
  }
}

function validateTools(request: JsonObject): void {
  const config = objectAt(request, 'toolConfig')
  if (config === undefined) return
  const tools = arrayAt(config, 'tools')
  if (tools === undefined) throw notNull('toolConfig.tools')
  if (tools.length === 0) throw constraint('[]', 'toolConfig.tools', 'have length greater than or equal to 1')
  objectsAt(config, 'tools').forEach((tool, index) => {
    const spec = objectAt(tool, 'toolSpec')
    if (spec === undefined) return
    const place = `toolConfig.tools.${index + 1}.member.toolSpec`
    const name = stringAt(spec, 'name')
    if (name === undefined) throw notNull(`${place}.name`)
    if (name.length > 64) throw constraint(name, `${place}.name`, 'have length less than or equal to 64')
    if (!/^[a-zA-Z0-9_-]+$/.test(name)) {
      throw constraint(name, `${place}.name`, 'satisfy regular expression pattern: [a-zA-Z0-9_-]+')
    }
    if (objectAt(spec, 'inputSchema') === undefined) throw notNull(`${place}.inputSchema`)
  })
}

function validateOptions(request: JsonObject): void {
  validateLatency(stringAt(objectAt(request, 'performanceConfig') ?? {}, 'latency'))
  const effort = stringAt(objectAt(request, 'outputConfig') ?? {}, 'effort')
  if (effort !== undefined && effort.length > 16) {
    throw constraint(effort, 'outputConfig.effort', 'have length less than or equal to 16')
  }
  const paths = arrayAt(request, 'additionalModelResponseFieldPaths') ?? []
  if (paths.length > 10) {
    throw constraint('[…]', 'additionalModelResponseFieldPaths', 'have length less than or equal to 10')
  }
}

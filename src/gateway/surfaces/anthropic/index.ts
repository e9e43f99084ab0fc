// Anthropic's dialect: Messages and the counting of tokens, for any model; what Claude understands goes out nearly as it came.

import { GatewayError } from '../../../core/errors.ts'
import { converseCall } from './converse.ts'
import { countTokensCall } from './count-tokens.ts'
import { renderAnthropicError, renderAnthropicStreamError } from './errors.ts'
import { invokeCall } from './invoke.ts'
import { ownMessagesCall } from './own-messages.ts'
import { renderModels } from './models.ts'
import { underPolicy } from './policy.ts'
import { readMessagesRequest, type MessagesRequest } from './request.ts'
import { goesToOwnEndpoint } from '../own-endpoints.ts'
import type { Outgoing, Route, Surface, TranslationTarget } from '../surface.ts'

const COUNT_TOKENS = 'CountTokens'

export const anthropicSurface: Surface = {
  name: 'anthropic',
  limitDialect: 'anthropic',
  match: matchAnthropic,
  prepare(route, header, body) {
    if (!Object.values(OPERATIONS).includes(route.operation)) {
      throw new GatewayError('unknown_route', { message: `There is no operation ${route.operation} here.` })
    }
    const request = readMessagesRequest(header, body)
    return {
      facts: { modelId: request.modelId },
      translate: (target) => outgoingOf(route, underPolicy(request, target.dialects), target),
    }
  },
  renderModels,
  renderError: renderAnthropicError,
  renderStreamError: renderAnthropicStreamError,
}

/** Anthropic's client for Bedrock keeps its base path, /bedrock, also where it counts tokens (@anthropic-ai/bedrock-sdk 1.1). */
const PREFIX = /^(?:\/(?:anthropic|bedrock))?\/v1\//

const OPERATIONS: Readonly<Record<string, string>> = {
  'POST messages': 'Messages',
  'POST messages/count_tokens': COUNT_TOKENS,
}

/** Under its own name everything is of this dialect, so that what it does not have is refused in its own shape. */
function matchAnthropic(method: string, path: string): Route | null {
  const prefix = PREFIX.exec(path)?.[0]
  if (prefix === undefined) return null
  const resource = path.slice(prefix.length).split('?', 1)[0] ?? ''
  const asked = `${method} ${resource}`
  const known = Object.hasOwn(OPERATIONS, asked) ? OPERATIONS[asked] : undefined
  if (known === undefined && !prefix.startsWith('/anthropic/')) return null
  const operation = known ?? asked.slice(0, 200)
  const models = method === 'GET' ? MODELS.exec(resource) : null
  const modelId = models?.[1] === undefined ? null : decoded(models[1])
  const kind = models === null ? 'call' : 'models'
  return { operation, modelId, service: 'bedrock-runtime', upstreamPath: path, kind, streams: false }
}

const MODELS = /^models(?:\/(.+))?$/

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Models that take Anthropic's dialect on InvokeModel; all others are spoken to by Converse. */
const NATIVE = /^anthropic\.claude-/

function outgoingOf({ operation }: Route, request: MessagesRequest, target: TranslationTarget): Outgoing {
  const { baseModel } = target.model
  const native = baseModel !== null && NATIVE.test(baseModel)
  if (operation === COUNT_TOKENS) return countTokensCall(request, target, native)
  if (goesToOwnEndpoint('Messages', target, request.headers)) return ownMessagesCall(request, target)
  return native ? invokeCall(request, target) : converseCall(request, target)
}

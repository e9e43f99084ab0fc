// Anthropic's dialect: Messages and the counting of tokens, for any model; what Claude understands goes out nearly as it came.

import { renderAnthropicError, renderAnthropicStreamError } from './errors.ts'
import { invokeCall } from './invoke.ts'
import { readMessagesRequest, type MessagesRequest } from './request.ts'
import type { Outgoing, Route, Surface, TranslationTarget } from '../surface.ts'

export const anthropicSurface: Surface = {
  name: 'anthropic',
  match: matchAnthropic,
  prepare(_route, header, body) {
    const request = readMessagesRequest(header, body)
    return { facts: { modelId: request.modelId }, translate: (target) => messagesCall(request, target) }
  },
  renderError: renderAnthropicError,
  renderStreamError: renderAnthropicStreamError,
}

/** Anthropic's client for Bedrock keeps its base path, /bedrock, also where it counts tokens (@anthropic-ai/bedrock-sdk 1.1). */
const MESSAGES = /^(?:\/(?:anthropic|bedrock))?\/v1\/messages$/

function matchAnthropic(method: string, path: string): Route | null {
  const pathOnly = path.split('?', 1)[0] ?? ''
  if (method !== 'POST' || !MESSAGES.test(pathOnly)) return null
  return { operation: 'Messages', modelId: null, plane: 'runtime', upstreamPath: path, kind: 'call', streams: false }
}

function messagesCall(request: MessagesRequest, target: TranslationTarget): Outgoing {
  return invokeCall(request, target)
}

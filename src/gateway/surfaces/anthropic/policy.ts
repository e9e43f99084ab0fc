// What a plan lets through of a Messages request: betas, and members that the dialect is not known to have.

import type { DialectPolicy } from '../../../core/dialects.ts'
import { invalid, type MessagesRequest, withBody } from './request.ts'

/** Members of Messages and of the counting of tokens, those of betas among them (Anthropic's API reference, read 2026-11). */
const KNOWN = new Set([
  'anthropic_beta',
  'anthropic_version',
  'cache_control',
  'container',
  'context_management',
  'inference_geo',
  'max_tokens',
  'mcp_servers',
  'messages',
  'metadata',
  'model',
  'output_config',
  'output_format',
  'service_tier',
  'speed',
  'stop_sequences',
  'stream',
  'system',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
])

export function underPolicy(request: MessagesRequest, policy: DialectPolicy): MessagesRequest {
  return withoutUnknown(withoutBetas(request, policy), policy)
}

function withoutBetas(request: MessagesRequest, { anthropicBeta }: DialectPolicy): MessagesRequest {
  const { betas, dropped } = request
  if (anthropicBeta === 'pass' || betas.length === 0) return request
  if (anthropicBeta === 'refuse')
    throw invalid(`anthropic-beta: the plan of this tenant takes no betas, and the request names ${betas.join(', ')}`)
  dropped.add('anthropic-beta')
  return { ...request, betas: [] }
}

function withoutUnknown(request: MessagesRequest, { unknownFields }: DialectPolicy): MessagesRequest {
  if (unknownFields === 'pass') return request
  const members = JSON.parse(request.body.toString()) as Record<string, unknown>
  const unknown = Object.keys(members).filter((name) => !KNOWN.has(name))
  const [first] = unknown
  if (first === undefined) return request
  if (unknownFields === 'refuse') throw invalid(`${first.slice(0, 100)}: Extra inputs are not permitted`)
  request.dropped.addAll(unknown)
  const kept = Object.entries(members).filter(([name]) => KNOWN.has(name))
  return withBody(request, Buffer.from(JSON.stringify(Object.fromEntries(kept))))
}

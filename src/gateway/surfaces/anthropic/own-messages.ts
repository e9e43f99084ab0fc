// A Claude model by Bedrock's own Messages endpoint: the request as it came, and the answer as it comes.

import { editMembers } from '../../../http/json-splice.ts'
import { ownEndpointCall, passedAnswer } from '../own-endpoints.ts'
import type { Outgoing, TranslationTarget } from '../surface.ts'
import type { MessagesRequest } from './request.ts'

export function ownMessagesCall(request: MessagesRequest, { requestId }: TranslationTarget): Outgoing {
  const { streams, version, betas, metadata, dropped } = request
  const beta = betas.length === 0 ? [] : ['anthropic-beta', betas.join(',')]
  return ownEndpointCall({
    api: 'Messages',
    body: withoutInvokes(request),
    streams,
    headers: ['anthropic-version', version, ...beta],
    metadata,
    tier: undefined,
    continues: false,
    answer: passedAnswer({ headers: ['request-id', requestId, ...dropped.headers()] }),
  })
}

/** Members of InvokeModel's body, which clients for Bedrock send, stand in headers here. */
function withoutInvokes({ body, scan }: MessagesRequest): Buffer {
  const has = INVOKES.some((name) => scan.range(name) !== undefined)
  return has ? editMembers(body, scan, Object.fromEntries(INVOKES.map((name) => [name, null]))) : body
}

const INVOKES = ['anthropic_version', 'anthropic_beta']

// Amazon Bedrock as an upstream: signs with the gateway's own credentials, sends over pooled connections, resolves profiles.

import type { ResolvedModel } from '../../core/model.ts'
import type {
  CredentialScope,
  TapQuestion,
  Upstream,
  UpstreamCall,
  UpstreamExchange,
  UpstreamListener,
} from '../../core/upstream.ts'
import { createSigner, type Signer } from '../../http/sigv4.ts'
import type { CredentialSource, UpstreamCredentials } from './credentials.ts'
import { originOf, type Endpoints } from './endpoints.ts'
import { createProfileResolver } from './profiles.ts'
import type { SessionCredentials } from './sessions.ts'
import { createTransport, type TransportLimits } from './transport.ts'
import { createBedrockTap } from './usage/index.ts'

export type BedrockOptions = {
  readonly endpoints: Endpoints
  readonly region: string
  readonly credentials: CredentialSource
  readonly sessions: SessionCredentials
  readonly limits: TransportLimits
  readonly now: () => number
}

const USER_AGENT = 'weighbridge'

export function createBedrockUpstream(options: BedrockOptions): Upstream {
  const transport = createTransport(options.limits, options.now)
  const signer = createSigner({ service: 'bedrock' })
  const origins = new Map<string, { origin: string; basePath: string; host: string }>()
  const originFor = (service: UpstreamCall['service'], region: string) => {
    const id = `${service} ${region}`
    let found = origins.get(id)
    if (found === undefined) {
      const { origin, basePath } = originOf(service, region, options.endpoints)
      found = { origin, basePath, host: new URL(origin).host }
      origins.set(id, found)
    }
    return found
  }
  const sendWith = (
    credentials: UpstreamCredentials,
    call: UpstreamCall,
    listener: UpstreamListener,
  ): UpstreamExchange => {
    const { origin, basePath, host } = originFor(call.service, call.region)
    const path = basePath + call.path
    const headers = [...call.headers, 'user-agent', USER_AGENT]
    authorize(signer, credentials, { call, path, host, headers, now: options.now() })
    const body = call.body.length === 0 ? null : call.body
    return transport.send({ origin, method: call.method, path, headers, body }, listener)
  }
  const send = (call: UpstreamCall, listener: UpstreamListener): UpstreamExchange => {
    // Throws for a region that is none: now, and not when the credentials have come and nobody hears it.
    originFor(call.service, call.region)
    // never another's: a call whose session cannot be had ends
    const source = call.credentials === null ? options.credentials : options.sessions.sourceFor(call.credentials)
    const credentials = source.current()
    return credentials === null
      ? sendLater(source, (loaded, hears) => sendWith(loaded, call, hears), listener)
      : sendWith(credentials, call, listener)
  }
  const profiles = createProfileResolver({ send, region: options.region, now: options.now })
  return {
    send,
    tap: (question: TapQuestion) => createBedrockTap(question),
    resolveModel: (modelId: string, credentials: CredentialScope | null): Promise<ResolvedModel | null> =>
      profiles.resolve(modelId, credentials),
    close: () => transport.close(),
  }
}

function authorize(
  signer: Signer,
  credentials: UpstreamCredentials,
  request: { call: UpstreamCall; path: string; host: string; headers: string[]; now: number },
): void {
  const { call, path, host, headers, now } = request
  if (credentials.kind === 'bearer') {
    headers.push('authorization', `Bearer ${credentials.token}`)
    return
  }
  const signed = signer.sign({
    method: call.method,
    host,
    path,
    headers,
    body: call.body,
    region: call.region,
    credentials: credentials.credentials,
    now: new Date(now),
  })
  for (const part of signed) headers.push(part)
}

/** The first call after a start, or after credentials ran out, waits for them. */
function sendLater(
  source: CredentialSource,
  send: (credentials: UpstreamCredentials, listener: UpstreamListener) => UpstreamExchange,
  listener: UpstreamListener,
): UpstreamExchange {
  let running: UpstreamExchange | null = null
  let aborted = false
  const begin = (credentials: UpstreamCredentials): void => {
    if (aborted) {
      listener.onFailure({ kind: 'aborted', sent: false, detail: 'aborted while waiting for credentials' })
      return
    }
    try {
      running = send(credentials, listener)
    } catch (thrown) {
      // an unheard rejection would end the process
      listener.onFailure({ kind: 'unreachable', sent: false, detail: String(thrown) })
    }
  }
  source
    .load()
    .then(begin, (thrown) => listener.onFailure({ kind: 'credentials', sent: false, detail: String(thrown) }))
  return {
    resume: () => running?.resume(),
    abort() {
      aborted = true
      running?.abort()
    },
  }
}

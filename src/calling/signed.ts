// Sends calls to services of AWS as their own credentials say: signed or with a bearer key, over pooled connections, never as another.

import type { UpstreamCall, UpstreamExchange, UpstreamListener } from '../core/upstream.ts'
import { createSigner, type Signer } from '../http/sigv4.ts'
import type { CredentialSource, UpstreamCredentials } from './credentials.ts'
import { originOf, type Origin } from './origin.ts'
import type { SessionCredentials } from './sessions.ts'
import { createTransport, type TransportLimits } from './transport.ts'

export type SignedCallsOptions = {
  /** the name that signatures carry; AWS's bedrock-runtime is signed as bedrock */
  readonly signingName: string
  /** of each service of the adapter, AWS's host without region and suffix, and the configured URL; null: AWS's own */
  readonly hosts: Partial<
    Record<UpstreamCall['service'], { readonly host: string; readonly configured: string | null }>
  >
  readonly credentials: CredentialSource
  readonly sessions: SessionCredentials
  readonly limits: TransportLimits
  readonly now: () => number
}

export type SignedCalls = {
  readonly send: (call: UpstreamCall, listener: UpstreamListener) => UpstreamExchange
  readonly close: () => Promise<void>
}

const USER_AGENT = 'weighbridge'

export function createSignedCalls(options: SignedCallsOptions): SignedCalls {
  const transport = createTransport(options.limits, options.now)
  const signer = createSigner({ service: options.signingName })
  const origins = new Map<string, Origin>()
  const originFor = ({ service, region }: UpstreamCall): Origin => {
    const id = `${service} ${region}`
    let found = origins.get(id)
    if (found === undefined) {
      const known = options.hosts[service]
      if (known === undefined) throw new Error(`${service} is another adapter's`)
      found = originOf(known.host, region, known.configured)
      origins.set(id, found)
    }
    return found
  }
  const sendWith = (
    credentials: UpstreamCredentials,
    call: UpstreamCall,
    listener: UpstreamListener,
  ): UpstreamExchange => {
    const { origin, basePath, host } = originFor(call)
    const path = basePath + call.path
    const headers = [...call.headers, 'user-agent', USER_AGENT]
    authorize(signer, credentials, { call, path, host, headers, now: options.now() })
    const body = call.body.length === 0 ? null : call.body
    return transport.send({ origin, method: call.method, path, headers, body }, listener)
  }
  return {
    send(call, listener) {
      // Throws for a region that is none: now, and not when the credentials have come and nobody hears it.
      originFor(call)
      // never another's: a call whose session cannot be had ends
      const source = call.credentials === null ? options.credentials : options.sessions.sourceFor(call.credentials)
      const credentials = source.current()
      return credentials === null
        ? sendLater(source, (loaded, hears) => sendWith(loaded, call, hears), listener)
        : sendWith(credentials, call, listener)
    },
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

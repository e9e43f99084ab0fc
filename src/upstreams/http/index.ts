// Any HTTP service behind a path router as an upstream; and answers that the gateway gives itself, which pass as if one had given them.

import { getCACertificates } from 'node:tls'
import { createTransport, type Transport } from '../../calling/transport.ts'
import type { RouterTarget, WholeAnswer } from '../../core/router.ts'
import type {
  RoutedCall,
  Upstream,
  UpstreamCall,
  UpstreamExchange,
  UpstreamFailure,
  UpstreamListener,
} from '../../core/upstream.ts'
import { createRouterTap } from './tap.ts'

export type HttpUpstreamOptions = {
  readonly connections: number
  readonly maxHeaderBytes: number
  readonly now: () => number
}

/** Connections of targets that no configuration names any more are closed when there are more than this. */
const MOST_TARGETS = 256

export function createHttpUpstream(options: HttpUpstreamOptions): Upstream {
  const targets = new Map<string, Target>()
  const targetOf = (target: RouterTarget): Target => {
    const known = targets.get(target.id) ?? openTarget(options, target)
    // the one that was used last stands last
    targets.delete(target.id)
    targets.set(target.id, known)
    if (targets.size > MOST_TARGETS) closeOldest(targets)
    return known
  }
  return {
    send(call, listener) {
      const { to } = routedOf(call)
      if ('status' in to) return answerLocally(to, listener)
      const target = targetOf(to)
      const headers = [...call.headers]
      const body = call.body.length === 0 ? null : call.body
      const request = { origin: to.origin, method: call.method, path: call.path, headers, body }
      return target.transport.send(request, told(listener, target))
    },
    tap: ({ router }) => createRouterTap(router ?? null),
    resolveModel: () => Promise.resolve(null),
    async close() {
      await Promise.all([...targets.values()].map(({ transport }) => transport.close()))
      targets.clear()
    },
  }
}

function routedOf({ router }: UpstreamCall): RoutedCall {
  if (router === undefined) throw new Error('a call of a path router says nothing of where it goes')
  return router
}

type Target = { readonly transport: Transport; running: number; lastFailure: UpstreamFailure['kind'] }

const openTarget = ({ connections, maxHeaderBytes, now }: HttpUpstreamOptions, target: RouterTarget): Target => {
  const { connectTimeoutMilliseconds, headersTimeoutMilliseconds, idleTimeoutMilliseconds } = target
  const certificates = trusted(target)
  const limits = {
    connections,
    maxHeaderBytes,
    connectTimeoutMilliseconds,
    headersTimeoutMilliseconds,
    idleTimeoutMilliseconds,
    ...(certificates === null ? {} : { certificates }),
  }
  return { transport: createTransport(limits, now), running: 0, lastFailure: 'broken' }
}

/** null: the system's alone, which is what connections trust by themselves */
function trusted({ certificates, systemCertificates }: RouterTarget): readonly string[] | null {
  if (certificates === null) return null
  return systemCertificates ? [...getCACertificates('default'), certificates] : [certificates]
}

/** The one that was not used for the longest time, and that no call uses. */
function closeOldest(targets: Map<string, Target>): void {
  for (const [id, { transport, running }] of targets) {
    if (running > 0) continue
    targets.delete(id)
    void transport.close()
    return
  }
}

/** Says failures as path routers tell them apart: no connection and TLS 502, no address 503, too slow 504. */
function told(listener: UpstreamListener, target: Target): UpstreamListener {
  target.running += 1
  return {
    onHeaders: (status, headers) => listener.onHeaders(status, headers),
    onData: (chunk) => listener.onData(chunk),
    onComplete() {
      target.running -= 1
      listener.onComplete()
    },
    onFailure(failure) {
      target.running -= 1
      const kind = kindOf(failure, target)
      if (failure.kind === 'unreachable') target.lastFailure = kind
      listener.onFailure({ ...failure, kind })
    },
  }
}

const NO_ADDRESS = /^(?:ENOTFOUND|EAI_AGAIN)\b/
const TOO_SLOW = /^no connection was made in time/

function kindOf({ kind, detail }: UpstreamFailure, { lastFailure }: Target): UpstreamFailure['kind'] {
  if (kind !== 'unreachable') return kind
  if (NO_ADDRESS.test(detail)) return 'unreachable'
  if (TOO_SLOW.test(detail)) return 'timeout'
  // not tried, because what was tried before failed like that
  return detail.startsWith('the circuit') ? lastFailure : 'broken'
}

/** In a later turn, as an answer from elsewhere. */
function answerLocally({ status, headers, body }: WholeAnswer, listener: UpstreamListener): UpstreamExchange {
  let over = false
  const end = (say: () => void): void => {
    if (over) return
    over = true
    say()
  }
  setImmediate(() =>
    end(() => {
      listener.onHeaders(status, [...headers, 'content-length', String(body.length)])
      if (body.length > 0) listener.onData(body)
      listener.onComplete()
    }),
  )
  return {
    resume: () => undefined,
    abort: () => end(() => listener.onFailure({ kind: 'aborted', sent: false, detail: 'aborted by the gateway' })),
  }
}

// Sends one JSON body to one URL within bounds: only to checked addresses, no redirect followed, no more read than needed, no longer than asked.

import { isIP } from 'node:net'
import { Agent, buildConnector, request } from 'undici'
import { NotifierFailure } from '../core/alert-delivery.ts'
import { hostOf, type AddressGuard } from './address-guard.ts'

export type Poster = {
  /** Resolves for any 2xx; rejects with NotifierFailure for everything else. */
  readonly post: (
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ) => Promise<void>
  readonly close: () => Promise<void>
}

const MOST_BODY_BYTES = 65_536
const MOST_ANSWER_BYTES = 16_384
const MOST_HEADER_BYTES = 16_384
const CONNECT_MILLISECONDS = 10_000

export function createPoster(guard: AddressGuard): Poster {
  // HTTP/2 would let a receiver stop this process (docs/adr/0017-no-http2-outwards.md)
  const connect = buildConnector({ lookup: guard.lookup, timeout: CONNECT_MILLISECONDS, allowH2: false })
  const agent = new Agent({
    connect(options, callback) {
      // a literal address is not looked up, so nothing else would check it
      const host = options.hostname.replace(/^\[(.*)\]$/, '$1')
      const refusal = isIP(host) === 0 ? null : guard.refusalOf(host, host)
      if (refusal === null) connect(options, callback)
      else callback(new NotifierFailure(refusal), null)
    },
    allowH2: false,
    maxHeaderSize: MOST_HEADER_BYTES,
    // one connection for each attempt: the address is checked anew each time
    pipelining: 0,
  })
  return {
    async post(url, headers, body, signal) {
      if (Buffer.byteLength(body) > MOST_BODY_BYTES) {
        throw new NotifierFailure('the message is too large to be sent', { permanent: true })
      }
      requireTls(url, guard)
      judge(await statusOf(agent, { url, headers, body, signal }))
    },
    close: () => agent.destroy(),
  }
}

function requireTls(url: string, guard: AddressGuard): void {
  const parsed = new URL(url)
  if (parsed.protocol === 'https:' || guard.isNamed(hostOf(parsed))) return
  throw new NotifierFailure(`"${hostOf(parsed)}" may only be spoken to over https`)
}

async function statusOf(
  dispatcher: Agent,
  asked: {
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
    readonly signal: AbortSignal
  },
): Promise<number> {
  const { url, headers, body, signal } = asked
  try {
    const answer = await request(url, {
      dispatcher,
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'weighbridge' },
      body,
      signal,
    })
    // the status says it all; the rest is read so that the other side may end in peace
    await answer.body.dump({ limit: MOST_ANSWER_BYTES, signal }).catch(() => undefined)
    return answer.statusCode
  } catch (thrown) {
    throw failureOf(thrown, signal)
  }
}

function judge(status: number): void {
  if (status >= 200 && status < 300) return
  if (status === 410) throw new NotifierFailure('answered 410: it wants no more', { permanent: true })
  const redirect = status >= 300 && status < 400 ? ': redirects are not followed' : ''
  throw new NotifierFailure(`answered ${status}${redirect}`)
}

/** What may be kept and shown: no URL, no header, no word of the other side. */
export function failureOf(thrown: unknown, signal: AbortSignal): NotifierFailure {
  if (thrown instanceof NotifierFailure) return thrown
  if (signal.aborted) return new NotifierFailure('took too long')
  const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'unknown'
  return new NotifierFailure(`cannot be reached (${code.replaceAll(/\W/g, '?').slice(0, 60)})`)
}

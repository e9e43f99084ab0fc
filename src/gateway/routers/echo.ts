// The answer of a router without an upstream: the request itself, without its credentials.

import { maskedHeadersOf, type RouterRequest, type WholeAnswer } from '../../core/router.ts'
import { linesOf } from './ingress.ts'
import { MASK } from './outgoing.ts'

/** They would mean something to a browser, or to the connection. */
const NOT_ECHOED =
  /^(?:access-control-.*|content-(?:length|encoding|type|security-policy)|set-cookie.*|location|refresh|date|clear-site-data)$/

/** The payload comes back byte for byte, the headers beside it. No browser shows it as a page of this gateway. */
export function echoOf({ router, headers, body }: RouterRequest): WholeAnswer {
  const shown = maskedHeadersOf(headers, router, MASK)
  const echoed = shown.filter((_, index) => !NOT_ECHOED.test(shown[index - (index % 2)] as string))
  const [type = 'application/octet-stream'] = linesOf(headers, 'content-type')
  const safe = ['x-content-type-options', 'nosniff', 'content-security-policy', 'sandbox', 'cache-control', 'no-store']
  return { status: 200, headers: ['content-type', type, ...safe, ...echoed], body }
}

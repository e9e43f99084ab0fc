// The answer's side of a call as fields, and the answer that processors made of it.

import type { CallFields } from '../core/processor.ts'
import type { Router, RouterEnd, WholeAnswer } from '../core/router.ts'
import { flatHeaders, headerLists, withoutLength, type HeaderLists } from './headers.ts'
import { bodyOf } from './payload.ts'

/** Before it is given: what came in is what will go out, unless a processor writes otherwise. */
export function answerFields({ status, headers }: WholeAnswer, router: Router, payload: unknown): CallFields {
  const lists = headerLists(headers, [router])
  return {
    gl_path: router.path,
    inbound_headers: lists,
    inbound_payload: payload,
    inbound_status_code: status,
    egress_headers: lists,
    egress_payload: payload,
    egress_status_code: status,
  }
}

/** The very same answer where nothing was written. */
export function changedAnswer(
  before: CallFields,
  after: CallFields,
  answer: WholeAnswer,
  { maskedHeaders }: Router,
): WholeAnswer {
  const changed = (name: string): boolean => before[name] !== after[name]
  const isOther = changed('egress_payload')
  if (!isOther && !changed('egress_headers') && !changed('egress_status_code')) return answer
  const headers = changed('egress_headers')
    ? flatHeaders(after['egress_headers'] as HeaderLists, answer.headers, maskedHeaders)
    : answer.headers
  return {
    status: after['egress_status_code'] as number,
    headers: isOther ? withoutLength(headers) : headers,
    body: isOther ? bodyOf(after['egress_payload']) : answer.body,
  }
}

/** When it is over, for processors that come after it: what was answered, and what was given. */
export function endFields(ended: {
  readonly end: RouterEnd
  readonly router: Router
  readonly inbound: unknown
  readonly given: WholeAnswer | null
}): CallFields {
  const { end, router, inbound, given } = ended
  const upstream =
    end.upstream === null
      ? {}
      : {
          inbound_headers: headerLists(end.upstream.headers, [router]),
          inbound_status_code: end.upstream.status,
          inbound_payload: inbound,
        }
  return {
    gl_path: router.path,
    ...upstream,
    egress_headers: headerLists(end.headers, [router]),
    egress_status_code: end.status,
    ...(given === null
      ? end.upstream === null
        ? {}
        : { egress_payload: inbound }
      : { egress_payload: textOf(given) }),
  }
}

function textOf({ body }: WholeAnswer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return body.toString()
  }
}

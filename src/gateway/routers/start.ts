// From a known caller and a whole body to a running call through a path router: the same admission and the same forwarding as for any.

import type { Member } from '../../core/directory.ts'
import { limitHeaders } from '../../core/limit-headers.ts'
import type { HttpExchange } from '../../http/exchange.ts'
import { admit, type AdmitDependencies } from '../admit.ts'
import { forward } from '../forward.ts'
import type { ForwardDependencies } from '../forward-question.ts'
import type { RunningCall } from '../running-call.ts'
import { NO_OWN_WORDS } from '../headers.ts'
import { keepMetadata } from '../kept-metadata.ts'
import type { RoutedCall } from './routing.ts'

export type StartRoutedDependencies = AdmitDependencies &
  ForwardDependencies & { readonly metadataKeys: readonly string[] }

/** `asked` learns which model is called as soon as it is known. */
export async function startRouted(
  dependencies: StartRoutedDependencies,
  asked: { readonly requestId: string; modelId: string | null },
  question: {
    readonly routed: RoutedCall
    readonly member: Member
    readonly body: Buffer
    readonly exchange: HttpExchange
  },
): Promise<RunningCall> {
  const { requestId } = asked
  const { routed, exchange } = question
  const { member, surfaceName, model, facts, bounds, body, call } = await routed.prepare(question.member, question.body)
  asked.modelId = model.modelId
  const now = dependencies.now()
  const admitted = await admit(dependencies, {
    requestId,
    member,
    operation: call.operation,
    surface: surfaceName,
    facts: keepMetadata(facts, dependencies.metadataKeys),
    model,
    body,
    bounds,
    now,
    alias: null,
  })
  const left = member.budgeting.limitHeaders
    ? limitHeaders(dependencies.counters.statusesOf(admitted.taken, now), now)
    : null
  return forward(dependencies, {
    exchange,
    surface: routed.surface,
    admitted,
    ownWords: NO_OWN_WORDS,
    streams: false,
    answer: null,
    call: { ...call, body, region: model.region, credentials: null },
    onAnswer: null,
    fallbacks: null,
    passage: routed.passage({ ...NO_OWN_WORDS, left }),
  })
}

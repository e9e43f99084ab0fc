// One model for one call: what goes out to it, admitted for its tenant.

import type { Member } from '../core/directory.ts'
import { dialectLimitHeaders, hasRateLimits, limitHeaders } from '../core/limit-headers.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { admit, type AdmitDependencies, type Admitted } from './admit.ts'
import type { Attempt } from './forward-question.ts'
import { outgoingHeaders, type OwnWords } from './headers.ts'
import { checkKept, rememberKept, type KeptDependencies } from './kept-answers.ts'
import { keepMetadata } from './kept-metadata.ts'
import type { Lifecycles } from './lifecycles.ts'
import type { ResourceOwners } from './owners.ts'
import type { Resolved, ResolveQuestion } from './resolve.ts'
import { rewrite } from './rewrite.ts'
import { COMPONENT_HEADER } from './surfaces/endpoint-call.ts'
import type { CallFacts, Outgoing, Prepared, Route, Surface } from './surfaces/surface.ts'

export type AttemptDependencies = AdmitDependencies &
  KeptDependencies & {
    readonly owners: ResourceOwners
    readonly lifecycles: Pick<Lifecycles, 'headerOf'>
    /** keys of the request metadata that are kept on entries */
    readonly metadataKeys: readonly string[]
  }

/** A call whose request has been read, whatever model it will be for. */
export type ReadCall = {
  readonly exchange: HttpExchange
  readonly surface: Surface
  readonly route: Route
  readonly member: Member
  readonly requestId: string
  readonly body: Buffer
  readonly prepared: Prepared
  readonly now: number
}

/** `modelId`: what the request is taken to name; absent: what it does name */
export const resolveQuestionOf = (
  { exchange, surface, route, member, prepared, now }: ReadCall,
  modelId: string | null = route.modelId,
): ResolveQuestion => ({
  member,
  route: modelId === route.modelId ? route : { ...route, modelId },
  facts: prepared.facts,
  surface,
  inferenceComponent: exchange.header(COMPONENT_HEADER) ?? null,
  now,
})

/** `instead`: what has failed, whose place it takes. Throws GatewayError where the model cannot be called so, or not by the tenant. */
export async function attemptOf(
  dependencies: AttemptDependencies,
  read: ReadCall,
  { model, renamed, alias, endpoint }: Resolved,
  instead?: Attempt,
): Promise<Attempt> {
  const { exchange, surface, route, member, requestId, now } = read
  const { access } = member
  const where = { tenantId: member.principal.tenant.id, region: model.region }
  const outgoing = rewrite(wantedOf(read, model, endpoint), { access, tenantId: where.tenantId, renamed })
  const { operation, path, headers, body, streams, answer, kept } = outgoing
  if (kept !== undefined && kept.named.length > 0) await checkKept(dependencies, kept, where)
  const admitted = await admit(dependencies, {
    requestId,
    member,
    operation,
    surface: surface.name,
    facts: keepMetadata(outgoing.facts, dependencies.metadataKeys),
    model,
    body,
    now,
    alias,
    ...(instead === undefined ? {} : { instead: instead.admitted.taken }),
  })
  return {
    admitted,
    ownWords: ownWordsOf(dependencies, admitted, surface, now),
    streams,
    answer,
    call: {
      operation,
      service: outgoing.service ?? route.service,
      method: exchange.method,
      path,
      headers,
      body: admitted.body,
      region: model.region,
      credentials: access.credentials,
    },
    onAnswer: onAnswerOf(dependencies, outgoing, where),
  }
}

function wantedOf(
  { exchange, route, member, requestId, body, prepared, now }: ReadCall,
  model: Resolved['model'],
  endpoint: Resolved['endpoint'],
): Outgoing {
  if (prepared.translate === null) return asItCame(exchange, route, prepared.facts, body)
  return prepared.translate({ model, endpoint, requestId, now, dialects: member.dialects, access: member.access })
}

function ownWordsOf(dependencies: AttemptDependencies, admitted: Admitted, surface: Surface, now: number): OwnWords {
  const { model, outputCap } = admitted
  return {
    outputCap,
    lifecycle: dependencies.lifecycles.headerOf(model.baseModel),
    left: leftOf(dependencies, admitted, surface, now),
    fallback: null,
  }
}

/** The dialect's own headers come unasked, as its clients know them; those of the gateway where the plan wants them. */
function leftOf(
  { counters }: AttemptDependencies,
  { member, taken }: Admitted,
  { limitDialect }: Surface,
  now: number,
): readonly string[] | null {
  const own = member.budgeting.limitHeaders
  const dialect = limitDialect !== undefined && hasRateLimits(member.limits) ? limitDialect : null
  if (!own && dialect === null) return null
  const statuses = counters.statusesOf(taken, now)
  const said = dialect === null ? [] : dialectLimitHeaders(dialect, statuses, now)
  return own ? [...said, ...limitHeaders(statuses, now)] : said
}

/** What an answer has made upstream is its tenant's from then on. */
function onAnswerOf(
  dependencies: AttemptDependencies,
  { operation, kept }: Outgoing,
  where: { readonly tenantId: string; readonly region: string },
): Attempt['onAnswer'] {
  if (kept !== undefined) return () => rememberKept(dependencies, kept, where)
  if (operation !== 'StartAsyncInvoke') return null
  return (answered) => dependencies.owners.remember(answered, where.tenantId)
}

/** A native call: the path, the body and the headers that Bedrock has a meaning for, untouched. */
function asItCame(exchange: HttpExchange, route: Route, facts: CallFacts, body: Buffer): Outgoing {
  const { operation, upstreamPath, streams } = route
  return { operation, path: upstreamPath, headers: outgoingHeaders(exchange), body, streams, facts, answer: null }
}

// Answers that the upstream keeps: only the tenant that made one can read it, delete it, or go on from it.

import type { Member } from '../core/directory.ts'
import { GatewayError } from '../core/errors.ts'
import type { KeptAnswerStore } from '../core/kept-answer.ts'
import { answerHeaders, NO_OWN_WORDS } from './headers.ts'
import { collect, type ListDependencies, type ListQuestion } from './lists.ts'
import type { KeptAnswers } from './surfaces/surface.ts'

/** Bedrock keeps a response for thirty days (Bedrock user guide, "Responses API", 2026-10); a day more does no harm. */
const KEPT_MILLISECONDS = 31 * 24 * 3_600_000

export type KeptDependencies = Pick<ListDependencies, 'upstream'> & {
  readonly keptAnswers: KeptAnswerStore
  readonly now: () => number
}

/** Throws GatewayError where the call goes on from something that is not its tenant's, or is kept elsewhere. */
export async function checkKept(
  { keptAnswers }: KeptDependencies,
  { named }: KeptAnswers,
  { tenantId, region }: { readonly tenantId: string; readonly region: string },
): Promise<void> {
  const ids = [...new Set(named)]
  if (ids.length === 0 || (await keptAnswers.countOf(tenantId, ids, region)) === ids.length) return
  const [first = ''] = ids
  throw new GatewayError('invalid_request', {
    message:
      ids.length === 1
        ? `There is no kept answer "${shown(first)}" of this tenant in ${region}.`
        : `Not all of the ${ids.length} kept answers that the request names are of this tenant and in ${region}.`,
  })
}

/** What a call has made belongs to its tenant, before the last byte of the answer is given. */
export async function rememberKept(
  { keptAnswers, now }: KeptDependencies,
  kept: KeptAnswers,
  { tenantId, region }: { readonly tenantId: string; readonly region: string },
): Promise<void> {
  const ids = kept.made().filter((id) => id.length <= LONGEST_ID)
  if (ids.length === 0) return
  const at = now()
  await keptAnswers.keep(tenantId, { ids, region, now: at, until: at + KEPT_MILLISECONDS })
}

const LONGEST_ID = 256
const shown = (id: string): string => id.slice(0, 100)

/** Reads, deletes or cancels: nothing to meter. */
export async function answerKept(dependencies: KeptDependencies, question: ListQuestion): Promise<void> {
  const { exchange, route, member, requestId } = question
  const id = route.keptId ?? ''
  const region = await regionOf(dependencies, member, id)
  const answer = await collect(dependencies.upstream, {
    operation: route.operation,
    service: route.service,
    method: exchange.method,
    path: route.upstreamPath,
    headers: ['accept', 'application/json'],
    body: Buffer.alloc(0),
    region,
    credentials: member.access.credentials,
  })
  if (exchange.method === 'DELETE' && answer.status < 300)
    await dependencies.keptAnswers.forget(member.principal.tenant.id, id)
  exchange.respond(answer.status, answerHeaders(answer.headers, requestId, NO_OWN_WORDS), answer.body)
}

async function regionOf({ keptAnswers }: KeptDependencies, member: Member, id: string): Promise<string> {
  const region = await keptAnswers.regionOf(member.principal.tenant.id, id)
  if (region !== null) return region
  throw new GatewayError('unknown_answer', {
    message: `There is no kept answer "${shown(id)}" of this tenant: only Bedrock's own Responses are kept, and not with store=false.`,
  })
}

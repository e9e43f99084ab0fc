// Control operations of the data plane, answered with only what the tenant may see: model lists, profiles, its own invocations.

import { mayCall, regionFor, type AskedModel } from '../core/access.ts'
import type { Directory, Member } from '../core/directory.ts'
import { GatewayError, type ErrorCode } from '../core/errors.ts'
import { parseModelId } from '../core/model.ts'
import type { Upstream, UpstreamCall, UpstreamFailure } from '../core/upstream.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { listedEndpoints, type ModelItem } from './endpoint-list.ts'
import { answerHeaders, NO_OWN_WORDS, outgoingHeaders, REQUEST_ID_HEADER } from './headers.ts'
import type { Lifecycles } from './lifecycles.ts'
import type { ResourceOwners } from './owners.ts'
import { aliasedModelId } from './resolve.ts'
import type { Route, Surface } from './surfaces/surface.ts'

const MOST_ANSWER_BYTES = 8_000_000

export type ListDependencies = {
  readonly upstream: Upstream
  readonly owners: ResourceOwners
  readonly region: string
  readonly directory: () => Pick<Directory, 'aliases' | 'endpoints'>
  readonly lifecycles: Pick<Lifecycles, 'learn'>
  readonly now: () => number
}
export type ListQuestion = {
  readonly exchange: HttpExchange
  readonly surface: Surface
  readonly route: Route
  readonly member: Member
  readonly requestId: string
}

export async function answerList(dependencies: ListDependencies, question: ListQuestion): Promise<void> {
  const { exchange, member, requestId } = question
  const route = unaliased(dependencies, question.route, member)
  await checkNamed(dependencies, route, member)
  const answer = await collect(dependencies.upstream, {
    operation: route.operation,
    service: route.service,
    method: exchange.method,
    path: route.upstreamPath,
    headers: outgoingHeaders(exchange),
    body: Buffer.alloc(0),
    region: regionFor(member.access, dependencies.region),
    credentials: member.access.credentials,
  })
  const beside =
    question.surface.callsEndpoints === 'also'
      ? listedEndpoints(dependencies.directory().endpoints, member.access, route.upstreamPath)
      : []
  const body =
    answer.status === 200 ? await filterAnswer(dependencies, { route, member, beside }, answer.body) : answer.body
  const said = question.surface.renderList?.(answer.status, body)
  if (said === undefined) exchange.respond(answer.status, answerHeaders(answer.headers, requestId, NO_OWN_WORDS), body)
  else exchange.respond(said.status, [...said.headers, REQUEST_ID_HEADER, requestId], said.body)
}

/** What one control operation lists, without what the tenant may not see. */
export async function askList(
  dependencies: ListDependencies,
  route: Route,
  member: Member,
): Promise<Record<string, unknown>> {
  const { operation, service, upstreamPath: path } = route
  const call = { operation, service, method: 'GET', path, headers: JSON_HEADERS, body: Buffer.alloc(0) }
  const answer = await collect(dependencies.upstream, {
    ...call,
    region: regionFor(member.access, dependencies.region),
    credentials: member.access.credentials,
  })
  if (answer.status !== 200)
    throw new GatewayError('upstream_failed', { detail: `${operation} answered with status ${answer.status}` })
  return parseObject(await filterAnswer(dependencies, { route, member, beside: [] }, answer.body))
}

const JSON_HEADERS: readonly string[] = ['accept', 'application/json']

/** One model or profile that is asked for by an alias is asked for by its own id. */
function unaliased(dependencies: ListDependencies, route: Route, member: Member): Route {
  const modelId =
    route.modelId === null ? null : aliasedModelId(dependencies, member, route.modelId, dependencies.now())
  if (modelId === null) return route
  const named = route.operation === 'GetFoundationModel' ? (parseModelId(modelId)?.baseModel ?? modelId) : modelId
  const path = route.upstreamPath.slice(0, route.upstreamPath.lastIndexOf('/') + 1)
  return { ...route, modelId: named, upstreamPath: path + encodeURIComponent(named) }
}

/** A named thing that the tenant may not see is answered as one that does not exist. */
async function checkNamed(dependencies: ListDependencies, route: Route, member: Member): Promise<void> {
  if (route.modelId === null) return
  const visible =
    route.operation === 'GetAsyncInvoke'
      ? await dependencies.owners.owns(route.modelId, member.principal.tenant.id)
      : mayCall(member.access, seen(route.modelId))
  if (!visible) throw new GatewayError('unknown_model', { message: `Could not find "${route.modelId.slice(0, 200)}".` })
}

function seen(modelId: string): AskedModel {
  const parsed = parseModelId(modelId)
  return { modelId, kind: parsed?.kind ?? 'base_model', baseModel: parsed?.baseModel ?? null }
}

type Filter = (dependencies: ListDependencies, member: Member, item: Record<string, unknown>) => Promise<boolean>

/** Where a list has the aliases: as one more of the item that they mean, under their own name. */
type Aliased = {
  readonly id: string
  readonly name: string
  /** the id of the item that a model id means in this list */
  readonly means: (modelId: string) => string | null
}

type ListFilter = { readonly list: string; readonly keeps: Filter; readonly aliased: Aliased | null }

/** Which member of the answer lists things, and which of them a tenant sees. */
const FILTERS: Readonly<Record<string, ListFilter>> = {
  ListFoundationModels: {
    list: 'modelSummaries',
    keeps: async (_, member, item) => namedBy(member, item.modelId),
    aliased: { id: 'modelId', name: 'modelName', means: (modelId) => parseModelId(modelId)?.baseModel ?? null },
  },
  ListInferenceProfiles: {
    list: 'inferenceProfileSummaries',
    keeps: async (_, member, item) =>
      namedBy(member, item.type === 'SYSTEM_DEFINED' ? item.inferenceProfileId : item.inferenceProfileArn),
    aliased: { id: 'inferenceProfileId', name: 'inferenceProfileName', means: (modelId) => modelId },
  },
  ListAsyncInvokes: {
    list: 'asyncInvokeSummaries',
    keeps: async ({ owners }, member, item) =>
      typeof item.invocationArn === 'string' && owners.owns(item.invocationArn, member.principal.tenant.id),
    aliased: null,
  },
}

const namedBy = (member: Member, modelId: unknown): boolean =>
  typeof modelId === 'string' && mayCall(member.access, seen(modelId))

/** `beside`: what the list has that is not Bedrock's */
type FilterQuestion = { readonly route: Route; readonly member: Member; readonly beside: readonly ModelItem[] }

async function filterAnswer(
  dependencies: ListDependencies,
  { route, member, beside }: FilterQuestion,
  body: Buffer,
): Promise<Buffer> {
  const filter = FILTERS[route.operation]
  if (filter === undefined) return body
  const parsed = parseObject(body)
  const items = parsed[filter.list]
  if (!Array.isArray(items)) throw new GatewayError('upstream_failed', { detail: `no ${filter.list} in the answer` })
  const records = items.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null)
  if (route.operation === 'ListFoundationModels') dependencies.lifecycles.learn(records)
  const kept = await Promise.all(records.map((item) => filter.keeps(dependencies, member, item)))
  const seenItems = [...records.filter((_, index) => kept[index]), ...beside]
  const aliases = filter.aliased === null ? [] : aliasItems(dependencies, member, filter.aliased, seenItems)
  return Buffer.from(JSON.stringify({ ...parsed, [filter.list]: [...seenItems, ...aliases] }))
}

function aliasItems(
  { directory, now }: ListDependencies,
  member: Member,
  { id, name, means }: Aliased,
  items: readonly Record<string, unknown>[],
): readonly Record<string, unknown>[] {
  return directory()
    .aliases.allOf(member.tenantIds, now())
    .flatMap((alias) => {
      const meant = mayCall(member.access, seen(alias.modelId)) ? means(alias.modelId) : null
      const item = meant === null ? undefined : items.find((one) => one[id] === meant)
      return item === undefined ? [] : [{ ...item, [id]: alias.name, [name]: `${alias.name} (${alias.modelId})` }]
    })
}

function parseObject(body: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    if (typeof parsed === 'object' && parsed !== null) return { ...parsed }
  } catch (thrown) {
    throw new GatewayError('upstream_failed', { detail: String(thrown), cause: thrown })
  }
  throw new GatewayError('upstream_failed', { detail: 'the answer is not a JSON object' })
}

const FAILURES: Partial<Record<UpstreamFailure['kind'], ErrorCode>> = {
  timeout: 'upstream_timeout',
  credentials: 'upstream_credentials',
}

type Collected = { readonly status: number; readonly headers: readonly string[]; readonly body: Buffer }

export function collect(upstream: Upstream, call: UpstreamCall): Promise<Collected> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let head: { status: number; headers: readonly string[] } = { status: 0, headers: [] }
    const exchange = upstream.send(call, {
      onHeaders: (status, headers) => {
        head = { status, headers }
      },
      onData(chunk) {
        bytes += chunk.length
        if (bytes > MOST_ANSWER_BYTES) exchange.abort()
        else chunks.push(chunk)
        return true
      },
      onComplete: () => resolve({ ...head, body: Buffer.concat(chunks) }),
      onFailure: ({ kind, detail }) =>
        reject(
          new GatewayError(FAILURES[kind] ?? 'upstream_unreachable', {
            detail,
            retryAfterSeconds: 1,
          }),
        ),
    })
  })
}

// Which models a tenant may call, for dialects that list models in a shape of their own: everything Bedrock has that its lists admit.

import { GatewayError } from '../core/errors.ts'
import { REQUEST_ID_HEADER } from './headers.ts'
import { answerKept, type KeptDependencies } from './kept-answers.ts'
import { answerList, askList, type ListQuestion, type ListDependencies } from './lists.ts'
import type { ListedModel, Route } from './surfaces/surface.ts'

/** A page of inference profiles holds up to a thousand; Bedrock has a few hundred. */
const MOST_PAGES = 20

/** What calls no model: lists and reads, as Bedrock answers them or as the dialect does. */
export function answerUnmetered(
  dependencies: ListDependencies & KeptDependencies,
  question: ListQuestion,
): Promise<void> {
  const { kind } = question.route
  if (kind === 'kept') return answerKept(dependencies, question)
  return (kind === 'models' ? answerModels : answerList)(dependencies, question)
}

async function answerModels(dependencies: ListDependencies, question: ListQuestion): Promise<void> {
  const { exchange, surface, route, requestId } = question
  if (surface.renderModels === undefined) throw new GatewayError('unknown_route')
  const all = await listModels(dependencies, question)
  const named = route.modelId
  const models = named === null ? all : all.filter(({ id }) => id === named)
  if (named !== null && models.length === 0)
    throw new GatewayError('unknown_model', { message: `Could not find "${named.slice(0, 200)}".` })
  const { status, headers, body } = surface.renderModels(models, route)
  exchange.respond(status, [...headers, REQUEST_ID_HEADER, requestId], body)
}

async function listModels(dependencies: ListDependencies, question: ListQuestion): Promise<ListedModel[]> {
  const [foundation, profiles] = await Promise.all([
    listAll(dependencies, question, FOUNDATION_MODELS),
    listAll(dependencies, question, INFERENCE_PROFILES),
  ])
  const names = new Map(foundation.map((item) => [item['modelId'], item]))
  const direct = foundation.filter((item) => isOnDemand(item)).map((item) => listed(item['modelId'], item))
  const routed = profiles.map((item) => listed(item['inferenceProfileId'], { ...baseOf(item, names), ...item }))
  const models = [...direct, ...routed].filter((model) => model !== null)
  // an alias of a profile is in both lists
  return [...new Map(models.map((model) => [model.id, model])).values()]
}

type Item = Readonly<Record<string, unknown>>

const isOnDemand = (item: Item): boolean =>
  Array.isArray(item['inferenceTypesSupported']) && item['inferenceTypesSupported'].includes('ON_DEMAND')

/** The model that a profile routes to, for what the profile does not say itself. */
function baseOf(profile: Item, models: ReadonlyMap<unknown, Item>): Item {
  const id = String(profile['inferenceProfileId'])
  return models.get(id.slice(id.indexOf('.') + 1)) ?? {}
}

function listed(id: unknown, item: Item): ListedModel | null {
  if (typeof id !== 'string') return null
  const name = item['inferenceProfileName'] ?? item['modelName']
  const maker = item['providerName']
  const created = typeof item['createdAt'] === 'string' ? Date.parse(item['createdAt']) : Number.NaN
  return {
    id,
    name: typeof name === 'string' ? name : id,
    maker: typeof maker === 'string' ? maker : null,
    createdAt: Number.isNaN(created) ? null : created,
  }
}

type List = Pick<Route, 'operation' | 'upstreamPath'> & { readonly member: string }

const FOUNDATION_MODELS: List = {
  operation: 'ListFoundationModels',
  upstreamPath: '/foundation-models',
  member: 'modelSummaries',
}
const INFERENCE_PROFILES: List = {
  operation: 'ListInferenceProfiles',
  upstreamPath: '/inference-profiles?type=SYSTEM_DEFINED&maxResults=1000',
  member: 'inferenceProfileSummaries',
}

async function listAll(dependencies: ListDependencies, question: ListQuestion, list: List): Promise<Item[]> {
  const found: Item[] = []
  let next: unknown = null
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const more = typeof next === 'string' ? `&nextToken=${encodeURIComponent(next)}` : ''
    const upstreamPath = list.upstreamPath + more
    const answer = await askList(
      dependencies,
      { ...question.route, ...list, upstreamPath, service: 'bedrock' },
      question.member,
    )
    const items = answer[list.member]
    if (Array.isArray(items)) found.push(...(items as Item[]))
    next = answer['nextToken']
    if (typeof next !== 'string') break
  }
  return found
}

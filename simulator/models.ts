// Model ids: finds the base model behind an id, a system profile or any ARN that Bedrock takes, or refuses as Bedrock does.
import { ApiError, constraint, invalid } from './errors.ts'
import type { Family, ModelCard } from './family.ts'
import { digest } from './tokens.ts'

export const ACCOUNT_ID = '123456789012'

export type Model = { card: ModelCard; family: Family }

export type ResolvedModel = Model & {
  /** as the caller sent it */
  sent: string
  /** routing prefix of the profile that was used: us, eu, global …; null when the model itself was named */
  routing: string | null
  /** a prompt router chose this model; its trace names it */
  routed: boolean
}

export type ModelTable = {
  all(): readonly Model[]
  find(baseModelId: string): Model | undefined
  /** a system profile such as us.amazon.nova-lite-v1:0 */
  profile(profileId: string): (Model & { routing: string }) | undefined
}

/** What has a name of its own and stands for a model: application profiles, provisioned and imported models, prompts. */
export type Aliases = {
  /** the id or profile id that the resource stands for; `resource` is `type/name` of its ARN */
  modelOf(resource: string): string | undefined
}

const ID_PATTERN = /^[a-zA-Z0-9._:/@~=+,;-]{1,2048}$/
/** ARN resource types of which Bedrock invokes the thing that was made of a model. */
const ALIAS_TYPES = new Set([
  'application-inference-profile',
  'provisioned-model',
  'custom-model',
  'custom-model-deployment',
  'imported-model',
  'prompt',
  'endpoint',
])
const ROUTER_TYPES = new Set(['default-prompt-router', 'prompt-router'])

export function createModelTable(families: readonly Family[]): ModelTable {
  const models = new Map<string, Model>()
  for (const family of families) for (const card of family.models) models.set(card.modelId, { card, family })
  return {
    all: () => [...models.values()],
    find: (baseModelId) => models.get(baseModelId),
    profile(profileId) {
      const dot = profileId.indexOf('.')
      const model = models.get(profileId.slice(dot + 1))
      const routing = profileId.slice(0, dot)
      return dot > 0 && model?.card.profiles.includes(routing) ? { ...model, routing } : undefined
    },
  }
}

/** The id without the `~fault=…` suffix, with which a test asks for a fault by the model id alone. */
export const withoutSuffix = (modelId: string): string => modelId.replace(/~.*$/s, '')

/** The model that an invocation of `sent` runs; throws Bedrock's refusal. */
export function resolveModel(sent: string, table: ModelTable, aliases: Aliases): ResolvedModel {
  if (sent.length > 2048) throw constraint(sent, 'modelId', 'have length less than or equal to 2048')
  const id = withoutSuffix(sent)
  if (!ID_PATTERN.test(id)) throw invalid('The provided model identifier is invalid.')
  if (id.startsWith('arn:')) return { ...ofArn(id, table, aliases), sent }
  const profile = table.profile(id)
  if (profile !== undefined) return { ...profile, sent, routed: false }
  const model = table.find(id)
  if (model === undefined) throw invalid('The provided model identifier is invalid.')
  return { ...onDemand(model, id), sent }
}

function onDemand(model: Model, id: string): Omit<ResolvedModel, 'sent'> {
  if (!model.card.inferenceTypes.includes('ON_DEMAND')) {
    throw invalid(
      `Invocation of model ID ${id} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of ` +
        'an inference profile that contains this model.',
    )
  }
  return { ...model, routing: null, routed: false }
}

function ofArn(arn: string, table: ModelTable, aliases: Aliases): Omit<ResolvedModel, 'sent'> {
  const parts = /^arn:aws[a-z-]*:(?:bedrock|sagemaker):[a-z0-9-]*:(?:\d{12})?:(?<type>[a-z-]+)\/(?<name>.+)$/.exec(
    arn,
  )?.groups
  const { type = '', name = '' } = parts ?? {}
  if (type === 'foundation-model') {
    const model = table.find(name)
    if (model === undefined) throw unresolved()
    return onDemand(model, name)
  }
  if (ROUTER_TYPES.has(type)) return ofRouter(name, table)
  if (type === 'inference-profile') return ofProfile(name, table)
  if (ALIAS_TYPES.has(type)) {
    // A prompt's ARN may end in a version, which the resource does not.
    return ofProfile(aliases.modelOf(`${type}/${type === 'prompt' ? name.replace(/:.*$/, '') : name}`), table)
  }
  throw invalid('The provided model identifier is invalid.')
}

function ofProfile(id: string | undefined, table: ModelTable): Omit<ResolvedModel, 'sent'> {
  const profile = id === undefined ? undefined : table.profile(id)
  if (profile !== undefined) return { ...profile, routed: false }
  const model = id === undefined ? undefined : table.find(id)
  if (model === undefined) throw unresolved()
  return { ...model, routing: null, routed: false }
}

/** A router's name is `<provider>.<family>:<n>`; it sends each call to one of the provider's Converse models, by its name. */
function ofRouter(name: string, table: ModelTable): Omit<ResolvedModel, 'sent'> {
  const stem = name.replace(/:.*$/, '')
  const candidates = table.all().filter(({ card }) => card.converse && card.modelId.startsWith(stem))
  const anyone = candidates.length > 0 ? candidates : table.all().filter(({ card }) => card.converse)
  const chosen = anyone[Number.parseInt(digest(name).slice(0, 6), 16) % Math.max(1, anyone.length)]
  if (chosen === undefined) throw unresolved()
  return { ...chosen, routing: null, routed: true }
}

const unresolved = (): ApiError =>
  new ApiError(
    'ResourceNotFoundException',
    'Could not resolve the foundation model from the provided model identifier.',
  )

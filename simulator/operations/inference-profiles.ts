// Inference profiles: the system's, one per routing prefix of a model, and the caller's own, which stand for a model under another ARN.
import { type Call, free, type Operation, type PlainAnswer } from '../call.ts'
import { readBody } from '../conversation/converse.ts'
import { ApiError, constraint, invalid, notNull } from '../errors.ts'
import type { JsonObject } from '../family.ts'
import { objectAt, stringAt } from '../json.ts'
import { ACCOUNT_ID, type Model } from '../models.ts'
import { page } from '../paging.ts'
import { profileModels, visibleIn } from '../regions.ts'
import { type ApplicationProfile, keep, mergeTags } from '../resources.ts'
import { digest } from '../tokens.ts'
import { readTags } from './tags.ts'

export const CREATE_INFERENCE_PROFILE: Operation = {
  name: 'CreateInferenceProfile',
  service: 'bedrock',
  method: 'POST',
  path: /^\/inference-profiles$/,
  run: createInferenceProfile,
}

export const LIST_INFERENCE_PROFILES: Operation = {
  name: 'ListInferenceProfiles',
  service: 'bedrock',
  method: 'GET',
  path: /^\/inference-profiles$/,
  run: listInferenceProfiles,
}

export const GET_INFERENCE_PROFILE: Operation = {
  name: 'GetInferenceProfile',
  service: 'bedrock',
  method: 'GET',
  path: /^\/inference-profiles\/(?<inferenceProfileIdentifier>.+)$/,
  run: (call) => free(findProfile(call)),
}

export const DELETE_INFERENCE_PROFILE: Operation = {
  name: 'DeleteInferenceProfile',
  service: 'bedrock',
  method: 'DELETE',
  path: /^\/inference-profiles\/(?<inferenceProfileIdentifier>.+)$/,
  run: deleteInferenceProfile,
}

/** Model ids carry no date of their own; AWS shows the day on which a profile came to be. */
const SYSTEM_DATE = '2026-01-01T00:00:00Z'

function createInferenceProfile(call: Call): PlainAnswer {
  const request = readBody(call.body)
  const name = stringAt(request, 'inferenceProfileName')
  if (name === undefined) throw notNull('inferenceProfileName')
  if (!/^([0-9a-zA-Z][ _-]?)+$/.test(name) || name.length > 64) {
    throw constraint(name, 'inferenceProfileName', 'satisfy regular expression pattern: ([0-9a-zA-Z][ _-]?)+')
  }
  const copyFrom = stringAt(objectAt(request, 'modelSource') ?? {}, 'copyFrom')
  if (copyFrom === undefined) throw notNull('modelSource')
  const { resources } = call.simulator
  const source = sourceOf(copyFrom, call)
  const token = stringAt(request, 'clientRequestToken') ?? call.requestId
  const id = digest(`${call.region}/${token}/${name}`).slice(0, 12)
  const existing = [...resources.profiles.values()].find((one) => one.name === name && one.region === call.region)
  if (existing !== undefined && existing.id !== id) {
    throw new ApiError('ConflictException', `An inference profile with the name ${name} already exists.`)
  }
  const profile: ApplicationProfile = {
    id,
    name,
    region: call.region,
    description: stringAt(request, 'description'),
    source,
    createdAt: new Date(call.simulator.now()).toISOString(),
  }
  keep(resources.profiles, id, profile)
  const arn = arnOf(profile)
  const tags = readTags(request)
  if (tags.length > 0) resources.tags.set(arn, mergeTags([], tags))
  return free({ inferenceProfileArn: arn, status: 'ACTIVE' }, 201)
}

/** Of a foundation model's ARN or a system profile's ARN, the id that the new profile will stand for. */
function sourceOf(copyFrom: string, call: Call): string {
  const { models } = call.simulator
  const base = /:foundation-model\/(.+)$/.exec(copyFrom)?.[1]
  if (base !== undefined && models.find(base) !== undefined) return base
  const profile = /:inference-profile\/(.+)$/.exec(copyFrom)?.[1]
  if (profile !== undefined && models.profile(profile) !== undefined) return profile
  throw invalid('The provided model identifier is invalid.')
}

function listInferenceProfiles(call: Call): PlainAnswer {
  const type = call.query.get('type') ?? 'SYSTEM_DEFINED'
  if (type !== 'SYSTEM_DEFINED' && type !== 'APPLICATION') {
    throw constraint(type, 'type', 'satisfy enum value set: [SYSTEM_DEFINED, APPLICATION]')
  }
  const all = type === 'APPLICATION' ? applicationProfiles(call) : systemProfiles(call)
  const { items, nextToken } = page(all, call.query)
  return free(
    nextToken === undefined ? { inferenceProfileSummaries: items } : { inferenceProfileSummaries: items, nextToken },
  )
}

function applicationProfiles(call: Call): JsonObject[] {
  const own = [...call.simulator.resources.profiles.values()].filter((profile) => profile.region === call.region)
  return own.map((profile) => describeOwn(profile, call))
}

function systemProfiles(call: Call): JsonObject[] {
  return call.simulator.models
    .all()
    .flatMap((model) =>
      model.card.profiles
        .filter((routing) => visibleIn(routing, call.region))
        .map((routing) => describeSystem(model, routing, call.region)),
    )
}

function findProfile(call: Call): JsonObject {
  const id = (call.path.inferenceProfileIdentifier ?? '').replace(/^arn:.*:(application-)?inference-profile\//, '')
  const own = call.simulator.resources.profiles.get(id)
  if (own !== undefined && own.region === call.region) return describeOwn(own, call)
  const system = call.simulator.models.profile(id)
  if (system !== undefined) return describeSystem(system, system.routing, call.region)
  throw notFound()
}

function deleteInferenceProfile(call: Call): PlainAnswer {
  const id = (call.path.inferenceProfileIdentifier ?? '').replace(/^arn:.*:application-inference-profile\//, '')
  const { resources } = call.simulator
  const own = resources.profiles.get(id)
  if (own === undefined || own.region !== call.region) throw notFound()
  resources.profiles.delete(id)
  resources.tags.delete(arnOf(own))
  return free({})
}

const notFound = (): ApiError =>
  new ApiError('ResourceNotFoundException', 'The inference profile that you specified does not exist.')

const arnOf = (profile: ApplicationProfile): string =>
  `arn:aws:bedrock:${profile.region}:${ACCOUNT_ID}:application-inference-profile/${profile.id}`

function describeOwn(profile: ApplicationProfile, call: Call): JsonObject {
  const { models } = call.simulator
  const system = models.profile(profile.source)
  const described: JsonObject = {
    inferenceProfileName: profile.name,
    createdAt: profile.createdAt,
    updatedAt: profile.createdAt,
    inferenceProfileArn: arnOf(profile),
    inferenceProfileId: profile.id,
    models:
      system === undefined
        ? [{ modelArn: `arn:aws:bedrock:${profile.region}::foundation-model/${profile.source}` }]
        : profileModels(system.routing, system.card.modelId, profile.region),
    status: 'ACTIVE',
    type: 'APPLICATION',
  }
  if (profile.description !== undefined) described.description = profile.description
  return described
}

function describeSystem(model: Model, routing: string, region: string): JsonObject {
  const id = `${routing}.${model.card.modelId}`
  const label = routing === 'global' ? 'Global' : routing.toUpperCase()
  return {
    inferenceProfileName: `${label} ${model.card.providerName} ${model.card.modelName}`,
    description: `Routes requests to ${model.card.modelName} in ${label} regions.`,
    createdAt: SYSTEM_DATE,
    updatedAt: SYSTEM_DATE,
    inferenceProfileArn: `arn:aws:bedrock:${region}:${ACCOUNT_ID}:inference-profile/${id}`,
    inferenceProfileId: id,
    models: profileModels(routing, model.card.modelId, region),
    status: 'ACTIVE',
    type: 'SYSTEM_DEFINED',
  }
}

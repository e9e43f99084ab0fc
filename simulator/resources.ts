// What callers create in an account, and the presets that are there from the start: profiles, tags, jobs, aliases of models.
import { ApiError } from './errors.ts'
import type { JsonObject } from './family.ts'
import type { Aliases } from './models.ts'

export type ApplicationProfile = {
  id: string
  name: string
  region: string
  description: string | undefined
  /** the model id or system profile id that it was copied from */
  source: string
  createdAt: string
}

export type AsyncJob = {
  id: string
  region: string
  modelId: string
  outputDataConfig: JsonObject
  clientRequestToken: string
  submittedAt: number
  endsAt: number
  /** a job that will fail, with the reason */
  failure: string | null
}

/** What OpenAI's Responses keep of an answer, in the region that made it. */
export type StoredResponse = {
  region: string
  /** milliseconds since 1970 */
  expiresAt: number
  body: JsonObject
  /** the conversation with the answer at its end, as a chat */
  messages: JsonObject[]
}

/** What SNS was given for a topic; the message by protocol. */
export type Published = {
  topicArn: string
  subject: string | null
  message: Record<string, string>
  deduplicationId: string | null
}

export type Tag = { key: string; value: string }

/** Things that stand for a model in an account in which nobody has created anything yet; `type/name` of the ARN → model id. */
const PRESET_ALIASES: Readonly<Record<string, string>> = {
  'provisioned-model/simulatedpt1': 'amazon.nova-lite-v1:0',
  'custom-model-deployment/simulatedcd1': 'amazon.nova-lite-v1:0',
  'custom-model/amazon.nova-lite-v1:0:300k/simulatedcm1': 'amazon.nova-lite-v1:0',
  'imported-model/simulatedim1': 'amazon.nova-micro-v1:0',
  'prompt/SIMPROMPT1': 'amazon.nova-lite-v1:0',
}
const MAXIMUM_RESOURCES = 10_000
const MAXIMUM_TAGS = 50

export type Resources = {
  aliases: Aliases
  profiles: Map<string, ApplicationProfile>
  jobs: Map<string, AsyncJob>
  responses: Map<string, StoredResponse>
  published: Published[]
  /** tags by ARN */
  tags: Map<string, Tag[]>
  /** more aliases, from a scenario */
  addAliases(aliases: Readonly<Record<string, string>>): void
  clear(): void
}

export function createResources(): Resources {
  const profiles = new Map<string, ApplicationProfile>()
  const jobs = new Map<string, AsyncJob>()
  const responses = new Map<string, StoredResponse>()
  const tags = new Map<string, Tag[]>()
  const published: Published[] = []
  let added: Readonly<Record<string, string>> = {}
  return {
    aliases: {
      modelOf(resource) {
        const profile = profiles.get(resource.replace(/^application-inference-profile\//, ''))
        if (profile !== undefined) return profile.source
        return Object.hasOwn(added, resource) ? added[resource] : PRESET_ALIASES[resource]
      },
    },
    profiles,
    jobs,
    responses,
    published,
    tags,
    addAliases(aliases) {
      added = aliases
    },
    clear() {
      profiles.clear()
      jobs.clear()
      responses.clear()
      tags.clear()
      published.length = 0
    },
  }
}

/** Stores a resource, or refuses as an account that is full does. */
export function keep<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= MAXIMUM_RESOURCES && !map.has(key)) {
    throw new ApiError('ServiceQuotaExceededException', `The account already has ${MAXIMUM_RESOURCES} of these.`)
  }
  map.set(key, value)
}

/** New tags over old ones; more than fifty are too many (tagging page of the service). */
export function mergeTags(old: readonly Tag[], added: readonly Tag[]): Tag[] {
  const merged = new Map([...old, ...added].map((tag) => [tag.key, tag.value]))
  if (merged.size > MAXIMUM_TAGS) {
    throw new ApiError('TooManyTagsException', `A resource can have at most ${MAXIMUM_TAGS} tags.`)
  }
  return [...merged].map(([key, value]) => ({ key, value }))
}

// StartAsyncInvoke, GetAsyncInvoke and ListAsyncInvokes: jobs that end by themselves after a moment of the simulator's clock.
import { type Call, free, type Operation, type PlainAnswer } from '../call.ts'
import { readBody } from '../conversation/converse.ts'
import { ApiError, constraint, invalid, notNull } from '../errors.ts'
import type { JsonObject } from '../family.ts'
import { asyncUsage } from '../families/async-usage.ts'
import { askFamily } from '../invocation.ts'
import { objectAt, stringAt } from '../json.ts'
import { ACCOUNT_ID, resolveModel } from '../models.ts'
import { page } from '../paging.ts'
import { type AsyncJob, keep, mergeTags } from '../resources.ts'
import { digest } from '../tokens.ts'
import { readTags } from './tags.ts'

export const START_ASYNC_INVOKE: Operation = {
  name: 'StartAsyncInvoke',
  service: 'bedrock',
  method: 'POST',
  path: /^\/async-invoke$/,
  run: startAsyncInvoke,
}

export const LIST_ASYNC_INVOKES: Operation = {
  name: 'ListAsyncInvokes',
  service: 'bedrock',
  method: 'GET',
  path: /^\/async-invoke$/,
  run: listAsyncInvokes,
}

export const GET_ASYNC_INVOKE: Operation = {
  name: 'GetAsyncInvoke',
  service: 'bedrock',
  method: 'GET',
  path: /^\/async-invoke\/(?<invocationArn>.+)$/,
  run: getAsyncInvoke,
}

const JOB_MS = 1000

function startAsyncInvoke(call: Call): PlainAnswer {
  const request = readBody(call.body)
  const { simulator } = call
  const modelId = stringAt(request, 'modelId')
  if (modelId === undefined) throw notNull('modelId')
  const modelInput = objectAt(request, 'modelInput')
  if (modelInput === undefined) throw notNull('modelInput')
  const outputDataConfig = readOutput(request)
  const model = resolveModel(modelId, simulator.models, simulator.resources.aliases)
  const used = askFamily(() => asyncUsage(model.card.modelId, modelInput))
  if (used === null) throw invalid('The provided model does not support asynchronous invocation.')
  const clientRequestToken = stringAt(request, 'clientRequestToken') ?? call.requestId
  const id = digest(`${call.region}/${clientRequestToken}`).slice(0, 12)
  const answer = free({ invocationArn: arnOf(id, call.region) })
  if (simulator.resources.jobs.has(id)) return answer
  const failure = JSON.stringify(modelInput).includes('[[fail]]')
    ? 'The request was blocked by our content filters.'
    : null
  const submittedAt = simulator.now()
  const job: AsyncJob = {
    id,
    region: call.region,
    modelId: model.card.modelId,
    outputDataConfig,
    clientRequestToken,
    submittedAt,
    endsAt: submittedAt + JOB_MS,
    failure,
  }
  keep(simulator.resources.jobs, id, job)
  const tags = readTags(request)
  if (tags.length > 0) simulator.resources.tags.set(arnOf(id, call.region), mergeTags([], tags))
  if (failure !== null) return answer
  const billing = {
    modelId,
    baseModel: model.card.modelId,
    tier: 'default',
    requestedTier: 'default',
    usage: used.usage,
  }
  if (used.resolution !== null) return { ...answer, billing: { ...billing, variant: used.resolution } }
  return { ...answer, billing }
}

function readOutput(request: JsonObject): JsonObject {
  const config = objectAt(request, 'outputDataConfig')
  if (config === undefined) throw notNull('outputDataConfig')
  const uri = stringAt(objectAt(config, 's3OutputDataConfig') ?? {}, 's3Uri')
  if (uri === undefined) throw notNull('outputDataConfig.s3OutputDataConfig.s3Uri')
  if (!/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?$/.test(uri)) {
    throw constraint(uri, 'outputDataConfig.s3OutputDataConfig.s3Uri', 'satisfy regular expression pattern: s3://...')
  }
  return config
}

function getAsyncInvoke(call: Call): PlainAnswer {
  const job = call.simulator.resources.jobs.get((call.path.invocationArn ?? '').replace(/^.*\//, ''))
  if (job === undefined || job.region !== call.region) {
    throw new ApiError('ResourceNotFoundException', 'The specified async invocation does not exist.')
  }
  return free(describe(job, call.simulator.now()))
}

function listAsyncInvokes(call: Call): PlainAnswer {
  const { query } = call
  const now = call.simulator.now()
  const status = query.get('statusEquals')
  if (status !== null && !['InProgress', 'Completed', 'Failed'].includes(status)) {
    throw constraint(status, 'statusEquals', 'satisfy enum value set: [InProgress, Completed, Failed]')
  }
  const after = timeFrom(query, 'submitTimeAfter', Number.NEGATIVE_INFINITY)
  const before = timeFrom(query, 'submitTimeBefore', Number.POSITIVE_INFINITY)
  const direction = query.get('sortOrder') === 'Ascending' ? 1 : -1
  const jobs = [...call.simulator.resources.jobs.values()]
    .filter((job) => job.region === call.region && job.submittedAt > after && job.submittedAt < before)
    .filter((job) => status === null || statusOf(job, now) === status)
    .toSorted((one, other) => direction * (one.submittedAt - other.submittedAt))
  const { items, nextToken } = page(jobs, query)
  const body: JsonObject = { asyncInvokeSummaries: items.map((job) => describe(job, now)) }
  if (nextToken !== undefined) body.nextToken = nextToken
  return free(body)
}

function timeFrom(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name)
  if (text === null) return otherwise
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw constraint(text, name, 'be a timestamp')
  return at
}

const statusOf = (job: AsyncJob, now: number): string => {
  if (now < job.endsAt) return 'InProgress'
  return job.failure === null ? 'Completed' : 'Failed'
}

const arnOf = (id: string, region: string): string => `arn:aws:bedrock:${region}:${ACCOUNT_ID}:async-invoke/${id}`

function describe(job: AsyncJob, now: number): JsonObject {
  const status = statusOf(job, now)
  const described: JsonObject = {
    invocationArn: arnOf(job.id, job.region),
    modelArn: `arn:aws:bedrock:${job.region}::foundation-model/${job.modelId}`,
    clientRequestToken: job.clientRequestToken,
    status,
    submitTime: new Date(job.submittedAt).toISOString(),
    lastModifiedTime: new Date(status === 'InProgress' ? job.submittedAt : job.endsAt).toISOString(),
    outputDataConfig: job.outputDataConfig,
  }
  if (status !== 'InProgress') described.endTime = new Date(job.endsAt).toISOString()
  if (status === 'Failed' && job.failure !== null) described.failureMessage = job.failure
  return described
}

// TagResource, UntagResource and ListTagsForResource, for the application inference profiles and async jobs of the account.
import { type Call, free, type Operation, type PlainAnswer } from '../call.ts'
import { readBody } from '../conversation/converse.ts'
import { ApiError, constraint, notNull } from '../errors.ts'
import type { JsonObject } from '../family.ts'
import { arrayAt, objectsAt, stringAt } from '../json.ts'
import { mergeTags, type Tag } from '../resources.ts'

export const TAG_RESOURCE: Operation = {
  name: 'TagResource',
  service: 'bedrock',
  method: 'POST',
  path: /^\/tagResource$/,
  run(call) {
    const request = readBody(call.body)
    const arn = existingArn(request, call)
    const { tags } = call.simulator.resources
    tags.set(arn, mergeTags(tags.get(arn) ?? [], readTags(request)))
    return free({})
  },
}

export const UNTAG_RESOURCE: Operation = {
  name: 'UntagResource',
  service: 'bedrock',
  method: 'POST',
  path: /^\/untagResource$/,
  run(call) {
    const request = readBody(call.body)
    const arn = existingArn(request, call)
    const { tags } = call.simulator.resources
    const keys = arrayAt(request, 'tagKeys')
    if (keys === undefined) throw notNull('tagKeys')
    tags.set(
      arn,
      (tags.get(arn) ?? []).filter((tag) => !keys.includes(tag.key)),
    )
    return free({})
  },
}

export const LIST_TAGS_FOR_RESOURCE: Operation = {
  name: 'ListTagsForResource',
  service: 'bedrock',
  method: 'POST',
  path: /^\/listTagsForResource$/,
  run: listTags,
}

function listTags(call: Call): PlainAnswer {
  const arn = existingArn(readBody(call.body), call)
  return free({ tags: call.simulator.resources.tags.get(arn) ?? [] })
}

/** The tags of a request: keys of 1 to 128 and values of up to 256 characters. */
export function readTags(request: JsonObject): Tag[] {
  return objectsAt(request, 'tags').map((tag, index) => {
    const key = stringAt(tag, 'key')
    const value = stringAt(tag, 'value')
    const place = `tags.${index + 1}.member`
    if (key === undefined) throw notNull(`${place}.key`)
    if (value === undefined) throw notNull(`${place}.value`)
    if (key.length < 1 || key.length > 128) throw constraint(key, `${place}.key`, 'have length between 1 and 128')
    if (value.length > 256) throw constraint(value, `${place}.value`, 'have length less than or equal to 256')
    return { key, value }
  })
}

function existingArn(request: JsonObject, call: Call): string {
  const arn = stringAt(request, 'resourceARN')
  if (arn === undefined) throw notNull('resourceARN')
  const id = arn.replace(/^.*\//, '')
  const { profiles, jobs } = call.simulator.resources
  const known = arn.includes(':application-inference-profile/') ? profiles.has(id) : jobs.has(id)
  if (!known) throw new ApiError('ResourceNotFoundException', `The resource ${arn} does not exist.`)
  return arn
}

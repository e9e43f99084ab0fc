// Model access of plans and tenants: what may be said, checked before anything is written, and how it is answered.

import { z } from 'zod'
import {
  ASKED_TIERS,
  GUARDRAIL_TRACES,
  NO_ACCESS_POLICY,
  STREAM_PROCESSING,
  type AccessPolicy,
} from '../core/access.ts'
import {
  entryFlaw,
  METADATA_ENTRIES_LIMIT,
  METADATA_FORM,
  METADATA_HEADER_CHARACTERS_LIMIT,
  SESSION_TAG_FORM,
  SESSION_TAGS_LIMIT,
  type TextForm,
} from '../core/access-text.ts'
import { parseModelId, REACHES } from '../core/model.ts'
import type { AdminDependencies } from './dependencies.ts'
import * as fields from './fields.ts'
import { checkGlobs } from './model-globs.ts'

const setOf = <Value extends z.ZodType<string>>(value: Value, words: string) =>
  z
    .array(value)
    .min(1, 'must have at least one member; null says nothing')
    .max(64, 'must be at most 64')
    .refine((list) => new Set(list).size === list.length, 'must not repeat a member')
    .nullable()
    .optional()
    .meta({ description: words })

const targetArn = z.string().refine((text) => {
  const kind = parseModelId(text)?.kind
  return kind === 'provisioned' || kind === 'application_profile'
}, 'must be the ARN of provisioned throughput or of an application inference profile')

const templates = (form: TextForm, most: number) =>
  z
    .record(z.string(), z.string())
    .superRefine((record, context) => {
      for (const [key, template] of Object.entries(record)) {
        const flaw = entryFlaw(key, template, form)
        if (flaw !== null) context.addIssue({ code: 'custom', path: [key], message: flaw })
      }
    })
    .refine((record) => Object.keys(record).length <= most, `must have at most ${most} members`)

const requestMetadata = templates(METADATA_FORM, METADATA_ENTRIES_LIMIT).refine(
  (record) => JSON.stringify(record).length <= METADATA_HEADER_CHARACTERS_LIMIT,
  `must be at most ${METADATA_HEADER_CHARACTERS_LIMIT} characters as JSON`,
)

const guardrail = z.strictObject({
  id: z
    .string()
    .regex(
      /^(?:[a-z0-9]{1,64}|arn:aws(?:-[a-z]{1,8}){0,2}:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail\/[a-z0-9]{1,64})$/,
      'must be the id or the ARN of a guardrail',
    ),
  version: z.string().regex(/^(?:[1-9][0-9]{0,7}|DRAFT)$/, 'must be a number from 1, or DRAFT'),
  trace: z.enum(GUARDRAIL_TRACES).default('enabled'),
  stream_processing: z.enum(STREAM_PROCESSING).default('sync'),
})

const assumeRole = z.strictObject({
  role_arn: z
    .string()
    .regex(
      /^arn:aws(?:-[a-z]{1,8}){0,2}:iam::[0-9]{12}:role\/[A-Za-z0-9_+=,.@/-]{1,512}$/,
      'must be the ARN of an IAM role',
    ),
  external_id: z
    .string()
    .regex(/^[A-Za-z0-9_+=,.@:/-]{2,1224}$/, 'must be 2 to 1224 letters, digits and _ + = , . @ : / -')
    .nullable()
    .default(null),
  session_tags: templates(SESSION_TAG_FORM, SESSION_TAGS_LIMIT).default({}),
})

/** Members that are given replace what was said before; of a plan, which is replaced whole, all others say nothing. */
export const accessChange = z.strictObject({
  denied_models: fields.modelGlobs
    .optional()
    .meta({ description: 'ids or patterns; a denial goes before everything that allows' }),
  regions: setOf(fields.region, 'the regions that calls may be sent to'),
  routing: setOf(z.enum(REACHES), 'how far calls may be routed'),
  service_tiers: setOf(z.enum(ASKED_TIERS), 'a call that asks for another tier gets the first; one alone is forced'),
  send_to: z
    .record(fields.modelGlob, targetArn)
    .refine((record) => Object.keys(record).length <= 64, 'must have at most 64 members')
    .optional()
    .meta({ description: 'the ARN that calls of a model, or of a pattern, are sent to' }),
  request_metadata: requestMetadata
    .optional()
    .meta({ description: 'written to each call; may hold {tenant_id} and such' }),
  guardrail: guardrail.nullable().optional().meta({ description: 'attached to each call' }),
  assume_role: assumeRole.nullable().optional().meta({ description: 'the IAM role whose session signs the calls' }),
})

export const accessReply = z.object({
  denied_models: z.array(z.string()),
  regions: z.array(z.string()).nullable(),
  routing: z.array(z.enum(REACHES)).nullable(),
  service_tiers: z.array(z.enum(ASKED_TIERS)).nullable(),
  send_to: z.record(z.string(), z.string()),
  request_metadata: z.record(z.string(), z.string()),
  guardrail: z
    .object({
      id: z.string(),
      version: z.string(),
      trace: z.enum(GUARDRAIL_TRACES),
      stream_processing: z.enum(STREAM_PROCESSING),
    })
    .nullable(),
  assume_role: z
    .object({
      role_arn: z.string(),
      external_id: z.string().nullable(),
      session_tags: z.record(z.string(), z.string()),
    })
    .nullable(),
})

export type AccessChange = z.output<typeof accessChange>

/** Throws AdminError for a pattern that matches no model anybody knows. */
export function checkAccessGlobs(deps: AdminDependencies, change: AccessChange): void {
  checkGlobs(deps, change.denied_models ?? [], (index) => `access.denied_models[${index}]`)
  const sent = Object.keys(change.send_to ?? {})
  checkGlobs(deps, sent, (index) => `access.send_to.${sent[index]}`)
}

/** null: nothing is said any more. */
export function changedAccess(before: AccessPolicy, change: AccessChange | null): AccessPolicy {
  if (change === null) return NO_ACCESS_POLICY
  const { guardrail: guards, assume_role: role } = change
  return {
    deniedModels: change.denied_models ?? before.deniedModels,
    regions: replaced(before.regions, change.regions),
    routing: replaced(before.routing, change.routing),
    tiers: replaced(before.tiers, change.service_tiers),
    sendTo: change.send_to ?? before.sendTo,
    requestMetadata: change.request_metadata ?? before.requestMetadata,
    guardrail: replaced(before.guardrail, guards && guardrailFromJson(guards)),
    assumeRole: replaced(before.assumeRole, role && roleFromJson(role)),
  }
}

const replaced = <Value>(before: Value | null, given: Value | null | undefined): Value | null =>
  given === undefined ? before : given

const guardrailFromJson = ({ id, version, trace, stream_processing }: z.output<typeof guardrail>) => ({
  id,
  version,
  trace,
  streamProcessing: stream_processing,
})

const roleFromJson = ({ role_arn, external_id, session_tags }: z.output<typeof assumeRole>) => ({
  roleArn: role_arn,
  externalId: external_id,
  sessionTags: session_tags,
})

export function accessToJson(access: AccessPolicy): z.input<typeof accessReply> {
  const { regions, routing, tiers, guardrail: guards, assumeRole: role } = access
  return {
    denied_models: [...access.deniedModels],
    regions: regions && [...regions],
    routing: routing && [...routing],
    service_tiers: tiers && [...tiers],
    send_to: { ...access.sendTo },
    request_metadata: { ...access.requestMetadata },
    guardrail: guards && {
      id: guards.id,
      version: guards.version,
      trace: guards.trace,
      stream_processing: guards.streamProcessing,
    },
    assume_role: role && {
      role_arn: role.roleArn,
      external_id: role.externalId,
      session_tags: { ...role.sessionTags },
    },
  }
}

// Alert targets: who is told, and how. Their secrets are sealed at once, never shown again, and kept only for where they were meant.

import { z } from 'zod'
import { SMTP_SECURITIES, TARGET_KINDS, type AlertTarget, type TargetSettings } from '../core/alert-delivery.ts'
import { alertId } from './alert-rules.ts'
import type { AdminDependencies } from './dependencies.ts'
import { invalid, notFound, type AdminError } from './errors.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'

const LONGEST_URL = 2_048
const MOST_RECIPIENTS = 50
const SECRET_PREFIX = 'whsec_'
const SECRET_BYTES = 32

const params = z.strictObject({ target_id: alertId })
const url = z
  .string()
  .regex(/^https?:\/\/[!-~]+$/, 'must be an https URL')
  .max(LONGEST_URL)
const address = z
  .string()
  .max(254)
  .regex(/^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/, 'must be a plain e-mail address')
const credential = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}]+$/u, 'must not hold control characters')

const body = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('webhook'),
    url,
    secret: z
      .string()
      .regex(
        /^whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
        'must be whsec_ and 24 to 64 bytes in base64',
      )
      .optional()
      .meta({ description: 'signs what is sent (Standard Webhooks); made and shown once when left out at first' }),
  }),
  z.strictObject({
    kind: z.literal('smtp'),
    host: z.string().regex(/^[A-Za-z0-9.:[\]_-]{1,253}$/, 'must be the name or the address of a mail server'),
    port: z.int().min(1).max(65_535).default(587),
    security: z.enum(SMTP_SECURITIES).default('starttls'),
    username: credential(256).nullable().default(null),
    password: credential(1_024).optional(),
    from: address,
    to: z.array(address).min(1).max(MOST_RECIPIENTS),
  }),
  z.strictObject({ kind: z.literal('sns'), topic_arn: z.string().max(512) }),
  z.strictObject({ kind: z.literal('slack'), url: url.optional().meta({ description: 'kept secret' }) }),
])
type Written = z.output<typeof body>

const targetReply = z.object({
  id: z.string(),
  kind: z.enum(TARGET_KINDS),
  url: z.string().optional(),
  host: z.string().optional(),
  port: z.number().optional(),
  security: z.enum(SMTP_SECURITIES).optional(),
  username: z.string().nullable().optional(),
  from: z.string().optional(),
  to: z.array(z.string()).optional(),
  topic_arn: z.string().optional(),
  has_secret: z.boolean(),
  created_at: z.string(),
})

export const putAlertTarget = operation({
  words: 'Creates an alert target or replaces it. A secret that is left out stays, as long as it goes where it went.',
  params,
  body,
  reply: targetReply.extend({
    secret: z.string().optional().meta({ description: 'the signing secret that was made now; shown this once' }),
  }),
  async run({ deps, params: { target_id }, body: written }) {
    const before = await deps.alerts.getTarget(target_id)
    const made = before === null || before.settings.kind !== 'webhook' ? newSecret(deps, written) : null
    const settings = settingsOf(written)
    const secret = secretOf(written) ?? made
    const problem = deps.alertTargets.problemOf(settings, written.kind === 'slack' ? secret : null)
    if (problem !== null) throw invalid(problem.field, problem.message)
    const target: AlertTarget = {
      id: target_id,
      settings,
      sealedSecret: secret === null ? keptSecret(before, settings) : deps.alertTargets.seal(secret, target_id),
      createdAt: before?.createdAt ?? fields.timeOf(deps.now()),
    }
    requireSecret(target)
    await deps.alerts.putTarget(target)
    return { ...targetToJson(target), ...(made === null ? {} : { secret: made }) }
  },
})

export const listAlertTargets = operation({
  words: 'All alert targets by id, without their secrets.',
  reply: z.object({ targets: z.array(targetReply) }),
  run: async ({ deps }) => ({ targets: (await deps.alerts.listTargets()).map(targetToJson) }),
})

export const deleteAlertTarget = operation({
  words: 'Deletes an alert target that no rule names.',
  params,
  reply: z.object({ id: z.string(), deleted: z.literal(true) }),
  async run({ deps, params: { target_id } }) {
    if (!(await deps.alerts.deleteTarget(target_id))) throw noTarget(target_id)
    return { id: target_id, deleted: true as const }
  },
})

export const testAlertTarget = operation({
  words: 'Sends a test to an alert target, once, and says whether it was taken. One test at a time.',
  body: z.strictObject({ target_id: alertId }),
  reply: z.object({ target_id: z.string(), delivered: z.boolean(), error: z.string().nullable() }),
  async run({ deps, body: { target_id } }) {
    const target = await deps.alerts.getTarget(target_id)
    if (target === null) throw invalid('target_id', `target_id: there is no alert target ${target_id}.`)
    const error = await deps.jobs.testAlertTarget(target)
    return { target_id, delivered: error === null, error }
  },
})

const noTarget = (id: string): AdminError => notFound(`alert target ${id}`)

function settingsOf(written: Written): TargetSettings {
  switch (written.kind) {
    case 'webhook':
      return { kind: 'webhook', url: written.url }
    case 'smtp': {
      const { kind, host, port, security, username, from, to } = written
      return { kind, host, port, security, username, from, to }
    }
    case 'sns':
      return { kind: 'sns', topicArn: written.topic_arn }
    case 'slack':
      return {
        kind: 'slack',
        host: written.url !== undefined && URL.canParse(written.url) ? new URL(written.url).host : '',
      }
  }
}

function secretOf(written: Written): string | null {
  switch (written.kind) {
    case 'webhook':
      return written.secret ?? null
    case 'smtp':
      return written.password ?? null
    case 'sns':
      return null
    case 'slack':
      return written.url ?? null
  }
}

const newSecret = (deps: AdminDependencies, written: Written): string | null =>
  written.kind === 'webhook' && written.secret === undefined
    ? `${SECRET_PREFIX}${deps.randomBytes(SECRET_BYTES).toString('base64')}`
    : null

/** A signing secret is never sent; a password is, and so it stays only for the same server and user. */
function keptSecret(before: AlertTarget | null, settings: TargetSettings): string | null {
  if (before === null || before.settings.kind !== settings.kind) return null
  if (settings.kind === 'webhook') return before.sealedSecret
  if (settings.kind !== 'smtp' || before.settings.kind !== 'smtp') return null
  const same = before.settings.host === settings.host && before.settings.username === settings.username
  return same && settings.username !== null ? before.sealedSecret : null
}

function requireSecret({ settings, sealedSecret }: AlertTarget): void {
  if (sealedSecret !== null) return
  if (settings.kind === 'slack')
    throw invalid('url', 'url must be given: the URL is kept secret, and cannot be read back.')
  if (settings.kind === 'smtp' && settings.username !== null) {
    throw invalid('password', 'password must be given with a user name, and again when server or user change.')
  }
}

function targetToJson({ id, settings, sealedSecret, createdAt }: AlertTarget): z.input<typeof targetReply> {
  return { id, ...settingsToJson(settings), has_secret: sealedSecret !== null, created_at: createdAt }
}

function settingsToJson(settings: TargetSettings) {
  switch (settings.kind) {
    case 'sns':
      return { kind: settings.kind, topic_arn: settings.topicArn }
    case 'smtp':
      return { ...settings, to: [...settings.to] }
    default:
      return settings
  }
}

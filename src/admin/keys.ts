// API keys of a tenant: made, shown once, rotated with a time of grace, changed and revoked; never readable again.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Limit } from '../core/limit.ts'
import type { ApiKey, TenantScope } from '../core/tenant.ts'
import type { AdminDependencies } from './dependencies.ts'
import { makeEffective } from './effective.ts'
import { AdminError, invalid, notFound } from './errors.ts'
import * as fields from './fields.ts'
import { checkLimits } from './limit-checks.ts'
import { limits, type WrittenLimit } from './limit-fields.ts'
import { limitReply, limitsFromJson, limitToJson } from './limits-json.ts'
import { operation } from './operation.ts'
import { tenantOr404 } from './tenants.ts'

const WORKING_KEYS_LIMIT = 200
const MAY_ACT_FOR_LIMIT = 200
const LONGEST_GRACE_SECONDS = 30 * 86_400
const USUAL_GRACE_SECONDS = 3_600

const keyReply = z.object({
  key_id: z.string(),
  tenant_id: z.string(),
  name: z.string(),
  access_key_id: z.string(),
  may_act_for: z.array(z.string()),
  limits: z.array(limitReply),
  status: z.enum(['active', 'ending', 'revoked', 'expired']),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  replaced_by: z.string().nullable(),
})

const newKeyReply = keyReply.extend({
  secret: z.string().meta({ description: 'the bearer key; shown this once' }),
  secret_access_key: z.string().meta({ description: 'the secret half of the pair; shown this once' }),
})

const ofTenant = z.strictObject({ tenant_id: fields.tenantId })
const ofKey = z.strictObject({ tenant_id: fields.tenantId, key_id: fields.keyId })

const changeable = {
  name: z.string().trim().max(200).optional(),
  expires_at: fields.instant.nullable().optional(),
  may_act_for: z.array(fields.tenantId).max(MAY_ACT_FOR_LIMIT).optional(),
  limits: limits.optional(),
}

export const createKey = operation({
  words: 'Makes an API key and its access key pair. The secrets are in this answer and nowhere else.',
  params: ofTenant,
  body: z.strictObject(changeable).optional(),
  reply: newKeyReply,
  status: 201,
  async run({ deps, scope, params, body = {} }) {
    await tenantOr404(deps, scope, params.tenant_id)
    refuseTooMany(await deps.tenants.listKeys(scope, params.tenant_id), deps.now())
    await checkChange(deps, scope, body)
    const made = makeKey(deps, {
      tenantId: params.tenant_id,
      name: body.name ?? '',
      mayActFor: body.may_act_for ?? [],
      limits: checked(deps, body.limits ?? [], []),
      expiresAt: body.expires_at ? fields.timeOf(fields.millisecondsOf(body.expires_at)) : null,
    })
    await deps.tenants.createKey(made.key)
    await makeEffective(deps)
    return newKeyToJson(deps, made)
  },
})

export const listKeys = operation({
  words: "A tenant's API keys by id, a page at a time, without their secrets.",
  params: ofTenant,
  query: z.strictObject({ cursor: fields.keyId.optional(), limit: fields.queryNumber(1_000, 100) }),
  reply: z.object({ keys: z.array(keyReply), next_cursor: fields.nextCursor }),
  async run({ deps, scope, params, query }) {
    await tenantOr404(deps, scope, params.tenant_id)
    const keys = await deps.tenants.listKeys(scope, params.tenant_id)
    const rest = keys.filter((key) => key.id > (query.cursor ?? ''))
    const page = rest.slice(0, query.limit)
    return {
      keys: page.map((key) => keyToJson(key, deps.now())),
      next_cursor: rest.length > page.length ? (page.at(-1)?.id ?? null) : null,
    }
  },
})

export const getKey = operation({
  words: 'One API key, without its secrets.',
  params: ofKey,
  reply: keyReply,
  run: async ({ deps, scope, params }) => keyToJson(await keyOr404(deps, scope, params), deps.now()),
})

export const updateKey = operation({
  words:
    'Changes name, end, limits or the tenants that the key may act for; each member that is given is replaced whole.',
  params: ofKey,
  body: z.strictObject(changeable),
  reply: keyReply,
  async run({ deps, scope, params, body }) {
    const before = await keyOr404(deps, scope, params)
    await checkChange(deps, scope, body)
    const key: ApiKey = {
      ...before,
      name: body.name ?? before.name,
      mayActFor: body.may_act_for ?? before.mayActFor,
      limits: body.limits === undefined ? before.limits : checked(deps, body.limits, before.limits),
      expiresAt:
        body.expires_at === undefined
          ? before.expiresAt
          : body.expires_at && fields.timeOf(fields.millisecondsOf(body.expires_at)),
    }
    return storeKey(deps, scope, key)
  },
})

export const rotateKey = operation({
  words:
    'Makes a new key in the place of one, which works on for the seconds of grace. The new secrets are shown this once.',
  params: ofKey,
  body: z
    .strictObject({ grace_seconds: z.int().min(0).max(LONGEST_GRACE_SECONDS).default(USUAL_GRACE_SECONDS) })
    .default({ grace_seconds: USUAL_GRACE_SECONDS }),
  reply: newKeyReply,
  status: 201,
  async run({ deps, scope, params, body }) {
    const before = await keyOr404(deps, scope, params)
    const now = deps.now()
    if (before.replacedBy !== null) throw conflict(`Key ${before.id} was replaced by ${before.replacedBy} already.`)
    if (statusOf(before, now) !== 'active') throw conflict(`Key ${before.id} does not work any more; create a new one.`)
    refuseTooMany(await deps.tenants.listKeys(scope, params.tenant_id), deps.now())
    const { tenantId, name, mayActFor, expiresAt, limits: own } = before
    const made = makeKey(deps, { tenantId, name, mayActFor, expiresAt, limits: own })
    const revokedAt = fields.timeOf(now + body.grace_seconds * 1_000)
    const ended: ApiKey = { ...before, revokedAt, replacedBy: made.key.id }
    if (!(await deps.tenants.replaceKey(scope, ended, made.key)))
      throw notFound(`key ${before.id} of tenant ${before.tenantId}`)
    await makeEffective(deps)
    return newKeyToJson(deps, made)
  },
})

export const revokeKey = operation({
  words: 'Ends a key now. It stays listed.',
  params: ofKey,
  reply: keyReply,
  async run({ deps, scope, params }) {
    const before = await keyOr404(deps, scope, params)
    const now = deps.now()
    const ended = before.revokedAt !== null && Date.parse(before.revokedAt) <= now
    return ended ? keyToJson(before, now) : storeKey(deps, scope, { ...before, revokedAt: fields.timeOf(now) })
  },
})

/** A key of another tenant is none, whether or not it exists. */
export async function keyOr404(
  deps: AdminDependencies,
  scope: TenantScope,
  { tenant_id, key_id }: z.output<typeof ofKey>,
): Promise<ApiKey> {
  await tenantOr404(deps, scope, tenant_id)
  const key = await deps.tenants.getKey(scope, key_id)
  if (key === null || key.tenantId !== tenant_id) throw notFound(`key ${key_id} of tenant ${tenant_id}`)
  return key
}

function checked(
  deps: AdminDependencies,
  written: readonly WrittenLimit[],
  before: readonly Limit[],
): readonly Limit[] {
  const own = limitsFromJson(written, before, deps.now())
  checkLimits(deps, own, { allowUnknownModels: false })
  return own
}

async function checkChange(
  deps: AdminDependencies,
  scope: TenantScope,
  change: { expires_at?: string | null | undefined; may_act_for?: readonly string[] | undefined },
): Promise<void> {
  if (change.expires_at && fields.millisecondsOf(change.expires_at) <= deps.now()) {
    throw invalid('expires_at', 'expires_at must be in the future; to end a key now, revoke it.')
  }
  for (const [index, tenantId] of (change.may_act_for ?? []).entries()) {
    const tenant = await deps.tenants.getTenant(scope, tenantId)
    if (tenant === null) throw invalid(`may_act_for[${index}]`, `There is no tenant ${tenantId}.`)
  }
}

export async function storeKey(deps: AdminDependencies, scope: TenantScope, key: ApiKey) {
  if (!(await deps.tenants.updateKey(scope, key))) throw notFound(`key ${key.id} of tenant ${key.tenantId}`)
  await makeEffective(deps)
  return keyToJson(key, deps.now())
}

type MadeKey = { readonly key: ApiKey; readonly secret: string }

/** The id has no underscore and the secret is hex, so that the three parts of a key never run into each other. */
function makeKey(
  deps: AdminDependencies,
  content: Pick<ApiKey, 'tenantId' | 'name' | 'mayActFor' | 'expiresAt' | 'limits'>,
): MadeKey {
  const id = base32(deps.randomBytes(12)).toLowerCase()
  const secret = `wb_${id}_${deps.randomBytes(32).toString('hex')}`
  const key: ApiKey = {
    id,
    ...content,
    secretHash: createHash('sha256').update(secret).digest('hex'),
    accessKeyId: `WBAK${base32(deps.randomBytes(16))}`,
    createdAt: fields.timeOf(deps.now()),
    revokedAt: null,
    replacedBy: null,
  }
  return { key, secret }
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** One character of each byte: 256 is a multiple of 32, so all are equally likely. */
const base32 = (bytes: Buffer): string => Array.from(bytes, (byte) => BASE32[byte % 32]).join('')

function statusOf(key: ApiKey, now: number): z.output<typeof keyReply>['status'] {
  if (key.revokedAt !== null) return Date.parse(key.revokedAt) <= now ? 'revoked' : 'ending'
  return key.expiresAt !== null && Date.parse(key.expiresAt) <= now ? 'expired' : 'active'
}

const keyToJson = (key: ApiKey, now: number): z.input<typeof keyReply> => ({
  key_id: key.id,
  tenant_id: key.tenantId,
  name: key.name,
  access_key_id: key.accessKeyId,
  may_act_for: [...key.mayActFor],
  limits: key.limits.map(limitToJson),
  status: statusOf(key, now),
  created_at: key.createdAt,
  expires_at: key.expiresAt,
  revoked_at: key.revokedAt,
  replaced_by: key.replacedBy,
})

const newKeyToJson = (deps: AdminDependencies, { key, secret }: MadeKey): z.input<typeof newKeyReply> => ({
  ...keyToJson(key, deps.now()),
  secret,
  secret_access_key: deps.deriveSecretAccessKey(key.accessKeyId),
})

function refuseTooMany(keys: readonly ApiKey[], now: number): void {
  const working = keys.filter((key) => ['active', 'ending'].includes(statusOf(key, now)))
  if (working.length < WORKING_KEYS_LIMIT) return
  throw conflict(`A tenant has at most ${WORKING_KEYS_LIMIT} working keys; revoke some, or use a tenant below it.`)
}

const conflict = (message: string): AdminError => new AdminError('conflict', { message })

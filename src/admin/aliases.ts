// Aliases: names for model ids, so that a new version of a model is rolled out by one change, at once or from a time on.

import { z } from 'zod'
import { ALIAS_NAME, ALIAS_TARGETS_LIMIT, ALIASES_LIMIT, targetAt, withTarget, type Alias } from '../core/alias.ts'
import { parseModelId } from '../core/model.ts'
import type { AdminDependencies } from './dependencies.ts'
import { makeEffective } from './effective.ts'
import { AdminError, invalid, notFound } from './errors.ts'
import * as fields from './fields.ts'
import { checkGlobs } from './model-globs.ts'
import { operation } from './operation.ts'

const params = z.strictObject({
  alias: z.string().regex(ALIAS_NAME, 'must be 1 to 64 lower-case letters, digits, "_" or "-"; no dot'),
})

const aliasReply = z.object({
  alias: z.string(),
  tenant_id: z.string().nullable().meta({ description: 'null: everybody' }),
  model_id: z.string().nullable().meta({ description: 'what it means now; null: nothing yet' }),
  targets: z.array(z.object({ model_id: z.string(), effective_from: z.string() })),
  created_at: z.string(),
})

export const listAliases = operation({
  words: 'All aliases, with what they mean now and what is planned.',
  reply: z.object({ aliases: z.array(aliasReply) }),
  run: async ({ deps }) => ({ aliases: (await deps.aliases.listAliases()).map((alias) => aliasToJson(deps, alias)) }),
})

export const putAlias = operation({
  words:
    'Says what an alias means from a time on; what is planned for later stays. It gives no access: the tenant must be allowed the model.',
  params,
  body: z.strictObject({
    model_id: fields.modelId,
    tenant_id: fields.tenantId
      .nullable()
      .default(null)
      .meta({ description: 'whose it is, and of everyone below; null: everybody. The nearest counts' }),
    effective_from: fields.instant.optional().meta({ description: 'now when left out' }),
    allow_unknown_models: z.boolean().default(false),
  }),
  reply: aliasReply,
  async run({ deps, params: { alias: name }, body }) {
    checkTarget(deps, body.model_id, body.allow_unknown_models)
    const now = deps.now()
    const from = fields.timeOf(body.effective_from === undefined ? now : fields.millisecondsOf(body.effective_from))
    const before = await deps.aliases.getAlias(body.tenant_id, name)
    if (before === null) await checkRoom(deps)
    const empty: Alias = { name, tenantId: body.tenant_id, targets: [], createdAt: fields.timeOf(now) }
    const alias = withTarget(before ?? empty, { modelId: body.model_id, from })
    if (alias.targets.length > ALIAS_TARGETS_LIMIT) {
      throw new AdminError('conflict', {
        message: `An alias has at most ${ALIAS_TARGETS_LIMIT} targets: take old ones away.`,
      })
    }
    await deps.aliases.putAlias(alias)
    await makeEffective(deps)
    return aliasToJson(deps, alias)
  },
})

export const deleteAlias = operation({
  words: 'Deletes an alias, or one of its targets.',
  params,
  query: z.strictObject({
    tenant: fields.tenantId.optional().meta({ description: "everybody's when left out" }),
    effective_from: fields.instant.optional().meta({ description: 'only the target of this time' }),
  }),
  reply: z.object({ alias: z.string(), tenant_id: z.string().nullable(), deleted: z.literal(true) }),
  async run({ deps, params: { alias: name }, query }) {
    const tenantId = query.tenant ?? null
    const before = await deps.aliases.getAlias(tenantId, name)
    if (before === null) throw notFound(`alias ${name} of ${tenantId ?? 'everybody'}`)
    const at = query.effective_from === undefined ? null : fields.millisecondsOf(query.effective_from)
    const left = at === null ? [] : before.targets.filter(({ from }) => Date.parse(from) !== at)
    if (left.length === before.targets.length) throw notFound(`target of alias ${name} at that time`)
    if (left.length === 0) await deps.aliases.deleteAlias(tenantId, name)
    else await deps.aliases.putAlias({ ...before, targets: left })
    await makeEffective(deps)
    return { alias: name, tenant_id: tenantId, deleted: true as const }
  },
})

function checkTarget(deps: AdminDependencies, modelId: string, allowUnknown: boolean): void {
  if (ALIAS_NAME.test(modelId))
    throw invalid('model_id', `model_id must be a model id; "${modelId}" could only be another alias.`)
  if (parseModelId(modelId) === null) throw invalid('model_id', `model_id "${modelId}" is not one that Bedrock has.`)
  if (!allowUnknown) checkGlobs(deps, [modelId], () => 'model_id')
}

async function checkRoom(deps: AdminDependencies): Promise<void> {
  if ((await deps.aliases.listAliases()).length < ALIASES_LIMIT) return
  throw new AdminError('conflict', { message: `There are ${ALIASES_LIMIT} aliases already, which is the most.` })
}

const aliasToJson = (deps: AdminDependencies, alias: Alias): z.input<typeof aliasReply> => ({
  alias: alias.name,
  tenant_id: alias.tenantId,
  model_id: targetAt(alias, deps.now())?.modelId ?? null,
  targets: alias.targets.map(({ modelId, from }) => ({ model_id: modelId, effective_from: from })),
  created_at: alias.createdAt,
})

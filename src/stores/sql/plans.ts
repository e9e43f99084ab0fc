// Usage plans in SQL.

import type { Kysely, Selectable, Transaction } from 'kysely'
import { planChange } from '../../core/audited.ts'
import { USUAL_DIALECTS, type DialectPolicy } from '../../core/dialects.ts'
import type { FallbackRule } from '../../core/fallback.ts'
import type { OnDisconnect, Plan, PlanStore, UnpricedPolicy } from '../../core/plan.ts'
import { StoreConflict } from '../../core/tenant.ts'
import { accessFromJson, accessToJson } from './access.ts'
import { budgetingFromText, budgetingToText } from './budgeting.ts'
import { changing, type Writer } from './changes.ts'
import { limitsFromJson, limitsToJson } from './limits.ts'
import type { Schema } from './schema.ts'

export function createPlanStore(writer: Writer): PlanStore {
  const { database } = writer
  return {
    async putPlan(plan) {
      const row = rowFromPlan(plan)
      const { id: _, ...changes } = row
      await changing(writer, async (transaction) => {
        const before = await findPlan(transaction, plan.id)
        await transaction
          .insertInto('plans')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
          .execute()
        return { result: undefined, facts: [planChange(plan.id, before, plan)] }
      })
    },
    getPlan: (planId) => findPlan(database, planId),
    async listPlans() {
      return (await database.selectFrom('plans').selectAll().orderBy('id').execute()).map(planFromRow)
    },
    deletePlan: (planId) =>
      changing(writer, async (transaction) => {
        const user = await transaction
          .selectFrom('tenants')
          .select('id')
          .where('plan_id', '=', planId)
          .orderBy('id')
          .executeTakeFirst()
        if (user !== undefined) {
          throw new StoreConflict('plan_id', `plan ${planId} is still the plan of tenant ${user.id}`)
        }
        const before = await findPlan(transaction, planId)
        if (before === null) return { result: false, facts: [] }
        await transaction.deleteFrom('plans').where('id', '=', planId).execute()
        return { result: true, facts: [planChange(planId, before, null)] }
      }),
  }
}

async function findPlan(database: Kysely<Schema> | Transaction<Schema>, planId: string): Promise<Plan | null> {
  const row = await database.selectFrom('plans').selectAll().where('id', '=', planId).executeTakeFirst()
  return row === undefined ? null : planFromRow(row)
}

const rowFromPlan = (plan: Plan): Selectable<Schema['plans']> => ({
  id: plan.id,
  name: plan.name,
  allowed_models: JSON.stringify(plan.allowedModels),
  access: accessToJson(plan.access),
  limits: limitsToJson(plan.limits),
  on_disconnect: plan.onDisconnect,
  unpriced: plan.unpriced,
  budgeting: budgetingToText(plan.budgeting),
  dialects: JSON.stringify(plan.dialects),
  fallbacks: JSON.stringify(plan.fallbacks),
  created_at: plan.createdAt,
})

const planFromRow = (row: Selectable<Schema['plans']>): Plan => ({
  id: row.id,
  name: row.name,
  allowedModels: JSON.parse(row.allowed_models) as string[],
  access: accessFromJson(row.access),
  limits: limitsFromJson(row.limits),
  onDisconnect: row.on_disconnect as OnDisconnect,
  unpriced: row.unpriced as UnpricedPolicy,
  budgeting: budgetingFromText(row.budgeting),
  dialects: { ...USUAL_DIALECTS, ...(JSON.parse(row.dialects) as Partial<DialectPolicy>) },
  fallbacks: JSON.parse(row.fallbacks) as FallbackRule[],
  createdAt: row.created_at,
})

// Whose answers the upstream keeps, in SQL.

import type { Kysely } from 'kysely'
import type { KeptAnswerStore } from '../../core/kept-answer.ts'
import type { Schema } from './schema.ts'

export const createKeptAnswerStore = (database: Kysely<Schema>): KeptAnswerStore => ({
  async keep(tenantId, { ids, region, now, until }) {
    await database.deleteFrom('kept_answers').where('kept_until', '<=', BigInt(now)).execute()
    if (ids.length === 0) return
    const rows = ids.map((id) => ({ id, tenant_id: tenantId, region, kept_until: until }))
    await database
      .insertInto('kept_answers')
      .values(rows)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  },
  async regionOf(tenantId, id) {
    const row = await database
      .selectFrom('kept_answers')
      .select('region')
      .where('id', '=', id)
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst()
    return row?.region ?? null
  },
  async countOf(tenantId, ids, region) {
    if (ids.length === 0) return 0
    const rows = await database
      .selectFrom('kept_answers')
      .select('id')
      .where('id', 'in', ids)
      .where('tenant_id', '=', tenantId)
      .where('region', '=', region)
      .execute()
    return rows.length
  },
  async forget(tenantId, id) {
    await database.deleteFrom('kept_answers').where('id', '=', id).where('tenant_id', '=', tenantId).execute()
  },
})

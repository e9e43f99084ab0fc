// Aliases in SQL.

import type { Selectable } from 'kysely'
import type { Alias, AliasStore, AliasTarget } from '../../core/alias.ts'
import { aliasChange } from '../../core/audited.ts'
import { StoreConflict } from '../../core/tenant.ts'
import { changing, type Writer } from './changes.ts'
import type { Schema } from './schema.ts'

export function createAliasStore(writer: Writer): AliasStore {
  const { database } = writer
  const find = async (transaction: typeof database, tenantId: string | null, name: string): Promise<Alias | null> => {
    const row = await transaction
      .selectFrom('aliases')
      .selectAll()
      .where('owner', '=', tenantId ?? EVERYBODY)
      .where('name', '=', name)
      .executeTakeFirst()
    return row === undefined ? null : aliasFromRow(row)
  }
  return {
    async putAlias(alias) {
      const row = rowFromAlias(alias)
      await changing(writer, async (transaction) => {
        const { tenantId, name } = alias
        if (tenantId !== null) {
          const owner = await transaction
            .selectFrom('tenants')
            .select('id')
            .where('id', '=', tenantId)
            .executeTakeFirst()
          if (owner === undefined) throw new StoreConflict('tenant_id', `there is no tenant ${tenantId}`)
        }
        const before = await find(transaction, tenantId, name)
        await transaction
          .insertInto('aliases')
          .values(row)
          .onConflict((conflict) => conflict.columns(['owner', 'name']).doUpdateSet({ targets: row.targets }))
          .execute()
        return { result: undefined, facts: [aliasChange(before, alias)] }
      })
    },
    getAlias: (tenantId, name) => find(database, tenantId, name),
    async listAliases() {
      const rows = await database.selectFrom('aliases').selectAll().orderBy('owner').orderBy('name').execute()
      return rows.map(aliasFromRow)
    },
    deleteAlias: (tenantId, name) =>
      changing(writer, async (transaction) => {
        const before = await find(transaction, tenantId, name)
        if (before === null) return { result: false, facts: [] }
        await transaction
          .deleteFrom('aliases')
          .where('owner', '=', tenantId ?? EVERYBODY)
          .where('name', '=', name)
          .execute()
        return { result: true, facts: [aliasChange(before, null)] }
      }),
  }
}

/** A key of a table cannot hold NULL; no tenant has this id. */
const EVERYBODY = ''

const rowFromAlias = ({ name, tenantId, targets, createdAt }: Alias): Selectable<Schema['aliases']> => ({
  owner: tenantId ?? EVERYBODY,
  name,
  targets: JSON.stringify(targets),
  created_at: createdAt,
})

const aliasFromRow = ({ owner, name, targets, created_at }: Selectable<Schema['aliases']>): Alias => ({
  name,
  tenantId: owner === EVERYBODY ? null : owner,
  targets: JSON.parse(targets) as AliasTarget[],
  createdAt: created_at,
})

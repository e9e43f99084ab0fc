// SageMaker endpoints in SQL.

import type { Selectable } from 'kysely'
import { endpointChange } from '../../core/audited.ts'
import type { Endpoint, EndpointStore } from '../../core/endpoint.ts'
import { StoreConflict } from '../../core/tenant.ts'
import { changing, type Writer } from './changes.ts'
import type { Schema } from './schema.ts'

export function createEndpointStore(writer: Writer): EndpointStore {
  const { database } = writer
  const find = async (transaction: typeof database, id: string): Promise<Endpoint | null> => {
    const row = await transaction.selectFrom('endpoints').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? null : endpointFromRow(row)
  }
  return {
    putEndpoint: (endpoint) =>
      changing(writer, async (transaction) => {
        const { id, name } = endpoint
        const namesake = await transaction
          .selectFrom('endpoints')
          .select('id')
          .where('name', '=', name)
          .where('id', '!=', id)
          .executeTakeFirst()
        if (namesake !== undefined)
          throw new StoreConflict('name', `the endpoint ${namesake.id} has the name "${name}"`)
        const before = await find(transaction, id)
        const row = rowFromEndpoint(endpoint)
        await transaction
          .insertInto('endpoints')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ name, definition: row.definition }))
          .execute()
        return { result: undefined, facts: [endpointChange(before, endpoint)] }
      }),
    getEndpoint: (id) => find(database, id),
    async listEndpoints() {
      const rows = await database.selectFrom('endpoints').selectAll().orderBy('id').execute()
      return rows.map(endpointFromRow)
    },
    deleteEndpoint: (id) =>
      changing(writer, async (transaction) => {
        const before = await find(transaction, id)
        if (before === null) return { result: false, facts: [] }
        await transaction.deleteFrom('endpoints').where('id', '=', id).execute()
        return { result: true, facts: [endpointChange(before, null)] }
      }),
  }
}

const rowFromEndpoint = ({ id, name, createdAt, ...definition }: Endpoint): Selectable<Schema['endpoints']> => ({
  id,
  name,
  definition: JSON.stringify(definition),
  created_at: createdAt,
})

const endpointFromRow = ({ id, name, definition, created_at }: Selectable<Schema['endpoints']>): Endpoint => ({
  id,
  name,
  ...(JSON.parse(definition) as Omit<Endpoint, 'id' | 'name' | 'createdAt'>),
  createdAt: created_at,
})

// Named texts that the service keeps for itself, such as its root secret and the hash of the admin token.

import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

export type SettingStore = {
  get: (name: string) => Promise<string | null>
  set: (name: string, value: string) => Promise<void>
}

export function createSettingStore(database: Kysely<Schema>): SettingStore {
  return {
    async get(name) {
      const row = await database.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst()
      return row?.value ?? null
    },
    async set(name, value) {
      await database
        .insertInto('settings')
        .values({ name, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute()
    },
  }
}

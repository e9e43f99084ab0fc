// The ids of rollup keys by their content, remembered within a bound.

import type { Database } from 'better-sqlite3'
import { CONTENT_UNIT } from '../../core/ledger.ts'
import { ROLLUP_KEYS } from '../../core/rollup.ts'
import { KEY_COLUMN } from './ledger-rows.ts'

const REMEMBERED_KEYS = 50_000

/** `get` makes the key when it is new, and answers null when the content is none. */
export function createKeyIds(database: Database): { get: (content: string) => bigint | null; forget: () => void } {
  const names = ROLLUP_KEYS.map((name) => KEY_COLUMN[name])
  const insert = database.prepare<string[]>(
    `INSERT INTO rollup_keys (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`,
  )
  const find = database
    .prepare<string[], bigint>(`SELECT id FROM rollup_keys WHERE ${names.map((name) => `${name} = ?`).join(' AND ')}`)
    .pluck()
    .safeIntegers(true)
  const ids = new Map<string, bigint>()
  return {
    get(content) {
      const known = ids.get(content)
      if (known !== undefined) return known
      const parts = content.split(CONTENT_UNIT)
      if (parts.length !== names.length) return null
      insert.run(...parts)
      const id = find.get(...parts)
      if (id === undefined) throw new Error('a rollup key could not be stored')
      if (ids.size >= REMEMBERED_KEYS) ids.clear()
      ids.set(content, id)
      return id
    },
    forget: () => ids.clear(),
  }
}

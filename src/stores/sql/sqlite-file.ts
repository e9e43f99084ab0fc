// Where the embedded store keeps its database, and what its failures to open one mean.

import { fileURLToPath } from 'node:url'

export const DATABASE_FILE = 'weighbridge.sqlite'

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations/sqlite/', import.meta.url))

export function openingWords(thrown: unknown, directory: string): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const code = 'code' in thrown ? String(thrown.code) : ''
  if (code.startsWith('SQLITE_BUSY'))
    return `the data directory ${directory} is in use by another Weighbridge process; two may not share one`
  return code === 'SQLITE_FULL' ? `no space is left for the data directory ${directory}` : thrown.message
}

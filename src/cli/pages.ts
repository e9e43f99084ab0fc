// Follows the pages of a list to its end.

import type { AdminClient, Json, Query } from './client.ts'

const MOST_PAGES = 10_000

export async function allPages(admin: AdminClient, path: string, member: string, query: Query = {}): Promise<Json[]> {
  const rows: Json[] = []
  let cursor: string | undefined
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await admin.ask('GET', path, { query: { ...query, limit: 1_000, cursor } })
    rows.push(...rowsOf(answer[member]))
    if (typeof answer.next_cursor !== 'string') break
    cursor = answer.next_cursor
  }
  return rows
}

export const rowsOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : [])

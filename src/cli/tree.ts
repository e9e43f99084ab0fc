// Tenants as the tree that they are.

import type { Json } from './client.ts'

/** Parents before children, each with its depth; whose parent is not in the list is a root. */
export function treeOf(tenants: readonly Json[]): readonly { readonly node: Json; readonly depth: number }[] {
  const ids = new Set(tenants.map(({ id }) => id))
  const below = Map.groupBy(tenants, ({ parent_id }) => (ids.has(parent_id) ? parent_id : null))
  const rows: { node: Json; depth: number }[] = []
  const add = (parent: unknown, depth: number): void => {
    for (const node of below.get(parent) ?? []) {
      rows.push({ node, depth })
      add(node.id, depth + 1)
    }
  }
  add(null, 0)
  return rows
}

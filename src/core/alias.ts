// Aliases: names of a tenant's own, or of everybody, for a model id that changes with time; the port through which they are kept.

/** No model id looks like one: those have a dot or are ARNs. So no alias can stand for another. */
export const ALIAS_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** Targets of one alias, those of the past among them. */
export const ALIAS_TARGETS_LIMIT = 100
export const ALIASES_LIMIT = 10_000

export type AliasTarget = {
  readonly modelId: string
  /** from then on, ISO 8601 */
  readonly from: string
}

export type Alias = {
  readonly name: string
  /** it and everyone below it; null: everybody */
  readonly tenantId: string | null
  /** by time, no two of one time */
  readonly targets: readonly AliasTarget[]
  readonly createdAt: string
}

export interface AliasStore {
  /** Creates or replaces; StoreConflict when there is no such tenant. */
  putAlias(alias: Alias): Promise<void>
  getAlias(tenantId: string | null, name: string): Promise<Alias | null>
  /** Everybody's first, then by tenant; of each by name. */
  listAliases(): Promise<readonly Alias[]>
  deleteAlias(tenantId: string | null, name: string): Promise<boolean>
}

/** The target that holds at a time; null: none yet. */
export const targetAt = ({ targets }: Alias, at: number): AliasTarget | null =>
  targets.findLast(({ from }) => Date.parse(from) <= at) ?? null

/** With one more target, which takes the place of another of the same time. */
export function withTarget({ targets, ...alias }: Alias, target: AliasTarget): Alias {
  const others = targets.filter(({ from }) => from !== target.from)
  return { ...alias, targets: [...others, target].toSorted((one, other) => (one.from < other.from ? -1 : 1)) }
}

export type AliasTable = {
  /** The model id that the nearest tenant of the chain, or else everybody, has for a name; null: the name is none. */
  modelIdOf(name: string, tenantIds: readonly string[], at: number): string | null
  /** What those names mean now, by name. */
  allOf(tenantIds: readonly string[], at: number): readonly { readonly name: string; readonly modelId: string }[]
}

export function createAliasTable(aliases: readonly Alias[]): AliasTable {
  const byOwner = Map.groupBy(aliases, ({ tenantId }) => tenantId)
  const byName = new Map([...byOwner].map(([owner, own]) => [owner, new Map(own.map((alias) => [alias.name, alias]))]))
  const modelIdOf: AliasTable['modelIdOf'] = (name, tenantIds, at) => {
    for (const owner of [...tenantIds, null]) {
      const alias = byName.get(owner)?.get(name)
      const target = alias === undefined ? null : targetAt(alias, at)
      if (target !== null) return target.modelId
    }
    return null
  }
  return {
    modelIdOf,
    allOf(tenantIds, at) {
      const names = new Set([...tenantIds, null].flatMap((owner) => [...(byName.get(owner)?.keys() ?? [])]))
      return [...names].toSorted().flatMap((name) => {
        const modelId = modelIdOf(name, tenantIds, at)
        return modelId === null ? [] : [{ name, modelId }]
      })
    },
  }
}

// Answers that the upstream keeps for later: whose each is and where, so that nobody but its tenant can read it or go on from it.

export type KeptIds = {
  readonly ids: readonly string[]
  readonly region: string
  readonly now: number
  /** after this it is not kept any more */
  readonly until: number
}

export interface KeptAnswerStore {
  /** Durable when it resolves. An id that is somebody's already stays theirs. Forgets what is over by now, of whomever. */
  keep(tenantId: string, kept: KeptIds): Promise<void>
  /** Where the tenant's own answer of that id is; null: it has none. */
  regionOf(tenantId: string, id: string): Promise<string | null>
  /** How many of the ids are answers of the tenant in that region. */
  countOf(tenantId: string, ids: readonly string[], region: string): Promise<number>
  forget(tenantId: string, id: string): Promise<void>
}

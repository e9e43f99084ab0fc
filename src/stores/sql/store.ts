// Everything that is kept, behind one object, over Kysely and whatever engine stands behind it.

import type { AlertStore } from '../../core/alert-delivery.ts'
import type { AliasStore } from '../../core/alias.ts'
import type { EndpointStore } from '../../core/endpoint.ts'
import type { AuditOrigin, AuditStore } from '../../core/audit.ts'
import type { KeptAnswerStore } from '../../core/kept-answer.ts'
import type { LedgerStore } from '../../core/ledger.ts'
import type { PlanStore } from '../../core/plan.ts'
import type { PriceStore } from '../../core/price-book.ts'
import type { RollupStore } from '../../core/rollup.ts'
import type { TenantStore } from '../../core/tenant.ts'
import type { SettingStore } from './settings.ts'

/** What the control plane changes. */
export type ChangedStores = {
  readonly tenants: TenantStore
  readonly plans: PlanStore
  readonly aliases: AliasStore
  readonly endpoints: EndpointStore
  readonly prices: PriceStore
  readonly alerts: AlertStore
}

/** What is changed through its own tenants, plans, aliases, endpoints, prices and alerts stands in the audit trail as changed by the gateway itself. */
export type Store = ChangedStores & {
  readonly ledger: LedgerStore
  readonly rollups: RollupStore
  readonly settings: SettingStore
  readonly keptAnswers: KeptAnswerStore
  readonly audit: AuditStore
  /** The same tenants, plans, aliases, endpoints, prices and alerts; what is changed through these stands in the audit trail as theirs who ask. */
  changesBy(origin: AuditOrigin): ChangedStores
  /** Moves with every write of tenants, keys, plans, aliases, endpoints, prices and alert rules; cheap to ask. */
  changeCounter(): Promise<number>
  /** Proves the tables, every checksum, every rollup and the audit trail; one sentence for each problem. */
  check(): Promise<readonly string[]>
  /** Writes a sound copy into a new file while the store goes on: all entries of one moment with their rollups. */
  backup(file: string): Promise<void>
  stats(): StoreStats
  /** Refuses new entries, finishes what is under way, lets go of the data directory. */
  close(): Promise<void>
}

export type StoreStats = {
  /** entries that wait for their batch or are in it */
  readonly queuedEntries: number
  readonly batches: number
  readonly appendedEntries: number
  /** why the store takes nothing any more; null while it works */
  readonly broken: string | null
}

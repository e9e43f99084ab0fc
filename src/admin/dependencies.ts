// What the control plane is given: ports, clocks and the few things that only the running process knows.

import type { AlertStore, AlertTarget, TargetSettings } from '../core/alert-delivery.ts'
import type { AliasStore } from '../core/alias.ts'
import type { EndpointStore } from '../core/endpoint.ts'
import type { AuditOrigin, AuditStore } from '../core/audit.ts'
import type { RecentCall } from '../core/call-log.ts'
import type { LedgerStore } from '../core/ledger.ts'
import type { ModelLifecycle, Routing } from '../core/model.ts'
import type { PicoUsd } from '../core/money.ts'
import type { PlanStore } from '../core/plan.ts'
import type { Price, PriceBook, PriceStore } from '../core/price-book.ts'
import type { RefusedCall } from '../core/refused-call.ts'
import type { CounterDifference, Hold, LimitStatus } from '../core/reservation.ts'
import type { RollupStore } from '../core/rollup.ts'
import type { TenantScope, TenantStore } from '../core/tenant.ts'
import type { Window } from '../core/window.ts'
import type { Caller } from './caller.ts'

/** What a request changes things through; the audit trail says that it was this request. */
export type ChangingDependencies = {
  readonly tenants: TenantStore
  readonly plans: PlanStore
  readonly aliases: AliasStore
  readonly endpoints: EndpointStore
  readonly prices: PriceStore
  readonly alerts: AlertStore
  readonly jobs: AdminJobs
}

export type AdminDependencies = ChangingDependencies & {
  readonly audit: AuditStore
  readonly changesBy: (origin: AuditOrigin) => ChangingDependencies
  readonly alertTargets: AlertTargetTools
  readonly ledger: LedgerStore
  readonly rollups: RollupStore
  /** hex SHA-256 of the admin token */
  readonly adminTokenHash: string
  readonly now: () => number
  readonly newId: () => string
  readonly randomBytes: (count: number) => Buffer
  readonly deriveSecretAccessKey: (accessKeyId: string) => string
  /** the snapshot that calls are rated from now */
  readonly priceBook: () => PriceBook
  /** Something was written: resolves when the data plane works with it. */
  readonly changed: () => void | Promise<void>
  /** the models that this version knows, whether or not they have a price */
  readonly models: () => readonly KnownModel[]
  /** the dialects that calls may come in */
  readonly surfaces: readonly string[]
  /** keys of the request metadata that are kept, so that limits can tell calls apart by them */
  readonly metadataKeys: readonly string[]
  /** where a model is in its life, by what Bedrock has said last; null: nothing is known */
  readonly lifecycleOf: (baseModel: string) => ModelLifecycle | null
  /** the counters of the limits that stand on a tenant and its keys; without one, of all */
  readonly limitStatuses: (tenantId?: string) => Promise<readonly LimitStatus[]>
  /** what is set aside for a call that still runs; null: it does not run here */
  readonly runningHold: (requestId: string) => Hold | null
  /** what is known of a call that was refused; null: it was not, or no longer known */
  readonly refusedCall: (requestId: string) => RefusedCall | null
  /** the last calls through path routers, newest first; of one router, or of all */
  readonly recentCalls: (count: number, routerPath: string | null) => readonly RecentCall[]
  /** Reads an AWS Price List file; RangeError says why it is none. */
  readonly readPriceList: (file: Buffer) => PriceListReading | Promise<PriceListReading>
  /** Hears of everything that was answered with 500. */
  readonly onFailure: (thrown: unknown, requestId: string) => void
  /** Which tenants a caller may see; absent: operators see all, and there are no others yet. */
  readonly scopeOf?: (caller: Caller) => TenantScope
}

export type AlertTargetTools = {
  /** What can be told to be wrong before anything is sent; null: nothing. The URL of a target whose URL is its secret comes beside it. */
  readonly problemOf: (
    settings: TargetSettings,
    secretUrl: string | null,
  ) => { readonly field: string; readonly message: string } | null
  readonly seal: (secret: string, targetId: string) => string
}

export type AdminJobs = {
  /** Writes correcting entries where the price book of now says another cost than the ledger. */
  readonly rerate: (options: RerateOptions) => Promise<RerateOutcome>
  /** Rates the calls that had no price, as far as they have one now. */
  readonly ratePreviouslyUnpriced: () => Promise<{ readonly rated: number; readonly stillUnpriced: number }>
  readonly rebuildRollups: RollupStore['rebuild']
  /** Where the counters of limits are not what the ledger says; with `repair`, they are put right. */
  readonly verifyCounters: (repair: boolean) => Promise<readonly CounterDifference[]>
  /** RangeError: the date is none, or has not begun. null: the day before the running one. */
  readonly closeDay: (date: string | null) => Promise<DayClosing>
  /** Sends a test; null: it was taken, else why not. */
  readonly testAlertTarget: (target: AlertTarget) => Promise<string | null>
  /** One sentence for each problem of what is stored; none: all is well. */
  readonly checkStore: () => Promise<readonly string[]>
}

export type DayClosing = {
  readonly date: string
  readonly window: Window
  readonly state: string
  readonly files: readonly string[]
  readonly rows: readonly unknown[]
}

export type RerateOptions = {
  /** milliseconds since the epoch, by when the calls began; half-open */
  readonly from: number
  readonly to: number
  readonly modelId?: string
  readonly tenantId?: string
  readonly dryRun: boolean
}

export type RerateOutcome = {
  readonly entriesRead: number
  readonly corrections: number
  /** sum of the corrections; what unpriced calls now cost is in it */
  readonly difference: PicoUsd
  readonly priceVersion: number
  /** entries that have no price, or no usage, as before */
  readonly stillUnpriced: number
}

export type KnownModel = {
  readonly baseModel: string
  readonly name: string | null
  readonly maker: string | null
  readonly lifecycle: 'active' | 'legacy' | 'retired' | null
  /** ISO 8601 date; null: none is announced */
  readonly endOfLifeOn: string | null
  readonly contextTokens: number | null
  readonly maxOutputTokens: number | null
  /** how it is reached; absent: not known */
  readonly routings?: readonly Routing[]
  /** ids of the inference profiles that route to it ("us.…", "global.…") */
  readonly profiles: readonly string[]
}

export type PriceListReading = {
  readonly prices: readonly Price[]
  /** when AWS published the list, ISO 8601; null: it does not say */
  readonly publishedAt: string | null
  /** rows that were not understood, by reason */
  readonly skipped: readonly { readonly reason: string; readonly count: number; readonly example: string }[]
}

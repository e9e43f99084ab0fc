// What limits count, read from the ledger: whole hours from the rollups, the rest from the entries themselves.

import { standInCost } from '../core/budgeting.ts'
import type { Directory } from '../core/directory.ts'
import type { LedgerEntry, LedgerStore } from '../core/ledger.ts'
import { EVERYBODY, type Limit, type ScopedLimit } from '../core/limit.ts'
import {
  amountOf,
  baseModelAtStart,
  consumptionOf,
  inScope,
  splitValueOf,
  type LimitedCall,
} from '../core/limit-count.ts'
import type { Tier } from '../core/model.ts'
import type { CountQuestion, LedgerCounts, LeftOut } from '../core/reservation.ts'
import { HOUR_MILLISECONDS, type RollupKey, type RollupRow, type RollupStore } from '../core/rollup.ts'
import { ALL_TENANTS, type TenantScope } from '../core/tenant.ts'
import type { Quantities } from '../core/usage.ts'

export type CountLedgerDependencies = {
  readonly ledger: LedgerStore
  readonly rollups: RollupStore
  readonly directory: Pick<Directory, 'tenantIds' | 'tenantIdsOf' | 'firstKeyId' | 'fallbackPriceOf'>
  readonly burnRateOf: (baseModel: string | null) => number
  /** no call runs, and none begins before the answer: sums then hold also for the running hour */
  readonly idle: boolean
}

export function countLedger(dependencies: CountLedgerDependencies): LedgerCounts {
  return async (questions, leftOut) => {
    for (;;) {
      const from = dependencies.idle ? Number.POSITIVE_INFINITY : leftOut.from
      const counts = await new Count(dependencies, questions, { calls: leftOut, from }).read()
      // A correction of an older call may have begun meanwhile, and the sums of its hour may hold it or not.
      if (dependencies.idle || leftOut.from >= from) return counts
    }
  }
}

type Range = { readonly from: number; readonly to: number }

/** `hours`: what of its window is read as sums; null: nothing. */
type Asked = CountQuestion & { readonly hours: Range | null; readonly counts: Map<string, bigint> }

class Count {
  readonly #dependencies: CountLedgerDependencies
  readonly #leftOut: LeftOut
  readonly #scope: TenantScope
  readonly #asked: readonly Asked[]
  readonly #byOwner: ReadonlyMap<string, readonly Asked[]>

  constructor(
    dependencies: CountLedgerDependencies,
    questions: readonly CountQuestion[],
    leftOut: { readonly calls: LeftOut; readonly from: number },
  ) {
    this.#dependencies = dependencies
    this.#leftOut = leftOut.calls
    this.#scope = scopeOf(questions, dependencies.directory)
    this.#asked = questions.map(({ scoped, from, to: end }) => {
      const to = Math.min(end, FAR_OFF)
      const hours = wholeHours({ from, to: Math.min(to, leftOut.from) })
      return { scoped, from, to, hours, counts: new Map<string, bigint>() }
    })
    this.#byOwner = Map.groupBy(this.#asked, ({ scoped }) => ownerOf(scoped))
  }

  async read(): Promise<readonly ReadonlyMap<string, bigint>[]> {
    const hours = new Map<string, Range>()
    for (const { hours: range } of this.#asked) if (range !== null) hours.set(nameOf(range), range)
    for (const range of hours.values()) await this.#addSums(range)
    for (const range of united(this.#asked.flatMap(besideHours))) await this.#addEntries(range)
    const isBudget = ({ scoped }: Asked): boolean => scoped.limit.kind === 'cost'
    for (const range of united(this.#asked.filter(isBudget))) await this.#addStandIns(range)
    return this.#asked.map(({ counts }) => counts)
  }

  /** Calls without a cost count as what their plan assumes, or as what was held for them, until a correction rates them. */
  async #addStandIns(range: Range): Promise<void> {
    const { ledger, directory } = this.#dependencies
    for await (const batch of ledger.scan(this.#scope, { ...range, unpricedOnly: true })) {
      for (const entry of batch) {
        const cost = standInOf(entry, directory)
        if (cost === 0n || this.#leftOut.has(entry.requestId)) continue
        const isAsked = (asked: Asked): boolean => isIn(asked, entry.startedAt)
        this.#add(callOf(entry, directory), isAsked, (limit) => (limit.kind === 'cost' ? cost : 0n))
      }
    }
  }

  async #addSums(range: Range): Promise<void> {
    const { rollups, directory, burnRateOf } = this.#dependencies
    const name = nameOf(range)
    const isAsked = ({ hours }: Asked): boolean => hours !== null && nameOf(hours) === name
    for (const row of await rollups.query(this.#scope, { ...range, groupBy: keysFor(this.#asked) })) {
      const call = callOfRow(row, directory)
      const cost = row.inputCost + row.outputCost
      const used = consumptionOf(numbersOf(row), { burnRate: burnRateOf(call.baseModel), cost })
      this.#add(call, isAsked, (limit) => (limit.kind === 'requests' ? row.calls : amountOf(limit, used)))
    }
  }

  async #addEntries(range: Range): Promise<void> {
    const { ledger, directory, burnRateOf } = this.#dependencies
    for await (const batch of ledger.scan(this.#scope, range)) {
      for (const entry of batch) {
        if (this.#leftOut.has(entry.requestId)) continue
        const call = callOf(entry, directory)
        const used = consumptionOf(entry.usage?.quantities ?? {}, {
          burnRate: burnRateOf(call.baseModel),
          cost: entry.cost,
        })
        const isAsked = (asked: Asked): boolean => besideHours(asked).some((part) => isIn(part, entry.startedAt))
        const isCorrection = entry.ending === 'correction'
        this.#add(call, isAsked, (limit) => (isCorrection && limit.kind !== 'cost' ? 0n : amountOf(limit, used)))
      }
    }
  }

  #add(call: LimitedCall, isAsked: (asked: Asked) => boolean, amount: (limit: Limit) => bigint): void {
    for (const owner of [
      `key ${call.keyId}`,
      ...[...call.tenantIds, EVERYBODY].map((tenantId) => `tenant ${tenantId}`),
    ]) {
      for (const asked of this.#byOwner.get(owner) ?? []) {
        const { scoped, counts } = asked
        if (!isAsked(asked) || !inScope(scoped.limit, call)) continue
        const value = splitValueOf(scoped.limit, call)
        counts.set(value, (counts.get(value) ?? 0n) + amount(scoped.limit))
      }
    }
  }
}

/** What budgets count for a call of which the cost is not known. */
export const standInOf = (entry: LedgerEntry, directory: Pick<Directory, 'fallbackPriceOf'>): bigint =>
  standInCost(directory.fallbackPriceOf(entry.tenantId), entry.usage?.quantities ?? null) ?? entry.heldCost ?? 0n

const ownerOf = ({ ownerKeyId, ownerTenantId }: ScopedLimit): string =>
  ownerKeyId === null ? `tenant ${ownerTenantId}` : `key ${ownerKeyId}`

/** Where a window has no end, its sums are asked until then. */
const FAR_OFF = Date.UTC(2200, 0, 1)

const nameOf = ({ from, to }: Range): string => `${from} ${to}`
const isIn = ({ from, to }: Range, at: number): boolean => at >= from && at < to

function wholeHours({ from, to }: Range): Range | null {
  const first = Math.ceil(from / HOUR_MILLISECONDS) * HOUR_MILLISECONDS
  const last = Math.floor(to / HOUR_MILLISECONDS) * HOUR_MILLISECONDS
  return first < last ? { from: first, to: last } : null
}

/** What of a window the sums do not answer. */
function besideHours({ from, to, hours }: Asked): readonly Range[] {
  if (hours === null) return [{ from, to }]
  return [
    { from, to: hours.from },
    { from: hours.to, to },
  ].filter((part) => part.from < part.to)
}

/** The same moments in ranges that do not overlap. */
function united(ranges: readonly Range[]): readonly Range[] {
  const found: { from: number; to: number }[] = []
  for (const { from, to } of [...ranges].sort((left, right) => left.from - right.from)) {
    const last = found.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else found.push({ from, to })
  }
  return found
}

/** The tenants whose calls can count, where these are few; a key may act for any tenant. */
function scopeOf(questions: readonly CountQuestion[], directory: CountLedgerDependencies['directory']): TenantScope {
  const owners = new Set(questions.map(({ scoped }) => scoped.ownerTenantId))
  if (owners.size > MOST_OWNERS || owners.has(EVERYBODY) || questions.some(({ scoped }) => scoped.ownerKeyId !== null))
    return ALL_TENANTS
  const tenantIds = directory.tenantIds.filter((id) => directory.tenantIdsOf(id).some((above) => owners.has(above)))
  return tenantIds.length > MOST_TENANTS ? ALL_TENANTS : { kind: 'tenants', tenantIds }
}

const MOST_OWNERS = 20
const MOST_TENANTS = 200

/** The fewest columns that tell apart what any of the limits tells apart. */
const keysFor = (asked: readonly Asked[]): RollupKey[] => [
  'tenant',
  ...TELLING.filter(([, isTold]) => asked.some(({ scoped }) => isTold(scoped))).map(([key]) => key),
]

const asksModel = ({ limit }: ScopedLimit): boolean => limit.burnDown || limit.scope?.models !== undefined

const TELLING: readonly (readonly [key: RollupKey, isTold: (scoped: ScopedLimit) => boolean])[] = [
  ['key', ({ ownerKeyId }) => ownerKeyId !== null],
  ['model', asksModel],
  ['base_model', asksModel],
  ['tier', ({ limit }) => limit.scope?.tiers !== undefined],
  ['surface', ({ limit }) => limit.scope?.surfaces !== undefined],
  ['metadata', ({ limit }) => limit.splitBy !== null || limit.scope?.metadata !== undefined],
]

function callOfRow({ group }: RollupRow, directory: CountLedgerDependencies['directory']): LimitedCall {
  const { tenant = '', key = '', model = '', base_model = '', tier = 'standard', surface = '', metadata = '{}' } = group
  return {
    requestId: '',
    tenantIds: directory.tenantIdsOf(tenant),
    keyId: directory.firstKeyId(key),
    modelId: model,
    baseModel: baseModelAtStart(model, base_model === '' ? null : base_model),
    tier: tier as Tier,
    surface,
    metadata: JSON.parse(metadata) as Record<string, string>,
  }
}

/** The call of an entry, as limits saw it. */
export function callOf(
  entry: LedgerEntry,
  directory: Pick<CountLedgerDependencies['directory'], 'tenantIdsOf' | 'firstKeyId'>,
): LimitedCall {
  const { requestId, tenantId, keyId, modelId, baseModel, tier, surface, metadata } = entry
  return {
    requestId,
    tenantIds: directory.tenantIdsOf(tenantId),
    keyId: directory.firstKeyId(keyId),
    modelId,
    baseModel: baseModelAtStart(modelId, baseModel),
    tier,
    surface,
    metadata,
  }
}

function numbersOf({ quantities }: RollupRow): Quantities {
  return Object.fromEntries(Object.entries(quantities).map(([name, sum]) => [name, Number(sum)]))
}

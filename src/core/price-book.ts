// The price book: dated prices, who overrides whom, and the immutable snapshot that calls are rated from.

import type { Routing, Tier } from './model.ts'
import { formatPicoUsd, parsePicoUsd, picoUsd, scaleUnitPrice, type PicoUsd } from './money.ts'
import { DIMENSIONS, type Dimension } from './usage.ts'

/**
 * One dated price. It holds from `effectiveFrom` (inclusive) to `effectiveTo` (exclusive; null: open).
 * `region` "*" is any region; `routing` "*" any routing; `variant` "" is any variant; `contextAbove` 0 is the base step, n applies to the
 * whole call when more than n tokens were read. `tenantId` null is the list price; else that tenant's own.
 */
export type Price = {
  readonly baseModel: string
  readonly region: string
  readonly routing: Routing | '*'
  readonly tier: Tier
  readonly contextAbove: number
  readonly dimension: Dimension
  readonly variant: string
  readonly tenantId: string | null
  /** pico-USD for one unit (one token, one image, one second) */
  readonly unitPrice: PicoUsd
  readonly effectiveFrom: string
  readonly effectiveTo: string | null
  readonly source: string
}

/** A percentage on list prices for one tenant: 9000 basis points is ten percent off. Own prices of the tenant go before it. */
export type PriceAdjustment = {
  readonly tenantId: string
  readonly basisPoints: number
  readonly effectiveFrom: string
  readonly effectiveTo: string | null
}

/** What capacity costs that is paid for by the hour, used or not: a SageMaker endpoint, provisioned throughput. Begins and ends on the hour. */
export type HourlyPrice = {
  /** the id that is called: "sagemaker.<id>", or the ARN of provisioned throughput */
  readonly modelId: string
  /** pico-USD for one instance, or one model unit, for one hour */
  readonly unitPrice: PicoUsd
  /** instances, or model units */
  readonly units: number
  /** who pays for hours in which nobody called; null: they are shown, and nobody pays */
  readonly idleTenantId: string | null
  readonly effectiveFrom: string
  readonly effectiveTo: string | null
  readonly source: string
}

/** A change to the book: stored whole, never edited. `version` counts up from 1 without gaps. */
export type PriceVersion = {
  readonly version: number
  readonly createdAt: string
  readonly author: string
  readonly note: string
  readonly prices: readonly Price[]
  readonly adjustments: readonly PriceAdjustment[]
  /** absent: none */
  readonly hourly?: readonly HourlyPrice[]
}

export interface PriceStore {
  /** Appends a version holding these changes and returns its number. A price with the key and effectiveFrom of an older one replaces it. */
  appendVersion(change: Omit<PriceVersion, 'version'>): Promise<number>
  /** All versions with number > after, in order. */
  versionsAfter(after: number): Promise<readonly PriceVersion[]>
}

/** What a price is looked up by. `at` is when the call began (milliseconds since the epoch). */
export type PriceQuestion = {
  readonly baseModel: string
  readonly routing: Routing
  readonly region: string
  readonly tier: Tier
  readonly contextTokens: number
  readonly variant: string
  readonly tenantId: string
  readonly at: number
}

/** A price that answers a question. `unitPrice` has the tenant's percentage in it, where one applies. */
export type FoundPrice = { readonly price: Price; readonly version: number; readonly unitPrice: PicoUsd }

/** One price as indexed: its period in milliseconds, the version that brought it. */
type Row = FoundPrice & Period
export type Period = { readonly from: number; readonly to: number }
/** variant → rows, of one routing of one region of one dimension */
type Variants = Map<string, Row[]>
/** region → routing → variants */
type Cells = Map<string, Map<string, Variants>>
/** Prices of one model and tier, and the counts of tokens read at which they may change. */
type TierPrices = { readonly dimensions: Map<Dimension, DimensionPrices>; readonly stops: number[] }
type DimensionPrices = { readonly cells: Cells; readonly variants: Set<string> }
type Tree = Map<string, Map<Tier, TierPrices>>
export type HourlyRow = { readonly price: HourlyPrice; readonly version: number } & Period
type AdjustmentRow = { readonly basisPoints: number; readonly version: number } & Period

/** The most that a unit can cost one kind of call, right for calls that begin in the period. */
export type UnitBounds = Period & {
  /** Whether there is any price of the dimension for this model and tier. */
  isBilled(dimension: Dimension): boolean
  /**
   * The highest price of a unit of any of the dimensions, at any long-context step up to `tokens` read; null: none has a price.
   * `dimensions` is a constant of the caller's: the answer is kept under it.
   */
  dearest(dimensions: readonly Dimension[], tokens: number, variant: string): bigint | null
}

/** An immutable snapshot of all prices. Built once for each change; read only through the functions of this file. */
export type PriceBook = {
  /** the newest version in it; 0 when empty */
  readonly version: number
  readonly versions: readonly PriceVersion[]
  readonly list: Tree
  readonly own: ReadonlyMap<string, Tree>
  readonly adjustments: ReadonlyMap<string, readonly AdjustmentRow[]>
  /** by model id, the latest start first */
  readonly hourly: ReadonlyMap<string, readonly HourlyRow[]>
  /** what was worked out from this book and is kept as long as it (unit-bounds.ts) */
  readonly unitBounds: Map<string, UnitBounds>
}

/** Guardrail units cost the same whatever the model: they are priced under this name, tier standard. */
export const GUARDRAIL_BASE_MODEL = 'amazon.bedrock-guardrails'

const ONLY_BASE: readonly number[] = [0]
const NO_VARIANTS: ReadonlySet<string> = new Set()

/** Builds a book from versions in ascending order. A later price with the key and effectiveFrom of an earlier one replaces it. */
export function buildPriceBook(versions: readonly PriceVersion[]): PriceBook {
  const rows = new Map<string, Row>()
  const adjusted = new Map<string, Map<number, AdjustmentRow>>()
  const byHour = new Map<string, Map<number, HourlyRow>>()
  let newest = 0
  for (const { version, prices, adjustments, hourly = [] } of versions) {
    if (version <= newest) throw new RangeError(`price version ${version} comes after version ${newest}`)
    newest = version
    for (const price of prices) {
      const period = periodOf(price)
      rows.set(`${priceKey(price)}|${period.from}`, { price, version, unitPrice: price.unitPrice, ...period })
    }
    for (const adjustment of adjustments) {
      const period = periodOf(adjustment)
      const row = { basisPoints: adjustment.basisPoints, version, ...period }
      entryOf(adjusted, adjustment.tenantId, () => new Map()).set(period.from, row)
    }
    for (const price of hourly) {
      const period = periodOf(price)
      entryOf(byHour, price.modelId, () => new Map()).set(period.from, { price, version, ...period })
    }
  }
  const { list, own } = plant(rows.values())
  const [adjustments, hourly] = [latestFirst(adjusted), latestFirst(byHour)]
  return { version: newest, versions: [...versions], list, own, adjustments, hourly, unitBounds: new Map() }
}

/** A new book with further versions; the given one stays as it is. */
export function extendPriceBook(book: PriceBook, versions: readonly PriceVersion[]): PriceBook {
  return buildPriceBook([...book.versions, ...versions])
}

/**
 * The price of one unit, or null: nobody knows it. Precedence, most binding first: the tenant's own price before the list price (with
 * the tenant's percentage) · the exact region before any · the exact routing before any · the exact variant before any · the
 * highest long-context step below the tokens read · the latest start. A price that has ended does not count, so one with an end
 * lies over an open one and gives way to it again. The tier is never traded for another: a tier without a price is unknown.
 */
export function findPrice(book: PriceBook, question: PriceQuestion, dimension: Dimension): FoundPrice | null {
  const own = book.own.get(question.tenantId)
  const found = own === undefined ? null : findIn(own, question, dimension)
  if (found !== null) return found
  const listed = findIn(book.list, question, dimension)
  if (listed === null) return null
  const adjustment = adjustmentAt(book, question.tenantId, question.at)
  if (adjustment === null) return listed
  return {
    price: listed.price,
    version: Math.max(listed.version, adjustment.version),
    unitPrice: scaleUnitPrice(listed.unitPrice, BigInt(adjustment.basisPoints)),
  }
}

/** The counts of tokens read at which some price of this model and tier may change: 0 and one above each long-context step. */
export function contextStops(book: PriceBook, question: PriceQuestion): readonly number[] {
  const own = tierIn(book.own.get(question.tenantId), question, 'input_tokens')?.stops
  const listed = tierIn(book.list, question, 'input_tokens')?.stops
  if (own === undefined) return listed ?? ONLY_BASE
  return listed === undefined ? own : [...own, ...listed]
}

/** The variants that the book knows of a dimension of this model and tier, "" for a price of any; empty: it is not billed by it. */
export function variantsOf(book: PriceBook, question: PriceQuestion, dimension: Dimension): ReadonlySet<string> {
  const own = tierIn(book.own.get(question.tenantId), question, dimension)?.dimensions.get(dimension)?.variants
  const listed = tierIn(book.list, question, dimension)?.dimensions.get(dimension)?.variants
  return own === undefined ? (listed ?? NO_VARIANTS) : new Set([...own, ...(listed ?? NO_VARIANTS)])
}

/** The stretch of time around `at` in which no price of this model and tier begins or ends, nor the tenant's percentage. */
export function steadyPeriod(book: PriceBook, question: Omit<PriceQuestion, 'contextTokens' | 'variant'>): Period {
  const { baseModel, tier, tenantId, at } = question
  let from = Number.NEGATIVE_INFINITY
  let to = Number.POSITIVE_INFINITY
  const meet = (edge: number): void => {
    if (edge <= at && edge > from) from = edge
    if (edge > at && edge < to) to = edge
  }
  const meetAll = (rows: readonly Period[]): void => {
    for (const row of rows) {
      meet(row.from)
      meet(row.to)
    }
  }
  for (const tree of [book.list, book.own.get(tenantId)]) {
    for (const prices of [tree?.get(baseModel)?.get(tier), tree?.get(GUARDRAIL_BASE_MODEL)?.get('standard')]) {
      if (prices !== undefined) for (const slot of slotsOf([prices])) meetAll(slot)
    }
  }
  meetAll(book.adjustments.get(tenantId) ?? [])
  return { from, to }
}

/** Whether a price that this tenant pays can differ from the list's. */
export const paysListPrices = (book: PriceBook, tenantId: string): boolean =>
  !book.own.has(tenantId) && !book.adjustments.has(tenantId)

/** Every price in the book, replaced ones left out; with `at`, only those that a call beginning then would be rated by. */
export function listPrices(
  book: PriceBook,
  filter: { readonly baseModel?: string; readonly at?: number } = {},
): readonly FoundPrice[] {
  const listed: Row[] = []
  for (const tree of [book.list, ...book.own.values()]) {
    for (const [baseModel, tiers] of tree) {
      if (filter.baseModel !== undefined && filter.baseModel !== baseModel) continue
      for (const slot of slotsOf(tiers.values()))
        listed.push(...(filter.at === undefined ? slot : rowsAt(slot, filter.at)))
    }
  }
  return listed
}

/** Everything that tells one price from another, except when it begins. */
export function priceKey(price: Price): string {
  const { baseModel, region, routing, tier, contextAbove, dimension, variant, tenantId } = price
  return JSON.stringify([baseModel, region, routing, tier, contextAbove, dimension, variant, tenantId])
}

/** Milliseconds of an ISO 8601 UTC date ("2026-08-21") or time ("2026-08-21T00:00:00Z"); null for anything else. */
export function parseInstant(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{3})?)?Z)?$/.test(text)) return null
  const parsed = Date.parse(text)
  // Date.parse turns 30 February into 2 March.
  return Number.isNaN(parsed) || new Date(parsed).toISOString().slice(0, 10) !== text.slice(0, 10) ? null : parsed
}

const PICO_PER_MILLIONTH = 1_000_000n

/**
 * A price as people write it: USD per 1M of the dimension (tokens), or per one (images, seconds, searches). "3" for tokens is 3 USD per
 * million. Throws RangeError when it is not a decimal or finer than one pico-USD for a unit.
 */
export function parseUnitPrice(text: string, dimension: Dimension): PicoUsd {
  const amount = parsePicoUsd(text)
  if (DIMENSIONS[dimension].per === 'unit') return amount
  if (amount % PICO_PER_MILLIONTH !== 0n) {
    throw new RangeError(`"${text}" USD per 1M is finer than 0.000001 USD per 1M, the smallest price that is kept`)
  }
  return picoUsd(amount / PICO_PER_MILLIONTH)
}

/** The exact inverse of parseUnitPrice: "0.0375" for tokens is USD per 1M. */
export function formatUnitPrice(unitPrice: PicoUsd, dimension: Dimension): string {
  return formatPicoUsd(DIMENSIONS[dimension].per === 'unit' ? unitPrice : picoUsd(unitPrice * PICO_PER_MILLIONTH))
}

/** A price's period in milliseconds, half-open. Throws RangeError on a date that is none. */
export function periodOf(dated: { readonly effectiveFrom: string; readonly effectiveTo: string | null }): Period {
  const from = parseInstant(dated.effectiveFrom)
  const to = dated.effectiveTo === null ? Number.POSITIVE_INFINITY : parseInstant(dated.effectiveTo)
  if (from === null || to === null) {
    throw new RangeError(`"${dated.effectiveFrom}" to "${dated.effectiveTo}" is not a period of ISO 8601 UTC dates`)
  }
  return { from, to }
}

function plant(rows: Iterable<Row>): { list: Tree; own: Map<string, Tree> } {
  const list: Tree = new Map()
  const own = new Map<string, Tree>()
  for (const row of rows) {
    const { baseModel, tier, dimension, region, routing, variant, tenantId, contextAbove } = row.price
    const tree = tenantId === null ? list : entryOf(own, tenantId, (): Tree => new Map())
    const tiers = entryOf(tree, baseModel, () => new Map<Tier, TierPrices>())
    const { dimensions, stops } = entryOf(tiers, tier, (): TierPrices => ({ dimensions: new Map(), stops: [0] }))
    const stop = contextAbove === 0 ? 0 : contextAbove + 1
    if (!stops.includes(stop)) stops.push(stop)
    const { cells, variants: known } = entryOf(dimensions, dimension, (): DimensionPrices => {
      return { cells: new Map(), variants: new Set() }
    })
    known.add(variant)
    const routings = entryOf(cells, region, () => new Map<string, Variants>())
    const variants = entryOf(routings, routing, (): Variants => new Map())
    const slot = entryOf(variants, variant, (): Row[] => [])
    slot.push(row)
    if (slot.length > 1) slot.sort((a, b) => b.price.contextAbove - a.price.contextAbove || laterFirst(a, b))
  }
  return { list, own }
}

function findIn(tree: Tree, question: PriceQuestion, dimension: Dimension): Row | null {
  const cells = tierIn(tree, question, dimension)?.dimensions.get(dimension)?.cells
  if (cells === undefined) return null
  return findByRouting(cells.get(question.region), question) ?? findByRouting(cells.get('*'), question)
}

function findByRouting(routings: Map<string, Variants> | undefined, question: PriceQuestion): Row | null {
  if (routings === undefined) return null
  return findByVariant(routings.get(question.routing), question) ?? findByVariant(routings.get('*'), question)
}

function findByVariant(variants: Variants | undefined, question: PriceQuestion): Row | null {
  if (variants === undefined) return null
  const exact = question.variant === '' ? null : findInSlot(variants.get(question.variant), question)
  return exact ?? findInSlot(variants.get(''), question)
}

/** The slot is sorted: highest step first, then latest start; so the first row that applies is the one. */
function findInSlot(slot: readonly Row[] | undefined, question: PriceQuestion): Row | null {
  if (slot === undefined) return null
  for (const row of slot) {
    const { contextAbove } = row.price
    if ((contextAbove === 0 || contextAbove < question.contextTokens) && isInEffect(row, question.at)) return row
  }
  return null
}

function tierIn(tree: Tree | undefined, question: PriceQuestion, dimension: Dimension): TierPrices | undefined {
  if (tree === undefined) return undefined
  return dimension.startsWith('guardrail_')
    ? tree.get(GUARDRAIL_BASE_MODEL)?.get('standard')
    : tree.get(question.baseModel)?.get(question.tier)
}

function adjustmentAt(book: PriceBook, tenantId: string, at: number): AdjustmentRow | null {
  return book.adjustments.get(tenantId)?.find((row) => isInEffect(row, at)) ?? null
}

function* slotsOf(tiers: Iterable<TierPrices>): Generator<readonly Row[]> {
  for (const { dimensions } of tiers) {
    for (const { cells } of dimensions.values()) {
      for (const routings of cells.values()) for (const variants of routings.values()) yield* variants.values()
    }
  }
}

/** Of each long-context step, the row that applies at a moment. */
function rowsAt(slot: readonly Row[], at: number): readonly Row[] {
  const inEffect = slot.filter((row) => isInEffect(row, at))
  return inEffect.filter((row, index) => inEffect[index - 1]?.price.contextAbove !== row.price.contextAbove)
}

export const isInEffect = (period: Period, at: number): boolean => period.from <= at && at < period.to

const latestFirst = <Dated extends Period>(rows: ReadonlyMap<string, ReadonlyMap<number, Dated>>) =>
  new Map([...rows].map(([id, byFrom]) => [id, [...byFrom.values()].toSorted(laterFirst)]))

const laterFirst = (a: Period, b: Period): number => b.from - a.from

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const existing = map.get(key)
  if (existing !== undefined) return existing
  const made = make()
  map.set(key, made)
  return made
}

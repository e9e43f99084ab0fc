// Re-rating: where the price book of now says another cost than the ledger, a correcting entry brings the sum to it; nothing is edited.

import { isChargedByHour } from '../core/hourly-price.ts'
import { LedgerConflict, type LedgerEntry, type LedgerFilter, type LedgerStore } from '../core/ledger.ts'
import { matchesModelGlob } from '../core/model.ts'
import { addUsd, subtractUsd, ZERO_USD, type PicoUsd } from '../core/money.ts'
import type { PriceBook } from '../core/price-book.ts'
import { rate } from '../core/rating.ts'
import { ALL_TENANTS } from '../core/tenant.ts'

export type RerateDependencies = {
  readonly ledger: LedgerStore
  readonly book: PriceBook
  readonly now: () => number
  /** hears how many entries were read so far */
  readonly onProgress?: (entriesRead: number) => void
}

export type RerateOptions = {
  /** milliseconds since the epoch, by when the calls began; half-open */
  readonly from: number
  readonly to: number
  /** asked of the id as sent and of the base model, as in allow lists */
  readonly modelGlob?: string
  readonly tenantId?: string
  readonly dryRun: boolean
}

export type RerateOutcome = {
  readonly entriesRead: number
  /** written, or with dryRun: that would be written */
  readonly corrections: number
  /** calls among them that had no cost until now */
  readonly rated: number
  /** sum of the corrections; what unpriced calls now cost is in it */
  readonly difference: PicoUsd
  readonly priceVersion: number
  /** calls that have no price, or no usage, as before */
  readonly stillUnpriced: number
}

/**
 * Afterwards each call's entry and its corrections sum up to what the book says the call costs; a second run writes nothing. A run that
 * breaks off can be repeated: ids of corrections follow from the call and the price version. A cost stays where the book knows none.
 */
export async function rerate(dependencies: RerateDependencies, options: RerateOptions): Promise<RerateOutcome> {
  const { from, to, modelGlob, tenantId, dryRun } = options
  const filter: LedgerFilter = { from, to, ...(tenantId === undefined ? {} : { tenantId }) }
  const chosen = (entry: LedgerEntry): boolean =>
    modelGlob === undefined || matchesModelGlob(modelGlob, entry.modelId, entry.baseModel)
  return correctEntries(dependencies, { filter, chosen, dryRun })
}

type Selection = {
  readonly filter: LedgerFilter
  readonly chosen: (entry: LedgerEntry) => boolean
  readonly dryRun: boolean
}

/** Calls whose corrections are looked up, and written, at once: enough to fill the store's batches, few enough to stay small. */
const AT_ONCE = 128

/** The one way to correct; rate-unpriced.ts uses it for calls without a cost. */
export async function correctEntries(dependencies: RerateDependencies, selection: Selection): Promise<RerateOutcome> {
  const { ledger, book, onProgress } = dependencies
  const outcome = { entriesRead: 0, corrections: 0, rated: 0, difference: ZERO_USD, stillUnpriced: 0 }
  for await (const batch of ledger.scan(ALL_TENANTS, selection.filter)) {
    const calls = batch.filter((entry) => entry.ending !== 'correction' && selection.chosen(entry))
    for (let start = 0; start < calls.length; start += AT_ONCE) {
      const slice = calls.slice(start, start + AT_ONCE)
      for (const result of await Promise.all(
        slice.map((entry) => correctEntry(dependencies, entry, selection.dryRun)),
      )) {
        if (result === 'unpriced') outcome.stillUnpriced += 1
        if (result === 'unpriced' || result === null) continue
        outcome.corrections += 1
        outcome.rated += result.ratesUnpriced ? 1 : 0
        outcome.difference = addUsd(outcome.difference, result.cost ?? ZERO_USD)
      }
    }
    outcome.entriesRead += calls.length
    onProgress?.(outcome.entriesRead)
  }
  return { ...outcome, priceVersion: book.version }
}

/** The correction that was, or would be, written; null: none is due; 'unpriced': the call has no cost and the book knows none. */
async function correctEntry(
  dependencies: RerateDependencies,
  entry: LedgerEntry,
  dryRun: boolean,
): Promise<LedgerEntry | 'unpriced' | null> {
  // Rating is deterministic: the version that rated a call would say the same again.
  if (entry.cost !== null && entry.priceVersion === dependencies.book.version) return null
  const correction = await dueCorrection(dependencies, entry)
  if (correction === null || correction === 'unpriced' || dryRun) return correction
  try {
    await dependencies.ledger.append(correction)
    return correction
  } catch (thrown) {
    // Another run wrote it in the meantime, at another moment: then nothing is due any more.
    if (thrown instanceof LedgerConflict && (await dueCorrection(dependencies, entry)) === null) return null
    throw thrown
  }
}

async function dueCorrection(
  { ledger, book, now }: RerateDependencies,
  entry: LedgerEntry,
): Promise<LedgerEntry | 'unpriced' | null> {
  const { baseModel, routing, region, tier, tenantId, startedAt } = entry
  const question = { baseModel: baseModel ?? '', routing, region, tier, tenantId, at: startedAt }
  // divide-hours.ts says what it costs
  if (isChargedByHour(book, { ...question, modelId: entry.modelId, baseModel })) return null
  const { cost, inputCost } = rate(book, question, entry.usage)
  const corrections = await ledger.correctionsOf(ALL_TENANTS, entry.requestId)
  const unrated = entry.cost === null && !corrections.some((correction) => correction.ratesUnpriced)
  if (cost === null || inputCost === null) return unrated ? 'unpriced' : null
  const soFar = [entry, ...corrections]
  const difference = subtractUsd(cost, sumOf(soFar.map((one) => one.cost)))
  const inputDifference = subtractUsd(inputCost, sumOf(soFar.map((one) => one.inputCost)))
  if (difference === 0n && inputDifference === 0n && !unrated) return null
  const { heldCost: _, ...call } = entry
  return {
    ...call,
    requestId: `${entry.requestId}.c${book.version}`,
    upstreamRequestId: null,
    // When the call began, so that it falls into the call's own rollup bucket; when it was written.
    startedAt,
    endedAt: Math.max(now(), startedAt),
    ending: 'correction',
    status: 0,
    attempts: 0,
    usage: { quantities: {}, estimated: false },
    cost: difference,
    inputCost: inputDifference,
    priceVersion: book.version,
    deliveredBytes: 0,
    notes: [],
    corrects: entry.requestId,
    ratesUnpriced: unrated,
  }
}

const sumOf = (amounts: readonly (PicoUsd | null)[]): PicoUsd =>
  amounts.reduce<PicoUsd>((sum, amount) => addUsd(sum, amount ?? ZERO_USD), ZERO_USD)

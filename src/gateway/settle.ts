// Settles a call, once: rates what was measured, makes the entry durable, puts the actual figures in the place of the held ones.

import { standInCost, type FallbackPrice } from '../core/budgeting.ts'
import { type LedgerEntry, type Ending, type LedgerStore } from '../core/ledger.ts'
import { isChargedByHour } from '../core/hourly-price.ts'
import { ZERO_USD } from '../core/money.ts'
import type { ResolvedModel } from '../core/model.ts'
import { parseModelId, resolveParsed } from '../core/model.ts'
import type { PriceBook } from '../core/price-book.ts'
import { rate } from '../core/rating.ts'
import { consumptionOf, type Consumption } from '../core/limit-count.ts'
import type { Counters, Hold, HoldJournal } from '../core/reservation.ts'
import type { UsageReading } from '../core/upstream.ts'
import { estimateTokens, type Usage } from '../core/usage.ts'
import type { Admitted } from './admit.ts'
import { type Backlog, mayPass } from './backlog.ts'
import type { InputEstimates } from './input-estimates.ts'

/** What happened upstream, as far as it decides what was billed. */
export type Outcome = {
  readonly ending: Ending
  /** status sent to the client; 0: none */
  readonly status: number
  readonly attempts: number
  /** models that were called before and failed, in words */
  readonly tried: readonly string[]
  readonly upstreamRequestId: string | null
  readonly deliveredBytes: number
  /**
   * metered: an answer passed, `reading` tells what it said · nothing: the upstream certainly billed nothing · unknown: the request was
   * sent and no answer came
   */
  readonly billed: 'metered' | 'nothing' | 'unknown'
  readonly reading: UsageReading | null
}

export type SettleDependencies = {
  readonly ledger: LedgerStore
  readonly holds: HoldJournal
  readonly counters: Counters
  /** where entries go that the ledger could not take */
  readonly backlog: Backlog
  readonly inputEstimates: InputEstimates
  readonly priceBook: () => PriceBook
  readonly now: () => number
  /** Hears of every entry once it is durable. Must not throw. */
  readonly onEntry: (entry: LedgerEntry) => void
}

/** Resolves when the entry is durable. Rejects when the ledger cannot take it: it is then tried again, and the hold stays until it could. */
export async function settle(
  dependencies: SettleDependencies,
  admitted: Admitted,
  outcome: Outcome,
): Promise<LedgerEntry> {
  const entry = entryOf(admitted, outcome, dependencies.priceBook(), dependencies.now())
  try {
    await dependencies.ledger.append(entry)
  } catch (thrown) {
    if (mayPass(thrown)) dependencies.backlog.add(entry)
    throw thrown
  }
  dependencies.holds.close(entry.requestId)
  settleCounters(dependencies, admitted, entry)
  learnInput(dependencies.inputEstimates, admitted, entry)
  dependencies.onEntry(entry)
  return entry
}

function settleCounters(dependencies: SettleDependencies, { taken, fallback }: Admitted, entry: LedgerEntry): void {
  dependencies.counters.settle(taken, usedBy(entry, taken.ask, fallback))
}

/**
 * What nobody could measure stays charged at its worst case until reconciliation says better: budgets hold. An entry without a price stays
 * so until one comes; the budget counts what the plan assumes.
 */
function usedBy({ usage, cost }: LedgerEntry, ask: Consumption, fallback: FallbackPrice | null): Consumption {
  if (usage === null) return cost === null ? ask : { ...ask, cost }
  const used = consumptionOf(usage.quantities, { burnRate: ask.burnRate, cost })
  return cost === null ? { ...used, cost: standInCost(fallback, usage.quantities) ?? ask.cost } : used
}

/** Only what Bedrock itself counted teaches anything. */
function learnInput(estimates: InputEstimates, { inputKind }: Admitted, { usage, estimated }: LedgerEntry): void {
  if (inputKind === null || usage === null || estimated) return
  const { inputTokens } = consumptionOf(usage.quantities, { burnRate: 1, cost: null })
  if (inputTokens > 0) estimates.learn(inputKind, inputTokens)
}

export function entryOf(admitted: Admitted, outcome: Outcome, book: PriceBook, now: number): LedgerEntry {
  const { hold } = admitted
  const usage = usageOf(admitted, outcome)
  const { baseModel } = servedModel(admitted.model, outcome.reading)
  const tier = outcome.reading?.servedTier ?? hold.tier
  const charged = costOf(hold, { baseModel, tier, usage, billed: outcome.billed }, book)
  return {
    requestId: hold.requestId,
    upstreamRequestId: outcome.upstreamRequestId,
    tenantId: hold.tenantId,
    keyId: hold.keyId,
    modelId: hold.modelId,
    baseModel,
    routing: hold.routing,
    region: hold.region,
    tier,
    operation: hold.operation,
    surface: hold.surface,
    startedAt: hold.startedAt,
    endedAt: Math.max(now, hold.startedAt),
    ending: outcome.ending,
    status: outcome.status,
    attempts: outcome.attempts,
    usage,
    ...charged,
    ...(charged.cost === null && hold.heldCost !== null ? { heldCost: hold.heldCost } : {}),
    estimated: usage === null || usage.estimated,
    deliveredBytes: outcome.deliveredBytes,
    metadata: hold.metadata,
    notes: [...aliasNote(admitted.alias), ...outcome.tried, ...(outcome.reading?.notes ?? [])],
    corrects: null,
    ratesUnpriced: false,
  }
}

const aliasNote = (alias: string | null): readonly string[] => (alias === null ? [] : [`called by the alias ${alias}`])

type Charged = Pick<LedgerEntry, 'inputCost' | 'cost' | 'priceVersion'>
type Measured = Pick<LedgerEntry, 'baseModel' | 'tier' | 'usage'> & { readonly billed: Outcome['billed'] }

function costOf(hold: Hold, measured: Measured, book: PriceBook): Charged {
  const { baseModel, tier, usage, billed } = measured
  if (billed === 'nothing') return { inputCost: ZERO_USD, cost: ZERO_USD, priceVersion: book.version }
  const { modelId, routing, region, tenantId, startedAt: at } = hold
  const isByHour = isChargedByHour(book, { modelId, baseModel, routing, region, tier, tenantId, at })
  if (usage === null || baseModel === null || isByHour) return { inputCost: null, cost: null, priceVersion: null }
  const { inputCost, cost, priceVersion } = rate(book, { baseModel, routing, region, tier, tenantId, at }, usage)
  return { inputCost, cost, priceVersion }
}

/** A prompt router says in its answer which model it chose; that one is priced. */
function servedModel(model: ResolvedModel, reading: UsageReading | null): ResolvedModel {
  if (reading === null || reading.invokedModelId === null) return model
  const parsed = parseModelId(reading.invokedModelId)
  return (parsed === null ? null : resolveParsed(parsed, model.region)) ?? model
}

function usageOf(admitted: Admitted, outcome: Outcome): Usage | null {
  if (outcome.billed === 'nothing') return { quantities: {}, estimated: false }
  if (outcome.billed === 'unknown' || outcome.reading === null) return null
  const { reading } = outcome
  if (reading.complete && reading.usage !== null) return reading.usage
  // Images and seconds cannot be told from the bytes that passed.
  if (admitted.facts.variant !== '' || admitted.facts.seconds !== null) return reading.usage
  // The answer broke off, or said nothing of its usage: what passed is the best figure there is, and it is marked.
  const said = reading.usage?.quantities ?? {}
  return {
    quantities: {
      ...said,
      input_tokens: said.input_tokens ?? estimateTokens(admitted.body.length),
      output_tokens: Math.max(said.output_tokens ?? 0, estimateTokens(reading.outputCharacters)),
    },
    estimated: true,
  }
}

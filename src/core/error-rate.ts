// How many of the last calls to each model in each region failed upstream: counted in slots of time, bounded in models and memory.

import type { ErrorRate } from './alert.ts'
import type { LedgerEntry } from './ledger.ts'

export type ErrorRates = {
  readonly add: (entry: Pick<LedgerEntry, 'modelId' | 'region' | 'ending' | 'status'>, now: number) => void
  /** of the calls that ended during the last so many milliseconds */
  readonly within: (milliseconds: number, now: number) => readonly ErrorRate[]
}

/** The longest window that a rule may ask for. */
export const MOST_WINDOW_MINUTES = 60

const SLOT_MILLISECONDS = 15_000
const SLOTS = (MOST_WINDOW_MINUTES * 60_000) / SLOT_MILLISECONDS + 1
/** Callers name models: beyond so many, those that nothing was heard of for an hour make place, and else new ones are not counted. */
const MOST_MODELS = 2_000

type Series = {
  readonly modelId: string
  readonly region: string
  /** number of the slot of time that stands at each place; -1: none yet */
  readonly slotAt: number[]
  readonly calls: number[]
  readonly errors: number[]
  lastSlot: number
}

export function createErrorRates(): ErrorRates {
  const byModel = new Map<string, Map<string, Series>>()
  let count = 0
  const seriesOf = (modelId: string, region: string, slot: number): Series | null => {
    const regions = byModel.get(modelId)
    const found = regions?.get(region)
    if (found !== undefined) return found
    if (count >= MOST_MODELS) count = dropSilent(byModel, slot)
    if (count >= MOST_MODELS) return null
    const made = emptySeries(modelId, region)
    if (regions === undefined) byModel.set(modelId, new Map([[region, made]]))
    else regions.set(region, made)
    count += 1
    return made
  }
  return {
    add(entry, now) {
      const slot = Math.floor(now / SLOT_MILLISECONDS)
      const series = seriesOf(entry.modelId, entry.region, slot)
      if (series === null) return
      const place = slot % SLOTS
      if (series.slotAt[place] !== slot) {
        series.slotAt[place] = slot
        series.calls[place] = 0
        series.errors[place] = 0
      }
      series.lastSlot = slot
      series.calls[place] = (series.calls[place] ?? 0) + 1
      if (isUpstreamError(entry)) series.errors[place] = (series.errors[place] ?? 0) + 1
    },
    within(milliseconds, now) {
      const first = Math.floor((now - milliseconds) / SLOT_MILLISECONDS) + 1
      const rates: ErrorRate[] = []
      for (const regions of byModel.values()) {
        for (const series of regions.values()) {
          if (series.lastSlot >= first) rates.push(sumFrom(series, first))
        }
      }
      return rates
    },
  }
}

/** What the caller got wrong (4xx but throttling) is no error of the upstream. */
function isUpstreamError({ ending, status }: Pick<LedgerEntry, 'ending' | 'status'>): boolean {
  if (ending === 'upstream_failed') return true
  return ending === 'upstream_refused' && (status === 429 || status >= 500)
}

const emptySeries = (modelId: string, region: string): Series => ({
  modelId,
  region,
  slotAt: Array.from({ length: SLOTS }, () => -1),
  calls: Array.from({ length: SLOTS }, () => 0),
  errors: Array.from({ length: SLOTS }, () => 0),
  lastSlot: -1,
})

function sumFrom(series: Series, first: number): ErrorRate {
  const { modelId, region, slotAt } = series
  let calls = 0
  let errors = 0
  for (const [place, slot] of slotAt.entries()) {
    if (slot < first) continue
    calls += series.calls[place] ?? 0
    errors += series.errors[place] ?? 0
  }
  return { modelId, region, calls, errors }
}

function dropSilent(byModel: Map<string, Map<string, Series>>, slot: number): number {
  let kept = 0
  for (const [modelId, regions] of byModel) {
    for (const [region, { lastSlot }] of regions) {
      if (lastSlot <= slot - SLOTS) regions.delete(region)
      else kept += 1
    }
    if (regions.size === 0) byModel.delete(modelId)
  }
  return kept
}

// One line of the metering log for one call: the fields that jobs written for the SaaS gateway samples read.

import type { LedgerEntry } from './ledger.ts'
import { DIMENSION_NAMES, DIMENSIONS, type Dimension, type Usage } from './usage.ts'

export type UsageRecord = {
  readonly team_id: string
  readonly requestId: string
  readonly region: string
  readonly model_id: string
  /** null: none are billed, or nobody knows */
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  /** of images: the size that was priced, and steps that stand for the quality */
  readonly height: number | null
  readonly width: number | null
  readonly steps: number | null
}

const STEPS: Readonly<Record<string, number>> = { standard: 50, premium: 51 }
const IMAGE_VARIANT = /^(\d{2,5})x(\d{2,5})\/(standard|premium)$/

/** null: the entry is no call that was billed: a correction, or a call that the upstream refused. */
export function usageRecordOf(entry: LedgerEntry): UsageRecord | null {
  if (entry.ending === 'correction' || entry.ending === 'upstream_refused') return null
  const image = entry.usage?.quantities.images === undefined ? null : IMAGE_VARIANT.exec(entry.usage.variant ?? '')
  return {
    team_id: entry.tenantId,
    requestId: entry.requestId,
    region: entry.region,
    model_id: entry.modelId,
    inputTokens: sumOf(entry.usage, INPUT),
    outputTokens: sumOf(entry.usage, OUTPUT),
    height: image === null ? null : Number(image[2]),
    width: image === null ? null : Number(image[1]),
    steps: image === null ? null : (STEPS[image[3] ?? ''] ?? null),
  }
}

const tokensOf = (side: 'input' | 'output'): readonly Dimension[] =>
  DIMENSION_NAMES.filter((name) => DIMENSIONS[name].side === side && DIMENSIONS[name].per === 'million')

const INPUT = tokensOf('input')
const OUTPUT = tokensOf('output')

function sumOf(usage: Usage | null, dimensions: readonly Dimension[]): number | null {
  const counts = dimensions.map((name) => usage?.quantities[name]).filter((count) => count !== undefined)
  if (counts.length === 0) return null
  let sum = 0
  for (const count of counts) {
    if (count === null) return null
    sum += count
  }
  return sum
}

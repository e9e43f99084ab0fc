// From an entry's content to what is bound into its row and folded into its bucket.

import { crc32 } from 'node:zlib'
import { CONTENT_FIELDS, CONTENT_PART, CONTENT_UNIT, MARKS } from '../../core/ledger.ts'
import { picoUsd } from '../../core/money.ts'
import type { PicoUsd } from '../../core/money.ts'
import { hourOf } from '../../core/rollup.ts'
import type { FoldedPart } from '../../core/rollup.ts'
import type { Quantities } from '../../core/usage.ts'
import { isMarked } from './ledger-rows.ts'

export const BOUND_COLUMNS = [
  'position',
  'request_id',
  'tenant_id',
  'rollup_key_id',
  'quantities',
  'cost',
  'input_cost',
  'corrects',
  'marks',
  'details',
  'checksum',
] as const

export type BoundEntry = {
  readonly requestId: string
  readonly startedAt: number
  readonly hour: number
  readonly rollupKeyId: bigint
  readonly part: FoldedPart
  /** in the order of BOUND_COLUMNS; the position is set by whoever inserts */
  readonly bindings: (string | number | bigint | null)[]
}

/** Null when the content is not of the known form: a text inside it held a separator. */
export function readContent(content: string, rollupKeyId: (key: string) => bigint | null): BoundEntry | null {
  const split = content.indexOf(CONTENT_PART)
  const fields = content.slice(split + 1).split(CONTENT_UNIT)
  const keyId = fields.length === CONTENT_FIELDS.length ? rollupKeyId(content.slice(0, split)) : null
  if (keyId === null) return null
  const [requestId, start, quantities, costText, inputCostText, corrects, marks, details] = fields as Fields
  const startedAt = Number(start)
  const cost = money(costText)
  const inputCost = money(inputCostText)
  return {
    requestId,
    startedAt,
    hour: hourOf(startedAt),
    rollupKeyId: keyId,
    part: foldedPart(Number(marks), cost, inputCost, quantities === '' ? null : quantities),
    bindings: [
      null,
      requestId,
      content.slice(0, content.indexOf(CONTENT_UNIT)),
      keyId,
      quantities === '' ? null : quantities,
      cost,
      inputCost,
      corrects === '' ? null : corrects,
      // the column's affinity makes an integer of it
      marks,
      details,
      crc32(content),
    ],
  }
}

export const foldedPart = (
  marks: number,
  cost: PicoUsd | null,
  inputCost: PicoUsd | null,
  quantities: string | null,
): FoldedPart => ({
  correction: isMarked(marks, MARKS.correction),
  estimated: isMarked(marks, MARKS.estimated),
  ratesUnpriced: isMarked(marks, MARKS.ratesUnpriced),
  cost,
  inputCost,
  quantities: quantities === null ? null : (JSON.parse(quantities) as Quantities),
})

type Fields = [string, string, string, string, string, string, string, string]

const money = (text: string): PicoUsd | null => (text === '' ? null : picoUsd(BigInt(text)))

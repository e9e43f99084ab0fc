// Price books for tests, written as tables, and questions to them.

import { formatPicoUsd, type PicoUsd } from './money.ts'
import { buildPriceBook, parseUnitPrice, type Price, type PriceBook } from './price-book.ts'
import { rate, type Rating, type RatingQuestion } from './rating.ts'
import type { Dimension, Quantities } from './usage.ts'

/** A price table as one reads it: dimension → USD per 1M tokens, or per unit. */
export type PriceTable = { readonly [dimension in Dimension]?: string }

export function pricesOf(baseModel: string, table: PriceTable, changes: Partial<Price> = {}): Price[] {
  return Object.entries(table).map(([dimension, usd]) => ({
    baseModel,
    region: '*',
    routing: '*' as const,
    tier: 'standard' as const,
    contextAbove: 0,
    dimension: dimension as Dimension,
    variant: '',
    tenantId: null,
    unitPrice: parseUnitPrice(usd, dimension as Dimension),
    effectiveFrom: '2024-01-01',
    effectiveTo: null,
    source: 'test',
    ...changes,
  }))
}

export const bookOf = (...prices: Price[][]): PriceBook =>
  buildPriceBook([
    { version: 3, createdAt: '2024-01-01', author: 'test', note: '', prices: prices.flat(), adjustments: [] },
  ])

export const question = (baseModel: string, changes: Partial<RatingQuestion> = {}): RatingQuestion => ({
  baseModel,
  routing: 'regional',
  region: 'us-east-1',
  tier: 'standard',
  tenantId: 't1',
  at: Date.parse('2026-11-01'),
  ...changes,
})

export const rated = (book: PriceBook, model: string, quantities: Quantities, variant = ''): Rating =>
  rate(book, question(model), { quantities, estimated: false, ...(variant === '' ? {} : { variant }) })

export const usd = (amount: PicoUsd | null): string | null => (amount === null ? null : formatPicoUsd(amount))

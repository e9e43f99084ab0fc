// The price book as it ships, for tests.

import { shippedPrices } from '../../src/catalogue/prices/index.ts'
import { buildPriceBook, type PriceBook } from '../../src/core/price-book.ts'

export const shippedBook = (): PriceBook =>
  buildPriceBook([{ ...shippedPrices(), version: 1, createdAt: '2026-11-20T00:00:00Z' }])

// Ledger entries for tests of stores: a plain one to change, and any whatsoever for properties.

import fc from 'fast-check'
import { ENDINGS } from '../../src/core/ledger.ts'
import type { LedgerEntry } from '../../src/core/ledger.ts'
import { ROUTINGS, TIERS } from '../../src/core/model.ts'
import { picoUsd } from '../../src/core/money.ts'
import { DIMENSION_NAMES } from '../../src/core/usage.ts'

export const NOON = Date.UTC(2026, 9, 30, 12)
export const HOUR = 3_600_000

export const anEntry = (changes: Partial<LedgerEntry> = {}): LedgerEntry => ({
  requestId: 'request-1',
  upstreamRequestId: '5f0c2f3e-1111-4222-8333-444455556666',
  tenantId: 'team-a',
  keyId: 'key-a',
  modelId: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
  baseModel: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  routing: 'regional',
  region: 'eu-central-1',
  tier: 'standard',
  operation: 'Converse',
  surface: 'bedrock',
  startedAt: NOON,
  endedAt: NOON + 850,
  ending: 'completed',
  status: 200,
  attempts: 1,
  usage: { quantities: { input_tokens: 1200, output_tokens: 340 }, estimated: false },
  cost: picoUsd(8_700_000_000n),
  inputCost: picoUsd(3_600_000_000n),
  priceVersion: 3,
  estimated: false,
  deliveredBytes: 2048,
  metadata: {},
  notes: [],
  corrects: null,
  ratesUnpriced: false,
  ...changes,
})

export const unpriced = (changes: Partial<LedgerEntry> = {}): LedgerEntry =>
  anEntry({ cost: null, inputCost: null, priceVersion: null, ...changes })

/** A correction of `entry` by `difference`, with half of it on the input side. */
export const correctionOf = (entry: LedgerEntry, requestId: string, difference: bigint): LedgerEntry => ({
  ...entry,
  requestId,
  ending: 'correction',
  endedAt: entry.endedAt + 86_400_000,
  usage: null,
  cost: picoUsd(difference),
  inputCost: picoUsd(difference / 2n),
  corrects: entry.requestId,
  ratesUnpriced: entry.cost === null,
})

export const manyEntries = (count: number, change: (index: number) => Partial<LedgerEntry>): LedgerEntry[] =>
  Array.from({ length: count }, (_, index) => anEntry({ requestId: `request-${index}`, ...change(index) }))

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((value) => value.replaceAll(/[^ -\uffff]/g, ''))
const id = text.map((value) => `id ${value}`)

const quantities = fc.dictionary(fc.constantFrom(...DIMENSION_NAMES), fc.option(fc.nat(1_000_000_000_000)), {
  maxKeys: 5,
  noNullPrototype: true,
})

const usage = fc.record(
  {
    quantities,
    reasoningTokens: fc.nat(),
    variant: text,
    estimated: fc.boolean(),
  },
  { requiredKeys: ['quantities', 'estimated'], noNullPrototype: true },
)

const money = fc.option(fc.bigInt(-(2n ** 62n), 2n ** 62n))

/** Any entry that a ledger must take, under the given id, within a few hours. */
export const arbitraryEntry = (requestId: fc.Arbitrary<string> = fc.uuid()): fc.Arbitrary<LedgerEntry> =>
  fc
    .record({
      requestId,
      upstreamRequestId: fc.option(text),
      tenantId: fc.constantFrom('team-a', 'team-b'),
      keyId: fc.constantFrom('key-a', 'key-b'),
      modelId: fc.oneof(fc.constant('amazon.nova-pro-v1:0'), id),
      baseModel: fc.option(fc.constantFrom('amazon.nova-pro-v1:0', 'other')),
      routing: fc.constantFrom(...ROUTINGS),
      region: fc.constantFrom('eu-central-1', 'us-east-1'),
      tier: fc.constantFrom(...TIERS),
      operation: fc.constantFrom('Converse', 'InvokeModel'),
      surface: fc.constant('bedrock'),
      startedAt: fc.integer({ min: NOON, max: NOON + 3 * HOUR }),
      endedAt: fc.integer({ min: NOON, max: NOON + 4 * HOUR }),
      ending: fc.constantFrom(...ENDINGS.filter((ending) => ending !== 'correction')),
      status: fc.constantFrom(0, 200, 429, 500),
      attempts: fc.integer({ min: 1, max: 5 }),
      usage: fc.option(usage),
      cost: money,
      inputCost: fc.bigInt(-(2n ** 62n), 2n ** 62n),
      priceVersion: fc.option(fc.nat()),
      estimated: fc.boolean(),
      deliveredBytes: fc.nat(),
      metadata: fc.dictionary(text, fc.string(), { maxKeys: 2, noNullPrototype: true }),
      notes: fc.array(fc.string(), { maxLength: 2 }),
      corrects: fc.constant(null),
      ratesUnpriced: fc.constant(false),
    })
    .map((entry) => ({
      ...entry,
      cost: entry.cost === null ? null : picoUsd(entry.cost),
      ...(entry.cost === null && entry.attempts > 1 ? { heldCost: picoUsd(BigInt(entry.deliveredBytes)) } : {}),
      inputCost: entry.cost === null ? null : picoUsd(entry.inputCost),
    }))

/** Calls, and corrections of some of them. */
export const arbitraryLedger: fc.Arbitrary<readonly LedgerEntry[]> = fc
  .array(fc.tuple(arbitraryEntry(), fc.option(fc.bigInt(-(2n ** 60n), 2n ** 60n))), { maxLength: 60 })
  .map((calls) =>
    calls.flatMap(([entry, difference]) =>
      difference === null ? [entry] : [entry, correctionOf(entry, `${entry.requestId}/1`, difference)],
    ),
  )

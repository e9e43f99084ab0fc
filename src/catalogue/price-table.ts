// Reads price tables written for people: one line a model, routing and tier; columns are USD per 1M tokens or per unit.

import { ROUTINGS, TIERS, type Routing, type Tier } from '../core/model.ts'
import { parseUnitPrice, type Price } from '../core/price-book.ts'
import type { PicoUsd } from '../core/money.ts'
import type { Dimension } from '../core/usage.ts'
import { SOURCES, type SourceKey } from './prices/sources.ts'
import { REGION_GROUPS } from './regions.ts'

/** What undated prices hold from: the day when Bedrock became generally available. */
export const EARLIEST = '2023-09-28'

const DIMENSION_OF_COLUMN: { readonly [column: string]: Dimension | undefined } = {
  in: 'input_tokens',
  out: 'output_tokens',
  read: 'cache_read_tokens',
  write5m: 'cache_write_5m_tokens',
  write1h: 'cache_write_1h_tokens',
  write30m: 'cache_write_30m_tokens',
  inputImage: 'input_images',
  image: 'images',
  inputSecond: 'input_seconds',
  second: 'seconds',
  search: 'search_units',
  request: 'requests',
  topic: 'guardrail_topic_units',
  content: 'guardrail_content_units',
  contentImage: 'guardrail_content_image_units',
  word: 'guardrail_word_units',
  sensitive: 'guardrail_sensitive_units',
  grounding: 'guardrail_grounding_units',
  reasoning: 'guardrail_reasoning_units',
}

const KEY_COLUMNS = ['model', 'region', 'routing', 'tier', 'above', 'variant', 'from', 'also', 'source'] as const
type KeyColumn = (typeof KEY_COLUMNS)[number]

/** What AWS charges for the other tiers of a model that has them, in hundredths of the standard price (service tiers page, 2026-10). */
const PERCENT_OF_STANDARD = { batch: 50n, flex: 50n, priority: 175n } as const

/**
 * A table: the first line names the columns, words are separated by spaces, "-" is none, "#" begins a comment line. `model` and `region`
 * may list several, with commas; a region may be a group of regions.ts; `also` names tiers that cost their usual part of this line.
 * Throws RangeError, naming the line, on anything that is not exact: these tables are tested, not tolerated.
 */
export function priceTable(strings: TemplateStringsArray): readonly Price[] {
  const lines = strings
    .join('')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const columns = (lines[0] ?? '').split(/\s+/)
  for (const column of columns) {
    if (!isKeyColumn(column) && DIMENSION_OF_COLUMN[column] === undefined) throw new RangeError(`no column "${column}"`)
  }
  return lines.slice(1).flatMap((line) => {
    const cells = line.split(/\s+/)
    if (cells.length !== columns.length) throw new RangeError(`not ${columns.length} cells: ${line}`)
    return pricesOfLine(new Map(columns.map((column, index) => [column, cells[index] ?? ''])), line)
  })
}

const isKeyColumn = (column: string): column is KeyColumn => KEY_COLUMNS.some((known) => known === column)

function pricesOfLine(cells: ReadonlyMap<string, string>, line: string): readonly Price[] {
  const cell = (column: KeyColumn, otherwise: string): string => {
    const written = cells.get(column) ?? '-'
    return written === '-' ? otherwise : written
  }
  const source = cell('source', '')
  if (!isSource(source)) throw new RangeError(`no source "${source}": ${line}`)
  const common = {
    routing: routingOf(cell('routing', '*'), line),
    contextAbove: Number(cell('above', '0')),
    variant: cell('variant', ''),
    tenantId: null,
    effectiveFrom: cell('from', EARLIEST),
    effectiveTo: null,
    source: SOURCES[source],
  }
  const prices: Price[] = []
  for (const baseModel of cell('model', '').split(',')) {
    for (const region of cell('region', '*').split(',').flatMap(regionsNamed)) {
      for (const { tier, percent } of tiersOfLine(cell('tier', 'standard'), cell('also', ''), line)) {
        for (const [dimension, unitPrice] of unitPrices(cells, tier, percent, line)) {
          prices.push({ ...common, baseModel, region, tier, dimension, unitPrice })
        }
      }
    }
  }
  return prices
}

const isSource = (text: string): text is SourceKey => Object.hasOwn(SOURCES, text)

const regionsNamed = (name: string): readonly string[] => REGION_GROUPS[name] ?? [name]

function routingOf(text: string, line: string): Routing | '*' {
  const routing = ROUTINGS.find((known) => known === text)
  if (text !== '*' && routing === undefined) throw new RangeError(`no routing "${text}": ${line}`)
  return routing ?? '*'
}

type TierPart = { readonly tier: Tier; readonly percent: bigint }

function tiersOfLine(tier: string, also: string, line: string): readonly TierPart[] {
  const own = TIERS.find((known) => known === tier)
  if (own === undefined) throw new RangeError(`no tier "${tier}": ${line}`)
  const parts: TierPart[] = [{ tier: own, percent: 100n }]
  for (const name of also === '' ? [] : also.split(',')) {
    if (name !== 'batch' && name !== 'flex' && name !== 'priority') throw new RangeError(`no tier "${name}": ${line}`)
    parts.push({ tier: name, percent: PERCENT_OF_STANDARD[name] })
  }
  return parts
}

function unitPrices(
  cells: ReadonlyMap<string, string>,
  tier: Tier,
  percent: bigint,
  line: string,
): readonly (readonly [Dimension, PicoUsd])[] {
  const found: [Dimension, PicoUsd][] = []
  for (const [column, text] of cells) {
    const dimension = DIMENSION_OF_COLUMN[column]
    // Batch jobs have no prompt cache (Bedrock user guide, "Batch inference", 2026-10).
    if (dimension === undefined || text === '-' || (tier === 'batch' && dimension.startsWith('cache_'))) continue
    const standard = parseUnitPrice(text, dimension)
    if ((standard * percent) % 100n !== 0n)
      throw new RangeError(`${tier} of ${text} is not exact, write it out: ${line}`)
    found.push([dimension, ((standard * percent) / 100n) as PicoUsd])
  }
  return found
}

// Reads AWS Price List files of Bedrock into prices, exactly or not at all; what is not known is listed, never guessed.

import { picoUsd, parsePicoUsd, type PicoUsd } from '../core/money.ts'
import { parseInstant, priceKey, type Price } from '../core/price-book.ts'
import { DIMENSIONS, type Dimension } from '../core/usage.ts'
import { readUsageType } from './aws-usage-types.ts'

/** Largest file that is read. A region's file of one service has a few MiB; that of all regions has tens. */
export const PRICE_LIST_BYTES_LIMIT = 128 * 1024 * 1024

export type PriceListReading = {
  readonly prices: readonly Price[]
  /** when AWS published the list, ISO 8601; null: it does not say */
  readonly publishedAt: string | null
  /** rows that were not understood, by reason: never guessed */
  readonly skipped: readonly { readonly reason: string; readonly count: number; readonly example: string }[]
}

/** Takes the file in pieces. Throws RangeError as soon as there is more than the limit, or when it is no price list. */
export async function readPriceListStream(
  pieces: AsyncIterable<Uint8Array>,
  limitBytes = PRICE_LIST_BYTES_LIMIT,
): Promise<PriceListReading> {
  const kept: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.byteLength
    if (bytes > limitBytes) throw new RangeError(`The file is larger than ${limitBytes} bytes.`)
    kept.push(piece)
  }
  return readPriceList(Buffer.concat(kept), limitBytes)
}

/** Throws RangeError when the file is no AWS Price List of Bedrock. */
export function readPriceList(file: Uint8Array, limitBytes = PRICE_LIST_BYTES_LIMIT): PriceListReading {
  if (file.byteLength > limitBytes) throw new RangeError(`The file is larger than ${limitBytes} bytes.`)
  const list = memberOf(parseJson(file))
  const offer = textOf(list['offerCode'])
  if (offer !== 'AmazonBedrock' && offer !== 'AmazonBedrockFoundationModels') {
    throw new RangeError('This is no AWS Price List of AmazonBedrock or AmazonBedrockFoundationModels.')
  }
  const published = textOf(list['publicationDate'])
  const publishedAt = parseInstant(published) === null ? null : published
  const source = `AWS Price List ${offer}, published ${publishedAt?.slice(0, 10) ?? 'at an unknown time'}`
  const terms = memberOf(memberOf(list['terms'])['OnDemand'])
  const reading = new Reading()
  for (const [sku, product] of Object.entries(memberOf(list['products']))) {
    readProduct(reading, memberOf(memberOf(product)['attributes']), memberOf(terms[sku]), source)
  }
  return { prices: reading.prices(), publishedAt, skipped: reading.skipped() }
}

/** Collects prices, and what stands in the way of the others. */
class Reading {
  readonly #byKey = new Map<string, Price>()
  readonly #contradicted = new Set<string>()
  readonly #skipped = new Map<string, { reason: string; count: number; example: string }>()

  add(price: Price): void {
    const key = `${priceKey(price)}|${price.effectiveFrom}`
    const known = this.#byKey.get(key)
    if (known !== undefined && known.unitPrice !== price.unitPrice) {
      this.#contradicted.add(key)
      this.skip('two prices for one thing', `${price.baseModel} ${price.dimension} in ${price.region}`)
    }
    this.#byKey.set(key, price)
  }

  skip(reason: string, example: string): void {
    const known = this.#skipped.get(reason)
    if (known === undefined) this.#skipped.set(reason, { reason, count: 1, example: example.slice(0, 120) })
    else known.count += 1
  }

  prices(): readonly Price[] {
    return [...this.#byKey].filter(([key]) => !this.#contradicted.has(key)).map(([, price]) => price)
  }

  skipped(): PriceListReading['skipped'] {
    return [...this.#skipped.values()].toSorted((a, b) => b.count - a.count)
  }
}

type Members = Readonly<Record<string, unknown>>

function readProduct(reading: Reading, attributes: Members, terms: Members, source: string): void {
  const usageType = textOf(attributes['usagetype'])
  const region = textOf(attributes['regionCode'])
  const meaning = readUsageType(usageType, textOf(attributes['servicename']))
  if ('unknown' in meaning) return reading.skip(meaning.unknown, `${usageType} ${textOf(attributes['servicename'])}`)
  if (region === '') return reading.skip('no region', usageType)
  for (const term of Object.values(terms)) {
    const unitPrice = unitPriceOf(memberOf(term), meaning.dimension)
    if (typeof unitPrice === 'string') {
      reading.skip(unitPrice, usageType)
      continue
    }
    const effectiveFrom = textOf(memberOf(term)['effectiveDate'])
    if (parseInstant(effectiveFrom) === null) {
      reading.skip('no date from which it holds', usageType)
      continue
    }
    const { dimension, tier, routing, contextAbove } = meaning
    const common = { region, routing, tier, contextAbove, dimension, variant: '', tenantId: null, effectiveTo: null }
    for (const baseModel of meaning.baseModels) reading.add({ ...common, baseModel, unitPrice, effectiveFrom, source })
  }
}

/** How many of the dimension one of AWS's units is. "Units" of the Marketplace are a million tokens, or one image or search. */
const TOKENS_PER_UNIT: ReadonlyMap<string, bigint> = new Map([
  ['1K tokens', 1_000n],
  ['1M tokens', 1_000_000n],
  ['Units', 1_000_000n],
])

/** The exact price of one unit of ours, or why there is none. */
function unitPriceOf(term: Members, dimension: Dimension): PicoUsd | string {
  const dimensions = Object.values(memberOf(term['priceDimensions']))
  if (dimensions.length !== 1) return 'a price in steps of usage, or none'
  const only = memberOf(dimensions[0])
  const unit = textOf(only['unit'])
  const perUnit =
    DIMENSIONS[dimension].per === 'million' ? TOKENS_PER_UNIT.get(unit) : unit === 'Units' ? 1n : undefined
  if (perUnit === undefined) return `a unit that is not known: ${unit.slice(0, 40)}`
  let amount: PicoUsd
  try {
    amount = parsePicoUsd(textOf(memberOf(only['pricePerUnit'])['USD']))
  } catch (thrown) {
    if (thrown instanceof RangeError) return 'no exact price in USD'
    throw thrown
  }
  if (amount < 0n) return 'no exact price in USD'
  return amount % perUnit === 0n ? picoUsd(amount / perUnit) : 'a price finer than one pico-USD for a unit'
}

function parseJson(file: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file))
  } catch (thrown) {
    throw new RangeError('The file is not JSON.', { cause: thrown })
  }
}

const NOTHING: Members = {}

const memberOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : NOTHING

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

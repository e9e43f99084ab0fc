// What is paid for by the hour: whether a call is charged so, what an hour costs, and how it is divided among the calls of the hour.

import { picoUsd, type PicoUsd } from './money.ts'
import { findPrice, isInEffect, type HourlyRow, type PriceBook } from './price-book.ts'
import type { RatingQuestion } from './rating.ts'
import { HOUR_MILLISECONDS } from './rollup.ts'
import { DIMENSION_NAMES } from './usage.ts'

export type HourlyQuestion = Omit<RatingQuestion, 'baseModel'> & {
  readonly modelId: string
  readonly baseModel: string | null
}

/** The price of the hour that a moment is in; null: the model is not paid for by the hour then. */
export const hourlyPriceAt = (book: PriceBook, modelId: string, at: number): HourlyRow | null =>
  book.hourly.get(modelId)?.find((row) => isInEffect(row, at)) ?? null

/**
 * A call is charged a share of its hour where the model that it calls is paid for by the hour. Where an endpoint has prices by use as
 * well, those go first: somebody set them for it. Of provisioned throughput only the hour counts; prices by use are its base model's.
 */
export function isChargedByHour(book: PriceBook, question: HourlyQuestion): boolean {
  const { modelId, baseModel, at } = question
  if (book.hourly.size === 0 || hourlyPriceAt(book, modelId, at) === null) return false
  if (baseModel !== modelId) return true
  const asked = { ...question, baseModel, contextTokens: 0, variant: '' }
  return !PRICED_BY_USE.some((dimension) => findPrice(book, asked, dimension) !== null)
}

/** Guardrail units have their price under another name. */
const PRICED_BY_USE = DIMENSION_NAMES.filter((name) => !name.startsWith('guardrail_'))

/** What an hour costs that begins at a full hour. */
export const costOfHour = ({ price }: HourlyRow): PicoUsd => picoUsd(price.unitPrice * BigInt(price.units))

export type HourCall = {
  readonly requestId: string
  /** how long it ran; null: nobody knows, as of a call that a crash ended */
  readonly milliseconds: number | null
}

/**
 * Divides the cost of an hour among its calls by how long each ran, and nothing of it is lost or invented: what is left when each has
 * its share rounded down goes by one pico-USD to those with the largest remainders, of equal ones to the first id. A call of unknown
 * length counts as the mean of the others.
 */
export function shareHour(cost: PicoUsd, calls: readonly HourCall[]): ReadonlyMap<string, PicoUsd> {
  const weights = weightsOf(calls)
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  if (total === 0n) return new Map()
  const shares = calls.map(({ requestId }, index) => {
    const part = cost * (weights[index] ?? 0n)
    return { requestId, share: part / total, remainder: part % total }
  })
  const left = cost - shares.reduce((sum, { share }) => sum + share, 0n)
  const first = shares.toSorted(byRemainder).slice(0, Number(left))
  const luckier = new Set(first.map(({ requestId }) => requestId))
  return new Map(
    shares.map(({ requestId, share }) => [requestId, picoUsd(luckier.has(requestId) ? share + 1n : share)]),
  )
}

type Share = { readonly requestId: string; readonly remainder: bigint }

function byRemainder(left: Share, right: Share): number {
  if (left.remainder !== right.remainder) return left.remainder > right.remainder ? -1 : 1
  return left.requestId < right.requestId ? -1 : 1
}

/** At least one each: a call that took no measurable time was made all the same. None counts for more than an hour. */
function weightsOf(calls: readonly HourCall[]): readonly bigint[] {
  const known = calls.flatMap(({ milliseconds }) => (milliseconds === null ? [] : [withinAnHour(milliseconds)]))
  const mean = known.length === 0 ? 1 : Math.floor(known.reduce((sum, one) => sum + one, 0) / known.length)
  return calls.map(({ milliseconds }) => BigInt(milliseconds === null ? mean : withinAnHour(milliseconds)))
}

const withinAnHour = (milliseconds: number): number => Math.min(Math.max(milliseconds, 1), HOUR_MILLISECONDS)

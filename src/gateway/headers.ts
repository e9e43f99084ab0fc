// Which headers cross the gateway: an allow-list each way, so that no credential, hop-by-hop or internal header ever does.

import { GatewayError } from '../core/errors.ts'
import type { HttpExchange } from '../http/exchange.ts'

const OUT = new Set(['content-type', 'accept'])
const OUT_PREFIX = 'x-amzn-bedrock-'

/**
 * Headers of the request that Bedrock has a meaning for, flat; everything else, Authorization first, stays here. One that stands twice is
 * refused: the policy and Bedrock could each read another of the two.
 */
export function outgoingHeaders(exchange: HttpExchange): string[] {
  const flat: string[] = []
  const { rawHeaders } = exchange
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (!OUT.has(name) && !name.startsWith(OUT_PREFIX)) continue
    if (name !== 'accept' && flatHeader(flat, name) !== null)
      throw new GatewayError('invalid_request', { message: `The header ${name.slice(0, 100)} appears more than once.` })
    flat.push(name, rawHeaders[index + 1] as string)
  }
  return flat
}

const BACK = new Set(['content-type', 'retry-after'])
const BACK_PREFIX = 'x-amzn-'
const UNPRINTABLE = /[^\t\x20-\x7e\x80-\xff]/
/** Says to what the gateway lowered the output cap of the call, where its budget left no more. */
export const OUTPUT_CAPPED_HEADER = 'x-weighbridge-output-capped'
/** Says that the model is legacy or retired, and when it ends where that is known. */
export const LIFECYCLE_HEADER = 'x-weighbridge-model-lifecycle'
/** Says which model answers, and where, when the one that was asked for was throttled or failed. */
export const FALLBACK_HEADER = 'x-weighbridge-fallback'
export const REQUEST_ID_HEADER = 'x-weighbridge-request-id'

/** What the gateway itself has to say with an answer; null: nothing. */
export type OwnWords = {
  readonly outputCap: number | null
  readonly lifecycle: string | null
  /** what is left of the limits, as headers, flat; null: the plan does not ask for it */
  readonly left: readonly string[] | null
  /** what answers in the place of the model that was asked for; null: that one does */
  readonly fallback: string | null
}

export const NO_OWN_WORDS: OwnWords = { outputCap: null, lifecycle: null, left: null, fallback: null }

/** Headers of the answer that belong to the operation, flat, and the gateway's own. */
export function answerHeaders(upstream: readonly string[], requestId: string, ownWords: OwnWords): string[] {
  const flat = ownHeaders(requestId, ownWords)
  for (let index = 0; index + 1 < upstream.length; index += 2) {
    const name = upstream[index] as string
    const value = upstream[index + 1] as string
    if ((BACK.has(name) || name.startsWith(BACK_PREFIX)) && !UNPRINTABLE.test(value)) flat.push(name, value)
  }
  return flat
}

/** What the gateway itself says with an answer. */
export function ownHeaders(requestId: string, { outputCap, lifecycle, left, fallback }: OwnWords): string[] {
  const flat = [REQUEST_ID_HEADER, requestId]
  if (outputCap !== null) flat.push(OUTPUT_CAPPED_HEADER, String(outputCap))
  if (lifecycle !== null) flat.push(LIFECYCLE_HEADER, lifecycle)
  if (left !== null) flat.push(...left)
  if (fallback !== null) flat.push(FALLBACK_HEADER, fallback)
  return flat
}

export function flatHeader(headers: readonly string[], name: string): string | null {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index] === name) return headers[index + 1] as string
  }
  return null
}

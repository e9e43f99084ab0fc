// Readers for the two usage blocks that several families share: Bedrock's own TokenUsage, and the one of OpenAI's APIs.

import { countOrNull } from '../../../core/usage.ts'
import { member, type Reads } from './family.ts'
import type { CacheTtl, Fact, Sheet, Source } from './sheet.ts'

const TTLS: Readonly<Record<string, Fact>> = {
  '5m': 'cache_write_5m_tokens',
  '1h': 'cache_write_1h_tokens',
  '30m': 'cache_write_30m_tokens',
} satisfies Record<CacheTtl, Fact>

/**
 * TokenUsage of Converse (API_runtime_TokenUsage): `inputTokens` excludes cached tokens. Nova's InvokeModel says the same with the
 * cache counts named `…TokenCount`.
 */
export function readTokenUsage(sheet: Sheet, source: Source, usage: unknown): void {
  sheet.say(source, 'input_tokens', member(usage, 'inputTokens'))
  sheet.say(source, 'output_tokens', member(usage, 'outputTokens'))
  sheet.say(source, 'total_tokens', member(usage, 'totalTokens'))
  for (const suffix of ['Tokens', 'TokenCount']) {
    sheet.say(source, 'cache_read_tokens', member(usage, `cacheReadInput${suffix}`))
    sheet.say(source, 'cache_write_tokens', member(usage, `cacheWriteInput${suffix}`))
  }
  readCacheDetails(sheet, source, member(usage, 'cacheDetails'))
}

/**
 * OpenAI's Chat Completions (`prompt_tokens`) and Responses (`input_tokens` with details). The prompt count includes what was read
 * from and written to the cache, so both are taken out: our dimensions are disjoint.
 */
export function readOpenAiUsage(sheet: Sheet, source: Source, usage: unknown): void {
  const input = member(usage, 'prompt_tokens') ?? member(usage, 'input_tokens')
  const output = member(usage, 'completion_tokens') ?? member(usage, 'output_tokens')
  const details = member(usage, 'prompt_tokens_details') ?? member(usage, 'input_tokens_details')
  const outputDetails = member(usage, 'completion_tokens_details') ?? member(usage, 'output_tokens_details')
  const read = member(details, 'cached_tokens') ?? member(usage, 'cached_tokens')
  const written = member(details, 'cache_write_tokens') ?? member(usage, 'cache_write_tokens')
  sheet.say(source, 'output_tokens', output)
  sheet.say(source, 'total_tokens', member(usage, 'total_tokens'))
  sheet.say(source, 'reasoning_tokens', member(outputDetails, 'reasoning_tokens'))
  sheet.say(source, 'cache_read_tokens', read)
  sheet.say(source, 'cache_write_tokens', written)
  sayUncached(sheet, source, input, read, written)
}

/** A usage block whose family is not known: the names in it tell whose it is. */
export function readAnyUsage(sheet: Sheet, source: Source, usage: unknown, readMessages: Reads): void {
  if (member(usage, 'inputTokens') !== undefined || member(usage, 'outputTokens') !== undefined) {
    readTokenUsage(sheet, source, usage)
  } else if (isOpenAi(usage)) {
    readOpenAiUsage(sheet, source, usage)
  } else {
    readMessages(usage, sheet)
  }
}

function isOpenAi(usage: unknown): boolean {
  return ['prompt_tokens', 'completion_tokens', 'input_tokens_details', 'total_tokens'].some(
    (name) => member(usage, name) !== undefined,
  )
}

function readCacheDetails(sheet: Sheet, source: Source, details: unknown): void {
  if (!Array.isArray(details)) return
  const sums = new Map<Fact, number>()
  for (const detail of details.slice(0, 8)) {
    const ttl = member(detail, 'ttl')
    const tokens = member(detail, 'inputTokens')
    const fact = typeof ttl === 'string' && Object.hasOwn(TTLS, ttl) ? TTLS[ttl] : undefined
    const count = countOrNull(tokens)
    if (fact === undefined)
      sheet.note(`suspect: cache writes with the time to live ${JSON.stringify(ttl)?.slice(0, 20)}`)
    else if (count === null) sheet.say(source, fact, tokens)
    else sums.set(fact, (sums.get(fact) ?? 0) + count)
  }
  for (const [fact, sum] of sums) sheet.say(source, fact, sum)
}

function sayUncached(sheet: Sheet, source: Source, input: unknown, read: unknown, written: unknown): void {
  const whole = countOrNull(input)
  if (whole === null) {
    sheet.say(source, 'input_tokens', input)
    return
  }
  const parts = (countOrNull(read) ?? 0) + (countOrNull(written) ?? 0)
  if (parts <= whole) sheet.say(source, 'input_tokens', whole - parts)
  else sheet.unknown('input_tokens', `suspect: ${source} says ${whole} prompt tokens, ${parts} of them cached`)
}

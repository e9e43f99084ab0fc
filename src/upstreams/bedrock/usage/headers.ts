// What the headers of an answer say of usage and of the tier that was served.

import type { Fact, Sheet } from './sheet.ts'

/**
 * InvokeModel's counts. AWS does not document them; they are there (seen in public instrumentation, 2026-11), and like Converse the
 * input count excludes cached tokens. Cache writes are not split by time to live.
 */
const COUNTS: Readonly<Record<string, Fact>> = {
  'x-amzn-bedrock-input-token-count': 'input_tokens',
  'x-amzn-bedrock-output-token-count': 'output_tokens',
  'x-amzn-bedrock-cache-read-input-token-count': 'cache_read_tokens',
  'x-amzn-bedrock-cache-write-input-token-count': 'cache_write_tokens',
}

/** `headers` is a flat list of lower-case names and values. */
export function readHeaders(sheet: Sheet, headers: readonly string[]): void {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    const value = headers[at + 1] as string
    if (!name.startsWith('x-amzn-bedrock-')) {
      if (name === 'content-encoding' && value !== 'identity') {
        sheet.note(`the answer is encoded as ${JSON.stringify(value.slice(0, 40))}: its body was not read`)
      }
      continue
    }
    const fact = Object.hasOwn(COUNTS, name) ? COUNTS[name] : undefined
    if (fact !== undefined) sheet.say('header', fact, /^\d{1,16}$/.test(value) ? Number(value) : value)
    else if (name === 'x-amzn-bedrock-service-tier') sheet.servedTier(value)
    else if (name === 'x-amzn-bedrock-performanceconfig-latency') sheet.latency(value)
  }
}

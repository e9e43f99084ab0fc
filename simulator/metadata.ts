// The constraints on requestMetadata, as a member of Converse and as a header of InvokeModel (service model of bedrock-runtime).
import { constraint, invalid } from './errors.ts'
import { isObject } from './json.ts'

const PATTERN = /^[a-zA-Z0-9\s:_@$#=/+,.-]*$/
const PATTERN_WORDS = 'satisfy regular expression pattern: [a-zA-Z0-9\\s:_@$#=/+,-.]*'
const HEADER_LIMIT = 8500

export function readRequestMetadata(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw invalid('The requestMetadata must be a map of strings.')
  const entries = Object.entries(value)
  if (entries.length < 1 || entries.length > 16) {
    const rule = entries.length < 1 ? 'greater than or equal to 1' : 'less than or equal to 16'
    throw constraint(JSON.stringify(value), 'requestMetadata', `have length ${rule}`)
  }
  const metadata: Record<string, string> = {}
  for (const [key, text] of entries) metadata[key] = validEntry(key, text)
  return metadata
}

function validEntry(key: string, text: unknown): string {
  if (typeof text !== 'string') throw invalid('The requestMetadata must be a map of strings.')
  if (key.length < 1 || key.length > 256) throw outOfLength(key, 'key', key.length < 1)
  if (text.length > 256) throw outOfLength(text, 'value', false)
  if (!PATTERN.test(key) || !PATTERN.test(text)) {
    throw constraint(`{${key}=${text}}`, 'requestMetadata', PATTERN_WORDS)
  }
  return text
}

/** X-Amzn-Bedrock-Request-Metadata: the same map as JSON text. */
export function readRequestMetadataHeader(header: string | undefined): Record<string, string> | undefined {
  if (header === undefined) return undefined
  if (header.length > HEADER_LIMIT) {
    throw constraint(header, 'requestMetadata', `have length less than or equal to ${HEADER_LIMIT}`)
  }
  try {
    return readRequestMetadata(JSON.parse(header))
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid('The request metadata header is not valid JSON.')
    throw error
  }
}

const outOfLength = (text: string, part: string, short: boolean) =>
  constraint(
    text,
    'requestMetadata',
    `satisfy constraint: [Map ${part} must have length ${short ? 'greater than or equal to 1' : 'less than or equal to 256'}]`,
  )

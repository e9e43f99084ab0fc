// The member `p` that Bedrock adds to stream payloads so that frame sizes tell nothing of the text in them.
import type { JsonObject } from './family.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** The payload as JSON with padding; its length varies with the payload and the request, but not from run to run of one request id. */
export function padded(payload: JsonObject, requestId: string, wishedBytes: number | undefined): string {
  const json = JSON.stringify(payload)
  const length = wishedBytes ?? 1 + ((json.length * 7 + requestId.charCodeAt(0)) % (ALPHABET.length - 1))
  const padding = length <= ALPHABET.length ? ALPHABET.slice(0, length) : 'a'.repeat(length)
  return json === '{}' ? `{"p":"${padding}"}` : `${json.slice(0, -1)},"p":"${padding}"}`
}

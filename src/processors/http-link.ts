// A processor behind an HTTP address that the configuration names: the fields are posted as JSON, the answer is the fields to write.

import { Pool } from 'undici'
import { fieldsFrom, inputJson, tooLarge } from './answer-json.ts'
import { PROCESSOR_BYTES, ProcessorFailure, type ProcessorLink } from './processor.ts'

const MOST_HEADER_BYTES = 16_384
const CONNECT_MILLISECONDS = 5_000

/** Where it goes is said by the configuration alone: nothing of a call is in the address, and no redirect is followed. */
export function createHttpLink(options: {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
}): ProcessorLink {
  const { origin, pathname, search } = new URL(options.url)
  const pool = new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: CONNECT_MILLISECONDS },
    maxHeaderSize: MOST_HEADER_BYTES,
  })
  const headers = { ...options.headers, 'content-type': 'application/json', 'user-agent': 'weighbridge' }
  const path = `${pathname}${search}`
  const ask = async (body: string, signal: AbortSignal): Promise<Buffer> => {
    const answer = await pool.request({ path, method: 'POST', headers, body, signal })
    if (answer.statusCode !== 200 && answer.statusCode !== 204) {
      answer.body.on('error', () => undefined).destroy()
      throw new ProcessorFailure(`answered ${answer.statusCode}`)
    }
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length
      // leaving the loop breaks the connection off
      if (bytes > PROCESSOR_BYTES.output) throw tooLarge()
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }
  return {
    async call({ fields }, signal) {
      const body = inputJson(fields)
      try {
        return fieldsFrom(await ask(body, signal))
      } catch (thrown) {
        throw failureOf(thrown)
      }
    },
    close: () => pool.destroy(),
  }
}

/** What may be kept and shown: no address, no word of the other side. */
function failureOf(thrown: unknown): ProcessorFailure {
  if (thrown instanceof ProcessorFailure) return thrown
  const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'unknown'
  return new ProcessorFailure(`cannot be reached, or broke off (${code.replaceAll(/\W/g, '?').slice(0, 60)})`)
}

// Hands an answer of the web framework to an exchange: small ones whole, large ones as fast as the client reads.

import type { LightMyRequestResponse } from 'fastify'
import type { HttpExchange } from '../http/exchange.ts'

const WHOLE_BYTES = 262_144

/** The exchange adds what belongs to its protocol. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
])

export async function passOn(response: LightMyRequestResponse, exchange: HttpExchange): Promise<void> {
  const headers = headersOf(response)
  const held: Buffer[] = []
  let heldBytes = 0
  let started = false
  const closed = new Promise<'closed'>((resolve) => exchange.onClose(() => resolve('closed')))
  for await (const chunk of response.stream() as AsyncIterable<Buffer>) {
    if (exchange.closedBy !== null) return
    if (!started) {
      held.push(chunk)
      heldBytes += chunk.length
      if (heldBytes <= WHOLE_BYTES) continue
      started = true
      exchange.startResponse(response.statusCode, headers)
      await writeAll(exchange, held.splice(0), closed)
    } else await writeAll(exchange, [chunk], closed)
  }
  if (started) exchange.end()
  else exchange.respond(response.statusCode, headers, Buffer.concat(held))
}

const SLICE_BYTES = 65_536

async function writeAll(exchange: HttpExchange, chunks: readonly Buffer[], closed: Promise<'closed'>): Promise<void> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      if (exchange.write(chunk.subarray(at, at + SLICE_BYTES))) continue
      const drained = new Promise<'drained'>((resolve) => exchange.onDrain(() => resolve('drained')))
      if ((await Promise.race([drained, closed])) === 'closed') return
    }
  }
}

function headersOf(response: LightMyRequestResponse): string[] {
  return Object.entries(response.headers).flatMap(([name, value]) => {
    if (value === undefined || NOT_PASSED_ON.has(name)) return []
    return [name, Array.isArray(value) ? value.join(', ') : String(value)]
  })
}

// What HTTP itself refuses, before any plane sees it: answered with a request id, counted, and logged within a bound.

import type { HttpExchange, HttpFault, HttpFaultCode } from './http/exchange.ts'

export type HttpFaults = {
  readonly onRefused: (exchange: HttpExchange, fault: HttpFault) => void
  readonly onMalformed: (code: HttpFaultCode, remoteAddress: string) => void
  readonly onHandlerError: (thrown: unknown) => void
}

export type HttpFaultDependencies = {
  readonly count: (code: HttpFaultCode) => void
  readonly log: (level: 'warn' | 'error', fields: Readonly<Record<string, unknown>>, words: string) => void
  readonly newId: () => string
  readonly now: () => number
}

/** Who sends rubbish fills no log: what is beyond is told as a number with the next line. */
const LINES_PER_MINUTE = 20
const MINUTE_MILLISECONDS = 60_000

export function createHttpFaults({ count, log, newId, now }: HttpFaultDependencies): HttpFaults {
  let minute = 0
  let lines = 0
  let unlogged = 0
  const say = (...[level, fields, words]: Parameters<HttpFaultDependencies['log']>): void => {
    const current = Math.floor(now() / MINUTE_MILLISECONDS)
    if (current !== minute) {
      minute = current
      lines = 0
    }
    lines += 1
    if (lines > LINES_PER_MINUTE) {
      unlogged += 1
      return
    }
    log(level, unlogged === 0 ? fields : { ...fields, not_logged_before: unlogged }, words)
    unlogged = 0
  }
  // nothing of the request itself: it may hold anything
  const tell = (code: HttpFaultCode, remoteAddress: string, requestId: string | null): void => {
    count(code)
    say('warn', { request_id: requestId, code, remote_address: remoteAddress }, 'HTTP refused a request')
  }
  return {
    onMalformed: (code, remoteAddress) => tell(code, remoteAddress, null),
    onRefused(exchange, fault) {
      const requestId = newId()
      const headers = ['content-type', 'application/json', 'x-weighbridge-request-id', requestId]
      exchange.respond(fault.status, headers, Buffer.from(JSON.stringify({ message: fault.message })))
      tell(fault.code, exchange.remoteAddress, requestId)
    },
    onHandlerError(thrown) {
      say('error', { detail: String(thrown) }, 'a request failed outside of all handlers')
    },
  }
}

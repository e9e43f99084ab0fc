// The simulator's own paths under /_simulator/: the bill, and switches for tests. No credentials: it binds to loopback by default.
import type { BilledCall } from './bill.ts'
import { parseScenario, ScenarioError } from './scenario.ts'
import type { Simulator } from './simulator.ts'
import type { Wire } from './wire.ts'

const CALLS_PER_WRITE = 1000
const SCENARIO_LIMIT_BYTES = 1_000_000

export const isAdminPath = (target: string): boolean => target.startsWith('/_simulator/')

export async function administer(simulator: Simulator, wire: Wire): Promise<void> {
  const url = new URL(wire.target, 'http://simulator')
  const key = `${wire.method} ${url.pathname}`
  switch (key) {
    case 'GET /_simulator/bill':
      return sendBill(simulator, url.searchParams, wire)
    case 'POST /_simulator/reset':
      simulator.reset()
      return sendJson(wire, 200, { reset: true })
    case 'POST /_simulator/scenario':
      return setScenario(simulator, wire)
    case 'POST /_simulator/flush':
      await simulator.log?.flush()
      return sendJson(wire, 200, { flushed: true })
    default:
      return sendJson(wire, 404, { message: `There is no ${key.slice(0, 200)}.` })
  }
}

async function setScenario(simulator: Simulator, wire: Wire): Promise<void> {
  const body = await wire.readBody(SCENARIO_LIMIT_BYTES)
  try {
    if (body === null) throw new ScenarioError(`A scenario has at most ${SCENARIO_LIMIT_BYTES} bytes.`)
    simulator.setScenario(parseScenario(JSON.parse(body.length === 0 ? '{}' : body.toString())))
    sendJson(wire, 200, { scenario: 'set' })
  } catch (error) {
    if (!(error instanceof ScenarioError) && !(error instanceof SyntaxError)) throw error
    sendJson(wire, 400, { message: error.message })
  }
}

/** `?after=n` leaves the first n calls out, `?limit=n` sends at most n, `?summary=1` sends the totals alone. */
async function sendBill(simulator: Simulator, query: URLSearchParams, wire: Wire): Promise<void> {
  const { bill } = simulator
  const facts = { in_flight: bill.inFlight(), totals: bill.totals() }
  if (query.get('summary') !== null) return sendJson(wire, 200, { calls: [], ...facts })
  const after = Number(query.get('after') ?? 0) || 0
  const limit = Number(query.get('limit') ?? Number.POSITIVE_INFINITY)
  const calls = bill.calls().slice(after, after + limit)
  wire.head(200, { 'content-type': 'application/json' })
  // In parts: 200,000 calls are some 80 MB of JSON, too much for one string.
  for (let index = 0; index < calls.length && !wire.gone; index += CALLS_PER_WRITE) {
    const part = calls.slice(index, index + CALLS_PER_WRITE).map((call: BilledCall) => JSON.stringify(call))
    await wire.write((index === 0 ? '{"calls":[' : ',') + part.join(','))
  }
  wire.end(`${calls.length === 0 ? '{"calls":[' : ''}],${JSON.stringify(facts).slice(1)}`)
}

function sendJson(wire: Wire, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value))
  wire.head(status, { 'content-type': 'application/json', 'content-length': body.length })
  wire.end(body)
}

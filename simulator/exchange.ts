// One request from its first byte to its answer: routed, authenticated, run, delivered; whatever is thrown becomes AWS's error form.
import { authenticate } from './authenticate.ts'
import type { Call, Operation } from './call.ts'
import { deliver } from './deliver.ts'
import { ApiError } from './errors.ts'
import type { Simulator } from './simulator.ts'
import type { Wire } from './wire.ts'

/** The service model allows bodies of 25,000,000 bytes; what is larger is refused unread. */
const BODY_LIMIT_BYTES = 25_000_000

export async function exchange(simulator: Simulator, operations: readonly Operation[], wire: Wire): Promise<void> {
  const requestId = simulator.newRequestId()
  simulator.bill.begin()
  try {
    const body = await wire.readBody(BODY_LIMIT_BYTES)
    if (body === null) throw new ApiError('RequestEntityTooLargeException', 'Request body is too large.')
    await answer(simulator, operations, wire, requestId, body)
  } catch (thrown) {
    refuse(wire, requestId, thrown)
  } finally {
    simulator.bill.finish()
  }
}

async function answer(
  simulator: Simulator,
  operations: readonly Operation[],
  wire: Wire,
  requestId: string,
  body: Buffer,
): Promise<void> {
  const question = wire.target.indexOf('?')
  const rawPath = question < 0 ? wire.target : wire.target.slice(0, question)
  const { operation, path } = route(operations, wire.method, rawPath)
  const request = { method: wire.method, target: wire.target, headers: wire.headers, body }
  const startedAt = simulator.now()
  const caller = authenticate(request, operation.service, simulator.credentials, startedAt)
  const call: Call = {
    requestId,
    operation: operation.name,
    region: caller.region,
    accessKeyId: caller.accessKeyId,
    path,
    query: new URLSearchParams(question < 0 ? '' : wire.target.slice(question + 1)),
    headers: wire.headers,
    body,
    startedAt,
    simulator,
    wishes: {},
  }
  await deliver(call, operation.run(call), wire)
}

function route(
  operations: readonly Operation[],
  method: string,
  rawPath: string,
): { operation: Operation; path: Record<string, string> } {
  for (const operation of operations) {
    if (operation.method !== method) continue
    const match = operation.path.exec(rawPath)
    if (match === null) continue
    const path: Record<string, string> = {}
    for (const [name, value] of Object.entries(match.groups ?? {})) path[name] = decodeMember(value)
    return { operation, path }
  }
  throw new ApiError('UnknownOperationException', `Unknown operation: ${method} ${rawPath.slice(0, 200)}`)
}

function decodeMember(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    throw new ApiError('ValidationException', 'The request path is not valid percent-encoding.')
  }
}

/** Writes AWS's error form. A thrown thing that is no refusal is a fault of the simulator itself and says so. */
export function refuse(wire: Wire, requestId: string, thrown: unknown): void {
  if (wire.gone) return
  const error =
    thrown instanceof ApiError
      ? thrown
      : new ApiError('InternalServerException', `The simulator failed: ${String(thrown)}`)
  const body = Buffer.from(JSON.stringify({ message: error.message, ...error.members }))
  wire.head(error.status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'x-amzn-errortype': `${error.errorType}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
    'x-amzn-requestid': requestId,
    ...error.headers,
  })
  wire.end(body)
}

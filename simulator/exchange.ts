// One request from its first byte to its answer: routed, authenticated, run, delivered; whatever is thrown becomes an error of the path's dialect.
import { authenticate, type Caller, type Credentials } from './authenticate.ts'
import type { Call, Operation } from './call.ts'
import { deliver } from './deliver.ts'
import { dialectOf, refusalOf } from './dialect.ts'
import { ApiError, invalid } from './errors.ts'
import { type Fault, FaultSyntaxError, parseFaults } from './faults.ts'
import { isObject, objectAt } from './json.ts'
import { faultSet, playBefore, wishesOf } from './play.ts'
import type { CallFacts } from './scenario.ts'
import type { SignedRequest } from './signature.ts'
import type { Simulator } from './simulator.ts'
import { digest } from './tokens.ts'
import type { Wire } from './wire.ts'

/** The service model allows bodies of 25,000,000 bytes; what is larger is refused. */
const BODY_LIMIT_BYTES = 25_000_000

export async function exchange(simulator: Simulator, operations: readonly Operation[], wire: Wire): Promise<void> {
  const requestId = simulator.newRequestId()
  simulator.bill.begin()
  let call: Call | null = null
  try {
    const body = await wire.readBody(BODY_LIMIT_BYTES)
    if (body === null) throw new ApiError('RequestEntityTooLargeException', 'Request body is too large.')
    const question = wire.target.indexOf('?')
    const rawPath = question < 0 ? wire.target : wire.target.slice(0, question)
    const { operation, path } = route(operations, wire.method, rawPath)
    call = callOf(simulator, wire, operation, path, requestId, body)
    if (await playBefore(call.faults, wire)) return
    await deliver(call, operation.run(call), wire)
  } catch (thrown) {
    const error = asApiError(thrown)
    if (call !== null) simulator.log?.refuse(call, error.errorType)
    refuse(wire, requestId, error)
  } finally {
    simulator.bill.finish()
  }
}

function callOf(
  simulator: Simulator,
  wire: Wire,
  operation: Operation,
  path: Record<string, string>,
  requestId: string,
  body: Buffer,
): Call {
  const { method, target, headers } = wire
  const startedAt = simulator.now()
  const caller = callerOf({ method, target, headers, body }, operation, simulator.credentials, startedAt)
  const question = target.indexOf('?')
  const call: Call = {
    requestId,
    operation: operation.name,
    region: caller.region,
    accessKeyId: caller.accessKeyId,
    session: caller.session,
    path: { ...path, ...operation.named?.(body) },
    query: new URLSearchParams(question < 0 ? '' : target.slice(question + 1)),
    headers,
    body,
    startedAt,
    simulator,
    wishes: {},
    faults: faultSet([]),
  }
  const faults = faultSet(faultsOf(call))
  return { ...call, faults, wishes: wishesOf(faults) }
}

/** In OpenAI's and Anthropic's dialect a wrong key is 401 by whatever name AWS has for it, and Anthropic's also comes as x-api-key. */
function callerOf(request: SignedRequest, operation: Operation, credentials: Credentials, now: number): Caller {
  const dialect = dialectOf(request.target)
  if (dialect === 'aws') return authenticate(request, operation.service, credentials, now)
  const key = dialect === 'anthropic' ? request.headers['x-api-key'] : undefined
  const authorization = request.headers.authorization ?? (key === undefined ? '' : `Bearer ${key}`)
  try {
    return authenticate(
      { ...request, headers: { ...request.headers, authorization } },
      operation.service,
      credentials,
      now,
    )
  } catch (thrown) {
    throw new ApiError('UnrecognizedClientException', thrown instanceof ApiError ? thrown.message : String(thrown))
  }
}

/** From the model id's suffix, the header and the scenario, in this order. */
function faultsOf(call: Call): Fault[] {
  const faults: Fault[] = []
  try {
    const suffix = /~fault=(.*)$/s.exec(call.path.modelId ?? '')?.[1]
    if (suffix !== undefined) faults.push(...parseFaults(suffix))
    const header = call.headers['x-simulator-fault']
    if (header !== undefined) faults.push(...parseFaults(header))
  } catch (error) {
    throw error instanceof FaultSyntaxError ? invalid(error.message) : error
  }
  return [...faults, ...call.simulator.scenario.faultsFor(factsOf(call))]
}

function factsOf(call: Call): CallFacts {
  return {
    operation: call.operation,
    modelId: call.path.modelId ?? call.path.endpointName ?? '',
    region: call.region,
    accessKeyId: call.accessKeyId,
    headers: call.headers,
    requestMetadata: () => metadataOf(call),
    bodyName: () => digest(`${call.path.modelId ?? ''}\n${call.body.toString('latin1')}`),
  }
}

/** The request's metadata as it stands, valid or not: rules may aim at calls that will be refused. */
function metadataOf(call: Call): Record<string, string> {
  const header = call.headers['x-amzn-bedrock-request-metadata']
  try {
    const value: unknown = JSON.parse(header ?? call.body.toString())
    const metadata = isObject(value) ? (header === undefined ? objectAt(value, 'requestMetadata') : value) : undefined
    return Object.fromEntries(
      Object.entries(metadata ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
  } catch {
    return {}
  }
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

/** A thrown thing that is no refusal is a fault of the simulator itself and says so. */
function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  const words = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  return new ApiError('InternalServerException', `The simulator failed: ${words}`)
}

/** Writes the error in the form of the path's dialect, unless an answer is already under way. */
export function refuse(wire: Wire, requestId: string, thrown: unknown): void {
  if (wire.gone) return
  if (wire.headSent) return wire.reset()
  const error = asApiError(thrown)
  const refusal = refusalOf(error, wire.target, requestId)
  const body = Buffer.from(JSON.stringify(refusal.body))
  wire.head(refusal.status, {
    'content-type': 'application/json',
    'content-length': body.length,
    ...refusal.headers,
    ...error.headers,
  })
  wire.end(body)
}

// What an operation is given and what it answers; authentication, faults, pacing and the bill are the server's affair.
import type { Dialect } from './dialect.ts'
import type { Fault, FaultName } from './faults.ts'
import type { BilledUsage, JsonObject } from './family.ts'
import type { Service } from './authenticate.ts'
import type { RoleSession } from './sessions.ts'
import type { Simulator } from './simulator.ts'

export type Call = {
  requestId: string
  operation: string
  /** from the credential scope of the signature */
  region: string
  accessKeyId: string
  /** of a call that is signed with the session of an assumed role */
  session: RoleSession | null
  /** decoded members of the path, such as modelId */
  path: Record<string, string>
  query: URLSearchParams
  headers: Readonly<Record<string, string>>
  body: Buffer
  startedAt: number
  simulator: Simulator
  /** what a scenario wishes this answer to be; empty when nothing was wished */
  wishes: Wishes
  faults: FaultSet
}

/** The faults of one call, in the order in which they were asked for. */
export type FaultSet = {
  list: readonly Fault[]
  find(name: FaultName): Fault | undefined
  has(name: FaultName): boolean
}

/** How a scenario or a fault header bends the answer itself (not its delivery). */
export type Wishes = {
  outputTokens?: number
  /** the cap of the request is not kept to */
  ignoresCap?: boolean
  servedTier?: string
  servedLatency?: string
  paddingBytes?: number
}

/** What the bill will say, once the answer has been made. */
export type Billing = {
  modelId: string
  baseModel: string
  tier: string
  requestedTier: string
  usage: BilledUsage
  requestMetadata?: Record<string, string> | undefined
  /** what selects among prices of one dimension: the resolution of a film */
  variant?: string | undefined
}

export type PlainAnswer = {
  kind: 'plain'
  status: number
  headers: Record<string, string>
  body: JsonObject | Buffer | null
  /** null: AWS bills nothing for this call */
  billing: Billing | null
  /** generated tokens, for pacing */
  tokens: number
}

export type StreamEvent = {
  /** the :event-type */
  type: string
  payload: JsonObject
  /** generated tokens that this event brings, for pacing */
  tokens: number
}

export type StreamAnswer = {
  kind: 'stream'
  headers: Record<string, string>
  events: Iterable<StreamEvent>
  /** the frame of one event */
  frame(event: StreamEvent): Buffer
  /** how a failure in the middle of it is said; AWS's event stream when absent */
  dialect?: Dialect
  billing: Billing
  /** what the invocation log shows as the output; its payloads when absent */
  logged?: JsonObject
  /** what is billed when generation stops after this many events and tokens */
  usageAfter(events: number, tokens: number): BilledUsage
}

export type Answer = PlainAnswer | StreamAnswer

export type Operation = {
  name: string
  service: Service
  method: 'GET' | 'POST' | 'DELETE' | 'PATCH' | 'PUT'
  /** matched against the raw path; named groups become `call.path`, decoded */
  path: RegExp
  /** members that this operation's body names and others' paths do, such as modelId */
  named?(body: Buffer): Record<string, string>
  run(call: Call): Answer
}

/** An answer without a bill, as most of the control plane gives. */
export const free = (body: JsonObject | null, status = 200): PlainAnswer => ({
  kind: 'plain',
  status,
  headers: {},
  body,
  billing: null,
  tokens: 0,
})

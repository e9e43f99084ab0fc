// Plays the faults that concern time and connections: waiting, refusing, cutting, unusual headers.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Call, FaultSet, Wishes } from './call.ts'
import { ApiError, isApiErrorName } from './errors.ts'
import { type Fault, type FaultName, isStage, type Stage } from './faults.ts'
import type { Wire } from './wire.ts'

/** A reset discards what is still in the socket's buffers, so what was written before gets a moment to leave. */
const LEAVE_MS = 80
const CUTS: readonly FaultName[] = ['reset', 'fin', 'stall', 'end']

export function faultSet(list: readonly Fault[]): FaultSet {
  return {
    list,
    find: (name) => list.find((fault) => fault.name === name),
    has: (name) => list.some((fault) => fault.name === name),
  }
}

export const number = (fault: Fault, parameter: string): number => Number(fault.parameters[parameter] ?? 0)

/** What the faults wish of the answer itself. */
export function wishesOf(faults: FaultSet): Wishes {
  const wishes: Wishes = {}
  const tokens = faults.find('tokens')
  if (tokens !== undefined) wishes.outputTokens = Math.floor(number(tokens, 'n'))
  const overrun = faults.find('overrun')
  if (overrun !== undefined) {
    wishes.outputTokens = Math.floor(number(overrun, 'n'))
    wishes.ignoresCap = true
  }
  const padding = faults.find('padding')
  if (padding !== undefined) wishes.paddingBytes = Math.floor(number(padding, 'bytes'))
  const tier = faults.find('tier')?.parameters.served
  if (tier !== undefined) wishes.servedTier = tier
  const latency = faults.find('latency')?.parameters.served
  if (latency !== undefined) wishes.servedLatency = latency
  return wishes
}

/** Faults that come before the model has run. True when the call is over; a refusal is thrown. Nothing of this is billed. */
export async function playBefore(faults: FaultSet, wire: Wire): Promise<boolean> {
  const delay = faults.find('delay')
  if (delay !== undefined) await waitWhileThere(number(delay, 'ms'), wire)
  const throttle = faults.find('throttle')
  if (throttle !== undefined) throw refusal('ThrottlingException', number(throttle, 'retry_after'))
  const error = faults.find('error')
  if (error !== undefined) throw refusal(error.parameters.type ?? '', number(error, 'retry_after'))
  const plain = faults.find('plain_error')
  if (plain !== undefined) {
    const page = '<html><body><h1>Bad Gateway</h1></body></html>'
    wire.head(number(plain, 'status'), { 'content-type': 'text/html', 'content-length': page.length })
    wire.end(page)
    return true
  }
  const cut = cutOf(faults)
  if (cut?.stage !== 'before_headers' || cut.fault.parameters.billed === 'yes') return false
  const over = await playCut(cut.fault, wire)
  return over || wire.gone
}

/** Where the faults of this call cut its answer, if they do. A stall before the headers that ended by itself is over by then. */
export function cutAt(call: Call): { fault: Fault; stage: Stage } | null {
  const cut = cutOf(call.faults)
  const played = cut?.stage === 'before_headers' && cut.fault.parameters.billed !== 'yes'
  return played ? null : cut
}

function cutOf(faults: FaultSet): { fault: Fault; stage: Stage } | null {
  const fault = faults.list.find(({ name }) => CUTS.includes(name))
  const stage = fault?.parameters.at ?? ''
  return fault !== undefined && isStage(stage) ? { fault, stage } : null
}

/** Cuts or stalls the answer; false when a stall with a time limit is over and the answer may go on. */
export async function playCut(fault: Fault, wire: Wire): Promise<boolean> {
  if (fault.name === 'stall') {
    const limit = number(fault, 'ms')
    await waitWhileThere(limit === 0 ? Number.POSITIVE_INFINITY : limit, wire)
    return limit === 0 || wire.gone
  }
  await waitWhileThere(LEAVE_MS, wire)
  if (fault.name === 'reset') wire.reset()
  else if (fault.name === 'fin') wire.finish()
  else wire.end()
  return true
}

/** Waits for the tokens to be generated; ends at once when the client leaves. */
export async function pace(call: Call, tokens: number, wire: Wire): Promise<void> {
  const slow = call.faults.find('slow')
  const { tokensPerSecond } = call.simulator
  const perToken = slow === undefined ? (tokensPerSecond > 0 ? 1000 / tokensPerSecond : 0) : number(slow, 'ms')
  if (perToken > 0 && tokens > 0) await waitWhileThere(tokens * perToken, wire)
}

/** In one piece unless `split` asks for many; each then leaves in a turn of its own. */
export async function writePieces(call: Call, bytes: Buffer, wire: Wire): Promise<void> {
  const split = call.faults.find('split')
  if (split === undefined) return wire.write(bytes)
  const size = Math.max(1, number(split, 'bytes'))
  for (let at = 0; at < bytes.length && !wire.gone; at += size) {
    await wire.write(bytes.subarray(at, at + size))
    await nextTurn()
  }
}

export function unusualHeaders(call: Call, wire: Wire): Record<string, string | string[]> {
  if (call.faults.has('close_delimited')) wire.closeDelimited()
  switch (call.faults.find('headers')?.parameters.kind) {
    case 'set_cookie':
      return { 'set-cookie': ['upstream=1; Path=/; HttpOnly', 'other=2'] }
    case 'large':
      return { 'x-amzn-large': 'x'.repeat(64 * 1024) }
    case 'latin1':
      return { 'x-amzn-note': 'caf\u00e9 \u00ff' }
    case 'duplicate':
      return { 'x-amzn-note': ['one', 'two'] }
    case 'connection':
      return wire.protocol === 'HTTP/2' ? {} : { connection: 'x-foo', 'x-foo': 'for one hop only' }
    case 'hop_by_hop':
      return wire.protocol === 'HTTP/2'
        ? {}
        : { 'keep-alive': 'timeout=1', 'proxy-authenticate': 'Basic realm="x"', 'proxy-connection': 'close' }
    default:
      return {}
  }
}

function refusal(type: string, retryAfter: number): ApiError {
  const headers: Record<string, string> = retryAfter > 0 ? { 'retry-after': String(retryAfter) } : {}
  const name = isApiErrorName(type) ? type : 'InternalServerException'
  return new ApiError(name, MESSAGES[name] ?? 'The simulator was asked for this error.', {
    headers,
    members: MEMBERS[name] ?? {},
  })
}

/** What these errors say beside their message (service models of bedrock-runtime and sagemaker-runtime). */
const MEMBERS: Readonly<Record<string, Record<string, string | number>>> = {
  ModelErrorException: { originalStatusCode: 500, resourceName: 'simulated-model' },
  ModelStreamErrorException: { originalStatusCode: 500, originalMessage: 'The model failed.' },
  ModelError: { OriginalStatusCode: 500, OriginalMessage: 'The container failed.' },
}

const MESSAGES: Readonly<Record<string, string>> = {
  ThrottlingException: 'Too many requests, please wait before trying again.',
  InternalServerException: 'The system encountered an unexpected error during processing. Try your request again.',
  ServiceUnavailableException: 'Bedrock is unable to process your request.',
  ModelTimeoutException: 'Model has timed out in processing the request. Try your request again.',
  ModelNotReadyException: 'Model is not ready for inference.',
  AccessDeniedException: "You don't have access to the model with the specified model ID.",
}

function waitWhileThere(ms: number, wire: Wire): Promise<void> {
  if (wire.gone) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined
    wire.onGone(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

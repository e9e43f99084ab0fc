// Records what routers answered last, for each tenant by itself, and answers in their place, after a delay.

import type { MockOptions } from '../../core/processor-definition.ts'
import type { CallFields } from '../../core/processor.ts'
import { readPayload } from '../payload.ts'
import { ProcessorFailure, type ProcessorCall, type ProcessorLink } from '../processor.ts'
import type { BuiltinWorld, MockAnswers, Recorded } from './builtin.ts'

/** Of all tenants and routers together; what is older goes. */
const MOST_RECORDED = 256
const MOST_RECORDED_CHARACTERS = 1_048_576

export function createMockAnswers(): MockAnswers {
  const answers = new Map<string, Recorded>()
  const keyOf = (tenantId: string, path: string): string => `${tenantId} ${path}`
  return {
    put(tenantId, routerPath, answer) {
      const key = keyOf(tenantId, routerPath)
      answers.delete(key)
      answers.set(key, answer)
      const [oldest] = answers.keys()
      if (answers.size > MOST_RECORDED && oldest !== undefined) answers.delete(oldest)
    },
    find(tenantId, path) {
      const slashes = [...path.matchAll(/\//g)].map(({ index }) => index)
      for (const slash of slashes.toReversed()) {
        const found = answers.get(keyOf(tenantId, path.slice(0, slash + 1)))
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

/** With a request it answers; with an answer it records. */
export function createMock(options: MockOptions, { mockAnswers, random }: BuiltinWorld): ProcessorLink {
  return {
    async call({ fields, context }, signal) {
      const tenantId = context.tenantId ?? ''
      if (Object.hasOwn(fields, 'inbound_status_code')) {
        record(mockAnswers, tenantId, fields)
        return null
      }
      if (!Object.hasOwn(fields, 'ingress_subpath')) return null
      await delay(latencyOf(options, random), signal)
      return replay(mockAnswers.find(tenantId, options.replays ?? `/${String(fields['ingress_subpath'])}`))
    },
    close: async () => undefined,
  }
}

function record(answers: MockAnswers, tenantId: string, fields: ProcessorCall['fields']): void {
  const payload = readPayload(fields['inbound_payload'])
  const { gl_path: path, inbound_status_code: status, inbound_headers: headers } = fields
  if (typeof path !== 'string' || typeof status !== 'number') return
  if (JSON.stringify(payload).length > MOST_RECORDED_CHARACTERS)
    throw new ProcessorFailure('the answer is too large to be recorded')
  answers.put(tenantId, path, { status, headers, payload })
}

function replay(recorded: Recorded | undefined): CallFields {
  if (recorded === undefined)
    return { control: { error: 'nothing was recorded for this router yet' }, control_status: 404 }
  const { status, headers, payload } = recorded
  const isObject = typeof payload === 'object' && payload !== null && !Array.isArray(payload)
  return { control: isObject ? payload : { text: payload }, control_status: status, control_headers: headers ?? {} }
}

/** Delays of many independent causes are exponential; none is longer than ten times the mean. */
function latencyOf({ latencyMilliseconds, spread }: MockOptions, random: () => number): number {
  if (!spread) return latencyMilliseconds
  return Math.min(10 * latencyMilliseconds, -Math.log(1 - random()) * latencyMilliseconds)
}

const delay = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, milliseconds)
    const end = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', end, { once: true })
  })

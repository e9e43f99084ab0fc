// A translated request as the native call that goes upstream, and a native answer as something to translate.

import { GatewayError } from '../../../core/errors.ts'
import { readBedrockFacts } from '../bedrock-facts.ts'
import type { AnswerTranslator, Outgoing } from '../surface.ts'
import type { ConverseAnswer, ConverseRequest } from './types.ts'

export type ConverseCall = {
  readonly modelId: string
  readonly request: ConverseRequest
  readonly streams: boolean
  /** what the client said of whom and what the call is for; the operator chooses what of it the ledger keeps */
  readonly metadata: Readonly<Record<string, string>>
  readonly answer: AnswerTranslator
}

export function outgoingConverse({ modelId, request, streams, metadata, answer }: ConverseCall): Outgoing {
  return outgoingCall({
    operation: streams ? 'ConverseStream' : 'Converse',
    path: `/model/${encodeURIComponent(modelId)}/${streams ? 'converse-stream' : 'converse'}`,
    headers: JSON_HEADERS,
    body: Buffer.from(JSON.stringify(request)),
    streams,
    metadata,
    answer,
  })
}

export function outgoingCall(
  call: Omit<Outgoing, 'facts'> & { readonly metadata: Readonly<Record<string, string>> },
): Outgoing {
  const { metadata, ...outgoing } = call
  const { headers, body } = outgoing
  const header = (name: string): string | undefined => {
    const at = headers.indexOf(name)
    return at === -1 ? undefined : headers[at + 1]
  }
  return { ...outgoing, facts: { ...readBedrockFacts(header, body), metadata } }
}

const JSON_HEADERS: readonly string[] = ['content-type', 'application/json', 'accept', 'application/json']

export function parseConverseAnswer(body: Buffer): ConverseAnswer {
  const answer = parseObject(body)
  if (answer === null || typeof answer['output'] !== 'object' || typeof answer['usage'] !== 'object')
    throw new GatewayError('upstream_failed', { message: 'Bedrock answered with something that is not an answer.' })
  return answer as unknown as ConverseAnswer
}

/** What Bedrock refused with: the name of the exception stands in a header only, so it is told from the status. */
export function refusalWords(body: Buffer): string {
  const words = parseObject(body)
  const message = words?.['message'] ?? words?.['Message']
  return typeof message === 'string' ? message : 'Bedrock refused the call without saying why.'
}

/** null: it is no JSON object. */
export function parseObject(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

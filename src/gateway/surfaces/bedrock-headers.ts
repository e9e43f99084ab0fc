// Headers of Bedrock's own that a client of another dialect may send too: guardrail, tier, latency and metadata of its call.

import { GatewayError } from '../../core/errors.ts'
import { flatHeader } from '../headers.ts'
import type { Header } from './client-metadata.ts'

const BEDROCK_HEADERS = [
  'x-amzn-bedrock-service-tier',
  'x-amzn-bedrock-performanceconfig-latency',
  'x-amzn-bedrock-request-metadata',
  'x-amzn-bedrock-guardrailidentifier',
  'x-amzn-bedrock-guardrailversion',
  'x-amzn-bedrock-trace',
]

/** Those that the client sent, flat. */
export const bedrockHeaders = (header: Header): string[] =>
  BEDROCK_HEADERS.flatMap((name) => {
    const value = header(name)
    return value === undefined ? [] : [name, value]
  })

/** What InvokeModel takes in headers, Converse takes in its body. */
export function saidInHeaders(headers: readonly string[]): object {
  const tier = flatHeader(headers, 'x-amzn-bedrock-service-tier')
  const latency = flatHeader(headers, 'x-amzn-bedrock-performanceconfig-latency')
  const metadata = flatHeader(headers, 'x-amzn-bedrock-request-metadata')
  const guardrailIdentifier = flatHeader(headers, 'x-amzn-bedrock-guardrailidentifier')
  const guardrailVersion = flatHeader(headers, 'x-amzn-bedrock-guardrailversion')
  const trace = flatHeader(headers, 'x-amzn-bedrock-trace')?.toLowerCase() ?? null
  return {
    ...(tier === null ? {} : { serviceTier: { type: tier } }),
    ...(latency === null ? {} : { performanceConfig: { latency } }),
    ...(metadata === null ? {} : { requestMetadata: parsedMetadata(metadata) }),
    ...(guardrailIdentifier === null
      ? {}
      : { guardrailConfig: { guardrailIdentifier, guardrailVersion, ...(trace === null ? {} : { trace }) } }),
  }
}

function parsedMetadata(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new GatewayError('invalid_request', {
      message: 'x-amzn-bedrock-request-metadata: the header is not valid JSON',
    })
  }
}

// A call of a SageMaker endpoint as it goes out: its path, the headers that SageMaker has a meaning for, and what policy needs to know of it.

import { endpointModelId, type Endpoint } from '../../core/endpoint.ts'
import { GatewayError } from '../../core/errors.ts'
import type { CallFacts, Outgoing } from './surface.ts'

export const COMPONENT_HEADER = 'x-amzn-sagemaker-inference-component'

export type EndpointCall = {
  readonly endpoint: Endpoint
  readonly streams: boolean
  readonly body: Buffer
  /** flat, without the component */
  readonly headers: readonly string[]
  /** as the caller names it; null: not at all */
  readonly inferenceComponent: string | null
  readonly answer: Outgoing['answer']
}

/** Throws GatewayError where the caller names another component than the endpoint may be called with. */
export function outgoingEndpointCall(call: EndpointCall): Outgoing {
  const { endpoint, streams, body, headers, answer } = call
  const component = componentOf(endpoint, call.inferenceComponent)
  return {
    operation: streams ? 'InvokeEndpointWithResponseStream' : 'InvokeEndpoint',
    service: 'sagemaker-runtime',
    path: `/endpoints/${encodeURIComponent(endpoint.endpointName)}/${streams ? STREAMED : WHOLE}`,
    headers: component === null ? headers : [...headers, COMPONENT_HEADER, component],
    body,
    streams,
    facts: factsOf(endpoint),
    answer,
  }
}

export const WHOLE = 'invocations'
export const STREAMED = 'invocations-response-stream'

function componentOf({ id, inferenceComponent }: Endpoint, named: string | null): string | null {
  if (inferenceComponent === null || named === null) return inferenceComponent ?? named
  if (inferenceComponent === named) return named
  throw new GatewayError('invalid_request', {
    message: `"sagemaker.${id}" is the inference component "${inferenceComponent}"; the call names another.`,
  })
}

/**
 * What a container makes of its body, nobody can tell from here: a cap that stands in it may mean nothing to the container. So nothing is
 * read, and what bounds an answer is what the operator says of the endpoint.
 */
const factsOf = (endpoint: Endpoint): CallFacts => ({
  modelId: endpointModelId(endpoint),
  tier: 'standard',
  tiers: ['standard'],
  caps: new Map(),
  thinkingTokens: 0,
  answers: 1,
  seconds: null,
  variant: '',
  metadata: {},
  isGuarded: false,
  inputImages: 0,
  shots: 0,
  continues: false,
})

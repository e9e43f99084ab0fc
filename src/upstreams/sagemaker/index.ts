// SageMaker's runtime as an upstream: its host and the name it is signed by, and what its answers say of usage.

import { createSignedCalls, type SignedCallsOptions } from '../../calling/signed.ts'
import type { TapQuestion, Upstream } from '../../core/upstream.ts'
import { createSagemakerTap } from './usage.ts'

export type SagemakerOptions = Omit<SignedCallsOptions, 'signingName' | 'hosts'> & {
  /** null: AWS's own host of the region */
  readonly endpoint: string | null
}

export function createSagemakerUpstream({ endpoint, ...options }: SagemakerOptions): Upstream {
  const { send, close } = createSignedCalls({
    ...options,
    signingName: 'sagemaker',
    // docs.aws.amazon.com/general/latest/gr/sagemaker.html, 2026-11
    hosts: { 'sagemaker-runtime': { host: 'runtime.sagemaker', configured: endpoint } },
  })
  return {
    send,
    tap: (question: TapQuestion) => createSagemakerTap(question),
    // endpoints are configured here; SageMaker's runtime lists none
    resolveModel: () => Promise.resolve(null),
    close,
  }
}

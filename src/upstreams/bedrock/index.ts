// Amazon Bedrock as an upstream: its hosts and the name it is signed by, its answers' usage, its inference profiles.

import { createSignedCalls, type SignedCallsOptions } from '../../calling/signed.ts'
import type { ResolvedModel } from '../../core/model.ts'
import type { CredentialScope, TapQuestion, Upstream } from '../../core/upstream.ts'
import { createProfileResolver } from './profiles.ts'
import { createBedrockTap } from './usage/index.ts'

export type BedrockOptions = Omit<SignedCallsOptions, 'signingName' | 'hosts'> & {
  /** null: AWS's own host of the region */
  readonly endpoints: { readonly 'bedrock-runtime': string | null; readonly bedrock: string | null }
  readonly region: string
}

export function createBedrockUpstream({ endpoints, region, ...options }: BedrockOptions): Upstream {
  const { send, close } = createSignedCalls({
    ...options,
    signingName: 'bedrock',
    hosts: {
      'bedrock-runtime': { host: 'bedrock-runtime', configured: endpoints['bedrock-runtime'] },
      bedrock: { host: 'bedrock', configured: endpoints.bedrock },
    },
  })
  const profiles = createProfileResolver({ send, region, now: options.now })
  return {
    send,
    tap: (question: TapQuestion) => createBedrockTap(question),
    resolveModel: (modelId: string, credentials: CredentialScope | null): Promise<ResolvedModel | null> =>
      profiles.resolve(modelId, credentials),
    close,
  }
}

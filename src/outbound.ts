// Everything that is called while a request runs, joined into one upstream, with the credentials that each is called with.

import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import type { Config } from './config.ts'
import { joinUpstreams, type CredentialScope, type Upstream } from './core/upstream.ts'
import { createBearerSource, createCredentialSource, signingCredentials } from './calling/credentials.ts'
import { createSessionCredentials } from './calling/sessions.ts'
import { createBedrockUpstream } from './upstreams/bedrock/index.ts'
import { createHttpUpstream } from './upstreams/http/index.ts'
import { createSagemakerUpstream } from './upstreams/sagemaker/index.ts'

export function upstreamsOf(config: Config, now: () => number): Upstream {
  const { signing, sessions } = credentialsOf(config, now)
  const { bedrockBearerToken: bearerToken } = config
  const shared = {
    sessions,
    now,
    limits: {
      connections: config.upstreamConnections,
      connectTimeoutMilliseconds: config.upstreamConnectTimeoutMilliseconds,
      headersTimeoutMilliseconds: config.upstreamHeadersTimeoutMilliseconds,
      idleTimeoutMilliseconds: config.upstreamIdleTimeoutMilliseconds,
      maxHeaderBytes: config.maxHeaderBytes,
    },
  }
  const bedrock = createBedrockUpstream({
    ...shared,
    endpoints: { 'bedrock-runtime': config.bedrockRuntimeEndpoint, bedrock: config.bedrockEndpoint },
    region: config.region,
    credentials: bearerToken === null ? signing : createBearerSource(bearerToken),
  })
  // SageMaker takes no bearer keys: only what is signed
  const sagemaker = createSagemakerUpstream({ ...shared, endpoint: config.sagemakerEndpoint, credentials: signing })
  const router = createHttpUpstream({
    connections: config.upstreamConnections,
    maxHeaderBytes: config.maxHeaderBytes,
    now,
  })
  return joinUpstreams({ 'bedrock-runtime': bedrock, bedrock, 'sagemaker-runtime': sagemaker, router })
}

function credentialsOf(config: Config, now: () => number) {
  const { awsProfile: profile, bedrockRoleArn, region } = config
  const chain = fromNodeProviderChain(profile === null ? {} : { profile })
  const clientConfig = {
    region,
    requestHandler: STS_TIMEOUTS,
    ...(config.stsEndpoint === null ? {} : { endpoint: config.stsEndpoint }),
  }
  const own = { RoleArn: bedrockRoleArn ?? '', RoleSessionName: 'weighbridge' }
  const provider =
    bedrockRoleArn === null ? chain : fromTemporaryCredentials({ masterCredentials: chain, params: own, clientConfig })
  const signing = createCredentialSource({ provider: () => provider(), now })
  const assume = (scope: CredentialScope) =>
    fromTemporaryCredentials({
      masterCredentials: () => signingCredentials(signing),
      params: assumeRoleParams(scope),
      clientConfig,
    })()
  return { signing, sessions: createSessionCredentials({ assume, now }) }
}

/** A call waits for its session; the SDK itself would wait for ever. */
const STS_TIMEOUTS = { connectionTimeout: 5_000, requestTimeout: 10_000 }

const assumeRoleParams = ({ roleArn, externalId, sessionName, sessionTags }: CredentialScope) => ({
  RoleArn: roleArn,
  RoleSessionName: sessionName,
  Tags: Object.entries(sessionTags).map(([Key, Value]) => ({ Key, Value })),
  ...(externalId === null ? {} : { ExternalId: externalId }),
})

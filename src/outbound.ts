// Everything that is called while a request runs, joined into one upstream, with the credentials that each is called with.

import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import type { Config } from './config.ts'
import { joinUpstreams, type CredentialScope, type Upstream } from './core/upstream.ts'
import { createCredentialSource, signingCredentials } from './calling/credentials.ts'
import { createBedrockUpstream } from './upstreams/bedrock/index.ts'
import { createHttpUpstream } from './upstreams/http/index.ts'
import { createSessionCredentials } from './calling/sessions.ts'

export function upstreamsOf(config: Config, now: () => number): Upstream {
  const bedrock = bedrockOf(config, now)
  return joinUpstreams({ 'bedrock-runtime': bedrock, bedrock, router: routersOf(config, now) })
}

const routersOf = ({ upstreamConnections: connections, maxHeaderBytes }: Config, now: () => number): Upstream =>
  createHttpUpstream({ connections, maxHeaderBytes, now })

function bedrockOf(config: Config, now: () => number): Upstream {
  const { awsProfile: profile, bedrockRoleArn, bedrockBearerToken: bearerToken, region } = config
  const chain = fromNodeProviderChain(profile === null ? {} : { profile })
  const clientConfig = {
    region,
    requestHandler: STS_TIMEOUTS,
    ...(config.stsEndpoint === null ? {} : { endpoint: config.stsEndpoint }),
  }
  const own = { RoleArn: bedrockRoleArn ?? '', RoleSessionName: 'weighbridge' }
  const provider =
    bedrockRoleArn === null ? chain : fromTemporaryCredentials({ masterCredentials: chain, params: own, clientConfig })
  const signing = createCredentialSource({ bearerToken: null, provider: () => provider(), now })
  const assume = (scope: CredentialScope) =>
    fromTemporaryCredentials({
      masterCredentials: () => signingCredentials(signing),
      params: assumeRoleParams(scope),
      clientConfig,
    })()
  return createBedrockUpstream({
    endpoints: { 'bedrock-runtime': config.bedrockRuntimeEndpoint, bedrock: config.bedrockEndpoint },
    region,
    credentials:
      bearerToken === null ? signing : createCredentialSource({ bearerToken, provider: () => provider(), now }),
    sessions: createSessionCredentials({ assume, now }),
    limits: {
      connections: config.upstreamConnections,
      connectTimeoutMilliseconds: config.upstreamConnectTimeoutMilliseconds,
      headersTimeoutMilliseconds: config.upstreamHeadersTimeoutMilliseconds,
      idleTimeoutMilliseconds: config.upstreamIdleTimeoutMilliseconds,
      maxHeaderBytes: config.maxHeaderBytes,
    },
    now,
  })
}

/** A call waits for its session; the SDK itself would wait for ever. */
const STS_TIMEOUTS = { connectionTimeout: 5_000, requestTimeout: 10_000 }

const assumeRoleParams = ({ roleArn, externalId, sessionName, sessionTags }: CredentialScope) => ({
  RoleArn: roleArn,
  RoleSessionName: sessionName,
  Tags: Object.entries(sessionTags).map(([Key, Value]) => ({ Key, Value })),
  ...(externalId === null ? {} : { ExternalId: externalId }),
})

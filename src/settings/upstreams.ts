// Where calls go, as whom, and how long the way there may take.

import { credential, origin, path, plain, region, regionByModel, roleArn, whole } from '../config-checks.ts'
import { optional, secretOptional, setting, type Setting } from '../config-setting.ts'

export const UPSTREAMS_SETTINGS = {
  region: setting('AWS_REGION', 'us-east-1', region(), 'Region that calls are sent to when nothing else names one.'),
  regionByModel: setting(
    'WEIGHBRIDGE_REGION_BY_MODEL',
    '{}',
    regionByModel(1_000),
    'JSON object from a glob over model ids to the region that such calls are sent to; the first that matches counts.',
  ),
  bedrockRuntimeEndpoint: optional(
    'WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT',
    origin(),
    "Where model calls go. Unset: AWS's own host of the region.",
  ),
  bedrockEndpoint: optional(
    'WEIGHBRIDGE_BEDROCK_ENDPOINT',
    origin(),
    "Where model and profile listings go. Unset: AWS's own host of the region.",
  ),
  sagemakerEndpoint: optional(
    'WEIGHBRIDGE_SAGEMAKER_ENDPOINT',
    origin(),
    "Where calls to SageMaker endpoints go. Unset: AWS's own host of the region.",
  ),
  routersFile: optional(
    'WEIGHBRIDGE_ROUTERS',
    path(),
    'YAML or JSON file of path routers: prefixes of this gateway that lead to any HTTP service. Read again when it changes. Unset: none.',
  ),
  awsProfile: optional('AWS_PROFILE', plain(128), 'Profile of the AWS configuration files for the way upstream.'),
  bedrockBearerToken: secretOptional(
    'AWS_BEARER_TOKEN_BEDROCK',
    credential(1),
    'Bedrock API key for the way upstream; it goes before signing with AWS credentials.',
  ),
  bedrockRoleArn: optional(
    'WEIGHBRIDGE_BEDROCK_ROLE_ARN',
    roleArn(),
    'IAM role to assume for the way upstream; its session is renewed before it ends.',
  ),
  stsEndpoint: optional(
    'WEIGHBRIDGE_STS_ENDPOINT',
    origin(),
    "Where roles are assumed. Unset: AWS's own host of the region.",
  ),
  upstreamConnections: setting(
    'WEIGHBRIDGE_UPSTREAM_CONNECTIONS',
    '1024',
    whole(1, 65_535),
    'Connections to one upstream host. Beyond it calls wait for a free one.',
  ),
  upstreamConnectTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_UPSTREAM_CONNECT_TIMEOUT_MILLISECONDS',
    '5000',
    whole(10, 600_000),
    'Time to connect upstream. Longer: tried again, then 503.',
  ),
  upstreamHeadersTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_UPSTREAM_HEADERS_TIMEOUT_MILLISECONDS',
    '900000',
    whole(10, 3_600_000),
    'Time until the upstream begins its answer; one that is not streamed begins when it is whole. Longer: 504.',
  ),
  upstreamIdleTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_UPSTREAM_IDLE_TIMEOUT_MILLISECONDS',
    '300000',
    whole(10, 3_600_000),
    'Silence inside an answer of the upstream. Longer: broken off, and billed.',
  ),
  upstreamTotalTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_UPSTREAM_TOTAL_TIMEOUT_MILLISECONDS',
    '3600000',
    whole(10, 86_400_000),
    'Time of one call with all its attempts. Longer: 504, or broken off, and billed.',
  ),
  upstreamRetries: setting(
    'WEIGHBRIDGE_UPSTREAM_RETRIES',
    '2',
    whole(0, 10),
    'Further attempts after throttling, 5xx or a failed connection; never once an answer has begun.',
  ),
} as const satisfies Record<string, Setting<unknown>>

// Where Bedrock is: the origin of each host by region, from configuration alone, never from a request.

import type { UpstreamService } from '../../core/upstream.ts'

export type BedrockService = Extract<UpstreamService, 'bedrock-runtime' | 'bedrock'>

/** null: AWS's own host of the region */
export type Endpoints = Readonly<Record<BedrockService, string | null>>

const REGION = /^[a-z]{2}(?:-[a-z]+){1,2}-\d$/

/** The origin ("https://host[:port]") and base path to send to. Throws RangeError for a region that is not one. */
export function originOf(
  service: BedrockService,
  region: string,
  configured: Endpoints,
): { origin: string; basePath: string } {
  const own = configured[service]
  if (own !== null) {
    const url = new URL(own)
    return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') }
  }
  if (!REGION.test(region)) throw new RangeError(`"${region.slice(0, 40)}" is not an AWS region`)
  // China has its own DNS suffix: docs.aws.amazon.com/general/latest/gr/rande.html
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return { origin: `https://${service}.${region}.${suffix}`, basePath: '' }
}

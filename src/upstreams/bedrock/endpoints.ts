// Where Bedrock is: the origin of each host by region, from configuration alone, never from a request.

export type Endpoints = { readonly runtime: string | null; readonly control: string | null }

const REGION = /^[a-z]{2}(?:-[a-z]+){1,2}-\d$/

/** The origin ("https://host[:port]") and base path to send to. Throws RangeError for a region that is not one. */
export function originOf(
  plane: 'runtime' | 'control',
  region: string,
  configured: Endpoints,
): { origin: string; basePath: string } {
  const own = configured[plane]
  if (own !== null) {
    const url = new URL(own)
    return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') }
  }
  if (!REGION.test(region)) throw new RangeError(`"${region.slice(0, 40)}" is not an AWS region`)
  const host = plane === 'runtime' ? 'bedrock-runtime' : 'bedrock'
  // China has its own DNS suffix: docs.aws.amazon.com/general/latest/gr/rande.html
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return { origin: `https://${host}.${region}.${suffix}`, basePath: '' }
}

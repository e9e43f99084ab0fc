// Where a service of AWS is: the origin of each of its hosts by region, from configuration alone, never from a request.

export type Origin = {
  /** "https://host[:port]" */
  readonly origin: string
  readonly basePath: string
  /** as it is signed */
  readonly host: string
}

const REGION = /^[a-z]{2}(?:-[a-z]+){1,2}-\d$/

/** `host` is AWS's own without region and suffix, such as "bedrock-runtime"; `configured` null: it. RangeError: the region is none. */
export function originOf(host: string, region: string, configured: string | null): Origin {
  if (configured !== null) {
    const url = new URL(configured)
    return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, ''), host: url.host }
  }
  if (!REGION.test(region)) throw new RangeError(`"${region.slice(0, 40)}" is not an AWS region`)
  // China has its own DNS suffix: docs.aws.amazon.com/general/latest/gr/rande.html
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  const full = `${host}.${region}.${suffix}`
  return { origin: `https://${full}`, basePath: '', host: full }
}

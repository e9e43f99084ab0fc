// A small JSON object from a fixed place: no redirects, a bound on its size, a bound on the time.

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export const FETCH_LIMITS = { maxBytes: 262_144, timeoutMilliseconds: 5_000 } as const

export async function fetchJson(fetch: Fetch, url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(FETCH_LIMITS.timeoutMilliseconds),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url} answered ${response.status}`)
  }
  const content: unknown = JSON.parse(await boundedText(response, url))
  if (!isRecord(content)) throw new TypeError(`${url} is not a JSON object`)
  return content
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

async function boundedText(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > FETCH_LIMITS.maxBytes) throw new RangeError(`${url} is larger than ${FETCH_LIMITS.maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
